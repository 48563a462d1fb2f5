#include "result/versus.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

#include "base/buf.h"
#include "result/answers.h"
#include "result/blocks.h"
#include "result/obstacles.h"
#include "stats/rank_sum.h"

/* ---- may they be compared? ---- */

static void note_text(struct buf *out, const char *what, const char *a, const char *b)
{
    if (strcmp(a, b) != 0)
        buf_format(out, "%s%s: '%s' and '%s'", out->len ? "; " : "", what, a, b);
}

static void note_number(struct buf *out, const char *what, double a, double b)
{
    bool same = (isnan(a) && isnan(b)) || (a <= b && a >= b);
    if (!same)
        buf_format(out, "%s%s: %.12g and %.12g", out->len ? "; " : "", what, a, b);
}

static void note_params(struct buf *out, const struct result_params *a,
                        const struct result_params *b)
{
    note_number(out, "requests/s", a->rate, b->rate);
    note_number(out, "connections", a->connections, b->connections);
    note_number(out, "seconds measured", (double)a->duration_ns / 1e9,
                (double)b->duration_ns / 1e9);
    note_number(out, "seconds of warm-up", (double)a->warmup_ns / 1e9,
                (double)b->warmup_ns / 1e9);
    note_text(out, "arrivals", a->arrivals, b->arrivals);
    note_text(out, "request bodies", a->bodies_hash, b->bodies_hash);
}

static void note_machine(struct buf *out, const struct result_machine *a,
                         const struct result_machine *b)
{
    note_text(out, "CPU", a->cpu_model, b->cpu_model);
    note_number(out, "CPUs", a->cpus_allowed, b->cpus_allowed);
    note_number(out, "bytes of memory", (double)a->memory_bytes, (double)b->memory_bytes);
    note_text(out, "CPUs of the services", a->service_cpus, b->service_cpus);
    note_text(out, "CPUs of the generator", a->generator_cpus, b->generator_cpus);
    note_text(out, "kernel", a->kernel, b->kernel);
    note_text(out, "governor", a->governor, b->governor);
    note_text(out, "TCP", a->congestion_control, b->congestion_control);
    note_text(out, "vulnerabilities", a->mitigations, b->mitigations);
}

bool versus_is_comparable(const struct result *before, const struct result *after,
                          struct error *err)
{
    struct buf notes;
    buf_init(&notes, 4000);
    note_params(&notes, &before->params, &after->params);
    note_machine(&notes, &before->machine, &after->machine);
    note_number(&notes, "margin", before->margins.latency, after->margins.latency);
    note_number(&notes, "margin of the tail", before->margins.tail, after->margins.tail);
    note_number(&notes, "limit of errors", before->error_limit, after->error_limit);
    note_number(&notes, "limit of steal", before->steal_limit, after->steal_limit);
    note_number(&notes, "limit of others", before->others_limit, after->others_limit);
    note_text(&notes, "answers", answers_level_names[before->answers],
              answers_level_names[after->answers]);
    if (before->partial || after->partial)
        buf_format(&notes, "%sthe %s ended early", notes.len ? "; " : "",
                   before->partial ? "first" : "second");
    bool good =
        notes.len == 0 ||
        error_set(err, "they are not of one plan on one machine: %s", buf_text(&notes));
    buf_fini(&notes);
    return good;
}

int versus_find(const struct result *after, const char *name)
{
    for (int i = 0; i < after->service_count; i++) {
        if (strcmp(after->services[i].name, name) == 0)
            return i;
    }
    return -1;
}

/* ---- the estimate ---- */

struct values { /* logarithms, one a block; infinite where a value is, or 0 */
    double ln[SIGNED_RANK_MAX];
    size_t n;
    bool finite;
};

static const struct trial *trial_in(const struct blocks *blocks, int service, int i)
{
    return blocks->grid[service * SIGNED_RANK_MAX + i];
}

static void fill_values(const struct versus_side *side, enum metric metric, bool anchored,
                        struct values *out)
{
    struct blocks blocks;
    int baseline = side->result->baseline;
    *out = (struct values){.finite = true};
    blocks_init(&blocks, side->result);
    for (int i = 0; i < SIGNED_RANK_MAX; i++) {
        const struct trial *own = trial_in(&blocks, side->service, i);
        const struct trial *base = trial_in(&blocks, baseline, i);
        double value = own ? compare_value(own, metric) : (double)NAN;
        double by = !anchored ? 1 : base ? compare_value(base, metric) : (double)NAN;
        if (isnan(value) || isnan(by))
            continue;
        double ln = log(value) - log(by);
        out->finite = out->finite && isfinite(ln);
        out->ln[out->n++] = ln;
    }
    blocks_fini(&blocks);
}

static void estimate(const struct values *a, const struct values *b,
                     struct versus_item *out)
{
    out->n[0] = (int)a->n;
    out->n[1] = (int)b->n;
    if (!a->finite || !b->finite) {
        snprintf(out->why, sizeof(out->why), "there is a trial without a number");
        return;
    }
    struct interval ln = rank_sum_interval(a->ln, a->n, b->ln, b->n, .05);
    out->ratio = exp(rank_sum_shift(a->ln, a->n, b->ln, b->n));
    out->ci95 = (struct interval){exp(ln.low), exp(ln.high)};
    if (a->n == 0 || b->n == 0)
        snprintf(out->why, sizeof(out->why), "not measured");
}

/* What spoils the numbers of one side, its baseline's included where that is needed. */
static bool has_obstacle(const struct versus_side *side, enum metric metric,
                         bool anchored, char why[LOAD_REASON_BYTES])
{
    struct comparison found = {.why = ""};
    const int both[] = {side->result->baseline, side->service};
    const struct scope scope = {side->result,
                                side->found,
                                {anchored ? both[0] : both[1], both[1]},
                                anchored ? 2 : 1,
                                metric};
    bool is = obstacle_to_number(&scope, &found);
    if (is)
        snprintf(why, LOAD_REASON_BYTES, "%s", found.why);
    return is;
}

static void compare_metric(struct versus *versus, enum metric metric)
{
    struct values a, b;
    struct versus_item *out = &versus->items[metric];
    *out = (struct versus_item){.ratio = (double)NAN, .ci95 = {(double)NAN, (double)NAN}};
    fill_values(&versus->before, metric, versus->anchored, &a);
    fill_values(&versus->after, metric, versus->anchored, &b);
    if (!has_obstacle(&versus->before, metric, versus->anchored, out->why) &&
        !has_obstacle(&versus->after, metric, versus->anchored, out->why))
        estimate(&a, &b, out);
}

/* Whether both raced the same baseline: by name and by command. */
static bool is_anchored(const struct versus_side *before, const struct versus_side *after)
{
    const struct result_service *a = &before->result->services[before->result->baseline];
    const struct result_service *b = &after->result->services[after->result->baseline];
    return strcmp(a->name, b->name) == 0 && strcmp(a->command, b->command) == 0 &&
           !a->skipped && !b->skipped && before->service != before->result->baseline &&
           after->service != after->result->baseline;
}

void versus_compare(const struct versus_side *before, const struct versus_side *after,
                    struct versus *out)
{
    *out = (struct versus){
        .before = *before, .after = *after, .anchored = is_anchored(before, after)};
    for (int metric = 0; metric < METRICS; metric++)
        compare_metric(out, (enum metric)metric);
}
