/*
 * generator: the child process `dragstrip load --spec -` and the JSON lines it writes
 * (DESIGN 3, the first seam).
 */
#ifndef DRAGSTRIP_RUN_GENERATOR_H
#define DRAGSTRIP_RUN_GENERATOR_H

#include "run/figures.h"
#include "run/generate.h"
#include "sys/child.h"

struct generator {
    struct child child;
    int out_fd;                 /* its standard output */
    int errors_fd;              /* its standard error, a memory file */
    struct buf line;            /* incomplete */
    size_t scanned;             /* of it: no newline there */
    int64_t measure_ns, end_ns; /* monotonic; 0 until it said so */
    bool has_window;            /* a live line came since the last call */
    struct load_window window;  /* the last of them */
    bool has_figures;
    struct figures figures; /* the sum of all that the caller has not taken yet */
    int64_t figures_lines;
    json_t *result; /* the final line */
    bool over;      /* end of its output */
};

bool generator_start(struct generator *generator, const char *program,
                     const struct generate_spec *spec, const cpu_set_t *cpus,
                     struct error *err);

/* Reads what there is, waiting until until_ns at most. False: its output is not usable,
 * or figures that the spec asks for were lost on the way. */
bool generator_read(struct generator *generator, int64_t until_ns, struct error *err);

/* Waits for its end (killing it after limit_ns); true when it delivered a result. */
bool generator_finish(struct generator *generator, int64_t until_ns, struct error *err);

void generator_fini(struct generator *generator);

#endif
