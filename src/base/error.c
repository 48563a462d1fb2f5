#include "base/error.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

bool error_set(struct error *err, const char *format, ...)
{
    /* Arguments may point into err->text: format beside it first. */
    char text[ERROR_TEXT_BYTES];
    va_list args;
    va_start(args, format);
    vsnprintf(text, sizeof(text), format, args);
    va_end(args);
    memcpy(err->text, text, sizeof(text));
    return false;
}

bool error_prefix(struct error *err, const char *format, ...)
{
    char prefix[ERROR_TEXT_BYTES];
    va_list args;
    va_start(args, format);
    vsnprintf(prefix, sizeof(prefix), format, args);
    va_end(args);
    size_t len = strlen(prefix);
    memmove(err->text + len, err->text, sizeof(err->text) - len);
    memcpy(err->text, prefix, len);
    err->text[sizeof(err->text) - 1] = '\0';
    return false;
}
