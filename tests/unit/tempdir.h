/*
 * tempdir: a folder for one test program's files, made at its start and removed at its
 * end with all that is in it. Unlike scratch.h it calls nothing of src, for it serves the
 * tests of sys/file.h itself.
 */
#ifndef DRAGSTRIP_TESTS_TEMPDIR_H
#define DRAGSTRIP_TESTS_TEMPDIR_H

#include <fcntl.h>
#include <ftw.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static char tempdir_root[256];

static inline bool tempdir_open(void)
{
    const char *parent = getenv("TMPDIR");
    snprintf(tempdir_root, sizeof(tempdir_root), "%s/dragstrip-test-XXXXXX",
             parent && parent[0] ? parent : "/tmp");
    return mkdtemp(tempdir_root) != NULL;
}

static inline int tempdir_remove(const char *path, const struct stat *info, int kind,
                                 struct FTW *where)
{
    (void)info, (void)kind, (void)where;
    return remove(path);
}

static inline void tempdir_close(void)
{
    nftw(tempdir_root, tempdir_remove, 8, FTW_DEPTH | FTW_PHYS);
}

/* The path of a name in the folder; good until the fourth call after this one. */
static inline const char *tempdir_path(const char *name)
{
    static char paths[4][512];
    static int next;
    char *path = paths[next++ % 4];
    snprintf(path, sizeof(paths[0]), "%s/%s", tempdir_root, name);
    return path;
}

/* Makes a file with these bytes and this mode; its path as of tempdir_path. */
static inline const char *tempdir_write(const char *name, const char *bytes, size_t len,
                                        mode_t mode)
{
    const char *path = tempdir_path(name);
    int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
    bool good = fd >= 0 && write(fd, bytes, len) == (ssize_t)len && !fchmod(fd, mode);
    if (!good)
        printf("# cannot write %s\n", path);
    if (fd >= 0)
        close(fd);
    return path;
}

#endif
