/*
 * frame: where a request begins and ends in the bytes of a connection, and whether it may
 * be taken at all. Pure: knows neither sockets nor time. The bytes may come in pieces of
 * any size; each is looked at once (a head that came in pieces is parsed twice).
 */
#ifndef ECHO_FRAME_H
#define ECHO_FRAME_H

#include "wire/http.h"

enum {
    FRAME_HEAD_MAX_BYTES = 64 << 10,
    FRAME_TARGET_MAX_BYTES = 8 << 10, /* RFC 9112 3 wants 8,000 at least */
    FRAME_BODY_MAX_BYTES = 1 << 20
};

enum frame_status {
    FRAME_MORE,               /* the request is not complete */
    FRAME_WHOLE,              /* request, body and used are set */
    FRAME_BAD,                /* 400 and close */
    FRAME_HEAD_TOO_LARGE,     /* 431 and close */
    FRAME_BODY_TOO_LARGE,     /* 413 and close; request is set */
    FRAME_TARGET_TOO_LONG,    /* 414 and close */
    FRAME_OTHER_VERSION,      /* 505 and close */
    FRAME_UNKNOWN_CODING,     /* 501 and close */
    FRAME_UNKNOWN_EXPECTATION /* 417 and close */
};

/* Bytes whose first is the first of a request. Not owned; chunks are joined in place. */
struct window {
    char *ptr;
    size_t len;
};

/* How far the request at the front of the window is known. Zeroed: nothing yet. */
struct frame {
    size_t scanned;    /* bytes in which the head does not end */
    size_t head_bytes; /* 0 until the head is complete */
    enum http_framing framing;
    size_t length;         /* of the body, when framing is HTTP_LENGTH */
    struct http_body body; /* position, when framing is HTTP_CHUNKED */
    size_t joined_bytes;   /* of the chunks' payload, joined behind the head */
    bool expects_continue;
};

/*
 * Looks for a whole request at the window's front. With FRAME_WHOLE, *request and *body
 * are views of the window and *used is what the request takes of it; the caller moves on
 * and zeroes the frame. With FRAME_MORE the window may have become shorter (the framing
 * of chunks is dropped): the caller keeps exactly what is left of it, and calls again
 * with more behind it.
 */
enum frame_status frame_take(struct frame *frame, struct window *window,
                             struct http_request *request, struct str *body,
                             size_t *used);

/* The request whose head is complete, of the same window; false: it is not. What is
 * refused behind its head has one, so that an answer to HEAD can be one. */
bool frame_request(const struct frame *frame, const struct window *window,
                   struct http_request *request);

/* Whether the client waits for 100 Continue: the head is there and no byte of the body.
 */
bool frame_awaits_continue(const struct frame *frame, const struct window *window);

#endif
