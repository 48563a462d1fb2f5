/*
 * The worker's books: every due request is counted exactly once whether the server
 * answers, delays, closes, resets, talks nonsense or stays silent. Nothing here depends
 * on how fast the machine is.
 */
#include "generated.h"

static void good_server(void)
{
    struct load_outcome outcome = run_script(prompt, usual_spec());
    check_books(&outcome, true, "good server");
    TAP_INT(outcome.tally.due, 100, "constant: 400/s for 0.25 s");
    TAP_INT(outcome.tally.ok, 100, "all answered");
    TAP_INT(outcome.tally.answered, 100, "answers of any status");
    TAP_INT((int64_t)server.requests, 120, "the server saw the warm-up too");
    TAP_INT((int64_t)server.accepted, 8, "over as many connections as asked for");
    TAP_OK(outcome.tally.reconnects == 0 && !outcome.interrupted &&
               outcome.measured_ns == 250 * NS_PER_MS,
           "without a break");
    TAP_OK(outcome.tally.bytes_received == 120 * strlen(SCRIPTED_OK), "bytes received");
    TAP_OK(outcome.tally.peak_in_flight >= 1 && outcome.tally.peak_in_flight <= 8,
           "in flight");
    load_outcome_fini(&outcome);
}

/* Every tenth request gets a bad end of another kind, five kinds in turn. */
static struct scripted_act mixed(uint64_t index)
{
    static const struct scripted_act ends[] = {
        {.answer = "HTTP/1.1 503 Service Unavailable\r\nContent-Length: 0\r\n\r\n"},
        {.then = SCRIPTED_CLOSE},
        {.then = SCRIPTED_RESET},
        {.answer = "HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nok",
         .then = SCRIPTED_CLOSE},
        {.answer = "SMTP ready\r\n\r\n"},
    };
    static const struct scripted_act last = {
        .answer = "HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: 0\r\n\r\n",
        .then = SCRIPTED_CLOSE};
    if (index % 10 == 9)
        return ends[index / 10 % 5];
    return index % 10 == 4 ? last : prompt(index);
}

static void mixed_server(void)
{
    struct load_spec spec = usual_spec();
    spec.warmup_ns = 0;
    struct load_outcome outcome = run_script(mixed, spec);
    const struct tally *tally = &outcome.tally;
    check_books(&outcome, true, "mixed server");
    TAP_INT(tally->errors[TALLY_STATUS], 2, "503");
    TAP_INT(tally->errors[TALLY_RESET], 6, "closed, reset, or cut short");
    TAP_INT(tally->errors[TALLY_PROTOCOL], 2, "not HTTP");
    TAP_INT(tally->answered, tally->ok + 2, "a bad status is an answer");
    TAP_INT(tally->reconnects, 18, "each closed connection was replaced");
    load_outcome_fini(&outcome);
}

/* Of four answers one is as expected, one is not, one is none to expect anything of, and
 * one has no body. */
static struct scripted_act various(uint64_t index)
{
    static const char *const answers[] = {
        SCRIPTED_OK, "HTTP/1.1 200 OK\r\nContent-Length: 3\r\n\r\nok!",
        "HTTP/1.1 500 No\r\nContent-Length: 2\r\n\r\nok", "HTTP/1.1 204 None\r\n\r\n"};
    return (struct scripted_act){.answer = answers[index % 4]};
}

static void various_bodies(void)
{
    static const struct expect_body ok = {{"ok", 2}, NULL};
    struct load_spec spec = usual_spec();
    struct load_outcome outcome = {0};
    spec.warmup_ns = 0;
    scripted_start(&server, various);
    const struct asking asking = {.url = server.url,
                                  .expect = {.bodies = &ok, .body_count = 1}};
    if (!run_asking(&asking, spec, NULL, NULL, &outcome))
        exit(1);
    scripted_stop(&server);
    const struct tally *tally = &outcome.tally;
    check_books(&outcome, true, "various bodies");
    TAP_INT(tally->ok, 25, "as expected");
    TAP_INT(tally->errors[TALLY_BODY], 50, "another body, or none");
    TAP_INT(tally->errors[TALLY_STATUS], 25, "another status, whatever the body");
    TAP_INT(tally->answered, 100, "all are answers");
    TAP_INT(tally->reconnects, 0, "and no reason to close a connection");
    load_outcome_fini(&outcome);
}

/* Answers, and closes without having said so: a request may already be on its way. */
static struct scripted_act abrupt(uint64_t index)
{
    (void)index;
    return (struct scripted_act){.answer = SCRIPTED_OK, .then = SCRIPTED_CLOSE};
}

static void abrupt_server(void)
{
    struct load_outcome outcome = run_script(abrupt, usual_spec());
    const struct tally *tally = &outcome.tally;
    check_books(&outcome, true, "abrupt server");
    TAP_INT(tally->ok + tally->errors[TALLY_RESET] + tally->errors[TALLY_CONNECT], 100,
            "answered, or reset on the way");
    TAP_OK(tally->ok >= 30, "many were answered: %llu", (unsigned long long)tally->ok);
    load_outcome_fini(&outcome);
}

