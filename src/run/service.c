#include "run/service.h"

#include <math.h>

#include "base/clock.h"
#include "run/fetch.h"
#include "sys/fd.h"
#include "sys/file.h"

#define PROBE_GAP_NS (200 * NS_PER_US)
#define PROBE_TIMEOUT_NS NS_PER_S

enum { LOG_LINES = 10, LOG_BYTES = 2048, COMMAND_BYTES = 512 };

static void add_log(const struct service *service, struct error *err)
{
    struct buf tail;
    buf_init(&tail, LOG_BYTES);
    file_tail(service->log_path, LOG_LINES, &tail);
    if (tail.len > 0)
        error_set(err, "%s; its log ends:\n%s", err->text, buf_text(&tail));
    else
        error_set(err, "%s; its log is empty", err->text);
    buf_fini(&tail);
}

void service_explain_death(struct service *service, struct error *err)
{
    char how[64];
    struct buf command;
    buf_init(&command, COMMAND_BYTES);
    plan_command_text(service->plan, &command);
    error_set(err, "%s: '%s' %s", service->plan->name, buf_text(&command),
              child_describe(&service->child, how));
    buf_fini(&command);
    add_log(service, err);
}

static bool launch(struct service *service, const struct service_limits *limits,
                   struct error *err)
{
    char text[SOCK_ADDRESS_TEXT];
    const struct plan_service *plan = service->plan;
    for (int i = 0; i < service->target.address_count; i++) {
        const struct sock_address *address = &service->target.addresses[i];
        if (sock_in_use(address))
            return error_set(
                err,
                "%s: something already listens on %s; stop it, or change url and "
                "command in the plan",
                plan->name, sock_format(address, text));
    }
    int log = file_create(service->log_path, err);
    if (log < 0)
        return false;
    struct child_spec spec = {.argv = (const char *const *)plan->command.items,
                              .env = (const char *const *)plan->env.items,
                              .cpus = limits->cpus,
                              .stdin_fd = -1,
                              .stdout_fd = log,
                              .stderr_fd = log};
    bool good = child_start(&service->child, &spec, err);
    fd_close(log);
    return good || error_prefix(err, "%s: ", plan->name);
}

static bool is_ready(struct service *service, struct error *err)
{
    struct fetched answer;
    if (!fetch(&service->target, service->plan->ready, PROBE_TIMEOUT_NS, &answer, NULL,
               err))
        return false;
    return (answer.status >= 200 && answer.status < 300) ||
           error_set(err, "%s answered %d", service->plan->ready, answer.status);
}

/* The probe goes round until it answers; the first 2xx ends the cold start. */
static bool wait_ready(struct service *service, const struct service_limits *limits,
                       struct error *err)
{
    struct error why = {""};
    bool is_child = service->child.state == CHILD_RUNNING;
    int64_t from_ns = is_child ? service->child.started_ns : clock_now_ns();
    while (!is_ready(service, &why)) {
        int64_t now_ns = clock_now_ns();
        if (is_child && !child_poll(&service->child)) {
            service_explain_death(service, err);
            return error_prefix(err, "it ended before it was ready: ");
        }
        if (atomic_load(limits->stop))
            return error_set(err, "interrupted");
        if (now_ns - from_ns > limits->ready_ns) {
            error_set(err, "%s: not ready within %.3g s (%s)", service->plan->name,
                      (double)limits->ready_ns / 1e9, why.text);
            if (is_child)
                add_log(service, err);
            return false;
        }
        clock_sleep_until(now_ns + PROBE_GAP_NS);
    }
    if (is_child)
        service->cold_start_ns = (double)(clock_now_ns() - from_ns);
    return true;
}

bool service_start(struct service *service, const struct plan_service *plan,
                   const char *log_path, const struct service_limits *limits,
                   struct error *err)
{
    *service = (struct service){.plan = plan,
                                .log_path = log_path,
                                .child = {.pidfd = -1},
                                .cold_start_ns = (double)NAN,
                                .drain_ns = (double)NAN};
    if (!target_init(&service->target, plan->url, limits->reach, err))
        return false;
    bool good = plan->command.count == 0 || launch(service, limits, err);
    if (good && !wait_ready(service, limits, err)) {
        child_kill(&service->child);
        good = false;
    }
    if (!good)
        target_fini(&service->target);
    return good;
}

bool service_sample(struct service *service, struct procfs_tree *out)
{
    return child_read_tree(&service->child, out);
}

bool service_is_alive(struct service *service)
{
    return service->child.state == CHILD_NONE || child_poll(&service->child);
}

void service_stop(struct service *service, const struct service_limits *limits)
{
    int64_t from_ns = clock_now_ns();
    target_fini(&service->target);
    if (service->child.state == CHILD_NONE)
        return;
    if (service->child.state == CHILD_RUNNING) {
        if (child_terminate(&service->child, limits->stop_ns, limits->stop))
            service->drain_ns = (double)(service->child.ended_ns - from_ns);
        else
            service->killed = true;
    }
    child_kill(&service->child);
}
