/*
 * result: a whole race as plain data (schema dragstrip.result/1, DESIGN 6). It is what
 * result.json holds: everything that the tables show is computed from it (compare.h).
 */
#ifndef DRAGSTRIP_RESULT_RESULT_H
#define DRAGSTRIP_RESULT_RESULT_H

#include "result/load_result.h"

enum { RESULT_NAME_BYTES = 64, RESULT_TEXT_BYTES = 256, RESULT_SERVICES_MAX = 16 };

enum trial_outcome {
    TRIAL_OK,
    TRIAL_FAILED, /* the service did not start, died, or the generator failed: `why` */
    TRIAL_SKIPPED /* never run (interrupted) */
};

struct trial {
    int block;    /* from 1 */
    int position; /* in its block, from 1 */
    int service;  /* index into result.services */
    enum trial_outcome outcome;
    char *why;           /* heap, a sentence; NULL when ok */
    uint64_t seed;       /* of the block's arrivals */
    double started_unix; /* seconds */
    struct load_result load;
    double cold_start_ns; /* exec to first 2xx; NAN for services given by URL */
    double drain_ns;      /* SIGTERM to exit; NAN likewise */
    bool drain_killed;    /* it ignored SIGTERM and was killed */
    double cpu_seconds;   /* of the service's process tree in the measured time; NAN */
    double cpu_us_per_request; /* per answered request; NAN */
    double rss_peak_bytes;
    double rss_end_bytes;
    double switches_voluntary, switches_involuntary; /* in the measured time */
    int processes;                                   /* in the tree */
    double steal_share;                              /* of the machine, 0…1 */
    int invalid_count; /* reasons why no verdict may rest on it (METHOD 6) */
    char invalid[LOAD_INVALID_MAX][LOAD_REASON_BYTES];
};

struct result_service {
    char name[RESULT_NAME_BYTES];
    char command[RESULT_TEXT_BYTES]; /* as started, or the URL */
    bool skipped;                    /* could not be built here */
    bool build_failed; /* … because its build command failed, not for want of a tool */
    char why[RESULT_TEXT_BYTES];
};

struct result_machine {
    char cpu_model[RESULT_TEXT_BYTES], kernel[RESULT_TEXT_BYTES],
        governor[RESULT_TEXT_BYTES];
    char congestion_control[RESULT_TEXT_BYTES], clock_source[RESULT_TEXT_BYTES];
    char mitigations[RESULT_TEXT_BYTES];
    int cpus_allowed;
    int64_t memory_bytes;
    double load_1min;
    char service_cpus[RESULT_TEXT_BYTES], generator_cpus[RESULT_TEXT_BYTES];
    bool cpus_shared;
};

struct result_params {
    double rate; /* NAN: closed loop */
    int connections;
    int64_t duration_ns, warmup_ns;
    char arrivals[RESULT_TEXT_BYTES];
    uint64_t body_bytes;
};

/* The equivalence margins delta of METHOD 4, as shares (.05 = 5 %). */
struct result_margins {
    double latency; /* p50-p95, CPU, RSS, throughput */
    double tail;    /* p99, p99.9, cold start, drain */
};

struct result {
    char *name;
    char *title;
    char *plan_text;    /* heap */
    char plan_hash[65]; /* SHA-256 of the text, hex */
    uint64_t seed;
    char *version; /* of the tool */
    bool partial;  /* interrupted */
    int blocks_planned;
    int baseline; /* index into services */
    struct result_machine machine;
    struct result_params params; /* one cell at this stage */
    struct result_margins margins;
    double error_limit, steal_limit; /* shares */
    struct result_service *services; /* heap */
    int service_count;
    struct trial *trials; /* heap, in the order run */
    int trial_count;
};

void result_fini(struct result *result);
void trial_fini(struct trial *trial);

json_t *trial_to_json(const struct trial *trial, const struct result_service *services,
                      bool with_windows);

/* result.json: with `comparisons` computed by compare_result. Caller frees the text with
 * mem_free. Windows are left out (they are in trials/), and of the trial's load
 * everything else is kept. */
char *result_to_text(const struct result *result);

/* Names the missing or mistyped member; blocks above SIGNED_RANK_MAX and services above
 * RESULT_SERVICES_MAX are refused. */
bool result_from_text(struct str text, struct result *out, struct error *err);

#endif
