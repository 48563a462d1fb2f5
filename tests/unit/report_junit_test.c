/* JUnit XML: the golden file, counts that add up, who is in it, and hostile texts. */
#include <stdlib.h>

#include "golden.h"
#include "race.h"
#include "report/junit.h"

static void print(const struct result *race, struct buf *out)
{
    struct comparisons comparisons;
    buf_init(out, 1 << 20);
    compare_result(race, &comparisons);
    junit_print(race, &comparisons, out);
    comparisons_fini(&comparisons);
}

static int count(const char *text, const char *what)
{
    int found = 0;
    for (const char *at = strstr(text, what); at; at = strstr(at + 1, what))
        found++;
    return found;
}

static bool has(const struct buf *out, const char *what)
{
    return strstr(buf_text(out), what) != NULL;
}

/* The number of an attribute in the first element of text; -1: it is not there. */
static int attribute(const char *text, const char *name)
{
    char start[64];
    size_t end = strcspn(text, ">");
    snprintf(start, sizeof(start), " %s=\"", name);
    const char *at = strstr(text, start);
    return at && (size_t)(at - text) < end ? (int)strtol(at + strlen(start), NULL, 10)
                                           : -1;
}

/* Of every suite and of all together: attributes against elements. */
static void expect_counts(const char *text, int suites)
{
    const char *all = strstr(text, "<testsuites");
    int tests = 0, failures = 0, errors = 0, found = 0;
    for (const char *at = strstr(all, "<testsuite "); at;
         at = strstr(at + 1, "<testsuite ")) {
        char *suite = mem_copy_bytes(at, (size_t)(strstr(at, "</testsuite>") - at));
        TAP_INT(attribute(suite, "tests"), count(suite, "<testcase "), "tests");
        TAP_INT(attribute(suite, "failures"), count(suite, "<failure "), "failures");
        TAP_INT(attribute(suite, "errors"), count(suite, "<error "), "errors");
        TAP_INT(attribute(suite, "skipped"), count(suite, "<skipped>"), "skipped");
        TAP_INT(count(suite, "<system-out>") + count(suite, "<failure ") +
                    count(suite, "<error ") + count(suite, "<skipped>"),
                count(suite, "<testcase "), "and one end a case");
        tests += attribute(suite, "tests");
        failures += attribute(suite, "failures");
        errors += attribute(suite, "errors");
        found++;
        mem_free(suite);
    }
    TAP_INT(found, suites, "suites");
    TAP_INT(attribute(all, "tests"), tests, "all tests");
    TAP_INT(attribute(all, "failures"), failures, "all failures");
    TAP_INT(attribute(all, "errors"), errors, "all errors");
    TAP_INT(attribute(all, "skipped"), -1, "of all no skipped: schemas know none");
}

static void showcase(void)
{
    struct result race;
    struct buf out;
    race_showcase(&race);
    print(&race, &out);
    golden_check("junit.xml", buf_text(&out));
    expect_counts(buf_text(&out), 4);
    /* ten metrics of three rivals, two rules about each of them, one about the baseline,
     * and how the four were measured */
    TAP_INT(count(buf_text(&out), "<testcase "), 3 * 10 + 3 * 2 + 1 + 4, "all cases");
    buf_fini(&out);
    result_fini(&race);
}

/* One of each end, with its type. */
static const struct {
    const char *what, *expected;
} end_cases[] = {
    {"a broken rule",
     "name=\"fail_if: CPU worse\" time=\"0\">\n      <failure message=\"BROKEN "
     "fail_if CPU worse: "},
    {"its type", "proven\" type=\"broken\">BROKEN fail_if CPU worse: "},
    {"an open one",
     "name=\"require: cold start not worse by 0%\" time=\"0\">\n      <failure "
     "message=\"INCONCLUSIVE require cold start not worse by 0%: "},
    {"its type", "not proven\" type=\"inconclusive\">INCONCLUSIVE "},
    {"an invalid one",
     "name=\"fail_if: p99.9 worse\" time=\"0\">\n      <error message=\"INVALID "},
    {"its type", "a verdict needs 100\" type=\"invalid\">INVALID "},
    {"one that passes",
     "name=\"require: p99 &lt; 1s\" time=\"0\">\n      <system-out>PASS require p99 "
     "&lt; 1s: median "},
    {"a comparison",
     "name=\"CPU per request against c-echo\" time=\"0\">\n      <system-out>2.0"},
    {"and its verdict", "MORE by &gt;5%</system-out>"},
    {"one without a verdict",
     "name=\"p99.9 latency against c-echo\" time=\"0\">\n      <skipped>1.0"},
    {"and why", " no verdict: the tail is too thin: about 99 "},
};

