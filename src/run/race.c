#include "run/race.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

#include "base/clock.h"
#include "base/mem.h"
#include "run/build.h"
#include "run/order.h"
#include "run/race_result.h"
#include "run/resume.h"
#include "run/trial.h"
#include "sys/cpu.h"

struct race {
    const struct race_setup *setup;
    const struct plan *plan;
    struct result *result;
    struct cpu_plan cpus;
    cpu_set_t race_cpus; /* both */
    char generator_cpus[CPU_TEXT_BYTES];
    int runners[PLAN_SERVICES_MAX]; /* services that were built, in the plan's order */
    int runner_count;
    bool out[PLAN_SERVICES_MAX]; /* by service: could not be started, or not built */
    int64_t start_ns;            /* of the blocks */
    int64_t over_ns;             /* when the last trial was over */
    int trials;                  /* planned */
    int trials_left_out;         /* of services that are out */
    int places_done;             /* in the order: run now, or found in the folder */
    int trials_run;              /* now */
    int *next;                   /* next_attempt */
    struct race_moment moment;   /* what the watcher is told */
};

static void tell(struct race *race, enum race_stage stage)
{
    struct race_moment *moment = &race->moment;
    int done = race->places_done + race->trials_left_out;
    int64_t now_ns = clock_now_ns();
    const struct plan_load *load = &race->plan->load;
    moment->stage = stage;
    moment->elapsed_ns = race->start_ns ? now_ns - race->start_ns : 0;
    /* Before the first trial is over, its plan is all there is; then the mean tells. */
    int64_t each_ns = load->warmup_ns + load->duration_ns + NS_PER_S;
    if (race->trials_run > 0)
        each_ns = (race->over_ns - race->start_ns) / race->trials_run;
    int64_t left_ns = each_ns * (race->trials - done) - (now_ns - race->over_ns);
    moment->remaining_ns = left_ns > 0 ? left_ns : 0;
    if (race->setup->watcher.moment)
        race->setup->watcher.moment(race->setup->watcher.context, moment);
}

static bool is_stopped(const struct race *race)
{
    return atomic_load(race->setup->stop);
}

/* ---- before the blocks ---- */

/* Where services and generator run: as the plan says, or by the topology. */
static bool choose_cpus(struct race *race, struct error *err)
{
    const struct plan *plan = race->plan;
    cpu_divide(&race->cpus);
    if (plan->service_cpus) {
        if (!cpu_parse(plan->service_cpus, &race->cpus.service, err) ||
            !cpu_parse(plan->generator_cpus, &race->cpus.generator, err))
            return error_prefix(err, "%s: cpus: ", plan->path);
        race->cpus.shared = cpu_sets_touch(&race->cpus.service, &race->cpus.generator);
    }
    CPU_OR(&race->race_cpus, &race->cpus.service, &race->cpus.generator);
    cpu_format(&race->cpus.generator, race->generator_cpus);
    return true;
}

static void skip(struct race *race, int service, bool failed, const char *why)
{
    struct result_service *skipped = &race->result->services[service];
    race->out[service] = true;
    skipped->skipped = true;
    skipped->build_failed = failed;
    snprintf(skipped->why, sizeof(skipped->why), "%.*s", (int)strcspn(why, "\n"), why);
    race->moment.why = why;
    tell(race, RACE_SKIPS);
}

static void build(struct race *race, int service)
{
    struct error why;
    const struct plan_service *plan = &race->plan->services.items[service];
    race->moment.service = plan->name;
    char *log = outdir_build_log(race->setup->out, plan->name);
    if (plan->build)
        tell(race, RACE_BUILDS);
    enum build_outcome outcome = build_service(plan, log, race->setup->stop, &why);
    if (outcome == BUILD_DONE) {
        race->runners[race->runner_count++] = service;
        race_result_note_program(race->result, plan, service);
    } else if (outcome != BUILD_STOPPED)
        skip(race, service, outcome == BUILD_FAILED, why.text);
    mem_free(log);
}

/*
 * Whether going on can tell something. A baseline is measured alone where that is all the
 * plan names, or where the others only want for a tool; not when its rivals failed.
 */
static bool has_contest(const struct race *race, struct error *err)
{
    int left = 0;
    bool rival_failed = false;
    const struct plan *plan = race->plan;
    for (int i = 0; i < plan->services.count; i++) {
        const struct result_service *service = &race->result->services[i];
        left += !race->out[i];
        rival_failed |= race->out[i] && (!service->skipped || service->build_failed);
    }
    if (race->out[plan->baseline])
        return error_set(err,
                         "without the baseline %s there is nothing to compare with; see "
                         "above why it does not run, or name another baseline",
                         plan->services.items[plan->baseline].name);
    return left > 1 || !rival_failed ||
           error_set(err, "only %s is left, so there is nothing to compare it with",
                     plan->services.items[plan->baseline].name);
}

