/*
 * due: lists of things that have a deadline, one list a kind of time-out. All of a kind
 * wait equally long, so inserting at the end keeps the list sorted, and only its front is
 * ever looked at: a time-out costs the same with ten connections and with ten thousand. A
 * timer wheel or heap was rejected: six kinds need six lists.
 */
#ifndef ECHO_DUE_H
#define ECHO_DUE_H

#include <stdint.h>

/* The first member of what has a deadline, so that one pointer is both. */
struct due {
    struct due *prev; /* NULL: in no list */
    struct due *next;
    int64_t at_ns;
};

struct due_list {
    struct due ring; /* ring.next is the earliest, ring.prev the latest */
};

void due_list_init(struct due_list *list);

/* NULL when empty. */
struct due *due_first(const struct due_list *list);

/* Puts it at its place, searched from the end; takes it out of another list first. */
void due_insert(struct due_list *list, struct due *due, int64_t at_ns);

/* No effect when it is in no list. */
void due_remove(struct due *due);

/* Makes all deadlines at_ns at the latest. */
void due_cap(struct due_list *list, int64_t at_ns);

#endif
