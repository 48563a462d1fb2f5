#include "result/observed_increase.h"

#include <math.h>
#include <stdarg.h>
#include <stdio.h>

#include "base/mem.h"

#define UNKNOWN ((double)NAN)

void observed_note(struct observed *out, const char *format, ...)
{
    va_list arguments;
    if (out->note_count == OBSERVED_NOTES_MAX)
        return;
    char *text = out->notes[out->note_count];
    va_start(arguments, format);
    vsnprintf(text, sizeof(out->notes[0]), format, arguments);
    va_end(arguments);
    for (int i = 0; i < out->note_count; i++) {
        if (strcmp(out->notes[i], text) == 0)
            return;
    }
    out->note_count++;
}

/* --- series ---------------------------------------------------------------------- */

static bool has_labels(const struct page_sample *sample,
                       const struct observed_match *matches, int count)
{
    for (int i = 0; i < count; i++) {
        if (!prom_equals(page_label(sample, matches[i].name), matches[i].value))
            return false;
    }
    return true;
}

bool observed_is_named(const struct page_sample *sample, const char *name,
                       const char *suffix)
{
    size_t len = strlen(name), more = strlen(suffix);
    return sample->name.len == len + more && memcmp(sample->name.ptr, name, len) == 0 &&
           memcmp(sample->name.ptr + len, suffix, more) == 0;
}

bool observed_is_selected(const struct selection *selection,
                          const struct observed_series *series,
                          const struct page_sample *sample)
{
    return observed_is_named(sample, selection->name, selection->suffix) &&
           has_labels(sample, selection->matches, selection->match_count) &&
           observed_series_find(series, sample) == sample;
}

enum rise observed_rise(const struct between *between, const struct page_sample *after,
                        double *out)
{
    const struct page_sample *before = observed_series_find(&between->was, after);
    *out = after->value - (before ? before->value : 0);
    if (!isfinite(*out))
        return NO_NUMBER;
    return *out >= 0 ? ROSE : WENT_BACK;
}

/* A series that had counted something and is not there any more. */
static enum rise look_for_lost(const struct between *between,
                               const struct selection *selection)
{
    for (size_t i = 0; i < between->before->sample_count; i++) {
        const struct page_sample *sample = &between->before->samples[i];
        if (sample->value > 0 && observed_is_selected(selection, &between->was, sample) &&
            !observed_series_find(&between->is, sample))
            return WAS_LOST;
    }
    return ROSE;
}

static void note_rise(struct between *between, const struct selection *selection,
                      enum rise rise)
{
    static const char *const sentences[] = {
        [WENT_BACK] = "went back: it was reset",
        [WAS_LOST] = "has lost a series: it was reset",
        [NO_NUMBER] = "has a value that is no finite number"};
    between->out->restarted |= rise != NO_NUMBER;
    observed_note(between->out, "%s %s", selection->name, sentences[rise]);
}

double observed_increase(struct between *between, const struct selection *selection)
{
    double sum = 0, one;
    int count = 0;
    enum rise rise = look_for_lost(between, selection);
    for (size_t i = 0; i < between->after->sample_count && rise == ROSE; i++) {
        const struct page_sample *sample = &between->after->samples[i];
        if (!observed_is_selected(selection, &between->is, sample))
            continue;
        count++;
        rise = observed_rise(between, sample, &one);
        sum += one;
    }
    if (rise != ROSE)
        note_rise(between, selection, rise);
    return count > 0 && rise == ROSE ? sum : UNKNOWN;
}

double observed_sum(const struct observed_series *series, const char *name)
{
    const struct selection selection = {name, "", NULL, 0};
    double sum = 0;
    int count = 0;
    for (size_t i = 0; i < series->page->sample_count; i++) {
        if (observed_is_selected(&selection, series, &series->page->samples[i])) {
            sum += series->page->samples[i].value;
            count++;
        }
    }
    return count > 0 ? sum : UNKNOWN;
}

/* --- buckets --------------------------------------------------------------------- */

static void add_bucket(struct buckets *buckets, struct bucket bucket)
{
    if (buckets->count == buckets->capacity) {
        buckets->capacity = buckets->capacity ? 2 * buckets->capacity : 32;
        buckets->list =
            mem_resize(buckets->list, buckets->capacity, sizeof(*buckets->list));
    }
    buckets->list[buckets->count++] = bucket;
}

struct buckets observed_buckets(struct between *between,
                                const struct selection *selection, double scale)
{
    struct buckets buckets = {.list = NULL};
    enum rise rise = look_for_lost(between, selection);
    for (size_t i = 0; i < between->after->sample_count && rise == ROSE; i++) {
        const struct page_sample *sample = &between->after->samples[i];
        struct bucket one;
        if (!observed_is_selected(selection, &between->is, sample) ||
            !prom_number(page_label(sample, STR("le")), &one.upper) || isnan(one.upper))
            continue;
        rise = observed_rise(between, sample, &one.count);
        one.upper *= scale;
        add_bucket(&buckets, one);
    }
    if (rise != ROSE) {
        note_rise(between, selection, rise);
        buckets.count = 0;
    }
    buckets.count = buckets_prepare(buckets.list, buckets.count);
    return buckets;
}
