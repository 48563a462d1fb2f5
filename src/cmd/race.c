/* dragstrip race: from a plan to a verdict. */
#include "cmd/cmd.h"

#include <getopt.h>
#include <stdio.h>
#include <unistd.h>

#include "cmd/progress.h"
#include "report/markdown.h"
#include "report/term.h"
#include "report/text.h"
#include "run/order.h"
#include "run/race.h"
#include "stats/planning.h"
#include "sys/terminal.h"

static const char usage[] =
    "usage: dragstrip race PLAN.yaml [-o DIR] [--only A,B] [--dry-run]\n"
    "\n"
    "Builds the plan's services, loads each with the same open-loop traffic in "
    "randomised\n"
    "blocks, and prints which one is faster, with confidence intervals. The folder "
    "keeps\n"
    "result.json, report.md, plan.yaml, trials/ and logs/.\n"
    "\n"
    "  -o, --output DIR   the folder (out/NAME-YYYYmmdd-HHMMSS)\n"
    "      --only A,B     these services of the plan alone, the baseline among them\n"
    "      --dry-run      prints order, length and expected precision; starts nothing\n"
    "  -h, --help         this text\n"
    "\n"
    "Exit codes: 0 measured, 1 a service or dragstrip failed, 2 usage or plan error,\n"
    "5 a measurement cannot be trusted, 130 interrupted (finished trials are kept).\n";

enum { REPORT_MAX = 1 << 20 };

struct race_command {
    const char *plan;
    const char *output, *only;
    bool dry_run;
    bool help;
};

static bool parse_options(struct race_command *command, int argc, char **argv,
                          struct error *err)
{
    static const struct option long_options[] = {{"output", required_argument, NULL, 'o'},
                                                 {"only", required_argument, NULL, 's'},
                                                 {"dry-run", no_argument, NULL, 'n'},
                                                 {"help", no_argument, NULL, 'h'},
                                                 {NULL, 0, NULL, 0}};
    int option;
    optind = 1;
    while ((option = getopt_long(argc, argv, "o:h", long_options, NULL)) != -1) {
        if (option == 'o')
            command->output = optarg;
        else if (option == 's')
            command->only = optarg;
        else if (option == 'n')
            command->dry_run = true;
        else if (option == 'h')
            command->help = true;
        else
            return error_set(err, "see dragstrip race --help");
    }
    if (!command->help && optind + 1 != argc)
        return error_set(err, "exactly one plan is needed; see dragstrip race --help");
    command->plan = argv[optind];
    return true;
}

static int exit_code_of(const struct result *result, const struct comparisons *found)
{
    bool failed = false, invalid = false;
    for (int i = 0; i < result->service_count; i++) {
        failed |= result->services[i].build_failed || found->findings[i].trials_failed;
        invalid |= found->findings[i].trials_invalid > 0;
    }
    return failed ? EXIT_BROKEN : invalid ? EXIT_INVALID : EXIT_PASS;
}

/* The same content to the terminal and to report.md; false with err. */
static bool print_reports(const struct result *result, const struct comparisons *found,
                          const struct outdir *out, struct error *err)
{
    struct buf text, page;
    buf_init(&text, REPORT_MAX);
    buf_init(&page, REPORT_MAX);
    term_print(result, found, cmd_report_width(), terminal_has_colour(STDOUT_FILENO),
               &text);
    markdown_print(result, found, &page);
    bool good = outdir_write(out, "report.md", buf_str(&page), err);
    good = (cmd_print(buf_text(&text)) ||
            error_set(err, "the report is in %s", out->path)) &&
           good;
    buf_fini(&text);
    buf_fini(&page);
    return good;
}

/* All files are written before the exit code is decided. */
static int finish(const struct result *result, const struct outdir *out, bool good,
                  const struct error *why)
{
    struct comparisons found;
    struct error err;
    if (!good)
        cmd_fail(EXIT_BROKEN, "%s", why->text);
    if (result->trial_count == 0)
        return !good ? EXIT_BROKEN
                     : cmd_fail(EXIT_INTERRUPTED,
                                "interrupted before the first trial was over");
    compare_result(result, &found);
    int code = exit_code_of(result, &found);
    if (!print_reports(result, &found, out, &err))
        code = cmd_fail(EXIT_BROKEN, "%s", err.text);
    comparisons_fini(&found);
    fprintf(stderr, "\nAll of it is in %s\n", out->path);
    if (!good)
        return EXIT_BROKEN;
    return result->partial ? EXIT_INTERRUPTED : code;
}

