/* dragstrip compare: running services, two results of one plan, or two services of one.
 */
#include "cmd/cmd.h"

#include <getopt.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/mem.h"
#include "base/units.h"
#include "cmd/compare_urls.h"
#include "cmd/publish.h"
#include "report/markdown.h"
#include "report/term.h"
#include "report/view_versus.h"
#include "sys/terminal.h"

static const char usage[] =
    "usage: dragstrip compare URL URL … [options]\n"
    "       dragstrip compare BEFORE AFTER [-f FORMAT]\n"
    "       dragstrip compare RESULT --services BASE,OTHER [-f FORMAT]\n"
    "\n"
    "Running services by their metrics pages (http://HOST:PORT/metrics): scraped, and "
    "again\n"
    "after the window; what happened in between, side by side. One URL is read alone.\n"
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
    "Of running services:\n"
    "  -w, --window TIME    between two scrapes (30s)\n"
    "      --repeat N       N windows, one behind the other: medians, and from six on\n"
    "                       intervals (1)\n"
    "      --match L=VALUE  only series of requests whose label L is VALUE; repeatable\n"
    "      --metric K=NAME  the metric that means K: duration, requests, cpu, resident,\n"
    "                       files, gc, tasks, start; otherwise found by its usual names\n"
    "      --json FILE|-    all figures as JSON; - prints only that\n"
    "      --timeout TIME   of a scrape (5s)\n"
    "      --resolve H:P:A  address A of host H and port P; repeatable\n"
    "      --cacert FILE    the CA certificates to trust, PEM (the system's)\n"
    "  -k, --insecure       trust any certificate\n"
    "\n"
    "Exit codes: 0 printed, 1 it could not be written or a page could not be read, 2 "
    "usage,\n"
    "no result, or results that cannot be compared, 5 a service was restarted "
    "meanwhile.\n";

enum { RESOLVE_MAX = 16 };

struct compare_command {
    const char *paths[RESULT_SERVICES_MAX];
    int path_count;
    const char *services;
    bool markdown, help;
    bool has_url_options; /* that only running services have */
    struct compare_urls urls;
    const char *resolve[RESOLVE_MAX];
};

static bool take_format(struct compare_command *command, const char *name,
                        struct error *err)
{
    command->markdown = strcmp(name, "markdown") == 0;
    return command->markdown || strcmp(name, "term") == 0 ||
           error_set(err, "there is no format '%s' here; there are term and markdown",
                     name);
}

static bool take_duration(const char *flag, const char *text, int64_t *out,
                          struct error *err)
{
    return (units_parse_duration(str_of(text), out) && *out > 0) ||
           error_set(err, "%s takes a time, such as 30s, and not '%s'", flag, text);
}

static bool take_repeat(struct compare_command *command, const char *text,
                        struct error *err)
{
    uint64_t count;
    if (!str_to_u64(str_of(text), &count) || count < 1 || count > SIGNED_RANK_MAX)
        return error_set(err, "--repeat takes a number from 1 to %d, and not '%s'",
                         SIGNED_RANK_MAX, text);
    command->urls.windows = (int)count;
    return true;
}

static bool take_resolve(struct compare_command *command, const char *text,
                         struct error *err)
{
    struct target_options *target = &command->urls.target;
    if (target->resolve_count == RESOLVE_MAX)
        return error_set(err, "more than %d --resolve", RESOLVE_MAX);
    command->resolve[target->resolve_count++] = text;
    return true;
}

static bool take_option(struct compare_command *command, int option, const char *value,
                        struct error *err)
{
    struct compare_urls *urls = &command->urls;
    command->has_url_options |= strchr("sfh?", option) == NULL;
    switch (option) {
    case 's':
        command->services = value;
        return true;
    case 'f':
        return take_format(command, value, err);
    case 'h':
        return command->help = true;
    case 'w':
        return take_duration("--window", value, &urls->window_ns, err);
    case 't':
        return take_duration("--timeout", value, &urls->timeout_ns, err);
    case 'r':
        return take_repeat(command, value, err);
    case 'm':
        return compare_urls_match(&urls->rules, value, err);
    case 'M':
        return compare_urls_metric(&urls->rules, value, err);
    case 'j':
        urls->json_path = value;
        return true;
    case 'R':
        return take_resolve(command, value, err);
    case 'c':
        urls->target.ca_file = value;
        return true;
    case 'k':
        return urls->target.insecure = true;
    default:
        return error_set(err, "see dragstrip compare --help");
    }
}

