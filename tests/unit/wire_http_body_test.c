/*
 * Message bodies against RFC 9112 6 and 7. Each body is fed whole, byte by byte, in two
 * pieces and (the short ones) in three, cut at every place; each piece lies against a
 * guard page. However it is cut, the outcome is the same.
 */
#include "guard.h"
#include "tap.h"
#include "wire/http.h"

#define COUNT(table) (sizeof(table) / sizeof((table)[0]))

enum {
    ROOM_BYTES = 1 << 18,
    PAYLOAD_BYTES = 1 << 17,
    SHORT_BYTES = 64,
    LINE_BYTES = 1 << 16
};

static struct guard guard;

struct outcome {
    enum http_status status;
    size_t left; /* bytes that are the next message's */
    size_t len;  /* of the payload */
    char payload[PAYLOAD_BYTES];
};

/* A body on its way through the reader. */
struct feeding {
    struct http_body body;
    enum guard_edge edge;
    struct outcome *out;
};

static struct feeding feeding(enum http_framing framing, uint64_t length,
                              enum guard_edge edge, struct outcome *out)
{
    struct feeding feeding = {.edge = edge, .out = out};
    http_body_init(&feeding.body, framing, length);
    out->status = HTTP_PARTIAL;
    out->left = out->len = 0;
    return feeding;
}

/* Views must lie within what was taken from the front of the piece. */
static bool take(struct outcome *out, struct str before, struct str after,
                 struct str data)
{
    bool sound =
        after.len <= before.len && after.ptr + after.len == before.ptr + before.len &&
        (data.len == 0 || (data.ptr >= before.ptr && data.ptr + data.len <= after.ptr));
    if (!sound || data.len > sizeof(out->payload) - out->len)
        return false;
    if (data.len > 0)
        memcpy(out->payload + out->len, data.ptr, data.len);
    out->len += data.len;
    return true;
}

/* One piece, as a caller does it: again while there are bytes. False: the reader broke
 * its contract, or makes no headway. */
static bool feed(struct feeding *feeding, struct str bytes)
{
    struct outcome *out = feeding->out;
    struct str in = guard_place(&guard, feeding->edge, bytes);
    if (out->status == HTTP_OK)
        out->left += bytes.len;
    if (out->status != HTTP_PARTIAL)
        return true;
    size_t calls = 0;
    do {
        struct str before = in, data = {NULL, 0};
        out->status = http_body_feed(&feeding->body, &in, &data);
        if (!take(out, before, in, data) || calls++ > 2 * bytes.len + 2)
            return false;
    } while (out->status == HTTP_PARTIAL && in.len > 0);
    if (out->status == HTTP_OK)
        out->left = in.len;
    return true;
}

static bool feed_part(struct feeding *feeding, struct str bytes, size_t from, size_t to)
{
    return feed(feeding, (struct str){bytes.ptr + from, to - from});
}

static bool refused(const struct outcome *out)
{
    return out->status == HTTP_BAD || out->status == HTTP_TOO_LARGE;
}

/* Once refused, nobody asks what there was before. */
static bool same(const struct outcome *a, const struct outcome *b)
{
    return a->status == b->status &&
           (refused(a) || (a->left == b->left && a->len == b->len &&
                           memcmp(a->payload, b->payload, a->len) == 0));
}

/* In three pieces, of which any may be empty. */
static bool cut_twice(const struct outcome *expected, enum http_framing framing,
                      uint64_t length, struct str bytes, size_t first, size_t second)
{
    static struct outcome got;
    for (enum guard_edge edge = 0; edge < GUARD_EDGES; edge++) {
        struct feeding pieces = feeding(framing, length, edge, &got);
        if (!feed_part(&pieces, bytes, 0, first) ||
            !feed_part(&pieces, bytes, first, second) ||
            !feed_part(&pieces, bytes, second, bytes.len) || !same(&got, expected)) {
            printf("# cut at %zu and %zu: status %d, %zu bytes, %zu left\n", first,
                   second, (int)got.status, got.len, got.left);
            return false;
        }
    }
    return true;
}

