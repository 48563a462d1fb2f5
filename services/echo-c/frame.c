#include "frame.h"

#include <assert.h>

static struct str view(const struct window *window, size_t len)
{
    return (struct str){window->ptr, len};
}

/* Whether the request line, which is not there whole or is, is longer than any target. */
static bool has_long_line(const struct window *window)
{
    size_t max = FRAME_TARGET_MAX_BYTES + 64; /* with method and version */
    return window->len > max && !memchr(window->ptr, '\n', max);
}

static enum frame_status status_of(enum http_status status)
{
    switch (status) {
    case HTTP_TOO_LARGE:
        return FRAME_HEAD_TOO_LARGE;
    case HTTP_OTHER_VERSION:
        return FRAME_OTHER_VERSION;
    case HTTP_UNKNOWN_CODING:
        return FRAME_UNKNOWN_CODING;
    case HTTP_UNKNOWN_EXPECTATION:
        return FRAME_UNKNOWN_EXPECTATION;
    case HTTP_OK:
        return FRAME_WHOLE;
    case HTTP_BAD:
    case HTTP_PARTIAL:
        break;
    }
    return FRAME_BAD;
}

/* Finds and parses the head; FRAME_WHOLE when it is there and its body may come. */
static enum frame_status take_head(struct frame *frame, const struct window *window,
                                   struct http_request *request)
{
    size_t len = http_head_length(view(window, window->len), frame->scanned);
    if (frame->scanned <= FRAME_TARGET_MAX_BYTES + 64 && has_long_line(window))
        return FRAME_TARGET_TOO_LONG;
    if (len > FRAME_HEAD_MAX_BYTES || (len == 0 && window->len > FRAME_HEAD_MAX_BYTES))
        return FRAME_HEAD_TOO_LARGE;
    frame->scanned = window->len;
    if (len == 0)
        return FRAME_MORE;
    enum frame_status status = status_of(http_parse_request(view(window, len), request));
    if (status != FRAME_WHOLE)
        return status;
    if (request->target.len > FRAME_TARGET_MAX_BYTES)
        return FRAME_TARGET_TOO_LONG;
    frame->head_bytes = len;
    if (request->content_length > FRAME_BODY_MAX_BYTES)
        return FRAME_BODY_TOO_LARGE;
    frame->framing = request->framing;
    frame->length = (size_t)request->content_length;
    frame->expects_continue = request->expect_continue;
    http_body_init(&frame->body, frame->framing, frame->length);
    return FRAME_WHOLE;
}

/* Moves the payload of chunks together, so that the body is one view. */
static enum frame_status take_chunks(struct frame *frame, struct window *window,
                                     size_t *used)
{
    char *end = window->ptr + frame->head_bytes + frame->joined_bytes;
    struct str in = {end, window->len - frame->head_bytes - frame->joined_bytes}, data;
    enum http_status status = HTTP_PARTIAL;
    if (in.len > 0) /* the client has not waited */
        frame->expects_continue = false;
    while (status == HTTP_PARTIAL && in.len > 0) {
        status = http_body_feed(&frame->body, &in, &data);
        if (data.len > 0)
            memmove(end, data.ptr, data.len);
        end += data.len;
        frame->joined_bytes += data.len;
        if (status == HTTP_TOO_LARGE ||
            frame->joined_bytes + frame->body.remaining > FRAME_BODY_MAX_BYTES)
            return FRAME_BODY_TOO_LARGE; /* also when what follows the size is bad */
        if (status == HTTP_BAD)
            return FRAME_BAD;
    }
    *used = (size_t)(in.ptr - window->ptr);
    if (status == HTTP_OK)
        return FRAME_WHOLE;
    window->len = frame->head_bytes + frame->joined_bytes;
    return FRAME_MORE;
}

static enum frame_status take_body(struct frame *frame, struct window *window,
                                   size_t *used)
{
    if (frame->framing == HTTP_CHUNKED)
        return take_chunks(frame, window, used);
    *used = frame->head_bytes + frame->length;
    frame->joined_bytes = frame->length;
    return window->len >= *used ? FRAME_WHOLE : FRAME_MORE;
}

bool frame_request(const struct frame *frame, const struct window *window,
                   struct http_request *request)
{
    return frame->head_bytes > 0 &&
           http_parse_request(view(window, frame->head_bytes), request) == HTTP_OK;
}

enum frame_status frame_take(struct frame *frame, struct window *window,
                             struct http_request *request, struct str *body, size_t *used)
{
    bool parsed = frame->head_bytes == 0;
    if (parsed) {
        enum frame_status head = take_head(frame, window, request);
        if (head != FRAME_WHOLE)
            return head;
    }
    enum frame_status status = take_body(frame, window, used);
    if (status == FRAME_MORE || status == FRAME_BAD)
        return status;
    if (!parsed) {
        /* The window has moved since: the views must be taken anew. */
        bool again = frame_request(frame, window, request);
        assert(again);
        (void)again;
    }
    *body = (struct str){window->ptr + frame->head_bytes, frame->joined_bytes};
    return status;
}

bool frame_awaits_continue(const struct frame *frame, const struct window *window)
{
    return frame->expects_continue && window->len == frame->head_bytes;
}
