#include "result/observed.h"

#include <math.h>
#include <stdio.h>

#include "base/mem.h"
#include "result/observed_increase.h"

const double observed_quantiles[OBSERVED_QUANTILES] = {0.5, 0.95, 0.99, 0.999};

#define UNKNOWN ((double)NAN)

/* --- names ----------------------------------------------------------------------- */

static bool page_has(const struct page *page, const char *name)
{
    static const char *const suffixes[] = {"", "_bucket", "_count"};
    for (size_t i = 0; i < page->sample_count; i++) {
        for (size_t j = 0; j < sizeof(suffixes) / sizeof(suffixes[0]); j++) {
            if (observed_is_named(&page->samples[i], name, suffixes[j]))
                return true;
        }
    }
    return false;
}

/* On either page: what was there before and is gone was reset. */
static bool is_there(const struct between *between, const char *name)
{
    return page_has(between->after, name) || page_has(between->before, name);
}

/* The metric that means this; NULL: the pages have none. */
static const char *find_name(struct between *between, enum observed_kind kind,
                             double *scale)
{
    const char *name = between->rules->names[kind];
    *scale = name ? observed_scale(kind, name) : 1;
    if (name && !is_there(between, name)) {
        observed_note(between->out, "there is no metric %s (%s)", name,
                      observed_kind_name(kind));
        return NULL;
    }
    for (int i = 0; !name; i++) {
        const char *known = observed_convention(kind, i, scale);
        if (!known)
            return NULL;
        name = is_there(between, known) ? known : NULL;
    }
    snprintf(between->out->names[kind], sizeof(between->out->names[kind]), "%s", name);
    return name;
}

/* --- durations ------------------------------------------------------------------- */

static void read_histogram(struct between *between, const struct selection *selection,
                           double scale)
{
    struct observed *out = between->out;
    struct buckets buckets = observed_buckets(between, selection, scale);
    for (int i = 0; i < OBSERVED_QUANTILES; i++)
        out->quantiles[i] =
            bucket_quantile(observed_quantiles[i], buckets.list, buckets.count);
    /* OpenMetrics lets a histogram be without a count; its last bucket has it. */
    if (buckets.count > 0 && isnan(out->requests) && !out->restarted)
        out->requests = buckets.list[buckets.count - 1].count;
    mem_free(buckets.list);
}

/* How many series have this quantile; the last one's is kept. */
static int read_rolling(struct between *between, const struct selection *selection,
                        double scale, int quantile)
{
    int series = 0;
    for (size_t i = 0; i < between->after->sample_count; i++) {
        const struct page_sample *sample = &between->after->samples[i];
        double q;
        if (!observed_is_selected(selection, &between->is, sample) ||
            !prom_number(page_label(sample, STR("quantile")), &q) ||
            q != observed_quantiles[quantile])
            continue;
        double value = sample->value * scale;
        between->out->quantiles[quantile] = (struct bucket_quantile){value, value, value};
        series++;
    }
    return series;
}

/* A summary's quantiles are over a time of its own; several series have no common one. */
static void read_summary(struct between *between, const char *name, double scale)
{
    struct observed *out = between->out;
    const struct selection selection = {name, "", between->rules->matches,
                                        between->rules->match_count};
    int most = 0;
    for (int i = 0; i < OBSERVED_QUANTILES; i++) {
        int series = read_rolling(between, &selection, scale, i);
        most = series > most ? series : most;
        if (series > 1)
            out->quantiles[i] = (struct bucket_quantile){UNKNOWN, UNKNOWN, UNKNOWN};
    }
    out->rolling = most > 0;
    if (out->rolling)
        observed_note(
            out,
            "%s is a summary: its quantiles are over a time of its own, some minutes "
            "as a rule, and not over the window",
            name);
    if (most > 1)
        observed_note(
            out,
            "%s has %d series, and quantiles of several cannot be added up: choose one "
            "with --match",
            name, most);
}

