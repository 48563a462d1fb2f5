/*
 * The first lines of a report: one per compared service, from the tail inwards. The
 * headline is the deepest percentile that p99 or less can answer for; an open loop's
 * throughput is given by the plan, a closed loop's is the question itself.
 */
#include <math.h>

#include "base/mem.h"
#include "report/view_parts.h"

struct headline {
    const struct result *result;
    const struct comparisons *comparisons;
    int service;
    const struct comparison *main; /* whose verdict is the line's */
    bool main_shown;               /* its ratio is in the line */
};

static bool is_answer(const struct comparison *c)
{
    return c->verdict <= VERDICT_INCONCLUSIVE;
}

static bool differs(const struct comparison *c)
{
    return (c->verdict == VERDICT_FASTER || c->verdict == VERDICT_SLOWER) &&
           !c->negligible;
}

/* First metric that has an answer, or whose answer is its errors; without one, the first
 * metric. */
static const struct comparison *choose(const struct result *result,
                                       const struct comparisons *comparisons, int service)
{
    static const enum metric order[] = {METRIC_THROUGHPUT, METRIC_P99, METRIC_P95,
                                        METRIC_P90, METRIC_P50};
    size_t first = isnan(result->params.rate) ? 0 : 1;
    for (size_t i = first; i < sizeof(order) / sizeof(order[0]); i++) {
        const struct comparison *c = comparisons_find(comparisons, service, order[i]);
        /* Errors in the tail are no reason to be judged by an easier percentile. */
        if (is_answer(c) || c->reaches_errors)
            return c;
    }
    return comparisons_find(comparisons, service, order[first]);
}

static void add_part(struct buf *out, const char *text)
{
    buf_format(out, "%s%s", out->len ? "; " : "", text);
}

static void add_main(const struct headline *line, struct buf *out)
{
    char ratio[FIGURE_BYTES];
    const struct comparison *c = line->main;
    buf_format(out, "%s %s", metric_infos[c->metric].name,
               figure_difference(c->ratio, c->ci95, ratio));
    if (c->negligible)
        buf_format(out, ", different, but within %g%%",
                   compare_margin(line->result, c->metric) * 100);
    if (c->verdict == VERDICT_INCONCLUSIVE && c->blocks_needed > SIGNED_RANK_MAX)
        buf_format(out, ", more than %d blocks would decide", SIGNED_RANK_MAX);
    else if (c->verdict == VERDICT_INCONCLUSIVE && c->blocks_needed)
        buf_format(out, ", about %d blocks would decide", c->blocks_needed);
}

/* A latency that goes the other way than the headline says so in a word. */
static void add_others(const struct headline *line, struct buf *out)
{
    static const enum metric others[] = {METRIC_P99, METRIC_P50, METRIC_THROUGHPUT,
                                         METRIC_CPU, METRIC_RSS};
    for (size_t i = 0; i < sizeof(others) / sizeof(others[0]); i++) {
        char ratio[FIGURE_BYTES];
        const struct comparison *c =
            comparisons_find(line->comparisons, line->service, others[i]);
        if (!differs(c) || (line->main_shown && c == line->main))
            continue;
        bool cost = c->metric == METRIC_CPU || c->metric == METRIC_RSS;
        buf_format(out, "%s%s %s%s%s", out->len ? "; " : "", metric_infos[c->metric].name,
                   figure_ratio(c->ratio, ratio),
                   cost || c->verdict == line->main->verdict ? "" : " ",
                   cost || c->verdict == line->main->verdict ? ""
                   : c->verdict == VERDICT_FASTER            ? "FASTER"
                                                             : "SLOWER");
    }
}

static void add_overload(const struct headline *line, struct buf *out)
{
    char rate[FIGURE_BYTES];
    int sides[] = {line->service, line->result->baseline};
    for (size_t i = 0; i < 2; i++) {
        const struct cell_value *cells = &line->comparisons->cells[sides[i] * METRICS];
        if (!line->comparisons->findings[sides[i]].overloaded)
            continue;
        char *offered = view_offered(line->result);
        const struct service_finding *found = &line->comparisons->findings[sides[i]];
        buf_format(out, "%s%s could not hold %s in %d of %d trials: %s at worst",
                   out->len ? "; " : "", line->result->services[sides[i]].name, offered,
                   found->trials_overloaded, found->trials_ok,
                   figure_rate(cells[METRIC_THROUGHPUT].low, rate));
        mem_free(offered);
    }
}

static const char *word_of(const struct comparison *c, enum view_tone *tone)
{
    static const struct {
        const char *word;
        enum view_tone tone;
    } words[] = {
        [VERDICT_FASTER] = {"FASTER", TONE_GOOD},
        [VERDICT_SLOWER] = {"SLOWER", TONE_BAD},
        [VERDICT_EQUIVALENT] = {"EQUIVALENT", TONE_SAME},
        [VERDICT_INCONCLUSIVE] = {"INCONCLUSIVE", TONE_OPEN},
        [VERDICT_NOT_ESTIMABLE] = {"NO VERDICT", TONE_OPEN},
        [VERDICT_OVERLOADED] = {"OVERLOADED", TONE_ALARM},
        [VERDICT_INVALID] = {"INVALID", TONE_ALARM},
        [VERDICT_NONE] = {"NO VERDICT", TONE_OPEN},
    };
    *tone = c->negligible ? TONE_SAME : words[c->verdict].tone;
    return words[c->verdict].word;
}

static void add_verdict(struct view *view, const struct result *result,
                        const struct comparisons *comparisons, int service)
{
    struct buf detail;
    struct view_verdict *out = &view->verdicts[view->verdict_count++];
    struct headline line = {result, comparisons, service,
                            choose(result, comparisons, service), false};
    buf_init(&detail, 2048);
    if (line.main->verdict == VERDICT_OVERLOADED) {
        add_overload(&line, &detail);
    } else if (is_answer(line.main)) {
        line.main_shown = true;
        add_main(&line, &detail);
    } else {
        add_part(&detail, line.main->why);
    }
    if (line.main->verdict != VERDICT_INVALID)
        add_others(&line, &detail);
    out->service = result->services[service].name;
    out->word = word_of(line.main, &out->tone);
    out->detail = mem_copy_text(buf_text(&detail));
    buf_fini(&detail);
}

void view_add_verdicts(struct view *view, const struct result *result,
                       const struct comparisons *comparisons)
{
    for (int i = 1; i < view->column_count; i++)
        add_verdict(view, result, comparisons, view->services[i]);
}
