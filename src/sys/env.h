/*
 * env: facts about the machine that belong beside every result.
 */
#ifndef DRAGSTRIP_SYS_ENV_H
#define DRAGSTRIP_SYS_ENV_H

#include <stdint.h>

enum { ENV_TEXT = 128 };

struct env_machine {
    char cpu_model[ENV_TEXT];
    char kernel[ENV_TEXT];
    char governor[ENV_TEXT];           /* "" when the machine does not say */
    char congestion_control[ENV_TEXT]; /* of new TCP sockets */
    char clock_source[ENV_TEXT];
    char mitigations[ENV_TEXT]; /* how many vulnerabilities are mitigated, in words */
    int cpus_allowed;
    int64_t memory_bytes;
    double load_1min;
    uint64_t open_files_max; /* RLIMIT_NOFILE, soft, after env_raise_files */
};

void env_read_machine(struct env_machine *out);

/* A variable of our own environment; NULL when it is not set, or empty. */
const char *env_variable(const char *name);

/* Of new TCP sockets; "" when it cannot be read. */
void env_congestion_control(char out[ENV_TEXT]);

/* Settings that can be changed and matter to a measurement. "" or 0: not to be read. */
struct env_tuning {
    char turbo[ENV_TEXT];      /* "on", "off" */
    char smt[ENV_TEXT];        /* "on", "off" */
    char huge_pages[ENV_TEXT]; /* transparent: "always", "madvise", "never" */
    int port_first, port_last; /* of connections that do not choose theirs */
};

void env_read_tuning(struct env_tuning *out);

/* Raises the soft limit of open files to the hard one, and where `wanted` is more, the
 * hard one, too, if that is allowed; the limit in force. */
uint64_t env_raise_files(uint64_t wanted);

/* Timer slack of the calling thread: 1 ns, so that sleeps end when asked. */
void env_sharpen_timers(void);

#endif
