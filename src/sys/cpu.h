/*
 * cpu: which CPUs there are for us, and who runs where.
 */
#ifndef DRAGSTRIP_SYS_CPU_H
#define DRAGSTRIP_SYS_CPU_H

#include "base/error.h"
#include "base/str.h"

#include <pthread.h>
#include <sched.h>

struct cpu_plan {
    cpu_set_t service;
    cpu_set_t generator;
    bool shared; /* one CPU only: both sets are the same */
};

/* CPUs that this process may run on. */
void cpu_allowed(cpu_set_t *out);

/*
 * Divides the allowed CPUs by the machine's topology: the generator gets whole physical
 * cores (SMT siblings from /sys stay together), about half of the cores and at least one,
 * from the top; the service gets the rest.
 */
void cpu_divide(struct cpu_plan *out);

/* Whether a CPU of one set is in the other, or shares its physical core (SMT). */
bool cpu_sets_touch(const cpu_set_t *a, const cpu_set_t *b);

/* "0-3,8" both ways. Refuses CPUs that are not allowed. */
bool cpu_parse(const char *text, cpu_set_t *out, struct error *err);
enum { CPU_TEXT_BYTES = 256 };
const char *cpu_format(const cpu_set_t *set, char out[CPU_TEXT_BYTES]);

/* Of the calling thread (and what it starts). False: errno. */
bool cpu_pin(const cpu_set_t *set);

/* Of another thread. */
void cpu_pin_thread(pthread_t thread, const cpu_set_t *set);

#endif
