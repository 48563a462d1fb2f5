#include "metrics.h"

#include <assert.h>

#include "base/clock.h"
#include "sys/self.h"
#include "wire/accept.h"

static const int statuses[METRICS_STATUSES] = {200, 400, 404, 405, 408, 411, 413,
                                               414, 417, 431, 501, 503, 505};

struct bucket {
    int64_t upto_ns; /* inclusive, as le is */
    const char *le;
};

static const struct bucket buckets[METRICS_BUCKETS] = {
    {100000, "0.0001"},  {250000, "0.00025"}, {500000, "0.0005"},  {1000000, "0.001"},
    {2500000, "0.0025"}, {5000000, "0.005"},  {10000000, "0.01"},  {25000000, "0.025"},
    {50000000, "0.05"},  {100000000, "0.1"},  {250000000, "0.25"}, {500000000, "0.5"},
    {1000000000, "1"},   {2500000000, "2.5"}, {5000000000, "5"},   {10000000000, "10"},
    {INT64_MAX, "+Inf"}};

static uint64_t load(const _Atomic uint64_t *counter)
{
    return atomic_load_explicit(counter, memory_order_relaxed);
}

/* One writer: a plain load and store do, the atomics only keep readers from torn values.
 */
static void add(_Atomic uint64_t *counter, uint64_t value)
{
    atomic_store_explicit(counter, load(counter) + value, memory_order_relaxed);
}

static int status_index(int status)
{
    int index = 0;
    while (index < METRICS_STATUSES - 1 && statuses[index] != status)
        index++;
    assert(statuses[index] == status);
    return index;
}

void metrics_count(struct metrics *metrics, const struct metrics_record *record,
                   int64_t now_ns)
{
    int64_t took_ns = now_ns - record->since_ns;
    int bucket = 0;
    while (took_ns > buckets[bucket].upto_ns)
        bucket++;
    add(&metrics->requests[record->method][record->route][status_index(record->status)],
        1);
    add(&metrics->buckets[record->route][bucket], 1);
    add(&metrics->sum_ns[record->route], (uint64_t)took_ns);
}

static uint64_t sum_requests(const struct metrics *const *all, int count, int method,
                             int route, int status)
{
    uint64_t sum = 0;
    for (int i = 0; i < count; i++)
        sum += load(&all[i]->requests[method][route][status]);
    return sum;
}

static void put_type(struct buf *page, const char *name, const char *type,
                     const char *help)
{
    buf_format(page, "# HELP %s %s\n# TYPE %s %s\n", name, help, name, type);
}

/* The samples of a counter end in _total; OpenMetrics leaves that out of its family's
 * name.
 */
static void put_counter(struct buf *page, enum metrics_format format, const char *family,
                        const char *help)
{
    const char *end = format == METRICS_OPENMETRICS ? "" : "_total";
    buf_format(page, "# HELP %s%s %s\n# TYPE %s%s counter\n", family, end, help, family,
               end);
}

static void put_requests(struct buf *page, enum metrics_format format,
                         const struct metrics *const *all, int count)
{
    put_counter(page, format, "http_requests", "Requests answered.");
    for (int method = 0; method < METHOD_COUNT; method++) {
        for (int cell = 0; cell < ROUTE_COUNT * METRICS_STATUSES; cell++) {
            int route = cell / METRICS_STATUSES, status = cell % METRICS_STATUSES;
            uint64_t n = sum_requests(all, count, method, route, status);
            if (n > 0)
                buf_format(page,
                           "http_requests_total{method=\"%s\",route=\"%s\",status=\"%d\"}"
                           " %llu\n",
                           route_method_label((enum method)method),
                           route_label((enum route)route), statuses[status],
                           (unsigned long long)n);
        }
    }
}

/* In OpenMetrics a bound shows that it is no integer (its "Considerations: Canonical
 * Numbers"). */
static const char *fraction_of(enum metrics_format format, const char *le)
{
    return format == METRICS_OPENMETRICS && !strpbrk(le, ".+") ? ".0" : "";
}

static void put_durations_of(struct buf *page, enum metrics_format format,
                             const struct metrics *const *all, int count,
                             enum route route)
{
    const char *label = route_label(route);
    uint64_t below = 0, sum_ns = 0;
    for (int bucket = 0; bucket < METRICS_BUCKETS; bucket++) {
        for (int i = 0; i < count; i++)
            below += load(&all[i]->buckets[route][bucket]);
        buf_format(page,
                   "http_request_duration_seconds_bucket{route=\"%s\",le=\"%s%s\"} "
                   "%llu\n",
                   label, buckets[bucket].le, fraction_of(format, buckets[bucket].le),
                   (unsigned long long)below);
    }
    for (int i = 0; i < count; i++)
        sum_ns += load(&all[i]->sum_ns[route]);
    buf_format(page, "http_request_duration_seconds_sum{route=\"%s\"} %.9f\n", label,
               (double)sum_ns / (double)NS_PER_S);
    buf_format(page, "http_request_duration_seconds_count{route=\"%s\"} %llu\n", label,
               (unsigned long long)below);
}

static void put_process(struct buf *page, enum metrics_format format,
                        const struct metrics_process *process)
{
    put_counter(page, format, "process_cpu_seconds",
                "User and system time of all threads.");
    buf_format(page, "process_cpu_seconds_total %.6f\n",
               (double)self_cpu_ns() / (double)NS_PER_S);
    put_type(page, "process_resident_memory_bytes", "gauge", "Resident memory.");
    buf_format(page, "process_resident_memory_bytes %lld\n",
               (long long)self_resident_bytes());
    put_type(page, "process_start_time_seconds", "gauge", "Start, Unix time.");
    buf_format(page, "process_start_time_seconds %.3f\n",
               (double)process->started_ns / (double)NS_PER_S);
    put_type(page, "process_open_fds", "gauge", "Open file descriptors.");
    int64_t files = process->own_files ? self_open_files_of_threads() : self_open_files();
    buf_format(page, "process_open_fds %lld\n", (long long)files);
}

enum metrics_format metrics_format_for(struct str accept)
{
    return accept_prefers_openmetrics(accept) ? METRICS_OPENMETRICS : METRICS_TEXT;
}

void metrics_page(struct buf *page, enum metrics_format format,
                  const struct metrics_process *process)
{
    put_requests(page, format, process->loops, process->loop_count);
    put_type(
        page, "http_request_duration_seconds", "histogram",
        "Time from the receipt of a request's first byte to the write of its answer.");
    for (int route = 0; route < ROUTE_COUNT; route++)
        put_durations_of(page, format, process->loops, process->loop_count,
                         (enum route)route);
    put_process(page, format, process);
    if (format == METRICS_OPENMETRICS)
        buf_add_text(page, "# EOF\n");
}
