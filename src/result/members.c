#include "result/members.h"

#include <assert.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/buf.h"
#include "base/mem.h"
#include "result/load_result.h"

void member_put(json_t *object, const char *key, json_t *value)
{
    int failed = json_object_set_new(object, key, value);
    assert(!failed);
    (void)failed;
}

json_t *member_of_number(double value)
{
    if (!isfinite(value))
        return json_null();
    if (value == floor(value) && fabs(value) < 0x1p53)
        return json_integer((json_int_t)value);
    return json_real(value);
}

json_t *member_of_rounded(double value, int digits)
{
    char text[40];
    if (!isfinite(value))
        return json_null();
    snprintf(text, sizeof(text), "%.*g", digits, value);
    return member_of_number(strtod(text, NULL));
}

/* jansson refuses text that is not UTF-8, and a child's last words may be anything. */
static json_t *ascii_of(const char *text)
{
    char *copy = mem_copy_text(text);
    for (char *c = copy; *c; c++) {
        if ((unsigned char)*c >= 0x80)
            *c = '?';
    }
    json_t *json = json_string(copy);
    mem_free(copy);
    return json;
}

json_t *member_of_text(const char *text)
{
    if (!text)
        return json_null();
    json_t *json = json_string(text);
    return json ? json : ascii_of(text);
}

json_t *member_of_u64(uint64_t value)
{
    char digits[24];
    if (value <= INT64_MAX)
        return json_integer((json_int_t)value);
    snprintf(digits, sizeof(digits), "%llu", (unsigned long long)value);
    return json_string(digits);
}

json_t *member_of_texts(const char *texts, size_t stride, int count)
{
    json_t *array = json_array();
    for (int i = 0; i < count; i++)
        json_array_append_new(array, member_of_text(texts + (size_t)i * stride));
    return array;
}

/* "cells[0].trials[3]": from the root down. */
static void add_path(const struct members *from, struct buf *out)
{
    if (!from || !from->parent)
        return;
    add_path(from->parent, out);
    buf_format(out, "%s%s", out->len ? "." : "", from->key);
    if (from->index >= 0)
        buf_format(out, "[%d]", from->index);
}

void members_complain(const struct members *from, const char *key, const char *complaint)
{
    struct buf path;
    const struct members *root = from;
    if (from->fault->failed)
        return;
    from->fault->failed = true;
    while (root->parent)
        root = root->parent;
    buf_init(&path, 1024);
    add_path(from, &path);
    if (key)
        buf_format(&path, "%s%s", path.len ? "." : "", key);
    error_set(from->fault->err, "%s: %s%s%s", root->key, buf_text(&path),
              path.len ? " " : "", complaint);
    buf_fini(&path);
}

static const char *type_name(const json_t *json)
{
    static const char *const names[] = {"an object", "an array", "a string", "an integer",
                                        "a number",  "true",     "false",    "null"};
    return names[json_typeof(json)];
}

static void complain_type(const struct members *from, const char *key, const char *wanted,
                          const json_t *found)
{
    char text[120];
    snprintf(text, sizeof(text), "is %s, not %s", type_name(found), wanted);
    members_complain(from, key, text);
}

/* The member, or NULL after a fault (this one's absence included). */
static const json_t *member(const struct members *from, const char *key)
{
    if (from->fault->failed)
        return NULL;
    const json_t *json = json_object_get(from->object, key);
    if (!json)
        members_complain(from, key, "is missing");
    return json;
}

struct members members_root(const json_t *json, const char *what,
                            struct members_fault *fault)
{
    struct members root = {.fault = fault, .object = json, .key = what, .index = -1};
    if (!json_is_object(json))
        members_complain(&root, NULL, "not an object");
    return root;
}

struct members members_child(const struct members *parent, const char *key)
{
    const json_t *json = member(parent, key);
    if (json && !json_is_object(json))
        complain_type(parent, key, "an object", json);
    return (struct members){parent->fault, json, parent, key, -1};
}

const json_t *members_array(const struct members *from, const char *key)
{
    const json_t *json = member(from, key);
    if (!json || json_is_array(json))
        return json;
    complain_type(from, key, "an array", json);
    return NULL;
}

struct members members_item(const struct members *parent, const char *key, int index)
{
    const json_t *array = json_object_get(parent->object, key);
    struct members item = {parent->fault, json_array_get(array, (size_t)index), parent,
                           key, index};
    if (!json_is_object(item.object))
        members_complain(&item, NULL, "is not an object");
    return item;
}

