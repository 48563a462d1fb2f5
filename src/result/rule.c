#include "result/rule.h"

#include <math.h>
#include <stdio.h>

#include "base/mem.h"
#include "base/units.h"
#include "result/compare.h"

enum { WORDS_MAX = 12 };

struct words {
    struct str items[WORDS_MAX];
    int count;
};

/* Single spaces, and one on either side of < and >. False: too long. */
static bool tidy(const char *text, char out[RULE_TEXT_BYTES])
{
    size_t len = 0;
    for (const char *c = text; *c; c++) {
        bool sign = *c == '<' || *c == '>';
        bool space = *c == ' ' || *c == '\t' || *c == '\n';
        bool gap = len > 0 && out[len - 1] != ' ';
        if (len + 3 >= RULE_TEXT_BYTES)
            return false;
        if ((space || sign) && gap)
            out[len++] = ' ';
        if (!space)
            out[len++] = *c;
        if (sign)
            out[len++] = ' ';
    }
    while (len > 0 && out[len - 1] == ' ')
        len--;
    out[len] = '\0';
    return len > 0;
}

static struct words split(const char *text)
{
    struct words words = {.count = 0};
    for (const char *at = text; *at && words.count < WORDS_MAX; at += *at == ' ') {
        size_t len = strcspn(at, " ");
        words.items[words.count++] = (struct str){at, len};
        at += len;
    }
    return words;
}

static bool is(const struct words *words, int i, const char *word)
{
    return i < words->count && str_eq_nocase(words->items[i], str_of(word));
}

/* Takes "of NAME" from the end. */
static bool take_service(struct words *words, struct rule *out, struct error *err)
{
    int of = words->count - 2;
    if (of < 1 || !is(words, of, "of"))
        return true;
    struct str name = words->items[of + 1];
    if (name.len >= sizeof(out->service))
        return error_set(err, "'%s': the name of a service is too long", out->text);
    snprintf(out->service, sizeof(out->service), "%.*s", (int)name.len, name.ptr);
    words->count = of;
    return true;
}

/* The metric is what stands before the operator: one or two words. */
static bool take_metric(const struct words *words, int operator_at, struct rule *out,
                        struct error *err)
{
    enum metric metric;
    struct str first = words->items[0];
    const struct str last = words->items[operator_at - 1];
    struct str name = {first.ptr, (size_t)(last.ptr + last.len - first.ptr)};
    if (!metric_find(name, &metric))
        return error_set(err,
                         "'%s': there is no metric '%.*s'; there are p50, p90, p95, p99, "
                         "p99.9, throughput, CPU, memory, cold start and drain",
                         out->text, (int)name.len, name.ptr);
    out->metric = (int)metric;
    return metric_infos[metric].judged ||
           error_set(err, "'%s': %s is never judged; one request decides it", out->text,
                     metric_infos[metric].name);
}

static bool read_share(struct str text, double *out)
{
    double percent;
    if (text.len < 2 || text.ptr[text.len - 1] != '%' ||
        !units_parse_count((struct str){text.ptr, text.len - 1}, &percent) ||
        percent > 1000)
        return false;
    *out = percent / 100;
    return true;
}

static bool read_limit(struct str text, enum metric metric, double *out)
{
    int64_t ns;
    uint64_t bytes;
    switch (metric_infos[metric].unit) {
    case UNIT_NS:
    case UNIT_US:
        if (!units_parse_duration(text, &ns))
            return false;
        *out = metric_infos[metric].unit == UNIT_US ? (double)ns / 1e3 : (double)ns;
        return true;
    case UNIT_RATE:
        return units_parse_count(text, out);
    case UNIT_BYTES:
        if (!units_parse_size(text, &bytes))
            return false;
        *out = (double)bytes;
        return true;
    }
    return false;
}

/* "worse [by 10%]", from word i on. */
static bool take_tolerance(const struct words *words, int i, struct rule *out,
                           struct error *err)
{
    out->relative = true;
    out->tolerance = (double)NAN;
    if (i + 1 == words->count)
        return true;
    bool whole = metric_infos[out->metric].more_is_better; /* what can be lost */
    return (i + 3 == words->count && is(words, i + 1, "by") &&
            read_share(words->items[i + 2], &out->tolerance) &&
            (!whole || out->tolerance < 1)) ||
           error_set(err,
                     "'%s': after 'worse' there may only be a tolerance such as "
                     "'by 10%%'",
                     out->text);
}

static bool take_limit(const struct words *words, int i, struct rule *out,
                       struct error *err)
{
    static const char *const examples[] = {[UNIT_NS] = "100ms",
                                           [UNIT_RATE] = "20k",
                                           [UNIT_US] = "50us",
                                           [UNIT_BYTES] = "64MiB"};
    /* What may not be is written under fail_if, what must be under require. */
    out->below = is(words, i, "<") == out->required;
    return (i + 2 == words->count &&
            read_limit(words->items[i + 1], (enum metric)out->metric, &out->limit)) ||
           error_set(err, "'%s': after '%.*s' there must be one value such as %s",
                     out->text, (int)words->items[i].len, words->items[i].ptr,
                     examples[metric_infos[out->metric].unit]);
}

/* Where the operator stands: the first of "worse", "not", "<", ">" after the metric. */
static int find_operator(const struct words *words)
{
    for (int i = 1; i < words->count; i++) {
        if (is(words, i, "worse") || is(words, i, "not") || is(words, i, "not_worse") ||
            is(words, i, "<") || is(words, i, ">"))
            return i;
    }
    return 0;
}

static bool take_operator(const struct words *words, int at, struct rule *out,
                          struct error *err)
{
    if (is(words, at, "<") || is(words, at, ">"))
        return take_limit(words, at, out, err);
    bool negated = !is(words, at, "worse");
    if (is(words, at, "not") && !is(words, ++at, "worse"))
        return error_set(err, "'%s': 'not' can only be 'not worse'", out->text);
    if (negated != out->required)
        return error_set(err,
                         negated
                             ? "'%s': under fail_if write what may not be, '… worse'; "
                               "what must be proven goes under require"
                             : "'%s': under require write what must be proven, '… not "
                               "worse'; what may not be goes under fail_if",
                         out->text);
    return take_tolerance(words, at, out, err);
}

bool rule_is_about(const struct rule *rule, const struct rule_subject *subject)
{
    bool alone = subject->rivals == 0;
    if (subject->is_control || (rule->relative && subject->is_baseline))
        return false;
    if (*rule->service)
        return strcmp(rule->service, subject->name) == 0;
    return !subject->is_baseline || alone;
}

bool rule_parse(const char *text, bool required, struct rule *out, struct error *err)
{
    struct rule rule = {.required = required, .limit = (double)NAN};
    if (!tidy(text, rule.text))
        return error_set(err, "'%.60s' is no rule: it is %s", text,
                         text[strspn(text, " \t\n")] ? "too long" : "empty");
    struct words words = split(rule.text);
    if (!take_service(&words, &rule, err))
        return false;
    int at = find_operator(&words);
    if (at == 0)
        return error_set(err, "'%s' is no rule; write 'p99 %s by 10%%' or 'p99 %s 100ms'",
                         rule.text, required ? "not worse" : "worse",
                         required ? "<" : ">");
    if (!take_metric(&words, at, &rule, err) || !take_operator(&words, at, &rule, err))
        return false;
    *out = rule;
    return true;
}