static void ends(void)
{
    struct result race;
    struct buf out;
    race_new(&race, 2, 10, .01);
    race_vary(&race, 1, METRIC_CPU, 2.05, .01);
    for (int block = 1; block <= 10; block++)
        race_trial(&race, block, 1)->load.latency.k_eff[LOAD_P999] = 99;
    race_rule(&race, "CPU worse", false);
    race_rule(&race, "cold start not worse by 0%", true);
    race_rule(&race, "p99.9 worse", false);
    race_rule(&race, "p99 < 1s", true);
    print(&race, &out);
    for (size_t i = 0; i < sizeof(end_cases) / sizeof(end_cases[0]); i++)
        TAP_OK(has(&out, end_cases[i].expected), "%s: %s", end_cases[i].what,
               end_cases[i].expected);
    expect_counts(buf_text(&out), 2);
    buf_fini(&out);
    result_fini(&race);
}

/* A comparison that cannot be trusted is an error, an overloaded one is skipped. */
static void untrusted(void)
{
    struct result race;
    struct buf out;
    race_new(&race, 3, 10, .01);
    race_trial(&race, 3, 1)->invalid_count = 1;
    snprintf(race_trial(&race, 3, 1)->invalid[0], LOAD_REASON_BYTES, "lag of 3 ms");
    race_trial(&race, 4, 2)->load.overloaded = true;
    print(&race, &out);
    TAP_OK(has(&out, "<error message=\"– INVALID: go-echo, in block 3: lag of 3 ms\" "
                     "type=\"invalid\">– INVALID: go-echo, in block 3: lag of 3 ms"
                     "</error>"),
           "an invalid comparison");
    TAP_INT(count(buf_text(&out), "<error "), 9,
            "all but cold start and drain, and the measurement itself");
    TAP_OK(has(&out, "<skipped>– OVERLOADED: rust-echo could not hold the offered rate"),
           "an overloaded one");
    TAP_INT(count(buf_text(&out), "<skipped>"), 5, "all its percentiles");
    expect_counts(buf_text(&out), 3);
    buf_fini(&out);
    result_fini(&race);
}

/* A suite a service, with all that is about it, but none of the control. */
static void suites(void)
{
    struct result race;
    struct buf out;
    race_new(&race, 3, 6, .01);
    snprintf(race.services[1].name, RESULT_NAME_BYTES, "go.1.22");
    snprintf(race.services[2].name, RESULT_NAME_BYTES, "c-echo-control");
    race.services[2].control = true;
    race_rule(&race, "p99 worse", false);
    print(&race, &out);
    TAP_OK(has(&out, "<testsuite name=\"go.1.22\""), "a suite has its service's name");
    TAP_OK(has(&out, "classname=\"go_1_22\"") && !has(&out, "classname=\"go."),
           "without points where servers split at them");
    TAP_OK(!has(&out, "control"), "the control is not there");
    TAP_OK(!has(&out, "max latency"), "nor what is not judged");
    TAP_INT(count(buf_text(&out), "<testcase "), 13,
            "ten metrics and a rule, and two measurements");
    expect_counts(buf_text(&out), 2);
    buf_fini(&out);
    race_rule(&race, "p99 < 1s of c-echo", true);
    race_rule(&race, "p99 < 1s of nobody", true);
    print(&race, &out);
    TAP_OK(has(&out, "<testsuite name=\"c-echo\" tests=\"3\" failures=\"0\" errors=\"1\" "
                     "skipped=\"0\""),
           "the baseline's rules, and those about nobody");
    expect_counts(buf_text(&out), 2);
    buf_fini(&out);
    result_fini(&race);
}

