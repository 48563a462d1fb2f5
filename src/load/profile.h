/*
 * profile: the offered rate over the time of a run, as pieces on which it changes
 * linearly. Pure. The law of the arrivals (constant gaps or Poisson) is another matter:
 * schedule.h brings both together.
 *
 *   20k                                            one rate
 *   burst:base=20k,peak=60k,on=200ms,period=1s     peak for `on` as each period begins
 *   ramp:5k..50k                                   linear over the measured time
 *   steps:5k,10k,20k                               equal parts of the measured time
 *
 * Before the measured time (the warm-up) a ramp or steps hold their first rate. A profile
 * may also be a list of times, one a request (profile_parse_times).
 */
#ifndef DRAGSTRIP_LOAD_PROFILE_H
#define DRAGSTRIP_LOAD_PROFILE_H

#include "base/error.h"
#include "base/str.h"

enum { PROFILE_PIECES_MAX = 64 };

struct profile_piece {
    double length_ns; /* INFINITY: to the end */
    double from_hz, to_hz;
};

struct profile {
    struct profile_piece pieces[PROFILE_PIECES_MAX];
    int count;        /* at least 1 */
    bool repeats;     /* after the last piece comes the first; otherwise its rate stays */
    double *times_ns; /* owned; NULL: the pieces count. Otherwise time_count due times
                       * from the start of the run, in order, and there are no pieces */
    size_t time_count;
};

void profile_fini(struct profile *profile); /* of one with times; others own nothing */

/*
 * text: one time a line, in seconds, with or without a fraction; empty lines and lines
 * that begin with '#' are passed over, and what follows the number after a blank or comma
 * is ignored. The earliest is the start. Any order.
 */
bool profile_parse_times(struct str text, struct profile *out, struct error *err);

void profile_constant(struct profile *profile, double rate_hz);

/* Reads one of the forms above for a run of warmup_ns + duration_ns. */
bool profile_parse(const char *text, int64_t warmup_ns, int64_t duration_ns,
                   struct profile *out, struct error *err);

/* How many requests are due in [0, to_ns), on average: the integral of the rate. */
double profile_count(const struct profile *profile, double to_ns);

/* A place in a profile, which only moves forward. */
struct profile_cursor {
    int piece;
    double start_ns;    /* of the piece */
    double start_count; /* of requests before it */
};

/* When the integral of the rate reaches count (of a list: the time number `count`,
 * whole); INFINITY if never. count must not fall from one call to the next. */
double profile_reach(const struct profile *profile, struct profile_cursor *cursor,
                     double count);

#endif
