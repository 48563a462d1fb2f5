/*
 * The metrics: a new one is a line in enum metric, one here, and one in compare_value.
 */
#include "result/compare.h"

#include <ctype.h>
#include <math.h>

const struct metric_info metric_infos[METRICS] = {
    /* key, name, label, unit, more is better, judged, tail margin, percentile */
    [METRIC_P50] = {"p50", "p50", "p50 latency", UNIT_NS, false, true, false, LOAD_P50},
    [METRIC_P90] = {"p90", "p90", "p90 latency", UNIT_NS, false, true, false, LOAD_P90},
    [METRIC_P95] = {"p95", "p95", "p95 latency", UNIT_NS, false, true, false, LOAD_P95},
    [METRIC_P99] = {"p99", "p99", "p99 latency", UNIT_NS, false, true, true, LOAD_P99},
    [METRIC_P999] = {"p999", "p99.9", "p99.9 latency", UNIT_NS, false, true, true,
                     LOAD_P999},
    [METRIC_MAX] = {"max", "max", "max latency", UNIT_NS, false, false, true, -1},
    [METRIC_THROUGHPUT] = {"throughput", "throughput", "throughput", UNIT_RATE, true,
                           true, false, -1},
    [METRIC_CPU] = {"cpu_us_per_request", "CPU", "CPU per request", UNIT_US, false, true,
                    false, -1},
    [METRIC_RSS] = {"rss_peak_bytes", "memory", "memory, peak", UNIT_BYTES, false, true,
                    false, -1},
    [METRIC_COLD_START] = {"cold_start_ns", "cold start", "cold start", UNIT_NS, false,
                           true, true, -1},
    [METRIC_DRAIN] = {"drain_ns", "drain", "drain", UNIT_NS, false, true, true, -1},
};

/* ASCII, and any of "_- " for a space. */
static bool is_same_name(struct str text, const char *name)
{
    if (text.len != strlen(name))
        return false;
    for (size_t i = 0; i < text.len; i++) {
        char c = text.ptr[i] == '_' || text.ptr[i] == '-' ? ' ' : text.ptr[i];
        if (tolower((unsigned char)c) != tolower((unsigned char)name[i]))
            return false;
    }
    return true;
}

bool metric_find(struct str text, enum metric *out)
{
    for (int metric = 0; metric < METRICS; metric++) {
        const struct metric_info *info = &metric_infos[metric];
        if (!is_same_name(text, info->name) && !str_eq_nocase(text, str_of(info->key)))
            continue;
        *out = (enum metric)metric;
        return true;
    }
    return false;
}

double compare_margin(const struct result *result, enum metric metric)
{
    return metric_infos[metric].tail_margin ? result->margins.tail
                                            : result->margins.latency;
}

bool compare_is_latency(enum metric metric)
{
    return metric_infos[metric].percentile >= 0 || metric == METRIC_MAX;
}

int64_t compare_errors_above(const struct result *result, int service)
{
    int64_t above_ns = 0;
    for (int i = 0; i < result->trial_count; i++) {
        const struct trial *trial = &result->trials[i];
        if (trial->service == service && trial->load.errors_above_ns > above_ns)
            above_ns = trial->load.errors_above_ns;
    }
    return above_ns;
}

double compare_value(const struct trial *trial, enum metric metric)
{
    if (trial->outcome != TRIAL_OK)
        return (double)NAN;
    switch (metric) {
    case METRIC_P50:
    case METRIC_P90:
    case METRIC_P95:
    case METRIC_P99:
    case METRIC_P999:
        return trial->load.latency.p[metric_infos[metric].percentile];
    case METRIC_MAX:
        return trial->load.latency.max;
    case METRIC_THROUGHPUT:
        return trial->load.achieved_rate;
    case METRIC_CPU:
        return trial->cpu_us_per_request;
    case METRIC_RSS:
        return trial->rss_peak_bytes;
    case METRIC_COLD_START:
        return trial->cold_start_ns;
    case METRIC_DRAIN:
        return trial->drain_killed ? (double)INFINITY : trial->drain_ns;
    case METRICS:
        break;
    }
    return (double)NAN;
}
