#include "run/race_result.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

#include "base/mem.h"
#include "sys/digest.h"
#include "sys/env.h"
#include "sys/file.h"

enum { PROGRAM_MAX = 1 << 30 };

static void copy(char *out, size_t size, const char *text)
{
    snprintf(out, size, "%.*s", (int)size - 1, text);
}

static void fill_machine(struct result_machine *out, const struct cpu_plan *cpus)
{
    struct env_machine machine;
    char text[CPU_TEXT_BYTES];
    env_read_machine(&machine);
    *out = (struct result_machine){.cpus_allowed = machine.cpus_allowed,
                                   .memory_bytes = machine.memory_bytes,
                                   .load_1min = machine.load_1min,
                                   .cpus_shared = cpus->shared};
    copy(out->cpu_model, sizeof(out->cpu_model), machine.cpu_model);
    copy(out->kernel, sizeof(out->kernel), machine.kernel);
    copy(out->governor, sizeof(out->governor), machine.governor);
    copy(out->congestion_control, sizeof(out->congestion_control),
         machine.congestion_control);
    copy(out->clock_source, sizeof(out->clock_source), machine.clock_source);
    copy(out->mitigations, sizeof(out->mitigations), machine.mitigations);
    copy(out->service_cpus, sizeof(out->service_cpus), cpu_format(&cpus->service, text));
    copy(out->generator_cpus, sizeof(out->generator_cpus),
         cpu_format(&cpus->generator, text));
}

/* The command as typed, or the URL of a service that runs already. */
static void fill_service(struct result_service *out, const struct plan_service *plan)
{
    struct buf command;
    buf_init(&command, sizeof(out->command) - 1);
    plan_command_text(plan, &command);
    out->control = plan->control;
    copy(out->name, sizeof(out->name), plan->name);
    copy(out->command, sizeof(out->command),
         command.len ? buf_text(&command) : plan->url);
    buf_fini(&command);
}

static uint64_t mean_body_bytes(const struct plan_bodies *bodies)
{
    uint64_t sum = 0;
    for (int i = 0; i < bodies->count; i++)
        sum += bodies->items[i].len;
    return bodies->count > 0 ? sum / (uint64_t)bodies->count : 0;
}

/* First what fails, then what is required, as result.json lists them. */
static void fill_gate(struct result *out, const struct plan *plan)
{
    out->rules = mem_new(RULES_MAX, sizeof(*out->rules));
    for (int required = 0; required < 2; required++) {
        for (int i = 0; i < plan->gate.count; i++) {
            if (plan->gate.rules[i].required == required)
                out->rules[out->rule_count++] = plan->gate.rules[i];
        }
    }
    if (plan->stop.wanted)
        snprintf(out->stop_when, sizeof(out->stop_when), "%s within %g%%",
                 metric_infos[plan->stop.metric].name, 100 * plan->stop.precision);
}

/* Of all bodies and their lengths. */
static void hash_bodies(const struct plan_bodies *bodies, char out[DIGEST_HEX_BYTES])
{
    struct buf all;
    buf_init(&all, PROGRAM_MAX);
    for (int i = 0; i < bodies->count; i++) {
        buf_format(&all, "%zu:", bodies->items[i].len);
        buf_add(&all, bodies->items[i]);
    }
    digest_hex(buf_str(&all), out);
    buf_fini(&all);
}

void race_result_init(struct result *result, const struct plan *plan, const char *version,
                      const struct cpu_plan *cpus)
{
    int services = plan->services.count;
    struct generate_spec spec = plan_spec(plan, 0);
    *result = (struct result){
        .name = mem_copy_text(plan->name),
        .title = mem_copy_text(plan->title),
        .plan_text = mem_copy_text(plan->text),
        .seed = plan->seed,
        .version = mem_copy_text(version),
        .blocks_planned = plan->blocks,
        .baseline = plan->baseline,
        .params = {.rate = generate_mean_rate(&spec),
                   .connections = plan->load.connections,
                   .duration_ns = plan->load.duration_ns,
                   .warmup_ns = plan->load.warmup_ns,
                   .body_bytes = mean_body_bytes(&plan->load.bodies)},
        .margins = {.latency = plan->margin_latency, .tail = plan->margin_tail},
        .error_limit = plan->error_limit,
        .steal_limit = plan->steal_limit,
        .others_limit = plan->others_limit,
        .answers = plan->answers,
        .services = mem_new((size_t)services, sizeof(*result->services)),
        .service_count = services,
        /* each place in the order may see a second attempt */
        .trials =
            mem_new((size_t)(services * plan->blocks * 2), sizeof(*result->trials))};
    char *arrivals = generate_arrivals(&spec);
    copy(result->params.arrivals, sizeof(result->params.arrivals), arrivals);
    mem_free(arrivals);
    fill_gate(result, plan);
    hash_bodies(&plan->load.bodies, result->params.bodies_hash);
    digest_hex(str_of(plan->text), result->plan_hash);
    fill_machine(&result->machine, cpus);
    for (int i = 0; i < services; i++)
        fill_service(&result->services[i], &plan->services.items[i]);
}

void race_result_note_program(struct result *result, const struct plan_service *plan,
                              int service)
{
    struct buf bytes;
    struct error ignored;
    const char *program = plan->command.items[0];
    buf_init(&bytes, PROGRAM_MAX);
    if (program && strchr(program, '/') && file_read(program, &bytes, &ignored))
        digest_hex(buf_str(&bytes), result->services[service].program_hash);
    buf_fini(&bytes);
}

struct trial *race_result_add(struct result *result, const struct trial *trial)
{
    struct trial *kept = &result->trials[result->trial_count++];
    *kept = *trial;
    result_supersede(result);
    return kept;
}
