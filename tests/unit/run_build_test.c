/*
 * A service's build step: its four outcomes, what is said of them, and that nothing that
 * the step started outlives it.
 */
#include "run/build.h"

#include <pthread.h>

#include "scratch.h"

struct built {
    enum build_outcome outcome;
    struct error err;
    char *log_path;
};

/* Runs the command as the build of a service with at most one need. */
static struct built build(const char *command, const char *need, atomic_int *stop)
{
    static atomic_int never;
    struct plan_service service = {.name = mem_copy_text("a"),
                                   .build = command ? mem_copy_text(command) : NULL};
    struct built built = {.log_path = scratch_path("build.log")};
    if (need)
        service.needs.items[service.needs.count++] = mem_copy_text(need);
    remove(built.log_path);
    built.outcome =
        build_service(&service, built.log_path, stop ? stop : &never, &built.err);
    mem_free(service.name);
    mem_free(service.build);
    mem_free(service.needs.items[0]);
    return built;
}

static void check_log(const struct built *built, const char *text, const char *what)
{
    struct buf log;
    struct error err;
    buf_init(&log, 1 << 16);
    TAP_OK(file_read(built->log_path, &log, &err), "%s: its log", what);
    TAP_TEXT(buf_text(&log), text, what);
    buf_fini(&log);
}

static void done(void)
{
    struct built built = build("echo out; echo err >&2; cat", "sh", NULL);
    TAP_INT(built.outcome, BUILD_DONE, "a good build is done");
    check_log(&built, "out\nerr\n", "both outputs, and no input");
    mem_free(built.log_path);
    built = build(NULL, NULL, NULL);
    TAP_INT(built.outcome, BUILD_DONE, "no build is done at once");
    TAP_OK(!file_exists(built.log_path), "… without a log");
    mem_free(built.log_path);
    built = build(NULL, "/bin/sh", NULL);
    TAP_INT(built.outcome, BUILD_DONE, "a need may be a path");
    mem_free(built.log_path);
    scratch_check_no_child("done");
}

static void needs_missing(void)
{
    struct built built = build("echo ran", "no-such-program-here", NULL);
    TAP_INT(built.outcome, BUILD_MISSING, "a need that is not installed");
    TAP_TEXT(built.err.text, "the program no-such-program-here is not installed",
             "… is named");
    TAP_OK(!file_exists(built.log_path), "… before anything runs");
    mem_free(built.log_path);
    built = build(NULL, "no-such-program-here", NULL);
    TAP_INT(built.outcome, BUILD_MISSING, "also without a build");
    mem_free(built.log_path);
}

static void fails(void)
{
    static const char command[] = "seq 100; echo the cause >&2; exit 3";
    struct built built = build(command, NULL, NULL);
    char *begin = mem_format("its build '%s' exited with status 3; %s ends:\n", command,
                             built.log_path);
    TAP_INT(built.outcome, BUILD_FAILED, "a build that fails");
    TAP_OK(strncmp(built.err.text, begin, strlen(begin)) == 0,
           "… with command, status and log");
    TAP_OK(strstr(built.err.text, "\n99\n100\nthe cause\n") != NULL,
           "… and the log's last lines");
    TAP_OK(!strstr(built.err.text, "\n50\n"), "… but not all of it");
    mem_free(begin);
    mem_free(built.log_path);
    built = build("kill -KILL $$", NULL, NULL);
    TAP_INT(built.outcome, BUILD_FAILED, "a build that is killed");
    TAP_OK(strstr(built.err.text, "was killed by SIGKILL") != NULL, "… by what");
    mem_free(built.log_path);
    scratch_check_no_child("fails");
}

/* Long lines: what is cut must be the beginning, the cause is at the end. */
static void fails_wordily(void)
{
    struct built built = build("for i in 1 2 3 4 5 6 7 8 9 10 11 12 13 14 15; do "
                               "printf '%0250d\\n' $i; done; echo the cause; exit 1",
                               NULL, NULL);
    TAP_INT(built.outcome, BUILD_FAILED, "a build that fails with many words");
    TAP_OK(strstr(built.err.text, "\nthe cause") != NULL, "… the last of them are told");
    mem_free(built.log_path);
}

static void no_log(void)
{
    static atomic_int never;
    char command[] = "true";
    struct error err = {""};
    struct plan_service service = {.build = command};
    char *path = scratch_path("none/build.log");
    TAP_INT(build_service(&service, path, &never, &err), BUILD_FAILED,
            "a log that cannot be written fails the build");
    TAP_OK(strstr(err.text, path) != NULL, "… and is named");
    mem_free(path);
}

/* A build may leave something running; a race must not. */
static void leaves_nothing(void)
{
    struct built built = build("sleep 60 & echo started", NULL, NULL);
    TAP_INT(built.outcome, BUILD_DONE, "a build with a process in the background");
    check_log(&built, "started\n", "background");
    mem_free(built.log_path);
    scratch_check_no_child("background");
}

struct stopper {
    atomic_int stop;
    int pid; /* of what the build started */
};

static void *stop_later(void *argument)
{
    struct stopper *stopper = argument;
    stopper->pid = scratch_wait_number("pid");
    stopper->stop = true;
    return NULL;
}

/* The background process ignores SIGTERM, as a compiler's server might. */
static void interrupted(void)
{
    struct stopper stopper = {.pid = 0};
    pthread_t thread;
    char *command =
        mem_format("sh -c 'trap \"\" TERM; echo $$ > %s/pid; exec sleep 60' & "
                   "wait",
                   scratch_folder);
    if (pthread_create(&thread, NULL, stop_later, &stopper) != 0)
        return;
    struct built built = build(command, NULL, &stopper.stop);
    pthread_join(thread, NULL);
    TAP_INT(built.outcome, BUILD_STOPPED, "a stop ends the build");
    TAP_TEXT(built.err.text, "interrupted while building", "… and is told");
    TAP_OK(stopper.pid > 0 && kill(stopper.pid, 0) != 0, "what it had started is gone");
    scratch_check_no_child("interrupted");
    mem_free(built.log_path);
    mem_free(command);
}

int main(void)
{
    scratch_init();
    done();
    needs_missing();
    fails();
    fails_wordily();
    no_log();
    leaves_nothing();
    interrupted();
    scratch_fini();
    return tap_done();
}