/* One in 20 is answered after the time-out, one in 20 never; the others are not slow. */
static struct scripted_act silent(uint64_t index)
{
    if (index % 20 == 3)
        return (struct scripted_act){.answer = SCRIPTED_OK, .delay_ns = NS_PER_S};
    return (struct scripted_act){.answer = index % 20 == 13 ? NULL : SCRIPTED_OK};
}

static void silent_server(void)
{
    struct load_spec spec = usual_spec();
    spec.warmup_ns = 0;
    spec.timeout_ns = 400 * NS_PER_MS;
    spec.connections = 16;
    struct load_outcome outcome = run_script(silent, spec);
    check_books(&outcome, true, "silent server");
    TAP_OK(outcome.tally.errors[TALLY_TIMEOUT] >= 10, "ten or more were given up");
    TAP_OK(outcome.tally.ok >= 70, "the others were answered");
    TAP_OK(hist_quantile(&outcome.latency, 0.95) == HIST_INFINITE, "p95 is > time-out");
    TAP_OK(hist_quantile(&outcome.latency, 0.5) < 400 * NS_PER_MS, "p50 is not");
    load_outcome_fini(&outcome);
}

/* One connection, and its first request is never answered. */
static struct scripted_act deaf(uint64_t index)
{
    (void)index;
    return (struct scripted_act){.answer = NULL};
}

static void deaf_server(void)
{
    struct load_spec spec = usual_spec();
    spec.warmup_ns = 0;
    spec.connections = spec.threads = 1;
    spec.timeout_ns = 300 * NS_PER_MS;
    struct load_outcome outcome = run_script(deaf, spec);
    const struct tally *tally = &outcome.tally;
    check_books(&outcome, true, "deaf server");
    TAP_INT(tally->ok, 0, "nothing was answered");
    TAP_INT(tally->due, 100, "and still all were due");
    /* Those that grow too old while the connection is replaced count as unconnected. */
    TAP_OK(tally->errors[TALLY_TIMEOUT] >= 1 && tally->errors[TALLY_UNSENT] >= 50,
           "those on the connection timed out, most others were never sent");
    TAP_INT(tally->errors[TALLY_TIMEOUT] + tally->errors[TALLY_UNSENT] +
                tally->errors[TALLY_CONNECT],
            100, "and nothing else happened");
    load_outcome_fini(&outcome);
}

/* Answers outlast the measured time: the drain waits for them. */
static struct scripted_act late(uint64_t index)
{
    (void)index;
    return (struct scripted_act){.answer = SCRIPTED_OK, .delay_ns = 300 * NS_PER_MS};
}

static void late_server(void)
{
    struct load_spec spec = usual_spec();
    spec.warmup_ns = 0;
    spec.profile = rate_of(40);
    spec.connections = 16;
    struct load_outcome outcome = run_script(late, spec);
    check_books(&outcome, true, "late server");
    TAP_INT(outcome.tally.ok, 10, "all were waited for");
    TAP_INT(outcome.tally.answered_in_time, 0, "none in the measured time");
    TAP_OK(outcome.latency.min_ns >= 300 * NS_PER_MS, "none is faster than the server");
    TAP_OK(outcome.tally.first_byte.min_ns >= 300 * NS_PER_MS &&
               outcome.tally.service_time.min_ns >= 300 * NS_PER_MS,
           "nor are its parts");
    load_outcome_fini(&outcome);
}

/* Two connections and answers of 20 ms: 100/s can be served, 200/s are due. */
static struct scripted_act slow(uint64_t index)
{
    (void)index;
    return (struct scripted_act){.answer = SCRIPTED_OK, .delay_ns = 20 * NS_PER_MS};
}

static void queue(void)
{
    struct load_spec spec = usual_spec();
    spec.warmup_ns = 0;
    spec.connections = 2;
    spec.threads = 1;
    spec.profile = rate_of(200);
    struct load_outcome outcome = run_script(slow, spec);
    const struct tally *tally = &outcome.tally;
    check_books(&outcome, true, "queue");
    TAP_INT(tally->ok, 50, "all answered in the end");
    TAP_INT(tally->peak_in_flight, 2, "never more in flight than connections");
    TAP_OK(tally->wait.max_ns >= 200 * NS_PER_MS, "the last waited its turn");
    TAP_OK(outcome.latency.max_ns >= tally->wait.max_ns + 20 * NS_PER_MS,
           "and its wait is part of its latency");
    load_outcome_fini(&outcome);
}

static void closed_loop(void)
{
    struct load_spec spec = usual_spec();
    spec.profile = NULL;
    spec.connections = 4;
    struct load_outcome outcome = run_script(slow, spec);
    check_books(&outcome, false, "closed loop");
    TAP_OK(outcome.tally.ok == outcome.tally.due && outcome.tally.ok > 0, "all answered");
    TAP_OK(outcome.tally.ok <= 4 * (250 / 20 + 1), "none before the last was answered");
    TAP_OK(outcome.log == NULL, "a closed loop has no order by due time");
    load_outcome_fini(&outcome);
}

int main(void)
{
    good_server();
    mixed_server();
    various_bodies();
    abrupt_server();
    silent_server();
    deaf_server();
    late_server();
    queue();
    closed_loop();
    return tap_done();
}
