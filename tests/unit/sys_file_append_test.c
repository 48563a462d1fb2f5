/*
 * Appending to a file: its limit, what cannot be written to, and several processes at
 * once.
 */
#include <errno.h>
#include <signal.h>
#include <sys/resource.h>
#include <sys/wait.h>

#include "fds.h"
#include "files.h"

static void append_good(void)
{
    struct error err = {""};
    const char *path = tempdir_path("log-to-be");
    TAP_OK(file_append(path, STR("a\0b\n"), 100, &err) && content_is(path, STR("a\0b\n")),
           "appending makes a file");
    TAP_OK(file_append(path, STR("c"), 100, &err) &&
               file_append(path, STR("d\n"), 100, &err) &&
               content_is(path, STR("a\0b\ncd\n")),
           "… and goes on at its end");
    TAP_OK(file_append(path, STR(""), 100, &err) && content_is(path, STR("a\0b\ncd\n")),
           "nothing is appended");
    path = tempdir_write("older", "of another\n", 11, 0600);
    TAP_OK(file_append(path, STR("of ours\n"), 100, &err) &&
               content_is(path, STR("of another\nof ours\n")),
           "what others wrote stays");
}

static void append_limit(void)
{
    static const struct {
        const char *before, *added;
        size_t max_bytes;
        bool good;
    } rows[] = {
        {"", "12345", 5, true},    {"", "12345", 4, false},     {"123", "45", 5, true},
        {"123", "456", 5, false},  {"12345", "", 5, true},      {"12345", "6", 5, false},
        {"1234567", "", 5, false}, {"1234567", "8", 5, false},  {"", "1", 0, false},
        {"", "", 0, true},         {"12", "3", SIZE_MAX, true}, {"12345", "6", 6, true}};
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        struct error err = {""};
        char both[32], sentence[700];
        const char *before = rows[i].before;
        const char *path = tempdir_write("limited", before, strlen(before), 0600);
        bool good = file_append(path, str_of(rows[i].added), rows[i].max_bytes, &err);
        snprintf(both, sizeof(both), "%s%s", before, good ? rows[i].added : "");
        snprintf(sentence, sizeof(sentence),
                 "%s would be longer than the %zu bytes that are allowed", path,
                 rows[i].max_bytes);
        TAP_OK(good == rows[i].good, "'%s' and '%s' in at most %zu bytes", before,
               rows[i].added, rows[i].max_bytes);
        TAP_OK(content_is(path, str_of(both)), "… the file is '%s'", both);
        if (!good)
            TAP_TEXT(err.text, sentence, "… refused in these words");
    }
}

static void append_refusals(void)
{
    struct error err = {""};
    const char *path = tempdir_path("no/such/log");
    TAP_OK(!file_append(path, STR("x"), 100, &err), "no folder to append in");
    refusal(&err, path, ENOENT, "append without a folder");
    TAP_OK(!file_append(tempdir_root, STR("x"), 100, &err), "a folder is no file");
    refusal(&err, tempdir_root, EISDIR, "append to a folder");
    if (!file_exists("/dev/full"))
        return;
    TAP_OK(!file_append("/dev/full", STR("x"), 100, &err), "a full disk");
    refusal(&err, "/dev/full", ENOSPC, "append to a full disk");
}

/* The limit of a file's size stands for a full disk: the write fails half-way. A part
 * would be read as if it were all. */
static void append_half(void)
{
    static char large[100000];
    struct error err = {""};
    struct rlimit whole, cut;
    const char *path = tempdir_write("nearly-full", "old\n", 4, 0600);
    void (*handler)(int) = signal(SIGXFSZ, SIG_IGN);
    getrlimit(RLIMIT_FSIZE, &whole);
    cut = (struct rlimit){.rlim_cur = 40000, .rlim_max = whole.rlim_max};
    fflush(stdout);
    setrlimit(RLIMIT_FSIZE, &cut);
    bool good = file_append(path, (struct str){large, sizeof(large)}, 1 << 20, &err);
    setrlimit(RLIMIT_FSIZE, &whole);
    signal(SIGXFSZ, handler);
    TAP_OK(!good, "half appended is a failure");
    refusal(&err, path, EFBIG, "append half-way");
    TAP_OK(content_is(path, STR("old\n")), "… and the half is taken back");
}

