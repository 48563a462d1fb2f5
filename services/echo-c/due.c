#include "due.h"

#include <stddef.h>

void due_list_init(struct due_list *list)
{
    list->ring = (struct due){.prev = &list->ring, .next = &list->ring};
}

struct due *due_first(const struct due_list *list)
{
    return list->ring.next == &list->ring ? NULL : list->ring.next;
}

void due_remove(struct due *due)
{
    if (!due->prev)
        return;
    due->prev->next = due->next;
    due->next->prev = due->prev;
    due->prev = due->next = NULL;
}

void due_insert(struct due_list *list, struct due *due, int64_t at_ns)
{
    due_remove(due);
    struct due *before = list->ring.prev;
    while (before != &list->ring && before->at_ns > at_ns)
        before = before->prev;
    due->at_ns = at_ns;
    due->prev = before;
    due->next = before->next;
    before->next->prev = due;
    before->next = due;
}

void due_cap(struct due_list *list, int64_t at_ns)
{
    for (struct due *due = list->ring.prev; due != &list->ring; due = due->prev) {
        if (due->at_ns <= at_ns)
            return;
        due->at_ns = at_ns;
    }
}
