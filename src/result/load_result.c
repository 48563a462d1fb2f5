#include "result/load_result.h"

#include <stdarg.h>
#include <stdio.h>

#include <math.h>

#include "base/mem.h"

const char *const load_error_names[LOAD_ERROR_KINDS] = {
    "connect", "timeout", "reset", "status", "protocol", "body", "unsent"};

const double load_percentile_q[LOAD_PERCENTILES] = {.5, .9, .95, .99, .999, .9999};

const char *const load_percentile_names[LOAD_PERCENTILES] = {"p50", "p90",  "p95",
                                                             "p99", "p999", "p9999"};

void load_result_fini(struct load_result *result)
{
    struct load_summary *summaries[] = {&result->latency,    &result->service_time,
                                        &result->wait,       &result->lag,
                                        &result->first_byte, &result->less_lag};
    for (size_t i = 0; i < sizeof(summaries) / sizeof(summaries[0]); i++)
        mem_free(summaries[i]->hdr);
    for (size_t i = 0; i < result->window_count; i++)
        mem_free(result->windows[i].hdr);
    mem_free(result->windows);
    mem_free(result->target);
    mem_free(result->arrivals);
    mem_free(result->tls.version);
    *result = (struct load_result){0};
}

uint64_t load_result_errors(const struct load_result *result)
{
    uint64_t sum = 0;
    for (int kind = 0; kind < LOAD_ERROR_KINDS; kind++)
        sum += result->errors[kind];
    return sum;
}

double load_result_lag_share(const struct load_result *result,
                             enum load_percentile percentile)
{
    double latency = result->latency.p[percentile];
    double punctual = result->less_lag.p[percentile];
    bool known = isfinite(latency) && isfinite(punctual) && latency > 0;
    return known ? (latency - punctual) / latency : (double)NAN;
}

void load_reason_add(char (*reasons)[LOAD_REASON_BYTES], int *count, const char *format,
                     ...)
{
    va_list args;
    if (*count == LOAD_INVALID_MAX)
        return;
    va_start(args, format);
    vsnprintf(reasons[(*count)++], LOAD_REASON_BYTES, format, args);
    va_end(args);
}
