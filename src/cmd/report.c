/* dragstrip report: a race that is over, told again from its result.json. */
#include "cmd/cmd.h"

#include <getopt.h>

#include "cmd/publish.h"
#include "sys/file.h"

static const char usage[] =
    "usage: dragstrip report RESULT [-f FORMAT] [-o FILE]\n"
    "\n"
    "Computes the comparisons of a race again from its result.json and prints them; "
    "RESULT\n"
    "is that file or the race's folder.\n"
    "\n"
    "  -o, --output FILE    there instead of to standard output\n"
    "  -f, --format FORMAT  one of\n";

static const char usage_end[] =
    "  -h, --help           this text\n"
    "\n"
    "Exit codes: 0 printed, 1 it could not be written, 2 usage, or no result of a "
    "race.\n";

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

/* ---- writing ---- */

static int deliver(const struct report_command *command, const struct buf *text)
{
    struct error err;
    if (text->overflow)
        return cmd_fail(EXIT_BROKEN, "the report is larger than %d MiB",
                        PUBLISH_MAX >> 20);
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
    const struct publish_format *format =
        publish_find(command->format ? command->format : "term", &err);
    if (!format || !publish_read(command->path, &result, &err))
        return cmd_fail(EXIT_USAGE, "%s", err.text);
    buf_init(&text, PUBLISH_MAX);
    compare_result(&result, &found);
    format->print(&result, &found, command->output == NULL, &text);
    int code = deliver(command, &text);
    comparisons_fini(&found);
    result_fini(&result);
    buf_fini(&text);
    return code;
}

static int print_usage(void)
{
    struct buf text;
    buf_init(&text, PUBLISH_MAX);
    buf_add_text(&text, usage);
    for (const struct publish_format *format = publish_formats; format->name; format++)
        buf_format(&text, "                         %-18s%s\n", format->name,
                   format->what);
    buf_add_text(&text, usage_end);
    bool good = cmd_print(buf_text(&text));
    buf_fini(&text);
    return good ? EXIT_PASS : EXIT_BROKEN;
}

int cmd_report(int argc, char **argv)
{
    struct report_command command = {.path = NULL};
    struct error err;
    if (!parse_options(&command, argc, argv, &err))
        return cmd_fail(EXIT_USAGE, "%s", err.text);
    if (command.help)
        return print_usage();
    return report(&command);
}
