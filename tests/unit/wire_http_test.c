/*
 * Message heads against RFC 9112 and RFC 9110. Every input is laid against a guard page,
 * once with its first byte and once with its last.
 */
#include <time.h>

#include "guard.h"
#include "tap.h"
#include "wire/http.h"

#define COUNT(table) (sizeof(table) / sizeof((table)[0]))
#define GET "GET / HTTP/1.1\r\n"
#define HOST "Host: a\r\n"
#define END "\r\n"

enum { ROOM_BYTES = 1 << 20, HEAD_BYTES = 8192 };

static struct guard guard;

static const char *status_name(enum http_status status)
{
    static const char *const names[] = {"OK", "PARTIAL", "BAD", "TOO_LARGE"};
    return (unsigned)status < COUNT(names) ? names[status] : "no status";
}

static struct str head_at(enum guard_edge edge, struct str bytes)
{
    struct str placed = guard_place(&guard, edge, bytes);
    placed.len = http_head_length(placed, 0);
    return guard_place(&guard, edge, placed);
}

/* Both ways of laying must agree; PARTIAL, which no caller wants, if they do not. */
static enum http_status parse_request(struct str bytes, struct http_request *out)
{
    enum http_status ahead = http_parse_request(head_at(GUARD_AHEAD, bytes), out);
    enum http_status behind = http_parse_request(head_at(GUARD_BEHIND, bytes), out);
    return ahead == behind ? behind : HTTP_PARTIAL;
}

static enum http_status parse_response(struct str bytes, struct http_response *out)
{
    enum http_status ahead = http_parse_response(head_at(GUARD_AHEAD, bytes), out);
    enum http_status behind = http_parse_response(head_at(GUARD_BEHIND, bytes), out);
    return ahead == behind ? behind : HTTP_PARTIAL;
}

static void expect(bool request, const char *text, enum http_status expected,
                   const char *what)
{
    struct http_request ignored;
    struct http_response ignored_too;
    enum http_status got = request ? parse_request(str_of(text), &ignored)
                                   : parse_response(str_of(text), &ignored_too);
    TAP_OK(got == expected, "%s: %s is %s", request ? "request" : "response", what,
           status_name(expected));
    if (got != expected)
        printf("# got %s\n", status_name(got));
}

static bool within_room(struct str view)
{
    return view.ptr >= guard.first && view.ptr + view.len <= guard.first + guard.room;
}

static void request_lines(void)
{
    static const struct {
        const char *line, *method, *target, *path;
        int minor;
    } cases[] = {
        {"GET / HTTP/1.1", "GET", "/", "/", 1},
        {"GET / HTTP/1.0", "GET", "/", "/", 0},
        {"POST /a/b HTTP/1.1", "POST", "/a/b", "/a/b", 1},
        {"GET /a?b=c HTTP/1.1", "GET", "/a?b=c", "/a", 1},
        {"GET /? HTTP/1.1", "GET", "/?", "/", 1},
        {"GET /a?b?c/d HTTP/1.1", "GET", "/a?b?c/d", "/a", 1},
        {"GET /%20%00 HTTP/1.1", "GET", "/%20%00", "/%20%00", 1},
        {"GET //a//b HTTP/1.1", "GET", "//a//b", "//a//b", 1},
        {"GET /http://x/y HTTP/1.1", "GET", "/http://x/y", "/http://x/y", 1},
        {"GET /a?u=http://x/y HTTP/1.1", "GET", "/a?u=http://x/y", "/a", 1},
        {"GET http://h/p HTTP/1.1", "GET", "http://h/p", "/p", 1},
        {"GET http://h:80/p/q?r HTTP/1.1", "GET", "http://h:80/p/q?r", "/p/q", 1},
        {"GET http://h/p?u=/v HTTP/1.1", "GET", "http://h/p?u=/v", "/p", 1},
        {"GET http://h/ HTTP/1.1", "GET", "http://h/", "/", 1},
        {"GET https://h/p HTTP/1.1", "GET", "https://h/p", "/p", 1},
        {"GET HTTP://H/p HTTP/1.1", "GET", "HTTP://H/p", "/p", 1},
        {"GET http://[::1]:8080/p HTTP/1.1", "GET", "http://[::1]:8080/p", "/p", 1},
        {"CONNECT h:80 HTTP/1.1", "CONNECT", "h:80", "h:80", 1},
        {"OPTIONS * HTTP/1.1", "OPTIONS", "*", "*", 1},
        {"M-SEARCH / HTTP/1.1", "M-SEARCH", "/", "/", 1},
        {"!#$%&'*+-.^_`|~09azAZ / HTTP/1.1", "!#$%&'*+-.^_`|~09azAZ", "/", "/", 1},
        {"get / HTTP/1.1", "get", "/", "/", 1},
        {"\r\nGET / HTTP/1.1", "GET", "/", "/", 1},
        {"\r\n\r\n\r\nGET /x HTTP/1.1", "GET", "/x", "/x", 1},
    };
    for (size_t i = 0; i < COUNT(cases); i++) {
        char text[256];
        struct http_request got = {.minor = -1};
        snprintf(text, sizeof(text), "%s\r\nHost: a\r\n\r\n", cases[i].line);
        TAP_OK(parse_request(str_of(text), &got) == HTTP_OK &&
                   str_eq(got.method, str_of(cases[i].method)) &&
                   str_eq(got.target, str_of(cases[i].target)) &&
                   str_eq(got.path, str_of(cases[i].path)) && got.minor == cases[i].minor,
               "line %s", guard_shown(str_of(cases[i].line)));
        TAP_OK(within_room(got.method) && within_room(got.target) &&
                   within_room(got.path),
               "… yields views of the bytes given");
    }
}

