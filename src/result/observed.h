/*
 * observed: what two scrapes of one service's metrics page say about the time between
 * them. Which series means what is found by the names that instrumentation libraries give
 * (observed_names.c), or told.
 *
 * Counters are differenced series by series. A series that went back or is gone was
 * reset: what it is part of is then unknown, and said to be, instead of made up from what
 * is left of it. Of several samples of one series one counts (observed_series.h).
 */
#ifndef DRAGSTRIP_RESULT_OBSERVED_H
#define DRAGSTRIP_RESULT_OBSERVED_H

#include "result/page.h"
#include "stats/buckets.h"

enum observed_kind {
    OBSERVED_DURATION, /* of requests: a histogram or a summary, seconds */
    OBSERVED_REQUESTS, /* counter, with a label for the status */
    OBSERVED_CPU,      /* counter, seconds */
    OBSERVED_RESIDENT, /* gauge, bytes */
    OBSERVED_FILES,    /* gauge */
    OBSERVED_GC,       /* pauses: a histogram or a summary, seconds */
    OBSERVED_TASKS,    /* gauge: goroutines or threads */
    OBSERVED_START,    /* gauge, Unix time */
    OBSERVED_KINDS
};

/* "duration" … as users name them. */
const char *observed_kind_name(enum observed_kind kind);

struct observed_match {
    struct str name;
    struct str value;
};

enum {
    OBSERVED_MATCHES_MAX = 16,
    OBSERVED_QUANTILES = 4,
    OBSERVED_NOTES_MAX = 12,
    OBSERVED_MORE_MAX = 16
};

struct observed_rules {
    /* Only series of requests with all of these labels are counted. */
    struct observed_match matches[OBSERVED_MATCHES_MAX];
    int match_count;
    const char *names[OBSERVED_KINDS];   /* of metrics; NULL: by convention */
    const char *more[OBSERVED_MORE_MAX]; /* samples that are wanted besides, by name */
    int more_count;
};

/* A counter's increase a second, or a gauge at the second scrape; all series of the name
 * added up. */
struct observed_more {
    char name[128];
    bool is_rate;
    double value;
};

/* 0.5, 0.95, 0.99, 0.999 */
extern const double observed_quantiles[OBSERVED_QUANTILES];

/* Where a number is not known it is NaN, and a note says why. */
struct observed {
    double window_s;
    char names[OBSERVED_KINDS][128]; /* of the metrics that were found; "": none */
    double requests;                 /* within the window */
    double rate;                     /* requests/s */
    double error_share;              /* of status 5xx */
    double mean_s;
    struct bucket_quantile quantiles[OBSERVED_QUANTILES]; /* seconds */
    bool rolling;  /* quantiles are a summary's: over its own time, not the window */
    double cpu;    /* CPUs */
    double cpu_us; /* a request */
    double resident_bytes, files, tasks; /* at the second scrape */
    double gc_pauses, gc_s;
    double gc_longest_s; /* no pause in the window was longer: a bucket's bound */
    bool restarted; /* the process is another one than at the first scrape, or a counter
                     * was reset */
    struct observed_more more[OBSERVED_MORE_MAX];
    int more_count;
    int note_count;
    char notes[OBSERVED_NOTES_MAX][256]; /* sentences */
};

/* seconds: between the two scrapes, by the own clock. */
void observed_between(const struct page *before, const struct page *after, double seconds,
                      const struct observed_rules *rules, struct observed *out);

/* Whether a family of this name means this; its values are to be multiplied by *scale.
 * The i-th name that is known, NULL after the last. */
const char *observed_convention(enum observed_kind kind, int i, double *scale);

/* Of a metric that the user named: as the conventions have it, or by the unit that its
 * name ends with; 1 when that says nothing. */
double observed_scale(enum observed_kind kind, const char *name);

#endif
