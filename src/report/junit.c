#include "report/junit.h"

#include <math.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#include "report/text.h"
#include "report/view_parts.h"
#include "result/gate.h"

enum case_end { CASE_PASSED, CASE_FAILED, CASE_ERROR, CASE_SKIPPED, CASE_ENDS };

struct test_case {
    char name[RULE_TEXT_BYTES + 32];
    enum case_end end;
    const char *type; /* of a failure or an error */
    char text[512];   /* what was found */
};

struct suite {
    const struct result *result;
    const struct comparisons *found;
    const struct gate *gate;
    int service;
    struct test_case cases[1 + RULES_MAX + METRICS];
    int count;
    int ends[CASE_ENDS]; /* how many of each */
};

/* ---- XML ---- */

static void add_escaped(struct buf *out, const char *text)
{
    struct buf clean;
    buf_init(&clean, 65536);
    text_clean(&clean, str_of(text));
    for (const char *c = buf_text(&clean); *c; c++) {
        switch (*c) {
        case '&':
            buf_add_text(out, "&amp;");
            break;
        case '<':
            buf_add_text(out, "&lt;");
            break;
        case '>':
            buf_add_text(out, "&gt;");
            break;
        case '"':
            buf_add_text(out, "&quot;");
            break;
        default:
            buf_add(out, (struct str){c, 1});
        }
    }
    buf_fini(&clean);
}

static void add_attribute(struct buf *out, const char *name, const char *value)
{
    buf_format(out, " %s=\"", name);
    add_escaped(out, value);
    buf_add_text(out, "\"");
}

/* Of all suites together the readers' schemas allow no skipped. */
static void add_counts(struct buf *out, const int ends[CASE_ENDS], bool with_skipped)
{
    int tests = 0;
    for (int end = 0; end < CASE_ENDS; end++)
        tests += ends[end];
    buf_format(out, " tests=\"%d\" failures=\"%d\" errors=\"%d\"", tests,
               ends[CASE_FAILED], ends[CASE_ERROR]);
    if (with_skipped)
        buf_format(out, " skipped=\"%d\"", ends[CASE_SKIPPED]);
}

/* Some servers split a class name at its points. */
static void add_class(struct buf *out, const char *service)
{
    char name[RESULT_NAME_BYTES];
    snprintf(name, sizeof(name), "%s", service);
    for (char *c = name; *c; c++)
        *c = *c == '.' ? '_' : *c;
    add_attribute(out, "classname", name);
}

/* ---- cases ---- */

static struct test_case *add_case(struct suite *suite, enum case_end end)
{
    struct test_case *added = &suite->cases[suite->count++];
    added->end = end;
    added->type = "";
    suite->ends[end]++;
    return added;
}

static void add_rule(struct suite *suite, const struct view_verdict *told,
                     const struct gate_check *check)
{
    static const struct {
        enum case_end end;
        const char *type;
    } as[] = {[GATE_PASSES] = {CASE_PASSED, ""},
              [GATE_OPEN] = {CASE_FAILED, "inconclusive"},
              [GATE_INVALID] = {CASE_ERROR, "invalid"},
              [GATE_BROKEN] = {CASE_FAILED, "broken"}};
    struct test_case *added = add_case(suite, as[check->status].end);
    added->type = as[check->status].type;
    snprintf(added->name, sizeof(added->name), "%s: %s",
             check->rule->required ? "require" : "fail_if", check->rule->text);
    snprintf(added->text, sizeof(added->text), "%s %s", told->word, told->detail);
}

/* Whether the service was measured as planned: what did not pass here was not judged. */
static void add_measurement(struct suite *suite)
{
    const struct service_finding *found = &suite->found->findings[suite->service];
    const struct result_service *of = &suite->result->services[suite->service];
    bool wrong = suite->result->partial || of->skipped || found->trials_failed ||
                 found->trials_invalid || found->answers_differ || found->trials_ok == 0;
    struct test_case *added = add_case(suite, wrong ? CASE_ERROR : CASE_PASSED);
    added->type = wrong ? "invalid" : "";
    snprintf(added->name, sizeof(added->name), "measured as planned");
    snprintf(added->text, sizeof(added->text),
             "%d trials, %d failed, %d INVALID, %d run again%s%s%s%s", found->trials_ok,
             found->trials_failed, found->trials_invalid, found->trials_repeated,
             suite->result->partial ? "; the race ended early" : "",
             of->skipped ? "; not run: " : "", of->skipped ? of->why : "",
             found->why[0] ? "; " : "");
    size_t len = strlen(added->text);
    snprintf(added->text + len, sizeof(added->text) - len, "%s%s%s", found->why,
             found->answers_differ ? "; it answers differently: " : "",
             found->answers_differ ? found->answers_why : "");
}