/* Each of the list between a beginning and an end. */
static void all_bad(bool request, const char *before, const char *list, const char *after)
{
    for (struct str one; guard_next(&list, &one);) {
        char text[512];
        snprintf(text, sizeof(text), "%s%.*s%s", before, (int)one.len, one.ptr, after);
        expect(request, text, HTTP_BAD, guard_shown(one));
    }
}

static const char bad_request_lines[] =
    "GET / HTTP/a.1~GET / HTTP/1.a~GET / HTTP/1-1~GET / http/1.1~GET / HTTP/11~GET / "
    "HTTP/1.~GET / HTTP/1~"
    "GET / HTTP/~GET / HTTP/1.10~GET / HTTP/01.1~GET / HTTP/1.01~GET / HTTP/1,1~"
    "GET / HTTPS/1.1~GET / HTTP/1.1 ~GET / HTTP/1.1\t~GET / HTTP/1.1x~"
    "GET / HTTP/1.1 x~GET / XTTP/1.1~GET / HTTP 1.1~GET / HTTP/1.\t~GET / HTTP/-.1~"
    "GET /~GET / ~GET~GET ~HTTP/1.1~ HTTP/1.1~GET HTTP/1.1~GET  HTTP/1.1~"
    "GET  / HTTP/1.1~GET /  HTTP/1.1~GET\t/ HTTP/1.1~GET /\tHTTP/1.1~ GET / HTTP/1.1~"
    "\tGET / HTTP/1.1~ / HTTP/1.1~GET /a b HTTP/1.1~GET /a\tb HTTP/1.1~G(T / HTTP/1.1~"
    "GET: / HTTP/1.1~G\"T / HTTP/1.1~G\xc3\xa4T / HTTP/1.1~\nGET / HTTP/1.1~"
    "\r\n\nGET / HTTP/1.1~\rGET / HTTP/1.1~ \r\nGET / HTTP/1.1~GET / HTTP/1.1\r~"
    "GET / HTTP/1.1\n~GET a HTTP/1.1~GET * HTTP/1.1~GET ? HTTP/1.1~OPTIONS *a HTTP/1.1~"
    "OPTIONS *?a HTTP/1.1";

/* RFC 9110 4.2.1: a recipient must reject a URI without a host. */
static const char without_host[] = "GET http:///p HTTP/1.1~GET http://:80/p HTTP/1.1";

/* RFC 9110 4.2.3: an empty path is that of "/". */
static void empty_paths(void)
{
    const char *list = "http://h~http://h:80~https://h~http://h?a~http://h?a/b";
    for (struct str target; guard_next(&list, &target);) {
        char text[256];
        struct http_request got = {.minor = -1};
        snprintf(text, sizeof(text), "GET %.*s HTTP/1.1\r\n" HOST END, (int)target.len,
                 target.ptr);
        TAP_OK(parse_request(str_of(text), &got) == HTTP_OK &&
                   str_eq(got.target, target) && str_eq(got.path, STR("/")),
               "path of %s", guard_shown(target));
    }
}

static void status_lines(void)
{
    static const struct {
        const char *line;
        int status, minor;
    } cases[] = {
        {"HTTP/1.1 200 OK", 200, 1},
        {"HTTP/1.0 404 Not Found", 404, 0},
        {"HTTP/1.1 200 ", 200, 1},
        {"HTTP/1.1 200", 200, 1},
        {"HTTP/1.1 100 Continue", 100, 1},
        {"HTTP/1.1 599 \t~\x80\xff", 599, 1},
        {"HTTP/1.1 418 I'm a teapot: 100 % (really)", 418, 1},
    };
    for (size_t i = 0; i < COUNT(cases); i++) {
        char text[256];
        struct http_response got = {.minor = -1};
        snprintf(text, sizeof(text), "%s\r\nContent-Length: 0\r\n\r\n", cases[i].line);
        TAP_OK(parse_response(str_of(text), &got) == HTTP_OK &&
                   got.status == cases[i].status && got.minor == cases[i].minor,
               "line %s", guard_shown(str_of(cases[i].line)));
    }
}

