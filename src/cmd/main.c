#include "cmd/cmd.h"

#include <errno.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/mem.h"
#include "base/str.h"
#include "sys/file.h"
#include "sys/terminal.h"

static const struct subcommand {
    const char *name;
    int (*run)(int argc, char **argv);
    const char *summary;
} subcommands[] = {
    {"race", cmd_race, "race the services of a plan and print a verdict"},
    {"compare", cmd_compare, "compare two results of one plan, or two services of one"},
    {"gate", cmd_gate, "apply rules to the result of a race; the exit code answers"},
    {"report", cmd_report, "print the report of a race again, from its result.json"},
    {"selftest", cmd_selftest,
     "prove the generator on this machine against known answers"},
    {"doctor", cmd_doctor, "say what on this machine will spoil a measurement"},
    {"load", cmd_load, "send open-loop load to one URL and measure it"},
};

enum { SUBCOMMANDS = sizeof(subcommands) / sizeof(subcommands[0]) };

/* The one mutable global of the tool: a signal handler has nothing else to write to. */
static atomic_int stop_asked;

/* The third signal is for a program that does not obey. */
static void on_signal(int signal_number)
{
    if (atomic_fetch_add(&stop_asked, 1) >= STOP_NOW)
        _exit(128 + signal_number);
}

atomic_int *cmd_watch_signals(void)
{
    struct sigaction action = {.sa_handler = on_signal};
    sigaction(SIGINT, &action, NULL);
    sigaction(SIGTERM, &action, NULL);
    sigaction(SIGHUP, &action, NULL); /* a terminal that goes away */
    sigaction(SIGQUIT, &action, NULL);
    signal(SIGPIPE, SIG_IGN);
    return &stop_asked;
}

int cmd_fail(int code, const char *format, ...)
{
    va_list args;
    va_start(args, format);
    fputs("dragstrip: ", stderr);
    vfprintf(stderr, format, args);
    fputc('\n', stderr);
    va_end(args);
    return code;
}

bool cmd_print(const char *text)
{
    if (fputs(text, stdout) >= 0 && fflush(stdout) == 0)
        return true;
    cmd_fail(EXIT_BROKEN, "cannot write to standard output: %s", strerror(errno));
    return false;
}

bool cmd_write_json(json_t *json, size_t flags, const char *path, struct error *err)
{
    char *text = json_dumps(json, flags);
    bool good = strcmp(path, "-") == 0 ? cmd_print(text) && cmd_print("\n")
                                       : file_write_atomic(path, str_of(text), err);
    mem_free(text);
    json_decref(json);
    return good;
}

int cmd_report_width(void)
{
    enum { WIDE = 120, NARROW = 80 };
    int columns = terminal_columns(STDOUT_FILENO);
    return columns == 0 || columns >= WIDE ? WIDE : NARROW;
}

static void print_usage(FILE *to)
{
    fprintf(to, "usage: dragstrip COMMAND …\n\n");
    for (size_t i = 0; i < SUBCOMMANDS; i++)
        fprintf(to, "  %-8s %s\n", subcommands[i].name, subcommands[i].summary);
    fprintf(to, "\ndragstrip COMMAND --help says more; dragstrip --version.\n");
}

static const char *nearest(const char *name)
{
    const char *best = NULL;
    size_t best_distance = 3;
    for (size_t i = 0; i < SUBCOMMANDS; i++) {
        size_t distance = str_distance(str_of(name), str_of(subcommands[i].name));
        if (distance < best_distance) {
            best_distance = distance;
            best = subcommands[i].name;
        }
    }
    return best;
}

int main(int argc, char **argv)
{
    if (argc < 2) {
        print_usage(stderr);
        return EXIT_USAGE;
    }
    if (strcmp(argv[1], "--help") == 0 || strcmp(argv[1], "-h") == 0) {
        print_usage(stdout);
        return EXIT_PASS;
    }
    if (strcmp(argv[1], "--version") == 0)
        return cmd_print("dragstrip " DRAGSTRIP_VERSION "\n") ? EXIT_PASS : EXIT_BROKEN;
    for (size_t i = 0; i < SUBCOMMANDS; i++) {
        if (strcmp(argv[1], subcommands[i].name) == 0)
            return subcommands[i].run(argc - 1, argv + 1);
    }
    const char *near = nearest(argv[1]);
    return cmd_fail(EXIT_USAGE, "unknown command '%s'%s%s%s; dragstrip --help lists them",
                    argv[1], near ? "; did you mean '" : "", near ? near : "",
                    near ? "'?" : "");
}
