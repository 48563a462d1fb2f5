#include "cmd/load_live.h"

#include <math.h>
#include <stdio.h>
#include <unistd.h>

#include "base/mem.h"
#include "report/figure.h"
#include "report/text.h"
#include "sys/fd.h"
#include "sys/file.h"
#include "sys/terminal.h"

enum { LINE_BYTES = 256 };

#define STDOUT_NAME "standard output"

/* ---- JSON lines ---- */

/* When nobody can read them the run may as well end. */
static void write_line(struct load_live_view *live, json_t *json)
{
    char *text = json_dumps(json, JSON_COMPACT | LOAD_JSON_DIGITS);
    char *line = text ? mem_format("%s\n", text) : NULL;
    if (line && !live->failure.text[0] &&
        !file_write_all(live->lines_fd, live->lines_name, str_of(line), &live->failure))
        atomic_store(live->stop, STOP_NOW);
    mem_free(line);
    mem_free(text);
    json_decref(json);
}

static uint64_t errors_of(const struct books_passed *passed)
{
    uint64_t sum = 0;
    for (int i = 0; i < TALLY_ERRORS; i++)
        sum += passed->errors[i];
    return sum;
}

static void put_figures(struct load_live_view *view, json_t *line,
                        const struct figures *figures)
{
    json_object_set_new(line, "figures", figures_to_json(figures, ++view->figures_lines));
}

static void write_second(struct load_live_view *view, const struct load_second *second)
{
    struct load_live live = {
        .window = {.second = second->number,
                   .ok = second->passed.ok,
                   .errors = errors_of(&second->passed),
                   .p50 = hist_quantile_time(&second->passed.latency, .5),
                   .p99 = hist_quantile_time(&second->passed.latency, .99)},
        .in_flight = second->in_flight,
        .queued = second->queued,
        .lag_max = (double)second->lag_max_ns};
    json_t *line = load_live_to_json(&live);
    if (view->figures) {
        struct figures figures;
        figures_of_second(second, &figures);
        put_figures(view, line, &figures);
    }
    write_line(view, line);
}

/* No window, but with it the figures are complete. */
static void write_rest(struct load_live_view *view, const struct figures *figures)
{
    json_t *line = json_object();
    put_figures(view, line, figures);
    write_line(view, line);
}

void load_live_result(struct load_live_view *live, const struct load_result *result)
{
    if (live->lines_fd == LOAD_LIVE_NONE)
        return;
    json_t *line = json_pack("{s:o}", "result", load_result_to_json(result, true));
    if (live->figures)
        json_object_set_new(line, "figures_lines", json_integer(live->figures_lines));
    write_line(live, line);
}

/* ---- the terminal ---- */

static void draw_second(const struct load_live_view *live,
                        const struct load_second *second)
{
    char p50[FIGURE_BYTES], p99[FIGURE_BYTES], lag[FIGURE_BYTES], line[LINE_BYTES];
    long long number = second->number;
    uint64_t errors = errors_of(&second->passed);
    struct buf out;
    snprintf(
        line, sizeof(line),
        "%s %llds  %llu/s  p50 %s  p99 %s  errors %llu  in flight %llu  queued %llu  "
        "lag %s",
        number < 0 ? "warm-up" : "measure", number < 0 ? -number : number + 1,
        (unsigned long long)(second->passed.ok + errors),
        figure_time(hist_quantile_time(&second->passed.latency, .5), 0, p50),
        figure_time(hist_quantile_time(&second->passed.latency, .99), 0, p99),
        (unsigned long long)errors, (unsigned long long)second->in_flight,
        (unsigned long long)second->queued,
        figure_time((double)second->lag_max_ns, 0, lag));
    buf_init(&out, 2 * sizeof(line));
    text_cut(&out, line, (size_t)live->columns - 1);
    fprintf(stderr, "\r\033[K%s", buf_text(&out));
    buf_fini(&out);
}

/* ---- the watcher ---- */

static void on_start(void *context, int64_t measure_ns, int64_t end_ns)
{
    struct load_live_view *live = context;
    if (live->lines_fd != LOAD_LIVE_NONE)
        write_line(live, json_pack("{s:{s:I, s:I}}", "start", "measure_ns",
                                   (json_int_t)measure_ns, "end_ns", (json_int_t)end_ns));
}

static void on_second(void *context, const struct load_second *second)
{
    struct load_live_view *live = context;
    if (live->lines_fd != LOAD_LIVE_NONE)
        write_second(live, second);
    if (live->columns > 0)
        draw_second(live, second);
    if (live->page) {
        struct figures figures;
        figures_of_second(second, &figures);
        live_add(live->page, &figures);
    }
}

static void on_rest(void *context, const struct load_second *rest)
{
    struct load_live_view *live = context;
    struct figures figures;
    if (!live->figures && !live->page)
        return;
    figures_of_rest(rest, &figures);
    if (live->lines_fd != LOAD_LIVE_NONE && live->figures)
        write_rest(live, &figures);
    if (live->page)
        live_add(live->page, &figures);
}

struct load_watcher load_live_watcher(struct load_live_view *live)
{
    return (struct load_watcher){
        .context = live, .started = on_start, .second = on_second, .rest = on_rest};
}

void load_live_init_lines(struct load_live_view *live, atomic_int *stop)
{
    *live = (struct load_live_view){
        .lines_fd = LOAD_LIVE_STDOUT, .lines_name = STDOUT_NAME, .stop = stop};
}

bool load_live_init(struct load_live_view *live, const struct load_options *options,
                    atomic_int *stop, struct error *err)
{
    const char *path = options->ndjson_path;
    *live = (struct load_live_view){.columns = terminal_columns(STDERR_FILENO),
                                    .lines_fd = LOAD_LIVE_NONE,
                                    .lines_name = path,
                                    .stop = stop};
    if (path && strcmp(path, "-") == 0) {
        live->lines_fd = LOAD_LIVE_STDOUT;
        live->lines_name = STDOUT_NAME;
    } else if (path) {
        live->lines_fd = file_create(path, err);
        if (live->lines_fd < 0)
            return false;
    }
    if (options->metrics_address) {
        live->page = live_start(options->metrics_address, &options->spec, err);
        if (!live->page) {
            load_live_fini(live);
            return false;
        }
    }
    return true;
}

void load_live_fini(struct load_live_view *live)
{
    if (live->columns > 0)
        fputs("\r\033[K", stderr);
    if (live->lines_fd != LOAD_LIVE_STDOUT)
        fd_close(live->lines_fd);
    live_stop(live->page);
    *live = (struct load_live_view){.lines_fd = LOAD_LIVE_NONE};
}
