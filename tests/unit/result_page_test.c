/*
 * Pages as a whole: families and their samples in both formats, the rules of OpenMetrics
 * one by one, and the cases of the OpenMetrics test suite where they are to be had:
 * $DRAGSTRIP_CORPORA/OpenMetrics, or ../shared/corpora beside the repository.
 */
#include <dirent.h>
#include <jansson.h>
#include <stdlib.h>

#include "base/buf.h"
#include "base/mem.h"
#include "guard.h"
#include "result/page.h"
#include "sys/file.h"
#include "tap.h"

#define EOF_LINE "# EOF\n"

static struct guard guard;

static bool read_text(struct page *page, const char *text, enum prom_format format,
                      struct error *err)
{
    return page_read(page, guard_place(&guard, GUARD_BEHIND, str_of(text)), format, err);
}

/* --- what is kept ---------------------------------------------------------------- */

static const char plain[] = "# HELP a_total Some text.\n"
                            "# TYPE a_total counter\n"
                            "a_total{x=\"1\",y=\"2\"} 3 1500\n"
                            "a_total 4\n"
                            "# TYPE h histogram\n"
                            "h_bucket{le=\"1\"} 1\n"
                            "h_bucket{le=\"+Inf\"} 2\n"
                            "h_sum 1.5\n"
                            "h_count 2\n"
                            "lonely -Inf\n"
                            "a_total{x=\"2\"} 5\n";

static void kept(void)
{
    struct page page;
    struct error err = {""};
    TAP_OK(read_text(&page, plain, PROM_TEXT, &err), "a page is read%s", err.text);
    TAP_INT(page.family_count, 3, "its families");
    TAP_INT(page.sample_count, 8, "its samples");
    const struct page_family *a = page_family(&page, STR("a_total"));
    const struct page_family *h = page_family(&page, STR("h"));
    TAP_OK(a && a->has_type && a->type == PROM_COUNTER && a->has_help &&
               str_eq(a->help, STR("Some text.")) && a->sample_count == 3,
           "a family with what describes it, and samples that stand apart");
    TAP_OK(h && h->type == PROM_HISTOGRAM && h->sample_count == 4 && !h->has_help,
           "a histogram has its buckets, sum and count");
    const struct page_family *lonely = page_family(&page, STR("lonely"));
    TAP_OK(lonely && !lonely->has_type && lonely->type == PROM_UNKNOWN,
           "a sample without a TYPE is a family of its own");
    TAP_OK(!page_family(&page, STR("h_bucket")), "a bucket is no family");
    const struct page_sample *first = &page.samples[0], *last = &page.samples[7];
    TAP_OK(first->label_count == 2 && str_eq(page_label(first, STR("y")), STR("2")) &&
               page_label(first, STR("z")).len == 0,
           "labels by name");
    TAP_OK(first->value == 3 && first->has_timestamp && first->timestamp_s == 1.5,
           "value and time");
    TAP_OK(last->value == 5 && &page.families[last->family] == a, "the last sample");
    page_fini(&page);
    page_fini(&page);
    TAP_OK(!page_family(&page, STR("a_total")), "ended twice, it is empty");
}

/* More families, samples and labels than any first allocation has. */
static void large(void)
{
    struct buf text;
    struct page page;
    struct error err = {""};
    size_t wrong = 0;
    buf_init(&text, 1 << 22);
    for (int i = 0; i < 5000; i++)
        buf_format(&text,
                   "# TYPE family_%d gauge\nfamily_%d{a=\"%d\",b=\"b\"} %d\n"
                   "family_%d{c=\"%d\"} -1\n",
                   i, i, i, i, i, i);
    TAP_OK(page_read(&page, buf_str(&text), PROM_TEXT, &err), "a large page%s", err.text);
    TAP_INT(page.sample_count, 10000, "all its samples");
    TAP_INT(page.family_count, 5000, "all its families");
    for (size_t i = 0; i < page.sample_count; i += 2) {
        char name[40], number[24];
        snprintf(name, sizeof(name), "family_%zu", i / 2);
        snprintf(number, sizeof(number), "%zu", i / 2);
        const struct page_family *family = page_family(&page, str_of(name));
        wrong += !family || family->sample_count != 2 ||
                 page.samples[i].value != (double)(i / 2) ||
                 !str_eq(page_label(&page.samples[i], STR("a")), str_of(number)) ||
                 !str_eq(page_label(&page.samples[i + 1], STR("c")), str_of(number));
    }
    TAP_INT(wrong, 0, "each where it belongs");
    page_fini(&page);
    buf_fini(&text);
}