static bool cut_everywhere(const struct outcome *expected, enum http_framing framing,
                           uint64_t length, struct str bytes)
{
    static struct outcome got;
    struct feeding single = feeding(framing, length, GUARD_BEHIND, &got);
    if (!feed_part(&single, bytes, 0, 0))
        return false;
    for (size_t i = 0; i < bytes.len; i++) {
        if (!feed_part(&single, bytes, i, i + 1))
            return false;
    }
    bool good = same(&got, expected);
    for (size_t first = 0; first <= bytes.len && good; first++) {
        size_t last = bytes.len <= SHORT_BYTES ? bytes.len : first;
        for (size_t second = first; second <= last && good; second++)
            good = cut_twice(expected, framing, length, bytes, first, second);
    }
    return good;
}

struct body_case {
    enum http_framing framing;
    uint64_t length;
    const char *bytes, *payload;
    size_t left; /* surplus at the end of bytes */
};

static void outcome_of(const struct body_case *want, enum http_status status,
                       struct outcome *out)
{
    out->status = status;
    out->left = want->left;
    out->len = strlen(want->payload);
    memcpy(out->payload, want->payload, out->len);
}

/* Until its last byte a body is not over; one that the end of input ends never is. */
static bool never_over_early(const struct body_case *want)
{
    static struct outcome got;
    size_t own = strlen(want->bytes) - want->left;
    for (size_t len = 0; len < own; len++) {
        struct feeding cut = feeding(want->framing, want->length, GUARD_BEHIND, &got);
        if (!feed(&cut, (struct str){want->bytes, len}) || got.status != HTTP_PARTIAL)
            return false;
    }
    return true;
}

#define LONGER "abcdefghijklmnopqrstuvwxyz0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ!"
#define NEXT "HTTP/1.1 200 OK\r\n"

static const struct body_case good_bodies[] = {
    {HTTP_NO_BODY, 0, "", "", 0},
    {HTTP_NO_BODY, 7, NEXT, "", sizeof(NEXT) - 1},
    {HTTP_LENGTH, 0, "", "", 0},
    {HTTP_LENGTH, 0, "x", "", 1},
    {HTTP_LENGTH, 1, "x", "x", 0},
    {HTTP_LENGTH, 5, "helloX", "hello", 1},
    {HTTP_LENGTH, 5, "hello" NEXT, "hello", sizeof(NEXT) - 1},
    {HTTP_LENGTH, 5, "0\r\n\r\n", "0\r\n\r\n", 0},
    {HTTP_CHUNKED, 0, "0\r\n\r\n", "", 0},
    {HTTP_CHUNKED, 0, "000\r\n\r\nx", "", 1},
    {HTTP_CHUNKED, 9, "5\r\nhello\r\n0\r\n\r\n", "hello", 0},
    {HTTP_CHUNKED, 0, "1\r\na\r\n2\r\nbc\r\n3\r\ndef\r\n0\r\n\r\n", "abcdef", 0},
    {HTTP_CHUNKED, 0, "2\r\n\r\n\r\n0\r\n\r\n\r\n", "\r\n", 2},
    {HTTP_CHUNKED, 0, "5\r\n0\r\n\r\n\r\n0\r\n\r\n" NEXT, "0\r\n\r\n", sizeof(NEXT) - 1},
    {HTTP_CHUNKED, 0, "3f\r\n" LONGER "\r\n0\r\n\r\n", LONGER, 0},
    {HTTP_CHUNKED, 0, "3F\r\n" LONGER "\r\n0\r\n\r\n5", LONGER, 1},
    {HTTP_CHUNKED, 0, "0a\r\n0123456789\r\nA\r\n0123456789\r\n0\r\n\r\n",
     "01234567890123456789", 0},
    {HTTP_CHUNKED, 0, "b\r\n0123456789a\r\nC\r\n0123456789ab\r\n00\r\n\r\n",
     "0123456789a0123456789ab", 0},
    {HTTP_CHUNKED, 0, "d\r\n0123456789abc\r\nE\r\n0123456789abcd\r\n0\r\n\r\n",
     "0123456789abc0123456789abcd", 0},
    {HTTP_CHUNKED, 0, "0000000000000000000001\r\nx\r\n0\r\n\r\n", "x", 0},
    {HTTP_CHUNKED, 0, "1;a\r\nx\r\n0;b=c\r\n\r\n", "x", 0},
    {HTTP_CHUNKED, 0, "1;a=\"b;c d\";e\r\nx\r\n0\r\n\r\n", "x", 0},
    {HTTP_CHUNKED, 0, "1 ; a = b\r\nx\r\n0\t;\tc\r\n\r\n", "x", 0},
    {HTTP_CHUNKED, 0, "0\r\nA: b\r\n\r\n", "", 0},
    {HTTP_CHUNKED, 0, "1\r\nx\r\n0\r\nA: b\r\nC:\r\nD: e f\tg\r\n\r\nyz", "x", 2},
    {HTTP_UNTIL_EOF, 0, "", "", 0},
    {HTTP_UNTIL_EOF, 0, "x", "x", 0},
    {HTTP_UNTIL_EOF, 1, "0\r\n\r\n" NEXT, "0\r\n\r\n" NEXT, 0},
};