static bool build_all(struct race *race, struct error *err)
{
    for (int i = 0; i < race->plan->services.count && !is_stopped(race); i++)
        build(race, i);
    return is_stopped(race) || has_contest(race, err);
}

/* ---- the blocks ---- */

static void pass_start(void *context, int64_t measure_ns, int64_t end_ns)
{
    struct race *race = context;
    race->moment.measure_ns = measure_ns;
    race->moment.end_ns = end_ns;
    tell(race, RACE_LOADS);
}

static void pass_second(void *context, const struct load_window *window)
{
    struct race *race = context;
    race->moment.window = window;
    tell(race, RACE_SECOND);
}

static void pass_figures(void *context, const struct figures *figures)
{
    struct race *race = context;
    race->moment.figures = figures;
    tell(race, RACE_FIGURES);
}

static void pass_end(void *context)
{
    tell(context, RACE_MEASURED);
}

static struct trial_watcher trial_watcher_of(struct race *race)
{
    return (struct trial_watcher){.context = race,
                                  .loads = pass_start,
                                  .second = pass_second,
                                  .figures = race->setup->figures ? pass_figures : NULL,
                                  .measured = pass_end};
}

/* Its later trials would tell the same. */
static void take_out(struct race *race, int service, int block)
{
    race->out[service] = true;
    race->trials_left_out += race->plan->blocks - block;
}

/* Keeps the trial: in the result and in its file. */
static bool keep(struct race *race, const struct trial *trial, struct error *err)
{
    struct trial *kept = race_result_add(race->result, trial);
    race->over_ns = clock_now_ns();
    race->trials_run++;
    race->moment.done = kept;
    return outdir_write_trial(race->setup->out, kept, race->result->services, err);
}

/* One attempt; true with *again when another is worth while. */
static bool run_attempt(struct race *race, const struct trial_place *place, bool *again,
                        struct error *err)
{
    struct trial trial;
    const char *name = race->plan->services.items[place->service].name;
    struct trial_place here = *place;
    char *log = outdir_trial_log(race->setup->out, place->block, name, place->attempt);
    struct trial_setup setup = {.plan = race->plan,
                                .program = race->setup->program,
                                .service_cpus = &race->cpus.service,
                                .race_cpus = &race->race_cpus,
                                .generator_cpus = race->generator_cpus,
                                .generator_alone = !race->cpus.shared,
                                .stop = race->setup->stop,
                                .watcher = trial_watcher_of(race)};
    *again = false;
    here.log_path = log;
    tell(race, RACE_TRIAL);
    bool started = trial_run(&setup, &here, &trial);
    mem_free(log);
    if (trial.outcome == TRIAL_SKIPPED) { /* interrupted: the trial in progress is lost */
        trial_fini(&trial);
        return true;
    }
    if (!started)
        take_out(race, place->service, place->block);
    *again = place->attempt == 1 && trial_is_spoilt(&trial, race->plan);
    race->places_done += !*again;
    bool good = keep(race, &trial, err);
    tell(race, *again ? RACE_REPEATS : RACE_TRIAL_OVER);
    return good;
}

/* The trials of one place in the order, from this attempt on. */
static bool run_place(struct race *race, struct trial_place place, struct error *err)
{
    bool good = true, again = true;
    place.seed = order_block_seed(race->plan->seed, place.block);
    race->moment.service = race->plan->services.items[place.service].name;
    race->moment.block = place.block;
    race->moment.trial = race->places_done + race->trials_left_out + 1;
    for (; good && again && !is_stopped(race); place.attempt++)
        good = run_attempt(race, &place, &again, err);
    return good;
}

/* METHOD 4: whether to stop may depend on the width of the intervals alone. */
static bool is_narrow_enough(const struct race *race)
{
    struct comparisons found;
    const struct plan_stop *stop = &race->plan->stop;
    bool narrow = true, any = false;
    compare_result(race->result, &found);
    for (int i = 0; i < found.count; i++) {
        const struct comparison *c = &found.items[i];
        if (c->metric != stop->metric || race->out[c->service] ||
            race->plan->services.items[c->service].control)
            continue;
        any = true;
        double half = log(c->ci95.high / c->ci95.low) / 2;
        narrow = narrow && half <= log1p(stop->precision);
    }
    comparisons_fini(&found);
    return any && narrow;
}