/* --- text: as Prometheus takes it ------------------------------------------------ */

static const char *const taken[] = {
    "",
    "# nothing but a comment\n",
    "a 1\na 2\n",
    "a 1\n# TYPE a gauge\n",
    "# TYPE a gauge\n# TYPE a counter\na 1\n",
    "# HELP a x\n# HELP a y\na 1\n",
    "# TYPE a counter\na -1\n",
    "# TYPE a counter\na NaN\n",
    "# TYPE h histogram\nh_bucket{le=\"1\"} 2\nh_bucket{le=\"+Inf\"} 1\nh_count 7\n",
    "# TYPE h histogram\nh_count 1\n",
    "# TYPE s summary\ns{quantile=\"7\"} -1\n",
    "a 1 2000\na 1 1000\n",
    "# TYPE a counter\na_total 1\n",
};

static void lenient(void)
{
    for (size_t i = 0; i < sizeof(taken) / sizeof(taken[0]); i++) {
        struct page page;
        struct error err = {""};
        TAP_OK(read_text(&page, taken[i], PROM_TEXT, &err), "text takes %s",
               guard_shown(str_of(taken[i])));
        page_fini(&page);
    }
}

/* --- the rules of OpenMetrics ---------------------------------------------------- */

static const struct {
    const char *page;
    const char *error; /* NULL: it is right */
} rules[] = {
    {"# TYPE a counter\na_total 1\na_created 2\n" EOF_LINE, NULL},
    {"a 1\n" EOF_LINE, NULL},
    {"# TYPE a counter\na 1\n" EOF_LINE,
     "line 2: a family of which there has been one of that name"},
    {"# TYPE a counter\na_total -1\n" EOF_LINE,
     "line 2: a counter that is negative or no number"},
    {"# TYPE a counter\na_total NaN\n" EOF_LINE,
     "line 2: a counter that is negative or no number"},
    {"# TYPE a gauge\na 1\nb 2\na 3\n" EOF_LINE,
     "line 4: a family of which there has been one of that name"},
    {"# TYPE a gauge\na{x=\"1\"} 1\na{x=\"2\"} 2\na{x=\"1\"} 3\n" EOF_LINE,
     "the samples of one set of labels do not stand together"},
    {"# TYPE a gauge\n# TYPE a gauge\n" EOF_LINE, "line 2: a second type of a family"},
    {"# HELP a x\n# HELP a x\n" EOF_LINE, "line 2: a second help of a family"},
    {"# UNIT a_s s\n# UNIT a_s s\n" EOF_LINE, "line 2: a second unit of a family"},
    {"# UNIT a_seconds s\n" EOF_LINE,
     "line 1: a unit that the family's name does not end with"},
    {"# TYPE a_s info\n# UNIT a_s s\n" EOF_LINE, "a unit of what has none"},
    {"a 1\n# TYPE a gauge\n" EOF_LINE,
     "line 2: what describes a family stands behind its samples"},
    {"# TYPE a counter\n# TYPE a_created gauge\n" EOF_LINE,
     "line 2: a family of which there has been one of that name"},
    {"# TYPE a_created gauge\n# TYPE a counter\n" EOF_LINE,
     "a family whose samples are named as another family"},
    {"# TYPE a gauge\na 1 2\na 2\n" EOF_LINE,
     "line 3: a time on some samples of one set of labels only"},
    {"# TYPE a gauge\na 1 2\na 2 1\n" EOF_LINE, "line 3: times that go back"},
    {"# TYPE a gauge\na 1 1\na 2 2\n" EOF_LINE, NULL},
    {"# TYPE a gauge\na{x=\"1\"} 1 2\na{y=\"1\"} 1 1\n" EOF_LINE, NULL},
    {"# TYPE a gauge\na 1 # {} 1\n" EOF_LINE, "line 2: an exemplar where none may be"},
    {"# TYPE a counter\na_total 1 # {} 1\n" EOF_LINE, NULL},
    {"# TYPE a counter\na_created 1 # {} 1\n" EOF_LINE,
     "line 2: an exemplar where none may be"},
    {"# TYPE i info\ni_info{a=\"b\"} 1\n" EOF_LINE, NULL},
    {"# TYPE i info\ni_info{a=\"b\"} 2\n" EOF_LINE,
     "line 2: an info whose value is not 1"},
    {"# TYPE s stateset\ns{s=\"a\"} 1\ns{s=\"b\"} 0\n" EOF_LINE, NULL},
    {"# TYPE s stateset\ns{x=\"a\"} 1\n" EOF_LINE,
     "line 2: a state without the label that names it"},
    {"# TYPE s stateset\ns{s=\"a\"} 2\n" EOF_LINE,
     "line 2: a state that is neither 0 nor 1"},
    {"# TYPE q summary\nq{quantile=\"0.5\"} 1\nq_count 2\nq_sum 3\n" EOF_LINE, NULL},
    {"# TYPE q summary\nq{quantile=\"1.1\"} 1\n" EOF_LINE,
     "line 2: a quantile that is not within 0 and 1"},
    {"# TYPE q summary\nq 1\n" EOF_LINE, "line 2: a quantile that is not within 0 and 1"},
    {"# TYPE q summary\nq_count -1\n" EOF_LINE,
     "line 2: a summary's value that is negative or no number"},
};

