/*
 * The blocks' orders: balance of two, fairness of three and more, and that everything
 * follows from the seed.
 */
#include <stdlib.h>

#include "run/order.h"
#include "tap.h"

enum { SERVICES_MAX = 8 };

/* How many of the blocks begin with service 1; -1 when an order is not of 0 and 1. */
static int count_second_first(uint64_t seed, int blocks)
{
    int order[2], count = 0;
    for (int block = 1; block <= blocks; block++) {
        order_block(seed, block, blocks, 2, order);
        if (order[0] < 0 || order[0] > 1 || order[1] != 1 - order[0])
            return -1;
        count += order[0];
    }
    return count;
}

static void two_are_balanced(void)
{
    enum { BLOCKS_MAX = 41, SEEDS = 50 };
    int uneven = 0;
    for (int blocks = 1; blocks <= BLOCKS_MAX; blocks++) {
        for (uint64_t seed = 1; seed <= SEEDS; seed++) {
            int count = count_second_first(seed, blocks);
            int rest = blocks - count;
            uneven += count < 0 || rest < count - 1 || rest > count + 1 ||
                      (blocks % 2 == 0 && count != rest);
        }
    }
    TAP_INT(uneven, 0, "each begins half of the blocks, or one less");
}

static const int looks[] = {10, 15, 20, 30};

enum { LOOKS = sizeof(looks) / sizeof(looks[0]) };

static bool is_look(int block)
{
    bool found = false;
    for (int i = 0; i < LOOKS; i++)
        found = found || looks[i] == block;
    return found;
}

static void looks_are_these(void)
{
    int wrong = 0;
    for (int block = -1; block <= 200; block++)
        wrong += order_is_look(block) != is_look(block);
    TAP_INT(wrong, 0, "a race may stop after 10, 15, 20 and 30 blocks, after no other");
}

/* By how many more blocks one begins than the other; from the first block, and since the
 * last look. */
struct lead {
    int all, stretch;
};

static bool is_even(struct lead lead)
{
    return abs(lead.all) <= 1 && abs(lead.stretch) <= 1;
}

/* How many looks, and ends, of a race find it out of balance. */
static int count_uneven(uint64_t seed, int blocks)
{
    struct lead lead = {0, 0};
    int order[2], uneven = 0;
    for (int block = 1; block <= blocks; block++) {
        order_block(seed, block, blocks, 2, order);
        int step = order[0] == 0 ? 1 : -1;
        lead = (struct lead){lead.all + step, lead.stretch + step};
        if (!is_look(block) && block != blocks)
            continue;
        uneven += !is_even(lead);
        lead.stretch = 0;
    }
    return uneven;
}

static void two_are_balanced_at_looks(void)
{
    enum { SEEDS = 200 };
    int uneven = 0;
    for (int blocks = 1; blocks <= 45; blocks++) {
        for (uint64_t seed = 1; seed <= SEEDS; seed++)
            uneven += count_uneven(seed, blocks);
    }
    TAP_INT(uneven, 0, "each stretch up to a look is balanced, and all up to there");
}

/* How long a race will be does not change how it begins: up to a look that both reach,
 * the orders are the same. */
static void two_begin_alike(void)
{
    int order[2], longer[2], different = 0;
    for (uint64_t seed = 0; seed < 100; seed++) {
        for (int i = 0; i < LOOKS; i++) {
            for (int block = 1; block <= looks[i]; block++) {
                order_block(seed, block, looks[i], 2, order);
                order_block(seed, block, 40, 2, longer);
                different += order[0] != longer[0];
            }
        }
    }
    TAP_INT(different, 0, "a longer race begins as the shorter one");
}

/* Within a stretch each block is begun by either: were the first stretch alone shuffled,
 * the others would take turns. */
static void two_are_random_in_stretches(void)
{
    enum { BLOCKS = 40, SEEDS = 4000 };
    int order[2], fixed = 0;
    double most = 0;
    for (int block = 1; block <= BLOCKS; block++) {
        int first = 0;
        for (uint64_t seed = 0; seed < SEEDS; seed++) {
            order_block(seed, block, BLOCKS, 2, order);
            first += order[0];
        }
        double share = (double)first / SEEDS;
        fixed += first == 0 || first == SEEDS;
        most = fabs(share - .5) > most ? fabs(share - .5) : most;
    }
    TAP_INT(fixed, 0, "no block is begun by the same one with every seed");
    /* Of five, two or three are the one's. */
    TAP_OK(most < .15,
           "each block begins with each in half of the seeds, or two of five");
}

/* Balance alone would be had by taking turns; which block is whose must be random. */
static void two_are_random(void)
{
    enum { BLOCKS = 10, SEEDS = 4000 };
    int first[BLOCKS] = {0}, repeats = 0, order[2], before;
    for (uint64_t seed = 0; seed < SEEDS; seed++) {
        before = -1;
        for (int block = 1; block <= BLOCKS; block++) {
            order_block(seed, block, BLOCKS, 2, order);
            first[block - 1] += order[0];
            repeats += order[0] == before;
            before = order[0];
        }
    }
    int least = SEEDS, most = 0;
    for (int i = 0; i < BLOCKS; i++) {
        least = first[i] < least ? first[i] : least;
        most = first[i] > most ? first[i] : most;
    }
    TAP_OK(least > SEEDS / 2 - 150 && most < SEEDS / 2 + 150,
           "each block begins with each in half of the seeds: %d to %d", least, most);
    /* Of five and five shuffled, a neighbour is the same with 4/9. */
    TAP_NEAR((double)repeats / SEEDS / (BLOCKS - 1), 4.0 / 9, .02,
             "a block does not know the last one's order");
}

