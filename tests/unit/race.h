/*
 * race: made-up races for the tests of result and report. Every value is a base times a
 * factor of the service, an effect of the block that all services share, and noise; all
 * from a hash, rounded, so that files made from them are the same everywhere.
 */
#ifndef DRAGSTRIP_TESTS_RACE_H
#define DRAGSTRIP_TESTS_RACE_H

#include "base/mem.h"
#include "result/compare.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const double race_bases[METRICS] = {
    [METRIC_P50] = 183e3,        [METRIC_P90] = 250e3,  [METRIC_P95] = 320e3,
    [METRIC_P99] = 900e3,        [METRIC_P999] = 2.4e6, [METRIC_MAX] = 8e6,
    [METRIC_THROUGHPUT] = 20000, [METRIC_CPU] = 31,     [METRIC_RSS] = 3.2e6,
    [METRIC_COLD_START] = 12e6,  [METRIC_DRAIN] = 3e6,
};

/* Uniform with mean 0 and standard deviation 1. */
static inline double race_noise(unsigned a, unsigned b, unsigned c)
{
    uint64_t z = a * UINT64_C(0x9e3779b97f4a7c15) + b * UINT64_C(0xbf58476d1ce4e5b9) +
                 c * UINT64_C(0x94d049bb133111eb) + 12345;
    for (int i = 0; i < 3; i++) {
        z ^= z >> 30;
        z *= UINT64_C(0xbf58476d1ce4e5b9);
        z ^= z >> 27;
    }
    return ((double)(z >> 11) * 0x1p-53 - .5) * 3.4641016151377544;
}

static inline void race_set(struct trial *trial, enum metric metric, double value)
{
    switch (metric) {
    case METRIC_MAX:
        trial->load.latency.max = round(value);
        break;
    case METRIC_THROUGHPUT:
        trial->load.achieved_rate = trial->load.goodput = round(value * 10) / 10;
        break;
    case METRIC_CPU:
        trial->cpu_us_per_request = round(value * 1000) / 1000;
        break;
    case METRIC_RSS:
        trial->rss_peak_bytes = round(value);
        break;
    case METRIC_COLD_START:
        trial->cold_start_ns = round(value);
        break;
    case METRIC_DRAIN:
        trial->drain_ns = round(value);
        break;
    case METRIC_P50:
    case METRIC_P90:
    case METRIC_P95:
    case METRIC_P99:
    case METRIC_P999:
    case METRICS:
        trial->load.latency.p[metric_infos[metric].percentile] = round(value);
        trial->load.less_lag.p[metric_infos[metric].percentile] = round(value * .98);
        break;
    }
}

static inline struct trial *race_trial(struct result *race, int block, int service)
{
    return &race->trials[(block - 1) * race->service_count + service];
}

/* Sets a metric of a service in all blocks: base * factor, noise of this spread. */
static inline void race_vary(struct result *race, int service, enum metric metric,
                             double factor, double spread)
{
    for (int block = 1; block <= race->blocks_planned; block++) {
        double effect = .1 * race_noise(block, 99, metric);
        double noise = spread * race_noise(block, service, metric);
        if (metric == METRIC_THROUGHPUT || metric == METRIC_RSS)
            effect = 0;
        race_set(race_trial(race, block, service), metric,
                 race_bases[metric] * factor * exp(effect + noise));
    }
}

static inline struct load_summary race_summary(double p50)
{
    struct load_summary summary = {.count = 200000, .mean = p50 * 1.25, .max = p50 * 40};
    static const double factors[] = {1, 2, 3, 5, 13, 30};
    for (int i = 0; i < LOAD_PERCENTILES; i++) {
        summary.p[i] = p50 * factors[i];
        summary.k_eff[i] = (double)NAN;
    }
    return summary;
}

static inline void race_load(struct load_result *load)
{
    static const double k_eff[] = {90000, 18000, 9000, 1800, 180, 8};
    *load = (struct load_result){.target = mem_copy_text("http://127.0.0.1:18080/echo"),
                                 .arrivals = mem_copy_text("poisson"),
                                 .seed = UINT64_C(0xfedcba9876543210),
                                 .offered_rate = 20000,
                                 .achieved_rate = 19998.7,
                                 .goodput = 19998.7,
                                 .duration_ns = 10000000000,
                                 .timeout_ns = 5000000000,
                                 .errors_above_ns = 5000000000,
                                 .connections = 64,
                                 .threads = 1,
                                 .due = 200000,
                                 .sent = 200000,
                                 .ok = 200000,
                                 .expired_waiting = 0,
                                 .backlog = {3, 2, 4},
                                 .arrival_check = {4000, .71, .55, .011},
                                 .level = {.61, .12, false, .02},
                                 .bytes_received = 409600000,
                                 .cpu_seconds = 4.25,
                                 .spin_seconds = 1.5,
                                 .cpu_share = .425,
                                 .max_rss_bytes = 12582912,
                                 .peak_in_flight = 37};
    load->latency = race_summary(183000);
    for (int i = 0; i < LOAD_PERCENTILES; i++)
        load->latency.k_eff[i] = k_eff[i];
    load->service_time = race_summary(150000);
    load->wait = (struct load_summary){.mean = (double)NAN, .max = (double)NAN};
    for (int i = 0; i < LOAD_PERCENTILES; i++)
        load->wait.p[i] = load->wait.k_eff[i] = (double)NAN;
    load->lag = race_summary(2100.4);
    load->first_byte = race_summary(148000);
    load->less_lag = race_summary(181000);
}

