#include "cmd/progress.h"

#include <math.h>
#include <stdio.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/mem.h"
#include "report/figure.h"
#include "report/text.h"
#include "sys/terminal.h"

enum { CLOCK_BYTES = 24, LINE_BYTES = 512, TEXT_WIDTH = 90 };

void progress_init(struct progress *progress)
{
    *progress = (struct progress){.columns = terminal_columns(STDERR_FILENO)};
}

static void wipe(struct progress *progress)
{
    if (progress->drawn)
        fputs("\r\033[K", stderr);
    progress->drawn = false;
}

void progress_fini(struct progress *progress)
{
    wipe(progress);
}

/* "1:05", "1:02:03". */
static const char *clock_text(int64_t ns, char out[CLOCK_BYTES])
{
    long long seconds = (ns + NS_PER_S / 2) / NS_PER_S;
    if (seconds >= 3600)
        snprintf(out, CLOCK_BYTES, "%lld:%02lld:%02lld", seconds / 3600,
                 seconds / 60 % 60, seconds % 60);
    else
        snprintf(out, CLOCK_BYTES, "%lld:%02lld", seconds / 60, seconds % 60);
    return out;
}

/* A sentence of its own, wrapped; it may hold a dead service's last words. */
static void say(struct progress *progress, const char *text)
{
    struct buf out;
    buf_init(&out, 16384);
    wipe(progress);
    for (const char *line = text; *line;) {
        size_t len = strcspn(line, "\n");
        char *copy = mem_copy_bytes(line, len);
        text_wrap(&out, copy, TEXT_WIDTH, 0, 2);
        mem_free(copy);
        line += len + (line[len] == '\n');
    }
    fputs(buf_text(&out), stderr);
    buf_fini(&out);
}

/* The live line, cut to the terminal's width: a wrapped line cannot be wiped. */
static void draw(struct progress *progress, const struct race_moment *moment,
                 const char *state)
{
    char elapsed[CLOCK_BYTES], left[CLOCK_BYTES], line[LINE_BYTES];
    if (progress->columns == 0)
        return;
    snprintf(line, sizeof(line), "block %d/%d  trial %d/%d  %s  %s  %s, %s left",
             moment->block, moment->blocks, moment->trial, moment->trials,
             moment->service, state, clock_text(moment->elapsed_ns, elapsed),
             clock_text(moment->remaining_ns, left));
    struct buf out;
    buf_init(&out, sizeof(line));
    text_cut(&out, line, (size_t)progress->columns - 1);
    fprintf(stderr, "\r\033[K%s", buf_text(&out));
    buf_fini(&out);
    progress->drawn = true;
}

static void draw_second(struct progress *progress, const struct race_moment *moment)
{
    char p99[FIGURE_BYTES], rate[FIGURE_BYTES], state[128];
    const struct load_window *window = moment->window;
    bool warming = window->second < 0;
    snprintf(state, sizeof(state), "%s %llds  %s  p99 %s",
             warming ? "warm-up" : "measured",
             (long long)(warming ? -window->second : window->second + 1),
             figure_rate((double)(window->ok + window->errors), rate),
             figure_time(window->p99, 0, p99));
    draw(progress, moment, state);
}

static void say_setup(struct progress *progress, const struct race_moment *moment)
{
    char left[CLOCK_BYTES], text[LINE_BYTES];
    const struct result_machine *machine = &moment->result->machine;
    snprintf(
        text, sizeof(text),
        "%d trial%s in %d block%s, about %s. Services on CPU %.40s, generator on CPU "
        "%.40s%s.",
        moment->trials, moment->trials == 1 ? "" : "s", moment->blocks,
        moment->blocks == 1 ? "" : "s", clock_text(moment->remaining_ns, left),
        machine->service_cpus, machine->generator_cpus,
        machine->cpus_shared ? " (shared: they take time from each other)" : "");
    say(progress, text);
}

/* A trial that failed is said everywhere, one that went well only where no line lives. */
static void say_trial(struct progress *progress, const struct race_moment *moment)
{
    char p50[FIGURE_BYTES], p99[FIGURE_BYTES], left[CLOCK_BYTES], text[8192];
    const struct trial *trial = moment->done;
    const struct load_result *load = &trial->load;
    if (trial->outcome == TRIAL_OK && progress->columns > 0)
        return;
    if (trial->outcome == TRIAL_OK)
        snprintf(text, sizeof(text),
                 "block %d/%d  trial %d/%d  %s: p50 %s, p99 %s%s%s; %s left",
                 moment->block, moment->blocks, moment->trial, moment->trials,
                 moment->service,
                 figure_time(load->latency.p[LOAD_P50], load->errors_above_ns, p50),
                 figure_time(load->latency.p[LOAD_P99], load->errors_above_ns, p99),
                 load->overloaded ? ", overloaded" : "",
                 trial->invalid_count ? ", INVALID" : "",
                 clock_text(moment->remaining_ns, left));
    else
        snprintf(text, sizeof(text), "block %d/%d  trial %d/%d  FAILED: %s",
                 moment->block, moment->blocks, moment->trial, moment->trials,
                 trial->why);
    say(progress, text);
}

void progress_moment(void *context, const struct race_moment *moment)
{
    struct progress *progress = context;
    char text[8192];
    switch (moment->stage) {
    case RACE_BUILDS:
        snprintf(text, sizeof(text), "building %s …", moment->service);
        say(progress, text);
        break;
    case RACE_SKIPS:
        snprintf(text, sizeof(text), "%s is skipped: %s", moment->service, moment->why);
        say(progress, text);
        break;
    case RACE_SETS_UP:
        say_setup(progress, moment);
        break;
    case RACE_TRIAL:
        draw(progress, moment, "starting");
        break;
    case RACE_SECOND:
        draw_second(progress, moment);
        break;
    case RACE_LOADS:
    case RACE_FIGURES:
    case RACE_MEASURED:
        break;
    case RACE_TRIAL_OVER:
        say_trial(progress, moment);
        break;
    case RACE_REPEATS:
        snprintf(text, sizeof(text), "block %d/%d  %s is run again: %s", moment->block,
                 moment->blocks, moment->service, moment->done->invalid[0]);
        say(progress, text);
        break;
    case RACE_STOPS:
        snprintf(text, sizeof(text), "stops after block %d: %s", moment->block,
                 moment->result->stop_when);
        say(progress, text);
        break;
    }
}