static void times(void)
{
    struct result race;
    struct buf out;
    race_new(&race, 2, 6, .01);
    struct trial *first = race_trial(&race, 1, 1), *later = race_trial(&race, 5, 1);
    double swap = first->started_unix;
    first->started_unix = later->started_unix;
    later->started_unix = swap;
    race_trial(&race, 2, 1)->load.duration_ns = 2500000000;
    print(&race, &out);
    TAP_OK(has(&out, " time=\"52.500\" timestamp=\"2023-11-14T22:14:20\" "
                     "hostname=\"localhost\">"),
           "measured seconds, and when the earliest trial began");
    TAP_OK(has(&out, "<testsuites name=\"echo\" tests=\"12\" failures=\"0\" "
                     "errors=\"0\" time=\"112.500\">"),
           "those of all suites");
    TAP_OK(has(&out, "<property name=\"plan.sha256\" value=\"0123456789abcdef0123456789"
                     "abcdef0123456789abcdef0123456789abcdef\"/>"),
           "and of which plan");
    buf_fini(&out);
    for (int block = 1; block <= 6; block++)
        race_trial(&race, block, 1)->started_unix = (double)NAN;
    mem_free(race.name);
    race.name = NULL;
    print(&race, &out);
    TAP_OK(has(&out, "timestamp=\"1970-01-01T00:00:00\""), "no time is the epoch");
    TAP_OK(has(&out, "<testsuites name=\"race\" "), "and no name is a race");
    buf_fini(&out);
    result_fini(&race);
}

static void spoil(struct result *race, int how)
{
    struct trial *trial = race_trial(race, 4, 1);
    trial->outcome = how & 1 ? TRIAL_FAILED : TRIAL_OK;
    trial->why = how & 1 ? mem_copy_text("it died") : NULL;
    race_trial(race, 5, 1)->invalid_count = how >> 1 & 1;
    snprintf(race_trial(race, 5, 1)->invalid[0], LOAD_REASON_BYTES, "lag of 3 ms");
    race->partial = how >> 2 & 1;
    race->services[1].skipped = how >> 3 & 1;
    snprintf(race->services[1].why, RESULT_TEXT_BYTES, "no go");
    for (int block = 1; how >> 4 & 1 && block <= 6; block++)
        race_trial(race, block, 1)->outcome = TRIAL_SKIPPED;
    race_trial(race, 6, 1)->superseded = how >> 5 & 1;
    for (int block = 1; how >> 6 & 1 && block <= 6; block++)
        race_trial(race, block, 1)->answers[0].status = 500;
}

/* Whether a service was measured at all: what is not judged for that is no pass. */
static void measured(void)
{
    static const struct {
        int how;
        bool good;
        const char *text;
    } cases[] = {
        {0, true, "6 trials, 0 failed, 0 INVALID, 0 run again<"},
        {1, false, "5 trials, 1 failed, 0 INVALID, 0 run again; in block 4: it died<"},
        {2, false, "6 trials, 0 failed, 1 INVALID, 0 run again; in block 5: lag of 3 "},
        {3, false, "5 trials, 1 failed, 1 INVALID, 0 run again; in block 4: it died<"},
        {4, false, "6 trials, 0 failed, 0 INVALID, 0 run again; the race ended early<"},
        {8, false, "6 trials, 0 failed, 0 INVALID, 0 run again; not run: no go<"},
        {16, false, "0 trials, 0 failed, 0 INVALID, 0 run again<"},
        {32, true, "5 trials, 0 failed, 0 INVALID, 1 run again<"},
        {64, false,
         "6 trials, 0 failed, 0 INVALID, 0 run again; it answers differently: request "
         "form 1 is answered with 500, by c-echo with 200<"},
    };
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        struct result race;
        struct buf out;
        race_new(&race, 2, 6, .01);
        spoil(&race, cases[i].how);
        print(&race, &out);
        const char *at = strstr(buf_text(&out), "=\"go-echo\" name=\"measured as");
        const char *end = cases[i].good ? "<system-out>" : "type=\"invalid\">";
        const char *text = at ? strstr(at, end) : NULL;
        TAP_OK(text &&
                   strncmp(text + strlen(end), cases[i].text, strlen(cases[i].text)) == 0,
               "%s: %s", cases[i].good ? "a pass" : "an error", cases[i].text);
        buf_fini(&out);
        result_fini(&race);
    }
}

