/*
 * service: the life of one contestant in one trial: start, ready, measured, stopped.
 * A service given by URL alone is only probed.
 */
#ifndef DRAGSTRIP_RUN_SERVICE_H
#define DRAGSTRIP_RUN_SERVICE_H

#include "base/stop.h"

#include "load/target.h"
#include "run/plan.h"
#include "sys/child.h"
#include "sys/procfs.h"

struct service {
    const struct plan_service *plan;
    const char *log_path;
    struct target target; /* address and host of its URL */
    struct child child;   /* CHILD_NONE for a URL */
    double cold_start_ns; /* exec to first 2xx; NAN for a URL */
    double drain_ns;      /* SIGTERM to exit; NAN for a URL */
    bool killed;          /* it ignored SIGTERM */
};

struct service_limits {
    int64_t ready_ns, stop_ns;
    atomic_int *stop;
    const cpu_set_t *cpus;
    const struct target_options *reach; /* of its URL; NULL: none */
};

/*
 * Starts it with its output in log_path and waits until the probe answers 2xx. False: it
 * is not running any more and err tells command, exit status and the log's last lines.
 */
bool service_start(struct service *service, const struct plan_service *plan,
                   const char *log_path, const struct service_limits *limits,
                   struct error *err);

/* False when it is a URL or has died. */
bool service_sample(struct service *service, struct procfs_tree *out);

/* Whether it is still there (a URL always is). */
bool service_is_alive(struct service *service);

/* "its command exited with status 1; its log ends: …" */
void service_explain_death(struct service *service, struct error *err);

/* SIGTERM, then SIGKILL after the limit or at STOP_NOW; nothing of it is left
 * afterwards. */
void service_stop(struct service *service, const struct service_limits *limits);

#endif
