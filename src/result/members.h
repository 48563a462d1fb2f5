/*
 * members: writing and reading the members of JSON objects, with jansson. The reader is
 * sticky: the first fault is kept as a sentence that names the member's whole path
 * ("cells[0].trials[3].load.seed is missing"), and everything read after it is zero, so
 * that a reader of forty members looks once, at the end.
 */
#ifndef DRAGSTRIP_RESULT_MEMBERS_H
#define DRAGSTRIP_RESULT_MEMBERS_H

#include "base/error.h"

#include <jansson.h>
#include <stddef.h>
#include <stdint.h>

/* Sets a member; value's reference is taken over. */
void member_put(json_t *object, const char *key, json_t *value);

/* New references, never NULL. */
json_t *member_of_number(double value);   /* NAN and infinities: null */
json_t *member_of_text(const char *text); /* NULL: null; bytes not UTF-8: '?' */
json_t *member_of_u64(uint64_t value);    /* above INT64_MAX: a string of digits */
json_t *member_of_texts(const char *texts, size_t stride, int count); /* char[][stride] */

/* number, rounded to `digits` significant decimal digits. */
json_t *member_of_rounded(double value, int digits);

struct members_fault {
    struct error *err;
    bool failed;
};

struct members { /* an object that is being read; parents outlive their children */
    struct members_fault *fault;
    const json_t *object; /* borrowed */
    const struct members *parent;
    const char *key; /* in the parent; NULL for the root */
    int index;       /* in the parent's array, or -1 */
};

struct members members_root(const json_t *json, const char *what,
                            struct members_fault *fault);
struct members members_child(const struct members *parent, const char *key);

/* The member as an array (NULL after a fault), and its n-th item, which is an object. */
const json_t *members_array(const struct members *from, const char *key);
struct members members_item(const struct members *parent, const char *key, int index);

double members_number(const struct members *from, const char *key);
double members_number_or_null(const struct members *from, const char *key); /* NAN */
double members_time(const struct members *from, const char *key); /* load_time_… */
int64_t members_integer(const struct members *from, const char *key, int64_t low,
                        int64_t high);
uint64_t members_u64(const struct members *from, const char *key);
bool members_flag(const struct members *from, const char *key);

/* On the heap; null in the file is NULL. */
char *members_text_or_null(const struct members *from, const char *key);

/* A view of the document's own text; NULL after a fault, or for null in the second. */
const char *members_view(const struct members *from, const char *key);
const char *members_view_or_null(const struct members *from, const char *key);

/* Into out, NUL-terminated; longer text is a fault. */
void members_text(const struct members *from, const char *key, char *out, size_t size);

/* Fills char[max][stride] from an array of strings; returns how many. */
int members_texts(const struct members *from, const char *key, char *out, size_t stride,
                  int max);

/* The member is a string that equals text. */
void members_expect(const struct members *from, const char *key, const char *text);

bool members_has(const struct members *from, const char *key); /* present, not null */

/* Records "PATH.key complaint" unless there was a fault before. */
void members_complain(const struct members *from, const char *key, const char *complaint);

#endif
