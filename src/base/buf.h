/*
 * buf: bytes that grow up to a maximum given at the start, for cold paths (files, JSON,
 * logs, small HTTP answers). Appending past the maximum sets `overflow` and keeps what
 * fits; the caller looks once, at the end. Owns its bytes.
 */
#ifndef DRAGSTRIP_BASE_BUF_H
#define DRAGSTRIP_BASE_BUF_H

#include "base/str.h"

struct buf {
    char *ptr; /* NUL-terminated once anything was appended */
    size_t len;
    size_t capacity;
    size_t max;
    bool overflow;
};

void buf_init(struct buf *buf, size_t max_bytes);
void buf_fini(struct buf *buf);
void buf_clear(struct buf *buf);

void buf_add(struct buf *buf, struct str bytes);
void buf_add_text(struct buf *buf, const char *text);
void buf_add_repeated(struct buf *buf, char c, size_t count);
void buf_format(struct buf *buf, const char *format, ...)
    __attribute__((format(printf, 2, 3)));

/* Drops the first len bytes (len <= buf->len). */
void buf_consume(struct buf *buf, size_t len);

/* View of the content; valid until the next call on buf. */
struct str buf_str(const struct buf *buf);

/* Content as NUL-terminated text ("" when empty); valid until the next call on buf. */
const char *buf_text(const struct buf *buf);

#endif
