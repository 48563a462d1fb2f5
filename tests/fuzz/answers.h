/*
 * answers: what a service sent over a connection, held against the requests that it was
 * sent there and against what it sent to another who asked the same: whole answers, in
 * order, equal, and none without a request.
 */
#ifndef DRAGSTRIP_TESTS_ANSWERS_H
#define DRAGSTRIP_TESTS_ANSWERS_H

#include "frame.h"
#include "fuzz.h"

/* Answers that came over a connection, read one by one. */
struct received {
    struct str bytes, body;
    struct http_response head;
};

enum answers_reading { ANSWERS_NONE, ANSWERS_PART, ANSWERS_WHOLE };

static inline enum answers_reading answers_read(struct str *rest, bool head_only,
                                                struct received *out)
{
    if (rest->len == 0)
        return ANSWERS_NONE;
    size_t head = http_head_length(*rest, 0);
    if (head == 0)
        return ANSWERS_PART;
    FUZZ_HOLDS(http_parse_response((struct str){rest->ptr, head}, &out->head) == HTTP_OK);
    FUZZ_HOLDS(out->head.framing == HTTP_LENGTH || out->head.framing == HTTP_NO_BODY);
    size_t body = head_only ? 0 : (size_t)out->head.content_length;
    /* Of a request whose head came too slowly it is not known that it was HEAD. */
    if (out->head.status == 408 && rest->len > head)
        body = (size_t)out->head.content_length;
    if (rest->len - head < body)
        return ANSWERS_PART;
    out->bytes = (struct str){rest->ptr, head + body};
    out->body = (struct str){rest->ptr + head, body};
    *rest = (struct str){rest->ptr + head + body, rest->len - head - body};
    return ANSWERS_WHOLE;
}

/* What was asked, as far as it decides about the form of the answer. */
struct asked {
    bool head_only;
    bool expects_continue;
};

/* By the request that the bytes begin with. Of one that is refused before it is whole
 * only the second is to be known. */
static inline struct asked answers_asked(struct str bytes, bool is_known)
{
    struct http_request request = {0};
    size_t head = http_head_length(bytes, 0);
    if (head == 0 ||
        http_parse_request((struct str){bytes.ptr, head}, &request) != HTTP_OK)
        return (struct asked){0};
    return (struct asked){is_known && str_eq(request.method, STR("HEAD")),
                          request.expect_continue};
}

/* The same without 100 Continue, which may stand once before the answer to a request that
 * expects it. */
static inline enum answers_reading
answers_read_final(struct str *rest, struct asked asked, struct received *out)
{
    enum answers_reading reading = answers_read(rest, asked.head_only, out);
    if (reading != ANSWERS_WHOLE || out->head.status != 100)
        return reading;
    FUZZ_HOLDS(asked.expects_continue);
    reading = answers_read(rest, asked.head_only, out);
    FUZZ_HOLDS(reading != ANSWERS_WHOLE || out->head.status >= 200);
    return reading;
}

/* What an answer depends on but its request: counters, and a drain. */
static inline bool answers_are_same(const struct received *got,
                                    const struct received *wanted, bool drained)
{
    bool is_page = wanted->body.len > 0 && wanted->body.ptr[0] == '#';
    if (drained && got->head.status == 503)
        return wanted->head.status == 200 && got->head.keep_alive == false;
    if (is_page)
        return got->head.status == 200 && got->body.len > 0 && got->body.ptr[0] == '#';
    if (!drained && wanted->body.len > 0)
        return str_eq(got->bytes, wanted->bytes);
    return got->head.status == wanted->head.status && str_eq(got->body, wanted->body);
}

/* Why a connection may have ended before all was answered. */
struct excuses {
    bool broken;          /* its peer broke it */
    bool slow;            /* time ran out */
    bool drained;         /* a drain began */
    size_t before_ending; /* what had arrived when those without a request were closed */
};

struct comparison {
    struct str got, wanted; /* what is left of what the service sent */
    struct excuses excuses;
    size_t begin; /* of the present request in the stream */
    int answers;
};

/* Compares the answers to one request; false: none follows. */
static inline bool answers_compare_one(struct comparison *comparison, struct asked asked)
{
    struct received got, wanted;
    const struct excuses *excuses = &comparison->excuses;
    FUZZ_HOLDS(answers_read_final(&comparison->wanted, asked, &wanted) == ANSWERS_WHOLE);
    enum answers_reading reading = answers_read_final(&comparison->got, asked, &got);
    if (reading == ANSWERS_PART)
        FUZZ_HOLDS(excuses->broken || excuses->slow);
    if (reading == ANSWERS_NONE)
        FUZZ_HOLDS(excuses->broken || excuses->slow ||
                   (excuses->drained && comparison->begin >= excuses->before_ending));
    if (reading != ANSWERS_WHOLE) {
        comparison->got.len = 0;
        return false;
    }
    comparison->answers++;
    if (got.head.status == 408)
        FUZZ_HOLDS(excuses->slow && !got.head.keep_alive);
    else
        FUZZ_HOLDS(answers_are_same(&got, &wanted, excuses->drained));
    FUZZ_HOLDS(wanted.head.keep_alive || !got.head.keep_alive);
    FUZZ_HOLDS(excuses->drained || got.head.keep_alive == wanted.head.keep_alive ||
               got.head.status == 408);
    return got.head.keep_alive;
}

/* Behind the answers to all requests that are whole. */
static inline void answers_compare_rest(struct comparison *comparison, struct str stream)
{
    struct received got;
    struct asked asked = answers_asked(stream, false);
    enum answers_reading reading = answers_read_final(&comparison->got, asked, &got);
    if (reading == ANSWERS_NONE || (reading == ANSWERS_WHOLE && got.head.status == 100))
        return;
    FUZZ_HOLDS(comparison->excuses.slow);
    if (reading == ANSWERS_PART) {
        comparison->got.len = 0;
        return;
    }
    FUZZ_HOLDS(got.head.status == 408 && !got.head.keep_alive);
    comparison->answers++;
}

/* Walks through the requests of a stream, as frame.h says where they are, and through
 * what was answered to them. The number of answers. */
static inline int answers_compare(struct str stream, struct comparison *comparison)
{
    char *copy = mem_copy_bytes(stream.len ? stream.ptr : "", stream.len);
    struct window window = {copy, stream.len};
    bool open = true;
    while (open && stream.len > 0) {
        struct frame frame = {0};
        struct http_request request;
        struct str body;
        size_t used = 0;
        enum frame_status status = frame_take(&frame, &window, &request, &body, &used);
        if (status == FRAME_MORE)
            break;
        bool is_known = status == FRAME_WHOLE || status == FRAME_BODY_TOO_LARGE;
        open = answers_compare_one(comparison, answers_asked(stream, is_known));
        FUZZ_HOLDS(!open || (status == FRAME_WHOLE && request.keep_alive));
        window = (struct window){window.ptr + used, window.len - used};
        stream = (struct str){stream.ptr + used, stream.len - used};
        comparison->begin += used;
    }
    if (open)
        answers_compare_rest(comparison, stream);
    FUZZ_HOLDS(comparison->got.len == 0);
    mem_free(copy);
    return comparison->answers;
}

#endif