static const char bad_status_lines[] =
    "HTTP/1.1 099 x~HTTP/1.1 000 x~HTTP/1.1 600 x~HTTP/1.1 999 x~HTTP/1.1 20 x~"
    "HTTP/1.1 2000 x~HTTP/1.1 20x x~HTTP/1.1 x00 x~HTTP/1.1 2x0 x~HTTP/1.1 +20 x~"
    "HTTP/1.1 -20 x~HTTP/1.1  200 x~HTTP/1.1~HTTP/1.1 ~HTTP/1.1 2~HTTP/1.1 20~"
    "HTTP/1.1200 x~HTTP/1.1\t200 x~HTTP/1.x 200 x~HTTP/2.0 200 x~HTTP/0.9 200 x~"
    "http/1.1 200 x~HTTP/1. 200 x~HTTP/1 200 x~HTTP/1.10 200 x~XTTP/1.1 200 x~200 OK~"
    "HTTP/1.1 200\tx~HTTP/1.1 200-OK~ HTTP/1.1 200 OK~HTTP/1.1 2:0 x~HTTP/1.1 20: x~"
    "HTTP/1.1 2/0 x~HTTP/1.1 20/ x~\nHTTP/1.1 200 OK~\r\nHTTP/1.1 200 OK~"
    "HTTP/1.1 200 O\rK~HTTP/1.1 200 OK\r~ICY 200 OK";

/* RFC 9110 2.5: another major version is another protocol; a later minor one is read as
 * the last that is known. */
static void versions(void)
{
    const char *others = "HTTP/2.0~HTTP/0.9~HTTP/0.1~HTTP/3.1~HTTP/9.9";
    const char *later = "HTTP/1.2~HTTP/1.9";
    for (struct str one; guard_next(&others, &one);) {
        char text[256];
        snprintf(text, sizeof(text), "GET / %.*s\r\n" HOST END, (int)one.len, one.ptr);
        expect(true, text, HTTP_OTHER_VERSION, guard_shown(one));
    }
    for (struct str one; guard_next(&later, &one);) {
        char text[256];
        struct http_request request = {.minor = -1};
        struct http_response response = {.minor = -1};
        snprintf(text, sizeof(text), "GET / %.*s\r\n" HOST END, (int)one.len, one.ptr);
        TAP_OK(parse_request(str_of(text), &request) == HTTP_OK && request.minor == 1 &&
                   request.keep_alive,
               "request in %s", guard_shown(one));
        snprintf(text, sizeof(text), "%.*s 200 OK\r\nContent-Length: 0\r\n\r\n",
                 (int)one.len, one.ptr);
        TAP_OK(parse_response(str_of(text), &response) == HTTP_OK && response.minor == 1,
               "answer in %s", guard_shown(one));
    }
}

/* Requests that are framed well and ask for what there is not. What is ambiguous besides
 * is bad before that. */
static void unserved(void)
{
    static const struct {
        const char *fields;
        enum http_status status;
    } cases[] = {
        {"Transfer-Encoding: gzip, chunked", HTTP_UNKNOWN_CODING},
        {"Transfer-Encoding: gzip\r\nTransfer-Encoding: chunked", HTTP_UNKNOWN_CODING},
        {"Transfer-Encoding: x;q=1 , CHUNKED", HTTP_UNKNOWN_CODING},
        {"Transfer-Encoding: gzip", HTTP_BAD},
        {"Transfer-Encoding: chunked, gzip", HTTP_BAD},
        {"Transfer-Encoding: chunked, chunked", HTTP_BAD},
        {"Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked", HTTP_BAD},
        {"Transfer-Encoding: chunked,", HTTP_BAD},
        {"Transfer-Encoding: ,chunked", HTTP_BAD},
        {"Transfer-Encoding:", HTTP_BAD},
        {"Transfer-Encoding: gzip, chunked\r\nContent-Length: 3", HTTP_BAD},
        {"Transfer-Encoding: gzip\r\nContent-Length: 3", HTTP_BAD},
        {"Expect: gold", HTTP_UNKNOWN_EXPECTATION},
        {"Expect: 100-continue, gold", HTTP_UNKNOWN_EXPECTATION},
        {"Expect: 100-continue\r\nExpect: gold", HTTP_UNKNOWN_EXPECTATION},
        {"Expect:", HTTP_UNKNOWN_EXPECTATION},
        {"Expect: 100", HTTP_UNKNOWN_EXPECTATION},
        {"Expect: 100-continued", HTTP_UNKNOWN_EXPECTATION},
        {"Expect: 100-Continue", HTTP_OK},
        {"Transfer-Encoding: Chunked", HTTP_OK},
    };
    for (size_t i = 0; i < COUNT(cases); i++) {
        char text[512];
        struct http_request got;
        snprintf(text, sizeof(text), "POST / HTTP/1.1\r\nHost: a\r\n%s\r\n\r\n",
                 cases[i].fields);
        TAP_INT(parse_request(str_of(text), &got), cases[i].status, cases[i].fields);
    }
    expect(false, "HTTP/1.1 200 OK\r\nTransfer-Encoding: gzip, chunked\r\n\r\n", HTTP_BAD,
           "an answer in another coding");
    const char old[] = "POST / HTTP/1.0\r\nExpect: gold\r\n\r\n";
    struct http_request got;
    TAP_INT(parse_request(str_of(old), &got), HTTP_OK, "HTTP/1.0 expects nothing");
    TAP_OK(!got.framed, "and announced no body");
    TAP_OK(parse_request(STR("POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 0\r\n\r\n"),
                         &got) == HTTP_OK &&
               got.framed && got.framing == HTTP_NO_BODY,
           "a length of 0 is one");
}

