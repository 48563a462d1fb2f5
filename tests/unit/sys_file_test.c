/*
 * Whole files: reading, the end of a log, writing so that nobody sees a half, folders,
 * and which names are programs.
 */
#include <errno.h>
#include <signal.h>
#include <sys/resource.h>

#include "fds.h"
#include "files.h"

/* All names in the folder, hidden ones too. */
static int files_in_tempdir(void)
{
    char command[512];
    int count = -1;
    snprintf(command, sizeof(command), "ls -A '%s' | wc -l", tempdir_root);
    FILE *pipe = popen(command, "r");
    if (pipe && fscanf(pipe, "%d", &count) != 1)
        count = -1;
    if (pipe)
        pclose(pipe);
    return count;
}

static void read_good(void)
{
    struct buf buf;
    struct error err = {""};
    const char *path = tempdir_write("good", "a\0b\n", 4, 0600);
    buf_init(&buf, 100);
    buf_add_text(&buf, "before|");
    TAP_OK(file_read(path, &buf, &err), "a file is read");
    TAP_OK(str_eq(buf_str(&buf), STR("before|a\0b\n")), "… behind what was there");
    TAP_OK(file_read(tempdir_write("empty", "", 0, 0600), &buf, &err) && buf.len == 11,
           "an empty file adds nothing");
    buf_clear(&buf);
    TAP_OK(file_read("/proc/self/comm", &buf, &err) && buf.len > 1,
           "a file of /proc, which has no size, is read");
    buf_fini(&buf);
}

static void read_limits(void)
{
    enum { SIZE = 200000 };
    static char bytes[SIZE];
    memset(bytes, 'x', SIZE);
    const char *path = tempdir_write("large", bytes, SIZE, 0600);
    for (int extra = -1; extra <= 1; extra++) {
        struct buf buf;
        struct error err = {""};
        buf_init(&buf, (size_t)(SIZE + 4 + extra));
        buf_add_text(&buf, "kept");
        bool read = file_read(path, &buf, &err);
        TAP_OK(read == (extra >= 0), "room for %d bytes more than the file", extra);
        if (read)
            TAP_INT(buf.len, SIZE + 4, "… and all of it is there");
        else
            TAP_OK(strstr(err.text, path) != NULL, "… too large, and named: %s",
                   err.text);
        buf_fini(&buf);
    }
}

static void read_refusals(void)
{
    struct buf buf;
    struct error err = {""};
    buf_init(&buf, 100);
    buf_add_text(&buf, "kept");
    const char *path = tempdir_path("missing");
    TAP_OK(!file_read(path, &buf, &err), "a missing file is refused");
    refusal(&err, path, ENOENT, "missing");
    TAP_OK(!file_read(tempdir_root, &buf, &err), "a folder is refused");
    refusal(&err, tempdir_root, EISDIR, "folder");
    TAP_TEXT(buf_text(&buf), "kept", "refusals leave the buffer as it was");
    buf_fini(&buf);
}

static void tail_lines(void)
{
    static const struct {
        const char *content;
        int max_lines;
        const char *expected;
    } cases[] = {
        {"", 3, ""},
        {"one", 3, "one"},
        {"one", 1, "one"},
        {"a\nb\nc", 2, "b\nc"},
        {"a\nb\nc\n", 2, "b\nc"},
        {"a\nb\nc\n", 1, "c"},
        {"a\nb\nc\n", 3, "a\nb\nc"},
        {"a\nb\nc\n", 4, "a\nb\nc"},
        {"a\n\nc\n", 2, "\nc"},
        {"\na\n", 1, "a"},
    };
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        struct buf buf;
        const char *text = cases[i].content;
        buf_init(&buf, 10000);
        file_tail(tempdir_write("log", text, strlen(text), 0600), cases[i].max_lines,
                  &buf);
        /* Whether the last newline is part of the answer is left open. */
        char got[32];
        snprintf(got, sizeof(got), "%s", buf_text(&buf));
        size_t len = strlen(got);
        if (len > 0 && got[len - 1] == '\n')
            got[len - 1] = '\0';
        char what[64];
        snprintf(what, sizeof(what), "tail %zu: %d lines", i, cases[i].max_lines);
        TAP_TEXT(got, cases[i].expected, what);
        buf_fini(&buf);
    }
}

