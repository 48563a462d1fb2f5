/*
 * jread: a strict, allocation-free reader of RFC 8259 texts and a writer of strings.
 * The reader is a cursor; strings come out as views of the raw text between the quotes,
 * escapes still in them, already validated: UTF-8 (RFC 3629), no control characters, no
 * bad escape, no lone surrogate escape. Depth is bounded (JREAD_DEPTH_MAX) and skipping
 * is iterative: no input can exhaust the stack. The prefix is not json_, which is that of
 * jansson: the tool links both.
 */
#ifndef DRAGSTRIP_WIRE_JREAD_H
#define DRAGSTRIP_WIRE_JREAD_H

#include "base/str.h"

enum { JREAD_DEPTH_MAX = 512 };

/* `error` is NULL until something is wrong, then a phrase ("expected ':'"); `at` stays at
 * the offending byte. After an error every call is refused. */
struct jread {
    const char *start;
    const char *at;
    const char *end;
    const char *error;
};

enum jread_type {
    JREAD_NONE, /* end of text or a byte that starts no value */
    JREAD_OBJECT,
    JREAD_ARRAY,
    JREAD_STRING,
    JREAD_NUMBER,
    JREAD_TRUE,
    JREAD_FALSE,
    JREAD_NULL
};

void jread_init(struct jread *json, struct str text);

/* Type of the next value, white space before it skipped; nothing is consumed. */
enum jread_type jread_peek(struct jread *json);

/* Each reads one value of its type; false sets error. */
bool jread_string(struct jread *json, struct str *out_raw);
bool jread_u64(struct jread *json, uint64_t *out); /* plain integer literal, 0…2^64-1 */
/* An array of strings: what stands between the brackets, and how long that is without the
 * white space between the strings. */
bool jread_strings(struct jread *json, struct str *out_raw, size_t *out_compact);
bool jread_skip(struct jread *json); /* any value, validated */

/*
 * Containers: jread_enter reads '{' or '['. Then, before each member or element,
 * jread_next(json, closer, &first) with first initially true: true when another one
 * follows, the comma consumed; false at the closer (consumed) or on an error.
 */
bool jread_enter(struct jread *json, char opener);
bool jread_next(struct jread *json, char closer, bool *first);

/* Reads `"name":`. */
bool jread_name(struct jread *json, struct str *out_raw);

/* Only white space is left. */
bool jread_end(struct jread *json);

/* Sets the error phrase at the present position unless there is one. Returns false. */
bool jread_fail(struct jread *json, const char *phrase);

/* Whether a raw (validated) string, unescaped, equals text (UTF-8). */
bool jread_raw_equals(struct str raw, struct str text);

/*
 * Writes text as a JSON string with quotes: '"', '\\' and control characters escaped,
 * other bytes as they are. Returns the number of bytes, or 0 if they do not fit in size.
 */
size_t jread_write_string(char *out, size_t size, struct str text);

#endif