static void bad_lines(void)
{
    all_bad(true, "", bad_request_lines, "\r\nHost: a\r\n\r\n");
    all_bad(true, "", without_host, "\r\nHost: a\r\n\r\n");
    all_bad(false, "", bad_status_lines, "\r\nContent-Length: 0\r\n\r\n");
}

struct fields_case {
    int minor;
    const char *fields;
    enum http_framing framing; /* of a request; a response's NO_BODY is UNTIL_EOF */
    uint64_t length;
    bool keep_alive;
};

static void fields_of_request(const struct fields_case *want)
{
    char text[HEAD_BYTES];
    struct http_request got = {.minor = -1};
    snprintf(text, sizeof(text), "POST / HTTP/1.%d\r\nHost: a\r\n%s\r\n", want->minor,
             want->fields);
    TAP_OK(parse_request(str_of(text), &got) == HTTP_OK && got.minor == want->minor &&
               got.framing == want->framing && got.keep_alive == want->keep_alive &&
               (got.framing != HTTP_LENGTH || got.content_length == want->length),
           "request 1.%d %s", want->minor, guard_shown(str_of(want->fields)));
}

static void fields_of_response(const struct fields_case *want)
{
    char text[HEAD_BYTES];
    struct http_response got = {.minor = -1};
    bool open_end = want->framing == HTTP_NO_BODY;
    snprintf(text, sizeof(text), "HTTP/1.%d 200 OK\r\n%s\r\n", want->minor, want->fields);
    TAP_OK(parse_response(str_of(text), &got) == HTTP_OK && got.minor == want->minor &&
               got.framing == (open_end ? HTTP_UNTIL_EOF : want->framing) &&
               got.keep_alive == want->keep_alive &&
               (got.framing != HTTP_LENGTH || got.content_length == want->length),
           "response 1.%d %s", want->minor, guard_shown(str_of(want->fields)));
}

#define FIVE "Content-Length: 5\r\n"
#define CHUNKED "Transfer-Encoding: chunked\r\n"

/* Host comes with the request, so that the same fields go into both kinds of message. */
static const struct fields_case good_fields[] = {
    {1, "", HTTP_NO_BODY, 0, true},
    {0, "", HTTP_NO_BODY, 0, false},
    {1, FIVE, HTTP_LENGTH, 5, true},
    {0, FIVE, HTTP_LENGTH, 5, false},
    {1, "CONTENT-length:5\r\n", HTTP_LENGTH, 5, true},
    {1, "Content-Length: \t 5 \t\r\n", HTTP_LENGTH, 5, true},
    {1, "Content-Length: 0005\r\n", HTTP_LENGTH, 5, true},
    {1, "Content-Length: 1234567890\r\n", HTTP_LENGTH, 1234567890, true},
    {1, "Content-Length: 9223372036854775807\r\n", HTTP_LENGTH, INT64_MAX, true},
    {1, FIVE FIVE FIVE, HTTP_LENGTH, 5, true},
    {1, "Content-Lengths: 6\r\n" FIVE "XContent-Length: 7\r\n", HTTP_LENGTH, 5, true},
    {1, CHUNKED, HTTP_CHUNKED, 0, true},
    {1, "transfer-ENCODING:cHUNKED \r\n", HTTP_CHUNKED, 0, true},
    {1, FIVE "Connection: close\r\n", HTTP_LENGTH, 5, false},
    {1, CHUNKED "Connection: close\r\n", HTTP_CHUNKED, 0, false},
    {1, FIVE "CONNECTION:CLOSE\r\n", HTTP_LENGTH, 5, false},
    {1, FIVE "Connection: keep-alive\r\n", HTTP_LENGTH, 5, true},
    {1, FIVE "Connection: upgrade\r\n", HTTP_LENGTH, 5, true},
    {1, FIVE "Connection: a, close ,b\r\n", HTTP_LENGTH, 5, false},
    {1, FIVE "Connection: a,\tclose\r\n", HTTP_LENGTH, 5, false},
    {1, FIVE "Connection: ,,close,\r\n", HTTP_LENGTH, 5, false},
    {1, FIVE "Connection: closed\r\n", HTTP_LENGTH, 5, true},
    {1, FIVE "Connection: enclose, clos\r\n", HTTP_LENGTH, 5, true},
    {1, FIVE "Connection: \r\n", HTTP_LENGTH, 5, true},
    {1, FIVE "Connection: keep-alive, close\r\n", HTTP_LENGTH, 5, false},
    {1, FIVE "Connection: close, keep-alive\r\n", HTTP_LENGTH, 5, false},
    {1, "Connection: close\r\n" FIVE "Connection: a\r\n", HTTP_LENGTH, 5, false},
    {1, "Connection: a\r\nConnection: close\r\n" FIVE, HTTP_LENGTH, 5, false},
    {0, FIVE "Connection: keep-alive\r\n", HTTP_LENGTH, 5, true},
    {0, FIVE "Connection: a, Keep-Alive\r\n", HTTP_LENGTH, 5, true},
    {0, FIVE "Connection: keep-alive, a\r\n", HTTP_LENGTH, 5, true},
    {0, FIVE "Connection: keep-alive, close\r\n", HTTP_LENGTH, 5, false},
    {0, FIVE "Connection: close, keep-alive\r\n", HTTP_LENGTH, 5, false},
    {0, FIVE "Connection: keep-alives\r\n", HTTP_LENGTH, 5, false},
    {0, FIVE "Connection: close\r\n", HTTP_LENGTH, 5, false},
    {1, FIVE "X-Connection: close\r\n", HTTP_LENGTH, 5, true},
    {1, FIVE "X:\r\n", HTTP_LENGTH, 5, true},
    {1, FIVE "X: \t \r\n", HTTP_LENGTH, 5, true},
    {1, FIVE "X: a\tb: c \x80\xff \"\\\r\n", HTTP_LENGTH, 5, true},
    {1, FIVE "!#$%&'*+-.^_`|~09azAZ: x\r\n", HTTP_LENGTH, 5, true},
};

