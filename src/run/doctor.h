/*
 * doctor: what on this machine will spoil a measurement, what it does, and what mends it.
 * Looking (doctor_look) and judging (doctor_judge, pure) are apart, so that every
 * sentence can be tested on machines that are not there.
 */
#ifndef DRAGSTRIP_RUN_DOCTOR_H
#define DRAGSTRIP_RUN_DOCTOR_H

#include "base/stop.h"
#include "sys/env.h"

#include <stdbool.h>

struct doctor_facts {
    struct env_machine machine;
    struct env_tuning tuning;
    uint64_t open_files_hard;
    int cores_for_service, cores_for_generator; /* CPUs of each; shared: the same ones */
    bool cpus_shared;
    double busy_share;  /* of all CPUs, while nothing of ours ran; 0…1 */
    double steal_share; /* in the same second */
};

/* Takes a second, to see what else runs. */
void doctor_look(struct doctor_facts *out, atomic_int *stop);

enum doctor_level { DOCTOR_GOOD, DOCTOR_UNKNOWN, DOCTOR_BAD };

enum { DOCTOR_TEXT = 256, DOCTOR_FINDINGS_MAX = 16 };

struct doctor_finding {
    enum doctor_level level;
    const char *what;        /* "open files" */
    char found[DOCTOR_TEXT]; /* "1024" */
    const char *effect;      /* what it does to a measurement; NULL when it is good */
    const char *remedy;      /* a command, or a sentence; NULL when it is good */
};

/* Fills findings in a fixed order; how many. */
int doctor_judge(const struct doctor_facts *facts,
                 struct doctor_finding out[DOCTOR_FINDINGS_MAX]);

#endif
