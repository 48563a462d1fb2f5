#include "exchange.h"

#include <errno.h>

#include "sys/sock.h"

/* A kept request is received into at least this much room. */
enum { ROOM_MIN_BYTES = 2048 };

/* --- out ------------------------------------------------------------------------- */

static void keep_output(struct desk *desk, struct exchange *exchange, size_t sent)
{
    struct str rest = {desk->out.ptr + sent, desk->out.len - sent};
    block_reserve(&desk->pool, &exchange->output, rest.len);
    memcpy(exchange->output.ptr, rest.ptr, rest.len);
    exchange->output.len = rest.len;
    exchange->sent_bytes = 0;
    exchange->timed = false;
}

/* Sends what is in the desk's buffer; what the peer does not take is kept. */
static void flush(struct desk *desk, struct exchange *exchange, int fd)
{
    struct out *out = &desk->out;
    if (out->len == 0)
        return;
    ssize_t n = sock_send(fd, (struct str){out->ptr, out->len});
    if (n < 0 && errno != EAGAIN)
        exchange->end = EXCHANGE_BROKEN;
    else if (n < 0 || (size_t)n < out->len)
        keep_output(desk, exchange, n < 0 ? 0 : (size_t)n);
    desk_clear(desk);
}

/* Room for one more answer, if need be by sending those that are there. False: the peer
 * must take some first, or is gone. */
static bool make_room(struct desk *desk, struct exchange *exchange, int fd)
{
    if (!desk_has_room(desk))
        flush(desk, exchange, fd);
    return exchange->output.len == 0 && exchange->end == EXCHANGE_OPEN;
}

/* --- requests -------------------------------------------------------------------- */

static enum answer_life life_of(const struct desk *desk,
                                const struct http_request *request)
{
    if (desk->serve.draining || !request->keep_alive)
        return ANSWER_CLOSE;
    return request->minor == 0 ? ANSWER_KEEP_ALIVE : ANSWER_OPEN;
}

static void answer(struct desk *desk, struct exchange *exchange, struct str body,
                   const struct http_request *request, bool more_follows)
{
    enum answer_life life = life_of(desk, request);
    serve_request(&desk->serve, request, body, life, &desk->out,
                  desk_record(desk, exchange->since_ns));
    if (life == ANSWER_CLOSE)
        exchange->end =
            request->keep_alive || more_follows ? EXCHANGE_LINGER : EXCHANGE_CLOSE;
    exchange->frame = (struct frame){0};
    exchange->told_continue = false;
    exchange->timed = false;
    exchange->since_ns = desk->now_ns;
}

/* The window begins with what is refused. */
static void refuse(struct desk *desk, struct exchange *exchange, int status,
                   const struct window *window)
{
    struct http_request request;
    bool known = frame_request(&exchange->frame, window, &request);
    serve_refusal(&desk->serve, status, known ? &request : NULL, &desk->out,
                  desk_record(desk, exchange->since_ns));
    exchange->end = EXCHANGE_LINGER;
}

static void tell_continue(struct desk *desk, struct exchange *exchange,
                          const struct window *window)
{
    if (exchange->told_continue || !frame_awaits_continue(&exchange->frame, window))
        return;
    out_put(&desk->out, STR("HTTP/1.1 100 Continue\r\n\r\n"));
    exchange->told_continue = true;
}

/* frame.h says which answer each of them gets. */
static int refusal_of(enum frame_status status)
{
    static const int statuses[] = {[FRAME_BAD] = 400,
                                   [FRAME_HEAD_TOO_LARGE] = 431,
                                   [FRAME_BODY_TOO_LARGE] = 413,
                                   [FRAME_TARGET_TOO_LONG] = 414,
                                   [FRAME_OTHER_VERSION] = 505,
                                   [FRAME_UNKNOWN_CODING] = 501,
                                   [FRAME_UNKNOWN_EXPECTATION] = 417};
    return statuses[status];
}

