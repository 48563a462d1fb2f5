/* Targets: URLs, the bytes of a request, and which statuses are good answers. */
#include "load/target.h"
#include "tap.h"

static void urls(void)
{
    static const struct {
        const char *url, *host, *path;
    } good[] = {
        {"http://127.0.0.1", "127.0.0.1", "/"},
        {"http://127.0.0.1:8080", "127.0.0.1:8080", "/"},
        {"http://127.0.0.1:8080/a/b?c=d", "127.0.0.1:8080", "/a/b?c=d"},
        {"http://[::1]:9/x", "[::1]:9", "/x"},
    };
    static const char *const bad[] = {"",
                                      "127.0.0.1:80",
                                      "http://",
                                      "http:///x",
                                      "http://:80/",
                                      "http://a@127.0.0.1/",
                                      "http://127.0.0.1:0/",
                                      "http://127.0.0.1:65536/",
                                      "http://127.0.0.1:x/",
                                      "https://127.0.0.1/",
                                      "ftp://127.0.0.1/"};
    for (size_t i = 0; i < sizeof(good) / sizeof(good[0]); i++) {
        struct target target;
        struct error err = {""};
        TAP_OK(target_init(&target, good[i].url, &err), "%s %s", good[i].url, err.text);
        TAP_TEXT(target.host, good[i].host, "host");
        TAP_OK(str_eq(target.path, str_of(good[i].path)), "path %s", good[i].path);
        target_fini(&target);
    }
    for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
        struct target target;
        struct error err = {""};
        TAP_OK(!target_init(&target, bad[i], &err) && err.text[0], "'%s' is refused",
               bad[i]);
    }
}

static void requests(void)
{
    static const char *const headers[] = {"X-A: b", "Accept: text/plain"};
    static const char *const bad[] = {"no colon",
                                      "a b: c",
                                      ": c",
                                      "X: a\r\nY: b",
                                      "Content-Length: 3",
                                      "transfer-encoding: chunked"};
    struct target target;
    struct error err;
    target_init(&target, "http://127.0.0.1:8080/p", &err);
    TAP_OK(target_set_request(&target, "POST", headers, 2, STR("{}"), &err), "a request");
    TAP_TEXT(
        buf_text(&target.request),
        "POST /p HTTP/1.1\r\nX-A: b\r\nAccept: text/plain\r\nHost: 127.0.0.1:8080\r\n"
        "Content-Type: application/json\r\nContent-Length: 2\r\n\r\n{}",
        "its bytes");
    TAP_OK(target_set_request(&target, "HEAD", NULL, 0, STR(""), &err) &&
               target.head_method,
           "HEAD: its answer has no body");
    for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
        TAP_OK(!target_set_request(&target, "GET", &bad[i], 1, STR(""), &err),
               "header %zu is refused", i);
    TAP_OK(!target_set_request(&target, "G T", NULL, 0, STR(""), &err), "a method, too");
    target_fini(&target);
}

static int count_expected(const struct target *target)
{
    int count = 0;
    for (int i = 0; i < TARGET_STATUS_END; i++)
        count += target->expected[i];
    return count;
}

static void statuses(void)
{
    static const char *const bad[] = {"",     "20",   "2000",    "ok",  "600", "099",
                                      "200,", ",200", "200 404", "xxx", "2x0", "6xx"};
    struct target target;
    struct error err;
    target_init(&target, "http://127.0.0.1/", &err);
    TAP_OK(count_expected(&target) == 200 && target.expected[200] &&
               target.expected[399] && !target.expected[199] && !target.expected[400],
           "2xx and 3xx by default");
    TAP_OK(target_expect(&target, "404", &err) && count_expected(&target) == 1 &&
               target.expected[404],
           "only 404");
    TAP_OK(target_expect(&target, "200,5xx,204", &err) &&
               count_expected(&target) == 102 && target.expected[200] &&
               target.expected[599] && target.expected[204],
           "two and a class");
    for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
        TAP_OK(!target_expect(&target, bad[i], &err) && count_expected(&target) == 102,
               "'%s' is refused, and nothing changed", bad[i]);
    target_fini(&target);
}

int main(void)
{
    urls();
    requests();
    statuses();
    return tap_done();
}
