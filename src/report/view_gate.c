/*
 * The plan's rules, one line for each and each service: what it says, what was measured,
 * and what follows.
 */
#include <math.h>

#include "base/mem.h"
#include "report/view_parts.h"
#include "result/gate.h"

static const struct {
    const char *word;
    enum view_tone tone;
} words[] = {[GATE_PASSES] = {"PASS", TONE_GOOD},
             [GATE_OPEN] = {"INCONCLUSIVE", TONE_OPEN},
             [GATE_INVALID] = {"INVALID", TONE_ALARM},
             [GATE_BROKEN] = {"BROKEN", TONE_BAD}};

static void add_value(const struct result *result, const struct gate_check *check,
                      struct buf *out)
{
    char value[FIGURE_BYTES], low[FIGURE_BYTES], high[FIGURE_BYTES];
    enum metric metric = (enum metric)check->rule->metric;
    int64_t above_ns = compare_errors_above(result, check->service);
    if (isnan(check->value))
        return;
    if (check->rule->relative)
        buf_format(out, "%s; ", figure_difference(check->value, check->ci95, value));
    else
        buf_format(out, "median %s [%s, %s]; ",
                   figure_value(check->value, metric, above_ns, value),
                   figure_value(check->ci95.low, metric, above_ns, low),
                   figure_value(check->ci95.high, metric, above_ns, high));
}

static char *detail_of(const struct result *result, const struct gate_check *check)
{
    struct buf out;
    buf_init(&out, 1024);
    buf_format(&out, "%s %s: ", check->rule->required ? "require" : "fail_if",
               check->rule->text);
    add_value(result, check, &out);
    buf_add_text(&out, check->why);
    char *text = mem_copy_text(buf_text(&out));
    buf_fini(&out);
    return text;
}

void view_add_gate(struct view *view, const struct result *result,
                   const struct comparisons *comparisons)
{
    struct gate gate;
    gate_apply(result, comparisons, &gate);
    view->gate = (struct view_gate){
        .word = words[gate.status].word,
        .tone = words[gate.status].tone,
        .checks = mem_new((size_t)gate.count, sizeof(*view->gate.checks)),
        .count = gate.count};
    for (int i = 0; i < gate.count; i++) {
        const struct gate_check *check = &gate.checks[i];
        view->gate.checks[i] =
            (struct view_verdict){.service = result->services[check->service].name,
                                  .word = words[check->status].word,
                                  .tone = words[check->status].tone,
                                  .detail = detail_of(result, check)};
    }
    gate_fini(&gate);
}
