/*
 * Frames: requests whole, cut in two at every byte, and in a row. What is kept moves
 * between calls from one guarded room to another, as it does in the service when a buffer
 * grows: whatever is read of where it was before is a crash.
 */
#include "frame.h"

#include "guard.h"
#include "tap.h"

enum { ROOM_BYTES = 3 << 20 };

#define COUNT(table) (sizeof(table) / sizeof((table)[0]))
#define HOST "Host: a\r\n"
#define CHUNKED "POST /echo HTTP/1.1\r\n" HOST "Transfer-Encoding: chunked\r\n\r\n"

static struct guard guards[2];

/* A connection's bytes, as the service keeps them. */
struct stream {
    struct frame frame;
    struct window window;
    unsigned turn;
    struct http_request request;
    struct str body;
    size_t used;
};

/* Puts bytes behind what is kept, in the other room, and looks for a request. */
static enum frame_status feed(struct stream *stream, struct str bytes)
{
    size_t len = stream->window.len + bytes.len;
    char *room = guard_room(&guards[stream->turn++ % 2], GUARD_BEHIND, len);
    if (stream->window.len > 0)
        memcpy(room, stream->window.ptr, stream->window.len);
    if (bytes.len > 0)
        memcpy(room + stream->window.len, bytes.ptr, bytes.len);
    if (stream->window.len > 0)
        memset(stream->window.ptr, '!', stream->window.len);
    stream->window = (struct window){room, len};
    return frame_take(&stream->frame, &stream->window, &stream->request, &stream->body,
                      &stream->used);
}

static struct str part(struct str text, size_t from, size_t to)
{
    return (struct str){text.ptr + from, to - from};
}

/* ---- what is whole ---- */

/* One request each; those bytes of chunks that are upper case are the body. */
static const struct row {
    const char *text, *method, *path, *body;
    int minor;
    bool framed, keep_alive;
} rows[] = {
    {"GET / HTTP/1.1\r\n" HOST "\r\n", "GET", "/", "", 1, false, true},
    {"\r\n\r\nGET /a?b HTTP/1.1\r\n" HOST "\r\n", "GET", "/a", "", 1, false, true},
    {"GET /healthz HTTP/1.0\r\n\r\n", "GET", "/healthz", "", 0, false, false},
    {"GET / HTTP/1.0\r\nConnection: keep-alive\r\n\r\n", "GET", "/", "", 0, false, true},
    {"GET / HTTP/1.1\r\n" HOST "Connection: close\r\n\r\n", "GET", "/", "", 1, false,
     false},
    {"POST /echo HTTP/1.1\r\n" HOST "Content-Length: 0\r\n\r\n", "POST", "/echo", "", 1,
     true, true},
    {"POST /echo HTTP/1.1\r\n" HOST "Content-Length: 5\r\n\r\nABCDE", "POST", "/echo",
     "ABCDE", 1, true, true},
    {"POST /echo HTTP/1.1\r\n" HOST "Content-Length: 4\r\n\r\n\r\n\r\n", "POST", "/echo",
     "\r\n\r\n", 1, true, true},
    {"PUT /x HTTP/1.1\r\n" HOST "Expect: 100-continue\r\nContent-Length: 2\r\n\r\nAB",
     "PUT", "/x", "AB", 1, true, true},
    {CHUNKED "0\r\n\r\n", "POST", "/echo", "", 1, true, true},
    {CHUNKED "3\r\nABC\r\n0\r\n\r\n", "POST", "/echo", "ABC", 1, true, true},
    {CHUNKED "1\r\nA\r\n1\r\nB\r\n001\r\nC\r\n0\r\n\r\n", "POST", "/echo", "ABC", 1, true,
     true},
    {CHUNKED "a;x=\"y\"\r\nABCDEFGHIJ\r\n2 ;z\r\nKL\r\n00\r\nt: v\r\nu: w\r\n\r\n",
     "POST", "/echo", "ABCDEFGHIJKL", 1, true, true}};

static bool is_taken(const struct stream *stream, const struct row *row)
{
    const struct http_request *request = &stream->request;
    return str_eq(request->method, str_of(row->method)) &&
           str_eq(request->path, str_of(row->path)) &&
           str_eq(stream->body, str_of(row->body)) && request->minor == row->minor &&
           request->framed == row->framed && request->keep_alive == row->keep_alive;
}

/* What is behind the request in the window is what was behind it in the text. */
static bool has_rest(const struct stream *stream, struct str rest)
{
    struct str got = {stream->window.ptr + stream->used,
                      stream->window.len - stream->used};
    return stream->used <= stream->window.len && str_eq(got, rest);
}

