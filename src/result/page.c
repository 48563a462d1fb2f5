#include "result/page.h"

#include <stdlib.h>

#include "base/mem.h"
#include "result/page_rules.h"

/* Labels are kept in chunks, so that those that were handed out stay where they are. */
enum { CHUNK_LABELS = 1024 };

struct page_chunk {
    struct page_chunk *next;
    int used;
    struct prom_label labels[CHUNK_LABELS];
};

/* What reading needs beside the page. */
struct reading {
    struct page *page;
    struct prom_reader lines;
    struct page_rules rules;
    bool strict;
    size_t family; /* the present one, from 1; 0: none yet */
};

void page_fini(struct page *page)
{
    while (page->chunks) {
        struct page_chunk *chunk = page->chunks;
        page->chunks = chunk->next;
        mem_free(chunk);
    }
    mem_free(page->families);
    mem_free(page->samples);
    mem_free(page->slots);
    *page = (struct page){0};
}

static struct prom_label *keep_labels(struct page *page, const struct prom_labels *labels)
{
    struct page_chunk *chunk = page->chunks;
    if (!chunk || chunk->used + labels->count > CHUNK_LABELS) {
        chunk = mem_new(1, sizeof(*chunk));
        chunk->next = page->chunks;
        page->chunks = chunk;
    }
    struct prom_label *kept = chunk->labels + chunk->used;
    memcpy(kept, labels->list, (size_t)labels->count * sizeof(*kept));
    chunk->used += labels->count;
    return kept;
}

/* --- families -------------------------------------------------------------------- */

/* The slot of a name: that of the family, or a free one. */
static size_t *find_slot(const struct page *page, struct str name)
{
    size_t mask = page->slot_count - 1;
    size_t at = (size_t)page_hash(name, 0) & mask;
    while (page->slots[at] != 0 &&
           !str_eq(page->families[page->slots[at] - 1].name, name))
        at = (at + 1) & mask;
    return &page->slots[at];
}

static void grow_slots(struct page *page)
{
    if (page->family_count * 2 < page->slot_count)
        return;
    mem_free(page->slots);
    page->slot_count = page->slot_count ? 4 * page->slot_count : 256;
    page->slots = mem_new(page->slot_count, sizeof(*page->slots));
    for (size_t i = 0; i < page->family_count; i++)
        *find_slot(page, page->families[i].name) = i + 1;
}

/* From 1; 0: there is none. */
static size_t find_family(const struct page *page, struct str name)
{
    return page->slot_count ? *find_slot(page, name) : 0;
}

static size_t add_family(struct page *page, struct str name)
{
    grow_slots(page);
    if (page->family_count == page->family_capacity) {
        page->family_capacity = page->family_capacity ? 2 * page->family_capacity : 64;
        page->families =
            mem_resize(page->families, page->family_capacity, sizeof(*page->families));
    }
    size_t *slot = find_slot(page, name);
    page->families[page->family_count++] = (struct page_family){.name = name};
    return *slot = page->family_count;
}

const struct page_family *page_family(const struct page *page, struct str name)
{
    size_t found = find_family(page, name);
    return found ? &page->families[found - 1] : NULL;
}

static struct page_family *present(const struct reading *reading)
{
    return &reading->page->families[reading->family - 1];
}

/* A family of this name, or of one that another family's samples have, was there before:
 * "a_created" beside the counter "a". */
static bool clashes(const struct page *page, struct str name)
{
    if (find_family(page, name))
        return true;
    static const char *const suffixes[] = {"_total", "_created", "_bucket", "_count",
                                           "_sum",   "_gcount",  "_gsum",   "_info"};
    for (size_t i = 0; i < sizeof(suffixes) / sizeof(suffixes[0]); i++) {
        struct str suffix = str_of(suffixes[i]);
        if (name.len <= suffix.len ||
            memcmp(name.ptr + name.len - suffix.len, suffix.ptr, suffix.len) != 0)
            continue;
        struct str base = {name.ptr, name.len - suffix.len};
        size_t found = find_family(page, base);
        if (found && page_suffix_of(page->families[found - 1].type, base, name) >= 0)
            return true;
    }
    return false;
}

/* The same seen from the family that comes later. */
static bool its_samples_clash(const struct page *page, const struct page_family *family)
{
    char name[512];
    const char *const *suffixes = page_suffixes(family->type);
    for (int i = 0; suffixes[i]; i++) {
        size_t len = family->name.len, more = strlen(suffixes[i]);
        if (more == 0 || len + more > sizeof(name))
            continue;
        memcpy(name, family->name.ptr, len);
        memcpy(name + len, suffixes[i], more);
        if (find_family(page, (struct str){name, len + more}))
            return true;
    }
    return false;
}

