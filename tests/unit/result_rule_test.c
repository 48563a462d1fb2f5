/* rule_parse: every kind of rule, what it holds, and the sentence of every refusal. */
#include "result/compare.h"
#include "result/rule.h"
#include "tap.h"

static bool parse(const char *text, bool required, struct rule *out)
{
    struct error err = {""};
    if (TAP_OK(rule_parse(text, required, out, &err), "takes '%s'", text))
        return true;
    printf("# %s\n", err.text);
    return false;
}

static const struct {
    const char *text;
    bool required, relative;
    enum metric metric;
    double tolerance; /* NAN: the margin; of a relative one */
    double limit;     /* of an absolute one */
    bool below;       /* likewise */
    const char *service;
} kind_cases[] = {
    {"p99 worse", false, true, METRIC_P99, (double)NAN, 0, false, ""},
    {"p99 worse by 10%", false, true, METRIC_P99, .10, 0, false, ""},
    {"p99 worse by 0%", false, true, METRIC_P99, 0, 0, false, ""},
    {"p99 worse by 2.5%", false, true, METRIC_P99, .025, 0, false, ""},
    {"p99 worse by 1000%", false, true, METRIC_P99, 10, 0, false, ""},
    {"p99 worse of go-echo", false, true, METRIC_P99, (double)NAN, 0, false, "go-echo"},
    {"p99 worse by 10% of go-echo", false, true, METRIC_P99, .10, 0, false, "go-echo"},
    {"P99 Worse By 10% OF go-echo", false, true, METRIC_P99, .10, 0, false, "go-echo"},
    {"p50 not worse", true, true, METRIC_P50, (double)NAN, 0, false, ""},
    {"p50 not worse by 5%", true, true, METRIC_P50, .05, 0, false, ""},
    {"p50 not_worse by 5%", true, true, METRIC_P50, .05, 0, false, ""},
    {"p50 NOT worse by 5% of a.b_c-d", true, true, METRIC_P50, .05, 0, false, "a.b_c-d"},
    {"p99 > 100ms", false, false, METRIC_P99, 0, 100e6, true, ""},
    {"p99 < 100ms", true, false, METRIC_P99, 0, 100e6, true, ""},
    {"throughput < 20k", false, false, METRIC_THROUGHPUT, 0, 20000, false, ""},
    {"throughput > 20k", true, false, METRIC_THROUGHPUT, 0, 20000, false, ""},
    {"throughput worse by 99.9%", false, true, METRIC_THROUGHPUT, .999, 0, false, ""},
    {"p99 > 100ms of c-echo", false, false, METRIC_P99, 0, 100e6, true, "c-echo"},
    {"p99 < 100ms of of", true, false, METRIC_P99, 0, 100e6, true, "of"},
};

static void kinds(void)
{
    for (size_t i = 0; i < sizeof(kind_cases) / sizeof(kind_cases[0]); i++) {
        struct rule rule;
        if (!parse(kind_cases[i].text, kind_cases[i].required, &rule))
            continue;
        TAP_OK(rule.required == kind_cases[i].required &&
                   rule.relative == kind_cases[i].relative &&
                   rule.metric == (int)kind_cases[i].metric,
               "… is of that kind");
        TAP_TEXT(rule.service, kind_cases[i].service, "… about that service");
        TAP_TEXT(rule.text, kind_cases[i].text, "… and keeps its text");
        if (rule.relative && isnan(kind_cases[i].tolerance))
            TAP_OK(isnan(rule.tolerance), "… the margin is its tolerance");
        else if (rule.relative)
            TAP_NEAR(rule.tolerance, kind_cases[i].tolerance, 1e-15, "… its tolerance");
        else
            TAP_OK(rule.below == kind_cases[i].below &&
                       !(rule.limit < kind_cases[i].limit) &&
                       !(rule.limit > kind_cases[i].limit),
                   "… its limit, and good values are %s it",
                   kind_cases[i].below ? "below" : "above");
    }
}

static void metric_names(void)
{
    static const struct {
        const char *name;
        enum metric metric;
    } cases[] = {
        {"p50", METRIC_P50},
        {"p90", METRIC_P90},
        {"p95", METRIC_P95},
        {"p99", METRIC_P99},
        {"p99.9", METRIC_P999},
        {"p999", METRIC_P999},
        {"P99.9", METRIC_P999},
        {"throughput", METRIC_THROUGHPUT},
        {"CPU", METRIC_CPU},
        {"cpu", METRIC_CPU},
        {"cpu_us_per_request", METRIC_CPU},
        {"memory", METRIC_RSS},
        {"rss_peak_bytes", METRIC_RSS},
        {"cold start", METRIC_COLD_START},
        {"cold_start", METRIC_COLD_START},
        {"cold-start", METRIC_COLD_START},
        {"Cold  Start", METRIC_COLD_START},
        {"cold_start_ns", METRIC_COLD_START},
        {"drain", METRIC_DRAIN},
        {"drain_ns", METRIC_DRAIN},
    };
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        char text[64];
        struct rule rule;
        snprintf(text, sizeof(text), "%s worse by 5%%", cases[i].name);
        if (parse(text, false, &rule))
            TAP_INT(rule.metric, cases[i].metric, "… which is that metric");
    }
}

