/*
 * Pages of metrics, the same bytes in both formats: every view lies in the page, nothing
 * grows when it is unescaped, the page as a whole has the samples of its lines, and what
 * two equal scrapes say is that nothing happened.
 */
#include "fuzz.h"

#include <math.h>

#include "result/observed.h"

static void check_view(struct str page, struct str view)
{
    FUZZ_HOLDS(view.len == 0 ||
               (view.ptr >= page.ptr && view.ptr + view.len <= page.ptr + page.len));
}

static void check_raw(struct str page, struct str raw)
{
    check_view(page, raw);
    char *text = mem_new(raw.len + 1, 1);
    size_t len = prom_unescape(raw, text);
    FUZZ_HOLDS(len <= raw.len);
    FUZZ_HOLDS(prom_equals(raw, (struct str){text, len}));
    mem_free(text);
}

static void check_labels(struct str page, const struct prom_labels *labels)
{
    FUZZ_HOLDS(labels->count >= 0 && labels->count <= PROM_LABELS_MAX);
    for (int i = 0; i < labels->count; i++) {
        check_raw(page, labels->list[i].name);
        check_raw(page, labels->list[i].value);
    }
}

static void check_sample(struct str page, const struct prom_sample *sample)
{
    FUZZ_HOLDS(sample->name.len > 0);
    check_raw(page, sample->name);
    check_labels(page, &sample->labels);
    FUZZ_HOLDS(!sample->has_timestamp || isfinite(sample->timestamp_s));
    if (sample->has_exemplar)
        check_labels(page, &sample->exemplar.labels);
}

/* Whether the lines are right; *samples are so many. */
static bool read_lines(struct str page, enum prom_format format, size_t *samples)
{
    struct prom_reader reader;
    struct prom_line line;
    size_t before = 0;
    *samples = 0;
    prom_init(&reader, page, format);
    while (prom_next(&reader, &line) > PROM_BAD) {
        FUZZ_HOLDS(reader.line > before && !reader.error);
        before = reader.line;
        check_view(page, reader.rest);
        if (line.kind == PROM_SAMPLE) {
            check_sample(page, &line.sample);
            ++*samples;
        } else {
            check_raw(page, line.name);
            if (line.kind != PROM_TYPE)
                check_raw(page, line.text);
        }
    }
    FUZZ_HOLDS((line.kind == PROM_BAD) == (reader.error != NULL));
    FUZZ_HOLDS(prom_next(&reader, &line) == (reader.error ? PROM_BAD : PROM_END));
    return !reader.error;
}

static void check_families(struct str text, const struct page *page)
{
    size_t samples = 0;
    for (size_t i = 0; i < page->family_count; i++) {
        FUZZ_HOLDS(page_family(page, page->families[i].name) == &page->families[i]);
        check_view(text, page->families[i].help);
        check_view(text, page->families[i].unit);
        samples += page->families[i].sample_count;
    }
    FUZZ_HOLDS(samples == page->sample_count);
    for (size_t i = 0; i < page->sample_count; i++) {
        FUZZ_HOLDS(page->samples[i].family < page->family_count);
        for (int j = 0; j < page->samples[i].label_count; j++)
            check_view(text, page->samples[i].labels[j].value);
    }
}

/* Nothing is reset between a page and itself. */
static void check_observed(const struct page *page)
{
    static const struct observed_rules rules;
    struct observed out;
    observed_between(page, page, 1, &rules, &out);
    FUZZ_HOLDS(!out.restarted);
    FUZZ_HOLDS(isnan(out.requests) || out.requests == 0);
    FUZZ_HOLDS(out.note_count >= 0 && out.note_count <= OBSERVED_NOTES_MAX);
}

static void read_page(struct str text, enum prom_format format)
{
    struct page page;
    struct error err = {""};
    size_t samples;
    bool lines = read_lines(text, format, &samples);
    bool good = page_read(&page, text, format, &err);
    FUZZ_HOLDS(lines || !good);
    FUZZ_HOLDS(format == PROM_OPENMETRICS || good == lines);
    FUZZ_HOLDS(good ? page.sample_count == samples : err.text[0] && !page.samples);
    check_families(text, &page);
    if (good)
        check_observed(&page);
    page_fini(&page);
}

/* The bytes end where the memory does, so that a sanitizer sees one too many. */
int LLVMFuzzerTestOneInput(const unsigned char *bytes, size_t len)
{
    enum prom_format format;
    char *copy = mem_new(len ? len : 1, 1);
    if (len > 0)
        memcpy(copy, bytes, len);
    struct str text = {copy, len};
    read_page(text, PROM_TEXT);
    read_page(text, PROM_OPENMETRICS);
    prom_format_of(text, text, &format);
    mem_free(copy);
    return 0;
}
