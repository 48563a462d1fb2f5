#include "report/figure.h"

#include <math.h>
#include <stdio.h>

#include "base/units.h"

#define DASH "–"

const char *figure_time(double ns, int64_t above_ns, char out[FIGURE_BYTES])
{
    char text[UNITS_TEXT_BYTES];
    if (!isinf(ns))
        snprintf(out, FIGURE_BYTES, "%s", units_format_duration(ns, text));
    else if (above_ns > 0)
        snprintf(out, FIGURE_BYTES, ">%s", units_format_floor(above_ns, text));
    else
        snprintf(out, FIGURE_BYTES, ">time-out");
    return out;
}

const char *figure_rate(double per_second, char out[FIGURE_BYTES])
{
    char text[UNITS_TEXT_BYTES];
    if (isnan(per_second))
        snprintf(out, FIGURE_BYTES, DASH);
    else
        snprintf(out, FIGURE_BYTES, "%s/s", units_format_count(per_second, text));
    return out;
}

const char *figure_value(double value, enum metric metric, int64_t above_ns,
                         char out[FIGURE_BYTES])
{
    char text[UNITS_TEXT_BYTES];
    switch (metric_infos[metric].unit) {
    case UNIT_NS:
        if (isinf(value) && metric == METRIC_DRAIN)
            snprintf(out, FIGURE_BYTES, "killed");
        else
            figure_time(value, above_ns, out);
        break;
    case UNIT_RATE:
        figure_rate(value, out);
        break;
    case UNIT_US:
        snprintf(out, FIGURE_BYTES, "%s", units_format_duration(value * 1e3, text));
        break;
    case UNIT_BYTES:
        snprintf(out, FIGURE_BYTES, "%s", units_format_size(value, text));
        break;
    }
    return out;
}

const char *figure_share(double share, char out[FIGURE_BYTES])
{
    if (isnan(share))
        snprintf(out, FIGURE_BYTES, DASH);
    else if (share > 0 && share < 1e-5)
        snprintf(out, FIGURE_BYTES, "<0.001%%");
    else
        snprintf(out, FIGURE_BYTES, share < .0995 ? "%.2g%%" : "%.0f%%", share * 100);
    return out;
}

/* Three significant digits for values of this size, but at least two decimals below 10.
 */
static int decimals_of(double ratio)
{
    if (ratio >= 99.95)
        return 0;
    if (ratio >= 9.995)
        return 1;
    return ratio >= .0995 ? 2 : ratio >= .00995 ? 3 : 4;
}

const char *figure_ratio(double ratio, char out[FIGURE_BYTES])
{
    if (!isfinite(ratio))
        snprintf(out, FIGURE_BYTES, DASH);
    else
        snprintf(out, FIGURE_BYTES, "%.*f×", decimals_of(ratio), ratio);
    return out;
}

const char *figure_difference(double ratio, struct interval ci, char out[FIGURE_BYTES])
{
    int decimals = decimals_of(ratio);
    if (!isfinite(ratio) || !isfinite(ci.low) || !isfinite(ci.high))
        return figure_ratio(ratio, out);
    snprintf(out, FIGURE_BYTES, "%.*f× [%.*f, %.*f]", decimals, ratio, decimals, ci.low,
             decimals, ci.high);
    return out;
}
