#include "run/generator.h"

#include <errno.h>
#include <fcntl.h>
#include <math.h>
#include <poll.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/mem.h"

enum { LINE_MAX_BYTES = 256 << 20, PIECE = 65536, ERRORS_MAX = 2048 };

/* A memory file that holds the spec, at its start; -1 with err. */
static int spec_file(const struct generate_spec *spec, struct error *err)
{
    json_t *json = generate_spec_to_json(spec);
    int fd = memfd_create("load-spec", MFD_CLOEXEC);
    bool good = fd >= 0 && json && json_dumpfd(json, fd, JSON_COMPACT) == 0 &&
                lseek(fd, 0, SEEK_SET) == 0;
    json_decref(json);
    if (good)
        return fd;
    error_set(err, "cannot pass the spec to the generator: %s", strerror(errno));
    if (fd >= 0)
        close(fd);
    return -1;
}

bool generator_start(struct generator *generator, const char *program,
                     const struct generate_spec *spec, const cpu_set_t *cpus,
                     struct error *err)
{
    const char *const argv[] = {program, "load", "--spec", "-", NULL};
    int out[2];
    *generator = (struct generator){.child = {.pidfd = -1}, .out_fd = -1};
    buf_init(&generator->line, LINE_MAX_BYTES);
    generator->errors_fd = memfd_create("generator-errors", MFD_CLOEXEC);
    int spec_fd = spec_file(spec, err);
    if (spec_fd < 0)
        return false;
    if (pipe2(out, O_CLOEXEC) != 0) {
        close(spec_fd);
        return error_set(err, "cannot make a pipe: %s", strerror(errno));
    }
    struct child_spec child = {.argv = argv,
                               .cpus = cpus,
                               .stdin_fd = spec_fd,
                               .stdout_fd = out[1],
                               .stderr_fd = generator->errors_fd,
                               .timer_slack_ns = 1};
    bool good = child_start(&generator->child, &child, err);
    close(spec_fd);
    close(out[1]);
    generator->out_fd = out[0];
    fcntl(out[0], F_SETFL, O_NONBLOCK);
    return good;
}

static void take_window(struct generator *generator, const json_t *window)
{
    generator->window = (struct load_window){
        .second = json_integer_value(json_object_get(window, "t")),
        .ok = (uint64_t)json_integer_value(json_object_get(window, "ok")),
        .errors = (uint64_t)json_integer_value(json_object_get(window, "errors"))};
    if (!load_time_from_json(json_object_get(window, "p50"), &generator->window.p50))
        generator->window.p50 = NAN;
    if (!load_time_from_json(json_object_get(window, "p99"), &generator->window.p99))
        generator->window.p99 = NAN;
    generator->has_window = true;
}

static bool take_line(struct generator *generator, struct str line, struct error *err)
{
    json_error_t why;
    json_t *json = json_loadb(line.ptr, line.len, 0, &why);
    json_t *start = json_object_get(json, "start");
    json_t *window = json_object_get(json, "window");
    json_t *result = json_object_get(json, "result");
    if (start) {
        generator->measure_ns = json_integer_value(json_object_get(start, "measure_ns"));
        generator->end_ns = json_integer_value(json_object_get(start, "end_ns"));
    } else if (window) {
        take_window(generator, window);
    } else if (result) {
        json_decref(generator->result);
        generator->result = json_incref(result);
    }
    bool known = start || window || result;
    json_decref(json);
    return known || error_set(err, "the generator wrote a line that is not its own: %.*s",
                              line.len < 200 ? (int)line.len : 200, line.ptr);
}

static bool take_lines(struct generator *generator, struct error *err)
{
    for (;;) {
        struct str all = buf_str(&generator->line);
        const char *newline = memchr(all.ptr, '\n', all.len);
        if (!newline)
            return true;
        size_t len = (size_t)(newline - all.ptr);
        if (!take_line(generator, (struct str){all.ptr, len}, err))
            return false;
        buf_consume(&generator->line, len + 1);
    }
}

bool generator_read(struct generator *generator, int64_t until_ns, struct error *err)
{
    char piece[PIECE];
    struct pollfd readable = {.fd = generator->out_fd, .events = POLLIN};
    int64_t left = until_ns - clock_now_ns();
    struct timespec timeout = {0};
    if (left > 0)
        timeout = (struct timespec){left / NS_PER_S, left % NS_PER_S};
    if (ppoll(&readable, 1, &timeout, NULL) <= 0)
        return true;
    ssize_t n = read(generator->out_fd, piece, sizeof(piece));
    if (n > 0)
        buf_add(&generator->line, (struct str){piece, (size_t)n});
    else if (n == 0)
        generator->over = true;
    return take_lines(generator, err);
}

static void add_errors(const struct generator *generator, struct error *err)
{
    char text[ERRORS_MAX];
    ssize_t n = pread(generator->errors_fd, text, sizeof(text) - 1, 0);
    if (n > 0 && text[n - 1] == '\n')
        n--;
    error_set(err, "the generator failed: %.*s", n > 0 ? (int)n : 0, text);
}

bool generator_finish(struct generator *generator, int64_t until_ns, struct error *err)
{
    char how[64];
    bool ended = child_wait(&generator->child, until_ns);
    if (!ended) {
        child_kill(&generator->child);
        return error_set(err, "the generator did not end in time and was killed");
    }
    if (generator->result)
        return true;
    add_errors(generator, err);
    if (err->text[strlen(err->text) - 1] == ' ')
        error_set(err, "the generator %s", child_describe(&generator->child, how));
    return false;
}

void generator_fini(struct generator *generator)
{
    child_kill(&generator->child);
    if (generator->out_fd >= 0)
        close(generator->out_fd);
    if (generator->errors_fd >= 0)
        close(generator->errors_fd);
    buf_fini(&generator->line);
    json_decref(generator->result);
    *generator =
        (struct generator){.child = {.pidfd = -1}, .out_fd = -1, .errors_fd = -1};
}
