/*
 * What spoils trust in a race, in sentences, the gravest first. Each function looks for
 * one thing and says nothing when it is not there.
 */
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "base/mem.h"
#include "base/units.h"
#include "report/view_parts.h"

static const double CUT_WORTH_SAYING = .05; /* of the measured time */

struct doubt { /* what all of them look at */
    struct view_lines *lines;
    const struct result *result;
    const struct comparisons *comparisons;
};

static void say_partial(const struct doubt *doubt)
{
    const struct result *result = doubt->result;
    int finished = 0;
    for (int i = 0; i < result->trial_count; i++)
        finished += result->trials[i].outcome != TRIAL_SKIPPED;
    if (result->partial)
        lines_add(doubt->lines,
                  "The race ended early, after %d trial%s; %d blocks were planned. "
                  "--resume goes on with it.",
                  finished, finished == 1 ? "" : "s", result->blocks_planned);
}

static void say_failed(const struct doubt *doubt, int service)
{
    const struct service_finding *found = &doubt->comparisons->findings[service];
    const char *name = doubt->result->services[service].name;
    int all = found->trials_ok + found->trials_failed;
    if (found->trials_failed)
        lines_add(doubt->lines, "%s: %d of %d trials failed%s %s", name,
                  found->trials_failed, all, found->trials_failed == 1 ? "," : ", first",
                  found->why);
    if (found->trials_invalid && found->trials_failed)
        lines_add(doubt->lines, "%s: %d of %d trials are INVALID.", name,
                  found->trials_invalid, all);
    else if (found->trials_invalid)
        lines_add(doubt->lines, "%s: %d of %d trials are INVALID%s %s", name,
                  found->trials_invalid, all,
                  found->trials_invalid == 1 ? "," : ", first", found->why);
}

static void say_overloaded(const struct doubt *doubt, int service)
{
    char rate[FIGURE_BYTES];
    const struct service_finding *found = &doubt->comparisons->findings[service];
    const struct cell_value *cells = &doubt->comparisons->cells[service * METRICS];
    if (!found->trials_overloaded)
        return;
    char *offered = view_offered(doubt->result);
    lines_add(doubt->lines,
              "%s could not hold %s in %d of %d trials: it answered %s at worst.",
              doubt->result->services[service].name, offered, found->trials_overloaded,
              found->trials_ok, figure_rate(cells[METRIC_THROUGHPUT].low, rate));
    mem_free(offered);
}

static void say_skipped(const struct doubt *doubt, int service)
{
    const struct result_service *of = &doubt->result->services[service];
    if (of->skipped)
        lines_add(doubt->lines, "%s was skipped: %s", of->name, of->why);
}

static void say_errors(const struct doubt *doubt, int service)
{
    uint64_t due = 0, all = 0, errors[LOAD_ERROR_KINDS] = {0};
    char kinds[256] = "", count[UNITS_TEXT_BYTES], total[UNITS_TEXT_BYTES];
    char worst[FIGURE_BYTES];
    for (int i = 0; i < doubt->result->trial_count; i++) {
        const struct trial *trial = &doubt->result->trials[i];
        if (!trial_counts(trial, service) || trial->outcome != TRIAL_OK)
            continue;
        due += trial->load.due;
        all += load_result_errors(&trial->load);
        for (int kind = 0; kind < LOAD_ERROR_KINDS; kind++)
            errors[kind] += trial->load.errors[kind];
    }
    for (int kind = 0; kind < LOAD_ERROR_KINDS; kind++) {
        size_t len = strlen(kinds);
        if (errors[kind])
            snprintf(kinds + len, sizeof(kinds) - len, "%s%s %s", len ? ", " : "",
                     load_error_names[kind],
                     units_format_count((double)errors[kind], count));
    }
    if (all)
        lines_add(
            doubt->lines, "%s: %s error%s in %s requests (%s), %s in its worst trial.",
            doubt->result->services[service].name, units_format_count((double)all, count),
            all == 1 ? "" : "s", units_format_count((double)due, total), kinds,
            figure_share(doubt->comparisons->findings[service].error_share, worst));
}

static void say_killed(const struct doubt *doubt, int service)
{
    int killed = 0;
    for (int i = 0; i < doubt->result->trial_count; i++) {
        const struct trial *trial = &doubt->result->trials[i];
        killed += trial_counts(trial, service) && trial->drain_killed;
    }
    if (killed)
        lines_add(doubt->lines, "%s ignored SIGTERM in %d trial%s and was killed.",
                  doubt->result->services[service].name, killed, killed == 1 ? "" : "s");
}

/* METHOD 4 flags by the service's own spread, which may be next to nothing (the rate of
 * an open loop): said here only when the trial is off by more than the margin, too. */
static bool is_worth_saying(const struct doubt *doubt, const struct cell_value *cell,
                            enum metric metric)
{
    double limit = 1 + compare_margin(doubt->result, metric);
    return cell->outliers && metric_infos[metric].judged && !cell->thin_tail &&
           (cell->high > cell->median * limit || cell->low * limit < cell->median);
}

