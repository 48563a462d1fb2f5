/*
 * Why a metric has no verdict, and what would give it one. Metrics with the same reason
 * share a line; INVALID trials and OVERLOADED have theirs among the doubts already.
 */
#include <string.h>

#include "report/view_parts.h"

static bool has_reason(const struct comparison *c)
{
    return c->why[0] && (view_shows_ratio(c) || c->late);
}

static void say_reason(struct view *view, const struct comparisons *comparisons,
                       int column, const struct comparison *first)
{
    struct buf names;
    buf_init(&names, 1024);
    for (int metric = 0; metric < METRICS; metric++) {
        const struct comparison *c =
            comparisons_find(comparisons, view->services[column], (enum metric)metric);
        if (!has_reason(c) || strcmp(c->why, first->why) != 0)
            continue;
        if (c->metric < first->metric) { /* said with the earlier one */
            buf_fini(&names);
            return;
        }
        buf_format(&names, "%s%s", names.len ? ", " : "", metric_infos[metric].name);
    }
    lines_add(&view->doubts, "%s, no verdict on %s: %s.", view->columns[column],
              buf_text(&names), first->why);
    buf_fini(&names);
}

static void say_blocks(struct view *view, const struct comparisons *comparisons,
                       int column)
{
    struct buf text;
    buf_init(&text, 1024);
    for (int metric = 0; metric < METRICS; metric++) {
        const struct comparison *c =
            comparisons_find(comparisons, view->services[column], (enum metric)metric);
        bool many = c->blocks_needed > SIGNED_RANK_MAX;
        if (c->blocks_needed)
            buf_format(
                &text, "%s%s%d for %s", text.len ? ", " : "", many ? "more than " : "",
                many ? SIGNED_RANK_MAX : c->blocks_needed, metric_infos[metric].name);
    }
    if (text.len)
        lines_add(&view->doubts,
                  "%s is INCONCLUSIVE in part; blocks that would probably decide: %s.",
                  view->columns[column], buf_text(&text));
    buf_fini(&text);
}

void view_add_undecided(struct view *view, const struct result *result,
                        const struct comparisons *comparisons)
{
    (void)result;
    for (int column = 1; column < view->column_count; column++) {
        for (int metric = 0; metric < METRICS; metric++) {
            const struct comparison *c = comparisons_find(
                comparisons, view->services[column], (enum metric)metric);
            if (has_reason(c))
                say_reason(view, comparisons, column, c);
        }
        say_blocks(view, comparisons, column);
    }
}
