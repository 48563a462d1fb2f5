/*
 * page: a metrics page as a whole: its families, and their samples in the order of the
 * page. Reading a page in OpenMetrics holds it to the rules of that format (which lines
 * belong together, what values may be); a page in the Prometheus text format is taken as
 * Prometheus takes it.
 *
 * Everything points into the text of the page, which must outlive it. Memory is at most
 * proportional to the text's length, whatever it says.
 */
#ifndef DRAGSTRIP_RESULT_PAGE_H
#define DRAGSTRIP_RESULT_PAGE_H

#include "base/error.h"
#include "wire/prom.h"

struct page_family {
    struct str name; /* raw; in OpenMetrics without _total, _bucket … */
    enum prom_type type;
    struct str help; /* raw */
    struct str unit;
    bool has_type, has_help, has_unit;
    size_t sample_count;
};

struct page_sample {
    struct str name; /* raw */
    size_t family;
    struct prom_label *labels; /* raw */
    int label_count;
    double value;
    bool has_timestamp;
    double timestamp_s;
};

struct page {
    struct page_family *families;
    size_t family_count;
    struct page_sample *samples;
    size_t sample_count;
    size_t family_capacity, sample_capacity;
    struct page_chunk *chunks; /* of labels */
    size_t *slots;             /* hash table of families by name; 0 is free */
    size_t slot_count;
};

/* False: err names the line and what is wrong there; page is then empty. */
bool page_read(struct page *page, struct str text, enum prom_format format,
               struct error *err);

void page_fini(struct page *page);

/* NULL: there is none of this name. */
const struct page_family *page_family(const struct page *page, struct str name);

/* The raw value of a sample's label; "" when it has none. */
struct str page_label(const struct page_sample *sample, struct str name);

#endif
