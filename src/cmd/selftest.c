/* dragstrip selftest: proves the generator on this machine, against known answers. */
#include "cmd/cmd.h"

#include <getopt.h>
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "base/mem.h"
#include "run/selftest.h"
#include "sys/file.h"

static const char usage[] =
    "usage: dragstrip selftest [--quick] [--oracle PROGRAM]\n"
    "\n"
    "Loads an oracle whose answers follow a known law, and prints what should come out\n"
    "beside what did. About a minute; --quick takes a quarter of that.\n"
    "\n"
    "      --oracle PROGRAM  dragstrip-oracle (default: beside this program)\n"
    "\n"
    "Exit codes: 0 all as expected, 1 could not be run, 2 usage, 5 something was not as\n"
    "expected: measurements on this machine cannot be trusted, 130 interrupted.\n";

enum { NUMBER_BYTES = 40 };

static const char *number_text(double value, const char *unit, char out[NUMBER_BYTES])
{
    if (isnan(value))
        snprintf(out, NUMBER_BYTES, "–");
    else if (isinf(value))
        snprintf(out, NUMBER_BYTES, "beyond the time-out");
    else
        snprintf(out, NUMBER_BYTES, "%.*g%s%s", value >= 1000 ? 6 : 3, value,
                 *unit ? " " : "", unit);
    return out;
}

static void print_finding(void *context, const struct selftest_finding *finding)
{
    char expected[NUMBER_BYTES], measured[NUMBER_BYTES], line[512];
    (void)context;
    number_text(finding->expected, finding->unit, expected);
    number_text(finding->measured, finding->unit, measured);
    const char *verdict = !finding->good             ? "NOT AS EXPECTED"
                          : isnan(finding->expected) ? "(this machine's own)"
                                                     : "ok";
    snprintf(line, sizeof(line), "%-16s %-40s %-9s %20s %20s  %s\n", finding->law,
             finding->load, finding->what, isnan(finding->expected) ? "" : expected,
             measured, verdict);
    cmd_print(line);
}

/* dragstrip-oracle in the folder of this program, else wherever PATH has it. */
static char *find_oracle(void)
{
    char *own = file_own_path();
    char *slash = own ? strrchr(own, '/') : NULL;
    char *beside =
        slash ? mem_format("%.*s/dragstrip-oracle", (int)(slash - own), own) : NULL;
    mem_free(own);
    if (beside && file_is_program(beside))
        return beside;
    mem_free(beside);
    return mem_copy_text("dragstrip-oracle");
}

static int run(const char *oracle, bool quick)
{
    bool all_good;
    struct error err = {""};
    struct selftest_setup setup = {.program = CMD_OWN_PROGRAM,
                                   .oracle = oracle,
                                   .quick = quick,
                                   .stop = cmd_watch_signals(),
                                   .found = print_finding};
    char line[512];
    snprintf(line, sizeof(line), "%-16s %-40s %-9s %20s %20s\n", "oracle", "load", "",
             "expected", "measured");
    if (!cmd_print(line))
        return EXIT_BROKEN;
    bool ran = selftest_run(&setup, &all_good, &err);
    if (!ran && atomic_load(setup.stop) != STOP_NOT)
        return cmd_fail(EXIT_INTERRUPTED, "interrupted");
    if (!ran)
        return cmd_fail(EXIT_BROKEN, "%s", err.text);
    return all_good
               ? EXIT_PASS
               : cmd_fail(EXIT_INVALID, "what this machine measures differs from what "
                                        "is known; is something else running on it?");
}

int cmd_selftest(int argc, char **argv)
{
    static const struct option long_options[] = {{"quick", no_argument, NULL, 'q'},
                                                 {"oracle", required_argument, NULL, 'o'},
                                                 {"help", no_argument, NULL, 'h'},
                                                 {NULL, 0, NULL, 0}};
    bool quick = false;
    char *oracle = NULL;
    int option, code = -1;
    optind = 1;
    while (code < 0 &&
           (option = getopt_long(argc, argv, "h", long_options, NULL)) != -1) {
        if (option == 'q') {
            quick = true;
        } else if (option == 'o') {
            mem_free(oracle);
            oracle = mem_copy_text(optarg);
        } else if (option == 'h') {
            code = cmd_print(usage) ? EXIT_PASS : EXIT_BROKEN;
        } else {
            code = cmd_fail(EXIT_USAGE, "see dragstrip selftest --help");
        }
    }
    if (code < 0 && optind != argc)
        code = cmd_fail(EXIT_USAGE, "selftest takes no arguments; see --help");
    if (code < 0) {
        oracle = oracle ? oracle : find_oracle();
        code = run(oracle, quick);
    }
    mem_free(oracle);
    return code;
}
