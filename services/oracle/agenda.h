/*
 * agenda: answers that are due later, the earliest first (a binary heap). Bounded by the
 * connections, each of which has at most one.
 */
#ifndef ORACLE_AGENDA_H
#define ORACLE_AGENDA_H

#include <stddef.h>
#include <stdint.h>

struct agenda_item {
    int64_t at_ns;
    void *owner;
    int status;
};

struct agenda {
    struct agenda_item *items; /* owned */
    size_t count, capacity;
};

void agenda_fini(struct agenda *agenda); /* zeroed is allowed */
void agenda_add(struct agenda *agenda, struct agenda_item item);

/* INT64_MAX when it is empty. */
int64_t agenda_next_ns(const struct agenda *agenda);

/* Takes the earliest; there must be one. */
struct agenda_item agenda_take(struct agenda *agenda);

/* Takes out what an owner that goes away had there. */
void agenda_forget(struct agenda *agenda, const void *owner);

#endif