static inline void race_machine(struct result_machine *machine)
{
    *machine = (struct result_machine){.cpu_model = "Made-up CPU 3000",
                                       .kernel = "Linux 6.1.0",
                                       .governor = "performance",
                                       .congestion_control = "cubic",
                                       .clock_source = "tsc",
                                       .mitigations = "8 mitigated, 0 vulnerable",
                                       .cpus_allowed = 4,
                                       .memory_bytes = 8589934592,
                                       .load_1min = .25,
                                       .service_cpus = "2",
                                       .generator_cpus = "3"};
}

static inline void race_fill_trial(struct trial *trial, int block, int position,
                                   int service)
{
    *trial = (struct trial){.block = block,
                            .position = position,
                            .service = service,
                            .attempt = 1,
                            .ready = true,
                            .machine = {.others_share = .004,
                                        .wait_share = .012,
                                        .pressure_share = .02,
                                        .throttled_share = 0,
                                        .throttle_events = (double)NAN,
                                        .speed_before = .72,
                                        .speed_after = .715,
                                        .frequency_hz = (double)NAN,
                                        .congestion_control = "cubic"},
                            .answers = mem_new(1, sizeof(*trial->answers)),
                            .answer_count = 1,
                            .seed = 1000 + (uint64_t)block,
                            .started_unix = 1700000000.5 + 60 * block,
                            .cpu_seconds = 6.25,
                            .rss_end_bytes = 3100000,
                            .switches_voluntary = 120000,
                            .switches_involuntary = 450,
                            .processes = 1};
    trial->answers[0] = (struct answer){
        200, 2048, "abcdefabcdefabcdefabcdefabcdefabcdefabcdefabcdefabcdefabcdefabcd"};
    race_load(&trial->load);
}

/* All services alike up to noise of `spread`; the first is the baseline. */
static inline void race_new(struct result *race, int services, int blocks, double spread)
{
    static const char *const names[] = {"c-echo", "go-echo", "rust-echo", "zig-echo"};
    *race = (struct result){
        .name = mem_copy_text("echo"),
        .title = mem_copy_text("Echo in three languages"),
        .plan_text = mem_copy_text("name: echo\n"),
        .plan_hash = "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef",
        .seed = 7,
        .version = mem_copy_text("0.1.0"),
        .blocks_planned = blocks,
        .params = {20000, 64, 10000000000, 2000000000, "poisson", 1024, ""},
        .margins = {.05, .10},
        .error_limit = .01,
        .steal_limit = .05,
        .others_limit = .10,
        .answers = ANSWERS_BODY,
        .service_count = services,
        .trial_count = services * blocks};
    race_machine(&race->machine);
    race->services = mem_new((size_t)services, sizeof(*race->services));
    race->rules = mem_new(RULES_MAX, sizeof(*race->rules));
    race->trials = mem_new((size_t)race->trial_count, sizeof(*race->trials));
    for (int i = 0; i < services; i++) {
        snprintf(race->services[i].name, sizeof(race->services[i].name), "%s", names[i]);
        snprintf(race->services[i].command, sizeof(race->services[i].command),
                 "build/%s --port 18080", names[i]);
    }
    for (int block = 1; block <= blocks; block++) {
        for (int i = 0; i < services; i++)
            race_fill_trial(race_trial(race, block, i), block, i + 1, i);
    }
    for (int i = 0; i < services; i++) {
        for (int metric = 0; metric < METRICS; metric++)
            race_vary(race, i, (enum metric)metric, 1,
                      metric == METRIC_THROUGHPUT ? 1e-5 : spread);
    }
}

static inline void race_rule(struct result *race, const char *text, bool required)
{
    struct error err = {""};
    if (!rule_parse(text, required, &race->rules[race->rule_count++], &err)) {
        printf("Bail out! %s\n", err.text);
        exit(1);
    }
}

/* The race of the golden files: it shows every kind of line. */
static inline void race_showcase(struct result *race)
{
    race_new(race, 4, 10, .01);
    race->services[3].skipped = true;
    snprintf(race->services[3].why, sizeof(race->services[3].why),
             "the program zig is not installed");
    for (int metric = METRIC_P50; metric <= METRIC_P999; metric++)
        race_vary(race, 1, (enum metric)metric, metric < METRIC_P99 ? 1.3 : 2.3, .05);
    race_vary(race, 1, METRIC_CPU, 4.9, .02);
    race_vary(race, 1, METRIC_RSS, 6.1, .01);
    race_vary(race, 2, METRIC_P50, 1.02, .003);
    race_vary(race, 2, METRIC_P99, .80, .05);
    race_vary(race, 2, METRIC_P999, 1.02, .25);
    race_vary(race, 2, METRIC_CPU, .9, .01);
    race->machine.cpus_shared = true;
    snprintf(race->machine.congestion_control, 8, "bbr");
    snprintf(race->machine.governor, 16, "powersave");
    race->trials[21].machine.steal_share = .031;
    for (int block = 1; block <= 10; block++) {
        for (int i = 0; i < 4; i++)
            race_trial(race, block, i)->load.latency.k_eff[LOAD_P999] = i == 1 ? 8 : 450;
        race_trial(race, block, 3)->outcome = TRIAL_SKIPPED;
    }
    struct load_result *load = &race_trial(race, 4, 1)->load;
    load->errors[LOAD_ERROR_TIMEOUT] = 10;
    load->errors[LOAD_ERROR_RESET] = 2;
    load->ok -= 12;
    load->latency.max = (double)INFINITY;
    race_trial(race, 5, 2)->drain_killed = true;
    race_set(race_trial(race, 7, 0), METRIC_P90, 900e3);
    race_rule(race, "p99 worse by 10%", false);
    race_rule(race, "p50 not worse by 5%", true);
    race_rule(race, "p99 < 1.5ms of c-echo", true);
}

#endif
