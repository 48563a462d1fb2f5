/*
 * live_race: the live figures of a whole race, served to Prometheus while it runs: one
 * set of counters a service, which go on from trial to trial, and where the race is. What
 * tells how things stand now (in flight, queued, lag, achieved rate) is 0 for a service
 * that is not loaded: nothing is under way.
 */
#ifndef DRAGSTRIP_RUN_LIVE_RACE_H
#define DRAGSTRIP_RUN_LIVE_RACE_H

#include "run/exporter.h"
#include "run/race.h"

struct live_race;

/* address as exporter_start's. NULL: err says why. The plan must outlive it. */
struct live_race *live_race_start(const char *address, const struct plan *plan,
                                  struct error *err);

/* From the race's watcher; the race must be asked for figures (race.h). */
void live_race_moment(struct live_race *live, const struct race_moment *moment);

void live_race_stop(struct live_race *live); /* NULL is allowed */

#endif
