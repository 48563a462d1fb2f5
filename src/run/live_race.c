/* The page is written on the exporter's thread from what the race's own thread has told;
 * the phase of a trial is not told at its time but follows from the clock. */
#include "run/live_race.h"

#include <assert.h>
#include <pthread.h>

#include "base/clock.h"
#include "base/mem.h"
#include "sys/cpu.h"

struct live_race {
    pthread_mutex_t mutex; /* of all below but the exporter */
    struct exposition_series series[PLAN_SERVICES_MAX];
    int count;
    struct exposition_race race;
    struct exposition_series *running; /* whose trial runs; NULL: none does */
    int64_t measure_ns, end_ns;        /* of that trial; 0: not yet known */
    bool measured;                     /* its generator is over */
    struct exporter *exporter;
};

static const char *phase_of(const struct live_race *live, int64_t now_ns)
{
    if (live->measured)
        return "stop";
    if (live->measure_ns == 0)
        return "start";
    if (now_ns < live->measure_ns)
        return "warmup";
    return now_ns < live->end_ns ? "measured" : "stop";
}

static void write_page(void *context, enum exposition_format format, struct buf *out)
{
    struct live_race *live = context;
    pthread_mutex_lock(&live->mutex);
    struct exposition_race race = live->race;
    race.service = live->running ? live->running->service : NULL;
    race.phase = phase_of(live, clock_now_ns());
    const struct exposition exposition = {live->series, live->count, &race};
    exposition_write(&exposition, format, out);
    pthread_mutex_unlock(&live->mutex);
}

struct live_race *live_race_start(const char *address, const struct plan *plan,
                                  struct error *err)
{
    struct live_race *live = mem_new(1, sizeof(*live));
    const struct exporter_page page = {live, write_page};
    pthread_mutex_init(&live->mutex, NULL);
    live->count = plan->services.count;
    live->race.blocks = plan->blocks;
    for (int i = 0; i < live->count; i++) {
        const struct generate_spec spec = plan_spec(plan, i);
        live->series[i].service = plan->services.items[i].name;
        live->series[i].target = spec.url;
        live->series[i].offered_rate = generate_mean_rate(&spec);
    }
    live->exporter = exporter_start(address, &page, err);
    if (live->exporter)
        return live;
    mem_free(live);
    return NULL;
}

static struct exposition_series *series_of(struct live_race *live, const char *service)
{
    int at = 0;
    while (at < live->count && strcmp(live->series[at].service, service) != 0)
        at++;
    assert(at < live->count);
    return &live->series[at];
}

static void begin_trial(struct live_race *live, const struct race_moment *moment)
{
    live->running = series_of(live, moment->service);
    live->race.block = moment->block;
    live->race.trial = moment->trial;
    live->measure_ns = live->end_ns = 0;
    live->measured = false;
}

/* What it told of its last second is over. */
static void end_load(struct live_race *live)
{
    live->measured = true;
    if (live->running)
        live->running->sum.now = (struct figures_now){.in_flight = 0};
}

static void take(struct live_race *live, const struct race_moment *moment)
{
    switch (moment->stage) {
    case RACE_SETS_UP:
        live->race.blocks = moment->blocks;
        live->race.trials = moment->trials;
        break;
    case RACE_TRIAL:
        begin_trial(live, moment);
        break;
    case RACE_LOADS:
        live->measure_ns = moment->measure_ns;
        live->end_ns = moment->end_ns;
        break;
    case RACE_FIGURES:
        figures_add(&live->running->sum, moment->figures);
        break;
    case RACE_MEASURED:
        end_load(live);
        break;
    case RACE_TRIAL_OVER:
    case RACE_REPEATS:
        end_load(live);
        live->running = NULL;
        break;
    case RACE_BUILDS:
    case RACE_SKIPS:
    case RACE_SECOND:
    case RACE_STOPS:
        break;
    }
}

/* The page is not made at the cost of a service. */
static void pin(const struct live_race *live, const struct result_machine *machine)
{
    cpu_set_t cpus;
    struct error ignored;
    if (cpu_parse(machine->generator_cpus, &cpus, &ignored))
        exporter_pin(live->exporter, &cpus);
}

void live_race_moment(struct live_race *live, const struct race_moment *moment)
{
    if (moment->stage == RACE_SETS_UP)
        pin(live, &moment->result->machine);
    pthread_mutex_lock(&live->mutex);
    take(live, moment);
    pthread_mutex_unlock(&live->mutex);
}

void live_race_stop(struct live_race *live)
{
    if (!live)
        return;
    exporter_stop(live->exporter);
    mem_free(live);
}
