/*
 * result: a whole race as plain data (schema dragstrip.result/1, DESIGN 6). It is what
 * result.json holds: everything that the tables show is computed from it (compare.h).
 */
#ifndef DRAGSTRIP_RESULT_RESULT_H
#define DRAGSTRIP_RESULT_RESULT_H

#include "result/load_result.h"
#include "result/rule.h"

#include <math.h>

enum { RESULT_NAME_BYTES = 64, RESULT_TEXT_BYTES = 256, RESULT_SERVICES_MAX = 16 };

enum trial_outcome {
    TRIAL_OK,
    TRIAL_FAILED, /* the service did not start, died, or the generator failed: `why` */
    TRIAL_SKIPPED /* never run (interrupted) */
};

/* One answer to one request form, as it came before the load. */
struct answer {
    int status;      /* 0: none came */
    uint64_t length; /* of the body, masked if anything is */
    char digest[65]; /* its SHA-256, hex */
};

/* How far the answers of services must agree to be compared, METHOD 6. */
enum answers_level {
    ANSWERS_ANY, /* not at all */
    ANSWERS_STATUS,
    ANSWERS_LENGTH, /* and that */
    ANSWERS_BODY,   /* and that */
    ANSWERS_LEVELS
};

/* What the machine did in the measured time. NAN: it does not say. */
struct trial_machine {
    double steal_share;  /* of the CPUs of the race, taken by other guests; 0...1 */
    double others_share; /* of the same, used by processes that are not the race's */
    double wait_share;   /* of the measured time, that threads of the service waited for a
                          * CPU, summed */
    double pressure_share;  /* of the measured time in which something waited for a CPU */
    double throttled_share; /* of the measured time that a CPU quota held us back */
    double throttle_events; /* thermal */
    double speed_before, speed_after; /* of the service's first CPU, steps/ns, before the
                                       * start and after the stop */
    double frequency_hz; /* of the service's CPUs at the end of the measured time */
    char congestion_control[16];
};

#define TRIAL_MACHINE_UNKNOWN                                                            \
    ((struct trial_machine){.steal_share = (double)NAN,                                  \
                            .others_share = (double)NAN,                                 \
                            .wait_share = (double)NAN,                                   \
                            .pressure_share = (double)NAN,                               \
                            .throttled_share = (double)NAN,                              \
                            .throttle_events = (double)NAN,                              \
                            .speed_before = (double)NAN,                                 \
                            .speed_after = (double)NAN,                                  \
                            .frequency_hz = (double)NAN})

struct observed;

struct trial {
    int block;       /* from 1 */
    int position;    /* in its block, from 1 */
    int service;     /* index into result.services */
    int attempt;     /* 1; 2 when the machine had spoilt the first */
    bool superseded; /* there is a later attempt: kept, but not counted */
    bool restarted;  /* in the measured time, one given by URL */
    bool ready;      /* the service came up */
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
    struct trial_machine machine;
    struct observed *own; /* heap: what its own metrics say of the measured time; NULL */
    char *own_why;        /* heap: why nothing, although the plan names its page; NULL */
    struct answer *answers; /* heap, one a request form */
    int answer_count;
    int invalid_count; /* reasons why no verdict may rest on it (METHOD 6) */
    char invalid[LOAD_INVALID_MAX][LOAD_REASON_BYTES];
};

struct result_service {
    char name[RESULT_NAME_BYTES];
    char command[RESULT_TEXT_BYTES]; /* as started, or the URL */
    char program_hash[65];           /* SHA-256 of the program's file, hex; "" unknown */
    bool control;                    /* the baseline once more: the noise floor */
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
    char bodies_hash[65]; /* SHA-256 of all of them, hex */
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
    char stop_when[RESULT_NAME_BYTES]; /* "p99 within 5%"; "": when all blocks are run */
    int stopped_at; /* the block after which it was so; 0: all were run */
    int baseline;   /* index into services */
    struct result_machine machine;
    struct result_params params; /* one cell at this stage */
    struct result_margins margins;
    double error_limit, steal_limit, others_limit; /* shares */
    enum answers_level answers;
    struct rule *rules; /* heap: the gate's */
    int rule_count;
    struct result_service *services; /* heap */
    int service_count;
    struct trial *trials; /* heap, in the order run */
    int trial_count;
};

void result_fini(struct result *result);
void trial_fini(struct trial *trial);

/* Whether it is the last attempt at its place, and of this service. */
bool trial_counts(const struct trial *trial, int service);

/* How many were run: as planned, or where it stopped. */
int result_blocks(const struct result *result);

/* Leaves two services with their trials, the first as the baseline; rules go. */
void result_choose(struct result *result, int baseline, int other);

/* Marks the earlier attempts at the place of the trial that was added last. */
void result_supersede(struct result *result);

json_t *trial_to_json(const struct trial *trial, const struct result_service *services,
                      bool with_windows);

/* Of one file of trials/. */
bool trial_from_text(struct str text, const struct result_service *services,
                     int service_count, struct trial *out, struct error *err);

/* result.json: with `comparisons` computed by compare_result. Caller frees the text with
 * mem_free. Windows are left out (they are in trials/), and of the trial's load
 * everything else is kept. */
char *result_to_text(const struct result *result);

/* Names the missing or mistyped member; blocks above SIGNED_RANK_MAX and services above
 * RESULT_SERVICES_MAX are refused. */
bool result_from_text(struct str text, struct result *out, struct error *err);

#endif
