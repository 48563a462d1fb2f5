/*
 * Where requests begin and end: however a stream is cut into pieces, the same requests
 * and the same refusal come out of it, each ends at the same byte, and each body is what
 * the reader of bodies finds behind the head.
 *
 * The first byte says how many follow that are lengths of pieces, used round and round;
 * the rest is the stream (runs.h).
 */
#include "frame.h"
#include "fuzz.h"
#include "runs.h"

enum { STREAM_MAX = 3 << 20, READING_MAX = 16 << 20, LONG_BYTES = 2000 };

struct cuts {
    const unsigned char *lengths; /* less one; of long streams their squares */
    size_t count;
    bool squared;
    size_t used;
};

/* How many of the bytes that are left come next. */
static size_t next_piece(struct cuts *cuts, size_t left)
{
    if (cuts->count == 0 || cuts->used == (cuts->squared ? 50 : LONG_BYTES))
        return left;
    size_t len = 1u + cuts->lengths[cuts->used++ % cuts->count];
    if (cuts->squared)
        len *= len;
    return len < left ? len : left;
}

static void check_inside(const struct window *window, struct str part)
{
    FUZZ_HOLDS(part.ptr >= window->ptr &&
               part.ptr + part.len <= window->ptr + window->len);
}

static void note_request(struct buf *reading, const struct window *window,
                         const struct http_request *request)
{
    check_inside(window, request->method);
    check_inside(window, request->target);
    if (!str_eq(request->path, STR("/")))
        check_inside(window, request->path);
    if (request->accept.len > 0)
        check_inside(window, request->accept);
    FUZZ_HOLDS(request->target.len <= FRAME_TARGET_MAX_BYTES);
    buf_add(reading, request->method);
    buf_add(reading, STR(" "));
    buf_add(reading, request->target);
    buf_add(reading, STR(" "));
    buf_add(reading, request->path);
    buf_add(reading, STR(" "));
    buf_add(reading, request->accept);
    buf_format(reading, " 1.%d %d%d%d %d %llu ", request->minor, request->framed,
               request->keep_alive, request->expect_continue, (int)request->framing,
               (unsigned long long)request->content_length);
}

/* The body is what the reader of bodies finds in the bytes as they were sent. */
static void check_body(struct str sent, const struct http_request *request,
                       struct str body)
{
    size_t head = http_head_length(sent, 0);
    struct http_body place;
    struct str in = {sent.ptr + head, sent.len - head}, data;
    enum http_status status = HTTP_PARTIAL;
    http_body_init(&place, request->framing, request->content_length);
    while (status == HTTP_PARTIAL) {
        status = http_body_feed(&place, &in, &data);
        FUZZ_HOLDS(data.len <= body.len &&
                   (data.len == 0 || memcmp(data.ptr, body.ptr, data.len) == 0));
        body = (struct str){body.ptr + data.len, body.len - data.len};
    }
    FUZZ_HOLDS(status == HTTP_OK && body.len == 0 && in.len == 0);
}

/* What has come of a stream, in memory that ends where it ends and moves as it grows. */
struct arrival {
    struct str stream;
    size_t arrived;
    struct window window;
    char *memory;
};

static void arrive(struct arrival *arrival, size_t bytes)
{
    size_t kept = arrival->window.len;
    char *moved = mem_new(kept + bytes, 1);
    if (kept > 0)
        memcpy(moved, arrival->window.ptr, kept);
    memcpy(moved + kept, arrival->stream.ptr + arrival->arrived, bytes);
    mem_free(arrival->memory);
    arrival->memory = moved;
    arrival->window = (struct window){moved, kept + bytes};
    arrival->arrived += bytes;
}

/* Takes all that is whole; the status that ends it. `begin`: where the present request
 * begins in the stream. */