/* Flagged, never dropped. */
static void say_outliers(const struct doubt *doubt, int service)
{
    struct buf text;
    const struct cell_value *cells = &doubt->comparisons->cells[service * METRICS];
    buf_init(&text, 1024);
    for (int metric = 0; metric < METRICS; metric++) {
        if (!is_worth_saying(doubt, &cells[metric], (enum metric)metric))
            continue;
        buf_format(&text, "%s%s in block %d", text.len ? ", " : "",
                   metric_infos[metric].name, cells[metric].outlier_block);
        if (cells[metric].outliers > 1)
            buf_format(&text, " and %d more", cells[metric].outliers - 1);
    }
    if (text.len)
        lines_add(doubt->lines, "%s: far from its median, but kept: %s.",
                  doubt->result->services[service].name, buf_text(&text));
    buf_fini(&text);
}

/* A longer warm-up is proposed only where it would help: MSER-5 finds an end of the part
 * to cut. */
static void say_moving(const struct doubt *doubt, int service)
{
    char share[FIGURE_BYTES];
    int moving = 0, ok = 0;
    const struct trial *worst = NULL;
    for (int i = 0; i < doubt->result->trial_count; i++) {
        const struct trial *trial = &doubt->result->trials[i];
        if (!trial_counts(trial, service) || trial->outcome != TRIAL_OK)
            continue;
        ok++;
        moving += trial->load.level.moves;
        if (trial->load.level.moves &&
            (!worst || trial->load.level.cusum > worst->load.level.cusum))
            worst = trial;
    }
    if (!worst)
        return;
    double cut = worst->load.level.mser5;
    bool helps = cut > CUT_WORTH_SAYING && cut < .5;
    lines_add(doubt->lines,
              "%s: not stationary in %d of %d trials: its p50 moved within the measured "
              "time (worst in block %d: CUSUM %.2f of 1.36, KPSS %.2f of 0.46)%s%s%s",
              doubt->result->services[service].name, moving, ok, worst->block,
              worst->load.level.cusum, worst->load.level.kpss,
              helps ? "; a warm-up longer by " : "",
              helps ? figure_share(cut, share) : "",
              helps ? " of the measured time would have helped." : ".");
}

static void say_answers(const struct doubt *doubt, int service)
{
    const struct service_finding *found = &doubt->comparisons->findings[service];
    const char *name = doubt->result->services[service].name;
    if (found->answers_differ)
        lines_add(doubt->lines,
                  "%s does not answer as the baseline does: %s. Name what may differ "
                  "under load: mask, or say under design: answers how far they must "
                  "agree.",
                  name, found->answers_why);
    if (found->answers_vary)
        lines_add(doubt->lines,
                  "%s: its own answers to one request are not always the same, so they "
                  "are compared only in what is (load: mask names members that change).",
                  name);
}

/* What spoilt the first attempts, by the first of them. */
static void say_repeated(const struct doubt *doubt, int service)
{
    const struct trial *first = NULL;
    int repeated = doubt->comparisons->findings[service].trials_repeated;
    for (int i = 0; i < doubt->result->trial_count && !first; i++) {
        const struct trial *trial = &doubt->result->trials[i];
        if (trial->service == service && trial->superseded)
            first = trial;
    }
    if (first)
        lines_add(doubt->lines,
                  "%s: %d trial%s spoilt by the machine and run again%s in "
                  "block %d: %s.",
                  doubt->result->services[service].name, repeated,
                  repeated == 1 ? " was" : "s were", repeated == 1 ? "," : ", first",
                  first->block,
                  first->invalid_count ? first->invalid[0] : "it was not valid");
}

static void say_control(const struct doubt *doubt, int service)
{
    struct buf names;
    if (!doubt->result->services[service].control)
        return;
    buf_init(&names, 1024);
    for (int i = 0; i < doubt->comparisons->count; i++) {
        const struct comparison *c = &doubt->comparisons->items[i];
        bool differs = c->verdict == VERDICT_FASTER || c->verdict == VERDICT_SLOWER;
        if (c->service == service && differs && !c->negligible)
            buf_format(&names, "%s%s", names.len ? ", " : "",
                       metric_infos[c->metric].name);
    }
    if (names.len)
        lines_add(doubt->lines,
                  "The control differs from the baseline, which it is: %s. One metric in "
                  "twenty does so by chance; more of them mean that this machine makes "
                  "differences where there are none.",
                  buf_text(&names));
    buf_fini(&names);
}

static void say_closed_loop(const struct doubt *doubt)
{
    if (isnan(doubt->result->params.rate))
        lines_add(
            doubt->lines,
            "A closed loop hides stalls: while a service stands still, nobody asks. "
            "Take throughput and CPU from it, and latencies from an open loop.");
}

void view_add_doubts(struct view *view, const struct result *result,
                     const struct comparisons *comparisons)
{
    static void (*const of_service[])(const struct doubt *, int) = {
        say_failed, say_answers, say_overloaded, say_skipped,  say_errors,
        say_killed, say_control, say_repeated,   say_outliers, say_moving};
    const struct doubt doubt = {&view->doubts, result, comparisons};
    say_partial(&doubt);
    for (size_t i = 0; i < sizeof(of_service) / sizeof(of_service[0]); i++) {
        for (int service = 0; service < result->service_count; service++)
            of_service[i](&doubt, service);
    }
    say_closed_loop(&doubt);
    view_add_machine_doubts(view, result);
}