static const char *end_family(struct reading *reading)
{
    if (reading->family == 0 || !reading->strict)
        return NULL;
    struct page_family *family = present(reading);
    const char *error = page_rules_end(&reading->rules, family);
    if (!error && its_samples_clash(reading->page, family))
        error = "a family whose samples are named as another family";
    if (!error && family->unit.len > 0 &&
        (family->type == PROM_INFO || family->type == PROM_STATESET))
        error = "a unit of what has none";
    return error;
}

static const char *begin_family(struct reading *reading, struct str name)
{
    const char *error = end_family(reading);
    if (error)
        return error;
    if (reading->strict && clashes(reading->page, name))
        return "a family of which there has been one of that name";
    size_t found = find_family(reading->page, name);
    reading->family = found ? found : add_family(reading->page, name);
    return NULL;
}

/* --- lines ----------------------------------------------------------------------- */

static const char *set_once(bool *there, bool strict, const char *error)
{
    bool before = *there;
    *there = true;
    return before && strict ? error : NULL;
}

static const char *take_unit(struct page_family *family, struct str unit, bool strict)
{
    size_t len = family->name.len;
    family->unit = unit;
    if (unit.len > 0 &&
        (len <= unit.len + 1 || family->name.ptr[len - unit.len - 1] != '_' ||
         memcmp(family->name.ptr + len - unit.len, unit.ptr, unit.len) != 0))
        return "a unit that the family's name does not end with";
    return set_once(&family->has_unit, strict, "a second unit of a family");
}

static const char *take_metadata(struct reading *reading, const struct prom_line *line)
{
    const char *error = NULL;
    if (reading->family == 0 || !str_eq(present(reading)->name, line->name))
        error = begin_family(reading, line->name);
    if (error)
        return error;
    struct page_family *family = present(reading);
    if (reading->strict && family->sample_count > 0)
        return "what describes a family stands behind its samples";
    if (line->kind == PROM_TYPE) {
        family->type = line->type;
        return set_once(&family->has_type, reading->strict, "a second type of a family");
    }
    if (line->kind == PROM_UNIT)
        return take_unit(family, line->text, reading->strict);
    family->help = line->text;
    return set_once(&family->has_help, reading->strict, "a second help of a family");
}

/* In the text format the family of a counter is named as its samples are, and its samples
 * need not stand together. */
static bool belongs(const struct reading *reading, struct str name)
{
    if (reading->family == 0)
        return false;
    const struct page_family *family = present(reading);
    if (str_eq(family->name, name))
        return !reading->strict || page_suffix_of(family->type, family->name, name) >= 0;
    return page_suffix_of(family->type, family->name, name) >= 0;
}

static void keep_sample(struct page *page, size_t family,
                        const struct prom_sample *sample)
{
    if (page->sample_count == page->sample_capacity) {
        page->sample_capacity = page->sample_capacity ? 2 * page->sample_capacity : 256;
        page->samples =
            mem_resize(page->samples, page->sample_capacity, sizeof(*page->samples));
    }
    page->samples[page->sample_count++] =
        (struct page_sample){.name = sample->name,
                             .family = family - 1,
                             .labels = keep_labels(page, &sample->labels),
                             .label_count = sample->labels.count,
                             .value = sample->value,
                             .has_timestamp = sample->has_timestamp,
                             .timestamp_s = sample->timestamp_s};
    page->families[family - 1].sample_count++;
}

static const char *take_sample(struct reading *reading, const struct prom_sample *sample)
{
    const char *error = NULL;
    if (!belongs(reading, sample->name))
        error = begin_family(reading, sample->name);
    if (!error && reading->strict)
        error = page_rules_sample(&reading->rules, present(reading), sample);
    if (!error)
        keep_sample(reading->page, reading->family, sample);
    return error;
}

static const char *take_line(struct reading *reading, const struct prom_line *line)
{
    if (line->kind == PROM_SAMPLE)
        return take_sample(reading, &line->sample);
    return take_metadata(reading, line);
}

bool page_read(struct page *page, struct str text, enum prom_format format,
               struct error *err)
{
    struct prom_line line;
    struct reading reading = {.page = page, .strict = format == PROM_OPENMETRICS};
    const char *error = NULL;
    *page = (struct page){0};
    prom_init(&reading.lines, text, format);
    while (!error && prom_next(&reading.lines, &line) != PROM_END)
        error = line.kind == PROM_BAD ? reading.lines.error : take_line(&reading, &line);
    if (!error)
        error = end_family(&reading);
    page_rules_fini(&reading.rules);
    if (!error)
        return true;
    page_fini(page);
    return error_set(err, "line %zu: %s", reading.lines.line, error);
}

struct str page_label(const struct page_sample *sample, struct str name)
{
    for (int i = 0; i < sample->label_count; i++) {
        if (prom_equals(sample->labels[i].name, name))
            return sample->labels[i].value;
    }
    return STR("");
}