static void whole(void)
{
    for (size_t i = 0; i < COUNT(rows); i++) {
        struct stream stream = {.turn = 0};
        struct str text = str_of(rows[i].text);
        TAP_INT(feed(&stream, text), FRAME_WHOLE, guard_shown(text));
        TAP_OK(is_taken(&stream, &rows[i]), "… it is this request");
        TAP_INT(stream.used, text.len, "… and all of it is used");
    }
}

/* Before the cut more is wanted; with what is behind it, and half of another request, it
 * is whole. */
static void in_two(void)
{
    static const char next[] = "GET /next HTTP/1.1\r\nHo";
    for (size_t i = 0; i < COUNT(rows); i++) {
        char bytes[512];
        struct str text = str_of(rows[i].text), rest = STR(next);
        int wrong = 0;
        snprintf(bytes, sizeof(bytes), "%s%s", rows[i].text, next);
        for (size_t cut = 0; cut < text.len; cut++) {
            struct stream stream = {.turn = 0};
            struct str all = {bytes, text.len + rest.len};
            wrong += feed(&stream, part(all, 0, cut)) != FRAME_MORE;
            wrong += feed(&stream, part(all, cut, all.len)) != FRAME_WHOLE;
            wrong += !is_taken(&stream, &rows[i]) || !has_rest(&stream, rest);
        }
        TAP_INT(wrong, 0, "in two pieces, wherever it is cut");
    }
}

/* All requests behind each other, in pieces of each size, from single bytes on. */
static void pipelines(void)
{
    char bytes[4096] = "";
    int wrong = 0;
    for (size_t i = 0; i < COUNT(rows); i++)
        strcat(bytes, rows[i].text);
    struct str text = str_of(bytes);
    for (size_t size = 1; size <= text.len; size++) {
        struct stream stream = {.turn = 0};
        size_t done = 0;
        for (size_t at = 0; at < text.len; at += size) {
            size_t end = at + size < text.len ? at + size : text.len;
            enum frame_status status = feed(&stream, part(text, at, end));
            while (status == FRAME_WHOLE && done < COUNT(rows)) {
                wrong += !is_taken(&stream, &rows[done++]);
                stream.window.ptr += stream.used;
                stream.window.len -= stream.used;
                stream.frame = (struct frame){0};
                status = feed(&stream, STR(""));
            }
            wrong += status != FRAME_MORE;
        }
        wrong += done != COUNT(rows) || stream.window.len != 0;
    }
    TAP_INT(wrong, 0, "all of them in a row, in pieces of each size");
}

/* ---- what is kept of a request that is not whole ---- */

/* Of chunks the head and what is upper case behind it, of all else everything. */
static size_t expect_kept(const struct row *row, size_t cut, char *kept)
{
    const char *end = strstr(row->text, "\r\n\r\n");
    size_t head = (size_t)(end - row->text) + 4, len = 0;
    bool chunked = strstr(row->text, "chunked");
    for (size_t i = 0; i < cut; i++) {
        bool upper = row->text[i] >= 'A' && row->text[i] <= 'Z';
        if (!chunked || i < head || upper)
            kept[len++] = row->text[i];
    }
    return len;
}

static void kept(void)
{
    for (size_t i = 0; i < COUNT(rows); i++) {
        struct str text = str_of(rows[i].text);
        int wrong = 0;
        for (size_t cut = 0; cut < text.len; cut++) {
            struct stream stream = {.turn = 0};
            char expected[512];
            size_t len = expect_kept(&rows[i], cut, expected);
            feed(&stream, part(text, 0, cut / 2));
            feed(&stream, part(text, cut / 2, cut));
            struct str got = {stream.window.ptr, stream.window.len};
            wrong += !str_eq(got, (struct str){expected, len});
        }
        TAP_INT(wrong, 0, "of chunks the framing is dropped, of all else nothing");
    }
}

/* ---- 100 Continue ---- */

#define EXPECT "POST /echo HTTP/1.1\r\n" HOST "Expect: 100-continue\r\n"

static const struct {
    const char *head, *body;
    bool waits;
} continues[] = {
    {EXPECT "Content-Length: 3\r\n\r\n", "ABC", true},
    {"\r\n" EXPECT "Content-Length: 3\r\n\r\n", "ABC", true},
    {EXPECT "Transfer-Encoding: chunked\r\n\r\n", "3\r\nABC\r\n", true},
    {"POST /echo HTTP/1.1\r\n" HOST "Content-Length: 3\r\n\r\n", "ABC", false},
    {"POST / HTTP/1.0\r\nExpect: 100-continue\r\nContent-Length: 3\r\n\r\n", "ABC",
     false},
    {CHUNKED, "3\r\nABC", false}};

