#include "run/trial.h"

#include <math.h>
#include <signal.h>

#include "base/clock.h"
#include "base/mem.h"
#include "run/ask.h"
#include "run/generator.h"
#include "run/judge.h"
#include "run/service.h"
#include "run/watch.h"

/* How often it is looked whether the service still lives. */
#define LOOK_NS (200 * NS_PER_MS)
#define GENERATOR_GRACE_NS (10 * NS_PER_S)

static int64_t next_sample(const struct watch *watch, const struct generator *generator)
{
    return watch_due(watch, generator->measure_ns, generator->end_ns);
}

/* How long to wait for the generator's next line. */
static int64_t next_look(const struct watch *watch, const struct generator *generator)
{
    int64_t look_ns = clock_now_ns() + LOOK_NS, sample_ns = next_sample(watch, generator);
    return sample_ns < look_ns ? sample_ns : look_ns;
}

/* Tells what has been read since the last time. */
static void tell(const struct trial_watcher *watcher, struct generator *generator,
                 bool *told_start)
{
    if (generator->measure_ns > 0 && !*told_start && watcher->loads)
        watcher->loads(watcher->context, generator->measure_ns, generator->end_ns);
    *told_start = generator->measure_ns > 0;
    if (generator->has_window && watcher->second)
        watcher->second(watcher->context, &generator->window);
    if (generator->has_figures && watcher->figures)
        watcher->figures(watcher->context, &generator->figures);
    generator->has_window = generator->has_figures = false;
    generator->figures = (struct figures){.due = 0};
}

/* Follows the generator to its end. False: the trial failed, err says why. */
static bool follow(const struct trial_setup *setup, struct generator *generator,
                   struct service *service, struct watch *watch, struct error *err)
{
    bool told_start = false, told_stop = false;
    while (!generator->over) {
        bool good = generator_read(generator, next_look(watch, generator), err);
        if (good && clock_now_ns() >= next_sample(watch, generator))
            watch_look(watch, service, setup->race_cpus);
        tell(&setup->watcher, generator, &told_start);
        if (!good)
            return false;
        if (!service_is_alive(service)) {
            service_explain_death(service, err);
            return error_prefix(err, "the service died in the trial: ");
        }
        if (atomic_load(setup->stop) && !told_stop) {
            child_signal(&generator->child, SIGTERM);
            told_stop = true;
        }
    }
    return generator_finish(generator, clock_now_ns() + GENERATOR_GRACE_NS, err);
}

/* What an overloaded service was too slow for is said by that word already. */
static double error_share(const struct trial *trial)
{
    const struct load_result *load = &trial->load;
    double errors = (double)(load_result_errors(load) -
                             (load->overloaded ? load->expired_waiting : 0));
    return load->due ? errors / (double)load->due : 0;
}

/* METHOD 6: what spoils this trial. */
static void judge(const struct plan *plan, struct trial *out)
{
    const struct load_result *load = &out->load;
    const struct trial_machine *machine = &out->machine;
    for (int i = 0; i < load->invalid_count; i++)
        load_reason_add(out->invalid, &out->invalid_count, "%s", load->invalid[i]);
    if (error_share(out) > plan->error_limit)
        load_reason_add(out->invalid, &out->invalid_count,
                        "%.2f %% of the requests failed, the plan's limit is %.2f %%",
                        100 * error_share(out), 100 * plan->error_limit);
    if (out->restarted)
        load_reason_add(out->invalid, &out->invalid_count,
                        "the service was restarted in the measured time: another socket "
                        "listens on its port");
    if (machine->steal_share > plan->steal_limit)
        load_reason_add(out->invalid, &out->invalid_count,
                        "the machine lost %.1f %% of its CPU time to others (steal), the "
                        "plan's limit is %.1f %%",
                        100 * machine->steal_share, 100 * plan->steal_limit);
    if (machine->others_share > plan->others_limit)
        load_reason_add(
            out->invalid, &out->invalid_count,
            "other processes used %.1f %% of the race's CPUs, the plan's limit is "
            "%.1f %%",
            100 * machine->others_share, 100 * plan->others_limit);
}