static void whole_and_cut(void)
{
    static struct outcome want;
    for (size_t i = 0; i < COUNT(good_bodies); i++) {
        const struct body_case *body = &good_bodies[i];
        bool ends = body->framing != HTTP_UNTIL_EOF;
        outcome_of(body, ends ? HTTP_OK : HTTP_PARTIAL, &want);
        struct str bytes = str_of(body->bytes);
        TAP_OK(cut_twice(&want, body->framing, body->length, bytes, 0, 0), "whole: %s",
               guard_shown(bytes));
        TAP_OK(cut_everywhere(&want, body->framing, body->length, bytes),
               "… cut everywhere");
        TAP_OK(never_over_early(body), "… truncated everywhere");
    }
}

/* Each is wrong at its last byte, and not before. */
static const char bad_chunks[] =
    "x~g~-~+~ ~\t~;~\r~\n~0x~5h~5,~5 5~5 \r~5\n~5\r5~5\r\r~5;a\n~5;a\rb~5;a\r\r~1\r\nxy~"
    "1\r\nx\n~1\r\nx\ry~1\r\nx\r\r~1\r\nx\r\ny~1\r\nx\r\n\r~1\r\nx\r\n\n~1\r\nx\r\n;~"
    "1\r\nx\r\n ~0\n~0\r\n\n~0\r\n\rx~0\r\n\r\r~0\r\n ~0\r\n:~0\r\nA ~0\r\nA\r~0\r\nA\n~"
    "0\r\nA: b\n~0\r\nA: b\rc~0\r\nA: b\r\r~0\r\nA: b\r\n\n~0\r\nA: b\r\n ";
static const char large_chunks[] = "10000000000000000~0ffffffffffffffff~ffffffffffffffff~"
                                   "1\r\nx\r\n10000000000000000";

static void all_refused(const char *list, enum http_status status)
{
    static struct outcome want, before;
    want.status = status;
    for (struct str bytes; guard_next(&list, &bytes);) {
        TAP_OK(cut_everywhere(&want, HTTP_CHUNKED, 0, bytes), "refused: %s",
               guard_shown(bytes));
        struct feeding cut = feeding(HTTP_CHUNKED, 0, GUARD_BEHIND, &before);
        TAP_OK(feed_part(&cut, bytes, 0, bytes.len - 1) && before.status == HTTP_PARTIAL,
               "… not before its last byte");
    }
}

/* Sizes that no body ever fills: what comes is payload, if the size is none too large. */
static void huge_sizes(void)
{
    static const struct {
        const char *size;
        bool good;
    } cases[] = {{"ffffffff", true},          {"100000000", true},
                 {"7fffffffffffffff", true},  {"07FFFFFFFFFFFFFFF", true},
                 {"8000000000000001", false}, {"ffffffffffffffff", false},
                 {"FFFFFFFFFFFFFFFFF", false}};
    static struct outcome want;
    for (size_t i = 0; i < COUNT(cases); i++) {
        char bytes[64];
        snprintf(bytes, sizeof(bytes), "%s\r\nxyz", cases[i].size);
        const struct body_case body = {HTTP_CHUNKED, 0, bytes, "xyz", 0};
        outcome_of(&body, cases[i].good ? HTTP_PARTIAL : HTTP_TOO_LARGE, &want);
        TAP_OK(cut_everywhere(&want, HTTP_CHUNKED, 0, str_of(bytes)), "chunk of %s",
               cases[i].size);
    }
    const struct body_case body = {HTTP_LENGTH, UINT64_MAX, "xyz", "xyz", 0};
    outcome_of(&body, HTTP_PARTIAL, &want);
    TAP_OK(cut_everywhere(&want, HTTP_LENGTH, UINT64_MAX, str_of("xyz")),
           "length of 2^64 - 1");
}

