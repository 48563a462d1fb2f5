/* dragstrip report: a race that is over, told again from its result.json. */
#include "cmd/cmd.h"

#include <getopt.h>
#include <string.h>
#include <unistd.h>

#include "base/mem.h"
#include "report/markdown.h"
#include "report/term.h"
#include "sys/file.h"
#include "sys/terminal.h"

static const char usage[] =
    "usage: dragstrip report RESULT [-f FORMAT] [-o FILE]\n"
    "\n"
    "Computes the comparisons of a race again from its result.json and prints them; "
    "RESULT\n"
    "is that file or the race's folder.\n"
    "\n"
    "  -f, --format FORMAT  term, markdown, or json: result.json with its comparisons "
    "(term)\n"
    "  -o, --output FILE    there instead of to standard output\n"
    "  -h, --help           this text\n"
    "\n"
    "Exit codes: 0 printed, 1 it could not be written, 2 usage, or no result of a "
    "race.\n";

enum { RESULT_MAX = 1 << 30, REPORT_MAX = 64 << 20 };

struct report_command {
    const char *path, *format, *output;
    bool help;
};

static bool parse_options(struct report_command *command, int argc, char **argv,
                          struct error *err)
{
    static const struct option long_options[] = {{"format", required_argument, NULL, 'f'},
                                                 {"output", required_argument, NULL, 'o'},
                                                 {"help", no_argument, NULL, 'h'},
                                                 {NULL, 0, NULL, 0}};
    int option;
    optind = 1;
    while ((option = getopt_long(argc, argv, "f:o:h", long_options, NULL)) != -1) {
        if (option == 'f')
            command->format = optarg;
        else if (option == 'o')
            command->output = optarg;
        else if (option == 'h')
            command->help = true;
        else
            return error_set(err, "see dragstrip report --help");
    }
    if (!command->help && optind + 1 != argc)
        return error_set(err,
                         "exactly one result is needed; see dragstrip report --help");
    command->path = argv[optind];
    return true;
}

/* ---- formats ---- */

static void print_term(const struct result *result, const struct comparisons *found,
                       const struct report_command *command, struct buf *out)
{
    bool to_terminal = command->output == NULL;
    term_print(result, found, cmd_report_width(),
               to_terminal && terminal_has_colour(STDOUT_FILENO), out);
}

static void print_markdown(const struct result *result, const struct comparisons *found,
                           const struct report_command *command, struct buf *out)
{
    (void)command;
    markdown_print(result, found, out);
}

static void print_json(const struct result *result, const struct comparisons *found,
                       const struct report_command *command, struct buf *out)
{
    (void)found, (void)command;
    char *text = result_to_text(result);
    buf_add_text(out, text);
    mem_free(text);
}

static const struct format {
    const char *name;
    void (*print)(const struct result *result, const struct comparisons *found,
                  const struct report_command *command, struct buf *out);
} formats[] = {{"term", print_term}, {"markdown", print_markdown}, {"json", print_json}};

enum { FORMATS = sizeof(formats) / sizeof(formats[0]) };

static const struct format *find_format(const char *name, struct error *err)
{
    for (size_t i = 0; i < FORMATS; i++) {
        if (strcmp(name, formats[i].name) == 0)
            return &formats[i];
    }
    error_set(err, "there is no format '%s'; there are term, markdown and json", name);
    return NULL;
}

/* ---- reading and writing ---- */

static bool read_result(const char *path, struct result *out, struct error *err)
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

static int deliver(const struct report_command *command, const struct buf *text)
{
    struct error err;
    if (text->overflow)
        return cmd_fail(EXIT_BROKEN, "the report is larger than %d MiB",
                        REPORT_MAX >> 20);
    if (!command->output)
        return cmd_print(buf_text(text)) ? EXIT_PASS : EXIT_BROKEN;
    return file_write_atomic(command->output, buf_str(text), &err)
               ? EXIT_PASS
               : cmd_fail(EXIT_BROKEN, "%s", err.text);
}

static int report(const struct report_command *command)
{
    struct result result;
    struct comparisons found;
    struct buf text;
    struct error err;
    const struct format *format =
        find_format(command->format ? command->format : "term", &err);
    if (!format || !read_result(command->path, &result, &err))
        return cmd_fail(EXIT_USAGE, "%s", err.text);
    buf_init(&text, REPORT_MAX);
    compare_result(&result, &found);
    format->print(&result, &found, command, &text);
    int code = deliver(command, &text);
    comparisons_fini(&found);
    result_fini(&result);
    buf_fini(&text);
    return code;
}

int cmd_report(int argc, char **argv)
{
    struct report_command command = {.path = NULL};
    struct error err;
    if (!parse_options(&command, argc, argv, &err))
        return cmd_fail(EXIT_USAGE, "%s", err.text);
    if (command.help)
        return cmd_print(usage) ? EXIT_PASS : EXIT_BROKEN;
    return report(&command);
}
