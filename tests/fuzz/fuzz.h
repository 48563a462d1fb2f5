/*
 * fuzz: what each target of this folder is, one function over arbitrary bytes that ends
 * the process when something is not as its module's header says. libFuzzer calls it with
 * bytes of its own (make fuzz); replay.c with the files of corpus/ (make check).
 */
#ifndef DRAGSTRIP_TESTS_FUZZ_H
#define DRAGSTRIP_TESTS_FUZZ_H

#include <stdio.h>
#include <stdlib.h>

#include "base/mem.h"
#include "base/str.h"

int LLVMFuzzerTestOneInput(const unsigned char *bytes, size_t len);

#define FUZZ_HOLDS(condition)                                                            \
    do {                                                                                 \
        if (!(condition)) {                                                              \
            fprintf(stderr, "%s:%d: not so: %s\n", __FILE__, __LINE__, #condition);      \
            abort();                                                                     \
        }                                                                                \
    } while (0)

/* The bytes as a text with a NUL behind them: the readers of command lines and plans take
 * such. To be freed with mem_free. */
static inline char *fuzz_text(const unsigned char *bytes, size_t len)
{
    return mem_copy_bytes(len ? (const char *)bytes : "", len);
}

#endif
