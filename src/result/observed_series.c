#include "result/observed_series.h"

#include <math.h>

#include "base/mem.h"
#include "result/page_rules.h"

/* --- equality -------------------------------------------------------------------- */

/* Bounds are written differently in the two formats, which a service may change between
 * scrapes. */
static bool read_bound(const struct prom_label *label, double *out)
{
    bool is_bound =
        str_eq(label->name, STR("le")) || str_eq(label->name, STR("quantile"));
    return is_bound && prom_number(label->value, out) && !isnan(*out);
}

static bool same_label(const struct prom_label *a, const struct prom_label *b)
{
    double x, y;
    if (!str_eq(a->name, b->name))
        return false;
    return str_eq(a->value, b->value) ||
           (read_bound(a, &x) && read_bound(b, &y) && x == y);
}

static int count_labels(const struct page_sample *sample)
{
    int count = 0;
    for (int i = 0; i < sample->label_count; i++)
        count += sample->labels[i].value.len > 0;
    return count;
}

static bool has_label(const struct page_sample *sample, const struct prom_label *label,
                      int near)
{
    /* Nearly always they are in the same order. */
    if (near < sample->label_count && same_label(&sample->labels[near], label))
        return true;
    for (int i = 0; i < sample->label_count; i++) {
        if (same_label(&sample->labels[i], label))
            return true;
    }
    return false;
}

static bool same_series(const struct page_sample *a, const struct page_sample *b)
{
    if (!str_eq(a->name, b->name) || count_labels(a) != count_labels(b))
        return false;
    for (int i = 0; i < a->label_count; i++) {
        if (a->labels[i].value.len > 0 && !has_label(b, &a->labels[i], i))
            return false;
    }
    return true;
}

static uint64_t hash_label(const struct prom_label *label)
{
    uint64_t seed = page_hash(label->name, 0);
    double bound;
    if (!read_bound(label, &bound))
        return page_hash(label->value, seed);
    bound += 0.0; /* -0 is 0 */
    return page_hash((struct str){(const char *)&bound, sizeof(bound)}, seed);
}

static uint64_t hash_series(const struct page_sample *sample)
{
    uint64_t hash = page_hash(sample->name, 1);
    for (int i = 0; i < sample->label_count; i++) {
        if (sample->labels[i].value.len > 0)
            hash += hash_label(&sample->labels[i]); /* whatever their order */
    }
    return hash ^ hash >> 32;
}

/* --- the table ------------------------------------------------------------------- */

/* The slot of a series: that of its sample, or a free one. */
static size_t *find_slot(const struct observed_series *series,
                         const struct page_sample *sample)
{
    size_t mask = series->slot_count - 1;
    size_t at = (size_t)hash_series(sample) & mask;
    while (series->slots[at] != 0 &&
           !same_series(&series->page->samples[series->slots[at] - 1], sample))
        at = (at + 1) & mask;
    return &series->slots[at];
}

static bool is_later(const struct page_sample *sample, const struct page_sample *than)
{
    return sample->has_timestamp && than->has_timestamp &&
           sample->timestamp_s > than->timestamp_s;
}

void observed_series_init(struct observed_series *series, const struct page *page)
{
    *series = (struct observed_series){.page = page, .slot_count = 64};
    while (series->slot_count < 2 * page->sample_count)
        series->slot_count *= 2;
    series->slots = mem_new(series->slot_count, sizeof(*series->slots));
    for (size_t i = 0; i < page->sample_count; i++) {
        size_t *slot = find_slot(series, &page->samples[i]);
        if (*slot == 0 || is_later(&page->samples[i], &page->samples[*slot - 1]))
            *slot = i + 1;
    }
}

void observed_series_fini(struct observed_series *series)
{
    mem_free(series->slots);
    *series = (struct observed_series){.page = NULL};
}

const struct page_sample *observed_series_find(const struct observed_series *series,
                                               const struct page_sample *sample)
{
    size_t found = *find_slot(series, sample);
    return found ? &series->page->samples[found - 1] : NULL;
}
