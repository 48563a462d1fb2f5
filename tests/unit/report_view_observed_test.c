/*
 * The table of running services: which rows there are, how their figures are written,
 * whose notes are told, and what stands below.
 */
#include "report/view_observed.h"

#include <math.h>

#include "tap.h"

#define UNKNOWN ((double)NAN)
enum { WINDOWS = 3, SERVICES = 2 };

static const char *const urls[] = {"http://a:1/m", "http://b:2/m"};
static const char *const names[] = {"a:1", "b:2"};
static struct observed cells[SERVICES * WINDOWS];

static void fill(struct observed *out, double factor)
{
    *out = (struct observed){.window_s = 30,
                             .rate = 1000 * factor,
                             .error_share = UNKNOWN,
                             .mean_s = .002 * factor,
                             .cpu = UNKNOWN,
                             .cpu_us = UNKNOWN,
                             .resident_bytes = 1 << 20,
                             .files = 0,
                             .tasks = UNKNOWN,
                             .gc_pauses = UNKNOWN,
                             .gc_s = UNKNOWN,
                             .gc_longest_s = UNKNOWN};
    for (int i = 0; i < OBSERVED_QUANTILES; i++)
        out->quantiles[i] =
            (struct bucket_quantile){.002 * factor, .001, (double)INFINITY};
    out->quantiles[3] = (struct bucket_quantile){UNKNOWN, UNKNOWN, UNKNOWN};
}

static struct observed_set set_of(int services, int windows)
{
    for (int i = 0; i < services * windows; i++)
        fill(&cells[i], i < windows ? 1 : 2);
    return (struct observed_set){.urls = urls,
                                 .names = names,
                                 .service_count = services,
                                 .window_count = windows,
                                 .cells = cells};
}

static const struct view_row *row_of(const struct view *view, const char *label)
{
    for (int i = 0; i < view->row_count; i++) {
        if (strcmp(view->rows[i].label, label) == 0)
            return &view->rows[i];
    }
    return NULL;
}

static const char *value_of(const struct view *view, const char *label, int service)
{
    const struct view_row *row = row_of(view, label);
    return row ? row->values[service] : "no such row";
}

static int count_of(const struct view_lines *lines, const char *words)
{
    int count = 0;
    for (int i = 0; i < lines->count; i++)
        count += strstr(lines->items[i], words) != NULL;
    return count;
}

static void table(void)
{
    struct view view;
    struct observed_set set = set_of(2, 1);
    cells[1].files = 3;
    cells[1].rate = 0;
    view_init_observed(&view, &set);
    TAP_INT(view.column_count, 2, "a column a service");
    TAP_TEXT(view.columns[1], "b:2", "… by its short name");
    TAP_TEXT(value_of(&view, "requests", 0), "1000/s", "requests");
    TAP_TEXT(value_of(&view, "mean", 1), "4.00 ms", "a time");
    TAP_TEXT(value_of(&view, "memory", 0), "1.00 MiB", "a size");
    TAP_TEXT(value_of(&view, "open files", 1), "3", "a number");
    TAP_TEXT(value_of(&view, "p99", 0), "2.00 ms (1.00 ms to ∞)",
             "a quantile with its bucket");
    TAP_OK(!row_of(&view, "p99.9") && !row_of(&view, "CPUs") && !row_of(&view, "tasks"),
           "what is known of nobody is no row");
    TAP_TEXT(row_of(&view, "mean")->differences[0].ratio, "2.00×", "a ratio");
    TAP_TEXT(row_of(&view, "mean")->differences[0].verdict, "not judged", "… no verdict");
    TAP_TEXT(row_of(&view, "requests")->differences[0].ratio, "–", "to 0 there is none");
    TAP_TEXT(view.setting, "1 window of 30 s", "what was done");
    TAP_INT(count_of(&view.doubts, "Each service had the load"), 1, "the doubt");
    TAP_OK(strstr(view.legend, "Ratios are to the first service"), "the legend");
    view_fini(&view);
}

static void infinite(void)
{
    struct view view;
    struct observed_set set = set_of(1, 1);
    cells[0].quantiles[0] = (struct bucket_quantile){-1, -(double)INFINITY, -1};
    cells[0].gc_longest_s = (double)INFINITY;
    cells[0].gc_s = 0;
    view_init_observed(&view, &set);
    TAP_OK(strstr(value_of(&view, "p50", 0), "(-∞ to "), "without a lower bound");
    TAP_TEXT(value_of(&view, "GC longest, at most", 0), "∞", "without an upper one");
    TAP_TEXT(value_of(&view, "GC in all", 0), "0", "no time at all");
    TAP_INT(view.doubts.count, 0, "one service alone has no other's load");
    view_fini(&view);
}

static void say(struct observed *cell, const char *text)
{
    strcpy(cell->notes[cell->note_count++], text);
}

static void below(void)
{
    struct view view;
    struct observed_set set = set_of(2, WINDOWS);
    say(&cells[0], "the first");
    say(&cells[1], "the second");
    say(&cells[2], "the first");
    say(&cells[WINDOWS], "the first");
    strcpy(cells[WINDOWS - 1].names[OBSERVED_DURATION], "some_seconds");
    view_init_observed(&view, &set);
    TAP_INT(count_of(&view.doubts, "a:1: the first."), 1, "a sentence once a service");
    TAP_INT(count_of(&view.doubts, "a:1: the second."), 1, "another one, too");
    TAP_INT(count_of(&view.doubts, "b:2: the first."), 1, "… and of another service");
    TAP_INT(count_of(&view.facts, "http://a:1/m: duration some_seconds, requests none"),
            1, "what the figures are from");
    TAP_TEXT(view.setting, "3 windows of 30 s", "how many windows");
    TAP_OK(strstr(view.legend, "Medians over the windows"), "what they are");
    view_fini(&view);
}

int main(void)
{
    table();
    infinite();
    below();
    return tap_done();
}
