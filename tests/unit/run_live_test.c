/*
 * The pages that `load` and `race` serve while they run, scraped over a socket: what they
 * are told is on them, and a race's counters go on from trial to trial.
 */
#include "base/clock.h"
#include "blocking.h"
#include "fds.h"
#include "plans.h"
#include "run/live.h"
#include "run/live_race.h"
#include "small_spec.h"
#include "sys/fd.h"

static struct sock_address address;
static char place[SOCK_ADDRESS_TEXT];

/* The page as it is now. */
static const char *scrape(void)
{
    static char answer[1 << 16];
    struct str get = STR("GET /metrics HTTP/1.1\r\nHost: h\r\n\r\n");
    int fd = blocking_connect(&address);
    answer[0] = '\0';
    if (sock_send(fd, get) == (ssize_t)get.len)
        blocking_receive(fd, answer, sizeof(answer));
    fd_close(fd);
    return answer;
}

/* Whole lines of the next page. */
static void check_lines(const char *what, const char *const *lines)
{
    const char *page = scrape();
    for (; *lines; lines++) {
        char *line = mem_format("\n%s\n", *lines);
        TAP_OK(strstr(page, line) != NULL, "%s: %s", what, *lines);
        mem_free(line);
    }
}

#define LINES(...) ((const char *const[]){__VA_ARGS__, NULL})

static struct figures figures_of(uint64_t due, uint64_t ok)
{
    struct figures figures = {
        .due = due, .ok = ok, .sum_ns = (double)ok * 1e9, .has_now = true};
    figures.errors[TALLY_TIMEOUT] = due - ok;
    figures.within[FIGURES_BOUNDS - 1] = ok;
    figures.now = (struct figures_now){250000000, 5, 6, 7.5};
    return figures;
}

/* ---- load ---- */

#define L "{target=\"http://127.0.0.1:1/\"}"

static void a_load(void)
{
    struct error err = {""};
    struct generate_spec spec = small_spec();
    struct figures figures = figures_of(12, 8);
    spec.rate = "10";
    spec.duration_ns = NS_PER_S;
    struct live *live = live_start(place, &spec, &err);
    if (!TAP_OK(live != NULL, "a load's page%s", err.text))
        return;
    check_lines("at first",
                LINES("dragstrip_due_total" L " 0", "dragstrip_offered_rate" L " 10"));
    live_add(live, &figures);
    live_add(live, &figures);
    figures.has_now = false;
    live_add(live, &figures);
    check_lines("three times",
                LINES("dragstrip_due_total" L " 36", "dragstrip_ok_total" L " 24",
                      "dragstrip_latency_seconds_sum" L " 24",
                      "dragstrip_lag_max_seconds" L " 0.25", "dragstrip_in_flight" L " 5",
                      "dragstrip_queued" L " 6", "dragstrip_achieved_rate" L " 7.5"));
    TAP_OK(!strstr(scrape(), "dragstrip_race") && !strstr(scrape(), "dragstrip_trial"),
           "it is no race");
    live_stop(live);
    live_stop(NULL);
}

/* ---- race ---- */

static const char plan_text[] = "services:\n"
                                "  a:\n    url: http://127.0.0.1:1/\n"
                                "  b:\n    url: http://127.0.0.1:2/\n"
                                "load:\n  rate: 10\n"
                                "design:\n  blocks: 6\n";

#define A "{service=\"a\",target=\"http://127.0.0.1:1/\"}"
#define B "{service=\"b\",target=\"http://127.0.0.1:2/\"}"
#define TRIAL(name, block, trial, phase)                                                 \
    "dragstrip_trial_info{service=\"" name "\",block=\"" block "\",trial=\"" trial       \
    "\",phase=\"" phase "\"} 1"

static struct live_race *race;
static struct result result;
static struct race_moment moment;

static void tell(enum race_stage stage)
{
    moment.stage = stage;
    live_race_moment(race, &moment);
}

/* The clock says how far a trial is: these are its times from now on, in minutes. */
static void tell_loads(int64_t measure, int64_t end)
{
    moment.measure_ns = clock_now_ns() + measure * 60 * NS_PER_S;
    moment.end_ns = clock_now_ns() + end * 60 * NS_PER_S;
    tell(RACE_LOADS);
}

static void tell_figures(uint64_t due, uint64_t ok)
{
    struct figures figures = figures_of(due, ok);
    moment.figures = &figures;
    tell(RACE_FIGURES);
    moment.figures = NULL;
}