#define HISTOGRAM(lines) "# TYPE h histogram\n" lines EOF_LINE
#define GAUGES(lines) "# TYPE h gaugehistogram\n" lines EOF_LINE
#define INF(count) "h_bucket{le=\"+Inf\"} " count "\n"

static const struct {
    const char *page;
    const char *error;
} histograms[] = {
    {HISTOGRAM("h_bucket{le=\"1.0\"} 1\n" INF("2") "h_count 2\nh_sum 3\n"), NULL},
    {HISTOGRAM(INF("2")), NULL},
    {HISTOGRAM("h_bucket{le=\"1.0\"} 1\n"), "a histogram without the bucket le=\"+Inf\""},
    {HISTOGRAM(INF("2") "h_count 3\nh_sum 1\n"),
     "a histogram's count is not that of its bucket le=\"+Inf\""},
    {HISTOGRAM(INF("2") "h_count 2\n"),
     "a histogram with one of count and sum without the other"},
    {HISTOGRAM(INF("2") "h_sum 2\n"),
     "a histogram with one of count and sum without the other"},
    {HISTOGRAM("h_bucket{le=\"2.0\"} 1\nh_bucket{le=\"1.0\"} 1\n" INF("2")),
     "line 3: buckets that are not in order"},
    {HISTOGRAM("h_bucket{le=\"1.0\"} 1\nh_bucket{le=\"1\"} 1\n" INF("2")),
     "line 3: buckets that are not in order"},
    {HISTOGRAM("h_bucket{le=\"1.0\"} 2\n" INF("1")),
     "line 3: a bucket with less than the one below it"},
    {HISTOGRAM("h_bucket 1\n"), "line 2: a bucket without a bound: le"},
    {HISTOGRAM("h_bucket{le=\"x\"} 1\n"), "line 2: a bucket without a bound: le"},
    {HISTOGRAM("h_bucket{le=\"+INF\"} 1\n"), "line 2: a bucket without a bound: le"},
    {HISTOGRAM("h_bucket{le=\"NaN\"} 1\n"), "line 2: a bucket without a bound: le"},
    {HISTOGRAM("h_bucket{le=\"1.0\"} -1\n"),
     "line 2: a histogram's value that is negative"},
    {HISTOGRAM(INF("NaN")), "line 2: a histogram's value that is no number"},
    {HISTOGRAM("h_bucket{le=\"-1.0\"} 1\n" INF("2") "h_count 2\nh_sum 3\n"),
     "a sum in a histogram with negative bounds"},
    {GAUGES("h_bucket{le=\"-1.0\"} 1\n" INF("2") "h_gcount 2\nh_gsum -3\n"), NULL},
    {GAUGES("h_bucket{le=\"1.0\"} 1\n" INF("2") "h_gcount 2\nh_gsum -3\n"),
     "a negative sum without negative bounds"},
    {HISTOGRAM("h_bucket{a=\"1\",le=\"1.0\"} 1\nh_bucket{a=\"2\",le=\"+Inf\"} 2\n"),
     "a histogram without the bucket le=\"+Inf\""},
};