#define LENGTH "Content-Length: "
#define CODING "Transfer-Encoding: "

static const struct {
    int minor;
    const char *before, *values;
} bad_fields[] = {
    {1, LENGTH, "~x~-1~+5~0x5~5x~5.0~5 5~5, 6~5;~\"5\"~18446744073709551616"},
    {1, LENGTH, "18446744073709551621~99999999999999999999~184467440737095516150"},
    {1, LENGTH, "5\r\n" LENGTH "6~0\r\n" LENGTH "5~5\r\n" LENGTH "0~x\r\n" LENGTH "5"},
    {1, LENGTH, "5\r\n" LENGTH "5\r\n" LENGTH "6~5\r\nX: y\r\n" LENGTH "x"},
    {0, LENGTH, "5\r\n" LENGTH "6"},
    {1, LENGTH, "5\r\n" CODING "chunked~0\r\n" CODING "chunked"},
    {1, CODING, "chunked\r\n" LENGTH "5~chunked\r\nX: y\r\n" LENGTH "0"},
    {1, CODING, "~gzip~identity~chunked, gzip~chunked, chunked"},
    {1, CODING, "chunked;a=b~xchunked~chunkedx~chunke~\"chunked\"~\vchunked"},
    {1, CODING, "chunked\r\n" CODING "chunked~chunked\r\n" CODING "identity"},
    {1, CODING, "chunked\r\n" CODING "gzip~gzip, chunked\r\n" CODING "gzip"},
    {0, CODING, "chunked~gzip"},
    {1, "", "X : y~X\t: y~Content-Length : 5~Transfer-Encoding : chunked~ X: y~\tX: y"},
    {1, "", "X: y\r\n z~X: y\r\n\tz~X: y\r\n ~X: y\r\n\t~X: y\r\n z: w~X:\r\n y"},
    {1, "", "X~X y~: y~:~X y: z~X(y): z~X\x80: z~X: y\n~X: y\nZ: w~X: y\rZ: w"},
    {1, "", "X: y\r~X: \ry~X\r: y~\rX: y~X: y\r\n\n~\n~\r"},
};

static void fields(void)
{
    for (size_t i = 0; i < COUNT(good_fields); i++) {
        fields_of_request(&good_fields[i]);
        fields_of_response(&good_fields[i]);
    }
    for (size_t i = 0; i < COUNT(bad_fields); i++) {
        char before[128];
        snprintf(before, sizeof(before), "GET / HTTP/1.%d\r\nHost: a\r\n%s",
                 bad_fields[i].minor, bad_fields[i].before);
        all_bad(true, before, bad_fields[i].values, "\r\n\r\n");
        snprintf(before, sizeof(before), "HTTP/1.%d 200 OK\r\n%s", bad_fields[i].minor,
                 bad_fields[i].before);
        all_bad(false, before, bad_fields[i].values, "\r\n\r\n");
    }
}

static bool nothing_follows(enum http_framing framing, uint64_t length)
{
    return framing == HTTP_NO_BODY || (framing == HTTP_LENGTH && length == 0);
}

/* A length of none is the same as no body; for a response not the same as no length. */
static void no_length(void)
{
    struct http_request request = {.minor = -1};
    struct http_response response = {.minor = -1};
    bool good =
        parse_request(STR(GET HOST "Content-Length: 0\r\n\r\n"), &request) == HTTP_OK;
    TAP_OK(good && nothing_follows(request.framing, request.content_length),
           "nothing follows a request of length 0");
    good = parse_response(STR("HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n"),
                          &response) == HTTP_OK;
    TAP_OK(good && nothing_follows(response.framing, response.content_length) &&
               response.keep_alive,
           "nothing follows a response of length 0");
}

