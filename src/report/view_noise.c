/*
 * The noise floor: what the baseline, raced against itself in the same blocks, seems to
 * differ from itself by. A difference that is not larger than that is none.
 */
#include <math.h>

#include "base/mem.h"
#include "report/view_parts.h"

static void add_interval(const struct comparison *c, struct buf *out)
{
    char ratio[FIGURE_BYTES];
    if (isnan(c->ratio) || !view_shows_ratio(c) || !metric_infos[c->metric].judged)
        return;
    buf_format(out, "%s%s %s", out->len ? ", " : "", metric_infos[c->metric].name,
               figure_difference(c->ratio, c->ci95, ratio));
}

void view_add_noise(struct view *view, const struct result *result,
                    const struct comparisons *comparisons)
{
    struct buf out;
    const char *baseline = result->services[result->baseline].name;
    buf_init(&out, 2048);
    for (int i = 0; i < comparisons->count; i++) {
        if (result->services[comparisons->items[i].service].control)
            add_interval(&comparisons->items[i], &out);
    }
    if (out.len)
        view->noise =
            mem_format("Noise floor, %s against itself: %s.", baseline, buf_text(&out));
    buf_fini(&out);
}
