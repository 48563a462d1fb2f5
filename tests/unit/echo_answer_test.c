/* Heads of answers, byte by byte, and numbers as digits. */
#include "answer.h"

#include "tap.h"

#define DATE "Date: Tue, 29 Feb 2000 00:00:00 GMT\r\n"
#define JSON "Content-Type: application/json\r\n"
#define TEXT "Content-Type: text/plain; charset=utf-8\r\n"

enum { OUT_BYTES = 4096 };

static char bytes[OUT_BYTES];
static struct stamp stamp;

static const struct row {
    struct answer answer;
    size_t length;
    const char *head;
} rows[] = {{{200, {JSON, sizeof(JSON) - 1}, NULL, ANSWER_OPEN},
             0,
             "HTTP/1.1 200 OK\r\n" DATE JSON "Content-Length: 0\r\n\r\n"},
            {{200, {JSON, sizeof(JSON) - 1}, NULL, ANSWER_KEEP_ALIVE},
             10,
             "HTTP/1.1 200 OK\r\n" DATE JSON "Connection: keep-alive\r\n"
             "Content-Length: 10\r\n\r\n"},
            {{200, {TEXT, sizeof(TEXT) - 1}, NULL, ANSWER_CLOSE},
             1048576,
             "HTTP/1.1 200 OK\r\n" DATE TEXT "Connection: close\r\n"
             "Content-Length: 1048576\r\n\r\n"},
            {{405, {JSON, sizeof(JSON) - 1}, "GET, HEAD", ANSWER_OPEN},
             57,
             "HTTP/1.1 405 Method Not Allowed\r\n" DATE JSON "Allow: GET, HEAD\r\n"
             "Content-Length: 57\r\n\r\n"},
            {{405, {JSON, sizeof(JSON) - 1}, "POST", ANSWER_CLOSE},
             57,
             "HTTP/1.1 405 Method Not Allowed\r\n" DATE JSON "Allow: POST\r\n"
             "Connection: close\r\nContent-Length: 57\r\n\r\n"},
            {{503, {TEXT, sizeof(TEXT) - 1}, NULL, ANSWER_CLOSE},
             8,
             "HTTP/1.1 503 Service Unavailable\r\n" DATE TEXT "Connection: close\r\n"
             "Content-Length: 8\r\n\r\n"}};

static void heads(void)
{
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        struct out out = {bytes, 0, OUT_BYTES};
        answer_head(&out, &stamp, &rows[i].answer, rows[i].length);
        bytes[out.len] = '\0';
        TAP_TEXT(bytes, rows[i].head, "a head as it is to be");
    }
    TAP_OK(str_eq(ANSWER_JSON, STR(JSON)) && str_eq(ANSWER_TEXT, STR(TEXT)),
           "the types are these");
}

/* Behind what is there already. */
static void appended(void)
{
    struct out out = {bytes, 0, OUT_BYTES};
    out_put(&out, STR("before"));
    answer_head(&out, &stamp, &rows[0].answer, 0);
    TAP_INT(out.len, 6 + strlen(rows[0].head), "a head is appended");
    TAP_OK(memcmp(bytes, "beforeHTTP/1.1 200", 18) == 0, "… behind what is there");
    out_fill(&out, 'x', 3);
    TAP_OK(memcmp(bytes + out.len - 5, "\r\nxxx", 5) == 0, "… and filled up behind it");
}

/* Every status that is answered, at its longest. */
static void longest(void)
{
    static const int statuses[] = {200, 400, 404, 405, 408, 411, 413,
                                   414, 417, 431, 501, 503, 505};
    for (size_t i = 0; i < sizeof(statuses) / sizeof(statuses[0]); i++) {
        struct out out = {bytes, 0, ANSWER_HEAD_MAX_BYTES};
        struct answer answer = {statuses[i], ANSWER_PAGE, "GET, HEAD", ANSWER_CLOSE};
        char line[32];
        answer_head(&out, &stamp, &answer, SIZE_MAX);
        bytes[out.len] = '\0';
        int len = snprintf(line, sizeof(line), "HTTP/1.1 %d ", statuses[i]);
        TAP_OK(strncmp(bytes, line, (size_t)len) == 0 && bytes[len] >= 'A' &&
                   !strstr(bytes, "Unknown"),
               "%d has its words and fits", statuses[i]);
        TAP_OK(strstr(bytes, "\r\nContent-Length: 18446744073709551615\r\n\r\n"),
               "… with the largest length");
    }
}

static void digits(void)
{
    static const uint64_t values[] = {
        0, 1, 9, 10, 99, 100, 12345, 999999999, UINT64_MAX / 10, UINT64_MAX};
    for (size_t i = 0; i < sizeof(values) / sizeof(values[0]); i++) {
        char text[OUT_U64_DIGITS], expected[32];
        struct str got = out_u64(values[i], text);
        snprintf(expected, sizeof(expected), "%llu", (unsigned long long)values[i]);
        TAP_OK(str_eq(got, str_of(expected)), "%s in digits", expected);
    }
}

int main(void)
{
    stamp_update(&stamp, 951782400);
    heads();
    appended();
    longest();
    digits();
    return tap_done();
}