/* Each byte in turn behind a beginning: accepted those of a list; NULL for those that a
 * line of text may hold. */
static bool sweep(const char *before, const char *accepted)
{
    static struct outcome got;
    char bytes[64];
    size_t len = strlen(before);
    bool all_good = true;
    memcpy(bytes, before, len);
    for (int byte = 0; byte <= 255; byte++) {
        bool text = (byte >= 0x20 && byte != 0x7f) || byte == '\t' || byte == '\r';
        bool good = accepted ? byte != 0 && strchr(accepted, byte) : text;
        bytes[len] = (char)byte;
        struct feeding feeds = feeding(HTTP_CHUNKED, 0, GUARD_BEHIND, &got);
        if (!feed(&feeds, (struct str){bytes, len + 1}) || refused(&got) == good) {
            printf("# byte 0x%02x: status %d\n", byte, (int)got.status);
            all_good = false;
        }
    }
    return all_good;
}

static void every_byte(void)
{
    static const struct {
        const char *before, *accepted;
    } cases[] = {{"", "0123456789abcdefABCDEF"},
                 {"1", "0123456789abcdefABCDEF; \t\r"},
                 {"1\r", "\n"},
                 {"1\r\nx", "\r"},
                 {"1\r\nx\r", "\n"},
                 {"1\r\nx\r\n", "0123456789abcdefABCDEF"},
                 {"1 ", "; \t"},
                 {"1;a", NULL},
                 {"1;a=\"", NULL},
                 {"1;a\r", "\n"},
                 {"0\r\n\r", "\n"},
                 {"0\r\nA: b", NULL},
                 {"0\r\nA: b\r", "\n"},
                 {"0\r\nA: b\r\n\r", "\n"}};
    for (size_t i = 0; i < COUNT(cases); i++)
        TAP_OK(sweep(cases[i].before, cases[i].accepted), "each byte behind %s",
               guard_shown(str_of(cases[i].before)));
}

/* A beginning and then only one byte. */
static struct str endless(const char *before, char byte, size_t len)
{
    static char bytes[LINE_BYTES];
    memset(bytes, byte, len);
    memcpy(bytes, before, strlen(before));
    return (struct str){bytes, len};
}

/* How many bytes of an endless line it takes to be refused, one by one. */
static size_t line_limit(const char *before, char byte)
{
    static struct outcome got;
    struct str bytes = endless(before, byte, LINE_BYTES);
    struct feeding feeds = feeding(HTTP_CHUNKED, 0, GUARD_BEHIND, &got);
    for (size_t i = 0; i < bytes.len; i++) {
        if (!feed_part(&feeds, bytes, i, i + 1))
            return 0;
        if (refused(&got))
            return i + 1;
    }
    return LINE_BYTES + 1;
}

static void long_lines(void)
{
    static const struct {
        const char *what, *before;
        char byte;
    } cases[] = {{"size", "", '0'},
                 {"second size", "1\r\nx\r\n", '0'},
                 {"extension", "1;", 'a'},
                 {"white space", "1", ' '},
                 {"trailer", "0\r\nA: ", 'b'},
                 {"second trailer", "0\r\nA: b\r\nC: ", 'd'}};
    static struct outcome got;
    for (size_t i = 0; i < COUNT(cases); i++) {
        const char *before = cases[i].before;
        size_t limit = line_limit(before, cases[i].byte);
        TAP_OK(limit > 100 && limit <= LINE_BYTES, "%s: a line is refused at %zu bytes",
               cases[i].what, limit);
        bool good = true;
        for (size_t len = limit - 1; len <= limit; len++) {
            struct feeding whole = feeding(HTTP_CHUNKED, 0, GUARD_BEHIND, &got);
            good = good && feed(&whole, endless(before, cases[i].byte, len)) &&
                   refused(&got) == (len == limit);
        }
        TAP_OK(good, "… and at the same when it comes whole");
    }
}

