/*
 * plan: the YAML file of a race, read and checked. Every fault names file, line and
 * remedy
 * ("plan.yaml:12: unknown key 'rte' in load; did you mean 'rate'?"). Paths in a plan are
 * relative to the plan's own folder; commands run in the folder where dragstrip runs.
 */
#ifndef DRAGSTRIP_RUN_PLAN_H
#define DRAGSTRIP_RUN_PLAN_H

#include "result/compare.h"
#include "result/observed.h"
#include "run/generate.h"
#include "run/plan_document.h"

enum {
    PLAN_SERVICES_MAX = 9, /* with the control */
    PLAN_LIST_MAX = 64
};

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
    char *metrics;        /* path of its metrics page, or NULL: not looked at */
    bool control;         /* the baseline once more */
    char *where;          /* "plan.yaml:12" */
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
    struct plan_list masks; /* of expected bodies, and of answers that are compared */
    struct plan_list resolve;
    char *ca_file;
    bool insecure;
    char *where; /* "plan.yaml:12" */
};

struct plan_stop { /* stop when intervals are narrow enough; METHOD 4 */
    bool wanted;
    enum metric metric;
    double precision; /* half-width of the 95 % interval, as a share */
};

struct plan_gate {
    struct rule rules[RULES_MAX];
    char *where[RULES_MAX];
    int count;
};

struct plan {
    char *path;
    char *text;          /* the whole file; with what it extends and what was set, all of
                          * it as one plan, paths as they were written */
    char *name;          /* default: the file's base name */
    char *title;         /* default: name */
    int baseline;        /* index of services; default 0 */
    char *baseline_name; /* as written, NULL */
    char *baseline_where;
    struct plan_services services;
    struct plan_load load;
    int blocks;    /* 10; at least 1, below 6 no verdict is possible */
    uint64_t seed; /* 1 */
    bool control;  /* race the baseline against itself, too */
    struct plan_stop stop;
    enum answers_level answers; /* how far answers must agree; body */
    struct plan_list metrics;   /* further ones of the services' own pages, by name */
    struct plan_gate gate;
    double margin_latency, margin_tail;            /* .05 and .10; written "5%" */
    double error_limit, steal_limit, others_limit; /* shares: .01, .05 and .10 */
    int64_t ready_limit_ns, stop_limit_ns;         /* 30 s each */
    char *service_cpus, *generator_cpus;           /* NULL: found from the topology */
};

/* settings: "load.rate=5k", over what the file says; NULL: none. */
bool plan_read(const char *path, const struct plan_settings *settings, struct plan *out,
               struct error *err);

/* Keeps the services of "a,b" alone. The baseline must be among them, and whoever a rule
 * names. */
bool plan_only(struct plan *plan, const char *list, struct error *err);

/* Where the plan wants a control: adds the baseline once more, as BASELINE-control. Of a
 * race without a rival it makes one. After plan_only. */
bool plan_add_control(struct plan *plan, struct error *err);

/* Whether the blocks are enough for the gate's rules to say anything, and each rule is
 * about somebody who is raced. After plan_add_control. */
bool plan_check_gate(const struct plan *plan, struct error *err);

/* Index of a service, -1 when it is none. */
int plan_find_service(const struct plan_services *services, const char *name);

void plan_service_fini(struct plan_service *service);

/* Appends the command as one line; nothing for a URL. */
void plan_command_text(const struct plan_service *service, struct buf *out);

/* What the generator is asked for with this service; views of the plan. */
struct generate_spec plan_spec(const struct plan *plan, int service);

/* What is wanted of the services' own metrics; views of the plan. */
struct observed_rules plan_own_rules(const struct plan *plan);

/* The members that are left out where answers are compared; a view of the plan. */
struct jmask plan_mask(const struct plan *plan);

void plan_fini(struct plan *plan);

#endif