double members_number(const struct members *from, const char *key)
{
    const json_t *json = member(from, key);
    if (!json)
        return 0;
    if (!json_is_number(json)) {
        complain_type(from, key, "a number", json);
        return 0;
    }
    return json_number_value(json);
}

double members_number_or_null(const struct members *from, const char *key)
{
    const json_t *json = member(from, key);
    if (!json)
        return 0;
    if (json_is_null(json))
        return (double)NAN;
    if (!json_is_number(json)) {
        complain_type(from, key, "a number or null", json);
        return 0;
    }
    return json_number_value(json);
}

double members_time(const struct members *from, const char *key)
{
    double value = 0;
    const json_t *json = member(from, key);
    if (json && !load_time_from_json(json, &value))
        complain_type(from, key, "a time (a number, null, or text like \">5s\")", json);
    return value;
}

int64_t members_integer(const struct members *from, const char *key, int64_t low,
                        int64_t high)
{
    char text[120];
    const json_t *json = member(from, key);
    if (!json)
        return 0;
    if (!json_is_integer(json)) {
        complain_type(from, key, "an integer", json);
        return 0;
    }
    int64_t value = json_integer_value(json);
    if (value >= low && value <= high)
        return value;
    snprintf(text, sizeof(text), "is %lld, outside %lld to %lld", (long long)value,
             (long long)low, (long long)high);
    members_complain(from, key, text);
    return 0;
}

uint64_t members_u64(const struct members *from, const char *key)
{
    uint64_t value = 0;
    const json_t *json = member(from, key);
    if (!json)
        return 0;
    if (json_is_integer(json) && json_integer_value(json) >= 0)
        return (uint64_t)json_integer_value(json);
    if (json_is_string(json) && str_to_u64(str_of(json_string_value(json)), &value))
        return value;
    members_complain(from, key, "is not a whole number of 0 or more");
    return 0;
}

bool members_flag(const struct members *from, const char *key)
{
    const json_t *json = member(from, key);
    if (json && !json_is_boolean(json))
        complain_type(from, key, "true or false", json);
    return json_is_true(json);
}

const char *members_view(const struct members *from, const char *key)
{
    const json_t *json = member(from, key);
    if (json && !json_is_string(json))
        complain_type(from, key, "a string", json);
    return json_string_value(json);
}

const char *members_view_or_null(const struct members *from, const char *key)
{
    const json_t *json = member(from, key);
    if (json && !json_is_null(json) && !json_is_string(json))
        complain_type(from, key, "a string or null", json);
    return json_string_value(json);
}

char *members_text_or_null(const struct members *from, const char *key)
{
    const char *text = members_view_or_null(from, key);
    return text ? mem_copy_text(text) : NULL;
}

/* Copies a string into out, which is untouched when it is none or too long. */
static void copy_text(const struct members *from, const char *key, const json_t *json,
                      char *out, size_t size)
{
    if (!json_is_string(json)) {
        complain_type(from, key, "a string", json);
    } else if (json_string_length(json) >= size) {
        members_complain(from, key, "is too long");
    } else {
        memcpy(out, json_string_value(json), json_string_length(json) + 1);
    }
}

void members_text(const struct members *from, const char *key, char *out, size_t size)
{
    const json_t *json = member(from, key);
    if (json)
        copy_text(from, key, json, out, size);
}

int members_texts(const struct members *from, const char *key, char *out, size_t stride,
                  int max)
{
    const json_t *array = members_array(from, key);
    size_t count = json_array_size(array);
    if (count > (size_t)max) {
        members_complain(from, key, "has too many items");
        return 0;
    }
    for (size_t i = 0; i < count; i++)
        copy_text(from, key, json_array_get(array, i), out + i * stride, stride);
    return from->fault->failed ? 0 : (int)count;
}

void members_expect(const struct members *from, const char *key, const char *text)
{
    char complaint[160];
    const json_t *json = member(from, key);
    if (!json || (json_is_string(json) && strcmp(json_string_value(json), text) == 0))
        return;
    snprintf(complaint, sizeof(complaint), "is not \"%s\"", text);
    members_complain(from, key, complaint);
}

bool members_has(const struct members *from, const char *key)
{
    const json_t *json = json_object_get(from->object, key);
    return json && !json_is_null(json);
}