static void read_durations(struct between *between)
{
    struct observed *out = between->out;
    double scale;
    const char *name = find_name(between, OBSERVED_DURATION, &scale);
    if (!name && !between->rules->names[OBSERVED_DURATION])
        observed_note(
            out, "no histogram of request durations is known by its name: name it with "
                 "--metric duration=NAME");
    if (!name)
        return;
    struct selection all = {name, "_count", between->rules->matches,
                            between->rules->match_count};
    out->requests = observed_increase(between, &all);
    all.suffix = "_sum";
    out->mean_s = observed_increase(between, &all) * scale / out->requests;
    all.suffix = "_bucket";
    read_histogram(between, &all, scale);
    if (isnan(out->quantiles[0].value) && !out->restarted)
        read_summary(between, name, scale);
    if (isnan(out->requests) && !out->restarted && between->rules->match_count > 0)
        observed_note(out, "no series of %s has the labels of --match", name);
}

/* --- requests -------------------------------------------------------------------- */

static struct str status_of(const struct page_sample *sample)
{
    static const char *const labels[] = {"http_response_status_code", "status_code",
                                         "http_status_code", "status", "code"};
    for (size_t i = 0; i < sizeof(labels) / sizeof(labels[0]); i++) {
        struct str value = page_label(sample, str_of(labels[i]));
        if (value.len > 0)
            return value;
    }
    return STR("");
}

/* Requests of all statuses, and of 5xx; NaN where that cannot be known. */
static void read_statuses(struct between *between, const struct selection *selection,
                          double *all, double *errors)
{
    bool told = false;
    *all = observed_increase(between, selection);
    *errors = 0;
    for (size_t i = 0; i < between->after->sample_count && !isnan(*all); i++) {
        const struct page_sample *sample = &between->after->samples[i];
        double one;
        if (!observed_is_selected(selection, &between->is, sample))
            continue;
        struct str status = status_of(sample);
        told |= status.len > 0;
        if (status.len > 0 && status.ptr[0] == '5' &&
            observed_rise(between, sample, &one) == ROSE)
            *errors += one;
    }
    if (!told)
        *errors = UNKNOWN;
}

static void read_requests(struct between *between)
{
    struct observed *out = between->out;
    double scale, all, errors;
    const char *name = find_name(between, OBSERVED_REQUESTS, &scale);
    const char *suffix = "";
    if (!name && out->names[OBSERVED_DURATION][0]) {
        name = out->names[OBSERVED_DURATION]; /* whose count may have the status, too */
        suffix = "_count";
    }
    if (!name)
        return;
    const struct selection selection = {name, suffix, between->rules->matches,
                                        between->rules->match_count};
    read_statuses(between, &selection, &all, &errors);
    if (isnan(out->requests))
        out->requests = all;
    if (all > 0)
        out->error_share = errors / all;
    if (isnan(errors) && !isnan(all))
        observed_note(out, "%s%s has no label for the status: errors are not known", name,
                      suffix);
}

/* --- the process ----------------------------------------------------------------- */

static double gauge(struct between *between, enum observed_kind kind)
{
    double scale;
    const char *name = find_name(between, kind, &scale);
    return name ? observed_sum(&between->is, name) * scale : UNKNOWN;
}

/* The highest bound of a bucket in which something fell within the window. */
static double longest(struct between *between, const char *name, double scale)
{
    const struct selection selection = {name, "_bucket", NULL, 0};
    struct buckets buckets = observed_buckets(between, &selection, scale);
    double found = bucket_quantile(1, buckets.list, buckets.count).high;
    mem_free(buckets.list);
    return found;
}

static void read_gc(struct between *between)
{
    struct observed *out = between->out;
    double scale;
    const char *name = find_name(between, OBSERVED_GC, &scale);
    if (!name)
        return;
    struct selection selection = {name, "_count", NULL, 0};
    out->gc_pauses = observed_increase(between, &selection);
    selection.suffix = "_sum";
    out->gc_s = observed_increase(between, &selection) * scale;
    out->gc_longest_s = longest(between, name, scale);
    if (out->gc_pauses == 0)
        out->gc_s = out->gc_longest_s = 0;
}

