#include "cmd/dry_run.h"

#include "cmd/cmd.h"
#include "report/text.h"
#include "run/order.h"
#include "stats/planning.h"

enum { TEXT_MAX = 1 << 20 };

static void print_order(const struct plan *plan, struct buf *out)
{
    for (int block = 1; block <= plan->blocks; block++) {
        int order[PLAN_SERVICES_MAX];
        order_block(plan->seed, block, plan->blocks, plan->services.count, order);
        buf_format(out, "block %d:", block);
        for (int i = 0; i < plan->services.count; i++)
            buf_format(out, " %s", plan->services.items[order[i]].name);
        buf_add_text(out, "\n");
    }
}

/* How well a difference would be known, for three ways in which trials may scatter. */
static void print_precision(const struct plan *plan, struct buf *out)
{
    static const double scatters[] = {.02, .05, .10};
    struct buf sentence;
    if (plan->services.count < 2)
        return;
    if (plan->blocks < COMPARE_BLOCKS_MIN) {
        buf_format(out, "No verdict is possible: it needs %d blocks.\n",
                   COMPARE_BLOCKS_MIN);
        return;
    }
    buf_init(&sentence, TEXT_MAX);
    buf_add_text(&sentence, "The 95% interval of a ratio would reach about");
    for (size_t i = 0; i < sizeof(scatters) / sizeof(scatters[0]); i++)
        buf_format(&sentence, "%s %.1f%% to either side if trials scatter by %.0f%%",
                   i ? "," : "",
                   100 * planning_half_width((size_t)plan->blocks, scatters[i]),
                   100 * scatters[i]);
    buf_add_text(&sentence, ".");
    text_wrap(out, buf_text(&sentence), 80, 0, 0);
    buf_fini(&sentence);
}

static void print_stop(const struct plan *plan, struct buf *out)
{
    if (!plan->stop.wanted)
        return;
    buf_add_text(out, "It may stop after block");
    for (int block = 1, any = 0; block < plan->blocks; block++) {
        if (order_is_look(block))
            buf_format(out, "%s %d", any++ ? "," : "", block);
    }
    buf_format(out, ", once %s is known within %g%%.\n",
               metric_infos[plan->stop.metric].name, 100 * plan->stop.precision);
}

static void print_rules(const struct plan *plan, struct buf *out)
{
    for (int i = 0; i < plan->gate.count; i++)
        buf_format(out, "%s: %s\n", plan->gate.rules[i].required ? "require" : "fail_if",
                   plan->gate.rules[i].text);
}

/* A start and a stop take about a second, as race_run assumes before it knows better. */
int dry_run_print(const struct plan *plan)
{
    struct buf out;
    int trials = plan->blocks * plan->services.count;
    double each_s = (double)(plan->load.warmup_ns + plan->load.duration_ns) / 1e9 + 1;
    buf_init(&out, TEXT_MAX);
    buf_format(&out,
               "%s: %d trial%s in %d block%s, about %.1f minutes after the builds; "
               "nothing was started.\n",
               plan->name, trials, trials == 1 ? "" : "s", plan->blocks,
               plan->blocks == 1 ? "" : "s", trials * each_s / 60);
    print_precision(plan, &out);
    print_stop(plan, &out);
    print_rules(plan, &out);
    buf_add_text(&out, "\n");
    print_order(plan, &out);
    bool good = cmd_print(buf_text(&out));
    buf_fini(&out);
    return good ? EXIT_PASS : EXIT_BROKEN;
}
