/*
 * The lines of a generator, from a pipe of the test's own: live figures are added up
 * whatever way they arrive, and one that is lost, repeated or out of order is a fault.
 */
#include "run/generator.h"

#include <stdlib.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/mem.h"
#include "sys/pipe.h"
#include "tap.h"

static struct pipe_ends ends;
static struct generator generator;

static void begin(void)
{
    struct error err;
    if (!pipe_open(&ends, &err))
        exit(1);
    generator = (struct generator){
        .child = {.pidfd = -1}, .out_fd = ends.read_fd, .errors_fd = -1};
    buf_init(&generator.line, 1 << 20);
}

static void end(void)
{
    close(ends.write_fd);
    generator_fini(&generator);
}

static void put(const char *text)
{
    if (write(ends.write_fd, text, strlen(text)) != (ssize_t)strlen(text))
        exit(1);
}

/* {members,"figures":{…}}, of a second with so many that are due. */
static void put_figures(const char *members, int64_t line, uint64_t due)
{
    const struct figures figures = {.due = due, .has_now = true, .now = {1, due, 2, 3}};
    json_t *json = figures_to_json(&figures, line);
    char *text = json_dumps(json, JSON_COMPACT);
    char *all = mem_format("{%s\"figures\":%s}\n", members, text);
    put(all);
    mem_free(all);
    free(text);
    json_decref(json);
}

static bool take(struct error *err)
{
    *err = (struct error){""};
    return generator_read(&generator, clock_now_ns() + 100 * NS_PER_MS, err);
}

#define WINDOW "\"window\":{\"t\":4,\"ok\":1,\"errors\":0,\"p50\":1,\"p99\":2},"

static void adds_up(void)
{
    struct error err;
    begin();
    put("{\"start\":{\"measure_ns\":5,\"end_ns\":9}}\n");
    put_figures(WINDOW, 1, 10);
    put_figures(WINDOW, 2, 20);
    put_figures("", 3, 30);
    TAP_OK(take(&err), "three lines at once%s", err.text);
    TAP_OK(generator.measure_ns == 5 && generator.end_ns == 9, "… behind the start");
    TAP_OK(generator.has_window && generator.window.second == 4, "… windows among them");
    TAP_OK(generator.has_figures && generator.figures.due == 60, "… all are added");
    TAP_INT(generator.figures.now.in_flight, 30, "… now is as the last says");
    generator.figures = (struct figures){.due = 0};
    generator.has_figures = false;
    put("{\"window\":{\"t\":5,\"ok\":1,\"errors\":0,\"p50\":1,\"p99\":2}}\n");
    TAP_OK(take(&err) && !generator.has_figures, "a line without figures has none");
    put_figures("", 4, 5);
    TAP_OK(take(&err) && generator.figures.due == 5, "the next ones anew");
    put("{\"result\":{},\"figures_lines\":4}\n");
    TAP_OK(take(&err) && generator.result, "all are there%s", err.text);
    end();
}

/* Cut anywhere, and read in two pieces. */
static void in_pieces(void)
{
    struct error err;
    int wrong = 0, pieces = 0;
    const struct figures figures = {.due = 7};
    json_t *json = figures_to_json(&figures, 1);
    char *text = json_dumps(json, JSON_COMPACT);
    char *line = mem_format("{\"figures\":%s}\n", text);
    for (size_t cut = 1; cut < strlen(line); cut++, pieces++) {
        begin();
        char *head = mem_copy_bytes(line, cut);
        put(head);
        wrong += !take(&err) || generator.has_figures;
        put(line + cut);
        wrong += !take(&err) || generator.figures.due != 7;
        mem_free(head);
        end();
    }
    TAP_OK(pieces > 100 && wrong == 0, "in two pieces, cut at %d places", pieces);
    mem_free(line);
    free(text);
    json_decref(json);
}

static void check_fault(const int64_t *lines, const char *last, const char *words)
{
    struct error err = {""};
    begin();
    for (; *lines; lines++)
        put_figures("", *lines, 1);
    if (last)
        put(last);
    TAP_OK(!take(&err) && strstr(err.text, words), "%s", err.text);
    end();
}

static void lost(void)
{
    check_fault((const int64_t[]){2, 0}, NULL, "line 2 of the live figures came where 1");
    check_fault((const int64_t[]){1, 2, 4, 0}, NULL, "line 4 of the live figures");
    check_fault((const int64_t[]){1, 1, 0}, NULL, "line 1 of the live figures");
    check_fault((const int64_t[]){1, 2, 0}, "{\"result\":{},\"figures_lines\":3}\n",
                "1 of 3 lines of the generator's live figures are missing");
    check_fault((const int64_t[]){0}, "{\"result\":{},\"figures_lines\":2}\n",
                "2 of 2 lines");
    check_fault((const int64_t[]){1, 0}, "{\"figures\":{}}\n",
                "cannot be added up: figures: ");
    check_fault((const int64_t[]){1, 0}, "{\"else\":{}}\n", "a line that is not its own");
    check_fault((const int64_t[]){1, 0}, "else\n", "a line that is not its own: else");
}

/* What a race without --metrics reads. */
static void not_asked(void)
{
    struct error err;
    begin();
    put("{\"start\":{\"measure_ns\":5,\"end_ns\":9}}\n{\"result\":{}}\n");
    TAP_OK(take(&err) && generator.result && !generator.has_figures,
           "no figures at all%s", err.text);
    end();
}

int main(void)
{
    adds_up();
    in_pieces();
    lost();
    not_asked();
    return tap_done();
}
