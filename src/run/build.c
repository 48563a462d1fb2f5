#include "run/build.h"

#include "base/clock.h"
#include "sys/child.h"
#include "sys/fd.h"
#include "sys/file.h"

#define LOOK_NS (100 * NS_PER_MS)
#define STOP_GRACE_NS (2 * NS_PER_S)

enum { LOG_LINES = 15, LOG_BYTES = 3072 };

static bool has_needs(const struct plan_service *service, struct error *err)
{
    for (int i = 0; i < service->needs.count; i++) {
        if (!file_is_program(service->needs.items[i]))
            return error_set(err, "the program %s is not installed",
                             service->needs.items[i]);
    }
    return true;
}

/* True when it ended by itself. */
static bool wait_for(struct child *child, atomic_int *stop)
{
    while (!child_wait(child, clock_now_ns() + LOOK_NS)) {
        if (atomic_load(stop)) {
            child_terminate(child, STOP_GRACE_NS, stop);
            return false;
        }
    }
    return true;
}

static void explain(const struct child *child, const char *command, const char *log_path,
                    struct error *err)
{
    char how[64];
    struct buf tail;
    buf_init(&tail, LOG_BYTES);
    file_tail(log_path, LOG_LINES, &tail);
    error_set(err, "its build '%s' %s; %s ends:\n%s", command, child_describe(child, how),
              log_path, buf_text(&tail));
    buf_fini(&tail);
}

enum build_outcome build_service(const struct plan_service *service, const char *log_path,
                                 atomic_int *stop, struct error *err)
{
    if (!has_needs(service, err))
        return BUILD_MISSING;
    if (!service->build)
        return BUILD_DONE;
    int log = file_create(log_path, err);
    if (log < 0)
        return BUILD_FAILED;
    const char *const argv[] = {"sh", "-c", service->build, NULL};
    struct child child = {.pidfd = -1};
    struct child_spec spec = {
        .argv = argv, .stdin_fd = -1, .stdout_fd = log, .stderr_fd = log};
    bool started = child_start(&child, &spec, err);
    fd_close(log);
    if (!started)
        return BUILD_FAILED;
    bool ended = wait_for(&child, stop);
    child_kill(&child);
    if (!ended) {
        error_set(err, "interrupted while building");
        return BUILD_STOPPED;
    }
    if (child.status == 0)
        return BUILD_DONE;
    explain(&child, service->build, log_path, err);
    return BUILD_FAILED;
}
