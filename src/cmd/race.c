/* dragstrip race: from a plan to a verdict. */
#include "cmd/cmd.h"

#include <getopt.h>
#include <stdio.h>

#include "cmd/dry_run.h"
#include "cmd/progress.h"
#include "cmd/publish.h"
#include "run/live_race.h"
#include "run/race.h"

static const char usage[] =
    "usage: dragstrip race PLAN.yaml [-o DIR | --resume DIR] [--only A,B]\n"
    "                      [--set KEY=VALUE]... [--metrics ADDR] [--dry-run]\n"
    "\n"
    "Builds the plan's services, loads each with the same open-loop traffic in "
    "randomised\n"
    "blocks, and prints which one is faster, with confidence intervals. The folder "
    "keeps\n"
    "result.json, report.md, junit.xml, plan.yaml, trials/ and logs/.\n"
    "\n"
    "  -o, --output DIR     the folder (out/NAME-YYYYmmdd-HHMMSS)\n"
    "      --resume DIR     goes on with the race in that folder, which was cut off\n"
    "      --only A,B       these services of the plan alone, the baseline among them\n"
    "      --set KEY=VALUE  over the plan, as in load.rate=5k or design.blocks=20\n"
    "      --metrics ADDR   serves live figures for Prometheus at http://ADDR/metrics\n"
    "      --dry-run        prints order, length and expected precision; starts "
    "nothing\n"
    "  -h, --help           this text\n"
    "\n"
    "In a step of GitHub Actions the report goes into the job's summary, too.\n"
    "\n"
    "Exit codes: 0 measured, and every rule of the plan's gate holds; 1 a service or\n"
    "dragstrip failed; 2 usage or plan error; 3 a rule is proven broken; 4 a rule could\n"
    "not be decided that has to be; 5 a measurement cannot be trusted; 130 interrupted "
    "(go\n"
    "on with --resume).\n";

enum { SETTINGS_MAX = 64 };

struct race_command {
    const char *plan;
    const char *output, *only, *resume, *metrics;
    const char *settings[SETTINGS_MAX];
    int setting_count;
    bool dry_run;
    bool help;
};

static bool parse_options(struct race_command *command, int argc, char **argv,
                          struct error *err)
{
    static const struct option long_options[] = {
        {"output", required_argument, NULL, 'o'},
        {"only", required_argument, NULL, 's'},
        {"dry-run", no_argument, NULL, 'n'},
        {"resume", required_argument, NULL, 'r'},
        {"set", required_argument, NULL, 'e'},
        {"metrics", required_argument, NULL, 'm'},
        {"help", no_argument, NULL, 'h'},
        {NULL, 0, NULL, 0}};
    int option;
    optind = 1;
    while ((option = getopt_long(argc, argv, "o:h", long_options, NULL)) != -1) {
        if (option == 'o')
            command->output = optarg;
        else if (option == 's')
            command->only = optarg;
        else if (option == 'r')
            command->resume = optarg;
        else if (option == 'm')
            command->metrics = optarg;
        else if (option == 'e' && command->setting_count < SETTINGS_MAX)
            command->settings[command->setting_count++] = optarg;
        else if (option == 'e')
            return error_set(err, "more than %d --set", SETTINGS_MAX);
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
    return !command->resume || !command->output ||
           error_set(err, "--resume names the folder already; leave out -o");
}

static int exit_code_of(const struct result *result, const struct comparisons *found)
{
    bool failed = false, invalid = false;
    for (int i = 0; i < result->service_count; i++) {
        const struct service_finding *finding = &found->findings[i];
        failed |= result->services[i].build_failed || finding->trials_failed;
        invalid |= finding->trials_invalid > 0 || finding->answers_differ;
    }
    int code = cmd_gate_code(result, found);
    if (failed)
        return EXIT_BROKEN;
    return code == EXIT_PASS || code == EXIT_OPEN ? (invalid ? EXIT_INVALID : code)
                                                  : code;
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
    if (!publish_race(result, &found, out, &err))
        code = cmd_fail(EXIT_BROKEN, "%s", err.text);
    comparisons_fini(&found);
    fprintf(stderr, "\nAll of it is in %s\n", out->path);
    if (!good)
        return EXIT_BROKEN;
    return result->partial ? EXIT_INTERRUPTED : code;
}

/* Who watches the race. */
struct audience {
    struct progress progress;
    struct live_race *live; /* NULL: nobody scrapes */
};

static void on_moment(void *context, const struct race_moment *moment)
{
    struct audience *audience = context;
    progress_moment(&audience->progress, moment);
    if (audience->live)
        live_race_moment(audience->live, moment);
}

static int run(const struct plan *plan, struct outdir *out, bool resume,
               struct live_race *live, atomic_int *stop)
{
    struct audience audience = {.live = live};
    struct result result;
    struct error err = {""};
    progress_init(&audience.progress);
    struct race_setup setup = {.plan = plan,
                               .program = CMD_OWN_PROGRAM,
                               .version = DRAGSTRIP_VERSION,
                               .out = out,
                               .resume = resume,
                               .figures = live != NULL,
                               .watcher = {&audience, on_moment},
                               .stop = stop};
    bool good = race_run(&setup, &result, &err);
    progress_fini(&audience.progress);
    int code = finish(&result, out, good, &err);
    result_fini(&result);
    return code;
}

static int race_in_folder(const struct race_command *command, const struct plan *plan,
                          struct live_race *live, atomic_int *stop)
{
    struct outdir out;
    struct error err;
    bool resume = command->resume != NULL;
    if (resume && !outdir_open(&out, command->resume, &err))
        return cmd_fail(EXIT_USAGE, "%s", err.text);
    if (!resume && !outdir_create(&out, command->output, plan->name, &err))
        return cmd_fail(EXIT_BROKEN, "%s", err.text);
    int code = run(plan, &out, resume, live, stop);
    outdir_fini(&out);
    return code;
}

/* A port that cannot be had is said before there is a folder. */
static int race(const struct race_command *command, const struct plan *plan,
                atomic_int *stop)
{
    struct live_race *live = NULL;
    struct error err;
    if (command->metrics && !(live = live_race_start(command->metrics, plan, &err)))
        return cmd_fail(EXIT_BROKEN, "%s", err.text);
    int code = race_in_folder(command, plan, live, stop);
    live_race_stop(live);
    return code;
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
    atomic_int *stop = cmd_watch_signals(); /* reading a plan may take a while */
    const struct plan_settings settings = {command.settings, command.setting_count};
    if (!plan_read(command.plan, &settings, &plan, &err))
        return cmd_fail(EXIT_USAGE, "%s", err.text);
    int code;
    if ((command.only && !plan_only(&plan, command.only, &err)) ||
        !plan_add_control(&plan, &err) || !plan_check_gate(&plan, &err))
        code = cmd_fail(EXIT_USAGE, "%s", err.text);
    else
        code = command.dry_run ? dry_run_print(&plan) : race(&command, &plan, stop);
    plan_fini(&plan);
    return code;
}
