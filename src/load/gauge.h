/*
 * gauge: a number that one thread writes and others may read, without any order between
 * them: what a live view shows.
 */
#ifndef DRAGSTRIP_LOAD_GAUGE_H
#define DRAGSTRIP_LOAD_GAUGE_H

#include <stdatomic.h>
#include <stdint.h>

struct gauge {
    _Atomic uint64_t value;
};

static inline uint64_t gauge_read(const struct gauge *gauge)
{
    return atomic_load_explicit(&gauge->value, memory_order_relaxed);
}

/* By the writer alone. */
static inline void gauge_add(struct gauge *gauge, int change)
{
    atomic_store_explicit(&gauge->value, gauge_read(gauge) + (uint64_t)change,
                          memory_order_relaxed);
}

#endif
