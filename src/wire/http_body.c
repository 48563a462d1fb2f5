/*
 * Bodies. The chunk reader is a state a byte for the framing, and a state for whole runs
 * of data. It keeps no bytes, so its place can rest between any two bytes of the input.
 *
 *   SIZE_FIRST --digit--> SIZE --CR--> SIZE_LF --LF, size > 0--> DATA --all--> DATA_CR
 *      ^                   |--;--> EXTENSION --CR--> SIZE_LF        |
 *      |                   '--blank--> SIZE_BLANK --;--> EXTENSION  v
 *      '------------------------------ LF --------------------- DATA_LF
 *   SIZE_LF --LF, size 0--> TRAILER_FIRST --CR--> END_LF --LF--> OVER
 *   TRAILER_FIRST --token--> TRAILER_NAME --:--> TRAILER_VALUE --CR--> TRAILER_LF --LF-->
 *   TRAILER_FIRST
 */
#include "wire/http.h"

#include "wire/chars.h"

enum state {
    SIZE_FIRST,
    SIZE,
    SIZE_BLANK,
    EXTENSION,
    SIZE_LF,
    DATA,
    DATA_CR,
    DATA_LF,
    TRAILER_FIRST,
    TRAILER_NAME,
    TRAILER_VALUE,
    TRAILER_LF,
    END_LF,
    OVER,
    BROKEN
};

/* Of one chunk-size line, and of all trailers together: nobody sends more in earnest. */
enum { LINE_MAX_BYTES = 4096 };

void http_body_init(struct http_body *body, enum http_framing framing, uint64_t length)
{
    *body = (struct http_body){.framing = framing, .state = SIZE_FIRST};
    if (framing == HTTP_LENGTH)
        body->remaining = length;
}

/* Moves at most body->remaining bytes from *in to *data. */
static void take_data(struct http_body *body, struct str *in, struct str *data)
{
    size_t len = in->len < body->remaining ? in->len : (size_t)body->remaining;
    *data = (struct str){in->ptr, len};
    in->ptr += len;
    in->len -= len;
    body->remaining -= len;
}

static enum state after_digit(struct http_body *body, int digit)
{
    body->remaining = body->remaining << 4 | (unsigned)digit;
    return SIZE;
}

static enum state in_size(struct http_body *body, char c)
{
    int digit = chars_hex(c);
    if (digit >= 0)
        return after_digit(body, digit);
    if (c == '\r')
        return SIZE_LF;
    if (c == ';')
        return EXTENSION;
    return c == ' ' || c == '\t' ? SIZE_BLANK : BROKEN;
}

static enum state in_size_blank(char c)
{
    if (c == ';')
        return EXTENSION;
    return c == ' ' || c == '\t' ? SIZE_BLANK : BROKEN;
}

/* Text of an extension or a trailer up to its CR. */
static enum state in_text(char c, enum state same, enum state next)
{
    if (c == '\r')
        return next;
    return chars_is_control(c) ? BROKEN : same;
}

static enum state in_trailer_name(char c)
{
    if (c == ':')
        return TRAILER_VALUE;
    return chars_is_token(c) ? TRAILER_NAME : BROKEN;
}

static enum state if_lf(char c, enum state next)
{
    return c == '\n' ? next : BROKEN;
}

/* The state after one byte that is not data. */
static enum state step(struct http_body *body, char c)
{
    switch ((enum state)body->state) {
    case SIZE_FIRST:
        return chars_hex(c) >= 0 ? after_digit(body, chars_hex(c)) : BROKEN;
    case SIZE:
        return in_size(body, c);
    case SIZE_BLANK:
        return in_size_blank(c);
    case EXTENSION:
        return in_text(c, EXTENSION, SIZE_LF);
    case SIZE_LF:
        body->line = 0;
        return if_lf(c, body->remaining > 0 ? DATA : TRAILER_FIRST);
    case DATA_CR:
        return c == '\r' ? DATA_LF : BROKEN;
    case DATA_LF:
        body->line = 0;
        return if_lf(c, SIZE_FIRST);
    case TRAILER_FIRST:
        if (c == '\r')
            return END_LF;
        return chars_is_token(c) ? TRAILER_NAME : BROKEN;
    case TRAILER_NAME:
        return in_trailer_name(c);
    case TRAILER_VALUE:
        return in_text(c, TRAILER_VALUE, TRAILER_LF);
    case TRAILER_LF:
        return if_lf(c, TRAILER_FIRST);
    case END_LF:
        return if_lf(c, OVER);
    case DATA:
    case OVER:
    case BROKEN:
        break;
    }
    return BROKEN;
}

/* Framing bytes up to data, the end of the body or the end of *in. */
static enum http_status feed_framing(struct http_body *body, struct str *in)
{
    while (in->len > 0 && body->state != DATA && body->state != OVER) {
        char c = *in->ptr;
        /* One more digit would reach beyond 2^63. */
        if (body->state == SIZE && chars_hex(c) >= 0 && body->remaining >> 59)
            return HTTP_TOO_LARGE;
        body->state = step(body, c);
        if (body->state == BROKEN || ++body->line > LINE_MAX_BYTES) {
            body->state = BROKEN;
            return HTTP_BAD;
        }
        in->ptr++;
        in->len--;
    }
    return body->state == OVER ? HTTP_OK : HTTP_PARTIAL;
}

static enum http_status feed_chunked(struct http_body *body, struct str *in,
                                     struct str *data)
{
    enum http_status status = feed_framing(body, in);
    if (status != HTTP_PARTIAL || body->state != DATA)
        return status;
    take_data(body, in, data);
    if (body->remaining == 0)
        body->state = DATA_CR;
    return HTTP_PARTIAL;
}

enum http_status http_body_feed(struct http_body *body, struct str *in, struct str *data)
{
    *data = (struct str){in->ptr, 0};
    switch (body->framing) {
    case HTTP_NO_BODY:
        return HTTP_OK;
    case HTTP_LENGTH:
        take_data(body, in, data);
        return body->remaining == 0 ? HTTP_OK : HTTP_PARTIAL;
    case HTTP_CHUNKED:
        return feed_chunked(body, in, data);
    case HTTP_UNTIL_EOF:
        *data = *in;
        in->ptr += in->len;
        in->len = 0;
        return HTTP_PARTIAL;
    }
    return HTTP_BAD;
}