static int run(const struct plan *plan, const struct outdir *out)
{
    struct progress progress;
    struct result result;
    struct error err = {""};
    progress_init(&progress);
    struct race_setup setup = {.plan = plan,
                               .program = CMD_OWN_PROGRAM,
                               .version = DRAGSTRIP_VERSION,
                               .out = out,
                               .watcher = {&progress, progress_moment},
                               .stop = cmd_watch_signals()};
    bool good = race_run(&setup, &result, &err);
    progress_fini(&progress);
    int code = finish(&result, out, good, &err);
    result_fini(&result);
    return code;
}

static int race(const struct race_command *command, const struct plan *plan)
{
    struct outdir out;
    struct error err;
    if (!outdir_create(&out, command->output, plan->name, &err))
        return cmd_fail(EXIT_BROKEN, "%s", err.text);
    int code = run(plan, &out);
    outdir_fini(&out);
    return code;
}

/* ---- --dry-run ---- */

static void print_order(const struct plan *plan, struct buf *out)
{
    for (int block = 1; block <= plan->blocks; block++) {
        int order[PLAN_SERVICES_MAX];
        order_block(plan->seed, block, plan->blocks, plan->services.count, order);
        buf_format(out, "block %d:", block);
        for (int i = 0; i < plan->services.count; i++)
            buf_format(out, " %s", plan->services.items[order[i]].name);
        buf_add_text(out, "\n");
    }
}

/* How well a difference would be known, for three ways in which trials may scatter. */
static void print_precision(const struct plan *plan, struct buf *out)
{
    static const double scatters[] = {.02, .05, .10};
    struct buf sentence;
    if (plan->services.count < 2)
        return;
    if (plan->blocks < COMPARE_BLOCKS_MIN) {
        buf_format(out, "No verdict is possible: it needs %d blocks.\n",
                   COMPARE_BLOCKS_MIN);
        return;
    }
    buf_init(&sentence, REPORT_MAX);
    buf_add_text(&sentence, "The 95% interval of a ratio would reach about");
    for (size_t i = 0; i < sizeof(scatters) / sizeof(scatters[0]); i++)
        buf_format(&sentence, "%s %.1f%% to either side if trials scatter by %.0f%%",
                   i ? "," : "",
                   100 * planning_half_width((size_t)plan->blocks, scatters[i]),
                   100 * scatters[i]);
    buf_add_text(&sentence, ".");
    text_wrap(out, buf_text(&sentence), 80, 0, 0);
    buf_fini(&sentence);
}

/* A start and a stop take about a second, as race_run assumes before it knows better. */
static int print_dry_run(const struct plan *plan)
{
    struct buf out;
    int trials = plan->blocks * plan->services.count;
    double each_s = (double)(plan->load.warmup_ns + plan->load.duration_ns) / 1e9 + 1;
    buf_init(&out, REPORT_MAX);
    buf_format(&out,
               "%s: %d trials in %d blocks, about %.1f minutes after the builds; "
               "nothing was started.\n",
               plan->name, trials, plan->blocks, trials * each_s / 60);
    print_precision(plan, &out);
    buf_add_text(&out, "\n");
    print_order(plan, &out);
    bool good = cmd_print(buf_text(&out));
    buf_fini(&out);
    return good ? EXIT_PASS : EXIT_BROKEN;
}

int cmd_race(int argc, char **argv)
{
    struct race_command command = {.plan = NULL};
    struct plan plan;
    struct error err;
    if (!parse_options(&command, argc, argv, &err))
        return cmd_fail(EXIT_USAGE, "%s", err.text);
    if (command.help)
        return cmd_print(usage) ? EXIT_PASS : EXIT_BROKEN;
    if (!plan_read(command.plan, &plan, &err))
        return cmd_fail(EXIT_USAGE, "%s", err.text);
    int code;
    if (command.only && !plan_only(&plan, command.only, &err))
        code = cmd_fail(EXIT_USAGE, "%s", err.text);
    else
        code = command.dry_run ? print_dry_run(&plan) : race(&command, &plan);
    plan_fini(&plan);
    return code;
}
