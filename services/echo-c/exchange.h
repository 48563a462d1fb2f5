/*
 * exchange: requests in, answers out, over one connection. It is what a connection owns
 * while a request or an answer is incomplete, and nothing else: a connection between two
 * requests has none. Knows sockets only to send; when to read, what waits how long, and
 * when a connection ends is conn's business.
 *
 * All bytes of a request are received at the desk, and its answer is written there. Only
 * what is left over moves to buffers of the exchange, borrowed from the pool.
 */
#ifndef ECHO_EXCHANGE_H
#define ECHO_EXCHANGE_H

#include "desk.h"
#include "frame.h"

enum exchange_end {
    EXCHANGE_OPEN,
    EXCHANGE_CLOSE,  /* the peer knows and has sent all that it will: just close */
    EXCHANGE_LINGER, /* the peer may still send: closing now could destroy the answer */
    EXCHANGE_BROKEN  /* nothing more can be said */
};

/* Zeroed: nothing has begun. */
struct exchange {
    enum exchange_end end;
    bool told_continue;
    bool timed;  /* conn's: the time-out of what goes on at present runs */
    int periods; /* conn's: of that time-out that have passed */
    struct frame frame;
    struct block input;  /* from the first byte of the present request on */
    struct block output; /* what the peer has not taken, from sent_bytes on */
    size_t sent_bytes;   /* of output */
    size_t moved_bytes;  /* received or sent since conn set it to 0 */
    int64_t since_ns;    /* when the present request began to come */
};

/* Where the next bytes are to be received: behind what is kept, or at the desk. */
struct window exchange_room(struct desk *desk, struct exchange *exchange);

/* So many bytes have come there. Answers all that is whole, keeps the rest. */
void exchange_received(struct desk *desk, struct exchange *exchange, int fd,
                       size_t bytes);

/* Sends what the peer has not taken; when all of it is gone, answers what had been
 * received meanwhile. */
void exchange_send(struct desk *desk, struct exchange *exchange, int fd);

/* Answers the request that has begun with this status, which ends the exchange. */
void exchange_refuse(struct desk *desk, struct exchange *exchange, int fd, int status);

/* An answer waits to be taken. */
static inline bool exchange_is_sending(const struct exchange *exchange)
{
    return exchange->output.len > 0;
}

/* Part of a request has come. */
static inline bool exchange_has_begun(const struct exchange *exchange)
{
    return exchange->input.len > 0;
}

/* Of that request the head is complete. */
static inline bool exchange_is_in_body(const struct exchange *exchange)
{
    return exchange->frame.head_bytes > 0;
}

/* Of its body so much has come. */
static inline size_t exchange_body_bytes(const struct exchange *exchange)
{
    return exchange->input.len - exchange->frame.head_bytes;
}

/* Gives its buffers back; it is zeroed. */
void exchange_clear(struct desk *desk, struct exchange *exchange);

#endif