/* In the unit of the metric, whatever it is written in. */
static void limits(void)
{
    static const struct {
        const char *text;
        double limit;
    } cases[] = {
        {"p50 < 0", 0},
        {"p50 < 500ns", 500},
        {"p50 < 1.5us", 1500},
        {"p99.9 < 100ms", 100e6},
        {"drain < 2m", 120e9},
        {"cold start < 1.5s", 1.5e9},
        {"CPU < 50us", 50},
        {"CPU < 1ms", 1000},
        {"CPU < 500ns", .5},
        {"memory < 64MiB", 67108864},
        {"memory < 64MB", 64e6},
        {"memory < 512", 512},
        {"throughput > 20k", 20000},
        {"throughput > 1.5M", 1.5e6},
        {"throughput > 300", 300},
    };
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        struct rule rule;
        if (parse(cases[i].text, true, &rule))
            TAP_NEAR(rule.limit, cases[i].limit, 1e-9, "… its limit");
    }
}

/* The text that reports show has one space where there was any, or none. */
static void spacing(void)
{
    static const struct {
        const char *text, *tidy;
    } cases[] = {
        {"p99<100ms", "p99 < 100ms"},
        {"p99< 100ms", "p99 < 100ms"},
        {"p99 <100ms", "p99 < 100ms"},
        {"  p99   <\t100ms \n", "p99 < 100ms"},
        {"p99<100ms of  go", "p99 < 100ms of go"},
        {"cold\tstart  <  1s", "cold start < 1s"},
        {"\tp99 not\n worse  by 10% ", "p99 not worse by 10%"},
    };
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        struct rule rule;
        if (parse(cases[i].text, true, &rule))
            TAP_TEXT(rule.text, cases[i].tidy, "… with single spaces");
    }
}

#define NO_METRIC(name)                                                                  \
    "there is no metric '" name "'; there are p50, p90, p95, p99, p99.9, throughput, "   \
    "CPU, memory, cold start and drain"
#define UNDER_FAIL_IF                                                                    \
    "under fail_if write what may not be, '… worse'; what must be proven goes under "  \
    "require"
#define UNDER_REQUIRE                                                                    \
    "under require write what must be proven, '… not worse'; what may not be goes "    \
    "under fail_if"
#define AFTER_WORSE "after 'worse' there may only be a tolerance such as 'by 10%'"
#define ONE_VALUE(sign, example)                                                         \
    "after '" sign "' there must be one value such as " example

static void refuse(const char *text, bool required, const char *sentence)
{
    struct rule rule = {.metric = -7};
    struct error err = {""};
    TAP_OK(!rule_parse(text, required, &rule, &err), "refuses '%.40s'", text);
    TAP_TEXT(err.text, sentence, "… and says why");
    TAP_INT(rule.metric, -7, "… and leaves the rule alone");
}

/* "'TEXT': SENTENCE", the text being tidy already. */
static const struct {
    const char *text;
    bool required;
    const char *sentence;
} refused[] = {
    {"p99 not worse", false, UNDER_FAIL_IF},
    {"p99 not worse by 10%", false, UNDER_FAIL_IF},
    {"p99 not_worse", false, UNDER_FAIL_IF},
    {"p99 worse", true, UNDER_REQUIRE},
    {"p99 worse by 10% of go", true, UNDER_REQUIRE},
    {"p99 not < 100ms", true, "'not' can only be 'not worse'"},
    {"p99 not", true, "'not' can only be 'not worse'"},
    {"max > 1s", false, "max is never judged; one request decides it"},
    {"max worse", false, "max is never judged; one request decides it"},
    {"p98 worse", false, NO_METRIC("p98")},
    {"p99.99 < 1s", true, NO_METRIC("p99.99")},
    {"cold starts < 1s", true, NO_METRIC("cold starts")},
    {"p99 latency worse", false, NO_METRIC("p99 latency")},
    {"p99 of go worse", false, NO_METRIC("p99 of go")},
    {"p99 worse by 10", false, AFTER_WORSE},
    {"p99 worse by %", false, AFTER_WORSE},
    {"p99 worse by -5%", false, AFTER_WORSE},
    {"p99 worse by 1001%", false, AFTER_WORSE},
    {"p99 worse by nan%", false, AFTER_WORSE},
    {"p99 worse by 5x%", false, AFTER_WORSE},
    {"p99 worse by ten%", false, AFTER_WORSE},
    {"p99 worse by 10% today", false, AFTER_WORSE},
    {"p99 worse by", false, AFTER_WORSE},
    {"p99 worse than 10%", false, AFTER_WORSE},
    {"p99 worse of go by 10%", false, AFTER_WORSE},
    {"throughput worse by 100%", false, AFTER_WORSE},
    {"throughput not worse by 150%", true, AFTER_WORSE},
    {"p99 worse by 0.000000000000000000000000000000000005%", false, AFTER_WORSE},
    {"p99 < 100", true, ONE_VALUE("<", "100ms")},
    {"p99 < -1ms", true, ONE_VALUE("<", "100ms")},
    {"p99 <", true, ONE_VALUE("<", "100ms")},
    {"p99 > 100ms 2s", false, ONE_VALUE(">", "100ms")},
    {"p99 > 64MiB", false, ONE_VALUE(">", "100ms")},
    {"p99 > = 1s", false, ONE_VALUE(">", "100ms")},
    {"drain > 2", false, ONE_VALUE(">", "100ms")},
    {"throughput < 20ms", false, ONE_VALUE("<", "20k")},
    {"throughput < -5", false, ONE_VALUE("<", "20k")},
    {"CPU > 50", false, ONE_VALUE(">", "50us")},
    {"CPU > 50%", false, ONE_VALUE(">", "50us")},
    {"memory > 64ms", false, ONE_VALUE(">", "64MiB")},
    {"memory > 1.5", false, ONE_VALUE(">", "64MiB")},
};

