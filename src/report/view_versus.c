#include "report/view_versus.h"

#include <math.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#include "base/mem.h"
#include "report/view_parts.h"

static void set_value(const struct versus_side *side, enum metric metric,
                      char out[FIGURE_BYTES])
{
    const struct cell_value *cell = &side->found->cells[side->service * METRICS + metric];
    figure_value(cell->thin_tail ? (double)NAN : cell->median, metric,
                 compare_errors_above(side->result, side->service), out);
}

static void add_row(struct view *view, const struct versus *versus, enum metric metric)
{
    struct view_row *row = &view->rows[view->row_count++];
    const struct versus_item *item = &versus->items[metric];
    row->label = metric_infos[metric].label;
    set_value(&versus->before, metric, row->values[0]);
    set_value(&versus->after, metric, row->values[1]);
    figure_difference(item->ratio, item->ci95, row->differences[0].ratio);
    snprintf(row->differences[0].verdict, FIGURE_BYTES, "not judged");
}

/* The deepest percentile that there is, first; then what it costs. */
static void add_headline(struct view *view, const struct versus *versus)
{
    static const enum metric order[] = {METRIC_P99, METRIC_P95, METRIC_P50, METRIC_CPU};
    struct buf detail;
    buf_init(&detail, 1024);
    for (size_t i = 0; i < sizeof(order) / sizeof(order[0]); i++) {
        char ratio[FIGURE_BYTES];
        const struct versus_item *item = &versus->items[order[i]];
        if (!isnan(item->ratio))
            buf_format(&detail, "%s%s %s", detail.len ? "; " : "",
                       metric_infos[order[i]].name,
                       figure_difference(item->ratio, item->ci95, ratio));
    }
    view->verdicts[view->verdict_count++] = (struct view_verdict){
        .service = versus->after.result->services[versus->after.service].name,
        .word = "NO VERDICT",
        .tone = TONE_OPEN,
        .detail = mem_copy_text(detail.len ? buf_text(&detail)
                                           : versus->items[METRIC_P99].why)};
    buf_fini(&detail);
}

/* Metrics with the same reason share a line. */
static void add_whys(struct view *view, const struct versus *versus)
{
    for (int metric = 0; metric < METRICS; metric++) {
        struct buf names;
        const char *why = versus->items[metric].why;
        bool said = !*why;
        buf_init(&names, 1024);
        for (int i = 0; i < METRICS && *why; i++) {
            bool same = strcmp(versus->items[i].why, why) == 0;
            said |= same && i < metric;
            if (same)
                buf_format(&names, "%s%s", names.len ? ", " : "", metric_infos[i].name);
        }
        if (!said)
            lines_add(&view->doubts, "No ratio of %s: %s.", buf_text(&names), why);
        buf_fini(&names);
    }
}

static void add_fact(struct view *view, const char *which, const struct versus_side *side)
{
    char stamp[32] = "at an unknown time";
    const struct result *result = side->result;
    struct tm utc;
    time_t at = result->trial_count > 0 ? (time_t)result->trials[0].started_unix : 0;
    if (at > 0 && gmtime_r(&at, &utc))
        strftime(stamp, sizeof(stamp), "%Y-%m-%d %H:%M:%S UTC", &utc);
    lines_add(&view->facts, "%s: %s, %s, dragstrip %s, seed %llu, sha256 of the plan %s",
              which, result->name ? result->name : "a race", stamp,
              result->version ? result->version : "of unknown version",
              (unsigned long long)result->seed, result->plan_hash);
    lines_add(&view->facts, "%s: %s", which, result->services[side->service].command);
}

void view_init_versus(struct view *view, const struct versus *versus)
{
    const struct result *before = versus->before.result, *after = versus->after.result;
    const char *baseline = after->services[after->baseline].name;
    *view =
        (struct view){.title = mem_format("%s, before and after",
                                          after->services[versus->after.service].name),
                      .setting = mem_format("%d blocks before, %d after",
                                            result_blocks(before), result_blocks(after)),
                      .columns = {"before", "after"},
                      .column_count = 2};
    for (int metric = 0; metric < METRICS; metric++)
        add_row(view, versus, (enum metric)metric);
    view->legend = versus->anchored
                       ? mem_format("Medians over the trials. Ratios are after / before "
                                    "of the ratio to %s within each block, so that what "
                                    "the machine did to both is out of them "
                                    "(Hodges-Lehmann of two samples, 95%% interval of "
                                    "the rank sum).",
                                    baseline)
                       : mem_copy_text("Medians over the trials. Ratios are after / "
                                       "before (Hodges-Lehmann of two samples, 95% "
                                       "interval of the rank sum); what the machine did "
                                       "in between is in them.");
    lines_add(&view->doubts,
              "Two races are one observation each: the intervals are of what changes "
              "within them, and how much a service changes from race to race is not "
              "known. For a verdict race both builds in one plan.");
    add_headline(view, versus);
    add_whys(view, versus);
    if (strcmp(before->plan_hash, after->plan_hash) != 0)
        lines_add(&view->doubts, "The texts of the two plans differ.");
    add_fact(view, "before", &versus->before);
    add_fact(view, "after", &versus->after);
}
