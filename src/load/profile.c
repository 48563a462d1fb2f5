/*
 * The forms are read by one function each; a new form is one function and a line in
 * `forms`. All arithmetic is on counts of requests, never on sums of gaps: with a
 * constant rate profile_reach is a single division, and no rounding adds up.
 */
#include "load/profile.h"

#include <math.h>

#include "base/units.h"
#include "load/profile_times.h"

static double piece_count(const struct profile_piece *piece)
{
    return (piece->from_hz + piece->to_hz) / 2 * piece->length_ns / 1e9;
}

void profile_constant(struct profile *profile, double rate_hz)
{
    *profile =
        (struct profile){.pieces = {{(double)INFINITY, rate_hz, rate_hz}}, .count = 1};
}

static void add_piece(struct profile *profile, double length_ns, double from_hz,
                      double to_hz)
{
    profile->pieces[profile->count++] = (struct profile_piece){length_ns, from_hz, to_hz};
}

/* ---- reading ---- */

struct form {
    const char *name;
    const char *usage;
    bool (*read)(struct str text, int64_t warmup_ns, int64_t duration_ns,
                 struct profile *out);
};

/* Cuts the part up to the separator off the front; false when there is none left. */
static bool cut(struct str *rest, char separator, struct str *part)
{
    if (!rest->ptr)
        return false;
    const char *at = memchr(rest->ptr, separator, rest->len);
    part->ptr = rest->ptr;
    part->len = at ? (size_t)(at - rest->ptr) : rest->len;
    *rest = at ? (struct str){at + 1, rest->len - part->len - 1} : (struct str){NULL, 0};
    return true;
}

static bool read_rate(struct str text, double *out)
{
    return units_parse_count(text, out) && *out > 0;
}

static bool read_ramp(struct str text, int64_t warmup_ns, int64_t duration_ns,
                      struct profile *out)
{
    double from, to;
    const char *dots = memmem(text.ptr, text.len, "..", 2);
    size_t len = dots ? (size_t)(dots - text.ptr) : 0;
    if (!dots || !read_rate((struct str){text.ptr, len}, &from) ||
        !read_rate((struct str){dots + 2, text.len - len - 2}, &to))
        return false;
    if (warmup_ns > 0)
        add_piece(out, (double)warmup_ns, from, from);
    add_piece(out, (double)duration_ns, from, to);
    return true;
}

static bool read_steps(struct str text, int64_t warmup_ns, int64_t duration_ns,
                       struct profile *out)
{
    double rates[PROFILE_PIECES_MAX];
    int count = 0;
    for (struct str part; cut(&text, ',', &part); count++) {
        if (count == PROFILE_PIECES_MAX - 1 || !read_rate(part, &rates[count]))
            return false;
    }
    for (int i = 0; i < count; i++) {
        if (i == 0 && warmup_ns > 0)
            add_piece(out, (double)warmup_ns, rates[0], rates[0]);
        add_piece(out, (double)duration_ns / count, rates[i], rates[i]);
    }
    return count > 0;
}

struct burst {
    double base, peak;
    int64_t on_ns, period_ns;
};

static bool read_burst_part(struct str part, struct burst *burst)
{
    struct str name;
    if (!cut(&part, '=', &name) || !part.ptr)
        return false;
    if (str_eq(name, STR("base")))
        return read_rate(part, &burst->base);
    if (str_eq(name, STR("peak")))
        return read_rate(part, &burst->peak);
    if (str_eq(name, STR("on")))
        return units_parse_duration(part, &burst->on_ns);
    return str_eq(name, STR("period")) && units_parse_duration(part, &burst->period_ns);
}

/* The peaks are in step with the measured time; a warm-up that is no whole number of
 * periods begins within one. */
static bool read_burst(struct str text, int64_t warmup_ns, int64_t duration_ns,
                       struct profile *out)
{
    struct burst burst = {0};
    (void)duration_ns;
    for (struct str part; cut(&text, ',', &part);) {
        if (!read_burst_part(part, &burst))
            return false;
    }
    if (burst.base <= 0 || burst.peak <= 0 || burst.on_ns <= 0 ||
        burst.period_ns <= burst.on_ns || warmup_ns % burst.period_ns != 0)
        return false;
    add_piece(out, (double)burst.on_ns, burst.peak, burst.peak);
    add_piece(out, (double)(burst.period_ns - burst.on_ns), burst.base, burst.base);
    out->repeats = true;
    return true;
}

