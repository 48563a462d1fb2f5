#include "report/view.h"

#include <math.h>
#include <stdarg.h>
#include <stdio.h>

#include "base/mem.h"
#include "base/units.h"
#include "report/view_parts.h"

void lines_add(struct view_lines *lines, const char *format, ...)
{
    char text[2048];
    va_list args;
    va_start(args, format);
    vsnprintf(text, sizeof(text), format, args);
    va_end(args);
    lines->items =
        mem_resize(lines->items, (size_t)lines->count + 1, sizeof(*lines->items));
    lines->items[lines->count++] = mem_copy_text(text);
}

char *view_offered(const struct result *result)
{
    char count[UNITS_TEXT_BYTES];
    if (isnan(result->params.rate))
        return mem_copy_text("a closed loop");
    return mem_format("%s requests/s", units_format_count(result->params.rate, count));
}

bool view_shows_ratio(const struct comparison *comparison)
{
    return comparison->verdict != VERDICT_INVALID &&
           comparison->verdict != VERDICT_OVERLOADED;
}

/* Costs are more or less, times faster or slower. */
static const char *different_word(const struct comparison *comparison)
{
    bool cost = comparison->metric == METRIC_CPU || comparison->metric == METRIC_RSS;
    if (comparison->verdict == VERDICT_FASTER)
        return cost ? "LESS" : "FASTER";
    return cost ? "MORE" : "SLOWER";
}

void view_verdict_word(const struct result *result, const struct comparison *comparison,
                       struct view_difference *out)
{
    static const struct {
        const char *word;
        enum view_tone tone;
    } words[] = {
        [VERDICT_FASTER] = {"", TONE_GOOD},
        [VERDICT_SLOWER] = {"", TONE_BAD},
        [VERDICT_EQUIVALENT] = {"EQUIVALENT", TONE_SAME},
        [VERDICT_INCONCLUSIVE] = {"INCONCLUSIVE", TONE_OPEN},
        [VERDICT_NOT_ESTIMABLE] = {"not estimable", TONE_OPEN},
        [VERDICT_OVERLOADED] = {"OVERLOADED", TONE_ALARM},
        [VERDICT_INVALID] = {"INVALID", TONE_ALARM},
        [VERDICT_NONE] = {"no verdict", TONE_PLAIN},
    };
    double margin = compare_margin(result, comparison->metric);
    const char *word = *words[comparison->verdict].word ? words[comparison->verdict].word
                                                        : different_word(comparison);
    out->tone = words[comparison->verdict].tone;
    if (comparison->negligible) {
        snprintf(out->verdict, FIGURE_BYTES, "negligible");
        out->tone = TONE_SAME;
    } else if (comparison->beyond_margin) {
        snprintf(out->verdict, FIGURE_BYTES, "%s by >%g%%", word, margin * 100);
    } else {
        snprintf(out->verdict, FIGURE_BYTES, "%s", word);
    }
    if (!metric_infos[comparison->metric].judged)
        snprintf(out->verdict, FIGURE_BYTES, "not judged");
}

static void add_columns(struct view *view, const struct result *result)
{
    for (int i = 0; i < result->service_count; i++) {
        int service = i == 0 ? result->baseline : i <= result->baseline ? i - 1 : i;
        const struct result_service *of = &result->services[service];
        if (of->control || (i > 0 && of->skipped))
            continue;
        view->services[view->column_count] = service;
        view->columns[view->column_count++] = result->services[service].name;
    }
}

static void add_metric_row(struct view *view, const struct result *result,
                           const struct comparisons *comparisons, enum metric metric)
{
    struct view_row *row = &view->rows[view->row_count++];
    row->label = metric_infos[metric].label;
    for (int i = 0; i < view->column_count; i++) {
        const struct cell_value *cell =
            &comparisons->cells[view->services[i] * METRICS + metric];
        figure_value(cell->thin_tail ? (double)NAN : cell->median, metric,
                     compare_errors_above(result, view->services[i]), row->values[i]);
    }
    for (int i = 1; i < view->column_count; i++) {
        const struct comparison *found =
            comparisons_find(comparisons, view->services[i], metric);
        struct view_difference *difference = &row->differences[i - 1];
        figure_difference(view_shows_ratio(found) ? found->ratio : (double)NAN,
                          found->ci95, difference->ratio);
        view_verdict_word(result, found, difference);
    }
}

