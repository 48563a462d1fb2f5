/*
 * golden: compares a text with a file in tests/unit/golden; tests run from the top of the
 * repository. GOLDEN_WRITE=1 in the environment writes the files instead: look at the
 * difference before committing it.
 */
#ifndef DRAGSTRIP_TESTS_GOLDEN_H
#define DRAGSTRIP_TESTS_GOLDEN_H

#include "base/buf.h"
#include "tap.h"

#include <stdlib.h>

static inline void golden_path(const char *name, char out[256])
{
    snprintf(out, 256, "tests/unit/golden/%s", name);
}

static inline void golden_read(const char *name, struct buf *out)
{
    char path[256], bytes[4096];
    golden_path(name, path);
    FILE *file = fopen(path, "re");
    for (size_t got; file && (got = fread(bytes, 1, sizeof(bytes), file)) > 0;)
        buf_add(out, (struct str){bytes, got});
    if (file)
        fclose(file);
}

static inline void golden_write(const char *name, const char *text)
{
    char path[256];
    golden_path(name, path);
    FILE *file = fopen(path, "we");
    if (!file || fputs(text, file) < 0)
        printf("Bail out! cannot write %s\n", path);
    if (file)
        fclose(file);
}

/* First line in which the two differ, as TAP comments. */
static inline void golden_explain(const char *got, const char *expected)
{
    int line = 1;
    size_t start = 0;
    for (size_t i = 0; got[i] && got[i] == expected[i]; i++) {
        if (got[i] == '\n') {
            line++;
            start = i + 1;
        }
    }
    printf("# line %d\n# got      %.*s\n# expected %.*s\n", line,
           (int)strcspn(got + start, "\n"), got + start,
           (int)strcspn(expected + start, "\n"), expected + start);
}

static inline void golden_check(const char *name, const char *text)
{
    struct buf expected;
    buf_init(&expected, 16 << 20);
    if (getenv("GOLDEN_WRITE"))
        golden_write(name, text);
    golden_read(name, &expected);
    if (!TAP_OK(strcmp(text, buf_text(&expected)) == 0, "same as golden/%s", name))
        golden_explain(text, buf_text(&expected));
    buf_fini(&expected);
}

#endif
