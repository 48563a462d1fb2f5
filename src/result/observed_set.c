#include "result/observed_set.h"

#include <math.h>

#include "stats/robust.h"

static const struct {
    const char *key;
    const char *label;
} rows[OBSERVED_ROWS] = {
    [OBSERVED_RATE] = {"rate", "requests"},
    [OBSERVED_ERRORS] = {"error_share", "answers 5xx"},
    [OBSERVED_P50] = {"p50_s", "p50"},
    [OBSERVED_P95] = {"p95_s", "p95"},
    [OBSERVED_P99] = {"p99_s", "p99"},
    [OBSERVED_P999] = {"p999_s", "p99.9"},
    [OBSERVED_MEAN] = {"mean_s", "mean"},
    [OBSERVED_CPUS] = {"cpus", "CPUs"},
    [OBSERVED_CPU_US] = {"cpu_us_per_request", "CPU a request"},
    [OBSERVED_MEMORY] = {"resident_bytes", "memory"},
    [OBSERVED_OPEN_FILES] = {"open_files", "open files"},
    [OBSERVED_TASK_COUNT] = {"tasks", "tasks"},
    [OBSERVED_GC_PAUSES] = {"gc_pauses", "GC pauses"},
    [OBSERVED_GC_TOTAL] = {"gc_s", "GC in all"},
    [OBSERVED_GC_LONGEST] = {"gc_longest_bound_s", "GC longest, at most"},
};

const char *observed_row_key(enum observed_row row)
{
    return rows[row].key;
}

const char *observed_row_label(enum observed_row row)
{
    return rows[row].label;
}

static int quantile_of(enum observed_row row)
{
    return row >= OBSERVED_P50 && row <= OBSERVED_P999 ? (int)(row - OBSERVED_P50) : -1;
}

double observed_value(const struct observed *observed, enum observed_row row)
{
    switch (row) {
    case OBSERVED_RATE:
        return observed->rate;
    case OBSERVED_ERRORS:
        return observed->error_share;
    case OBSERVED_P50:
    case OBSERVED_P95:
    case OBSERVED_P99:
    case OBSERVED_P999:
        return observed->quantiles[quantile_of(row)].value;
    case OBSERVED_MEAN:
        return observed->mean_s;
    case OBSERVED_CPUS:
        return observed->cpu;
    case OBSERVED_CPU_US:
        return observed->cpu_us;
    case OBSERVED_MEMORY:
        return observed->resident_bytes;
    case OBSERVED_OPEN_FILES:
        return observed->files;
    case OBSERVED_TASK_COUNT:
        return observed->tasks;
    case OBSERVED_GC_PAUSES:
        return observed->gc_pauses;
    case OBSERVED_GC_TOTAL:
        return observed->gc_s;
    case OBSERVED_GC_LONGEST:
        return observed->gc_longest_s;
    case OBSERVED_ROWS:
        break;
    }
    return (double)NAN;
}

static const struct observed *cell(const struct observed_set *set, int service,
                                   int window)
{
    return &set->cells[service * set->window_count + window];
}

double observed_median(const struct observed_set *set, int service, enum observed_row row)
{
    double values[SIGNED_RANK_MAX];
    size_t count = 0;
    for (int window = 0; window < set->window_count; window++) {
        double value = observed_value(cell(set, service, window), row);
        if (!isnan(value))
            values[count++] = value;
    }
    return robust_median(values, count);
}

bool observed_bounds(const struct observed_set *set, int service, enum observed_row row,
                     double *low, double *high)
{
    int quantile = quantile_of(row);
    bool any = false;
    *low = (double)INFINITY;
    *high = -(double)INFINITY;
    for (int window = 0; window < set->window_count && quantile >= 0; window++) {
        const struct observed *one = cell(set, service, window);
        const struct bucket_quantile *found = &one->quantiles[quantile];
        if (isnan(found->value) || one->rolling)
            continue;
        any = true;
        *low = found->low < *low ? found->low : *low;
        *high = found->high > *high ? found->high : *high;
    }
    return any;
}

double observed_ratio(const struct observed_set *set, int service, enum observed_row row,
                      struct interval *ci95)
{
    double logs[SIGNED_RANK_MAX];
    size_t count = 0;
    for (int window = 0; window < set->window_count; window++) {
        double base = observed_value(cell(set, 0, window), row);
        double value = observed_value(cell(set, service, window), row);
        if (base > 0 && value > 0 && isfinite(base) && isfinite(value))
            logs[count++] = log(value / base);
    }
    struct interval interval = signed_rank_interval(logs, count, 0.05);
    *ci95 = (struct interval){exp(interval.low), exp(interval.high)};
    return exp(signed_rank_hodges_lehmann(logs, count));
}
