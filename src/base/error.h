/*
 * error: why something failed, as one sentence fit to print. Cold paths are
 * `bool f(…, struct error *err)`; on false the sentence is set and outputs are untouched.
 */
#ifndef DRAGSTRIP_BASE_ERROR_H
#define DRAGSTRIP_BASE_ERROR_H

#include <stdbool.h>

enum { ERROR_TEXT_BYTES = 4096 };

struct error {
    char text[ERROR_TEXT_BYTES];
};

/* Sets the sentence; too long a text is cut. Always returns false, to be returned on. */
bool error_set(struct error *err, const char *format, ...)
    __attribute__((format(printf, 2, 3)));

/* Puts text in front of the sentence that is already there. Returns false. */
bool error_prefix(struct error *err, const char *format, ...)
    __attribute__((format(printf, 2, 3)));

#endif
