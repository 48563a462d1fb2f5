/*
 * page_rules: what OpenMetrics 1.0 demands of lines that belong together. Private to
 * src/result.
 */
#ifndef DRAGSTRIP_RESULT_PAGE_RULES_H
#define DRAGSTRIP_RESULT_PAGE_RULES_H

#include "result/page.h"

/* Of the group of samples (one set of labels in one family) that is being read. */
struct page_group {
    uint64_t key; /* of its labels, without le, quantile and the state's */
    bool any;
    bool has_timestamp;
    double timestamp_s;
    /* histograms */
    bool has_bucket, has_inf, has_count, has_sum, is_negative;
    double bound, below, inf, count, sum;
};

struct page_rules {
    struct page_group group;
    uint64_t *keys; /* of the groups of the present family that are over */
    size_t key_count, key_capacity;
};

/* What a sample may be called in a family of this type: "" or a suffix; -1: not at all.
 */
int page_suffix_of(enum prom_type type, struct str family, struct str name);

/* The suffixes of a type; NULL ends the list. */
const char *const *page_suffixes(enum prom_type type);

/* The next sample of a family; NULL or what is wrong with it. */
const char *page_rules_sample(struct page_rules *rules, const struct page_family *family,
                              const struct prom_sample *sample);

/* The family is over. */
const char *page_rules_end(struct page_rules *rules, const struct page_family *family);

void page_rules_fini(struct page_rules *rules);

uint64_t page_hash(struct str text, uint64_t seed);

#endif
