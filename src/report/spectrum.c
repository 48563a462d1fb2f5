#include "report/spectrum.h"

#include <math.h>

#include "report/figure.h"
#include "report/text.h"
#include "stats/hist.h"

enum { BAR = 52, NAME = 10, VALUE = 10, BEYOND_MIN = 10 };

static const struct level {
    double q;
    const char *name;
} levels[] = {{.01, "1%"},        {.1, "10%"},     {.25, "25%"},      {.5, "50%"},
              {.75, "75%"},       {.9, "90%"},     {.95, "95%"},      {.99, "99%"},
              {.995, "99.5%"},    {.999, "99.9%"}, {.9995, "99.95%"}, {.9999, "99.99%"},
              {.99999, "99.999%"}};

enum { LEVELS = sizeof(levels) / sizeof(levels[0]) };

struct scale { /* of the bars: decades between the two times */
    double low, high;
};

static void print_bar(double ns, const struct scale *scale, struct buf *out)
{
    double share = log(ns / scale->low) / log(scale->high / scale->low);
    double length = isinf(ns) ? BAR : fmin(fmax(share, 0), 1) * BAR;
    size_t width = (size_t)lround(length);
    buf_add_text(out, width > 0 ? "  " : "");
    buf_add_repeated(out, isinf(ns) ? '>' : '#', width);
}

static void print_line(const char *name, double ns, const struct scale *scale,
                       int64_t above_ns, struct buf *out)
{
    char text[FIGURE_BYTES];
    text_right(out, name, NAME);
    text_right(out, figure_time(ns, above_ns, text), VALUE);
    print_bar(ns, scale, out);
    buf_add_text(out, "\n");
}

/* From a whole decade to a whole decade. */
static struct scale scale_of(const struct hist *hist)
{
    double low = fmax((double)hist->min_ns, 1),
           high = fmax((double)hist->max_ns, low + 1);
    struct scale scale = {pow(10, floor(log10(low))), pow(10, ceil(log10(high)))};
    if (scale.high <= scale.low)
        scale.high = 10 * scale.low;
    return scale;
}

static void print_levels(const struct hist *hist, int64_t above_ns, struct buf *out)
{
    struct scale scale = scale_of(hist);
    double total = (double)hist_total(hist);
    char from[FIGURE_BYTES], to[FIGURE_BYTES];
    buf_format(out, "\nlatency by percentile, logarithmic from %s to %s\n",
               figure_time(scale.low, 0, from), figure_time(scale.high, 0, to));
    print_line("min", (double)hist->min_ns, &scale, above_ns, out);
    for (int i = 0; i < LEVELS; i++) {
        if (total * fmin(levels[i].q, 1 - levels[i].q) >= BEYOND_MIN - 1e-9)
            print_line(levels[i].name, hist_quantile_time(hist, levels[i].q), &scale,
                       above_ns, out);
    }
    print_line("max", hist_quantile_time(hist, 1), &scale, above_ns, out);
}

void spectrum_print(const struct load_result *result, struct buf *out)
{
    struct hist hist;
    if (!result->latency.hdr)
        return;
    hist_init(&hist);
    if (hist_decode(&hist, result->latency.hdr)) {
        hist.infinite = result->latency.count - hist.finite;
        print_levels(&hist, result->errors_above_ns, out);
    }
    hist_fini(&hist);
}
