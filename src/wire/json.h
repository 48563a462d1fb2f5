/*
 * json: a strict, allocation-free reader of RFC 8259 texts and a writer of strings.
 * The reader is a cursor; strings come out as views of the raw text between the quotes,
 * escapes still in them, already validated: UTF-8 (RFC 3629), no control characters, no
 * bad escape, no lone surrogate escape. Depth is bounded (JSON_DEPTH_MAX) and skipping is
 * iterative: no input can exhaust the stack.
 */
#ifndef DRAGSTRIP_WIRE_JSON_H
#define DRAGSTRIP_WIRE_JSON_H

#include "base/str.h"

enum { JSON_DEPTH_MAX = 512 };

/* `error` is NULL until something is wrong, then a phrase ("expected ':'"); `at` stays at
 * the offending byte. After an error every call is refused. */
struct json {
    const char *start;
    const char *at;
    const char *end;
    const char *error;
};

enum json_type {
    JSON_NONE, /* end of text or a byte that starts no value */
    JSON_OBJECT,
    JSON_ARRAY,
    JSON_STRING,
    JSON_NUMBER,
    JSON_TRUE,
    JSON_FALSE,
    JSON_NULL
};

void json_init(struct json *json, struct str text);

/* Type of the next value, white space before it skipped; nothing is consumed. */
enum json_type json_peek(struct json *json);

/* Each reads one value of its type; false sets error. */
bool json_string(struct json *json, struct str *out_raw);
bool json_u64(struct json *json, uint64_t *out); /* plain integer literal, 0…2^64-1 */
bool json_skip(struct json *json);               /* any value, validated */

/*
 * Containers: json_enter reads '{' or '['. Then, before each member or element,
 * json_next(json, closer, &first) with first initially true: true when another one
 * follows, the comma consumed; false at the closer (consumed) or on an error.
 */
bool json_enter(struct json *json, char opener);
bool json_next(struct json *json, char closer, bool *first);

/* Reads `"name":`. */
bool json_name(struct json *json, struct str *out_raw);

/* Only white space is left. */
bool json_end(struct json *json);

/* Sets the error phrase at the present position unless there is one. Returns false. */
bool json_fail(struct json *json, const char *phrase);

/* Whether a raw (validated) string, unescaped, equals text (UTF-8). */
bool json_raw_equals(struct str raw, struct str text);

/*
 * Writes text as a JSON string with quotes: '"', '\\' and control characters escaped,
 * other bytes as they are. Returns the number of bytes, or 0 if they do not fit in size.
 */
size_t json_write_string(char *out, size_t size, struct str text);

#endif
