/*
 * The rows are a table: law, load, and what must come out. Tolerances are those of the
 * sample, not of the machine: queues at 80 % load move slowly, so their means of some ten
 * seconds scatter by several per cent.
 */
#include "run/selftest.h"

#include <math.h>
#include <stdio.h>

#include "base/clock.h"
#include "base/mem.h"
#include "run/generator.h"
#include "run/service.h"
#include "sys/cpu.h"
#include "sys/fd.h"

enum { CHECKS_MAX = 3, PORT_TEXT = 32 };

#define END_GRACE_NS (10 * NS_PER_S)

/* What is looked at, in the unit in which it is printed. */
static double p50_ms(const struct load_result *r)
{
    return r->latency.p[LOAD_P50] / 1e6;
}

static double p95_ms(const struct load_result *r)
{
    return r->latency.p[LOAD_P95] / 1e6;
}

static double p99_ms(const struct load_result *r)
{
    return r->latency.p[LOAD_P99] / 1e6;
}

static double mean_ms(const struct load_result *r)
{
    return r->latency.mean / 1e6;
}

static double lag_p50_ms(const struct load_result *r)
{
    return r->lag.p[LOAD_P50] / 1e6;
}

static double lag_p99_ms(const struct load_result *r)
{
    return r->lag.p[LOAD_P99] / 1e6;
}

static double errors_percent(const struct load_result *r)
{
    return 100 * (double)load_result_errors(r) / (double)r->due;
}

static double due_count(const struct load_result *r)
{
    return (double)r->due;
}

static double answered_percent(const struct load_result *r)
{
    return 100 * (double)r->ok / (double)r->due;
}

struct check {
    const char *what, *unit;
    double (*get)(const struct load_result *result);
    double expected, low, high;
};

struct row {
    const char *law, *load, *rate;
    enum arrivals arrivals;
    int connections, threads;
    int64_t warmup_ns, duration_ns, timeout_ns;
    bool quick;
    struct check checks[CHECKS_MAX];
};

#define S NS_PER_S
#define SHOWN (double)NAN, 0, (double)INFINITY

static const struct row rows[] = {
    {"null",
     "2,000/s",
     "2k",
     ARRIVALS_POISSON,
     64,
     1,
     S,
     2 * S,
     S,
     true,
     {{"p50", "ms", p50_ms, SHOWN},
      {"lag p50", "ms", lag_p50_ms, SHOWN},
      {"lag p99", "ms", lag_p99_ms, SHOWN}}},
    {"fixed:2ms",
     "1,000/s",
     "1k",
     ARRIVALS_POISSON,
     64,
     1,
     S,
     2 * S,
     S,
     true,
     {{"p50", "ms", p50_ms, 2, 2, 2.5}}},
    /* p_q = S - (1-q) P, plus what the machine adds */
    {"stall:200ms,2s",
     "1,000/s, constant",
     "1k",
     ARRIVALS_CONSTANT,
     300,
     1,
     0,
     6 * S,
     5 * S,
     true,
     {{"p95", "ms", p95_ms, 100, 95, 110}, {"p99", "ms", p99_ms, 180, 175, 190}}},
    /* M/M/1 at 80 %: sojourn exponential, mean 1 ms */
    {"mm1:200us",
     "4,000/s Poisson, 80 % busy",
     "4k",
     ARRIVALS_POISSON,
     400,
     1,
     S,
     10 * S,
     5 * S,
     false,
     {{"mean", "ms", mean_ms, 1.0, .75, 1.35}, {"p99", "ms", p99_ms, 4.6, 3.2, 6.6}}},
    /* M/D/1 at 80 %: mean 3 service times (Pollaczek-Khinchine) */
    {"md1:200us",
     "4,000/s Poisson, 80 % busy",
     "4k",
     ARRIVALS_POISSON,
     400,
     1,
     S,
     10 * S,
     5 * S,
     false,
     {{"mean", "ms", mean_ms, .6, .5, .8}}},
    /* A schedule sliced by connection would give a p99 of 51 ms. */
    {"slow:100ms,0.7%",
     "2,000/s over 100 connections",
     "2k",
     ARRIVALS_POISSON,
     100,
     1,
     S,
     5 * S,
     5 * S,
     false,
     {{"p99", "ms", p99_ms, 1, 0, 3}}},
    {"errors:10%",
     "1,000/s",
     "1k",
     ARRIVALS_POISSON,
     64,
     1,
     S,
     3 * S,
     S,
     true,
     {{"errors", "%", errors_percent, 10, 7, 13}, {"p50", "ms", p50_ms, 0, 0, 1}}},
    {"slow:3s,3%",
     "1,000/s, time-out 2 s",
     "1k",
     ARRIVALS_POISSON,
     200,
     1,
     0,
     5 * S,
     2 * S,
     false,
     {{"p99", "ms", p99_ms, (double)INFINITY, (double)INFINITY, (double)INFINITY},
      {"errors", "%", errors_percent, 3, 2, 4}}},
    {"fixed:3s",
     "20/s for 1 s: answered after the end",
     "20",
     ARRIVALS_CONSTANT,
     64,
     1,
     0,
     S,
     5 * S,
     true,
     {{"answered", "%", answered_percent, 100, 100, 100},
      {"p50", "ms", p50_ms, 3000, 3000, 3100}}},
    {"null",
     "333,333/s over 2 threads, 5 connections",
     "333333",
     ARRIVALS_CONSTANT,
     5,
     2,
     0,
     S,
     S,
     false,
     {{"due", "", due_count, 333333, 333300, 333366}}},
};

