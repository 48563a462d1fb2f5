/*
 * str: a view of bytes that someone else owns. Passed by value. A view is valid as long
 * as the bytes it points at; each function that returns one says whose they are.
 * Not NUL-terminated; may contain NUL.
 */
#ifndef DRAGSTRIP_BASE_STR_H
#define DRAGSTRIP_BASE_STR_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

struct str {
    const char *ptr;
    size_t len;
};

#define STR(literal) ((struct str){(literal), sizeof(literal) - 1})

static inline struct str str_of(const char *text)
{
    return (struct str){text, strlen(text)};
}

static inline bool str_eq(struct str a, struct str b)
{
    return a.len == b.len && (a.len == 0 || memcmp(a.ptr, b.ptr, a.len) == 0);
}

/* ASCII case is ignored, as RFC 9110 5.1 asks for field names. */
bool str_eq_nocase(struct str a, struct str b);

/* The view without leading and trailing spaces and tabs (OWS of RFC 9110 5.6.3). */
struct str str_trim(struct str s);

/* Whole view as a decimal number, digits only. False: empty, other characters, overflow.
 */
bool str_to_u64(struct str s, uint64_t *out);

/* Number of edits (insert, delete, replace, swap of neighbours) that turn a into b. */
size_t str_distance(struct str a, struct str b);

#endif
