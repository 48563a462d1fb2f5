#include "run/trial.h"

#include <math.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>

#include "base/clock.h"
#include "base/mem.h"
#include "run/generator.h"
#include "run/service.h"
#include "sys/procfs.h"

/* How often it is looked whether the service still lives. */
#define LOOK_NS (200 * NS_PER_MS)
#define GENERATOR_GRACE_NS (10 * NS_PER_S)

struct watch { /* the samples at both ends of the measured time */
    struct procfs_tree from, to;
    struct procfs_machine machine_from, machine_to;
    bool has_from, has_to;
};

/* When the next sample is due; INT64_MAX when both are there. Nothing is sampled in
 * between: reading /proc takes CPU time from what is being measured. */
static int64_t next_sample(const struct watch *watch, const struct generator *generator)
{
    if (generator->measure_ns == 0 || watch->has_to)
        return INT64_MAX;
    return watch->has_from ? generator->end_ns : generator->measure_ns;
}

static void sample(struct watch *watch, const struct generator *generator,
                   struct service *service)
{
    struct procfs_tree tree;
    if (clock_now_ns() < next_sample(watch, generator) || !service_sample(service, &tree))
        return;
    if (!watch->has_from) {
        watch->from = tree;
        watch->has_from = procfs_read_machine(&watch->machine_from);
    } else {
        watch->to = tree;
        watch->has_to = procfs_read_machine(&watch->machine_to);
    }
}

/* How long to wait for the generator's next line. */
static int64_t next_look(const struct watch *watch, const struct generator *generator)
{
    int64_t look_ns = clock_now_ns() + LOOK_NS, sample_ns = next_sample(watch, generator);
    return sample_ns < look_ns ? sample_ns : look_ns;
}

/* Follows the generator to its end. False: the trial failed, err says why. */
static bool follow(const struct trial_setup *setup, struct generator *generator,
                   struct service *service, struct watch *watch, struct error *err)
{
    bool told = false;
    while (!generator->over) {
        if (!generator_read(generator, next_look(watch, generator), err))
            return false;
        sample(watch, generator, service);
        if (generator->has_window && setup->second)
            setup->second(setup->context, &generator->window);
        generator->has_window = false;
        if (!service_is_alive(service)) {
            service_explain_death(service, err);
            return error_prefix(err, "the service died in the trial: ");
        }
        if (atomic_load(setup->stop) && !told) {
            child_signal(&generator->child, SIGTERM);
            told = true;
        }
    }
    return generator_finish(generator, clock_now_ns() + GENERATOR_GRACE_NS, err);
}

static void fill_usage(const struct watch *watch, struct trial *out)
{
    if (!watch->has_from || !watch->has_to)
        return;
    double answered = out->load.achieved_rate * (double)out->load.duration_ns / 1e9;
    int64_t cpu_ns = watch->to.cpu_ns - watch->from.cpu_ns;
    if (cpu_ns >= 0) /* less than before: processes vanished with what they had used */
        out->cpu_seconds = (double)cpu_ns / 1e9;
    if (answered > 0)
        out->cpu_us_per_request = out->cpu_seconds * 1e6 / answered;
    out->rss_peak_bytes = (double)watch->to.rss_peak_bytes;
    out->rss_end_bytes = (double)watch->to.rss_bytes;
    out->switches_voluntary =
        (double)(watch->to.switches_voluntary - watch->from.switches_voluntary);
    out->switches_involuntary =
        (double)(watch->to.switches_involuntary - watch->from.switches_involuntary);
    out->processes = watch->to.processes;
    out->steal_share = procfs_steal_share(&watch->machine_from, &watch->machine_to);
}

