#include "cmd/publish.h"

#include <string.h>
#include <unistd.h>

#include "base/mem.h"
#include "cmd/cmd.h"
#include "report/bench_json.h"
#include "report/junit.h"
#include "report/markdown.h"
#include "report/term.h"
#include "sys/env.h"
#include "sys/file.h"
#include "sys/terminal.h"

enum {
    RESULT_MAX = 1 << 30,
    SUMMARY_MAX = 1 << 20 /* of a step; GitHub refuses more, and then shows nothing */
};

/* ---- formats ---- */

static void print_term(const struct result *result, const struct comparisons *found,
                       bool to_terminal, struct buf *out)
{
    term_print(result, found, cmd_report_width(),
               to_terminal && terminal_has_colour(STDOUT_FILENO), out);
}

static void print_markdown(const struct result *result, const struct comparisons *found,
                           bool to_terminal, struct buf *out)
{
    (void)to_terminal;
    markdown_print(result, found, out);
}

static void print_junit(const struct result *result, const struct comparisons *found,
                        bool to_terminal, struct buf *out)
{
    (void)to_terminal;
    junit_print(result, found, out);
}

static void print_json(const struct result *result, const struct comparisons *found,
                       bool to_terminal, struct buf *out)
{
    (void)found, (void)to_terminal;
    char *text = result_to_text(result);
    buf_add_text(out, text);
    mem_free(text);
}

static void print_benchmark_action(const struct result *result,
                                   const struct comparisons *found, bool to_terminal,
                                   struct buf *out)
{
    (void)to_terminal;
    bench_json_action(result, found, out);
}

static void print_bencher(const struct result *result, const struct comparisons *found,
                          bool to_terminal, struct buf *out)
{
    (void)to_terminal;
    bench_json_bencher(result, found, out);
}

const struct publish_format publish_formats[] = {
    {"term", "as the race printed it", print_term},
    {"markdown", "report.md", print_markdown},
    {"junit", "junit.xml, for CI servers", print_junit},
    {"json", "result.json, with its comparisons computed anew", print_json},
    {"benchmark-action", "github-action-benchmark, customSmallerIsBetter",
     print_benchmark_action},
    {"bencher", "Bencher Metric Format", print_bencher},
    {NULL, NULL, NULL}};

const struct publish_format *publish_find(const char *name, struct error *err)
{
    struct buf names;
    const struct publish_format *format = publish_formats;
    buf_init(&names, 1024);
    for (; format->name; format++) {
        if (strcmp(name, format->name) == 0)
            break;
        buf_format(&names, "%s%s", names.len ? ", " : "", format->name);
    }
    if (!format->name)
        error_set(err, "there is no format '%s'; there are %s", name, buf_text(&names));
    buf_fini(&names);
    return format->name ? format : NULL;
}

/* ---- what a race leaves behind ---- */

static bool print_report(const struct result *result, const struct comparisons *found,
                         const struct outdir *out, struct error *err)
{
    struct buf text;
    buf_init(&text, PUBLISH_MAX);
    print_term(result, found, true, &text);
    bool good =
        cmd_print(buf_text(&text)) || error_set(err, "the report is in %s", out->path);
    buf_fini(&text);
    return good;
}

static bool write_file(const struct result *result, const struct comparisons *found,
                       const char *format, const char *file, const struct outdir *out,
                       struct error *err)
{
    struct buf text;
    const struct publish_format *as = publish_find(format, err);
    buf_init(&text, PUBLISH_MAX);
    as->print(result, found, false, &text);
    bool good = outdir_write(out, file, buf_str(&text), err);
    buf_fini(&text);
    return good;
}

/* A report that does not fit beside what the step wrote before is left out: cut, its
 * table would be read as whole. What becomes of it never changes the exit code. */
static void add_summary(const struct result *result, const struct comparisons *found)
{
    const char *path = env_variable("GITHUB_STEP_SUMMARY");
    struct buf page;
    struct error err;
    if (!path)
        return;
    buf_init(&page, SUMMARY_MAX);
    markdown_print(result, found, &page);
    buf_add_text(&page, "\n");
    bool good = !page.overflow || error_set(&err, "the report is larger than a summary");
    good = good && file_append(path, buf_str(&page), SUMMARY_MAX, &err);
    buf_fini(&page);
    if (!good)
        cmd_fail(EXIT_PASS, "the job's summary (GITHUB_STEP_SUMMARY) goes without: %s",
                 err.text);
}

bool publish_race(const struct result *result, const struct comparisons *found,
                  const struct outdir *out, struct error *err)
{
    struct error each;
    bool good = true;
    const struct {
        const char *format, *file;
    } files[] = {{"markdown", "report.md"}, {"junit", "junit.xml"}};
    for (size_t i = 0; i < sizeof(files) / sizeof(files[0]); i++) {
        if (!write_file(result, found, files[i].format, files[i].file, out, &each)) {
            *err = each;
            good = false;
        }
    }
    add_summary(result, found);
    if (!print_report(result, found, out, &each)) {
        *err = each;
        good = false;
    }
    return good;
}

bool publish_read(const char *path, struct result *out, struct error *err)
{
    struct buf text;
    char *inside = mem_format("%s/result.json", path);
    const char *file = file_exists(inside) ? inside : path;
    buf_init(&text, RESULT_MAX);
    bool good = file_read(file, &text, err) &&
                (result_from_text(buf_str(&text), out, err) ||
                 error_prefix(err, "%s is no result of a race: ", file));
    buf_fini(&text);
    mem_free(inside);
    return good;
}
