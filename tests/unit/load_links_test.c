/*
 * Connections that are not had at once: servers that are full, that turn away for good,
 * or that accept late; and the pace at which they are tried again.
 */
#include <limits.h>

#include "blocking.h"
#include "generated.h"
#include "scratch.h"

/* Full at first: those that were turned away are tried again. So many are opened that, as
 * a rule, some are closed again when we look for the first time. */
static void full_at_first(void)
{
    enum { FULL = 60, WANTED = 64 };
    struct load_spec spec = usual_spec();
    struct load_outcome outcome = {0};
    spec.threads = 1;
    spec.connections = WANTED;
    spec.duration_ns = 100 * NS_PER_MS;
    scripted_start(&server, prompt);
    server.turn_away = FULL;
    if (TAP_OK(run(spec, NULL, NULL, &outcome), "a server that was full")) {
        check_books(&outcome, true, "was full");
        TAP_INT(outcome.tally.ok, 40, "… all answered");
        TAP_INT((int64_t)server.accepted, WANTED + FULL, "… each was tried once again");
        load_outcome_fini(&outcome);
    }
    scripted_stop(&server);
}

/* Each of 8 connections: at once, and after 10, 20, 40, 80, 160 ms, and so on. */
static void no_storm(uint64_t tries, int64_t during_ns, const char *what)
{
    uint64_t rounds = 1;
    for (int64_t after_ns = 10 * NS_PER_MS; during_ns > 0; after_ns *= 2, rounds++)
        during_ns -= after_ns;
    TAP_OK(tries <= 8 * (rounds + 1), "%s: %llu tries are no storm", what,
           (unsigned long long)tries);
}

/* Whether all stood for a moment, and there is a run, or not, is the kernel's affair. */
static void full_for_good(void)
{
    struct load_spec spec = usual_spec();
    struct load_outcome outcome = {0};
    spec.timeout_ns = 300 * NS_PER_MS;
    scripted_start(&server, prompt);
    server.turn_away = INT_MAX;
    if (run(spec, NULL, NULL, &outcome)) {
        check_books(&outcome, true, "full for good");
        TAP_INT(outcome.tally.ok, 0, "full for good: nothing is answered");
        load_outcome_fini(&outcome);
    } else {
        const char *cause = strstr(run_error.text, ": ");
        TAP_OK(cause && cause[2], "full for good: the sentence says why");
    }
    no_storm(server.accepted, 700 * NS_PER_MS, "full for good");
    scripted_stop(&server);
}

/* It answered once; from the start of the measured time on it hangs up on everybody. */
static void breaks_down(void *context, int64_t measure_ns, int64_t end_ns)
{
    (void)context, (void)end_ns, (void)measure_ns;
    server.turn_away = INT_MAX;
}

static struct scripted_act hang_up(uint64_t index)
{
    (void)index;
    return (struct scripted_act){.answer = SCRIPTED_OK, .then = SCRIPTED_CLOSE};
}

static void full_later(void)
{
    struct load_spec spec = usual_spec();
    struct load_outcome outcome = {0};
    const struct load_watcher watcher = {.started = breaks_down};
    spec.timeout_ns = 200 * NS_PER_MS;
    scripted_start(&server, hang_up);
    if (TAP_OK(run(spec, &watcher, NULL, &outcome), "a server that breaks down")) {
        check_books(&outcome, true, "broken down");
        TAP_OK(outcome.tally.ok < 50 && sum_errors(&outcome.tally) > 50, "… it did");
        no_storm(server.accepted - 8, 550 * NS_PER_MS, "broken down");
        load_outcome_fini(&outcome);
    }
    scripted_stop(&server);
}

/* ---- a Unix socket with a short queue ---- */

enum { QUEUE = 4, CONNECTIONS = 64 };

static void *accept_late(void *argument)
{
    struct scripted *late = argument;
    clock_sleep_until(clock_now_ns() + 50 * NS_PER_MS);
    return scripted_run(late);
}

static void short_queue(void)
{
    struct load_spec spec = usual_spec();
    struct load_outcome outcome = {0};
    struct error err = {""};
    char *path = scratch_path("s.sock");
    server = (struct scripted){.script = prompt};
    for (int i = 0; i < SCRIPTED_CONNS; i++)
        server.conns[i].fd = -1;
    sock_unix(path, &server.address, &err);
    server.listener = sock_listen(&server.address, false, &err);
    listen(server.listener, QUEUE);
    snprintf(server.url, sizeof(server.url), "http://unix:%s:/", path);
    pthread_create(&server.thread, NULL, accept_late, &server);
    spec.connections = CONNECTIONS;
    if (TAP_OK(run(spec, NULL, NULL, &outcome), "a Unix socket with a short queue")) {
        check_books(&outcome, true, "short queue");
        TAP_INT(outcome.tally.ok, 100, "… all answered");
        TAP_INT((int64_t)server.accepted, CONNECTIONS, "… by all connections");
        load_outcome_fini(&outcome);
    }
    scripted_stop(&server);
    mem_free(path);
}

int main(void)
{
    scratch_init();
    for (int i = 0; i < 4; i++)
        full_at_first();
    full_for_good();
    full_later();
    short_queue();
    scratch_fini();
    return tap_done();
}