static void hosts(void)
{
    static const char bad[] = "~X: y\r\n~XHost: a\r\n~Hos: a\r\n~Hosts: a\r\n~" HOST HOST
                              "~" HOST "hOST: b\r\n~" HOST "X: y\r\n" HOST;
    static const char good[] = HOST "~hOST:a:80\r\n~Host:\r\n~Host: [::1]:80\r\n";
    /* RFC 9112 3.2: an invalid value must be answered with 400. */
    static const char invalid[] =
        "Host: a b\r\n~Host: a/b\r\n~Host: a@b\r\n~Host: a, b\r\n";
    const char *list = good;
    all_bad(true, GET, bad, END);
    all_bad(true, "GET http://a/ HTTP/1.1\r\n", "~X: y\r\n", END);
    all_bad(true, GET, invalid, END);
    all_bad(true, "GET / HTTP/1.0\r\n", HOST HOST,
            END); /* more than one in any version */
    for (struct str one; guard_next(&list, &one);) {
        char text[256];
        snprintf(text, sizeof(text), GET "%.*s\r\n", (int)one.len, one.ptr);
        expect(true, text, HTTP_OK, guard_shown(one));
    }
    expect(true, "GET / HTTP/1.0\r\n" END, HTTP_OK, "1.0 without a host");
    expect(false, "HTTP/1.1 200 OK\r\n" HOST HOST END, HTTP_OK, "with two hosts");
}

static void expectations(void)
{
    static const struct {
        int minor;
        const char *fields;
        bool expected;
    } cases[] = {
        {1, "", false},
        {1, "Expect: 100-continue\r\n", true},
        {1, "EXPECT:100-CONTINUE\t\r\n", true},
        {1, "X: y\r\nExpect: 100-continue\r\nZ: w\r\n", true},
        {1, "X-Expect: 100-continue\r\n", false},
        {1, "X: 100-continue\r\n", false},
        {0, "Expect: 100-continue\r\n", false}, /* RFC 9110 10.1.1: ignored in 1.0 */
    };
    for (size_t i = 0; i < COUNT(cases); i++) {
        char text[256];
        struct http_request got = {.minor = -1};
        snprintf(text, sizeof(text), "POST / HTTP/1.%d\r\n" HOST FIVE "%s\r\n",
                 cases[i].minor, cases[i].fields);
        TAP_OK(parse_request(str_of(text), &got) == HTTP_OK &&
                   got.expect_continue == cases[i].expected,
               "1.%d %s", cases[i].minor, guard_shown(str_of(cases[i].fields)));
    }
}

static void accepts(void)
{
    static const struct {
        const char *fields, *accept;
    } cases[] = {
        {"", ""},
        {"Accept: text/plain\r\n", "text/plain"},
        {"ACCEPT:\t*/*;q=0.1, a/b \t\r\n", "*/*;q=0.1, a/b"},
        {"X: y\r\nAccept: a/b\r\nExpect: 100-continue\r\n", "a/b"},
        {"Accept:\r\n", ""},
        {"Accept-Encoding: gzip\r\nExcept: a/b\r\nX-Accept: a/b\r\n", ""},
        {"Accept: a/b\r\nAccept: c/d\r\n", ""}, /* several are none */
        {"Accept: a/b\r\nX: y\r\nAccept: a/b\r\n", ""},
        {"Accept: a/b\r\nAccept:\r\n", ""},
        {"Accept: a/b\r\nAccept: c/d\r\nAccept: e/f\r\n", ""},
    };
    for (size_t i = 0; i < COUNT(cases); i++) {
        char text[256];
        struct http_request got = {.minor = -1};
        snprintf(text, sizeof(text), GET HOST "%s\r\n", cases[i].fields);
        TAP_OK(parse_request(str_of(text), &got) == HTTP_OK &&
                   str_eq(got.accept, str_of(cases[i].accept)) &&
                   (got.accept.len == 0 || within_room(got.accept)),
               "accept: %s", guard_shown(str_of(cases[i].fields)));
    }
}

/* RFC 9112 6.3 rule 1: these end with their head, whatever the fields say. */
static void bodiless_statuses(void)
{
    static const struct {
        int status;
        bool bodiless;
    } cases[] = {{100, true},  {101, true},  {103, true},  {199, true},  {200, false},
                 {203, false}, {204, true},  {205, false}, {206, false}, {303, false},
                 {304, true},  {305, false}, {404, false}, {500, false}, {599, false}};
    static const struct {
        const char *fields;
        enum http_framing framing;
    } bodies[] = {{"", HTTP_UNTIL_EOF}, {FIVE, HTTP_LENGTH}, {CHUNKED, HTTP_CHUNKED}};
    for (size_t i = 0; i < COUNT(cases); i++) {
        bool good = true;
        for (size_t j = 0; j < COUNT(bodies); j++) {
            char text[256];
            struct http_response got = {.minor = -1};
            snprintf(text, sizeof(text), "HTTP/1.1 %d x\r\n%s\r\n", cases[i].status,
                     bodies[j].fields);
            good = good && parse_response(str_of(text), &got) == HTTP_OK &&
                   got.status == cases[i].status &&
                   got.framing == (cases[i].bodiless ? HTTP_NO_BODY : bodies[j].framing);
        }
        TAP_OK(good, "%d has %s", cases[i].status,
               cases[i].bodiless ? "no body" : "the body its fields say");
    }
    all_bad(false, "HTTP/1.1 204 x\r\n", FIVE CHUNKED "~" LENGTH "x\r\n", END);
}

