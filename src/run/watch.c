#include "run/watch.h"

#include <math.h>
#include <stdio.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/mem.h"
#include "result/observed.h"

#define LEAD_NS (50 * NS_PER_MS)

/* The first scrape is over, or given up, before the machine is looked at. */
#define OWN_LEAD_NS (400 * NS_PER_MS)
#define OWN_BEFORE_LIMIT_NS (300 * NS_PER_MS)
#define OWN_AFTER_LIMIT_NS (5 * NS_PER_S)

static bool is_ours(const struct service *service)
{
    return service->child.state != CHILD_NONE;
}

static void look_at_machine(struct watch_machine *out, const struct service *service,
                            const cpu_set_t *cpus)
{
    struct procfs_tree ours = {.cpu_ns = 0};
    out->known =
        vitals_read(cpus, &out->vitals) && procfs_read_tree(getpid(), NULL, 0, &ours);
    out->ours_ns = ours.cpu_ns;
    if (!is_ours(service)) /* one that we started would have died, which is seen */
        out->listeners = procfs_port_listeners(service->target.url.port);
}

static bool scrape_own(const struct service *service, int64_t limit_ns,
                       struct scrape *out, struct error *why)
{
    const char *path = service->plan->metrics;
    return path && scrape_page(out, &service->target, str_of(path), limit_ns, why);
}

void watch_look(struct watch *watch, struct service *service, const cpu_set_t *cpus)
{
    struct procfs_tree tree = {.cpu_ns = 0};
    bool seen = watch->next <= WATCH_MACHINE || !is_ours(service) ||
                service_sample(service, &tree);
    if (!seen)
        return;
    switch (watch->next) {
    case WATCH_OWN:
        watch->own.has_before =
            scrape_own(service, OWN_BEFORE_LIMIT_NS, &watch->own.before, &watch->own.why);
        break;
    case WATCH_MACHINE:
        look_at_machine(&watch->before, service, cpus);
        break;
    case WATCH_BEGIN:
        watch->from = tree;
        break;
    case WATCH_END:
        watch->to = tree;
        look_at_machine(&watch->after, service, cpus);
        if (watch->own.has_before)
            watch->own.has_after = scrape_own(service, OWN_AFTER_LIMIT_NS,
                                              &watch->own.after, &watch->own.why);
        break;
    case WATCH_OVER:
        return;
    }
    watch->next++;
}

int64_t watch_due(const struct watch *watch, int64_t measure_ns, int64_t end_ns)
{
    if (measure_ns == 0)
        return INT64_MAX;
    switch (watch->next) {
    case WATCH_OWN:
        return measure_ns - OWN_LEAD_NS;
    case WATCH_MACHINE:
        return measure_ns - LEAD_NS;
    case WATCH_BEGIN:
        return measure_ns;
    case WATCH_END:
        return end_ns;
    case WATCH_OVER:
        break;
    }
    return INT64_MAX;
}

static void fill_service(const struct procfs_tree *from, const struct procfs_tree *to,
                         struct trial *out)
{
    double answered = out->load.achieved_rate * (double)out->load.duration_ns / 1e9;
    int64_t cpu_ns = to->cpu_ns - from->cpu_ns;
    if (cpu_ns >= 0) /* less than before: processes vanished with what they had used */
        out->cpu_seconds = (double)cpu_ns / 1e9;
    if (answered > 0)
        out->cpu_us_per_request = out->cpu_seconds * 1e6 / answered;
    out->rss_peak_bytes = (double)to->rss_peak_bytes;
    out->rss_end_bytes = (double)to->rss_bytes;
    out->switches_voluntary = (double)(to->switches_voluntary - from->switches_voluntary);
    out->switches_involuntary =
        (double)(to->switches_involuntary - from->switches_involuntary);
    out->processes = to->processes;
    int64_t waited_ns = to->run_wait_ns - from->run_wait_ns;
    if (to->run_wait_ns > 0 && waited_ns >= 0 && out->load.duration_ns > 0)
        out->machine.wait_share = (double)waited_ns / (double)out->load.duration_ns;
}

/* What a service that runs already uses cannot be told from what others use. */
static void fill_machine(const struct watch *watch, bool ours, struct trial_machine *out)
{
    const struct vitals *from = &watch->before.vitals, *to = &watch->after.vitals;
    out->steal_share = vitals_steal_share(from, to);
    if (ours)
        out->others_share =
            vitals_others_share(from, to, watch->after.ours_ns - watch->before.ours_ns);
    out->pressure_share = vitals_pressure_share(from, to);
    out->throttled_share = vitals_throttled_share(from, to);
    out->throttle_events = vitals_throttle_events(from, to);
    out->frequency_hz = to->frequency_hz;
    snprintf(out->congestion_control, sizeof(out->congestion_control), "%.15s",
             to->congestion_control);
}

/* All requests count, also those of the two scrapes: what a route is called differs. */
static void fill_own(const struct watch_own *own, const struct observed_rules *rules,
                     struct trial *out)
{
    if (!own->has_before || !own->has_after) {
        out->own_why = mem_copy_text(own->why.text);
        return;
    }
    double seconds = (double)(own->after.at_ns - own->before.at_ns) / (double)NS_PER_S;
    out->own = mem_new(1, sizeof(*out->own));
    observed_between(&own->before.page, &own->after.page, seconds, rules, out->own);
}

void watch_fini(struct watch *watch)
{
    if (watch->own.has_before)
        scrape_fini(&watch->own.before);
    if (watch->own.has_after)
        scrape_fini(&watch->own.after);
}

void watch_fill(const struct watch *watch, const struct service *service,
                const struct observed_rules *own, struct trial *out)
{
    if (watch->next != WATCH_OVER)
        return;
    if (is_ours(service))
        fill_service(&watch->from, &watch->to, out);
    if (watch->before.known && watch->after.known)
        fill_machine(watch, is_ours(service), &out->machine);
    if (service->plan->metrics)
        fill_own(&watch->own, own, out);
    out->restarted =
        watch->before.listeners > 0 && watch->before.listeners != watch->after.listeners;
}