static void add_comparison(struct suite *suite, const struct comparison *c)
{
    struct view_difference word;
    char ratio[FIGURE_BYTES];
    bool invalid = c->verdict == VERDICT_INVALID;
    bool none = c->verdict == VERDICT_NOT_ESTIMABLE || c->verdict == VERDICT_NONE ||
                c->verdict == VERDICT_OVERLOADED;
    struct test_case *added = add_case(suite, invalid ? CASE_ERROR
                                              : none  ? CASE_SKIPPED
                                                      : CASE_PASSED);
    view_verdict_word(suite->result, c, &word);
    figure_difference(view_shows_ratio(c) ? c->ratio : (double)NAN, c->ci95, ratio);
    added->type = invalid ? "invalid" : "";
    snprintf(added->name, sizeof(added->name), "%s against %.64s",
             metric_infos[c->metric].label,
             suite->result->services[suite->result->baseline].name);
    snprintf(added->text, sizeof(added->text), "%s %s%s%s", ratio, word.verdict,
             c->why[0] ? ": " : "", c->why);
}

static void print_case(const struct suite *suite, const struct test_case *of,
                       struct buf *out)
{
    static const char *const elements[] = {"system-out", "failure", "error", "skipped"};
    buf_add_text(out, "    <testcase");
    add_class(out, suite->result->services[suite->service].name);
    add_attribute(out, "name", of->name);
    buf_format(out, " time=\"0\">\n      <%s", elements[of->end]);
    if (*of->type) {
        add_attribute(out, "message", of->text);
        add_attribute(out, "type", of->type);
    }
    buf_add_text(out, ">");
    add_escaped(out, of->text);
    buf_format(out, "</%s>\n    </testcase>\n", elements[of->end]);
}

/* ---- suites ---- */

static void fill_suite(struct suite *suite, const struct view *view)
{
    if (!suite->result->services[suite->service].control)
        add_measurement(suite);
    for (int i = 0; i < suite->gate->count; i++) {
        if (suite->gate->checks[i].service == suite->service)
            add_rule(suite, &view->gate.checks[i], &suite->gate->checks[i]);
    }
    for (int i = 0; i < suite->found->count; i++) {
        const struct comparison *c = &suite->found->items[i];
        if (c->service == suite->service && metric_infos[c->metric].judged &&
            !suite->result->services[suite->service].control)
            add_comparison(suite, c);
    }
}

/* Measured seconds of the service's trials, and when the first began. */
static double seconds_of(const struct result *result, int service, double *first_unix)
{
    double seconds = 0;
    *first_unix = (double)NAN;
    for (int i = 0; i < result->trial_count; i++) {
        const struct trial *trial = &result->trials[i];
        if (trial->service != service)
            continue;
        seconds += (double)trial->load.duration_ns / 1e9;
        *first_unix = fmin(*first_unix, trial->started_unix);
    }
    return seconds;
}

static void print_suite(const struct suite *suite, struct buf *out)
{
    char stamp[32] = "1970-01-01T00:00:00";
    double first_unix;
    double seconds = seconds_of(suite->result, suite->service, &first_unix);
    struct tm utc;
    time_t at = isnan(first_unix) ? 0 : (time_t)first_unix;
    if (gmtime_r(&at, &utc))
        strftime(stamp, sizeof(stamp), "%Y-%m-%dT%H:%M:%S", &utc);
    buf_add_text(out, "  <testsuite");
    add_attribute(out, "name", suite->result->services[suite->service].name);
    add_counts(out, suite->ends, true);
    buf_format(out, " time=\"%.3f\" timestamp=\"%s\" hostname=\"localhost\">\n", seconds,
               stamp);
    buf_add_text(out, "    <properties>\n      <property name=\"plan.sha256\"");
    add_attribute(out, "value", suite->result->plan_hash);
    buf_add_text(out, "/>\n    </properties>\n");
    for (int i = 0; i < suite->count; i++)
        print_case(suite, &suite->cases[i], out);
    buf_add_text(out, "  </testsuite>\n");
}

void junit_print(const struct result *result, const struct comparisons *comparisons,
                 struct buf *out)
{
    struct view view;
    struct gate gate;
    struct buf suites;
    int ends[CASE_ENDS] = {0};
    double total = 0, ignored;
    view_init(&view, result, comparisons);
    gate_apply(result, comparisons, &gate); /* its checks are those of the view */
    buf_init(&suites, 16 << 20);
    for (int service = 0; service < result->service_count; service++) {
        struct suite suite = {result, comparisons, &gate, service, .count = 0};
        fill_suite(&suite, &view);
        if (suite.count == 0)
            continue;
        print_suite(&suite, &suites);
        total += seconds_of(result, service, &ignored);
        for (int end = 0; end < CASE_ENDS; end++)
            ends[end] += suite.ends[end];
    }
    buf_add_text(out, "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<testsuites");
    add_attribute(out, "name", result->name ? result->name : "race");
    add_counts(out, ends, false);
    buf_format(out, " time=\"%.3f\">\n", total);
    buf_add(out, buf_str(&suites));
    buf_add_text(out, "</testsuites>\n");
    buf_fini(&suites);
    gate_fini(&gate);
    view_fini(&view);
}