enum { APPENDERS = 3, PIECES = 60, PIECE_LINES = 50, LINE_BYTES = 32 };

/* Pieces of equal lines, each numbered; too long to be written at once by chance. */
static int append_pieces(const char *path, int appender)
{
    for (int piece = 0; piece < PIECES; piece++) {
        struct buf text;
        struct error err;
        buf_init(&text, PIECE_LINES * LINE_BYTES);
        for (int line = 0; line < PIECE_LINES; line++)
            buf_format(&text, "%d %d %d\n", appender, piece, line);
        bool good = file_append(path, buf_str(&text), 1 << 20, &err);
        buf_fini(&text);
        if (!good)
            return 1;
    }
    return 0;
}

/* Lines that are not where they belong: in pieces that are whole, each process's pieces
 * in their order. -1 when there are too few. */
static int count_misplaced(const char *path)
{
    int misplaced = 0, pieces[APPENDERS] = {0}, lines = 0, all = 0, who = 0;
    int appender, piece, line;
    FILE *file = fopen(path, "r");
    while (file && fscanf(file, "%d %d %d", &appender, &piece, &line) == 3) {
        who = lines == 0 ? appender : who;
        bool good = appender == who && who >= 0 && who < APPENDERS && line == lines &&
                    piece == pieces[who];
        misplaced += !good;
        lines = (lines + 1) % PIECE_LINES;
        if (good && lines == 0)
            pieces[who]++;
        all++;
    }
    if (file)
        fclose(file);
    return all == APPENDERS * PIECES * PIECE_LINES ? misplaced : -1;
}

static void append_together(void)
{
    const char *path = tempdir_path("together");
    int failed = 0, status;
    fflush(stdout);
    for (int i = 0; i < APPENDERS; i++) {
        if (fork() == 0)
            _exit(append_pieces(path, i));
    }
    while (wait(&status) > 0)
        failed += status != 0;
    TAP_INT(failed, 0, "three processes append to one file");
    TAP_INT(count_misplaced(path), 0, "… and do not mix");
}

/* Who holds the lock is waited for, and how long the file is is asked only then. */
static void append_waits(void)
{
    struct flock whole = {.l_type = F_WRLCK, .l_whence = SEEK_SET};
    struct error err = {""};
    const char *path = tempdir_write("locked", "12345678", 8, 0600);
    int fd = open(path, O_WRONLY | O_APPEND | O_CLOEXEC), status = -1;
    TAP_INT(fcntl(fd, F_OFD_SETLK, &whole), 0, "a file is locked");
    fflush(stdout);
    pid_t pid = fork();
    if (pid == 0 && close(fd) == 0) /* or it would hold the lock itself */
        _exit(file_append(path, STR("c"), 10, &err));
    usleep(100000);
    TAP_INT(waitpid(pid, &status, WNOHANG), 0, "who appends waits");
    TAP_INT(write(fd, "ab", 2), 2, "… while it is written to");
    close(fd);
    waitpid(pid, &status, 0);
    TAP_OK(WIFEXITED(status) && WEXITSTATUS(status) == 0, "… and then is refused");
    TAP_OK(content_is(path, STR("12345678ab")), "… for it would be too long by now");
}

int main(void)
{
    int before = fds_count();
    alarm(60); /* a lock that is not given back would be waited for without end */
    if (!TAP_OK(tempdir_open(), "a folder of our own"))
        return tap_done();
    append_good();
    append_limit();
    append_refusals();
    append_half();
    append_together();
    append_waits();
    tempdir_close();
    TAP_INT(fds_count(), before, "no descriptor is left open, least by what failed");
    return tap_done();
}