static void check_rule(const char *text, const char *expected)
{
    struct page page;
    struct error err = {""};
    bool good = read_text(&page, text, PROM_OPENMETRICS, &err);
    const char *shown = guard_shown(str_of(text));
    if (!expected)
        TAP_OK(good, "right: %s", shown);
    else if (!TAP_OK(!good && strstr(err.text, expected), "wrong: %s", shown))
        printf("# got      %s\n# expected %s\n", good ? "taken" : err.text, expected);
    TAP_OK(good || (page.samples == NULL && page.sample_count == 0),
           "… a refused page is empty");
    page_fini(&page);
}

static void open_rules(void)
{
    for (size_t i = 0; i < sizeof(rules) / sizeof(rules[0]); i++)
        check_rule(rules[i].page, rules[i].error);
    for (size_t i = 0; i < sizeof(histograms) / sizeof(histograms[0]); i++)
        check_rule(histograms[i].page, histograms[i].error);
}

/* --- the suite ------------------------------------------------------------------- */

enum { CASES_MIN = 211, CASE_MAX = 1 << 20 };

static bool read_file(const char *folder, const char *name, const char *file,
                      struct buf *out)
{
    struct error err;
    char *path = mem_format("%s/%s/%s", folder, name, file);
    buf_init(out, CASE_MAX);
    bool good = file_read(path, out, &err);
    mem_free(path);
    return good;
}

/* Whether there is such a case; what it says is checked. */
static bool run_case(const char *folder, const char *name)
{
    struct buf description, text;
    struct page page;
    struct error err = {""};
    bool there = read_file(folder, name, "test.json", &description) && name[0] != '.' &&
                 read_file(folder, name, "metrics", &text);
    if (there) {
        json_t *json = json_loads(buf_text(&description), 0, NULL);
        bool should = json_is_true(json_object_get(json, "shouldParse"));
        bool good = page_read(&page, buf_str(&text), PROM_OPENMETRICS, &err);
        if (!TAP_OK(json && good == should, "%s is %s", name, should ? "right" : "wrong"))
            printf("# %s\n", good ? "it was taken" : err.text);
        page_fini(&page);
        json_decref(json);
        buf_fini(&text);
    }
    buf_fini(&description);
    return there;
}

static void suite(void)
{
    const char *corpora = getenv("DRAGSTRIP_CORPORA");
    char *folder = mem_format("%s/OpenMetrics", corpora ? corpora : "../shared/corpora");
    DIR *cases = opendir(folder);
    int count = 0;
    if (!cases) {
        TAP_OK(true,
               "the suite # SKIP no OpenMetrics: set DRAGSTRIP_CORPORA to the folder "
               "above it");
    } else {
        for (struct dirent *one; (one = readdir(cases));)
            count += run_case(folder, one->d_name);
        closedir(cases);
        TAP_OK(count >= CASES_MIN, "the suite is all there: %d cases", count);
    }
    mem_free(folder);
}

int main(void)
{
    guard_init(&guard, 1 << 16);
    kept();
    large();
    lenient();
    open_rules();
    suite();
    guard_fini(&guard);
    return tap_done();
}
