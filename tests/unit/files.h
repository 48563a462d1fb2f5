/*
 * files: what a file holds, and what is said of one that could not be read or written.
 */
#ifndef DRAGSTRIP_TESTS_FILES_H
#define DRAGSTRIP_TESTS_FILES_H

#include "sys/file.h"
#include "tap.h"
#include "tempdir.h"

/* The refusal is a sentence that names the file and why. */
static inline void refusal(const struct error *err, const char *path, int why,
                           const char *what)
{
    bool good = strstr(err->text, path) && strstr(err->text, strerror(why));
    if (!TAP_OK(good, "%s: the sentence names the path and the cause", what))
        printf("# %s\n", err->text);
}

static inline bool content_is(const char *path, struct str expected)
{
    struct buf buf;
    struct error err = {""};
    buf_init(&buf, expected.len + 1);
    bool same = file_read(path, &buf, &err) && str_eq(buf_str(&buf), expected);
    buf_fini(&buf);
    return same;
}

#endif
