#include "sys/file.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/mem.h"

bool file_read(const char *path, struct buf *out, struct error *err)
{
    char piece[16384];
    ssize_t n;
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    if (fd < 0)
        return error_set(err, "cannot read %s: %s", path, strerror(errno));
    while ((n = read(fd, piece, sizeof(piece))) > 0 && !out->overflow)
        buf_add(out, (struct str){piece, (size_t)n});
    int why = errno;
    close(fd);
    if (n < 0)
        return error_set(err, "cannot read %s: %s", path, strerror(why));
    if (out->overflow)
        return error_set(err, "%s is larger than %zu bytes", path, out->max);
    return true;
}

enum { TAIL_BYTES = 4096 };

void file_tail(const char *path, int max_lines, struct buf *out)
{
    char bytes[TAIL_BYTES];
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    if (fd < 0)
        return;
    off_t size = lseek(fd, 0, SEEK_END);
    off_t most = out->max < TAIL_BYTES ? (off_t)out->max : TAIL_BYTES;
    ssize_t n = pread(fd, bytes, (size_t)most, size > most ? size - most : 0);
    close(fd);
    if (n <= 0)
        return;
    ssize_t from = n;
    for (int lines = 0; from > 0; from--) {
        bool newline = bytes[from - 1] == '\n' && from != n;
        if (newline && ++lines == max_lines)
            break;
    }
    buf_add(out, (struct str){bytes + from, (size_t)(n - from)});
}

static bool write_all(int fd, struct str content)
{
    while (content.len > 0) {
        ssize_t n = write(fd, content.ptr, content.len);
        if (n < 0 && errno == EINTR)
            continue;
        if (n <= 0)
            return false;
        content.ptr += n;
        content.len -= (size_t)n;
    }
    return true;
}

bool file_write_all(int fd, const char *name, struct str content, struct error *err)
{
    return write_all(fd, content) ||
           error_set(err, "cannot write to %s: %s", name, strerror(errno));
}

/* What a path leads to when it exists and is no regular file: a device, a pipe, a
 * terminal. It must be written to, not replaced. */
static bool is_special(const char *path)
{
    struct stat status;
    return stat(path, &status) == 0 && !S_ISREG(status.st_mode);
}

static bool write_into(const char *path, struct str content, struct error *err)
{
    int fd = open(path, O_WRONLY | O_CLOEXEC);
    if (fd < 0)
        return error_set(err, "cannot open %s: %s", path, strerror(errno));
    bool written = file_write_all(fd, path, content, err);
    close(fd);
    return written;
}

/* Writes it beside the file and puts it in its place; messages have the path as given. */
static bool replace(const char *file, const char *path, struct str content,
                    struct error *err)
{
    char temporary[PATH_MAX];
    int len = snprintf(temporary, sizeof(temporary), "%s.tmp", file);
    if (len < 0 || (size_t)len >= sizeof(temporary))
        return error_set(err, "the file name %s is too long", path);
    int fd = open(temporary, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0666);
    if (fd < 0)
        return error_set(err, "cannot create %s.tmp: %s", path, strerror(errno));
    bool written = write_all(fd, content) && fsync(fd) == 0;
    int why = errno;
    if (close(fd) != 0 && written) {
        written = false;
        why = errno;
    }
    if (written && rename(temporary, file) != 0) {
        written = false;
        why = errno;
    }
    if (!written) {
        unlink(temporary);
        return error_set(err, "cannot write %s: %s%s", path, strerror(why),
                         why == ENOSPC ? "; free some space, or choose another -o" : "");
    }
    return true;
}

bool file_write_atomic(const char *path, struct str content, struct error *err)
{
    char target[PATH_MAX];
    if (is_special(path))
        return write_into(path, content, err);
    /* The file that a link leads to is replaced, and not the link. */
    return replace(realpath(path, target) ? target : path, path, content, err);
}

bool file_append(const char *path, struct str content, size_t max_bytes,
                 struct error *err)
{
    struct stat status;
    struct flock whole = {.l_type = F_WRLCK, .l_whence = SEEK_SET};
    int fd = open(path, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0666);
    if (fd < 0)
        return error_set(err, "cannot open %s: %s", path, strerror(errno));
    bool good = (fcntl(fd, F_OFD_SETLKW, &whole) == 0 && fstat(fd, &status) == 0) ||
                error_set(err, "cannot lock %s: %s", path, strerror(errno));
    if (good && (size_t)status.st_size + content.len > max_bytes)
        good = error_set(err, "%s would be longer than the %zu bytes that are allowed",
                         path, max_bytes);
    bool written = good && file_write_all(fd, path, content, err);
    if (good && !written && ftruncate(fd, status.st_size) != 0)
        error_prefix(err, "%s ends with a part of what was to be added: ", path);
    close(fd);
    return written;
}

int file_lock(const char *path, struct error *err)
{
    struct flock whole = {.l_type = F_WRLCK, .l_whence = SEEK_SET};
    int fd = open(path, O_RDWR | O_CLOEXEC);
    if (fd < 0 || fcntl(fd, F_OFD_SETLK, &whole) != 0) {
        bool taken = fd >= 0 && (errno == EAGAIN || errno == EACCES);
        error_set(err, "cannot lock %s: %s", path,
                  taken ? "another dragstrip races in this folder" : strerror(errno));
        if (fd >= 0)
            close(fd);
        return -1;
    }
    return fd;
}

bool file_make_directory(const char *path, struct error *err)
{
    char partial[PATH_MAX];
    size_t len = strlen(path);
    if (len == 0 || len >= sizeof(partial))
        return error_set(err, "'%s' is not a usable directory name", path);
    for (size_t i = 1; i <= len; i++) {
        if (path[i] != '/' && path[i] != '\0')
            continue;
        memcpy(partial, path, i);
        partial[i] = '\0';
        if (mkdir(partial, 0777) != 0 && errno != EEXIST)
            return error_set(err, "cannot create the directory %s: %s", partial,
                             strerror(errno));
    }
    struct stat status;
    if (stat(path, &status) != 0 || !S_ISDIR(status.st_mode))
        return error_set(err, "%s is not a directory", path);
    if (access(path, W_OK | X_OK) != 0)
        return error_set(err, "cannot write into the directory %s: %s", path,
                         strerror(errno));
    return true;
}

bool file_exists(const char *path)
{
    return access(path, F_OK) == 0;
}

static bool is_executable(const char *path)
{
    struct stat status;
    return stat(path, &status) == 0 && S_ISREG(status.st_mode) && access(path, X_OK) == 0;
}

bool file_is_program(const char *name)
{
    char path[PATH_MAX];
    const char *at = getenv("PATH");
    if (!*name || strchr(name, '/'))
        return is_executable(name);
    if (!at)
        at = "/bin:/usr/bin"; /* as execvp */
    for (;;) {
        size_t len = strcspn(at, ":");
        /* An empty part of PATH is the current folder. */
        snprintf(path, sizeof(path), "%.*s%s%s", (int)len, at, len ? "/" : "./", name);
        if (is_executable(path))
            return true;
        if (at[len] == '\0')
            return false;
        at += len + 1;
    }
}

char *file_own_path(void)
{
    char path[PATH_MAX];
    ssize_t n = readlink("/proc/self/exe", path, sizeof(path));
    return n > 0 && n < (ssize_t)sizeof(path) ? mem_copy_bytes(path, (size_t)n) : NULL;
}

int file_create(const char *path, struct error *err)
{
    int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0666);
    if (fd < 0)
        error_set(err, "cannot create %s: %s", path, strerror(errno));
    return fd;
}
