#include "run/selftest.h"

#include <signal.h>
#include <stdio.h>

#include "base/clock.h"
#include "base/mem.h"
#include "run/generator.h"
#include "run/selftest_rows.h"
#include "run/service.h"
#include "sys/cpu.h"
#include "sys/fd.h"
#include "sys/vitals.h"

enum { PORT_TEXT = 32, CONNECTIONS = 64 };

#define END_GRACE_NS (10 * NS_PER_S)
#define STEP_NS (20 * NS_PER_MS)

struct stage { /* where the two run */
    struct cpu_plan cpus;
    char generator_cpus[CPU_TEXT_BYTES];
    char address[PORT_TEXT], url[2 * PORT_TEXT];
};

static bool find_port(struct stage *stage, struct error *err)
{
    char text[SOCK_ADDRESS_TEXT];
    struct sock_address address;
    if (!sock_parse("127.0.0.1:0", &address, err))
        return false;
    int fd = sock_listen(&address, false, err);
    if (fd < 0)
        return false;
    fd_close(fd);
    snprintf(stage->address, sizeof(stage->address), "%s", sock_format(&address, text));
    snprintf(stage->url, sizeof(stage->url), "http://%s/", stage->address);
    return true;
}

static void plan_oracle(const struct selftest_setup *setup, const struct stage *stage,
                        const struct selftest_row *row, struct plan_service *out)
{
    const char *const words[] = {setup->oracle, "--listen", stage->address, "--law",
                                 row->law};
    *out = (struct plan_service){.name = mem_copy_text("oracle"),
                                 .url = mem_copy_text(stage->url),
                                 .ready = mem_copy_text("/healthz")};
    for (size_t i = 0; i < sizeof(words) / sizeof(words[0]); i++)
        out->command.items[out->command.count++] = mem_copy_text(words[i]);
}

static void unplan_oracle(struct plan_service *service)
{
    for (int i = 0; i < service->command.count; i++)
        mem_free(service->command.items[i]);
    mem_free(service->name);
    mem_free(service->url);
    mem_free(service->ready);
}

/* Who is stopped for a while, as a scheduler or a collector would, and when. */
struct pause {
    struct child *victim;   /* NULL: nobody */
    int64_t from_ns, to_ns; /* of the measured time */
    bool stopped;
};

static void keep_pause(struct pause *pause, const struct generator *generator)
{
    int64_t now_ns = clock_now_ns() - generator->measure_ns;
    if (!pause->victim || generator->measure_ns == 0)
        return;
    if (!pause->stopped && now_ns >= pause->from_ns) {
        child_signal(pause->victim, SIGSTOP);
        clock_sleep_until(clock_now_ns() + pause->to_ns - pause->from_ns);
        child_signal(pause->victim, SIGCONT);
        pause->stopped = true;
    }
}

static bool follow(struct generator *generator, struct pause *pause, atomic_int *stop,
                   struct error *err)
{
    while (!generator->over) {
        if (!generator_read(generator, clock_now_ns() + STEP_NS, err))
            return false;
        if (atomic_load(stop) != STOP_NOT)
            return error_set(err, "interrupted");
        keep_pause(pause, generator);
    }
    return generator_finish(generator, clock_now_ns() + END_GRACE_NS, err);
}

static bool load(const struct selftest_setup *setup, const struct stage *stage,
                 const struct selftest_row *row, struct service *service,
                 struct load_result *out, struct error *err)
{
    struct generator generator;
    struct generate_spec spec = {.url = stage->url,
                                 .rate = row->rate,
                                 .arrivals = row->arrivals,
                                 .connections =
                                     row->connections ? row->connections : CONNECTIONS,
                                 .threads = row->threads ? row->threads : 1,
                                 .warmup_ns = row->warmup_ns,
                                 .duration_ns = row->duration_ns,
                                 .timeout_ns = row->timeout_ns,
                                 .seed = 1,
                                 .cpus = stage->generator_cpus,
                                 .spin = !stage->cpus.shared};
    struct pause pause = {.victim = row->victim == STOP_SERVICE     ? &service->child
                                    : row->victim == STOP_GENERATOR ? &generator.child
                                                                    : NULL,
                          .from_ns = row->duration_ns / 4,
                          .to_ns = row->duration_ns / 4 + row->stop_ns};
    bool good =
        generator_start(&generator, setup->program, &spec, &stage->cpus.generator, err) &&
        follow(&generator, &pause, setup->stop, err) &&
        load_result_from_json(generator.result, out, err);
    generator_fini(&generator);
    return good;
}

/* Tells what was found; false when something is not as it should be. */
static bool judge(const struct selftest_setup *setup, const struct selftest_row *row,
                  const struct selftest_outcome *outcome)
{
    bool all_good = true;
    for (int i = 0; i < SELFTEST_CHECKS_MAX && row->checks[i].what; i++) {
        const struct selftest_check *check = &row->checks[i];
        struct selftest_finding finding = {.law = row->law,
                                           .load = row->load,
                                           .what = check->what,
                                           .unit = check->unit,
                                           .expected = check->expected,
                                           .low = check->low,
                                           .high = check->high,
                                           .measured = check->get(outcome)};
        finding.good = finding.measured >= check->low && finding.measured <= check->high;
        all_good &= finding.good;
        setup->found(setup->context, &finding);
    }
    return all_good;
}

static bool measure(const struct selftest_setup *setup, const struct stage *stage,
                    const struct selftest_row *row, struct service *service,
                    struct selftest_outcome *out, struct error *err)
{
    struct vitals from, to;
    bool known = vitals_read(NULL, &from);
    bool ran = load(setup, stage, row, service, &out->load, err);
    known = known && vitals_read(NULL, &to);
    out->steal_share = known ? vitals_steal_share(&from, &to) : 0;
    return ran;
}

static bool run_row(const struct selftest_setup *setup, struct stage *stage,
                    const struct selftest_row *row, bool *good, struct error *err)
{
    struct plan_service plan;
    struct service service;
    struct selftest_outcome outcome = {.steal_share = 0};
    const struct service_limits limits = {.ready_ns = 5 * NS_PER_S,
                                          .stop_ns = 5 * NS_PER_S,
                                          .stop = setup->stop,
                                          .cpus = &stage->cpus.service};
    if (!find_port(stage, err))
        return false;
    plan_oracle(setup, stage, row, &plan);
    bool ran = service_start(&service, &plan, "/dev/null", &limits, err);
    if (ran) {
        ran = measure(setup, stage, row, &service, &outcome, err);
        service_stop(&service, &limits);
    }
    if (ran)
        *good = judge(setup, row, &outcome) && *good;
    load_result_fini(&outcome.load);
    unplan_oracle(&plan);
    return ran;
}

bool selftest_run(const struct selftest_setup *setup, bool *all_good, struct error *err)
{
    struct stage stage;
    bool ran = true;
    cpu_divide(&stage.cpus);
    cpu_format(&stage.cpus.generator, stage.generator_cpus);
    *all_good = true;
    for (int i = 0; ran && i < selftest_row_count; i++) {
        const struct selftest_row *row = &selftest_rows[i];
        if (row->quick || !setup->quick)
            ran = run_row(setup, &stage, row, all_good, err);
    }
    return ran;
}