/* Exactly when the head is there and nothing of the body. */
static void awaiting(void)
{
    for (size_t i = 0; i < COUNT(continues); i++) {
        char bytes[256];
        size_t head = strlen(continues[i].head);
        int len =
            snprintf(bytes, sizeof(bytes), "%s%s", continues[i].head, continues[i].body);
        int wrong = 0;
        for (size_t cut = 0; cut < (size_t)len || cut == head; cut++) {
            struct stream stream = {.turn = 0};
            feed(&stream, part((struct str){bytes, (size_t)len}, 0, cut));
            bool waits = frame_awaits_continue(&stream.frame, &stream.window);
            wrong += waits != (continues[i].waits && cut == head);
        }
        TAP_INT(wrong, 0,
                continues[i].waits ? "waits for 100 Continue" : "does not wait");
    }
}

/* ---- what is refused ---- */

static const struct {
    const char *text;
    enum frame_status status;
} refusals[] = {
    {"GET / HTTP/1.1\r\n\r\n", FRAME_BAD}, /* no Host */
    {"GET / HTTP/1.1\nHost: a\n\n", FRAME_BAD},
    {"GET  / HTTP/1.1\r\n" HOST "\r\n", FRAME_BAD},
    {"x\r\n\r\n", FRAME_BAD},
    {"POST / HTTP/1.1\r\n" HOST "Content-Length: -1\r\n\r\n", FRAME_BAD},
    {"POST / HTTP/1.1\r\n" HOST "Content-Length: 1\r\nContent-Length: 2\r\n\r\n",
     FRAME_BAD},
    {"POST / HTTP/1.1\r\n" HOST "Content-Length: 1\r\nTransfer-Encoding: chunked\r\n\r\n",
     FRAME_BAD},
    {CHUNKED "x", FRAME_BAD},
    {CHUNKED "\r", FRAME_BAD},
    {CHUNKED "3\r\nABCD", FRAME_BAD},
    {CHUNKED "3\r\nABC\r\r", FRAME_BAD},
    {CHUNKED "0\r\n\rx", FRAME_BAD},
    {"GET / HTTP/2.0\r\n" HOST "\r\n", FRAME_OTHER_VERSION},
    {"GET / HTTP/0.9\r\n" HOST "\r\n", FRAME_OTHER_VERSION},
    {"POST / HTTP/1.1\r\n" HOST "Transfer-Encoding: gzip, chunked\r\n\r\n",
     FRAME_UNKNOWN_CODING},
    {"GET / HTTP/1.1\r\n" HOST "Expect: tea\r\n\r\n", FRAME_UNKNOWN_EXPECTATION},
    {"POST /x HTTP/1.1\r\n" HOST "Content-Length: 1048577\r\n\r\n", FRAME_BODY_TOO_LARGE},
    {"POST /x HTTP/1.1\r\n" HOST "Content-Length: 18446744073709551615\r\n\r\n",
     FRAME_BODY_TOO_LARGE},
    {CHUNKED "100001", FRAME_BODY_TOO_LARGE},
    {CHUNKED "00000000000000000ffffff", FRAME_BODY_TOO_LARGE},
    {CHUNKED "1\r\nA\r\n100000", FRAME_BODY_TOO_LARGE}};

static bool is_refused(const struct stream *stream, enum frame_status status,
                       enum frame_status wanted)
{
    if (status != wanted)
        return false;
    const struct http_request *request = &stream->request;
    return status != FRAME_BODY_TOO_LARGE ||
           (str_eq(request->method, STR("POST")) && request->path.len > 1);
}

static void refused(void)
{
    for (size_t i = 0; i < COUNT(refusals); i++) {
        struct str text = str_of(refusals[i].text);
        enum frame_status wanted = refusals[i].status;
        int wrong = 0;
        for (size_t cut = 0; cut < text.len; cut++) {
            struct stream stream = {.turn = 0};
            wrong += feed(&stream, part(text, 0, cut)) != FRAME_MORE;
            enum frame_status status = feed(&stream, part(text, cut, text.len));
            wrong += !is_refused(&stream, status, wanted);
        }
        TAP_INT(wrong, 0, guard_shown(text));
    }
}

/* ---- limits ---- */

enum { TEXT_BYTES = 2 << 20 };

static char text_bytes[TEXT_BYTES];

/* A head with so long a target, so many fields, and so many bytes in all unless 0. */
static struct str head_of(size_t target, int fields, size_t bytes)
{
    char *at = text_bytes;
    at += sprintf(at, "GET /%0*d HTTP/1.1\r\n" HOST, (int)target - 1, 0);
    for (int i = 1; i < fields - 1; i++)
        at += sprintf(at, "x:\r\n");
    int rest = (int)bytes - (int)(at - text_bytes) - (int)strlen("y:\r\n\r\n");
    at += sprintf(at, "y:%0*d\r\n\r\n", rest > 0 ? rest : 1, 0);
    return (struct str){text_bytes, (size_t)(at - text_bytes)};
}

