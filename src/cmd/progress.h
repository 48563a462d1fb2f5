/*
 * progress: a race while it runs, on stderr. A terminal gets one line that is redrawn
 * every second; anything else a line for each trial that ended.
 */
#ifndef DRAGSTRIP_CMD_PROGRESS_H
#define DRAGSTRIP_CMD_PROGRESS_H

#include "run/race.h"

struct progress {
    int columns; /* of the terminal on stderr; 0: none */
    bool drawn;  /* the line on the terminal has to be wiped */
};

void progress_init(struct progress *progress);

/* A race_watcher's moment; context is the struct progress. */
void progress_moment(void *context, const struct race_moment *moment);

/* Wipes the live line. */
void progress_fini(struct progress *progress);

#endif