/* Lines of half the limit, eight of them. Of a chunk's lines the bound is of each; of
 * trailers it is of all, as they could go on for ever without a byte of payload. */
static void many_lines(void)
{
    static struct outcome got;
    static const struct {
        const char *start, *before, *after, *end;
        bool good;
    } cases[] = {{"", "1;a=", "\r\nx\r\n", "0\r\n\r\n", true},
                 {"0\r\n", "A: ", "\r\n", "\r\n", false}};
    for (size_t i = 0; i < COUNT(cases); i++) {
        size_t half = line_limit("1;", 'a') / 2;
        struct feeding feeds = feeding(HTTP_CHUNKED, 0, GUARD_BEHIND, &got);
        bool sound = feed(&feeds, str_of(cases[i].start));
        for (int line = 0; line < 8; line++)
            sound = sound && feed(&feeds, endless(cases[i].before, 'a', half)) &&
                    feed(&feeds, str_of(cases[i].after));
        sound = sound && feed(&feeds, str_of(cases[i].end));
        bool good = got.status == HTTP_OK && got.len == 8 && got.left == 0;
        TAP_OK(sound && good == cases[i].good && refused(&got) == !good,
               "many lines of %zu bytes: %s", half, cases[i].before);
    }
}

/* The line of the last chunk takes nothing from the trailers. */
static void long_last_lines(void)
{
    static struct outcome got;
    size_t most = line_limit("1;", 'a') - 100;
    struct feeding feeds = feeding(HTTP_CHUNKED, 0, GUARD_BEHIND, &got);
    TAP_OK(feed(&feeds, endless("0;", 'a', most)) && feed(&feeds, STR("\r\n")) &&
               feed(&feeds, endless("A: ", 'a', most)) && feed(&feeds, STR("\r\n\r\n")) &&
               got.status == HTTP_OK,
           "a long last chunk line and a long trailer");
}

/* Payload larger than any buffer of the reader's, in pieces of odd sizes. */
static void large(enum http_framing framing, const char *before, const char *after)
{
    enum { PIECE = 1009 };
    static struct outcome got;
    static char payload[100000], bytes[sizeof(payload) + 64];
    for (size_t i = 0; i < sizeof(payload); i++)
        payload[i] = (char)(i * 2654435761u >> 13);
    struct str all = {bytes, strlen(before) + sizeof(payload) + strlen(after)};
    memcpy(bytes, before, strlen(before));
    memcpy(bytes + strlen(before), payload, sizeof(payload));
    memcpy(bytes + strlen(before) + sizeof(payload), after, strlen(after));
    struct feeding feeds = feeding(framing, sizeof(payload), GUARD_BEHIND, &got);
    bool good = true;
    for (size_t i = 0; i < all.len; i += PIECE)
        good =
            good && feed_part(&feeds, all, i, i + PIECE < all.len ? i + PIECE : all.len);
    TAP_OK(good && got.status == HTTP_OK && got.left == 4 && got.len == sizeof(payload) &&
               memcmp(got.payload, payload, sizeof(payload)) == 0,
           "100000 bytes, %s", framing == HTTP_LENGTH ? "by length" : "one chunk");
}

int main(void)
{
    guard_init(&guard, ROOM_BYTES);
    whole_and_cut();
    all_refused(bad_chunks, HTTP_BAD);
    all_refused(large_chunks, HTTP_TOO_LARGE);
    huge_sizes();
    every_byte();
    long_lines();
    many_lines();
    long_last_lines();
    large(HTTP_LENGTH, "", "next");
    large(HTTP_CHUNKED, "186a0\r\n", "\r\n0\r\n\r\nnext");
    guard_fini(&guard);
    return tap_done();
}
