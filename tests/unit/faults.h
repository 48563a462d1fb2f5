/*
 * faults: takes a good JSON document and breaks it member by member, once by leaving the
 * member out and once by a wrong type; the reader must refuse each and name the path.
 * Of arrays the first item stands for all.
 */
#ifndef DRAGSTRIP_TESTS_FAULTS_H
#define DRAGSTRIP_TESTS_FAULTS_H

#include "base/error.h"
#include "tap.h"

#include <jansson.h>

struct faults {
    const json_t *document;
    bool (*read)(const json_t *, struct error *);
    const char *const *optional; /* last parts of paths that may be missing or anything;
                                  * "windows" and "hdr" of windows always are */
    int tried, missed;
};

static inline bool faults_is_optional(const struct faults *faults, const char *key,
                                      const char *path)
{
    if (strcmp(key, "windows") == 0 || strstr(path, "windows[0].hdr"))
        return true;
    for (int i = 0; faults->optional && faults->optional[i]; i++) {
        if (strcmp(key, faults->optional[i]) == 0)
            return true;
    }
    return false;
}

static inline void faults_try(struct faults *faults, const char *path, const char *how)
{
    struct error err = {""};
    faults->tried++;
    if (!faults->read(faults->document, &err) && strstr(err.text, path))
        return;
    faults->missed++;
    printf("# %s %s: %s\n", path, how, err.text[0] ? err.text : "accepted");
}

/* A value that is of no type that any member may have instead. */
static inline json_t *faults_wrong(const json_t *value)
{
    return json_is_boolean(value) ? json_integer(1) : json_true();
}

static inline void faults_walk(struct faults *faults, json_t *object, const char *prefix)
{
    json_t *keys = json_object();
    const char *key;
    json_t *value;
    json_object_foreach(object, key, value)
    {
        json_object_set(keys, key, value);
    }
    json_object_foreach(keys, key, value)
    {
        char path[512];
        snprintf(path, sizeof(path), "%s%s", prefix, key);
        if (!faults_is_optional(faults, key, path)) {
            json_object_del(object, key);
            faults_try(faults, path, "left out");
            json_object_set_new(object, key, faults_wrong(value));
            faults_try(faults, path, "mistyped");
            json_object_set(object, key, value);
        }
        if (faults->optional && strcmp(key, "comparisons") == 0)
            continue;
        if (faults->optional && strcmp(key, "summary") == 0)
            continue;
        bool array = json_is_array(value);
        json_t *inner = array ? json_array_get(value, 0) : value;
        strcat(path, array ? "[0]." : ".");
        if (json_is_object(inner))
            faults_walk(faults, inner, path);
    }
    json_decref(keys);
}

#define FAULTS_CHECK(json, reader, optional_keys)                                        \
    do {                                                                                 \
        struct faults faults = {(json), (reader), (optional_keys), 0, 0};                \
        faults_walk(&faults, (json), "");                                                \
        TAP_OK(faults.tried > 50 && faults.missed == 0,                                  \
               "%d broken documents are refused by path", faults.tried);                 \
    } while (0)

#endif
