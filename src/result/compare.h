/*
 * compare: from the trials of a race to its verdicts, METHOD 3-6. Pure.
 */
#ifndef DRAGSTRIP_RESULT_COMPARE_H
#define DRAGSTRIP_RESULT_COMPARE_H

#include "result/result.h"
#include "stats/signed_rank.h"

enum metric {
    METRIC_P50,
    METRIC_P90,
    METRIC_P95,
    METRIC_P99,
    METRIC_P999,
    METRIC_MAX,        /* printed, never judged */
    METRIC_THROUGHPUT, /* answers/s; the only one where more is better */
    METRIC_CPU,        /* us per request */
    METRIC_RSS,        /* peak */
    METRIC_COLD_START,
    METRIC_DRAIN,
    METRICS
};

enum metric_unit { UNIT_NS, UNIT_RATE, UNIT_US, UNIT_BYTES };

struct metric_info {
    const char *key;   /* in JSON: "p50", "cpu_us_per_request" */
    const char *name;  /* in sentences and rules: "p99", "CPU" */
    const char *label; /* in tables: "p99 latency" */
    enum metric_unit unit;
    bool more_is_better;
    bool judged;
    bool tail_margin; /* margins.tail instead of margins.latency */
    int percentile;   /* enum load_percentile, or -1 */
};

extern const struct metric_info metric_infos[METRICS];

/* By name or key, whatever the case; '_' and '-' stand for a space. False: none. */
bool metric_find(struct str text, enum metric *out);

enum verdict {
    VERDICT_FASTER, /* better than the baseline */
    VERDICT_SLOWER, /* worse */
    VERDICT_EQUIVALENT,
    VERDICT_INCONCLUSIVE,
    VERDICT_NOT_ESTIMABLE, /* METHOD 5, or fewer than 6 pairs */
    VERDICT_OVERLOADED,    /* one side could not hold the rate: latency has no verdict */
    VERDICT_INVALID,
    VERDICT_NONE /* shown without a verdict: max, or a tail of k_eff 10 to 100 */
};

enum { COMPARE_BLOCKS_MIN = 6 }; /* below it no verdict is possible, METHOD 3 */

#define COMPARE_K_EFF_SHOWN 10.0 /* below it a percentile is a dash, METHOD 5 */

extern const char *const verdict_names[]; /* by enum verdict, upper case, as in JSON */

/* By which share two values of the metric may differ and still be equivalent. */
double compare_margin(const struct result *result, enum metric metric);

/* Whether the metric depends on how long one waits once a service is overloaded. */
bool compare_is_latency(enum metric metric);

/* Above which the errors of the service's trials are: the largest errors_above_ns. */
int64_t compare_errors_above(const struct result *result, int service);

/* Value of a metric in a trial: NAN = none (also: the trial is not ok), INFINITY =
 * reached the errors, or for drain: it had to be killed. */
double compare_value(const struct trial *trial, enum metric metric);

struct cell_value {   /* one service, one metric: a column of the table */
    double median;    /* over the trials that count; NAN or INFINITY as above */
    double low, high; /* smallest and largest trial */
    double spread;    /* MAD of ln values, about the coefficient of variation; NAN */
    int n;
    int outliers;      /* flagged trials, METHOD 4 */
    int outlier_block; /* of the furthest; 0 none */
    double k_eff;      /* median over trials, percentiles only, NAN elsewhere */
    bool thin_tail;    /* k_eff < 10 or unknown: shown as a dash */
};

struct comparison {
    enum metric metric;
    int service;                /* compared with the baseline */
    int n;                      /* pairs: blocks where both have a value */
    double ratio;               /* service / baseline: Hodges-Lehmann; NAN */
    struct interval ci95, ci90; /* of the ratio */
    double t_ratio;             /* cross-check: paired t */
    struct interval t_ci95, t_ci90;
    double spread_ratio; /* MAD of service / MAD of baseline, of ln values; NAN */
    enum verdict verdict;
    bool beyond_margin; /* SLOWER or FASTER by more than the margin */
    bool negligible;    /* different and equivalent at once */
    bool late; /* INVALID because of the generator's lateness at this percentile */
    bool reaches_errors; /* a percentile that is longer than any number in some trial */
    int blocks_needed;   /* INCONCLUSIVE: n* that would probably decide; 0 unknown */
    char why[LOAD_REASON_BYTES]; /* for the last verdicts, "unstable: …" for an
                                  * INCONCLUSIVE of that kind, "" otherwise */
};

struct service_finding {
    bool overloaded; /* in any of its ok trials */
    int trials_overloaded;
    int trials_ok, trials_failed, trials_invalid;
    int trials_repeated; /* spoilt by the machine, and run again; not in the above */
    bool answers_vary;   /* from one trial to another */
    bool answers_differ; /* from the baseline's, and both do not vary */
    char answers_why[RESULT_TEXT_BYTES];
    double error_share;          /* worst trial */
    char why[RESULT_TEXT_BYTES]; /* first reason, failures before invalidity, or "";
                                  * "in block 3: the service died" */
};

struct comparisons {
    struct cell_value *cells; /* [service * METRICS + metric] */
    struct comparison *items; /* for each service but the baseline, each metric */
    int count;
    struct service_finding *findings; /* by service */
};

void compare_result(const struct result *result, struct comparisons *out);
void comparisons_fini(struct comparisons *comparisons);

/* Whether a failed or an invalid trial of the service spoils the metric: a failed one
 * does with every metric, an invalid one with those of the load. */
bool compare_is_spoilt(const struct service_finding *found, enum metric metric);

/* NULL when service is the baseline. */
const struct comparison *comparisons_find(const struct comparisons *all, int service,
                                          enum metric metric);

#endif
