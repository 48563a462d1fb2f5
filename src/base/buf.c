#include "base/buf.h"

#include <assert.h>
#include <stdarg.h>
#include <stdio.h>

#include "base/mem.h"

void buf_init(struct buf *buf, size_t max_bytes)
{
    *buf = (struct buf){.max = max_bytes};
}

void buf_fini(struct buf *buf)
{
    mem_free(buf->ptr);
    *buf = (struct buf){0};
}

void buf_clear(struct buf *buf)
{
    buf->len = 0;
    buf->overflow = false;
    if (buf->ptr)
        buf->ptr[0] = '\0';
}

/* Makes room for extra more bytes and the NUL; returns how many of them fit. */
static size_t buf_reserve(struct buf *buf, size_t extra)
{
    size_t room = buf->max - buf->len;
    if (extra > room) {
        extra = room;
        buf->overflow = true;
    }
    size_t needed = buf->len + extra + 1;
    if (needed > buf->capacity) {
        size_t capacity = buf->capacity ? buf->capacity : 256;
        while (capacity < needed)
            capacity *= 2;
        buf->ptr = mem_resize(buf->ptr, capacity, 1);
        buf->capacity = capacity;
    }
    return extra;
}

void buf_add(struct buf *buf, struct str bytes)
{
    size_t fits = buf_reserve(buf, bytes.len);
    if (fits)
        memcpy(buf->ptr + buf->len, bytes.ptr, fits);
    buf->len += fits;
    buf->ptr[buf->len] = '\0';
}

void buf_add_text(struct buf *buf, const char *text)
{
    buf_add(buf, str_of(text));
}

void buf_add_repeated(struct buf *buf, char c, size_t count)
{
    size_t fits = buf_reserve(buf, count);
    memset(buf->ptr + buf->len, c, fits);
    buf->len += fits;
    buf->ptr[buf->len] = '\0';
}

void buf_format(struct buf *buf, const char *format, ...)
{
    char *text = NULL;
    va_list args;
    va_start(args, format);
    int len = vasprintf(&text, format, args);
    va_end(args);
    if (len < 0) {
        buf->overflow = true;
        return;
    }
    buf_add(buf, (struct str){text, (size_t)len});
    mem_free(text);
}

void buf_consume(struct buf *buf, size_t len)
{
    assert(len <= buf->len);
    if (len == 0)
        return;
    memmove(buf->ptr, buf->ptr + len, buf->len - len);
    buf->len -= len;
    buf->ptr[buf->len] = '\0';
}

struct str buf_str(const struct buf *buf)
{
    return (struct str){buf->ptr ? buf->ptr : "", buf->len};
}

const char *buf_text(const struct buf *buf)
{
    return buf->ptr ? buf->ptr : "";
}
