/*
 * cmd: the subcommands. Each takes its own argv (argv[0] is the subcommand's name) and
 * returns the exit code of DESIGN 5. Only this room prints and decides exit codes.
 */
#ifndef DRAGSTRIP_CMD_CMD_H
#define DRAGSTRIP_CMD_CMD_H

#include "base/stop.h"
#include "result/compare.h"

enum exit_code {
    EXIT_PASS = 0,
    EXIT_BROKEN = 1,  /* the tool or a service failed */
    EXIT_USAGE = 2,   /* usage or plan error */
    EXIT_RULE = 3,    /* a rule of the gate is proven broken */
    EXIT_OPEN = 4,    /* a rule demands proof, and there is none */
    EXIT_INVALID = 5, /* the measurement cannot be trusted */
    EXIT_INTERRUPTED = 130
};

#define DRAGSTRIP_VERSION "0.1.0"

/* To start generators with: the program that runs now, even when a build replaces the
 * file meanwhile. */
#define CMD_OWN_PROGRAM "/proc/self/exe"

int cmd_compare(int argc, char **argv);
int cmd_doctor(int argc, char **argv);
int cmd_gate(int argc, char **argv);
int cmd_load(int argc, char **argv);
int cmd_race(int argc, char **argv);
int cmd_report(int argc, char **argv);
int cmd_selftest(int argc, char **argv);

/* What the gate of the result's plan says, as an exit code; without rules, EXIT_PASS. */
int cmd_gate_code(const struct result *result, const struct comparisons *found);

/* Prints "dragstrip: sentence" to stderr; returns code. */
int cmd_fail(int code, const char *format, ...) __attribute__((format(printf, 2, 3)));

/* An enum stop_level, raised by each SIGINT, SIGTERM, SIGHUP or SIGQUIT from now on. */
atomic_int *cmd_watch_signals(void);

/* Columns for the tables of a race on standard output: 120, or 80 on a terminal that is
 * narrower. A file or a pipe has no width: it gets the wide table. */
int cmd_report_width(void);

/* Writes all of text to stdout; false (with a sentence on stderr) when that fails. */
bool cmd_print(const char *text);

/* Writes a JSON document to a file, or for "-" to stdout; its reference is taken over.
 * flags as of json_dumps. */
bool cmd_write_json(json_t *json, size_t flags, const char *path, struct error *err);

#endif
