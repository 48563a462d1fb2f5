/*
 * load_live: what `dragstrip load` tells while it runs: a line on the terminal, JSON
 * lines into a file or to standard output (and to race), figures for Prometheus.
 */
#ifndef DRAGSTRIP_CMD_LOAD_LIVE_H
#define DRAGSTRIP_CMD_LOAD_LIVE_H

#include "base/stop.h"
#include "cmd/load_options.h"
#include "run/live.h"

enum { LOAD_LIVE_NONE = -1, LOAD_LIVE_STDOUT = 1 };

struct load_live_view {
    int columns;  /* of the terminal on stderr; 0: none */
    int lines_fd; /* of the JSON lines; LOAD_LIVE_NONE */
    const char *lines_name;
    bool figures;          /* are in the JSON lines, too */
    int64_t figures_lines; /* written so far */
    struct live *page;     /* for Prometheus; NULL: none */
    atomic_int *stop;      /* set when nobody reads the JSON lines any more */
    struct error failure;  /* of writing them; "" */
};

/* Opens what the options ask for. */
bool load_live_init(struct load_live_view *live, const struct load_options *options,
                    atomic_int *stop, struct error *err);

/* Lines to standard output alone; figures are set by the caller once it knows. */
void load_live_init_lines(struct load_live_view *live, atomic_int *stop);

struct load_watcher load_live_watcher(struct load_live_view *live);

/* The last of the JSON lines. */
void load_live_result(struct load_live_view *live, const struct load_result *result);

void load_live_fini(struct load_live_view *live);

#endif