/* METHOD 4: an unstable service is a finding of its own, so the spread has a row. */
static void add_spread_row(struct view *view, const struct comparisons *comparisons)
{
    enum metric metric = METRIC_P99;
    for (int i = 0; i < view->column_count; i++) {
        if (comparisons->cells[view->services[i] * METRICS + METRIC_P99].thin_tail)
            metric = METRIC_P50;
    }
    struct view_row *row = &view->rows[view->row_count++];
    row->label = metric == METRIC_P99 ? "spread of p99" : "spread of p50";
    for (int i = 0; i < view->column_count; i++) {
        const struct cell_value *cell =
            &comparisons->cells[view->services[i] * METRICS + metric];
        figure_share(cell->spread, row->values[i]);
    }
    for (int i = 1; i < view->column_count; i++) {
        const struct comparison *found =
            comparisons_find(comparisons, view->services[i], metric);
        figure_ratio(found->spread_ratio, row->differences[i - 1].ratio);
        snprintf(row->differences[i - 1].verdict, FIGURE_BYTES, "not judged");
    }
}

static char *setting_of(const struct result *result)
{
    char run[UNITS_TEXT_BYTES], warmup[UNITS_TEXT_BYTES];
    const struct result_params *params = &result->params;
    int blocks = result_blocks(result);
    char *offered = view_offered(result);
    char *stopped =
        result->stopped_at
            ? mem_format(" (of %d: %s)", result->blocks_planned, result->stop_when)
            : mem_copy_text("");
    char *text = mem_format(
        "%s%s%s%s, %d connection%s, %d block%s%s of %s after %s of warm-up", offered,
        isnan(params->rate) ? "" : " (", isnan(params->rate) ? "" : params->arrivals,
        isnan(params->rate) ? "" : ")", params->connections,
        params->connections == 1 ? "" : "s", blocks, blocks == 1 ? "" : "s", stopped,
        units_format_setting(params->duration_ns, run),
        units_format_setting(params->warmup_ns, warmup));
    mem_free(offered);
    mem_free(stopped);
    return text;
}

static char *legend_of(const struct view *view, const struct result *result)
{
    if (view->column_count < 2)
        return mem_copy_text("Medians over the trials.");
    return mem_format(
        "Medians over the trials. Ratios are service / %s (Hodges-Lehmann over the "
        "blocks) with their 95%% interval. Margins: %g%% for p99, p99.9, cold start and "
        "drain, %g%% for the others. Spread: 1.4826 MAD of the logarithms.",
        view->columns[0], result->margins.tail * 100, result->margins.latency * 100);
}

void view_init(struct view *view, const struct result *result,
               const struct comparisons *comparisons)
{
    const char *title = result->title ? result->title : result->name;
    *view = (struct view){0};
    view->title = mem_copy_text(title ? title : "A race without a name");
    view->setting = setting_of(result);
    add_columns(view, result);
    for (int metric = 0; metric < METRICS; metric++)
        add_metric_row(view, result, comparisons, (enum metric)metric);
    add_spread_row(view, comparisons);
    view->legend = legend_of(view, result);
    view_add_verdicts(view, result, comparisons);
    view_add_gate(view, result, comparisons);
    view_add_noise(view, result, comparisons);
    view_add_doubts(view, result, comparisons);
    view_add_undecided(view, result, comparisons);
    view_add_own(view, result, comparisons);
    view_add_facts(view, result);
}

static void lines_fini(struct view_lines *lines)
{
    for (int i = 0; i < lines->count; i++)
        mem_free(lines->items[i]);
    mem_free(lines->items);
}

void view_fini(struct view *view)
{
    mem_free(view->title);
    mem_free(view->setting);
    mem_free(view->legend);
    for (int i = 0; i < view->verdict_count; i++)
        mem_free(view->verdicts[i].detail);
    for (int i = 0; i < view->gate.count; i++)
        mem_free(view->gate.checks[i].detail);
    mem_free(view->gate.checks);
    mem_free(view->noise);
    lines_fini(&view->doubts);
    lines_fini(&view->own);
    lines_fini(&view->facts);
    *view = (struct view){0};
}
