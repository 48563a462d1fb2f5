/*
 * The lines are those of HdrHistogram's percentile iterator: at a recorded value all
 * levels up to its share of the total are printed, a level being the last one plus 1 / (5
 * * 2^k), k growing each time that half of what was left is behind.
 */
#include "report/hgrm.h"

#include <math.h>

#include "stats/hist.h"

enum { TICKS_PER_HALF = 5, SUB_BUCKETS = 2048, BUCKETS = 32 };

static const double MS = 1e6;

struct walk {
    const struct hist *hist;
    struct buf *out;
    double level;    /* percent; the next to be printed */
    uint64_t passed; /* values up to the present bucket */
};

static void print_line(const struct walk *walk, int32_t index, double level)
{
    double value = (double)hist_index_highest(index) / MS;
    buf_format(walk->out, "%12.3f %2.12f %10llu", value, level / 100,
               (unsigned long long)walk->passed);
    if (level < 100)
        buf_format(walk->out, " %14.2f", 1 / (1 - level / 100));
    buf_add_text(walk->out, "\n");
}

static void next_level(struct walk *walk)
{
    double halvings = floor(log2(100 / (100 - walk->level)));
    if (walk->level < 100)
        walk->level += 100 / (TICKS_PER_HALF * exp2(halvings + 1));
}

static void print_bucket(struct walk *walk, int32_t index)
{
    uint64_t total = hist_total(walk->hist);
    walk->passed += walk->hist->counts[index];
    double share = 100 * (double)walk->passed / (double)total;
    while (share >= walk->level && walk->level < 100) {
        print_line(walk, index, walk->level);
        next_level(walk);
        if (walk->passed == total)
            break;
    }
    if (walk->passed == total)
        print_line(walk, index, 100);
}

static double deviation(const struct hist *hist)
{
    double mean = hist_mean(hist), squares = 0;
    for (int32_t i = 0; i < HIST_COUNTS_LEN; i++) {
        double off = (double)hist_index_highest(i) - mean;
        if (hist->counts[i])
            squares += (double)hist->counts[i] * off * off;
    }
    return sqrt(squares / (double)hist->finite);
}

static void print_footer(const struct hist *hist, struct buf *out)
{
    buf_format(out, "#[Mean    = %12.3f, StdDeviation   = %12.3f]\n",
               hist_mean(hist) / MS, deviation(hist) / MS);
    buf_format(out, "#[Max     = %12.3f, Total count    = %12llu]\n",
               (double)hist->max_ns / MS, (unsigned long long)hist_total(hist));
    buf_format(out, "#[Buckets = %12d, SubBuckets     = %12d]\n", BUCKETS, SUB_BUCKETS);
    if (hist->infinite)
        buf_format(out, "#[%llu errors are longer than all of these]\n",
                   (unsigned long long)hist->infinite);
}

bool hgrm_print(const struct load_result *result, struct buf *out)
{
    struct hist hist;
    if (!result->latency.hdr)
        return false;
    hist_init(&hist);
    bool good = hist_decode(&hist, result->latency.hdr);
    if (good) {
        hist.infinite = result->latency.count - hist.finite;
        if (isfinite(result->latency.max)) /* exact, where the histogram rounds up */
            hist.max_ns = (int64_t)result->latency.max;
        struct walk walk = {.hist = &hist, .out = out};
        buf_add_text(out, "       Value     Percentile TotalCount 1/(1-Percentile)\n\n");
        for (int32_t i = 0; i < HIST_COUNTS_LEN; i++) {
            if (hist.counts[i])
                print_bucket(&walk, i);
        }
        print_footer(&hist, out);
    }
    hist_fini(&hist);
    return good;
}
