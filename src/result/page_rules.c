#include "result/page_rules.h"

#include <math.h>
#include <stdlib.h>

#include "base/mem.h"

static const char *const none[] = {"", NULL};
static const char *const counter[] = {"_total", "_created", NULL};
static const char *const histogram[] = {"_bucket", "_count", "_sum", "_created", NULL};
static const char *const gauge_histogram[] = {"_bucket", "_gcount", "_gsum", NULL};
static const char *const summary[] = {"", "_count", "_sum", "_created", NULL};
static const char *const info[] = {"_info", NULL};

const char *const *page_suffixes(enum prom_type type)
{
    static const char *const *const all[] = {
        [PROM_UNKNOWN] = none,    [PROM_COUNTER] = counter,
        [PROM_GAUGE] = none,      [PROM_HISTOGRAM] = histogram,
        [PROM_SUMMARY] = summary, [PROM_GAUGE_HISTOGRAM] = gauge_histogram,
        [PROM_INFO] = info,       [PROM_STATESET] = none,
    };
    return all[type];
}

int page_suffix_of(enum prom_type type, struct str family, struct str name)
{
    const char *const *suffixes = page_suffixes(type);
    if (name.len < family.len || memcmp(name.ptr, family.ptr, family.len) != 0)
        return -1;
    struct str rest = {name.ptr + family.len, name.len - family.len};
    for (int i = 0; suffixes[i]; i++) {
        if (str_eq(rest, str_of(suffixes[i])))
            return i;
    }
    return -1;
}

uint64_t page_hash(struct str text, uint64_t seed)
{
    uint64_t hash = seed ^ UINT64_C(0xcbf29ce484222325); /* FNV-1a, 64 bits */
    for (size_t i = 0; i < text.len; i++)
        hash = (hash ^ (uint8_t)text.ptr[i]) * UINT64_C(0x100000001b3);
    hash ^= hash >> 29; /* sums of hashes must not cancel out */
    hash *= UINT64_C(0xbf58476d1ce4e5b9);
    return hash ^ hash >> 32;
}

static bool is_histogram(enum prom_type type)
{
    return type == PROM_HISTOGRAM || type == PROM_GAUGE_HISTOGRAM;
}

/* The label that tells samples of one group apart; "" when there is none. */
static struct str inner_label(const struct page_family *family)
{
    if (is_histogram(family->type))
        return STR("le");
    if (family->type == PROM_SUMMARY)
        return STR("quantile");
    return family->type == PROM_STATESET ? family->name : STR("");
}

static uint64_t key_of(const struct page_family *family, const struct prom_sample *sample)
{
    struct str inner = inner_label(family);
    uint64_t key = 1;
    for (int i = 0; i < sample->labels.count; i++) {
        const struct prom_label *label = &sample->labels.list[i];
        if (!str_eq(label->name, inner))
            key += page_hash(label->value, page_hash(label->name, 0));
    }
    return key;
}

static const char *end_histogram(const struct page_group *group, enum prom_type type)
{
    if (!group->has_inf)
        return "a histogram without the bucket le=\"+Inf\"";
    if (group->has_count && group->count != group->inf)
        return "a histogram's count is not that of its bucket le=\"+Inf\"";
    if (group->has_count != group->has_sum)
        return "a histogram with one of count and sum without the other";
    if (group->has_sum && type == PROM_HISTOGRAM && group->is_negative)
        return "a sum in a histogram with negative bounds";
    if (group->has_sum && !group->is_negative && group->sum < 0)
        return "a negative sum without negative bounds";
    return NULL;
}

static const char *end_group(struct page_rules *rules, const struct page_family *family)
{
    struct page_group *group = &rules->group;
    const char *error = NULL;
    if (!group->any)
        return NULL;
    if (is_histogram(family->type))
        error = end_histogram(group, family->type);
    if (rules->key_count == rules->key_capacity) {
        rules->key_capacity = rules->key_capacity ? 2 * rules->key_capacity : 16;
        rules->keys = mem_resize(rules->keys, rules->key_capacity, sizeof(uint64_t));
    }
    rules->keys[rules->key_count++] = group->key;
    *group = (struct page_group){0};
    return error;
}

static int by_key(const void *a, const void *b)
{
    uint64_t x = *(const uint64_t *)a, y = *(const uint64_t *)b;
    return (x > y) - (x < y);
}

/* Whether a group came twice, with another one in between. */
static bool any_twice(struct page_rules *rules)
{
    if (rules->key_count > 1)
        qsort(rules->keys, rules->key_count, sizeof(uint64_t), by_key);
    for (size_t i = 1; i < rules->key_count; i++) {
        if (rules->keys[i] == rules->keys[i - 1])
            return true;
    }
    return false;
}

const char *page_rules_end(struct page_rules *rules, const struct page_family *family)
{
    const char *error = end_group(rules, family);
    if (!error && any_twice(rules))
        error = "the samples of one set of labels do not stand together";
    rules->key_count = 0;
    return error;
}