/* XML 1.0 2.2: no control characters but tab and newline, no U+FFFE, no broken UTF-8. */
static void expect_clean(const char *text)
{
    bool good = true;
    for (const char *c = text; *c; c++)
        good = good && ((unsigned char)*c >= 0x20 || *c == '\n') && *c != 0x7f;
    TAP_OK(good, "no control characters");
    TAP_OK(!strstr(text, "\xef\xbf\xbe") && !strstr(text, "\xff"), "nothing forbidden");
    for (const char *c = strchr(text, '&'); c; c = strchr(c + 1, '&')) {
        if (strncmp(c, "&amp;", 5) != 0 && strncmp(c, "&lt;", 4) != 0 &&
            strncmp(c, "&gt;", 4) != 0 && strncmp(c, "&quot;", 6) != 0)
            TAP_OK(false, "a bare & at %.20s", c);
    }
}

static void escapes(void)
{
    struct result race;
    struct buf out;
    race_new(&race, 2, 6, .01);
    mem_free(race.name);
    race.name = mem_copy_text("\"a\" & <b>");
    snprintf(race.services[0].name, RESULT_NAME_BYTES, "c<\"&>");
    struct trial *dead = race_trial(&race, 2, 1);
    dead->outcome = TRIAL_FAILED;
    dead->why = mem_copy_text("<a href=\"x\">&amp; ]]>\033[2J\r\n\x01\x7f\xff\xc2\x85"
                              "\xef\xbf\xbe é'");
    race_rule(&race, "p99 worse", false);
    print(&race, &out);
    TAP_OK(has(&out, "<testsuites name=\"&quot;a&quot; &amp; &lt;b&gt;\""), "a name");
    TAP_OK(has(&out, "against c&lt;&quot;&amp;&gt;\""), "the baseline's name");
    TAP_OK(has(&out,
               "type=\"invalid\">INVALID fail_if p99 worse: go-echo, in block 2: "
               "&lt;a href=&quot;x&quot;&gt;&amp;amp; ]]&gt; [2J    ?   é'</error>"),
           "a dying service's words as text");
    TAP_OK(has(&out, " message=\"INVALID fail_if p99 worse: go-echo, in block 2: &lt;a "
                     "href=&quot;x&quot;&gt;&amp;amp; ]]&gt; [2J    ?   é'\""),
           "and as an attribute");
    expect_clean(buf_text(&out));
    expect_counts(buf_text(&out), 2);
    buf_fini(&out);
    result_fini(&race);
}

/* As many cases as there may be, with texts as long as they may be. */
static void largest(void)
{
    struct result race;
    struct buf out;
    char rule[RULE_TEXT_BYTES];
    race_new(&race, 2, 6, .01);
    memset(race.services[1].name, 'g', RESULT_NAME_BYTES - 1);
    memset(race.services[0].name, 'c', RESULT_NAME_BYTES - 1);
    struct trial *dead = race_trial(&race, 2, 1);
    dead->outcome = TRIAL_FAILED;
    dead->why = mem_format("%0400d", 0);
    snprintf(rule, sizeof(rule), "cold start worse by 10.%020d%% of %s", 0,
             race.services[1].name);
    for (int i = 0; i < RULES_MAX; i++)
        race_rule(&race, rule, false);
    print(&race, &out);
    expect_counts(buf_text(&out), 2);
    TAP_INT(count(buf_text(&out), "<error "), RULES_MAX + METRICS, "all are there");
    TAP_OK(has(&out, rule), "a long rule is whole");
    buf_fini(&out);
    result_fini(&race);
}

int main(void)
{
    showcase();
    ends();
    untrusted();
    suites();
    measured();
    times();
    escapes();
    largest();
    return tap_done();
}
