#include "agenda.h"

#include <assert.h>

#include "base/mem.h"

void agenda_fini(struct agenda *agenda)
{
    mem_free(agenda->items);
    *agenda = (struct agenda){0};
}

static void swap(struct agenda *agenda, size_t a, size_t b)
{
    struct agenda_item kept = agenda->items[a];
    agenda->items[a] = agenda->items[b];
    agenda->items[b] = kept;
}

static void rise(struct agenda *agenda, size_t at)
{
    while (at > 0 && agenda->items[at].at_ns < agenda->items[(at - 1) / 2].at_ns) {
        swap(agenda, at, (at - 1) / 2);
        at = (at - 1) / 2;
    }
}

static void sink(struct agenda *agenda, size_t at)
{
    for (;;) {
        size_t least = at;
        for (size_t child = 2 * at + 1; child <= 2 * at + 2; child++) {
            if (child < agenda->count &&
                agenda->items[child].at_ns < agenda->items[least].at_ns)
                least = child;
        }
        if (least == at)
            return;
        swap(agenda, at, least);
        at = least;
    }
}

void agenda_add(struct agenda *agenda, struct agenda_item item)
{
    if (agenda->count == agenda->capacity) {
        agenda->capacity = agenda->capacity ? 2 * agenda->capacity : 64;
        agenda->items =
            mem_resize(agenda->items, agenda->capacity, sizeof(*agenda->items));
    }
    agenda->items[agenda->count] = item;
    rise(agenda, agenda->count++);
}

int64_t agenda_next_ns(const struct agenda *agenda)
{
    return agenda->count ? agenda->items[0].at_ns : INT64_MAX;
}

struct agenda_item agenda_take(struct agenda *agenda)
{
    assert(agenda->count > 0);
    struct agenda_item first = agenda->items[0];
    agenda->items[0] = agenda->items[--agenda->count];
    sink(agenda, 0);
    return first;
}

void agenda_forget(struct agenda *agenda, const void *owner)
{
    for (size_t i = 0; i < agenda->count; i++) {
        if (agenda->items[i].owner != owner)
            continue;
        agenda->items[i] = agenda->items[--agenda->count];
        if (i < agenda->count) {
            rise(agenda, i);
            sink(agenda, i);
        }
        return;
    }
}
