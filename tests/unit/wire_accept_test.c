/*
 * Accept against RFC 9110 12.5.1 and 12.4.2. Every value is laid against a guard page,
 * once with its first byte and once with its last.
 */
#include "guard.h"
#include "tap.h"
#include "wire/accept.h"

#define COUNT(table) (sizeof(table) / sizeof((table)[0]))
#define OPEN "application/openmetrics-text"

/* What Prometheus 2 and 3 send. */
#define PROMETHEUS_2                                                                     \
    OPEN ";version=1.0.0," OPEN                                                          \
         ";version=0.0.1;q=0.75,text/plain;version=0.0.4;q=0.5,*/"                       \
         "*;q=0.1"
#define PROMETHEUS_3                                                                     \
    OPEN ";version=1.0.0;escaping=allow-utf-8;q=0.5," OPEN                               \
         ";version=0.0.1;q=0.4,text/plain;version=1.0.0;escaping=allow-utf-8;q=0.3,"     \
         "text/plain;version=0.0.4;q=0.2,*/*;q=0.1"

static struct guard guard;

static int weight_of(const char *value, bool open)
{
    const struct accept_media media =
        open ? (struct accept_media){STR("application"), STR("openmetrics-text"),
                                     STR("1.0.0"), STR("utf-8")}
             : (struct accept_media){STR("text"), STR("plain"), STR("0.0.4"),
                                     STR("utf-8")};
    struct str ahead = guard_place(&guard, GUARD_AHEAD, str_of(value));
    int first = accept_weight(ahead, &media);
    struct str behind = guard_place(&guard, GUARD_BEHIND, str_of(value));
    int second = accept_weight(behind, &media);
    return first == second ? first : -99;
}

static void check(const char *value, int open, int text)
{
    int got_open = weight_of(value, true), got_text = weight_of(value, false);
    if (!TAP_OK(got_open == open && got_text == text, "%s", guard_shown(str_of(value))))
        printf("# got %d and %d, expected %d and %d\n", got_open, got_text, open, text);
}

static void weights(void)
{
    static const struct {
        const char *value;
        int open, text;
    } cases[] = {
        {"", 0, 0},
        {" \t ", 0, 0},
        {OPEN, 1000, 0},
        {"text/plain", 0, 1000},
        {"TEXT/Plain", 0, 1000},
        {"*/*", 1000, 1000},
        {"text/*", 0, 1000},
        {"application/*", 1000, 0},
        {"application/json", 0, 0},
        {"text/plainer, tex/plain, text/plai", 0, 0},
        {PROMETHEUS_2, 1000, 500},
        {PROMETHEUS_3, 500, 200},
        /* weights */
        {OPEN ";q=0", 0, 0},
        {OPEN ";q=0.", 0, 0},
        {OPEN ";q=0.5", 500, 0},
        {OPEN ";q=0.05", 50, 0},
        {OPEN ";q=0.999", 999, 0},
        {OPEN ";q=0.001", 1, 0},
        {OPEN ";q=1", 1000, 0},
        {OPEN ";q=1.", 1000, 0},
        {OPEN ";q=1.000", 1000, 0},
        {OPEN ";Q=0.3", 300, 0},
        {OPEN " ; q=0.3", 300, 0},
        {OPEN ";q=0.3;version=1.0.0", 300, 0},
        /* the most exact counts, wherever it stands */
        {"*/*;q=0.9, " OPEN ";q=0.1", 100, 900},
        {OPEN ";q=0.1, */*;q=0.9", 100, 900},
        {"*/*, " OPEN ";q=0", 0, 1000},
        {"*/*;q=0.3, application/*;q=0.2, " OPEN ";q=0.1", 100, 300},
        {"*/*;q=0.3, application/*;q=0.2", 200, 300},
        {"text/*;q=0.3, text/plain;q=0.2", 0, 200},
        {OPEN ", " OPEN ";version=1.0.0;q=0.2", 200, 0},
        {OPEN ";version=1.0.0;q=0.2, " OPEN ";version=1.0.0;charset=utf-8;q=0.1", 100, 0},
        {"application/*;version=1.0.0;charset=utf-8;q=0.2, " OPEN ";q=0.1", 100, 0},
        {OPEN ";q=0.2, " OPEN ";q=0.7, " OPEN ";q=0.3", 700, 0},
        /* parameters */
        {OPEN ";version=0.0.1", 0, 0},
        {OPEN ";version=1.0.0", 1000, 0},
        {OPEN ";VERSION=1.0.0", 1000, 0},
        {OPEN ";version=0.0.1;charset=utf-8", 0, 0},
        {OPEN ";version=1.0", 0, 0},
        {OPEN ";version=1.0.00", 0, 0},
        {OPEN ";charset=UTF-8", 1000, 0},
        {OPEN ";charset=latin1", 0, 0},
        {OPEN ";version=\"1.0.0\"", 1000, 0},
        {OPEN ";version=\"1.0\\.0\"", 1000, 0},
        {OPEN ";version=\"1.0.\"", 0, 0},
        {OPEN ";version=\"1.0.01\"", 0, 0},
        {OPEN ";version=\"\"", 0, 0},
        {OPEN ";a=\"x, */*;q=0.1\";q=0.4", 400, 0},
        {OPEN ";a=\"\\\"\\\\\",text/plain", 1000, 1000},
        {OPEN ";a=\"\xc3\xa4\t\"", 1000, 0},
        {OPEN ";;q=0.4; ;", 400, 0},
        {"text/plain;version=1.0.0", 0, 0},
        /* empty elements, blanks */
        {",", 0, 0},
        {", ," OPEN ",,text/plain;q=0.1, ,", 1000, 100},
        {OPEN "\t,\ttext/plain", 1000, 1000},
    };
    for (size_t i = 0; i < COUNT(cases); i++)
        check(cases[i].value, cases[i].open, cases[i].text);
}