/* What does not depend on how fast the service was: so no share of a latency that is lag,
 * and no overload. Steal and others are NAN where they cannot be known. */
static bool is_machine_at_fault(const struct trial *trial, const struct plan *plan)
{
    return trial->machine.steal_share > plan->steal_limit ||
           trial->machine.others_share > plan->others_limit ||
           judge_was_late(&trial->load);
}

bool trial_is_spoilt(const struct trial *trial, const struct plan *plan)
{
    return trial->outcome == TRIAL_OK && trial->invalid_count > 0 && trial->load.ok > 0 &&
           error_share(trial) <= plan->error_limit && !trial->restarted &&
           is_machine_at_fault(trial, plan);
}

static bool measure(const struct trial_setup *setup, const struct trial_place *place,
                    struct service *service, struct trial *out, struct error *err)
{
    struct generator generator;
    struct watch watch = {.next = WATCH_OWN};
    struct generate_spec spec = plan_spec(setup->plan, place->service);
    cpu_set_t cpus;
    const cpu_set_t *pin = NULL;
    spec.seed = place->seed;
    spec.cpus = setup->generator_cpus;
    spec.spin = setup->generator_alone;
    spec.figures = setup->watcher.figures != NULL;
    const struct jmask mask = plan_mask(setup->plan);
    if (setup->plan->answers != ANSWERS_ANY)
        ask_all(&spec, &service->target, &mask, out);
    if (setup->generator_cpus) {
        if (!cpu_parse(setup->generator_cpus, &cpus, err))
            return false;
        pin = &cpus;
    }
    bool good = generator_start(&generator, setup->program, &spec, pin, err) &&
                follow(setup, &generator, service, &watch, err) &&
                load_result_from_json(generator.result, &out->load, err);
    generator_fini(&generator);
    if (setup->watcher.measured)
        setup->watcher.measured(setup->watcher.context);
    if (good && out->load.interrupted && atomic_load(setup->stop) == STOP_NOT)
        good = error_set(err, "the generator was interrupted by a signal that was not "
                              "ours; what it measured is too short");
    const struct observed_rules own = plan_own_rules(setup->plan);
    if (good)
        watch_fill(&watch, service, &own, out);
    watch_fini(&watch);
    return good;
}

static struct trial new_trial(const struct trial_place *place)
{
    return (struct trial){.block = place->block,
                          .position = place->position,
                          .service = place->service,
                          .attempt = place->attempt,
                          .seed = place->seed,
                          .started_unix = (double)clock_wall_ns() / 1e9,
                          .cold_start_ns = (double)NAN,
                          .drain_ns = (double)NAN,
                          .cpu_seconds = (double)NAN,
                          .cpu_us_per_request = (double)NAN,
                          .rss_peak_bytes = (double)NAN,
                          .rss_end_bytes = (double)NAN,
                          .switches_voluntary = (double)NAN,
                          .switches_involuntary = (double)NAN,
                          .machine = TRIAL_MACHINE_UNKNOWN};
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
    *out = new_trial(place);
    out->machine.speed_before = vitals_cpu_speed(setup->service_cpus);
    bool started = service_start(&service, &setup->plan->services.items[place->service],
                                 place->log_path, &limits, &err);
    bool good = started && measure(setup, place, &service, out, &err);
    if (started) {
        service_stop(&service, &limits);
        out->cold_start_ns = service.cold_start_ns;
        out->drain_ns = service.drain_ns;
        out->drain_killed = service.killed;
        out->machine.speed_after = vitals_cpu_speed(setup->service_cpus);
    }
    out->ready = started;
    if (good)
        judge(setup->plan, out);
    else
        out->why = mem_copy_text(err.text);
    /* Interrupted only once it was measured, it is whole, unless we did not wait for the
     * service to end. */
    int stop = atomic_load(setup->stop);
    bool cut = stop != STOP_NOT && (!good || out->load.interrupted ||
                                    (stop == STOP_NOW && out->drain_killed));
    out->outcome = cut ? TRIAL_SKIPPED : good ? TRIAL_OK : TRIAL_FAILED;
    return started;
}
