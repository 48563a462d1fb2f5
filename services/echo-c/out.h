/*
 * out: the loop's output buffer. Answers are written straight into it, one behind the
 * other, and leave with one send. Its size covers the largest answer; who writes has made
 * sure of the room before (conn.c), so running over is a bug and not a case.
 */
#ifndef ECHO_OUT_H
#define ECHO_OUT_H

#include "base/str.h"

#include <assert.h>

struct out {
    char *ptr;
    size_t len;
    size_t capacity;
};

static inline void out_put(struct out *out, struct str bytes)
{
    assert(bytes.len <= out->capacity - out->len);
    memcpy(out->ptr + out->len, bytes.ptr, bytes.len);
    out->len += bytes.len;
}

static inline void out_fill(struct out *out, char c, size_t count)
{
    assert(count <= out->capacity - out->len);
    memset(out->ptr + out->len, c, count);
    out->len += count;
}

enum { OUT_U64_DIGITS = 20 };

/* Decimal digits of value at the end of text; the view is valid as long as text is. */
static inline struct str out_u64(uint64_t value, char text[OUT_U64_DIGITS])
{
    char *at = text + OUT_U64_DIGITS;
    do {
        *--at = (char)('0' + value % 10);
        value /= 10;
    } while (value > 0);
    return (struct str){at, (size_t)(text + OUT_U64_DIGITS - at)};
}

#endif