/* A start line and so many fields in all, the given one among them. */
static const char *many_fields(const char *start, const char *one, int count)
{
    static char text[HEAD_BYTES];
    int len = snprintf(text, sizeof(text), "%s%s", start, one);
    for (int i = 1; i < count; i++)
        len += snprintf(text + len, sizeof(text) - len, "X-%d: y\r\n", i);
    snprintf(text + len, sizeof(text) - len, "\r\n");
    return text;
}

static void field_limit(void)
{
    static const struct {
        int count;
        enum http_status expected;
    } cases[] = {{HTTP_HEADERS_MAX - 1, HTTP_OK},
                 {HTTP_HEADERS_MAX, HTTP_OK},
                 {HTTP_HEADERS_MAX + 1, HTTP_TOO_LARGE},
                 {4 * HTTP_HEADERS_MAX, HTTP_TOO_LARGE}};
    for (size_t i = 0; i < COUNT(cases); i++) {
        char what[32];
        snprintf(what, sizeof(what), "of %d fields", cases[i].count);
        expect(true, many_fields(GET, HOST, cases[i].count), cases[i].expected, what);
        expect(false, many_fields("HTTP/1.1 200 OK\r\n", FIVE, cases[i].count),
               cases[i].expected, what);
    }
}

static bool is_token(int byte)
{
    return byte != 0 && strchr("!#$%&'*+-.^_`|~0123456789"
                               "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ",
                               byte);
}

static bool is_name(int byte) /* a colon inside a name only ends it earlier */
{
    return is_token(byte) || byte == ':';
}

static bool is_value(int byte)
{
    return byte == '\t' || (byte >= 0x20 && byte != 0x7f);
}

static bool is_visible(int byte)
{
    return byte > 0x20 && byte < 0x7f;
}

/* Each byte in turn at the place of the one `?`. */
static bool sweep(const char *text, bool request, bool (*expected)(int), int last)
{
    char bytes[256];
    struct str head = {bytes, strlen(text)};
    size_t at = strcspn(text, "?");
    bool good = true;
    memcpy(bytes, text, head.len);
    for (int byte = 0; byte <= last; byte++) {
        struct http_request out_request;
        struct http_response out_response;
        bytes[at] = (char)byte;
        enum http_status got = request ? parse_request(head, &out_request)
                                       : parse_response(head, &out_response);
        if (got != (expected(byte) ? HTTP_OK : HTTP_BAD)) {
            printf("# byte 0x%02x: %s\n", byte, status_name(got));
            good = false;
        }
    }
    return good;
}

static void every_byte(void)
{
    TAP_OK(sweep("G?T / HTTP/1.1\r\n" HOST END, true, is_token, 255), "in a method");
    TAP_OK(sweep("GET /?a HTTP/1.1\r\n" HOST END, true, is_visible, 127), "in a target");
    TAP_OK(sweep(GET HOST "Na?me: x\r\n" END, true, is_name, 255), "in a name");
    TAP_OK(sweep(GET "Na?me: x\r\n" HOST END, true, is_name, 255), "in the first name");
    TAP_OK(sweep("HTTP/1.1 200 O?K\r\n" FIVE END, false, is_value, 255), "in a reason");
    TAP_OK(sweep("HTTP/1.1 200 OK\r\nN?: x\r\n" END, false, is_name, 255),
           "in a response's name");
}

/* Each byte at each place of values of each length. */
static void every_byte_of_values(void)
{
    enum { VALUE_MAX = 26 };
    static const char *const starts[] = {"HTTP/1.1 200 OK\r\n", GET HOST};
    for (int request = 0; request <= 1; request++) {
        bool good = true;
        for (int len = 1; len <= VALUE_MAX; len++) {
            for (int at = 0; at < len; at++) {
                char text[256];
                snprintf(text, sizeof(text), "%sX:%.*s?%.*s\r\n\r\n", starts[request], at,
                         "abcdefghijklmnopqrstuvwxyz", len - 1 - at,
                         "abcdefghijklmnopqrstuvwxyz");
                good = sweep(text, request, is_value, 255) && good;
            }
        }
        TAP_OK(good, "in a %s's value", request ? "request" : "response");
    }
}

static const char *const whole_heads[] = {
    GET HOST END,
    "\r\n\r\n" GET HOST END,
    "POST /abc?d=e HTTP/1.1\r\nHost: a.example\r\nContent-Length: 3\r\nX:\r\n\r\n",
    "GET / HTTP/1.0\r\n\r\n",
    "HTTP/1.1 200 OK\r\nContent-Length: 12\r\nServer: some thing\r\n\r\n",
    "HTTP/1.1 204 \r\n\r\n",
    "GET / HTTP/1.1\nHost: a\n\n",
    "\n\nGET / HTTP/1.1\nHost: a\r\n\n",
    "GET / HTTP/1.1\r\nHost: a\n\r\n",
};

