/*
 * load_result: what one run of the generator measured, as plain data (schema
 * dragstrip.load/1, DESIGN 6), and its JSON. Times are in ns as doubles: NAN is "not
 * estimable" (null), INFINITY is "reached the errors" (the string ">5s" with the run's
 * time-out, so that no reader takes it for a number).
 */
#ifndef DRAGSTRIP_RESULT_LOAD_RESULT_H
#define DRAGSTRIP_RESULT_LOAD_RESULT_H

#include "base/buf.h"
#include "base/error.h"

#include <jansson.h>

enum load_error_kind { /* order and names of counts.errors */
                       LOAD_ERROR_CONNECT,
                       LOAD_ERROR_TIMEOUT,
                       LOAD_ERROR_RESET,
                       LOAD_ERROR_STATUS,
                       LOAD_ERROR_PROTOCOL,
                       LOAD_ERROR_BODY,
                       LOAD_ERROR_UNSENT,
                       LOAD_ERROR_KINDS
};

extern const char *const load_error_names[LOAD_ERROR_KINDS];

enum load_percentile {
    LOAD_P50,
    LOAD_P90,
    LOAD_P95,
    LOAD_P99,
    LOAD_P999,
    LOAD_P9999,
    LOAD_PERCENTILES
};

extern const double load_percentile_q[LOAD_PERCENTILES];          /* .5 … .9999 */
extern const char *const load_percentile_names[LOAD_PERCENTILES]; /* "p50" … "p9999" */

struct load_summary {
    uint64_t count;
    double mean;
    double p[LOAD_PERCENTILES];
    double max;
    double k_eff[LOAD_PERCENTILES]; /* latency only (METHOD 5), NAN elsewhere */
    char *hdr;                      /* HdrHistogram V2, heap, NULL when empty */
};

struct load_window {
    int64_t second;
    uint64_t ok;
    uint64_t errors;
    double p50;
    double p99;
    char *hdr; /* NULL in live lines */
};

enum { LOAD_MARKS = 3 };

/* The gaps between requests as they were sent, held against a Poisson process (METHOD
 * 1.8). NAN where the plan was another one. */
struct load_arrival_check {
    uint64_t gaps;          /* how many, spread over the measured time */
    double a2, p, distance; /* goodness.h */
};

/* Whether the windows' median stayed at one level (METHOD 7), and how much of the front
 * of the measured time had better been warm-up. stationarity.h; NAN: too short to say. */
struct load_level {
    double cusum, kpss;
    bool moves;
    double mser5; /* share of the requests */
};

struct load_tls {
    char *version; /* "TLSv1.3 TLS_AES_256_GCM_SHA384", heap; NULL: plain */
    uint64_t handshakes, resumed;
};

/* Beyond it the gaps are not those of a Poisson process any more, for whatever cause. */
#define LOAD_GAP_DISTANCE_MAX 0.10

enum { LOAD_INVALID_MAX = 8, LOAD_REASON_BYTES = 200 };

struct load_result {
    char *target;   /* URL, heap */
    char *arrivals; /* "constant", "poisson", "closed"; heap */
    uint64_t seed;
    double offered_rate;  /* requests/s; NAN for a closed loop */
    double achieved_rate; /* answered (of any status) in the measured time / duration */
    double goodput;       /* of them, the good ones */
    int64_t duration_ns;
    int64_t timeout_ns;
    int64_t errors_above_ns; /* errors are longer than this: the time-out, or the longest
                              * latency of a good answer if that is longer */
    int connections;
    int threads;
    uint64_t due, sent, ok;
    uint64_t errors[LOAD_ERROR_KINDS];
    uint64_t expired_waiting; /* of the errors: had to wait for a connection, and then ran
                               * out of time */
    uint64_t backlog[LOAD_MARKS]; /* due but not served at the start, middle and end of
                                   * the measured time */
    uint64_t reconnects;
    uint64_t bytes_received;
    struct load_summary latency, service_time, wait, lag, first_byte;
    struct load_summary less_lag; /* what a punctual generator would have seen */
    struct load_arrival_check arrival_check;
    struct load_level level;
    struct load_tls tls;
    double cpu_seconds;  /* of the generator, in the measured time */
    double spin_seconds; /* of them: polled in vain for the next event */
    double cpu_share;    /* of the CPUs it may use, 0…1, without the spinning */
    int64_t max_rss_bytes;
    uint64_t peak_in_flight;
    bool overloaded; /* the service could not hold the rate while the generator could */
    bool interrupted;
    int invalid_count; /* 0: valid */
    char invalid[LOAD_INVALID_MAX][LOAD_REASON_BYTES];
    struct load_window *windows; /* heap */
    size_t window_count;
};

void load_result_fini(struct load_result *result); /* zeroed is allowed */

/* Adds one to a list of reasons for which a measurement is INVALID; a full list (of
 * LOAD_INVALID_MAX) takes no more. */
void load_reason_add(char (*reasons)[LOAD_REASON_BYTES], int *count, const char *format,
                     ...) __attribute__((format(printf, 3, 4)));

/* Above it the generator, not the service, is what a latency tells of (METHOD 6). */
#define LOAD_LAG_SHARE_MAX 0.10

/* Which share of a latency percentile is the generator's own lateness; NAN. */
double load_result_lag_share(const struct load_result *result,
                             enum load_percentile percentile);

uint64_t load_result_errors(const struct load_result *result); /* all kinds */

/* For json_dumps: 15 digits print .05 as 0.05, and read and print again unchanged. */
#define LOAD_JSON_DIGITS JSON_REAL_PRECISION(15)

/* The caller owns the new reference. Text that is not UTF-8 is written with '?'. */
json_t *load_result_to_json(const struct load_result *result, bool with_windows);

/* Of the JSON that load_result_to_json makes; names the missing or mistyped member. */
bool load_result_from_json(const json_t *json, struct load_result *out,
                           struct error *err);

/* What passed in a second, and how things stood at its end. */
struct load_live {
    struct load_window window;
    uint64_t in_flight, queued;
    double lag_max;
};

/* One line of live progress: {"window":{…}}. An infinite percentile is ">timeout". */
json_t *load_live_to_json(const struct load_live *live);

/* NAN -> null, INFINITY -> ">5s" with errors_above_ns (">timeout" when that is 0:
 * unknown), otherwise a number rounded to 0.1 ns. */
json_t *load_time_to_json(double ns, int64_t above_ns);
bool load_time_from_json(const json_t *json, double *out);

#endif
