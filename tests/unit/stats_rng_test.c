/* Known answers, bounds, and the moments that the arrival schedules rest on. */
#include <stdint.h>

#include "stats/rng.h"
#include "tap.h"

/* The authors' reference implementation, started at {1, 2, 3, 4}. */
static void reference(void)
{
    static const uint64_t expected[] = {
        UINT64_C(11520),
        UINT64_C(0),
        UINT64_C(1509978240),
        UINT64_C(1215971899390074240),
        UINT64_C(1216172134540287360),
        UINT64_C(607988272756665600),
        UINT64_C(16172922978634559625),
        UINT64_C(8476171486693032832),
        UINT64_C(10595114339597558777),
        UINT64_C(2904607092377533576),
    };
    struct rng rng = {{1, 2, 3, 4}};
    bool good = true;
    for (size_t i = 0; i < sizeof(expected) / sizeof(expected[0]); i++)
        good = good && rng_next(&rng) == expected[i];
    TAP_OK(good, "xoshiro256** as published");
}

/* Schedules are named by their seed in reports: these must never change. */
static void frozen(void)
{
    static const struct {
        uint64_t seed, stream, first;
    } cases[] = {
        {0, 0, UINT64_C(10108759220886529493)},
        {1, 0, UINT64_C(6954377618861975509)},
        {0, 1, UINT64_C(16160696199936315569)},
        {1, 2, UINT64_C(11460287206104075211)},
        {2, 1, UINT64_C(6985400390961949655)},
        {UINT64_MAX, UINT64_MAX, UINT64_C(14240551260826965843)},
    };
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        struct rng rng;
        rng_init(&rng, cases[i].seed, cases[i].stream);
        TAP_OK(rng_next(&rng) == cases[i].first, "seed %llu, stream %llu",
               (unsigned long long)cases[i].seed, (unsigned long long)cases[i].stream);
    }
}

/* Streams of one seed, and neighbours in seed, do not move together. */
static void independent(void)
{
    enum { STREAMS = 64, DRAWS = 2000 };
    double largest = 0;
    struct rng first, other;
    for (uint64_t s = 1; s < STREAMS; s++) {
        double product = 0;
        rng_init(&first, 9, s - 1);
        rng_init(&other, s % 2 ? 9 : 9 + s, s);
        for (int i = 0; i < DRAWS; i++)
            product += (rng_uniform(&first) - 0.5) * (rng_uniform(&other) - 0.5);
        largest = fmax(largest, fabs(product * 12 / sqrt(DRAWS)));
    }
    TAP_OK(largest < 4.5, "largest correlation of 63 pairs: %.2f sigma", largest);
}

static void uniform(void)
{
    enum { DRAWS = 400000, CELLS = 100 };
    struct rng rng;
    double counts[CELLS] = {0}, chi_square = 0;
    bool inside = true;
    rng_init(&rng, 5, 0);
    for (int i = 0; i < DRAWS; i++) {
        double u = rng_uniform(&rng);
        inside = inside && u > 0 && u <= 1;
        counts[(int)ceil(u * CELLS) - 1]++;
    }
    for (int i = 0; i < CELLS; i++)
        chi_square += pow(counts[i] - DRAWS / CELLS, 2) / (DRAWS / CELLS);
    TAP_OK(inside, "in (0, 1]");
    TAP_OK(chi_square > 56 && chi_square < 157, "chi square %.1f, 99 df", chi_square);
    struct rng lowest = {{0, 0, 1, 0}}; /* the next output is 0 */
    TAP_OK(rng_uniform(&lowest) > 0, "never 0, whose logarithm is infinite");
}

static void exponential(void)
{
    enum { DRAWS = 400000 };
    struct rng rng;
    double sum = 0, squares = 0, beyond = 0;
    rng_init(&rng, 6, 0);
    for (int i = 0; i < DRAWS; i++) {
        double x = rng_exponential(&rng);
        sum += x;
        squares += x * x;
        beyond += x > 3;
    }
    TAP_NEAR(sum / DRAWS, 1, 0.008, "mean 1");
    TAP_NEAR(squares / DRAWS, 2, 0.04, "second moment 2");
    TAP_NEAR(beyond / DRAWS, exp(-3), 0.0018, "tail");
}

static void below(void)
{
    struct rng rng;
    double counts[7] = {0}, chi_square = 0, upper = 0;
    bool inside = true;
    rng_init(&rng, 7, 0);
    for (int i = 0; i < 70000; i++) {
        uint64_t x = rng_below(&rng, 7);
        inside = inside && x < 7;
        counts[x < 7 ? x : 0]++;
    }
    for (int i = 0; i < 7; i++)
        chi_square += pow(counts[i] - 10000, 2) / 10000;
    TAP_OK(inside && chi_square < 27, "below 7, chi square %.1f, 6 df", chi_square);
    TAP_INT(rng_below(&rng, 1), 0, "below 1");

    /* Without rejection, below 3 * 2^62 each third value is met twice as often. */
    for (int i = 0; i < 30000; i++)
        upper += rng_below(&rng, UINT64_C(3) << 62) % 3 == 0;
    TAP_NEAR(upper / 30000, 1 / 3.0, 0.015, "no bias for a huge n");
}

int main(void)
{
    reference();
    frozen();
    independent();
    uniform();
    exponential();
    below();
    return tap_done();
}