static bool is_url(const char *text)
{
    return strncmp(text, "http://", 7) == 0 || strncmp(text, "https://", 8) == 0;
}

static int count_urls(const struct compare_command *command)
{
    int count = 0;
    for (int i = 0; i < command->path_count; i++)
        count += is_url(command->paths[i]);
    return count;
}

/* One URL or more, and nothing but URLs. */
static bool compares_urls(const struct compare_command *command)
{
    return command->path_count > 0 && count_urls(command) == command->path_count &&
           !command->services;
}

static bool check_paths(const struct compare_command *command, struct error *err)
{
    int wanted = command->services ? 1 : 2;
    if (command->help || compares_urls(command))
        return true;
    if (count_urls(command) > 0)
        return error_set(err, "running services are not compared with results: give "
                              "URLs of metrics pages only, or none");
    if (command->has_url_options && command->path_count > 0)
        return error_set(err, "of results only --services and --format are taken: the "
                              "other options are for URLs of metrics pages");
    if (command->path_count == wanted)
        return true;
    return error_set(err, "%s; see dragstrip compare --help",
                     wanted == 1 ? "with --services one result is needed"
                                 : "URLs of metrics pages are needed, or two results, or "
                                   "one and --services");
}

static bool parse_options(struct compare_command *command, int argc, char **argv,
                          struct error *err)
{
    static const struct option long_options[] = {
        {"services", required_argument, NULL, 's'},
        {"format", required_argument, NULL, 'f'},
        {"window", required_argument, NULL, 'w'},
        {"repeat", required_argument, NULL, 'r'},
        {"match", required_argument, NULL, 'm'},
        {"metric", required_argument, NULL, 'M'},
        {"json", required_argument, NULL, 'j'},
        {"timeout", required_argument, NULL, 't'},
        {"resolve", required_argument, NULL, 'R'},
        {"cacert", required_argument, NULL, 'c'},
        {"insecure", no_argument, NULL, 'k'},
        {"help", no_argument, NULL, 'h'},
        {NULL, 0, NULL, 0}};
    int option;
    optind = 1;
    while ((option = getopt_long(argc, argv, "f:w:kh", long_options, NULL)) != -1) {
        if (!take_option(command, option, optarg, err))
            return false;
    }
    if (argc - optind > RESULT_SERVICES_MAX)
        return error_set(err, "more than %d services or results", RESULT_SERVICES_MAX);
    while (optind < argc)
        command->paths[command->path_count++] = argv[optind++];
    return check_paths(command, err);
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

/* ---- running services ---- */

static int compare_running(struct compare_command *command)
{
    struct compare_urls *urls = &command->urls;
    struct view view;
    struct buf text;
    bool has_view;
    for (int i = 0; i < command->path_count; i++)
        urls->urls[urls->url_count++] = command->paths[i];
    urls->target.resolve = command->resolve;
    int code = compare_urls_run(urls, &view, &has_view);
    if (!has_view)
        return code;
    buf_init(&text, PUBLISH_MAX);
    print_view(command, &view, &text);
    int delivered = deliver(&text);
    view_fini(&view);
    buf_fini(&text);
    return delivered == EXIT_PASS ? code : delivered;
}

int cmd_compare(int argc, char **argv)
{
    struct compare_command command = {
        .urls = {.window_ns = 30 * NS_PER_S, .timeout_ns = 5 * NS_PER_S, .windows = 1}};
    struct error err;
    if (!parse_options(&command, argc, argv, &err))
        return cmd_fail(EXIT_USAGE, "%s", err.text);
    if (command.help)
        return cmd_print(usage) ? EXIT_PASS : EXIT_BROKEN;
    if (compares_urls(&command))
        return compare_running(&command);
    return command.services ? compare_services(&command) : compare_results(&command);
}