/* 1, or what an earlier run of this race left to do at the place; 0: nothing. */
static int *next_attempt(struct race *race, int block, int service)
{
    return &race->next[(block - 1) * race->plan->services.count + service];
}

static bool run_block(struct race *race, int block, struct error *err)
{
    int order[PLAN_SERVICES_MAX];
    order_block(race->plan->seed, block, race->plan->blocks, race->runner_count, order);
    for (int i = 0; i < race->runner_count && !is_stopped(race); i++) {
        struct trial_place place = {
            .block = block, .position = i + 1, .service = race->runners[order[i]]};
        place.attempt = *next_attempt(race, block, place.service);
        if (place.attempt == 0)
            race->places_done++;
        else if (!race->out[place.service] && !run_place(race, place, err))
            return false;
    }
    return is_stopped(race) || has_contest(race, err);
}

static bool should_stop(struct race *race, int block)
{
    if (!race->plan->stop.wanted || block == race->plan->blocks || is_stopped(race) ||
        !order_is_look(block) || !is_narrow_enough(race))
        return false;
    race->result->stopped_at = block;
    tell(race, RACE_STOPS);
    return true;
}

static bool write_result(struct race *race, struct error *err)
{
    char *text = result_to_text(race->result);
    bool good = outdir_write(race->setup->out, "result.json", str_of(text), err);
    mem_free(text);
    return good;
}

static bool run_blocks(struct race *race, struct error *err)
{
    bool good = true;
    /* What this process does between and around trials is not done at a service's cost.
     */
    cpu_pin(&race->cpus.generator);
    race->start_ns = race->over_ns = clock_now_ns();
    race->trials = race->runner_count * race->plan->blocks;
    race->moment.blocks = race->plan->blocks;
    race->moment.trials = race->trials;
    tell(race, RACE_SETS_UP);
    for (int block = 1; block <= race->plan->blocks && good && !is_stopped(race);
         block++) {
        good = run_block(race, block, err);
        if (is_stopped(race))
            break;
        race->result->partial = true; /* until it is over */
        good = good && write_result(race, err);
        if (good && should_stop(race, block))
            break;
    }
    return good;
}

/* ---- the whole ---- */

/* Before anything is built. */
static bool begin(struct race *race, struct error *err)
{
    struct outdir *out = race->setup->out;
    bool good = race->setup->resume
                    ? resume_check_plan(out, race->plan, err)
                    : outdir_write(out, "plan.yaml", str_of(race->plan->text), err);
    return good && outdir_lock(out, err);
}

/* After it: what is there of this race already. */
static bool recall(struct race *race, struct error *err)
{
    struct resume_places places = {race->runners, race->runner_count, race->next,
                                   race->out};
    if (!race->setup->resume)
        return true;
    if (!resume_check_result(race->setup->out, race->result, err) ||
        !resume_recall(race->setup->out, race->plan, race->result, &places, err))
        return false;
    for (int i = 0; i < race->runner_count * race->plan->blocks; i++) {
        int service = race->runners[i % race->runner_count];
        int block = i / race->runner_count + 1;
        race->trials_left_out +=
            race->out[service] && *next_attempt(race, block, service) > 0;
    }
    return true;
}

/* Refused to resume: the folder stays as it is, and so does what its files say. */
static void forget(struct race *race)
{
    for (int i = 0; i < race->result->trial_count; i++)
        trial_fini(&race->result->trials[i]);
    race->result->trial_count = 0;
}

static bool run(struct race *race, struct error *err)
{
    if (!begin(race, err) || !build_all(race, err))
        return false;
    if (is_stopped(race))
        return true;
    if (!recall(race, err)) {
        forget(race);
        return false;
    }
    return run_blocks(race, err);
}

bool race_run(const struct race_setup *setup, struct result *out, struct error *err)
{
    struct error why = {""};
    struct race race = {.setup = setup, .plan = setup->plan, .result = out};
    int places = setup->plan->services.count * setup->plan->blocks;
    race.moment.result = out;
    race.next = mem_new((size_t)places, sizeof(*race.next));
    for (int i = 0; i < places; i++)
        race.next[i] = 1;
    bool good = choose_cpus(&race, &why);
    race_result_init(out, setup->plan, setup->version, &race.cpus);
    good = good && run(&race, &why);
    out->partial = is_stopped(&race) || !good;
    if (out->trial_count > 0) {
        struct error second;
        bool written = write_result(&race, &second);
        if (good && !written)
            why = second;
        good = good && written;
    }
    if (!good)
        *err = why;
    mem_free(race.next);
    return good;
}
