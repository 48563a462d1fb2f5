/* What the services' own metrics said, in a report. */
#include "race.h"
#include "report/view.h"
#include "result/observed_set.h"
#include "tap.h"

/* One with a pause beyond all bounds, and quantiles of 1, 2, 3 and 4 ms in buckets to 10.
 */
static struct observed *own(double gc_longest_s)
{
    struct observed *own = mem_new(1, sizeof(*own));
    *own =
        (struct observed){.window_s = 6, .cpu_us = 12.5, .gc_pauses = 17, .gc_s = 0.0003};
    own->gc_longest_s = gc_longest_s;
    own->more[own->more_count++] = (struct observed_more){"hits_total", true, 250};
    own->more[own->more_count++] = (struct observed_more){"heap_bytes", false, 4096};
    for (int i = 0; i < OBSERVED_QUANTILES; i++)
        own->quantiles[i] = (struct bucket_quantile){0.001 * (i + 1), 0, 0.01};
    return own;
}

static void lines(const struct result *race, struct view *view)
{
    struct comparisons found;
    compare_result(race, &found);
    view_init(view, race, &found);
    comparisons_fini(&found);
}

static void told(void)
{
    struct result race;
    struct view view;
    race_new(&race, 2, 8, .01);
    for (int block = 1; block <= 8; block++) {
        race_trial(&race, block, 0)->own = own(0.001);
        race_trial(&race, block, 1)->own_why = mem_copy_text("it answers 404");
    }
    lines(&race, &view);
    TAP_INT(view.own.count, 2, "a line for each service");
    const char *line = view.own.count > 0 ? view.own.items[0] : "";
    TAP_OK(strstr(line, "p50 1 ms (0 to 10.0 ms)") ||
               strstr(line, "p50 1.00 ms (0 to 10.0 ms)"),
           "a quantile with the bounds of its bucket: %s", line);
    TAP_OK(strstr(line, "the client's ") != NULL, "beside what the client saw");
    TAP_OK(strstr(line, "GC 17 pauses, 300 µs in all, none longer than 1.00 ms") ||
               strstr(line, "GC 17 pauses, 300 µs in all, none longer than 1 ms"),
           "pauses");
    TAP_OK(strstr(line, "CPU 12.5 µs a request, by /proc ") != NULL, "CPU, both ways");
    TAP_OK(strstr(line, "; hits_total 250/s; heap_bytes 4096") != NULL,
           "what the plan names besides");
    line = view.own.count > 1 ? view.own.items[1] : "";
    TAP_OK(strstr(line, "could not be read: it answers 404") != NULL,
           "why there is nothing, once: %s", line);
    view_fini(&view);
    result_fini(&race);
}

/* Trials that do not count are not looked at, and without a page there is no line. */
static void not_told(void)
{
    struct result race;
    struct view view;
    race_new(&race, 2, 6, .01);
    struct trial *spoilt = race_trial(&race, 1, 0);
    spoilt->own = own((double)INFINITY);
    spoilt->superseded = true;
    lines(&race, &view);
    TAP_INT(view.own.count, 0, "nothing of a trial that is superseded");
    view_fini(&view);
    spoilt->superseded = false;
    lines(&race, &view);
    TAP_INT(view.own.count, 1, "… which counts otherwise");
    TAP_OK(view.own.count > 0 &&
               strstr(view.own.items[0], "none longer than more than the last bound") ==
                   NULL,
           "a pause beyond the last bound has no bound");
    view_fini(&view);
    result_fini(&race);
}

int main(void)
{
    told();
    not_told();
    return tap_done();
}
