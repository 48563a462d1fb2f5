/*
 * tap: the whole of the unit tests' framework. A test program calls TAP_OK and the like
 * and ends with `return tap_done();`. Output is TAP version 12, the plan at the end.
 */
#ifndef DRAGSTRIP_TESTS_TAP_H
#define DRAGSTRIP_TESTS_TAP_H

#include <math.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>

static int tap_count, tap_failures;

__attribute__((format(printf, 4, 5), unused)) static bool
tap_ok(bool good, const char *file, int line, const char *format, ...)
{
    va_list args;
    printf("%sok %d - ", good ? "" : "not ", ++tap_count);
    va_start(args, format);
    vprintf(format, args);
    va_end(args);
    printf("\n");
    if (!good) {
        tap_failures++;
        printf("# failed at %s:%d\n", file, line);
    }
    return good;
}

__attribute__((unused)) static int tap_done(void)
{
    printf("1..%d\n", tap_count);
    return tap_failures ? 1 : 0;
}

/* Condition with a sentence (printf style). */
#define TAP_OK(condition, ...) tap_ok((condition), __FILE__, __LINE__, __VA_ARGS__)

#define TAP_INT(got, expected, what)                                                     \
    do {                                                                                 \
        long long tap_got = (long long)(got), tap_want = (long long)(expected);          \
        if (!TAP_OK(tap_got == tap_want, "%s", what))                                    \
            printf("# got %lld, expected %lld\n", tap_got, tap_want);                    \
    } while (0)

#define TAP_TEXT(got, expected, what)                                                    \
    do {                                                                                 \
        const char *tap_got = (got), *tap_want = (expected);                             \
        if (!TAP_OK(strcmp(tap_got, tap_want) == 0, "%s", what))                         \
            printf("# got      %s\n# expected %s\n", tap_got, tap_want);                 \
    } while (0)

#define TAP_NEAR(got, expected, tolerance, what)                                         \
    do {                                                                                 \
        double tap_got = (got), tap_want = (expected);                                   \
        if (!TAP_OK(fabs(tap_got - tap_want) <= (tolerance), "%s", what))                \
            printf("# got %.12g, expected %.12g\n", tap_got, tap_want);                  \
    } while (0)

#endif