static void begin_trial(const char *service, int block, int trial)
{
    moment.service = service;
    moment.block = block;
    moment.trial = trial;
    tell(RACE_TRIAL);
}

static void before_trials(void)
{
    check_lines("while services are built",
                LINES("dragstrip_due_total" A " 0", "dragstrip_due_total" B " 0",
                      "dragstrip_offered_rate" B " 10", "dragstrip_race_block 0",
                      "dragstrip_race_blocks 6", "dragstrip_race_trials 0"));
    snprintf(result.machine.generator_cpus, sizeof(result.machine.generator_cpus), "0");
    moment.result = &result;
    moment.blocks = 6;
    moment.trials = 12;
    tell(RACE_SETS_UP);
    check_lines("before the first trial", LINES("dragstrip_race_trials 12"));
    TAP_OK(!strstr(scrape(), "dragstrip_trial_info{"), "no trial runs yet");
}

static void first_trial(void)
{
    begin_trial("b", 1, 1);
    check_lines("it starts", LINES(TRIAL("b", "1", "1", "start"),
                                   "dragstrip_race_block 1", "dragstrip_race_trial 1"));
    tell_loads(1, 2);
    tell_figures(12, 8);
    tell(RACE_SECOND);
    check_lines("it warms up",
                LINES(TRIAL("b", "1", "1", "warmup"), "dragstrip_due_total" B " 12",
                      "dragstrip_due_total" A " 0", "dragstrip_in_flight" B " 5",
                      "dragstrip_in_flight" A " 0"));
    tell_loads(-1, 1);
    check_lines("it is measured", LINES(TRIAL("b", "1", "1", "measured")));
    tell_loads(-2, -1);
    check_lines("its end is past", LINES(TRIAL("b", "1", "1", "stop")));
    tell_figures(1, 1);
    tell(RACE_MEASURED);
    check_lines("nothing is under way",
                LINES("dragstrip_due_total" B " 13", "dragstrip_in_flight" B " 0",
                      "dragstrip_queued" B " 0", "dragstrip_lag_max_seconds" B " 0",
                      "dragstrip_achieved_rate" B " 0", "dragstrip_offered_rate" B " 10",
                      TRIAL("b", "1", "1", "stop")));
    tell(RACE_TRIAL_OVER);
    TAP_OK(!strstr(scrape(), "dragstrip_trial_info{"), "it is over");
}

/* One that ends before its time stops as well; one that is run again counts twice. */
static void later_trials(void)
{
    begin_trial("a", 1, 2);
    tell_loads(-1, 60);
    tell_figures(100, 50);
    tell(RACE_MEASURED);
    check_lines("it ended early", LINES(TRIAL("a", "1", "2", "stop")));
    tell(RACE_REPEATS);
    TAP_OK(!strstr(scrape(), "dragstrip_trial_info{"), "it will be run again");
    begin_trial("a", 1, 2);
    check_lines("again",
                LINES(TRIAL("a", "1", "2", "start"), "dragstrip_in_flight" A " 0"));
    tell_loads(-1, 60);
    tell_figures(10, 10);
    tell(RACE_TRIAL_OVER);
    begin_trial("b", 2, 3);
    tell_figures(7, 7);
    check_lines("a new block",
                LINES("dragstrip_due_total" B " 20", "dragstrip_ok_total" B " 16",
                      "dragstrip_due_total" A " 110", "dragstrip_ok_total" A " 60",
                      "dragstrip_race_block 2", "dragstrip_race_trial 3",
                      "dragstrip_race_trials 12"));
    tell(RACE_STOPS);
}

static void a_race(void)
{
    struct error err = {""};
    struct plan plan = good_plan(plan_text);
    race = live_race_start(place, &plan, &err);
    if (TAP_OK(race != NULL, "a race's page%s", err.text)) {
        before_trials();
        first_trial();
        later_trials();
    }
    live_race_stop(race);
    live_race_stop(NULL);
    TAP_OK(!live_race_start("nowhere", &plan, &err) && strstr(err.text, "--metrics: "),
           "no address: %s", err.text);
    plan_fini(&plan);
}

int main(void)
{
    int before = fds_count();
    alarm(20);
    scratch_init();
    blocking_free_port(&address);
    sock_format(&address, place);
    a_load();
    a_race();
    TAP_INT(fds_count(), before, "no descriptor is left open");
    scratch_fini();
    return tap_done();
}