/* Answers the request at the window's front; false when none follows for now. */
static bool process_one(struct desk *desk, struct exchange *exchange, int fd,
                        struct window *window)
{
    struct http_request request;
    struct str body;
    size_t used;
    if (window->len == 0 || !make_room(desk, exchange, fd))
        return false;
    enum frame_status status =
        frame_take(&exchange->frame, window, &request, &body, &used);
    switch (status) {
    case FRAME_WHOLE:
        answer(desk, exchange, body, &request, used < window->len);
        window->ptr += used;
        window->len -= used;
        return exchange->end == EXCHANGE_OPEN;
    case FRAME_MORE:
        tell_continue(desk, exchange, window);
        return false;
    case FRAME_BAD:
    case FRAME_HEAD_TOO_LARGE:
    case FRAME_BODY_TOO_LARGE:
    case FRAME_TARGET_TOO_LONG:
    case FRAME_OTHER_VERSION:
    case FRAME_UNKNOWN_CODING:
    case FRAME_UNKNOWN_EXPECTATION:
        refuse(desk, exchange, refusal_of(status), window);
        return false;
    }
    return false;
}

/* Keeps what is left over of the window, which lies at the desk or in the own input. */
static void keep_input(struct desk *desk, struct exchange *exchange, struct window rest)
{
    if (rest.len == 0 || exchange->end != EXCHANGE_OPEN) {
        block_release(&desk->pool, &exchange->input);
        return;
    }
    if (!exchange->input.ptr)
        block_reserve(&desk->pool, &exchange->input, rest.len);
    if (rest.ptr != exchange->input.ptr)
        memmove(exchange->input.ptr, rest.ptr, rest.len);
    exchange->input.len = rest.len;
}

/* Answers all that is whole in the window, sends, keeps the rest. */
static void process(struct desk *desk, struct exchange *exchange, int fd,
                    struct window window)
{
    while (process_one(desk, exchange, fd, &window))
        ;
    flush(desk, exchange, fd);
    keep_input(desk, exchange, window);
}

/* --- in -------------------------------------------------------------------------- */

struct window exchange_room(struct desk *desk, struct exchange *exchange)
{
    struct block *input = &exchange->input;
    if (!input->ptr)
        return (struct window){desk->input, DESK_INPUT_BYTES};
    if (input->capacity - input->len < ROOM_MIN_BYTES)
        block_reserve(&desk->pool, input, 2 * input->capacity);
    return (struct window){input->ptr + input->len, input->capacity - input->len};
}

void exchange_received(struct desk *desk, struct exchange *exchange, int fd, size_t bytes)
{
    exchange->moved_bytes += bytes;
    if (exchange->input.ptr) {
        exchange->input.len += bytes;
        process(desk, exchange, fd,
                (struct window){exchange->input.ptr, exchange->input.len});
        return;
    }
    exchange->since_ns = desk->now_ns;
    process(desk, exchange, fd, (struct window){desk->input, bytes});
}

void exchange_send(struct desk *desk, struct exchange *exchange, int fd)
{
    struct str rest = {exchange->output.ptr + exchange->sent_bytes,
                       exchange->output.len - exchange->sent_bytes};
    ssize_t n = sock_send(fd, rest);
    if (n < 0 && errno != EAGAIN)
        exchange->end = EXCHANGE_BROKEN;
    if (n < 0)
        return;
    exchange->sent_bytes += (size_t)n;
    exchange->moved_bytes += (size_t)n;
    if ((size_t)n < rest.len)
        return;
    block_release(&desk->pool, &exchange->output);
    if (exchange->input.ptr && exchange->end == EXCHANGE_OPEN)
        process(desk, exchange, fd,
                (struct window){exchange->input.ptr, exchange->input.len});
}

void exchange_refuse(struct desk *desk, struct exchange *exchange, int fd, int status)
{
    const struct window window = {exchange->input.ptr, exchange->input.len};
    refuse(desk, exchange, status, &window);
    flush(desk, exchange, fd);
    block_release(&desk->pool, &exchange->input);
}

void exchange_clear(struct desk *desk, struct exchange *exchange)
{
    block_release(&desk->pool, &exchange->input);
    block_release(&desk->pool, &exchange->output);
    *exchange = (struct exchange){0};
}
