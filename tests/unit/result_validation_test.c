/*
 * The comparison held against worlds whose truth is known (METHOD 3): how often two equal
 * services are told apart, how often the interval covers the true ratio, and how often a
 * service that is 10 % slower is found, with noise of several kinds. Everything is
 * seeded. Beside it the usual way: one run of each, different if more than 5 % apart.
 */
#include <math.h>

#include "result/verdict.h"
#include "run/order.h"
#include "stats/rng.h"
#include "tap.h"

enum { REPETITIONS = 4000, BLOCKS_MAX = 20 };

#define TRIAL_SD .05
#define BLOCK_SD .10
#define DRIFT .30 /* over the whole race */
#define MARGIN .05
#define NAIVE_THRESHOLD .05

static double of_normal(struct rng *rng)
{
    return TRIAL_SD * rng_normal(rng);
}

/* Exponential: as with waits, most trials a little below, some far above. */
static double of_skewed(struct rng *rng)
{
    return TRIAL_SD * (rng_exponential(rng) - 1);
}

/* One in ten is off by five times as much. */
static double of_outliers(struct rng *rng)
{
    return TRIAL_SD * rng_normal(rng) * (rng_uniform(rng) <= .1 ? 5 : 1);
}

struct world {
    const char *name;
    double (*noise)(struct rng *rng);
    double drift;
};

static const struct world worlds[] = {{"normal", of_normal, 0},
                                      {"skewed", of_skewed, 0},
                                      {"with outliers", of_outliers, 0},
                                      {"normal, drifting", of_normal, DRIFT}};

enum { WORLDS = sizeof(worlds) / sizeof(worlds[0]) };

/* A race of two: differences of logarithms, block by block, in the order of a real race.
 */
static void race(const struct world *world, int blocks, double effect, struct rng *rng,
                 struct pairs *out)
{
    uint64_t seed = rng_next(rng);
    *out = (struct pairs){.blocks = (size_t)blocks, .n = (size_t)blocks};
    for (int block = 1; block <= blocks; block++) {
        int order[2];
        double y[2], shared = BLOCK_SD * rng_normal(rng);
        order_block(seed, block, blocks, 2, order);
        for (int place = 0; place < 2; place++) {
            double time = (2 * (block - 1) + place) / (2.0 * blocks);
            y[order[place]] = shared + world->noise(rng) + log1p(world->drift * time);
        }
        out->d[block - 1] = y[1] - y[0] + effect;
    }
}

struct shares { /* of the repetitions */
    double differs, covers, slower, naive;
};

static struct shares simulate(const struct world *world, int blocks, double effect)
{
    struct rng rng;
    struct shares shares = {0, 0, 0, 0};
    rng_init(&rng, 20261126, (uint64_t)blocks);
    for (int i = 0; i < REPETITIONS; i++) {
        struct pairs pairs;
        struct comparison found = {.metric = METRIC_P50};
        race(world, blocks, effect, &rng, &pairs);
        verdict_estimate(&pairs, &found);
        verdict_classify(MARGIN, false, &found);
        double truth = exp(effect);
        shares.differs += found.ci95.low > 1 || found.ci95.high < 1;
        shares.covers += found.ci95.low <= truth && truth <= found.ci95.high;
        shares.slower += found.verdict == VERDICT_SLOWER;
        shares.naive += fabs(pairs.d[0]) > log1p(NAIVE_THRESHOLD);
    }
    shares.differs /= REPETITIONS;
    shares.covers /= REPETITIONS;
    shares.slower /= REPETITIONS;
    shares.naive /= REPETITIONS;
    return shares;
}

/* The exact levels of the intervals, METHOD 9; chance over 4,000 repetitions: .0034. */
static void equal_services(void)
{
    static const struct {
        int blocks;
        double level;
    } levels[] = {{6, .031}, {8, .039}, {10, .049}, {20, .048}};
    for (int w = 0; w < WORLDS; w++) {
        for (size_t i = 0; i < sizeof(levels) / sizeof(levels[0]); i++) {
            struct shares shares = simulate(&worlds[w], levels[i].blocks, 0);
            TAP_OK(fabs(shares.differs - levels[i].level) <= .01,
                   "%s, %d blocks: told apart in %.3f, by the law in %.3f",
                   worlds[w].name, levels[i].blocks, shares.differs, levels[i].level);
            TAP_OK(shares.covers >= .94, "… covered in %.3f", shares.covers);
            TAP_OK(shares.naive > 4 * shares.differs, "… one run of each: %.2f",
                   shares.naive);
        }
    }
}

static void a_slower_one(void)
{
    struct shares shares = simulate(&worlds[0], 10, log(1.10));
    TAP_OK(shares.slower >= .90, "10 %% slower, 10 blocks: SLOWER in %.3f",
           shares.slower);
    TAP_OK(shares.covers >= .94, "… covered in %.3f", shares.covers);
}

/* More blocks and larger differences are found more often; none is found by chance. */
static void power(void)
{
    static const int blocks[] = {6, 10, 20};
    static const double effects[] = {0, .03, .05, .10};
    double before = 0;
    for (size_t b = 0; b < sizeof(blocks) / sizeof(blocks[0]); b++) {
        for (size_t e = 0; e < sizeof(effects) / sizeof(effects[0]); e++) {
            double slower = simulate(&worlds[0], blocks[b], log1p(effects[e])).slower;
            TAP_OK(e == 0 ? slower < .035 : slower > before,
                   "%d blocks, +%.0f %%: SLOWER in %.3f", blocks[b], 100 * effects[e],
                   slower);
            before = slower;
        }
    }
}

int main(void)
{
    equal_services();
    a_slower_one();
    power();
    return tap_done();
}