void page_rules_fini(struct page_rules *rules)
{
    mem_free(rules->keys);
    *rules = (struct page_rules){0};
}

/* --- single samples -------------------------------------------------------------- */

/* A bound or quantile; infinity has one spelling only. */
static bool read_bound(struct str text, double *out)
{
    return prom_number(text, out) && !isnan(*out) &&
           (!isinf(*out) || *out < 0 || str_eq(text, STR("+Inf")));
}

static const char *take_bucket(struct page_group *group, const struct prom_sample *sample)
{
    double bound;
    if (!read_bound(prom_label(&sample->labels, STR("le")), &bound))
        return "a bucket without a bound: le";
    if (group->has_bucket && bound <= group->bound)
        return "buckets that are not in order";
    if (group->has_bucket && sample->value < group->below)
        return "a bucket with less than the one below it";
    group->has_bucket = true;
    group->bound = bound;
    group->below = sample->value;
    group->is_negative |= bound < 0 && !isinf(bound);
    if (isinf(bound)) {
        group->has_inf = true;
        group->inf = sample->value;
    }
    return NULL;
}

/* Suffixes 0 to 2 are bucket, count and sum, of gauge histograms too. */
static const char *take_of_histogram(struct page_group *group, int suffix,
                                     const struct prom_sample *sample, bool gauge)
{
    double value = sample->value;
    if (suffix <= 2 && isnan(value))
        return "a histogram's value that is no number";
    if (suffix <= 2 && value < 0 && !(gauge && suffix == 2))
        return "a histogram's value that is negative";
    if (suffix == 0)
        return take_bucket(group, sample);
    if (suffix == 1) {
        group->has_count = true;
        group->count = value;
    } else if (suffix == 2) {
        group->has_sum = true;
        group->sum = value;
    }
    return NULL;
}

static const char *take_of_summary(int suffix, const struct prom_sample *sample)
{
    double quantile;
    if (suffix <= 2 && (sample->value < 0 || (suffix > 0 && isnan(sample->value))))
        return "a summary's value that is negative or no number";
    if (suffix == 0 &&
        (!read_bound(prom_label(&sample->labels, STR("quantile")), &quantile) ||
         quantile < 0 || quantile > 1))
        return "a quantile that is not within 0 and 1";
    return NULL;
}

static bool has_label(const struct prom_labels *labels, struct str name)
{
    for (int i = 0; i < labels->count; i++) {
        if (str_eq(labels->list[i].name, name))
            return true;
    }
    return false;
}

static const char *take_value(struct page_rules *rules, const struct page_family *family,
                              int suffix, const struct prom_sample *sample)
{
    double value = sample->value;
    switch (family->type) {
    case PROM_COUNTER:
        return suffix == 0 && !(value >= 0) ? "a counter that is negative or no number"
                                            : NULL;
    case PROM_HISTOGRAM:
    case PROM_GAUGE_HISTOGRAM:
        return take_of_histogram(&rules->group, suffix, sample,
                                 family->type == PROM_GAUGE_HISTOGRAM);
    case PROM_SUMMARY:
        return take_of_summary(suffix, sample);
    case PROM_INFO:
        return value != 1 ? "an info whose value is not 1" : NULL;
    case PROM_STATESET:
        if (!has_label(&sample->labels, family->name))
            return "a state without the label that names it";
        return value != 0 && value != 1 ? "a state that is neither 0 nor 1" : NULL;
    case PROM_UNKNOWN:
    case PROM_GAUGE:
        break;
    }
    return NULL;
}

static bool may_have_exemplar(enum prom_type type, int suffix)
{
    return suffix == 0 && (type == PROM_COUNTER || is_histogram(type));
}

/* Of one group the times must be all there or none, and not go back. */
static const char *check_time(struct page_group *group, const struct prom_sample *sample)
{
    bool first = !group->any;
    double before = group->timestamp_s;
    bool had = group->has_timestamp;
    group->any = true;
    group->has_timestamp = sample->has_timestamp;
    group->timestamp_s = sample->timestamp_s;
    if (first)
        return NULL;
    if (had != sample->has_timestamp)
        return "a time on some samples of one set of labels only";
    return had && sample->timestamp_s < before ? "times that go back" : NULL;
}

const char *page_rules_sample(struct page_rules *rules, const struct page_family *family,
                              const struct prom_sample *sample)
{
    int suffix = page_suffix_of(family->type, family->name, sample->name);
    uint64_t key = key_of(family, sample);
    const char *error = NULL;
    if (rules->group.any && rules->group.key != key)
        error = end_group(rules, family);
    if (!error)
        error = check_time(&rules->group, sample);
    rules->group.key = key;
    if (!error)
        error = take_value(rules, family, suffix, sample);
    if (!error && sample->has_exemplar && !may_have_exemplar(family->type, suffix))
        error = "an exemplar where none may be";
    return error;
}
