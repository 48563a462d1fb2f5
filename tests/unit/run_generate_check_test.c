/*
 * What the generator refuses before a connection is opened, each in its words, and what
 * it makes of rates and recorded times.
 */
#include <sys/resource.h>

#include "base/clock.h"
#include "scratch.h"
#include "small_spec.h"

enum { FILES = 1024 };

static void check(struct generate_spec spec, const char *sentence, const char *what)
{
    struct error err = {""};
    bool good = generate_check(&spec, &err);
    if (!sentence) {
        if (!TAP_OK(good, "%s: accepted", what))
            printf("# %s\n", err.text);
    } else if (TAP_OK(!good, "%s: refused", what)) {
        TAP_TEXT(err.text, sentence, what);
    }
}

static void times(void)
{
    struct generate_spec spec = small_spec();
    check(spec, NULL, "smallest");
    spec.duration_ns = 0;
    check(spec, "the duration must be longer than 0", "no duration");
    spec = small_spec();
    spec.timeout_ns = 0;
    check(spec, "the time-out must be longer than 0", "no time-out");
    spec = small_spec();
    spec.warmup_ns = -1;
    check(spec, "the warm-up cannot be negative", "negative warm-up");
    spec = small_spec();
    spec.rate = "-1";
    check(spec,
          "'-1' is not a rate; write 500, 20k, 1.5M, burst:…, ramp:…, steps:… or max",
          "negative rate");
}

static void counts(void)
{
    static const char range[] = "at least 1 connection and 1 to 256 threads are needed";
    struct generate_spec spec = small_spec();
    spec.connections = 0;
    check(spec, range, "no connection");
    spec = small_spec();
    spec.threads = 0;
    check(spec, range, "no thread");
    spec.threads = spec.connections = 257;
    check(spec, range, "257 threads");
    spec.threads = spec.connections = 256;
    check(spec, NULL, "256 threads");
    spec.connections = 255;
    check(spec,
          "256 threads cannot share 255 connections; ask for more connections or fewer "
          "threads",
          "more threads than connections");
}

/* 16 files are kept for everything else. */
static void open_files(void)
{
    struct generate_spec spec = small_spec();
    spec.connections = FILES - 16;
    check(spec, NULL, "as many connections as files");
    spec.connections = FILES - 15;
    check(spec,
          "1009 connections need more than the 1024 open files allowed here; raise "
          "'ulimit -n' or ask for fewer connections",
          "one more");
}

/* What target_init, requests_init and cpu_parse would refuse later, with a service
 * already running, can be wrong before a connection is opened. */
static void what_the_run_would_refuse(void)
{
    static const char *const bad_headers[] = {"Accept"};
    struct generate_spec spec = small_spec();
    spec.url = "127.0.0.1:8080";
    check(spec,
          "'127.0.0.1:8080' is not a URL like http://127.0.0.1:8080/path, https://… or "
          "http://unix:/run/service.sock:/path",
          "no scheme");
    spec.url = "https://127.0.0.1/";
    check(spec, NULL, "https");
    spec = small_spec();
    spec.method = "GO AWAY";
    check(spec, "'GO AWAY' is not an HTTP method", "no method");
    spec = small_spec();
    spec.headers = bad_headers;
    spec.header_count = 1;
    check(spec, "'Accept' is not a header like 'Name: value'", "no header");
    spec = small_spec();
    spec.cpus = "some";
    check(spec, "'some' is not a list of CPUs, such as 0-3,8", "no CPUs");
}

/* ---- bodies and answers ---- */

static const struct str two_bodies[] = {{"{}", 2}, {"[]", 2}};
static const struct expect_body two_answers[] = {{{"{}", 2}, NULL}, {{"[]", 2}, NULL}};

static void bodies(void)
{
    static const double weights[] = {1, 2, 0};
    struct generate_spec spec = small_spec();
    spec.bodies = two_bodies;
    spec.body_count = 2;
    check(spec, NULL, "two bodies");
    spec.method = "GET";
    check(spec, "a body means nothing in a GET request; leave it out, or use POST",
          "GET with a body");
    spec.method = NULL;
    spec.weights = weights;
    spec.weight_count = 2;
    check(spec, NULL, "two weights");
    spec.weight_count = 1;
    check(spec, "weights: 1, bodies: 2; give one for each", "one weight");
    spec.weights = weights + 1;
    spec.weight_count = 2;
    check(spec, "a weight must be a number above 0", "a weight of 0");
    spec = small_spec();
    spec.weights = weights;
    spec.weight_count = 1;
    check(spec, "weights: 1, bodies: 0; give one for each", "without a body");
}

static void answers(void)
{
    struct generate_spec spec = small_spec();
    spec.expect = (struct expect_spec){.bodies = two_answers, .body_count = 1};
    check(spec, NULL, "one answer is expected");
    spec.method = "HEAD";
    check(spec, "answers to HEAD have no body to expect", "HEAD");
    spec.method = NULL;
    spec.expect.body_count = 2;
    check(spec, "expected bodies: 2, requests: 1; give one for all, or one for each",
          "two answers to one request");
    spec.bodies = two_bodies;
    spec.body_count = 2;
    check(spec, NULL, "two answers to two requests");
    spec.expect.statuses = "200,ok";
    check(spec, "'200,ok' is not a list of statuses; write 200,404 or 2xx", "statuses");
}