/* A chunked request whose payload comes in equal chunks. */
static struct str chunks_of(size_t chunk, size_t count)
{
    char *at = text_bytes + sprintf(text_bytes, CHUNKED);
    for (size_t i = 0; i < count; i++) {
        at += sprintf(at, "%zx\r\n", chunk);
        memset(at, 'A', chunk);
        at += chunk;
        at += sprintf(at, "\r\n");
    }
    at += sprintf(at, "0\r\n\r\n");
    return (struct str){text_bytes, (size_t)(at - text_bytes)};
}

static struct str length_of(size_t body)
{
    int len = sprintf(text_bytes,
                      "POST /x HTTP/1.1\r\n" HOST "Content-Length: %zu\r\n\r\n", body);
    memset(text_bytes + len, 'A', body);
    return (struct str){text_bytes, (size_t)len + body};
}

/* In pieces of this size until it is no longer FRAME_MORE. */
static bool comes_to(enum frame_status wanted, struct str text, size_t piece, size_t body)
{
    struct stream stream = {.turn = 0};
    enum frame_status status = FRAME_MORE;
    for (size_t at = 0; at < text.len && status == FRAME_MORE; at += piece) {
        size_t end = at + piece < text.len ? at + piece : text.len;
        status = feed(&stream, part(text, at, end));
    }
    return is_refused(&stream, status, wanted) &&
           (status != FRAME_WHOLE ||
            (stream.body.len == body && has_rest(&stream, STR(""))));
}

static void limit(enum frame_status wanted, struct str text, size_t body,
                  const char *what)
{
    static const size_t pieces[] = {TEXT_BYTES, 1 << 20, 65536, 65535, 8257, 4096};
    for (size_t i = 0; i < COUNT(pieces); i++)
        TAP_OK(comes_to(wanted, text, pieces[i], body), "%s in pieces of %zu", what,
               pieces[i]);
}

static void limits(void)
{
    limit(FRAME_WHOLE, head_of(1, 2, 65536), 0, "a head of 65,536 bytes");
    limit(FRAME_HEAD_TOO_LARGE, head_of(1, 2, 65537), 0, "… of one more");
    limit(FRAME_WHOLE, head_of(8192, 2, 0), 0, "a target of 8,192 bytes");
    limit(FRAME_TARGET_TOO_LONG, head_of(8193, 2, 0), 0, "… of one more");
    limit(FRAME_TARGET_TOO_LONG, head_of(70000, 2, 0), 0, "… of many more");
    limit(FRAME_WHOLE, head_of(8192, 2, 65536), 0, "both");
    limit(FRAME_WHOLE, head_of(1, 100, 0), 0, "100 fields");
    limit(FRAME_HEAD_TOO_LARGE, head_of(1, 101, 0), 0, "… and one more");
    limit(FRAME_WHOLE, length_of(1 << 20), 1 << 20, "a body of 1 MiB");
    limit(FRAME_BODY_TOO_LARGE, length_of((1 << 20) + 1), 0, "… of one more");
    limit(FRAME_WHOLE, chunks_of(1 << 20, 1), 1 << 20, "a chunk of 1 MiB");
    limit(FRAME_WHOLE, chunks_of(1 << 16, 16), 1 << 20, "16 chunks of 64 KiB");
    limit(FRAME_BODY_TOO_LARGE, chunks_of(1 << 16, 17), 0, "… and one more");
    limit(FRAME_BODY_TOO_LARGE, chunks_of((1 << 19) + 1, 2), 0, "two over 1 MiB by two");
    limit(FRAME_BODY_TOO_LARGE, STR(CHUNKED "8000000000000000"), 0, "a chunk of 2^63");
}

/* What can only become too long is refused before its end. */
static void early(void)
{
    static const struct {
        size_t target, head, more;
        enum frame_status status;
    } cases[] = {{70000, 0, 8192 + 64, FRAME_TARGET_TOO_LONG},
                 {1, 70000, 65536, FRAME_HEAD_TOO_LARGE}};
    for (size_t i = 0; i < COUNT(cases); i++) {
        struct stream stream = {.turn = 0};
        struct str text = head_of(cases[i].target, 2, cases[i].head);
        TAP_INT(feed(&stream, part(text, 0, cases[i].more)), FRAME_MORE, "not yet …");
        TAP_INT(feed(&stream, part(text, cases[i].more, cases[i].more + 1)),
                cases[i].status, "… with one byte more it is too long");
    }
}

int main(void)
{
    guard_init(&guards[0], ROOM_BYTES);
    guard_init(&guards[1], ROOM_BYTES);
    whole();
    in_two();
    pipelines();
    kept();
    awaiting();
    refused();
    limits();
    early();
    guard_fini(&guards[0]);
    guard_fini(&guards[1]);
    return tap_done();
}
