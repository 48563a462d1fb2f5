/* dragstrip doctor: what on this machine will spoil a measurement, and how to mend it. */
#include "cmd/cmd.h"

#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/buf.h"
#include "report/text.h"
#include "run/doctor.h"
#include "sys/terminal.h"

static const char usage[] =
    "usage: dragstrip doctor\n"
    "\n"
    "Looks at this machine for a second and says what will spoil a measurement, what it\n"
    "does to it, and the command that mends it.\n"
    "\n"
    "Exit codes: 0 looked, 2 usage, 130 interrupted.\n";

enum { WIDTH = 80, LABEL = 24, PAGE_MAX = 16384 };

static const char *mark_of(enum doctor_level level)
{
    static const char *const marks[] = {
        [DOCTOR_GOOD] = "ok   ", [DOCTOR_UNKNOWN] = "?    ", [DOCTOR_BAD] = "MEND "};
    return marks[level];
}

static void print_finding(const struct doctor_finding *finding, bool colour,
                          struct buf *out)
{
    bool bad = finding->level == DOCTOR_BAD;
    buf_format(out, "%s%s%s", bad && colour ? "\033[31m" : "", mark_of(finding->level),
               bad && colour ? "\033[0m" : "");
    text_left(out, finding->what, LABEL);
    text_wrap(out, finding->found, WIDTH, 5 + LABEL, 5 + LABEL);
    if (!bad)
        return;
    buf_add_repeated(out, ' ', 7);
    text_wrap(out, finding->effect, WIDTH, 7, 7);
    buf_add_text(out, "       → ");
    text_wrap(out, finding->remedy, WIDTH, 9, 9);
}

int cmd_doctor(int argc, char **argv)
{
    struct doctor_facts facts;
    struct doctor_finding findings[DOCTOR_FINDINGS_MAX];
    struct buf page;
    if (argc == 2 && (strcmp(argv[1], "--help") == 0 || strcmp(argv[1], "-h") == 0))
        return cmd_print(usage) ? EXIT_PASS : EXIT_BROKEN;
    if (argc > 1)
        return cmd_fail(EXIT_USAGE, "doctor takes no arguments; see --help");
    atomic_int *stop = cmd_watch_signals();
    doctor_look(&facts, stop);
    if (atomic_load(stop) != STOP_NOT)
        return cmd_fail(EXIT_INTERRUPTED, "interrupted");
    buf_init(&page, PAGE_MAX);
    int count = doctor_judge(&facts, findings);
    for (int i = 0; i < count; i++)
        print_finding(&findings[i], terminal_has_colour(STDOUT_FILENO), &page);
    bool printed = cmd_print(buf_text(&page));
    buf_fini(&page);
    return printed ? EXIT_PASS : EXIT_BROKEN;
}
