/*
 * slab: objects of one size, a few thousand of which come as one block, so that each
 * costs its own size and nothing more. What is given back is used again; blocks go back
 * to the allocator only at the end. One slab belongs to one loop; no locks.
 */
#ifndef ECHO_SLAB_H
#define ECHO_SLAB_H

#include <stddef.h>

struct slab {
    size_t object_bytes; /* a multiple of a pointer's size */
    void *free;          /* each holds the pointer to the next in its first bytes */
    void *blocks;        /* likewise */
    size_t unused;       /* objects at the end of the newest block, never taken yet */
};

void slab_init(struct slab *slab, size_t object_bytes);

/* All objects become invalid. */
void slab_fini(struct slab *slab);

/* Its content is undefined. */
void *slab_take(struct slab *slab);

void slab_give(struct slab *slab, void *object);

#endif
