/*
 * watch: looks at a service at both ends of the measured time, and at the machine around
 * it, and what they say about the trial. Nothing is looked at in between: reading /proc
 * takes CPU time from what is being measured. For the same reason the machine, whose
 * files take milliseconds to read, is looked at shortly before the beginning.
 */
#ifndef DRAGSTRIP_RUN_WATCH_H
#define DRAGSTRIP_RUN_WATCH_H

#include "result/result.h"
#include "run/scrape.h"
#include "run/service.h"
#include "sys/vitals.h"

struct watch_machine {
    struct vitals vitals; /* of the CPUs of the race */
    int64_t ours_ns;      /* CPU time of this process and all that it started */
    uint64_t listeners;   /* procfs_port_listeners of a service given by URL */
    bool known;           /* a container may number CPUs in its own way */
};

/* Its own metrics are read before the machine is looked at, and after all else. */
struct watch_own {
    struct scrape before, after;
    bool has_before, has_after;
    struct error why; /* when one of them is missing */
};

enum watch_step { WATCH_OWN, WATCH_MACHINE, WATCH_BEGIN, WATCH_END, WATCH_OVER };

struct watch { /* zeroed at first */
    enum watch_step next;
    struct watch_machine before, after;
    struct procfs_tree from, to; /* of a service that we started */
    struct watch_own own;        /* of one whose page the plan names */
};

/* Takes the next look. Of a service that is gone nothing is seen. */
void watch_look(struct watch *watch, struct service *service, const cpu_set_t *cpus);

/* When it is due, for a measured time between the two (0: not known yet); INT64_MAX when
 * all are taken. */
int64_t watch_due(const struct watch *watch, int64_t measure_ns, int64_t end_ns);

/* Everything in the trial that the looks can tell; its load result must be there. own:
 * what is wanted of the service's own metrics. */
void watch_fill(const struct watch *watch, const struct service *service,
                const struct observed_rules *own, struct trial *out);

void watch_fini(struct watch *watch);

#endif
