/*
 * ring: an intrusive list, first in, first out. Who waits equally long as all others of a
 * ring is appended when the wait begins, and so the ring is sorted by itself: only its
 * front is ever looked at, and a time-out costs the same with ten connections and with a
 * million. A timer wheel or a heap was rejected: six kinds of waits need six rings.
 */
#ifndef ECHO_RING_H
#define ECHO_RING_H

#include <stdbool.h>
#include <stddef.h>

/* A ring's head, or a member of one. A member that is in no ring has NULLs. */
struct ring {
    struct ring *prev;
    struct ring *next;
};

static inline void ring_init(struct ring *head)
{
    head->prev = head->next = head;
}

/* NULL when empty. */
static inline struct ring *ring_first(const struct ring *head)
{
    return head->next == head ? NULL : head->next;
}

static inline bool ring_holds(const struct ring *member)
{
    return member->next != NULL;
}

/* No effect when it is in no ring. */
static inline void ring_remove(struct ring *member)
{
    if (!member->next)
        return;
    member->prev->next = member->next;
    member->next->prev = member->prev;
    member->prev = member->next = NULL;
}

/* Takes it out of the ring that it is in first. */
static inline void ring_append(struct ring *head, struct ring *member)
{
    ring_remove(member);
    member->prev = head->prev;
    member->next = head;
    head->prev->next = member;
    head->prev = member;
}

#endif