/* Content that is longer than a tail may be: its end, and nearly 4 KiB of it. */
static void tail_bytes(const char *what, const char *line, size_t size)
{
    static char content[100000];
    size_t line_len = strlen(line);
    struct buf buf;
    for (size_t i = 0; i < size; i++)
        content[i] = line[i % line_len];
    buf_init(&buf, sizeof(content));
    file_tail(tempdir_write("log", content, size, 0600), 1000000, &buf);
    bool most = buf.len <= 4096 && buf.len + 2 * line_len >= 4096;
    TAP_OK(most, "%s: at most 4 KiB and nearly that: %zu", what, buf.len);
    struct str end = {content + size - buf.len, buf.len};
    TAP_OK(str_eq(buf_str(&buf), end), "… the end of the file");
    buf_fini(&buf);
}

/* A buffer that is smaller than the tail gets as much of the end as it holds. */
static void tail_room(void)
{
    struct buf buf;
    buf_init(&buf, 10);
    file_tail(tempdir_write("log", "first line\nsecond line\n", 23, 0600), 5, &buf);
    TAP_OK(buf.len > 0 && !buf.overflow, "ten bytes of room");
    struct str text = STR("first line\nsecond line\n");
    struct str end = {text.ptr + text.len - buf.len, buf.len};
    TAP_OK(str_eq(buf_str(&buf), end), "… hold the end");
    buf_fini(&buf);
}

static void tail(void)
{
    struct buf buf;
    tail_lines();
    tail_bytes("one byte more than fits", "x", 4097);
    tail_bytes("one endless line", "x", 100000);
    tail_bytes("many short lines", "line of text\n", 90000);
    tail_room();
    buf_init(&buf, 100);
    file_tail(tempdir_path("missing"), 5, &buf);
    file_tail(tempdir_root, 5, &buf);
    TAP_INT(buf.len, 0, "no file, no tail");
    buf_fini(&buf);
}

static void write_good(void)
{
    enum { SIZE = 3000000 };
    static char large[SIZE];
    struct error err = {""};
    const char *path = tempdir_path("written");
    TAP_OK(file_write_atomic(path, STR("first\0\n"), &err), "a new file");
    TAP_OK(content_is(path, STR("first\0\n")), "… holds what was given");
    int old = open(path, O_RDONLY | O_CLOEXEC);
    TAP_OK(file_write_atomic(path, STR("second"), &err), "replaced");
    TAP_OK(content_is(path, STR("second")), "… by the new");
    char bytes[16];
    TAP_INT(read(old, bytes, sizeof(bytes)), 7, "who reads the old one reads it whole");
    close(old);
    TAP_OK(file_write_atomic(path, STR(""), &err) && content_is(path, STR("")),
           "replaced by nothing");
    for (size_t i = 0; i < SIZE; i++)
        large[i] = (char)(i * 7 % 251);
    struct str all = {large, SIZE};
    TAP_OK(file_write_atomic(path, all, &err) && content_is(path, all),
           "three megabytes");
    TAP_OK(!file_exists(tempdir_path("written.tmp")), "no temporary file stays");
}

/* What a crash left behind does not get into the new file. */
static void write_over_leftover(void)
{
    struct error err = {""};
    tempdir_write("crashed.tmp", "half of something long", 22, 0600);
    const char *path = tempdir_path("crashed");
    TAP_OK(file_write_atomic(path, STR("new"), &err), "over a left-over");
    TAP_OK(content_is(path, STR("new")), "… without its bytes");
    TAP_OK(!file_exists(tempdir_path("crashed.tmp")), "… which is gone");
}

static void write_refusals(void)
{
    struct error err = {""};
    const char *path = tempdir_path("no/such/file");
    int before = files_in_tempdir();
    TAP_OK(!file_write_atomic(path, STR("x"), &err), "no folder to write in");
    refusal(&err, path, ENOENT, "no folder");
    TAP_INT(files_in_tempdir(), before, "… and nothing was made");

    path = tempdir_path("folder");
    TAP_OK(mkdir(path, 0700) == 0, "a folder in the way");
    before = files_in_tempdir();
    TAP_OK(!file_write_atomic(path, STR("x"), &err), "… cannot be replaced");
    refusal(&err, path, EISDIR, "folder in the way");
    TAP_INT(files_in_tempdir(), before, "… and the temporary file is removed");
}