/* Each alone, and each beside what would be read without it. */
static void malformed(void)
{
    static const char list[] =
        "*~text~text/~/plain~/~text//plain~text /plain~text/ plain~text/plain/x~"
        "text/plain text/plain~text/plain;q~text/plain;q=~text/plain;q=2~"
        "text/plain;q=1.001~text/plain;q=0.1234~text/plain;q=-1~text/plain;q=.5~"
        "text/plain;q=00.5~text/plain;q=0,5~text/plain;q=0.x~text/plain;q=1e0~"
        "text/plain;q=\"1\"~text/plain;q = 1~text/plain;q= 1~text/plain;q=1;q=1~"
        "text/plain;a~text/plain;=b~text/plain;a=~text/plain;a=b c~text/plain;a=\"~"
        "text/plain;a=\"b~text/plain;a=\"b\\~text/plain;a=\"b\\\"~text/plain;a=\"b\"c~"
        "text/plain;a=\"\x01\"~text/plain;a=\"\\\x01\"~text/plain:q=1~(text/plain)~"
        "text/plain;a=\xc3\xa4~t\xc3\xa4xt/plain~text/html, image/gif, *; q=.2";
    const char *rest = list;
    for (struct str one; guard_next(&rest, &one);) {
        char text[256];
        snprintf(text, sizeof(text), "%.*s", (int)one.len, one.ptr);
        check(text, ACCEPT_MALFORMED, ACCEPT_MALFORMED);
        snprintf(text, sizeof(text), OPEN ", %.*s", (int)one.len, one.ptr);
        check(text, ACCEPT_MALFORMED, ACCEPT_MALFORMED);
        snprintf(text, sizeof(text), "%.*s, " OPEN, (int)one.len, one.ptr);
        check(text, ACCEPT_MALFORMED, ACCEPT_MALFORMED);
    }
}

/* However long, and wherever cut, nothing beyond the value is read. */
static void cuts(void)
{
    static const char whole[] = PROMETHEUS_3 ", text/plain;a=\"b\\\"c\" ;q=0.123 , ";
    bool good = true;
    for (size_t len = 0; len <= strlen(whole); len++) {
        char text[512];
        snprintf(text, sizeof(text), "%.*s", (int)len, whole);
        int open = weight_of(text, true), plain = weight_of(text, false);
        good = good && open >= -1 && open <= 1000 && (open == -1) == (plain == -1);
    }
    TAP_OK(good, "cut anywhere it is a weight or malformed, for both types alike");
}

/* Of a metrics page's two formats. */
static void formats(void)
{
    static const struct {
        const char *value;
        bool openmetrics;
    } rows[] = {
        {"", false},
        {"*/*", false},
        {"text/plain", false},
        {"application/openmetrics-text", true},
        {"application/openmetrics-text;version=1.0.0;q=0.5,text/plain;q=0.4", true},
        {"application/openmetrics-text;q=0.4,text/plain;version=0.0.4;q=0.5", false},
        {"application/openmetrics-text;version=0.0.1", false},
        {"application/openmetrics-text, bad/", false}};
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
        TAP_OK(accept_prefers_openmetrics(str_of(rows[i].value)) == rows[i].openmetrics,
               "format for '%s'", rows[i].value);
}

int main(void)
{
    guard_init(&guard, 4096);
    weights();
    malformed();
    cuts();
    formats();
    guard_fini(&guard);
    return tap_done();
}