static void refusals(void)
{
    for (size_t i = 0; i < sizeof(refused) / sizeof(refused[0]); i++) {
        char sentence[512];
        snprintf(sentence, sizeof(sentence), "'%s': %s", refused[i].text,
                 refused[i].sentence);
        refuse(refused[i].text, refused[i].required, sentence);
    }
}

static void no_rules(void)
{
    static const struct {
        const char *text;
        bool required;
        const char *sentence;
    } cases[] = {
        {"", false, "'' is no rule: it is empty"},
        {" \t\n", false, "' \t\n' is no rule: it is empty"},
        {"p99", false, "'p99' is no rule; write 'p99 worse by 10%' or 'p99 > 100ms'"},
        {"p99", true, "'p99' is no rule; write 'p99 not worse by 10%' or 'p99 < 100ms'"},
        {"worse", false, "'worse' is no rule; write 'p99 worse by 10%' or 'p99 > 100ms'"},
        {"< 100ms", true,
         "'< 100ms' is no rule; write 'p99 not worse by 10%' or 'p99 < 100ms'"},
        {"p99 of go", false,
         "'p99 of go' is no rule; write 'p99 worse by 10%' or 'p99 > 100ms'"},
        {"p99 = 100ms", false,
         "'p99 = 100ms' is no rule; write 'p99 worse by 10%' or 'p99 > 100ms'"},
        {"lorem ipsum dolor", false,
         "'lorem ipsum dolor' is no rule; write 'p99 worse by 10%' or 'p99 > 100ms'"},
        {"a b c d e f g h i j k l worse by 5%", false,
         "'a b c d e f g h i j k l worse by 5%' is no rule; write 'p99 worse by 10%' or "
         "'p99 > 100ms'"},
    };
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++)
        refuse(cases[i].text, cases[i].required, cases[i].sentence);
}

/* A text as long as its room, one byte more, a very long one, and a long name. */
static void lengths(void)
{
    enum { LONGEST = RULE_TEXT_BYTES - 3 };
    char text[400], sentence[600];
    struct rule rule;
    snprintf(text, sizeof(text), "p99 worse by %0*d%%", LONGEST - 14, 10);
    snprintf(sentence, sizeof(sentence), "'%s': %s", text, AFTER_WORSE);
    TAP_INT(strlen(text), LONGEST, "the next text just has room");
    refuse(text, false, sentence);
    snprintf(text, sizeof(text), "p99 worse by %0*d%%", LONGEST - 13, 10);
    snprintf(sentence, sizeof(sentence), "'%.60s' is no rule: it is too long", text);
    refuse(text, false, sentence);
    snprintf(text, sizeof(text), "p99 worse by %0*d%%", 300, 10);
    refuse(text, false, sentence);
    snprintf(text, sizeof(text), "p99 worse of %0*d", RULE_NAME_BYTES - 1, 0);
    if (parse(text, false, &rule))
        TAP_INT(strlen(rule.service), RULE_NAME_BYTES - 1, "… the longest name");
    snprintf(text, sizeof(text), "p99 worse of %0*d", RULE_NAME_BYTES, 0);
    snprintf(sentence, sizeof(sentence), "'%s': the name of a service is too long", text);
    refuse(text, false, sentence);
    snprintf(text, sizeof(text), "p99 worse by 10%%%*s", 200, " ");
    if (parse(text, false, &rule))
        TAP_TEXT(rule.text, "p99 worse by 10%", "… spaces do not count");
}

int main(void)
{
    kinds();
    metric_names();
    limits();
    spacing();
    refusals();
    no_rules();
    lengths();
    return tap_done();
}
