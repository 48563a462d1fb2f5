/*
 * What the machine did while services were measured, as far as it spoils trust.
 */
#include <math.h>
#include <string.h>

#include "report/view_parts.h"

/* Steal below this is background on every virtual machine. */
static const double STEAL_WORTH_SAYING = .005;
static const double OTHERS_WORTH_SAYING = .03; /* the kernel counts CPU time by ticks */
static const double SPEED_WORTH_SAYING = .05;

struct worst { /* the trial in which a share of the machine was largest */
    const struct trial *trial;
    double share;
};

static struct worst worst_of(const struct result *result,
                             double (*share)(const struct trial_machine *))
{
    struct worst worst = {NULL, 0};
    for (int i = 0; i < result->trial_count; i++) {
        const struct trial *trial = &result->trials[i];
        double here = share(&trial->machine);
        if (trial->outcome != TRIAL_OK || trial->superseded || !(here > worst.share))
            continue;
        worst = (struct worst){trial, here};
    }
    return worst;
}

static double steal_of(const struct trial_machine *machine)
{
    return machine->steal_share;
}

static double others_of(const struct trial_machine *machine)
{
    return machine->others_share;
}

static double throttled_of(const struct trial_machine *machine)
{
    return machine->throttled_share;
}

static double events_of(const struct trial_machine *machine)
{
    return machine->throttle_events;
}

/* How much faster the CPU was at one end of the trial than at the other. */
static double speed_change_of(const struct trial_machine *machine)
{
    double a = machine->speed_before, b = machine->speed_after;
    return fmax(a, b) / fmin(a, b) - 1;
}

/* who: the front of the sentence. */
static void say_share(struct view *view, const struct result *result,
                      const struct worst *worst, const char *who, double limit)
{
    char share[FIGURE_BYTES], limit_text[FIGURE_BYTES];
    lines_add(&view->doubts,
              "%s up to %s of the race's CPUs (block %d, %s; the limit is "
              "%s).",
              who, figure_share(worst->share, share), worst->trial->block,
              result->services[worst->trial->service].name,
              figure_share(limit, limit_text));
}

static void say_taken(struct view *view, const struct result *result)
{
    char share[FIGURE_BYTES];
    struct worst steal = worst_of(result, steal_of);
    struct worst others = worst_of(result, others_of);
    struct worst throttled = worst_of(result, throttled_of);
    if (steal.share > STEAL_WORTH_SAYING)
        say_share(view, result, &steal, "Other guests of the host took",
                  result->steal_limit);
    if (others.share > OTHERS_WORTH_SAYING)
        say_share(view, result, &others, "Other processes used", result->others_limit);
    if (throttled.share > 0)
        lines_add(&view->doubts,
                  "A CPU quota of this container held it back for up to %s of the "
                  "measured time (block %d, %s): latencies are those of the quota.",
                  figure_share(throttled.share, share), throttled.trial->block,
                  result->services[throttled.trial->service].name);
}

static void say_speed(struct view *view, const struct result *result)
{
    char share[FIGURE_BYTES];
    double low = (double)NAN, high = (double)NAN;
    struct worst events = worst_of(result, events_of);
    struct worst within = worst_of(result, speed_change_of);
    for (int i = 0; i < result->trial_count; i++) {
        const struct trial_machine *machine = &result->trials[i].machine;
        const double speeds[] = {machine->speed_before, machine->speed_after};
        for (size_t j = 0; j < 2; j++) {
            if (!(speeds[j] > 0))
                continue;
            low = fmin(low, speeds[j]);
            high = fmax(high, speeds[j]);
        }
    }
    if (high / low - 1 > SPEED_WORTH_SAYING)
        lines_add(&view->doubts,
                  "The service's CPU was up to %s faster at one time than at another%s: "
                  "the host or its clock changes speed. Blocks hold services against "
                  "each other at about the same time, but their spread grows.",
                  figure_share(high / low - 1, share),
                  within.share > SPEED_WORTH_SAYING ? ", within single trials too" : "");
    if (events.share > 0)
        lines_add(&view->doubts, "The CPU throttled itself for heat in block %d (%s).",
                  events.trial->block, result->services[events.trial->service].name);
}

static void say_machine(struct view *view, const struct result *result)
{
    const struct result_machine *machine = &result->machine;
    if (machine->cpus_shared)
        lines_add(
            &view->doubts,
            "Service and generator share CPUs (service %s, generator %s): they take "
            "time from each other.",
            machine->service_cpus, machine->generator_cpus);
    if (strcmp(machine->congestion_control, "bbr") == 0)
        lines_add(&view->doubts,
                  "TCP congestion control is bbr, which paces every send, on loopback "
                  "too; reno or cubic cost less.");
    if (machine->governor[0] && strcmp(machine->governor, "performance") != 0)
        lines_add(&view->doubts,
                  "The CPU frequency governor is %s, not performance: the clock may "
                  "change during a trial.",
                  machine->governor);
}

void view_add_machine_doubts(struct view *view, const struct result *result)
{
    say_taken(view, result);
    say_speed(view, result);
    say_machine(view, result);
}
