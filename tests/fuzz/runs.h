/*
 * runs: inputs of a few bytes that reach limits of kilobytes. In what the fuzzer gives,
 * 0xff c n stands for the byte c, 2^n times (n modulo 21); all other bytes stand for
 * themselves, so that a request or a document as it is is an input, too.
 */
#ifndef DRAGSTRIP_TESTS_RUNS_H
#define DRAGSTRIP_TESTS_RUNS_H

#include "base/buf.h"

enum { RUNS_ESCAPE = 0xff };

static inline size_t runs_length(char n)
{
    return (size_t)1 << ((unsigned char)n % 21);
}

/* Appends what `packed` stands for, as far as there is room. */
static inline void runs_unpack(struct str packed, struct buf *out)
{
    for (size_t i = 0; i < packed.len; i++) {
        const char *at = packed.ptr + i;
        bool is_run = (unsigned char)*at == RUNS_ESCAPE && packed.len - i > 2;
        if (is_run)
            buf_add_repeated(out, at[1], runs_length(at[2]));
        else
            buf_add(out, (struct str){at, 1});
        i += is_run ? 2 : 0;
    }
}

#endif