/* METHOD 6: what spoils this trial. */
static void judge(const struct plan *plan, struct trial *out)
{
    const struct load_result *load = &out->load;
    /* What an overloaded service was too slow for is said by that word already. */
    double errors = (double)(load_result_errors(load) -
                             (load->overloaded ? load->expired_waiting : 0));
    double share = load->due ? errors / (double)load->due : 0;
    for (int i = 0; i < load->invalid_count; i++)
        memcpy(out->invalid[out->invalid_count++], load->invalid[i], LOAD_REASON_BYTES);
    if (share > plan->error_limit && out->invalid_count < LOAD_INVALID_MAX)
        snprintf(out->invalid[out->invalid_count++], LOAD_REASON_BYTES,
                 "%.2f %% of the requests failed, the plan's limit is %.2f %%",
                 100 * share, 100 * plan->error_limit);
    if (out->steal_share > plan->steal_limit && out->invalid_count < LOAD_INVALID_MAX)
        snprintf(out->invalid[out->invalid_count++], LOAD_REASON_BYTES,
                 "the machine lost %.1f %% of its CPU time to others (steal), the plan's "
                 "limit is %.1f %%",
                 100 * out->steal_share, 100 * plan->steal_limit);
}

static bool measure(const struct trial_setup *setup, const struct trial_place *place,
                    struct service *service, struct trial *out, struct error *err)
{
    struct generator generator;
    struct watch watch = {.has_from = false};
    struct generate_spec spec = plan_spec(setup->plan, place->service);
    cpu_set_t cpus;
    const cpu_set_t *pin = NULL;
    spec.seed = place->seed;
    spec.cpus = setup->generator_cpus;
    spec.spin = setup->generator_alone;
    if (setup->generator_cpus) {
        if (!cpu_parse(setup->generator_cpus, &cpus, err))
            return false;
        pin = &cpus;
    }
    bool good = generator_start(&generator, setup->program, &spec, pin, err) &&
                follow(setup, &generator, service, &watch, err) &&
                load_result_from_json(generator.result, &out->load, err);
    generator_fini(&generator);
    if (good && out->load.interrupted && atomic_load(setup->stop) == STOP_NOT)
        good = error_set(err, "the generator was interrupted by a signal that was not "
                              "ours; what it measured is too short");
    if (good)
        fill_usage(&watch, out);
    return good;
}

bool trial_run(const struct trial_setup *setup, const struct trial_place *place,
               struct trial *out)
{
    struct service service;
    struct error err = {""};
    struct generate_spec spec = plan_spec(setup->plan, place->service);
    struct service_limits limits = {.ready_ns = setup->plan->ready_limit_ns,
                                    .stop_ns = setup->plan->stop_limit_ns,
                                    .stop = setup->stop,
                                    .cpus = setup->service_cpus,
                                    .reach = &spec.reach};
    *out = (struct trial){.block = place->block,
                          .position = place->position,
                          .service = place->service,
                          .seed = place->seed,
                          .started_unix = (double)clock_wall_ns() / 1e9,
                          .cold_start_ns = (double)NAN,
                          .drain_ns = (double)NAN,
                          .cpu_seconds = (double)NAN,
                          .cpu_us_per_request = (double)NAN,
                          .rss_peak_bytes = (double)NAN,
                          .rss_end_bytes = (double)NAN,
                          .switches_voluntary = (double)NAN,
                          .switches_involuntary = (double)NAN};
    bool started = service_start(&service, &setup->plan->services.items[place->service],
                                 place->log_path, &limits, &err);
    bool good = started && measure(setup, place, &service, out, &err);
    if (started) {
        service_stop(&service, &limits);
        out->cold_start_ns = service.cold_start_ns;
        out->drain_ns = service.drain_ns;
        out->drain_killed = service.killed;
    }
    if (good)
        judge(setup->plan, out);
    else
        out->why = mem_copy_text(err.text);
    /* Interrupted only once it was measured, it is whole. */
    bool cut = atomic_load(setup->stop) != STOP_NOT && (!good || out->load.interrupted);
    out->outcome = cut ? TRIAL_SKIPPED : good ? TRIAL_OK : TRIAL_FAILED;
    return started;
}
