/*
 * The names that instrumentation libraries give by default, the most specific first. A
 * histogram or summary is known by its family's name, everything else by its sample's.
 */
#include "result/observed.h"

#include <string.h>

struct convention {
    const char *name;
    double scale;
};

static const struct convention duration[] = {
    {"http_server_request_duration_seconds", 1}, /* OpenTelemetry, semantic conventions 1
                                                  */
    {"http_server_requests_seconds", 1},         /* Micrometer */
    {"axum_http_requests_duration_seconds", 1},  /* axum-prometheus */
    {"http_requests_duration_seconds", 1},       /* actix-web-prom, axum-prometheus */
    {"http_request_duration_seconds", 1}, /* client_golang, prometheus_client, prom-client
                                           */
    {"flask_http_request_duration_seconds", 1},   /* prometheus-flask-exporter */
    {"http_server_duration_milliseconds", 0.001}, /* OpenTelemetry before 1 */
    {"http_request_duration_ms", 0.001},          {NULL, 0}};

static const struct convention requests[] = {{"axum_http_requests_total", 1},
                                             {"http_requests_total", 1},
                                             {"http_server_requests_total", 1},
                                             {"flask_http_request_total", 1},
                                             {NULL, 0}};

static const struct convention cpu[] = {
    {"process_cpu_seconds_total", 1}, /* the naming all official clients share */
    {"process_cpu_time_seconds_total", 1},
    {"process_cpu_time_ns_total", 1e-9}, /* Micrometer */
    {NULL, 0}};

static const struct convention resident[] = {
    {"process_resident_memory_bytes", 1}, {"process_memory_usage_bytes", 1}, {NULL, 0}};

static const struct convention files[] = {
    {"process_open_fds", 1},
    {"process_files_open_files", 1}, /* Micrometer */
    {"process_open_file_descriptor_count", 1},
    {NULL, 0}};

static const struct convention gc[] = {
    {"go_sched_pauses_total_gc_seconds", 1}, /* a histogram, unlike the next one */
    {"go_gc_duration_seconds", 1},
    {"jvm_gc_pause_seconds", 1},
    {"jvm_gc_duration_seconds", 1},
    {"nodejs_gc_duration_seconds", 1},
    {NULL, 0}};

static const struct convention tasks[] = {
    {"go_goroutines", 1},         {"go_goroutine_count", 1},
    {"tokio_num_alive_tasks", 1}, {"jvm_threads_live_threads", 1},
    {"jvm_threads_current", 1},   {"process_threads", 1},
    {"process_num_threads", 1},   {NULL, 0}};

static const struct convention start[] = {{"process_start_time_seconds", 1}, {NULL, 0}};

static const struct convention *const conventions[OBSERVED_KINDS] = {
    [OBSERVED_DURATION] = duration, [OBSERVED_REQUESTS] = requests, [OBSERVED_CPU] = cpu,
    [OBSERVED_RESIDENT] = resident, [OBSERVED_FILES] = files,       [OBSERVED_GC] = gc,
    [OBSERVED_TASKS] = tasks,       [OBSERVED_START] = start};

const char *observed_convention(enum observed_kind kind, int i, double *scale)
{
    *scale = conventions[kind][i].scale;
    return conventions[kind][i].name;
}

static bool ends_with(const char *name, const char *unit)
{
    size_t len = strlen(name), more = strlen(unit);
    return len > more && strcmp(name + len - more, unit) == 0;
}

double observed_scale(enum observed_kind kind, const char *name)
{
    static const struct convention units[] = {
        {"_milliseconds", 1e-3}, {"_ms", 1e-3}, {"_milliseconds_total", 1e-3},
        {"_ms_total", 1e-3},     {"_us", 1e-6}, {"_microseconds", 1e-6},
        {"_us_total", 1e-6},     {"_ns", 1e-9}, {"_microseconds_total", 1e-6},
        {"_ns_total", 1e-9},     {NULL, 1}};
    const char *known;
    double scale;
    bool is_time =
        kind == OBSERVED_DURATION || kind == OBSERVED_CPU || kind == OBSERVED_GC;
    for (int i = 0; (known = observed_convention(kind, i, &scale)); i++) {
        if (strcmp(known, name) == 0)
            return scale;
    }
    for (int i = 0; is_time && units[i].name; i++) {
        if (ends_with(name, units[i].name))
            return units[i].scale;
    }
    return 1;
}

const char *observed_kind_name(enum observed_kind kind)
{
    static const char *const names[OBSERVED_KINDS] = {
        "duration", "requests", "cpu", "resident", "files", "gc", "tasks", "start"};
    return names[kind];
}