enum { ROWS = sizeof(rows) / sizeof(rows[0]) };

/* ---- one row ---- */

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
                        const struct row *row, struct plan_service *out)
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

static bool follow(struct generator *generator, atomic_int *stop, struct error *err)
{
    while (!generator->over) {
        if (!generator_read(generator, clock_now_ns() + NS_PER_S / 10, err))
            return false;
        if (atomic_load(stop) != STOP_NOT)
            return error_set(err, "interrupted");
    }
    return generator_finish(generator, clock_now_ns() + END_GRACE_NS, err);
}

static bool load(const struct selftest_setup *setup, const struct stage *stage,
                 const struct row *row, struct load_result *out, struct error *err)
{
    struct generator generator;
    struct generate_spec spec = {.url = stage->url,
                                 .rate = row->rate,
                                 .arrivals = row->arrivals,
                                 .connections = row->connections,
                                 .threads = row->threads,
                                 .warmup_ns = row->warmup_ns,
                                 .duration_ns = row->duration_ns,
                                 .timeout_ns = row->timeout_ns,
                                 .seed = 1,
                                 .cpus = stage->generator_cpus,
                                 .spin = !stage->cpus.shared};
    bool good =
        generator_start(&generator, setup->program, &spec, &stage->cpus.generator, err) &&
        follow(&generator, setup->stop, err) &&
        load_result_from_json(generator.result, out, err);
    generator_fini(&generator);
    return good;
}

/* Tells what was found; false when something is not as it should be. */
static bool judge(const struct selftest_setup *setup, const struct row *row,
                  const struct load_result *result)
{
    bool all_good = true;
    for (int i = 0; i < CHECKS_MAX && row->checks[i].what; i++) {
        const struct check *check = &row->checks[i];
        struct selftest_finding finding = {.law = row->law,
                                           .load = row->load,
                                           .what = check->what,
                                           .unit = check->unit,
                                           .expected = check->expected,
                                           .low = check->low,
                                           .high = check->high,
                                           .measured = check->get(result)};
        finding.good = finding.measured >= check->low && finding.measured <= check->high;
        all_good &= finding.good;
        setup->found(setup->context, &finding);
    }
    return all_good;
}

static bool run_row(const struct selftest_setup *setup, struct stage *stage,
                    const struct row *row, bool *good, struct error *err)
{
    struct plan_service plan;
    struct service service;
    struct load_result result = {0};
    const struct service_limits limits = {.ready_ns = 5 * NS_PER_S,
                                          .stop_ns = 5 * NS_PER_S,
                                          .stop = setup->stop,
                                          .cpus = &stage->cpus.service};
    if (!find_port(stage, err))
        return false;
    plan_oracle(setup, stage, row, &plan);
    bool ran = service_start(&service, &plan, "/dev/null", &limits, err);
    if (ran) {
        ran = load(setup, stage, row, &result, err);
        service_stop(&service, &limits);
    }
    if (ran)
        *good = judge(setup, row, &result) && *good;
    load_result_fini(&result);
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
    for (size_t i = 0; ran && i < ROWS; i++) {
        if (rows[i].quick || !setup->quick)
            ran = run_row(setup, &stage, &rows[i], all_good, err);
    }
    return ran;
}