static bool is_permutation(const int *order, int services)
{
    unsigned seen = 0;
    for (int i = 0; i < services; i++) {
        if (order[i] < 0 || order[i] >= services)
            return false;
        seen |= 1u << order[i];
    }
    return seen == (1u << services) - 1;
}

/* Sum of (seen - expected)^2 / expected over a table of services x positions. */
static double chi_square(int counts[SERVICES_MAX][SERVICES_MAX], int services, int blocks)
{
    double expected = (double)blocks / services, sum = 0;
    for (int i = 0; i < services; i++) {
        for (int j = 0; j < services; j++)
            sum += (counts[i][j] - expected) * (counts[i][j] - expected) / expected;
    }
    return sum;
}

/* The table has (services - 1)^2 degrees of freedom; its chi-square is near that, give or
 * take four times sqrt(2 (services - 1)^2). The seeds are fixed. */
static void permutations(int services)
{
    enum { SEEDS = 2000, BLOCKS = 3 };
    int counts[SERVICES_MAX][SERVICES_MAX] = {{0}}, order[SERVICES_MAX], broken = 0;
    for (uint64_t seed = 0; seed < SEEDS; seed++) {
        for (int block = 1; block <= BLOCKS; block++) {
            order_block(seed, block, BLOCKS, services, order);
            broken += !is_permutation(order, services);
            for (int i = 0; broken == 0 && i < services; i++)
                counts[order[i]][i]++;
        }
    }
    TAP_INT(broken, 0, "each order is a permutation");
    double freedom = (services - 1) * (services - 1);
    double sum = chi_square(counts, services, SEEDS * BLOCKS);
    TAP_OK(sum < freedom + 4 * sqrt(2 * freedom),
           "%d services: each place is hit about equally, chi-square %.1f of %g",
           services, sum, freedom);
}

/* The six orders of three, not only their places: cyclic shifts alone would pass above.
 */
static void all_orders_of_three(void)
{
    enum { SEEDS = 6000 };
    int counts[27] = {0}, order[3], orders = 0;
    double sum = 0;
    for (uint64_t seed = 0; seed < SEEDS; seed++) {
        order_block(seed, 1, 10, 3, order);
        counts[order[0] * 9 + order[1] * 3 + order[2]]++;
    }
    for (int i = 0; i < 27; i++) {
        orders += counts[i] > 0;
        sum += counts[i] ? pow(counts[i] - SEEDS / 6.0, 2) / (SEEDS / 6.0) : 0;
    }
    TAP_INT(orders, 6, "three services come in six orders");
    TAP_OK(sum < 5 + 4 * sqrt(10), "… equally often, chi-square %.1f of 5", sum);
}

static void one_service(void)
{
    int order[1] = {7};
    order_block(3, 1, 10, 1, order);
    TAP_INT(order[0], 0, "one service is its own order");
}

static bool same_orders(uint64_t seed_a, uint64_t seed_b, int services)
{
    enum { BLOCKS = 20 };
    bool same = true;
    for (int block = 1; block <= BLOCKS; block++) {
        int a[SERVICES_MAX] = {-1}, b[SERVICES_MAX] = {-2};
        order_block(seed_a, block, BLOCKS, services, a);
        order_block(seed_b, block, BLOCKS, services, b);
        for (int i = 0; i < services; i++)
            same = same && a[i] == b[i];
    }
    return same;
}

/* One order for all blocks would be as bad as no blocks. */
static bool blocks_differ(int services)
{
    int first[SERVICES_MAX], order[SERVICES_MAX];
    bool differ = false;
    order_block(9, 1, 20, services, first);
    for (int block = 2; block <= 20; block++) {
        order_block(9, block, 20, services, order);
        for (int i = 0; i < services; i++)
            differ = differ || order[i] != first[i];
    }
    return differ;
}

static void from_the_seed(void)
{
    for (int services = 2; services <= SERVICES_MAX; services++) {
        TAP_OK(same_orders(5, 5, services), "%d services: the same seed, the same orders",
               services);
        TAP_OK(!same_orders(5, 6, services), "%d services: another seed, other orders",
               services);
        TAP_OK(blocks_differ(services), "%d services: blocks differ", services);
    }
}

static void block_seeds(void)
{
    enum { BLOCKS = 200, SEEDS = 3, ALL = BLOCKS * SEEDS };
    static uint64_t seeds[ALL];
    int equal = 0, large = 0, high = 0, unstable = 0;
    for (int i = 0; i < ALL; i++) {
        uint64_t seed = (uint64_t)(i / BLOCKS);
        seeds[i] = order_block_seed(seed, i % BLOCKS + 1);
        unstable += seeds[i] != order_block_seed(seed, i % BLOCKS + 1);
        large += seeds[i] > INT64_MAX;
        high += seeds[i] > INT64_MAX / 2;
        for (int j = 0; j < i; j++)
            equal += seeds[j] == seeds[i];
    }
    TAP_INT(unstable, 0, "a block's seed follows from the race's");
    TAP_INT(equal, 0, "no two blocks or races share one");
    TAP_INT(large, 0, "each is below 2^63, as JSON's integers are");
    TAP_OK(high > ALL / 3 && high < ALL * 2 / 3, "… and all 63 bits are used");
}

int main(void)
{
    two_are_balanced();
    looks_are_these();
    two_are_balanced_at_looks();
    two_begin_alike();
    two_are_random_in_stretches();
    two_are_random();
    for (int services = 3; services <= SERVICES_MAX; services++)
        permutations(services);
    all_orders_of_three();
    one_service();
    from_the_seed();
    block_seeds();
    return tap_done();
}