static void read_process(struct between *between)
{
    struct observed *out = between->out;
    double scale;
    const char *name = find_name(between, OBSERVED_CPU, &scale);
    if (name) {
        const struct selection selection = {name, "", NULL, 0};
        out->cpu = observed_increase(between, &selection) * scale / out->window_s;
    }
    out->resident_bytes = gauge(between, OBSERVED_RESIDENT);
    out->files = gauge(between, OBSERVED_FILES);
    out->tasks = gauge(between, OBSERVED_TASKS);
}

/* By the family's type, and where there is none by the name. */
static bool is_counter(const struct page *page, const char *name)
{
    static const char *const ends[] = {"_total", "_count", "_sum", "_bucket"};
    const struct page_family *family = page_family(page, str_of(name));
    size_t len = strlen(name);
    if (family && family->type != PROM_UNKNOWN)
        return family->type == PROM_COUNTER;
    for (size_t i = 0; i < sizeof(ends) / sizeof(ends[0]); i++) {
        size_t end = strlen(ends[i]);
        if (len > end && strcmp(name + len - end, ends[i]) == 0)
            return true;
    }
    return false;
}

static void read_more(struct between *between)
{
    struct observed *out = between->out;
    for (int i = 0; i < between->rules->more_count; i++) {
        const char *name = between->rules->more[i];
        const struct selection selection = {name, "", NULL, 0};
        struct observed_more *more = &out->more[out->more_count++];
        snprintf(more->name, sizeof(more->name), "%s", name);
        more->is_rate = is_counter(between->after, name);
        more->value = more->is_rate
                          ? observed_increase(between, &selection) / out->window_s
                          : observed_sum(&between->is, name);
        if (isnan(more->value) && !out->restarted)
            observed_note(out, "there is no metric %s", name);
    }
}

/* Some libraries compute the start time anew at each scrape, and are a second off. */
#define START_SLACK_S 2.0

static void look_for_restart(struct between *between)
{
    double scale;
    const char *name = find_name(between, OBSERVED_START, &scale);
    if (!name)
        return;
    double later = observed_sum(&between->is, name) - observed_sum(&between->was, name);
    if (!(fabs(later) > START_SLACK_S)) /* or not known */
        return;
    between->out->restarted = true;
    observed_note(between->out,
                  later > 0
                      ? "the service was restarted between the scrapes: what it counted "
                        "before is gone, and nothing is computed from the rest"
                      : "the service says that it was started earlier than at the scrape "
                        "before: another process answered, or the clock was set back; "
                        "nothing is computed");
}

static void forget_all(struct observed *out)
{
    out->requests = out->rate = out->error_share = out->mean_s = UNKNOWN;
    out->cpu = out->cpu_us = UNKNOWN;
    out->resident_bytes = out->files = out->tasks = UNKNOWN;
    out->gc_pauses = out->gc_s = out->gc_longest_s = UNKNOWN;
    for (int i = 0; i < OBSERVED_QUANTILES; i++)
        out->quantiles[i] = (struct bucket_quantile){UNKNOWN, UNKNOWN, UNKNOWN};
}

static void read_all(struct between *between)
{
    struct observed *out = between->out;
    look_for_restart(between);
    if (out->restarted)
        return;
    read_durations(between);
    read_requests(between);
    read_process(between);
    read_gc(between);
    read_more(between);
    if (out->requests == 0)
        observed_note(out, "no request was answered within the window");
    out->rate = out->requests / out->window_s;
    if (out->requests > 0)
        out->cpu_us = out->cpu * out->window_s * 1e6 / out->requests;
}

void observed_between(const struct page *before, const struct page *after, double seconds,
                      const struct observed_rules *rules, struct observed *out)
{
    struct between between = {
        .before = before, .after = after, .rules = rules, .out = out};
    *out = (struct observed){.window_s = seconds};
    forget_all(out);
    observed_series_init(&between.was, before);
    observed_series_init(&between.is, after);
    read_all(&between);
    observed_series_fini(&between.was);
    observed_series_fini(&between.is);
}