static void write_special(void)
{
    struct error err = {""};
    struct stat status;
    char got[16] = "";
    const char *path = tempdir_path("pipe");
    TAP_OK(mkfifo(path, 0600) == 0, "a named pipe");
    int reader = open(path, O_RDONLY | O_NONBLOCK | O_CLOEXEC);
    TAP_OK(file_write_atomic(path, STR("into it"), &err) &&
               read(reader, got, sizeof(got) - 1) == 7,
           "what is no regular file is written to");
    TAP_TEXT(got, "into it", "… in full");
    TAP_OK(stat(path, &status) == 0 && S_ISFIFO(status.st_mode),
           "… and stays what it is");
    close(reader);

    path = tempdir_path("link");
    TAP_OK(file_write_atomic(tempdir_path("real"), STR("old"), &err) &&
               symlink(tempdir_path("real"), path) == 0,
           "a link to a file");
    path = tempdir_path("link");
    TAP_OK(file_write_atomic(path, STR("new"), &err) && lstat(path, &status) == 0 &&
               S_ISLNK(status.st_mode),
           "a link stays a link");
    TAP_OK(content_is(tempdir_path("real"), STR("new")), "… and its file is the new one");
}

/* The limit of a file's size stands for a full disk: the write fails half-way. */
static void write_full(void)
{
    static char large[100000];
    struct error err = {""};
    struct rlimit whole, cut;
    const char *path = tempdir_path("full");
    TAP_OK(file_write_atomic(path, STR("old"), &err), "before the disk is full");
    int before = files_in_tempdir();
    void (*handler)(int) = signal(SIGXFSZ, SIG_IGN);
    getrlimit(RLIMIT_FSIZE, &whole);
    cut = (struct rlimit){.rlim_cur = 40000, .rlim_max = whole.rlim_max};
    fflush(stdout);
    setrlimit(RLIMIT_FSIZE, &cut);
    bool written = file_write_atomic(path, (struct str){large, sizeof(large)}, &err);
    setrlimit(RLIMIT_FSIZE, &whole);
    signal(SIGXFSZ, handler);
    TAP_OK(!written, "half written is a failure");
    refusal(&err, path, EFBIG, "full");
    TAP_OK(content_is(path, STR("old")), "… the old file is as it was");
    TAP_INT(files_in_tempdir(), before, "… and the temporary file is removed");
}

static void directories(void)
{
    static const char *const names[] = {"d1",       "d1",      "d2/a/b/c",
                                        "d2/a/b/c", "d2/a/x/", "d3//y"};
    struct error err = {""};
    struct stat info;
    for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
        const char *path = tempdir_path(names[i]);
        TAP_OK(file_make_directory(path, &err), "make %s (%zu)", names[i], i);
        TAP_OK(!stat(path, &info) && S_ISDIR(info.st_mode), "… it is a folder");
    }
    TAP_OK(!err.text[0] && file_make_directory(tempdir_root, &err), "the root is there");

    const char *file = tempdir_write("file", "x", 1, 0600);
    TAP_OK(!file_make_directory(file, &err), "a file where the folder should be");
    TAP_OK(strstr(err.text, file) != NULL, "… is named: %s", err.text);
    err.text[0] = '\0';
    TAP_OK(!file_make_directory(tempdir_path("file/below/it"), &err),
           "a file on the way");
    refusal(&err, file, ENOTDIR, "file on the way");
    TAP_OK(content_is(file, STR("x")), "… which is left alone");
}

