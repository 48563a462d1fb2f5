/*
 * Pages that the three echo services gave, kept in tests/unit/pages: nothing is lost.
 * How many samples each has, and what all its buckets add up to, was told by
 * prometheus_client 0.26 (Python).
 */
#include "base/buf.h"
#include "observe.h"
#include "sys/file.h"

enum { PAGE_MAX = 1 << 20 };

static const struct {
    const char *path;
    enum prom_format format;
    size_t samples;
    double buckets;
} kept[] = {
    {"tests/unit/pages/echo-c.txt", PROM_TEXT, 84, 133},
    {"tests/unit/pages/echo-c.om", PROM_OPENMETRICS, 84, 150},
    {"tests/unit/pages/echo-go.txt", PROM_TEXT, 242, 38643},
    {"tests/unit/pages/echo-rust.txt", PROM_TEXT, 88, 134},
};

static double sum_buckets(const struct page *page)
{
    double sum = 0;
    for (size_t i = 0; i < page->sample_count; i++) {
        struct str name = page->samples[i].name;
        if (name.len > 7 && memcmp(name.ptr + name.len - 7, "_bucket", 7) == 0)
            sum += page->samples[i].value;
    }
    return sum;
}

/* Six requests to /echo, half of them refused, one to a path that is not there; and the
 * scrapes, which each service counts in its own way. */
static void check_meaning(const struct page *page, const char *path)
{
    const struct observed_rules rules = {.matches = {{STR("route"), STR("/echo")}},
                                         .match_count = 1};
    struct page empty = {0};
    struct observed out;
    observed_between(&empty, page, 1, &rules, &out);
    TAP_OK(out.requests == 6 && out.error_share == 0, "%s: requests to /echo", path);
    TAP_OK(out.quantiles[0].value > 0 && out.mean_s > 0, "%s: their times", path);
    TAP_OK(out.cpu >= 0 && out.resident_bytes > 100000 && out.files > 3,
           "%s: the process", path);
    observe_show(&out);
}

int main(void)
{
    for (size_t i = 0; i < sizeof(kept) / sizeof(kept[0]); i++) {
        struct buf text;
        struct page page = {0};
        struct error err = {""};
        buf_init(&text, PAGE_MAX);
        TAP_OK(file_read(kept[i].path, &text, &err) &&
                   page_read(&page, buf_str(&text), kept[i].format, &err),
               "%s is read%s", kept[i].path, err.text);
        TAP_INT(page.sample_count, kept[i].samples, "… all its samples");
        TAP_NEAR(sum_buckets(&page), kept[i].buckets, 0, "… all its buckets");
        check_meaning(&page, kept[i].path);
        page_fini(&page);
        buf_fini(&text);
    }
    return tap_done();
}
