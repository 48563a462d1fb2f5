/* dragstrip compare: two results of one plan, or two services of one result. */
#include "cmd/cmd.h"

#include <getopt.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/mem.h"
#include "cmd/publish.h"
#include "report/markdown.h"
#include "report/term.h"
#include "report/view_versus.h"
#include "sys/terminal.h"

static const char usage[] =
    "usage: dragstrip compare BEFORE AFTER [-f FORMAT]\n"
    "       dragstrip compare RESULT --services BASE,OTHER [-f FORMAT]\n"
    "\n"
    "Two results of one plan (a result.json each, or the race's folder): each service "
    "of\n"
    "the one against itself in the other, as ratios to the baseline where both raced "
    "the\n"
    "same one. No verdict: that needs both builds in one plan.\n"
    "Two services of one result: they were raced in the same blocks, so this is the "
    "race's\n"
    "own comparison, with another baseline.\n"
    "\n"
    "      --services A,B   B against A\n"
    "  -f, --format FORMAT  term or markdown (term)\n"
    "  -h, --help           this text\n"
    "\n"
    "Exit codes: 0 printed, 1 it could not be written, 2 usage, no result, or results\n"
    "that cannot be compared.\n";

struct compare_command {
    const char *paths[2];
    int path_count;
    const char *services;
    bool markdown, help;
};

static bool take_format(struct compare_command *command, const char *name,
                        struct error *err)
{
    command->markdown = strcmp(name, "markdown") == 0;
    return command->markdown || strcmp(name, "term") == 0 ||
           error_set(err, "there is no format '%s' here; there are term and markdown",
                     name);
}

static bool parse_options(struct compare_command *command, int argc, char **argv,
                          struct error *err)
{
    static const struct option long_options[] = {
        {"services", required_argument, NULL, 's'},
        {"format", required_argument, NULL, 'f'},
        {"help", no_argument, NULL, 'h'},
        {NULL, 0, NULL, 0}};
    int option;
    optind = 1;
    while ((option = getopt_long(argc, argv, "f:h", long_options, NULL)) != -1) {
        if (option == 's')
            command->services = optarg;
        else if (option == 'f' && !take_format(command, optarg, err))
            return false;
        else if (option == 'h')
            command->help = true;
        else if (option == '?')
            return error_set(err, "see dragstrip compare --help");
    }
    for (; optind < argc && command->path_count < 2; optind++)
        command->paths[command->path_count++] = argv[optind];
    int wanted = command->services ? 1 : 2;
    return command->help || (command->path_count == wanted && optind == argc) ||
           error_set(err, "%s; see dragstrip compare --help",
                     wanted == 1 ? "with --services one result is needed"
                                 : "two results are needed, or one and --services");
}

static void print_view(const struct compare_command *command, const struct view *view,
                       struct buf *out)
{
    if (out->len > 0)
        buf_add_text(out, "\n");
    if (command->markdown)
        markdown_print_view(view, out);
    else
        term_print_view(view, cmd_report_width(), terminal_has_colour(STDOUT_FILENO),
                        out);
}

static int deliver(struct buf *text)
{
    return cmd_print(buf_text(text)) ? EXIT_PASS : EXIT_BROKEN;
}

/* ---- two results ---- */

static int print_pairs(const struct compare_command *command, const struct result *before,
                       const struct result *after)
{
    struct comparisons found_before, found_after;
    struct buf text;
    int pairs = 0;
    buf_init(&text, PUBLISH_MAX);
    compare_result(before, &found_before);
    compare_result(after, &found_after);
    for (int i = 0; i < before->service_count; i++) {
        struct versus versus;
        struct view view;
        int other = versus_find(after, before->services[i].name);
        if (other < 0 || before->services[i].control)
            continue;
        const struct versus_side a = {before, &found_before, i};
        const struct versus_side b = {after, &found_after, other};
        versus_compare(&a, &b, &versus);
        view_init_versus(&view, &versus);
        print_view(command, &view, &text);
        view_fini(&view);
        pairs++;
    }
    int code = pairs ? deliver(&text)
                     : cmd_fail(EXIT_USAGE, "the two results have no service in common");
    comparisons_fini(&found_before);
    comparisons_fini(&found_after);
    buf_fini(&text);
    return code;
}

static int compare_results(const struct compare_command *command)
{
    struct result before, after;
    struct error err;
    if (!publish_read(command->paths[0], &before, &err))
        return cmd_fail(EXIT_USAGE, "%s", err.text);
    if (!publish_read(command->paths[1], &after, &err)) {
        result_fini(&before);
        return cmd_fail(EXIT_USAGE, "%s", err.text);
    }
    int code = versus_is_comparable(&before, &after, &err)
                   ? print_pairs(command, &before, &after)
                   : cmd_fail(EXIT_USAGE, "%s", err.text);
    result_fini(&before);
    result_fini(&after);
    return code;
}

/* ---- two services ---- */

/* Leaves BASE, as the baseline, and OTHER alone. */
static bool choose_services(struct result *result, const char *names, struct error *err)
{
    size_t len = strcspn(names, ",");
    char *base_name = mem_copy_bytes(names, len);
    const char *other_name = names[len] == ',' ? names + len + 1 : "";
    int base = versus_find(result, base_name), other = versus_find(result, other_name);
    bool good =
        (base >= 0 && other >= 0 && base != other) ||
        error_set(err, "--services %s does not name two services of this result", names);
    if (good)
        result_choose(result, base, other);
    mem_free(base_name);
    return good;
}

static int compare_services(const struct compare_command *command)
{
    struct result result;
    struct comparisons found;
    struct view view;
    struct buf text;
    struct error err;
    if (!publish_read(command->paths[0], &result, &err))
        return cmd_fail(EXIT_USAGE, "%s", err.text);
    if (!choose_services(&result, command->services, &err)) {
        result_fini(&result);
        return cmd_fail(EXIT_USAGE, "%s", err.text);
    }
    buf_init(&text, PUBLISH_MAX);
    compare_result(&result, &found);
    view_init(&view, &result, &found);
    print_view(command, &view, &text);
    int code = deliver(&text);
    view_fini(&view);
    comparisons_fini(&found);
    result_fini(&result);
    buf_fini(&text);
    return code;
}

int cmd_compare(int argc, char **argv)
{
    struct compare_command command = {.path_count = 0};
    struct error err;
    if (!parse_options(&command, argc, argv, &err))
        return cmd_fail(EXIT_USAGE, "%s", err.text);
    if (command.help)
        return cmd_print(usage) ? EXIT_PASS : EXIT_BROKEN;
    return command.services ? compare_services(&command) : compare_results(&command);
}