static const struct form forms[] = {
    {"burst",
     "burst:base=20k,peak=60k,on=200ms,period=1s, with a warm-up of whole periods",
     read_burst},
    {"ramp", "ramp:5k..50k", read_ramp},
    {"steps", "steps:5k,10k,20k", read_steps},
};

enum { FORMS = sizeof(forms) / sizeof(forms[0]) };

static bool read_form(const struct form *form, struct str text, int64_t warmup_ns,
                      int64_t duration_ns, struct profile *out, struct error *err)
{
    struct profile profile = {.count = 0};
    if (!form->read(text, warmup_ns, duration_ns, &profile))
        return error_set(err, "'%s:%.*s' is not a rate over time; write %s", form->name,
                         (int)text.len, text.ptr, form->usage);
    *out = profile;
    return true;
}

bool profile_parse(const char *text, int64_t warmup_ns, int64_t duration_ns,
                   struct profile *out, struct error *err)
{
    double rate_hz;
    struct str name, rest = str_of(text);
    if (read_rate(rest, &rate_hz)) {
        profile_constant(out, rate_hz);
        return true;
    }
    cut(&rest, ':', &name);
    for (size_t i = 0; rest.ptr && i < FORMS; i++) {
        if (str_eq(name, str_of(forms[i].name)))
            return read_form(&forms[i], rest, warmup_ns, duration_ns, out, err);
    }
    return error_set(err,
                     "'%s' is not a rate; write 500, 20k, 1.5M, burst:…, ramp:…, steps:… "
                     "or max",
                     text);
}

/* ---- reading off ---- */

/* The piece after the cursor's; false: there is none, the last one's rate stays. */
static bool next_piece(const struct profile *profile, struct profile_cursor *cursor)
{
    const struct profile_piece *piece = &profile->pieces[cursor->piece];
    if (cursor->piece + 1 == profile->count && !profile->repeats)
        return false;
    cursor->start_ns += piece->length_ns;
    cursor->start_count += piece_count(piece);
    cursor->piece = (cursor->piece + 1) % profile->count;
    return true;
}

/* Time within the piece at which `count` requests of it are due. With a slope that is the
 * root of from*t + slope*t^2/2 = count, written so that a slope near 0 loses no digits.
 */
static double time_within(const struct profile_piece *piece, double count)
{
    if (piece->from_hz == piece->to_hz)
        return count * 1e9 / piece->from_hz;
    double seconds = piece->length_ns / 1e9;
    double slope = (piece->to_hz - piece->from_hz) / seconds;
    double root = sqrt(fmax(piece->from_hz * piece->from_hz + 2 * slope * count, 0));
    return 2 * count / (piece->from_hz + root) * 1e9;
}

double profile_reach(const struct profile *profile, struct profile_cursor *cursor,
                     double count)
{
    if (profile->times_ns)
        return count < (double)profile->time_count ? profile->times_ns[(size_t)count]
                                                   : (double)INFINITY;
    for (;;) {
        const struct profile_piece *piece = &profile->pieces[cursor->piece];
        double within = count - cursor->start_count;
        if (within < piece_count(piece))
            return cursor->start_ns + time_within(piece, within);
        if (!next_piece(profile, cursor)) /* past the end: the last rate stays */
            return cursor->start_ns + piece->length_ns +
                   (within - piece_count(piece)) * 1e9 / piece->to_hz;
    }
}

double profile_count(const struct profile *profile, double to_ns)
{
    struct profile_cursor at = {0};
    if (profile->times_ns)
        return (double)profile_times_before(profile, to_ns);
    for (;;) {
        const struct profile_piece *piece = &profile->pieces[at.piece];
        double within = to_ns - at.start_ns;
        if (within < piece->length_ns) {
            double slope = isinf(piece->length_ns)
                               ? 0
                               : (piece->to_hz - piece->from_hz) / piece->length_ns;
            double rate_hz = piece->from_hz + slope * within / 2;
            return at.start_count + rate_hz * within / 1e9;
        }
        if (!next_piece(profile, &at))
            return at.start_count + piece_count(piece) +
                   (within - piece->length_ns) * piece->to_hz / 1e9;
    }
}
