#include "run/generator.h"

#include <math.h>

#include "base/mem.h"
#include "sys/fd.h"
#include "sys/pipe.h"

enum { LINE_MAX_BYTES = 256 << 20, ERRORS_MAX = 2048 };

/* A file in memory that holds the spec; -1 with err. */
static int spec_file(const struct generate_spec *spec, struct error *err)
{
    json_t *json = generate_spec_to_json(spec);
    char *text = json ? json_dumps(json, JSON_COMPACT) : NULL;
    int fd = -1;
    if (text)
        fd = pipe_text_file(str_of(text), err);
    else
        error_set(err, "the load cannot be written as JSON; is its URL or a header not "
                       "UTF-8?");
    mem_free(text);
    json_decref(json);
    return fd;
}

bool generator_start(struct generator *generator, const char *program,
                     const struct generate_spec *spec, const cpu_set_t *cpus,
                     struct error *err)
{
    const char *const argv[] = {program, "load", "--spec", "-", NULL};
    struct pipe_ends out = {-1, -1};
    *generator =
        (struct generator){.child = {.pidfd = -1}, .out_fd = -1, .errors_fd = -1};
    buf_init(&generator->line, LINE_MAX_BYTES);
    int spec_fd = spec_file(spec, err);
    generator->errors_fd = spec_fd < 0 ? -1 : pipe_text_file(STR(""), err);
    bool good = generator->errors_fd >= 0 && pipe_open(&out, err);
    generator->out_fd = out.read_fd;
    if (good) {
        struct child_spec child = {.argv = argv,
                                   .cpus = cpus,
                                   .stdin_fd = spec_fd,
                                   .stdout_fd = out.write_fd,
                                   .stderr_fd = generator->errors_fd,
                                   .timer_slack_ns = 1};
        good = child_start(&generator->child, &child, err);
    }
    fd_close(spec_fd);
    fd_close(out.write_fd);
    return good;
}

static void take_window(struct generator *generator, const json_t *window)
{
    generator->window = (struct load_window){
        .second = json_integer_value(json_object_get(window, "t")),
        .ok = (uint64_t)json_integer_value(json_object_get(window, "ok")),
        .errors = (uint64_t)json_integer_value(json_object_get(window, "errors"))};
    if (!load_time_from_json(json_object_get(window, "p50"), &generator->window.p50))
        generator->window.p50 = (double)NAN;
    if (!load_time_from_json(json_object_get(window, "p99"), &generator->window.p99))
        generator->window.p99 = (double)NAN;
    generator->has_window = true;
}

static bool take_figures(struct generator *generator, const json_t *json,
                         struct error *err)
{
    struct figures figures;
    if (!figures_from_json(json, generator->figures_lines + 1, &figures, err))
        return error_prefix(err, "the generator's live figures cannot be added up: ");
    generator->figures_lines++;
    figures_add(&generator->figures, &figures);
    generator->has_figures = true;
    return true;
}

/* The final line says how many had figures: none is lost without a word. */
static bool take_result(struct generator *generator, json_t *result, const json_t *lines,
                        struct error *err)
{
    int64_t written = json_integer_value(lines);
    json_decref(generator->result);
    generator->result = json_incref(result);
    return written == generator->figures_lines ||
           error_set(err,
                     "%lld of %lld lines of the generator's live figures are missing",
                     (long long)(written - generator->figures_lines), (long long)written);
}

static void take_start(struct generator *generator, const json_t *start)
{
    generator->measure_ns = json_integer_value(json_object_get(start, "measure_ns"));
    generator->end_ns = json_integer_value(json_object_get(start, "end_ns"));
}

static bool take_line(struct generator *generator, struct str line, struct error *err)
{
    json_error_t why;
    json_t *json = json_loadb(line.ptr, line.len, 0, &why);
    const json_t *start = json_object_get(json, "start");
    const json_t *window = json_object_get(json, "window");
    const json_t *figures = json_object_get(json, "figures");
    json_t *result = json_object_get(json, "result");
    bool good = start || window || figures || result ||
                error_set(err, "the generator wrote a line that is not its own: %.*s",
                          line.len < 200 ? (int)line.len : 200, line.ptr);
    if (start)
        take_start(generator, start);
    if (window)
        take_window(generator, window);
    if (figures)
        good = good && take_figures(generator, figures, err);
    if (result)
        good = good && take_result(generator, result,
                                   json_object_get(json, "figures_lines"), err);
    json_decref(json);
    return good;
}

static bool take_lines(struct generator *generator, struct error *err)
{
    for (;;) {
        struct str all = buf_str(&generator->line);
        const char *newline = NULL;
        if (all.len > generator->scanned)
            newline =
                memchr(all.ptr + generator->scanned, '\n', all.len - generator->scanned);
        generator->scanned = newline ? 0 : all.len;
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
    generator->over =
        pipe_read(generator->out_fd, until_ns, &generator->line) == PIPE_OVER;
    return take_lines(generator, err);
}

/* What it said before it failed, or at least how it ended. */
static void explain(const struct generator *generator, struct error *err)
{
    char how[64];
    struct buf words;
    buf_init(&words, ERRORS_MAX);
    pipe_read_file(generator->errors_fd, &words);
    while (words.len > 0 && words.ptr[words.len - 1] == '\n')
        words.len--;
    if (words.len > 0)
        error_set(err, "the generator failed: %.*s", (int)words.len, words.ptr);
    else
        error_set(err, "the generator %s", child_describe(&generator->child, how));
    buf_fini(&words);
}

bool generator_finish(struct generator *generator, int64_t until_ns, struct error *err)
{
    bool ended = child_wait(&generator->child, until_ns);
    if (!ended) {
        child_kill(&generator->child);
        return error_set(err, "the generator did not end in time and was killed");
    }
    if (generator->result)
        return true;
    explain(generator, err);
    return false;
}

void generator_fini(struct generator *generator)
{
    child_kill(&generator->child);
    fd_close(generator->out_fd);
    fd_close(generator->errors_fd);
    buf_fini(&generator->line);
    json_decref(generator->result);
    *generator =
        (struct generator){.child = {.pidfd = -1}, .out_fd = -1, .errors_fd = -1};
}