/* Relative paths start where the process is. */
static void relative(void)
{
    struct error err = {""};
    int home = open(".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    TAP_OK(chdir(tempdir_root) == 0, "in the folder");
    TAP_OK(file_make_directory("r1/r2", &err) && file_exists("r1/r2"), "relative folder");
    TAP_OK(file_write_atomic("r1/f", STR("x"), &err) && file_exists("r1/f"),
           "relative file");
    TAP_OK(file_write_atomic("plain", STR("x"), &err) && file_exists("plain"),
           "a name alone");
    tempdir_write("r1/tool", "", 0, 0700);
    TAP_OK(file_is_program("r1/tool"), "a path with a slash is not looked up in PATH");
    TAP_OK(!file_is_program("tool"), "a name is not looked up here");
    if (fchdir(home))
        TAP_OK(false, "cannot go back");
    close(home);
}

static void exists(void)
{
    TAP_OK(file_exists(tempdir_write("there", "", 0, 0600)), "an empty file exists");
    TAP_OK(file_exists(tempdir_root), "a folder exists");
    TAP_OK(!file_exists(tempdir_path("nothing")), "nothing does not exist");
    TAP_OK(!file_exists(""), "no name does not exist");
}

static void programs_by_path(void)
{
    TAP_OK(file_is_program("/bin/sh"), "/bin/sh is a program");
    TAP_OK(file_is_program(tempdir_write("run", "", 0, 0700)), "an executable file");
    TAP_OK(!file_is_program(tempdir_write("text", "", 0, 0644)), "a plain file is none");
    TAP_OK(!file_is_program(tempdir_root), "a folder is none");
    TAP_OK(!file_is_program(tempdir_path("nothing")), "nothing is none");
    TAP_OK(!file_is_program(""), "no name is none");
    TAP_OK(file_is_program("sh"), "sh is found in PATH");
    TAP_OK(!file_is_program("no-such-program-anywhere"), "others are not");
}

/* PATH of two folders: what is found must be a file that can be executed. */
static void programs_in_path(void)
{
    const char *kept = getenv("PATH");
    char old[4096], path[1100];
    struct error err;
    snprintf(old, sizeof(old), "%s", kept ? kept : "");
    file_make_directory(tempdir_path("bin1"), &err);
    file_make_directory(tempdir_path("bin1/folder"), &err);
    file_make_directory(tempdir_path("bin2"), &err);
    tempdir_write("bin1/both", "", 0, 0644);
    tempdir_write("bin2/both", "", 0, 0755);
    tempdir_write("bin2/second", "", 0, 0755);
    tempdir_write("bin2/text", "", 0, 0644);
    snprintf(path, sizeof(path), "%s:%s", tempdir_path("bin1"), tempdir_path("bin2"));
    setenv("PATH", path, 1);
    TAP_OK(file_is_program("second"), "found in the second folder of PATH");
    TAP_OK(file_is_program("both"), "one that cannot be executed is passed over");
    TAP_OK(!file_is_program("text"), "found, but not executable");
    TAP_OK(!file_is_program("folder"), "a folder in PATH is no program");
    TAP_OK(!file_is_program("sh"), "not in this PATH");
    TAP_OK(!file_is_program(""), "no name in PATH is none");
    setenv("PATH", old, 1);
}

static void create(void)
{
    struct error err = {""};
    const char *path = tempdir_write("created", "old and long", 12, 0600);
    int fd = file_create(path, &err);
    TAP_OK(fd >= 0 && content_is(path, STR("")), "created empty over an old file");
    TAP_OK(write(fd, "new", 3) == 3 && content_is(path, STR("new")), "… for writing");
    TAP_INT(fcntl(fd, F_GETFD) & FD_CLOEXEC, FD_CLOEXEC, "… closed by exec");
    close(fd);
    path = tempdir_path("no/such");
    TAP_INT(file_create(path, &err), -1, "not in a missing folder");
    refusal(&err, path, ENOENT, "create");
    TAP_INT(file_create(tempdir_root, &err), -1, "not over a folder");
    refusal(&err, tempdir_root, EISDIR, "create over a folder");
}

int main(void)
{
    int before = fds_count();
    if (!TAP_OK(tempdir_open(), "a folder of our own"))
        return tap_done();
    read_good();
    read_limits();
    read_refusals();
    tail();
    write_good();
    write_over_leftover();
    write_refusals();
    write_special();
    write_full();
    directories();
    relative();
    exists();
    programs_by_path();
    programs_in_path();
    create();
    tempdir_close();
    TAP_INT(fds_count(), before, "no descriptor is left open, least by what failed");
    return tap_done();
}