/* Lengths of all prefixes, each found in two steps of every size. */
static bool prefixes_incomplete(struct str head, enum guard_edge edge)
{
    for (size_t len = 0; len < head.len; len++) {
        struct str prefix = guard_place(&guard, edge, (struct str){head.ptr, len});
        for (size_t seen = 0; seen <= len; seen++) {
            if (http_head_length(prefix, seen) != 0)
                return false;
        }
    }
    return true;
}

static bool seen_agrees(struct str bytes, size_t expected, enum guard_edge edge)
{
    struct str placed = guard_place(&guard, edge, bytes);
    for (size_t seen = 0; seen < expected; seen++) {
        if (http_head_length(placed, seen) != expected)
            return false;
    }
    return true;
}

static void head_lengths(void)
{
    static const char *const followers[] = {"",   "x",        "\r\n",
                                            "\n", "\r\n\r\n", GET HOST END};
    for (size_t i = 0; i < COUNT(whole_heads); i++) {
        struct str head = str_of(whole_heads[i]);
        bool incomplete = true, agrees = true;
        for (enum guard_edge edge = 0; edge < GUARD_EDGES; edge++) {
            incomplete = incomplete && prefixes_incomplete(head, edge);
            for (size_t j = 0; j < COUNT(followers); j++) {
                char text[256];
                snprintf(text, sizeof(text), "%s%s", head.ptr, followers[j]);
                agrees = agrees && seen_agrees(str_of(text), head.len, edge);
            }
        }
        TAP_OK(incomplete, "head %zu is incomplete wherever it is cut", i);
        TAP_OK(agrees, "… and as long from wherever it was seen, whatever follows");
    }
}

static void no_heads(void)
{
    const char *list =
        "~\r\n~\r\n\r\n~\n\n\n~GET /\r\n~GET /\r\n\r~a\n\r~a\r\r~a\r\n\r\r~"
        "a\r\n \r\n~a\r\nb\r\n\r~a\n\rb\n";
    for (struct str text; guard_next(&list, &text);) {
        bool none = prefixes_incomplete(text, GUARD_AHEAD) &&
                    prefixes_incomplete(text, GUARD_BEHIND) &&
                    http_head_length(guard_place(&guard, GUARD_BEHIND, text), 0) == 0;
        TAP_OK(none, "no head yet: %s", guard_shown(text));
    }
}

/* Byte by byte: in linear time, which a search from the start each time would exceed
 * thirtyfold. Processor time, so that a busy machine does not matter. */
static void linear_time(void)
{
    enum { LONG_BYTES = 1 << 19 };
    char *bytes = guard_room(&guard, GUARD_BEHIND, LONG_BYTES);
    size_t found = 0;
    memset(bytes, 'x', LONG_BYTES);
    for (int i = 40; i < LONG_BYTES; i += 41)
        bytes[i] = '\n';
    memcpy(bytes + LONG_BYTES - 4, "\r\n\r\n", 4);
    clock_t begin = clock();
    for (size_t len = 0; len < LONG_BYTES && found == 0; len++)
        found = http_head_length((struct str){bytes, len + 1}, len);
    TAP_INT(found, LONG_BYTES, "a long head byte by byte");
    TAP_OK(clock() - begin < CLOCKS_PER_SEC, "… in linear time");
}

/* Texts of RFC 9110 15, and of RFC 6585. */
static void reasons(void)
{
    const char *list =
        "100 Continue~101 Switching Protocols~200 OK~201 Created~202 Accepted~"
        "204 No Content~206 Partial Content~301 Moved Permanently~302 Found~"
        "303 See Other~304 Not Modified~307 Temporary Redirect~308 Permanent Redirect~"
        "400 Bad Request~401 Unauthorized~403 Forbidden~404 Not Found~"
        "405 Method Not Allowed~408 Request Timeout~409 Conflict~411 Length Required~"
        "413 Content Too Large~414 URI Too Long~415 Unsupported Media Type~"
        "417 Expectation Failed~429 Too Many Requests~"
        "431 Request Header Fields Too Large~500 Internal Server Error~"
        "501 Not Implemented~502 Bad Gateway~503 Service Unavailable~504 Gateway Timeout~"
        "505 HTTP Version Not Supported";
    static const int unknown[] = {INT32_MIN, -1, 0, 99, 199, 299, 499, 599, 600, 100000};
    for (struct str one; guard_next(&list, &one);) {
        struct str reason = {one.ptr + 4, one.len - 4};
        TAP_OK(str_eq(str_of(http_reason(atoi(one.ptr))), reason), "%s",
               guard_shown(one));
    }
    for (size_t i = 0; i < COUNT(unknown); i++)
        TAP_TEXT(http_reason(unknown[i]), "Unknown", "any other status");
}

int main(void)
{
    guard_init(&guard, ROOM_BYTES);
    request_lines();
    empty_paths();
    status_lines();
    bad_lines();
    versions();
    unserved();
    fields();
    no_length();
    hosts();
    expectations();
    accepts();
    bodiless_statuses();
    field_limit();
    every_byte();
    every_byte_of_values();
    head_lengths();
    no_heads();
    linear_time();
    reasons();
    guard_fini(&guard);
    return tap_done();
}