static void reach(void)
{
    static const char *const names[] = {"127.0.0.1"};
    struct generate_spec spec = small_spec();
    spec.reach = (struct target_options){.insecure = true};
    check(spec, "a CA file and --insecure are for https; the URL is http", "insecure");
    spec.reach = (struct target_options){.resolve = names, .resolve_count = 1};
    check(spec,
          "'127.0.0.1' is not HOST:PORT:ADDRESS, such as api.example.org:443:127.0.0.1",
          "half an override");
}

/* ---- recorded times ---- */

/* A spec that replays a file of the scratch folder; its rate is on the heap. */
static struct generate_spec replay(const char *file, int64_t warmup_ns,
                                   int64_t duration_ns)
{
    struct generate_spec spec = small_spec();
    spec.rate = mem_format("replay:%s/%s", scratch_folder, file);
    spec.warmup_ns = warmup_ns;
    spec.duration_ns = duration_ns;
    return spec;
}

static void end_replay(struct generate_spec *spec)
{
    char *rate;
    memcpy(&rate, &spec->rate, sizeof(rate));
    mem_free(rate);
}

/* Five requests over two seconds: the last of them is due at 2 s, so all of it is one
 * nanosecond longer. */
static void recorded(void)
{
    struct error err = {""};
    scratch_write("five", STR("100.5\n100\n101\n101.5\n102\n"));
    struct generate_spec spec = replay("five", 0, 2 * NS_PER_S + 1);
    check(spec, NULL, "a replay to its last time");
    TAP_NEAR(generate_mean_rate(&spec), 2.5, 1e-6, "its mean rate");
    char *arrivals = generate_arrivals(&spec);
    TAP_TEXT(arrivals, spec.rate, "its arrivals are the file's");
    mem_free(arrivals);
    spec.duration_ns++;
    TAP_OK(!generate_check(&spec, &err), "a nanosecond longer than the file");
    spec.duration_ns = 3 * NS_PER_S;
    char *sentence = mem_format("%s/five covers 2 s, but warm-up and duration are 3 s",
                                scratch_folder);
    check(spec, sentence, "a second longer");
    mem_free(sentence);
    spec.warmup_ns = NS_PER_S;
    TAP_OK(generate_fit_replay(&spec, &err), "fitted%s", err.text);
    TAP_INT(spec.duration_ns, NS_PER_S + 1, "… to what the warm-up leaves");
    TAP_NEAR(generate_mean_rate(&spec), 3, 1e-6, "… with the rate of that");
    spec.warmup_ns = 2 * NS_PER_S + 1;
    TAP_OK(!generate_fit_replay(&spec, &err), "a warm-up longer than the file");
    TAP_OK(strstr(err.text, "five is over before the warm-up is"), "… %s", err.text);
    end_replay(&spec);
}

static void bad_recordings(void)
{
    struct error err = {""};
    struct generate_spec spec = replay("none", 0, 1);
    TAP_OK(!generate_check(&spec, &err), "no file");
    TAP_OK(strstr(err.text, "none: No such file"), "… %s", err.text);
    TAP_OK(isnan(generate_mean_rate(&spec)), "… no rate");
    TAP_OK(!generate_fit_replay(&spec, &err), "… no duration");
    end_replay(&spec);
    scratch_write("bad", STR("1\nx\n"));
    spec = replay("bad", 0, 1);
    TAP_OK(!generate_check(&spec, &err), "no times");
    TAP_OK(strstr(err.text, "bad: line 2: 'x'"), "… %s", err.text);
    end_replay(&spec);
}

static void other_rates(void)
{
    struct error err;
    struct generate_spec spec = small_spec();
    TAP_OK(generate_is_closed(&spec) && isnan(generate_mean_rate(&spec)), "max is none");
    spec.rate = "ramp:100..300";
    spec.warmup_ns = spec.duration_ns = NS_PER_S;
    TAP_NEAR(generate_mean_rate(&spec), 200, 1e-9, "a ramp's mean, without the warm-up");
    TAP_OK(generate_fit_replay(&spec, &err) && spec.duration_ns == NS_PER_S,
           "nothing to fit");
    spec.arrivals = ARRIVALS_POISSON;
    char *arrivals = generate_arrivals(&spec);
    TAP_TEXT(arrivals, "poisson, ramp:100..300", "law and rate");
    mem_free(arrivals);
}

int main(void)
{
    /* The hard limit too: generate_check raises the soft one to it. */
    struct rlimit files = {FILES, FILES};
    if (setrlimit(RLIMIT_NOFILE, &files) != 0)
        return 1;
    scratch_init();
    times();
    counts();
    open_files();
    what_the_run_would_refuse();
    bodies();
    answers();
    reach();
    recorded();
    bad_recordings();
    other_rates();
    scratch_fini();
    return tap_done();
}