static enum frame_status take_all(struct arrival *arrival, struct frame *frame,
                                  size_t *begin, struct buf *reading)
{
    struct window *window = &arrival->window;
    struct http_request request;
    enum frame_status status = FRAME_WHOLE;
    while (status == FRAME_WHOLE && window->len > 0) {
        struct str body;
        size_t used, before = window->len;
        status = frame_take(frame, window, &request, &body, &used);
        FUZZ_HOLDS(window->len == before ||
                   (status == FRAME_MORE && window->len < before));
        if (status == FRAME_WHOLE || status == FRAME_BODY_TOO_LARGE)
            note_request(reading, window, &request);
        if (status == FRAME_BODY_TOO_LARGE && request.framing == HTTP_LENGTH)
            FUZZ_HOLDS(request.content_length > FRAME_BODY_MAX_BYTES);
        if (status != FRAME_WHOLE)
            break;
        check_inside(window, body);
        FUZZ_HOLDS(used > 0 && used <= window->len && body.len <= FRAME_BODY_MAX_BYTES);
        *window = (struct window){window->ptr + used, window->len - used};
        size_t end = arrival->arrived - window->len;
        check_body((struct str){arrival->stream.ptr + *begin, end - *begin}, &request,
                   body);
        buf_format(reading, "%zu %zu ", body.len, end);
        buf_add(reading, body);
        *begin = end;
        *frame = (struct frame){0};
    }
    return window->len > 0 ? status : FRAME_MORE;
}

static bool is_body_whole(struct str sent, const struct http_request *request)
{
    struct http_body place;
    struct str data;
    enum http_status status = HTTP_PARTIAL;
    http_body_init(&place, request->framing, request->content_length);
    while (status == HTTP_PARTIAL && sent.len > 0)
        status = http_body_feed(&place, &sent, &data);
    return status == HTTP_OK || request->framing == HTTP_NO_BODY;
}

/* What has been sent is not a whole request. Who has sent its head alone and expects 100
 * Continue waits for it, who has sent more does not. */
static void check_more(const struct frame *frame, const struct window *window,
                       struct str sent)
{
    bool awaits = frame_awaits_continue(frame, window);
    size_t head = http_head_length(sent, 0);
    struct http_request request;
    FUZZ_HOLDS(window->len <= sent.len);
    FUZZ_HOLDS(head > 0 || !awaits);
    if (head == 0)
        return;
    FUZZ_HOLDS(http_parse_request((struct str){sent.ptr, head}, &request) == HTTP_OK);
    FUZZ_HOLDS(!is_body_whole((struct str){sent.ptr + head, sent.len - head}, &request));
    FUZZ_HOLDS(awaits == (sent.len == head && request.expect_continue));
}

/* Appends all that comes out of the stream. */
static void read_stream(struct str stream, struct cuts cuts, struct buf *reading)
{
    struct arrival arrival = {.stream = stream};
    struct frame frame = {0};
    enum frame_status status = FRAME_MORE;
    size_t begin = 0;
    while (status == FRAME_MORE && arrival.arrived < stream.len) {
        arrive(&arrival, next_piece(&cuts, stream.len - arrival.arrived));
        status = take_all(&arrival, &frame, &begin, reading);
        struct str sent = {stream.ptr + begin, arrival.arrived - begin};
        if (status == FRAME_MORE)
            check_more(&frame, &arrival.window, sent);
    }
    buf_format(reading, "status %d", (int)status);
    mem_free(arrival.memory);
    FUZZ_HOLDS(!reading->overflow);
}

/* What comes out in pieces is what comes out of the whole. */
static void check_cut(struct str stream, struct cuts cuts, const struct buf *whole)
{
    struct buf cut;
    buf_init(&cut, READING_MAX);
    read_stream(stream, cuts, &cut);
    bool same = str_eq(buf_str(whole), buf_str(&cut));
    if (!same)
        fprintf(stderr, "whole: %s\n\nin pieces: %s\n", buf_text(whole), buf_text(&cut));
    FUZZ_HOLDS(same);
    buf_fini(&cut);
}

int LLVMFuzzerTestOneInput(const unsigned char *bytes, size_t len)
{
    static const unsigned char ones[] = {0};
    if (len == 0)
        return 0;
    size_t count = bytes[0] % 8 < len ? bytes[0] % 8 : 0;
    const unsigned char *rest = bytes + 1 + count;
    struct buf stream, whole;
    buf_init(&stream, STREAM_MAX);
    buf_init(&whole, READING_MAX);
    runs_unpack((struct str){(const char *)rest, len - 1 - count}, &stream);
    bool is_long = stream.len > LONG_BYTES;
    read_stream(buf_str(&stream), (struct cuts){.count = 0}, &whole);
    check_cut(buf_str(&stream), (struct cuts){bytes + 1, count, is_long, 0}, &whole);
    if (!is_long)
        check_cut(buf_str(&stream), (struct cuts){ones, 1, false, 0}, &whole);
    buf_fini(&stream);
    buf_fini(&whole);
    return 0;
}
