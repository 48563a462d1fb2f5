/*
 * plan: the YAML file of a race, read and checked. Every fault names file, line and
 * remedy
 * ("plan.yaml:12: unknown key 'rte' in load; did you mean 'rate'?"). Paths in a plan are
 * relative to the plan's own folder; commands run in the folder where dragstrip runs.
 */
#ifndef DRAGSTRIP_RUN_PLAN_H
#define DRAGSTRIP_RUN_PLAN_H

#include "run/generate.h"

enum { PLAN_SERVICES_MAX = 8, PLAN_LIST_MAX = 64 };

struct plan_list { /* of strings; NULL-terminated for exec */
    char *items[PLAN_LIST_MAX + 1];
    int count;
};

struct plan_service {
    char *name;             /* [A-Za-z0-9._-]{1,40}, not beginning with '.' */
    char *build;            /* shell command, or NULL */
    struct plan_list needs; /* programs in PATH without which it is skipped */
    struct plan_list
        command; /* a list, or one string split at white space; empty: a URL only */
    struct plan_list env; /* NAME=value */
    char *url;            /* http://host:port/path that is loaded */
    char *ready;          /* path of the readiness probe, default /healthz */
    int line;             /* in the plan */
};

struct plan_services { /* in the plan's order */
    struct plan_service items[PLAN_SERVICES_MAX];
    int count;
};

enum { PLAN_BODIES_MAX = 64 };

struct plan_bodies {                   /* texts or files, read */
    struct str items[PLAN_BODIES_MAX]; /* heap */
    int count;
};

struct plan_weights {
    double items[PLAN_BODIES_MAX];
    int count;
};

struct plan_expected {                         /* the same, or digests */
    struct expect_body items[PLAN_BODIES_MAX]; /* heap */
    int count;
};

struct plan_load {
    char *rate;      /* as generate.h reads it; a replay's file as resolved */
    int connections; /* 64 */
    int threads;     /* 1 */
    int64_t duration_ns, warmup_ns, timeout_ns;
    enum arrivals arrivals;   /* default poisson */
    char *method;             /* POST with a body, otherwise GET */
    struct plan_list headers; /* "Name: value" */
    struct plan_bodies bodies;
    struct plan_weights weights;
    char *expect; /* statuses of good answers; NULL: 2xx and 3xx */
    struct plan_expected expected;
    struct plan_list masks;
    struct plan_list resolve;
    char *ca_file;
    bool insecure;
    int line; /* in the plan */
};

struct plan {
    char *path;
    char *text;          /* whole file */
    char *name;          /* default: the file's base name */
    char *title;         /* default: name */
    int baseline;        /* index of services; default 0 */
    char *baseline_name; /* as written, NULL */
    int baseline_line;
    struct plan_services services;
    struct plan_load load;
    int blocks;    /* 10; at least 1, below 6 no verdict is possible */
    uint64_t seed; /* 1 */
    double margin_latency, margin_tail;    /* .05 and .10; written "5%" */
    double error_limit, steal_limit;       /* shares: .01 and .05 */
    int64_t ready_limit_ns, stop_limit_ns; /* 30 s each */
    char *service_cpus, *generator_cpus;   /* NULL: found from the topology */
};

bool plan_read(const char *path, struct plan *out, struct error *err);

/* Keeps the services of "a,b" alone. The baseline must be among them. */
bool plan_only(struct plan *plan, const char *list, struct error *err);

/* Appends the command as one line; nothing for a URL. */
void plan_command_text(const struct plan_service *service, struct buf *out);

/* What the generator is asked for with this service; views of the plan. */
struct generate_spec plan_spec(const struct plan *plan, int service);

void plan_fini(struct plan *plan);

#endif
