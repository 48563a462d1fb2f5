/* The pool: sizes, contents, reuse, and how much it keeps. */
#include "pool.h"

#include <signal.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include "stats/rng.h"
#include "tap.h"

enum { MIB = 1 << 20, LARGEST_BYTES = 128 << 20 };

static const struct {
    size_t wanted, given;
} sizes[] = {{0, 0},
             {1, 4096},
             {4095, 4096},
             {4096, 4096},
             {4097, 8192},
             {8192, 8192},
             {8193, 16384},
             {MIB, MIB},
             {MIB + 1, 2 * MIB},
             {LARGEST_BYTES - 1, LARGEST_BYTES},
             {LARGEST_BYTES, LARGEST_BYTES}};

static void capacities(void)
{
    struct pool pool = {0};
    for (size_t i = 0; i < sizeof(sizes) / sizeof(sizes[0]); i++) {
        struct block block = {0};
        block_reserve(&pool, &block, sizes[i].wanted);
        TAP_OK(block.capacity == sizes[i].given, "for %zu bytes: %zu", sizes[i].wanted,
               block.capacity);
        TAP_OK(block.len == 0 && !block.ptr == (sizes[i].given == 0), "… of it empty");
        if (block.ptr)
            block.ptr[0] = block.ptr[block.capacity - 1] = 'x';
        block_release(&pool, &block);
        TAP_OK(!block.ptr && block.capacity == 0 && block.len == 0, "… zeroed at last");
    }
    pool_fini(&pool);
}

/* More than the largest is a bug of the caller, and stops the program. */
static void too_large(void)
{
    int status = 0;
    pid_t pid = fork();
    if (pid == 0) {
        struct pool pool = {0};
        struct block block = {0};
        setrlimit(RLIMIT_CORE, &(struct rlimit){0, 0});
        close(STDERR_FILENO);
        block_reserve(&pool, &block, LARGEST_BYTES + 1);
        _exit(0);
    }
    waitpid(pid, &status, 0);
    TAP_OK(WIFSIGNALED(status) && WTERMSIG(status) == SIGABRT,
           "more than 128 MiB is an assertion that fails");
}

static void fill(struct block *block, size_t len)
{
    for (size_t i = block->len; i < len; i++)
        block->ptr[i] = (char)(i * 37 >> 3);
    block->len = len;
}

static bool is_filled(const struct block *block)
{
    for (size_t i = 0; i < block->len; i++) {
        if (block->ptr[i] != (char)(i * 37 >> 3))
            return false;
    }
    return true;
}

/* From each size to a larger one, full to the last byte. */
static void growth(void)
{
    struct pool pool = {0};
    struct block block = {0};
    bool good = true;
    for (size_t capacity = POOL_SMALLEST_BYTES; capacity <= 8 * MIB; capacity *= 2) {
        block_reserve(&pool, &block, capacity);
        good = good && is_filled(&block) && block.capacity == capacity;
        fill(&block, capacity);
        char *before = block.ptr;
        block_reserve(&pool, &block, capacity - 1);
        good = good && block.ptr == before && block.len == capacity;
    }
    TAP_OK(good && is_filled(&block), "content stays when the block grows");
    TAP_INT(pool.kept_bytes, 8 * MIB - POOL_SMALLEST_BYTES, "… smaller ones are kept");
    block_reserve(&pool, &block, 32 * MIB);
    TAP_OK(block.len == 8 * MIB && is_filled(&block), "… over several sizes, too");
    block_release(&pool, &block);
    pool_fini(&pool);
}

static void reuse(void)
{
    struct pool pool = {0};
    struct block a = {0}, b = {0}, c = {0};
    block_reserve(&pool, &a, 5000);
    block_reserve(&pool, &b, 5000);
    char *first = a.ptr, *second = b.ptr;
    TAP_OK(first != second, "two blocks are two");
    block_release(&pool, &a);
    block_release(&pool, &b);
    TAP_INT(pool.kept_bytes, 2 * 8192, "both are kept");
    block_reserve(&pool, &c, 4096);
    TAP_OK(c.ptr != first && c.ptr != second, "another size is another block");
    block_reserve(&pool, &a, 8192);
    block_reserve(&pool, &b, 4097);
    TAP_OK(a.ptr == second && b.ptr == first, "the same size is the same block again");
    TAP_INT(pool.kept_bytes, 0, "… none is left");
    block_release(&pool, &a);
    block_release(&pool, &b);
    block_release(&pool, &c);
    block_release(&pool, &c);
    TAP_INT(pool.kept_bytes, 2 * 8192 + 4096, "releasing nothing changes nothing");
    pool_fini(&pool);
}

static void bound(size_t bytes, int count, size_t kept)
{
    struct pool pool = {0};
    struct block *blocks = calloc((size_t)count, sizeof(*blocks));
    for (int i = 0; i < count; i++)
        block_reserve(&pool, &blocks[i], bytes);
    for (int i = 0; i < count; i++)
        block_release(&pool, &blocks[i]);
    TAP_INT(pool.kept_bytes, kept, "no more than 32 MiB are kept");
    for (int i = 0; i < count; i++)
        block_reserve(&pool, &blocks[i], bytes);
    TAP_INT(pool.kept_bytes, 0, "… all of which can be had again");
    for (int i = 0; i < count; i++)
        block_release(&pool, &blocks[i]);
    free(blocks);
    pool_fini(&pool);
}

/* Sum of what lies in the lists, looked at one by one. */
static size_t kept_in_lists(const struct pool *pool)
{
    size_t sum = 0;
    for (int i = 0; i < POOL_SIZES; i++) {
        for (void *at = pool->free[i]; at; memcpy(&at, at, sizeof(at)))
            sum += (size_t)POOL_SMALLEST_BYTES << i;
    }
    return sum;
}

static void random_steps(void)
{
    enum { HELD = 24, STEPS = 5000 };
    struct pool pool = {0};
    struct block blocks[HELD] = {{0}};
    struct rng rng;
    int wrong = 0;
    rng_init(&rng, 3, 0);
    for (int step = 0; step < STEPS; step++) {
        struct block *block = &blocks[rng_below(&rng, HELD)];
        if (rng_below(&rng, 3) == 0) {
            block_release(&pool, block);
        } else {
            size_t before = block->len;
            block_reserve(&pool, block, (size_t)1 << rng_below(&rng, 23));
            wrong += block->len != before;
            fill(block, before + (block->capacity - before < 100 ? 0 : 100));
        }
        wrong += !is_filled(block);
        wrong += pool.kept_bytes != kept_in_lists(&pool);
        wrong += pool.kept_bytes > POOL_KEPT_BYTES;
    }
    for (int i = 0; i < HELD; i++) {
        wrong += !is_filled(&blocks[i]);
        block_release(&pool, &blocks[i]);
    }
    TAP_INT(wrong, 0, "at random: contents stay, and the sum kept is right and bounded");
    pool_fini(&pool);
}

int main(void)
{
    capacities();
    too_large();
    growth();
    reuse();
    bound(MIB, 40, POOL_KEPT_BYTES);
    bound(3 * MIB, 9, POOL_KEPT_BYTES);
    bound(POOL_SMALLEST_BYTES, 100, 100 * POOL_SMALLEST_BYTES);
    bound(POOL_KEPT_BYTES, 2, POOL_KEPT_BYTES);
    bound(POOL_KEPT_BYTES + 1, 1, 0);
    random_steps();
    return tap_done();
}
