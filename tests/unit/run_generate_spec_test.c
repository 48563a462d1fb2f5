/*
 * The generator's spec: there and back through JSON text, every member broken once, and
 * what generate_check refuses before anything is opened.
 */
#include <stdlib.h>
#include <sys/resource.h>

#include "base/clock.h"
#include "faults.h"
#include "run/generate.h"

enum { ALL_BYTES = 256, FILES = 1024 };

static char every_byte[ALL_BYTES];
static const char *const some_headers[] = {"Accept: text/plain",
                                           "X-Empty:", "X-Quote: \"a\\b\" \xc3\xa9"};

static struct generate_spec full_spec(void)
{
    for (int i = 0; i < ALL_BYTES; i++)
        every_byte[i] = (char)i;
    return (struct generate_spec){.url = "http://127.0.0.1:8080/a?b=\"c\"",
                                  .method = "PUT",
                                  .headers = some_headers,
                                  .header_count = 3,
                                  .body = {every_byte, ALL_BYTES},
                                  .expect = "200,4xx",
                                  .rate = "burst:base=1k,peak=2.5k,on=100ms,period=1s",
                                  .arrivals = ARRIVALS_POISSON,
                                  .connections = 65,
                                  .threads = 3,
                                  .warmup_ns = INT64_C(1000000001),
                                  .duration_ns = INT64_C(86400000000007),
                                  .timeout_ns = 5 * NS_PER_S + 1,
                                  .seed = UINT64_C(0x7edcba9876543210),
                                  .cpus = "1-3,5",
                                  .spin = true};
}

static struct generate_spec small_spec(void)
{
    return (struct generate_spec){.url = "http://127.0.0.1:1/",
                                  .body = STR(""),
                                  .rate = "max",
                                  .connections = 1,
                                  .threads = 1,
                                  .duration_ns = 1,
                                  .timeout_ns = 1};
}

/* As the child sees it: text on a pipe. */
static json_t *through_text(const struct generate_spec *spec)
{
    json_error_t why;
    json_t *json = generate_spec_to_json(spec);
    char *text = json ? json_dumps(json, JSON_COMPACT) : NULL;
    json_t *parsed = text ? json_loads(text, 0, &why) : NULL;
    TAP_OK(parsed != NULL && !strchr(text, '\n'), "the spec is one line of JSON");
    free(text);
    json_decref(json);
    return parsed;
}

static bool same_text(const char *a, const char *b)
{
    return a && b ? strcmp(a, b) == 0 : a == b;
}

static void check_same(const struct generate_spec *got, const struct generate_spec *want,
                       const char *what)
{
    TAP_OK(same_text(got->url, want->url), "%s: url", what);
    TAP_OK(same_text(got->method, want->method), "%s: method", what);
    TAP_OK(same_text(got->cpus, want->cpus), "%s: CPUs", what);
    TAP_INT(got->header_count, want->header_count, what);
    for (int i = 0; i < want->header_count && i < got->header_count; i++)
        TAP_TEXT(got->headers[i], want->headers[i], what);
    TAP_OK(str_eq(got->body, want->body), "%s: body", what);
    TAP_TEXT(got->rate, want->rate, "rate");
    TAP_OK(!got->expect == !want->expect &&
               (!want->expect || strcmp(got->expect, want->expect) == 0),
           "%s: expect", what);
    TAP_OK(got->arrivals == want->arrivals, "%s: arrivals", what);
    TAP_INT(got->connections, want->connections, what);
    TAP_INT(got->threads, want->threads, what);
    TAP_INT(got->warmup_ns, want->warmup_ns, what);
    TAP_INT(got->duration_ns, want->duration_ns, what);
    TAP_INT(got->timeout_ns, want->timeout_ns, what);
    TAP_OK(got->seed == want->seed, "%s: seed", what);
    TAP_OK(got->spin == want->spin, "%s: spin", what);
}

static void round_trip(struct generate_spec spec, const char *what)
{
    struct generate_spec back;
    struct error err = {""};
    json_t *json = through_text(&spec);
    if (TAP_OK(generate_spec_from_json(json, &back, &err), "%s: read back", what)) {
        check_same(&back, &spec, what);
        generate_spec_fini(&back);
        TAP_OK(!back.body.ptr && !back.headers && !back.url, "%s: nothing is kept", what);
        generate_spec_fini(&back);
    }
    json_decref(json);
}

static void round_trips(void)
{
    struct generate_spec spec = full_spec();
    round_trip(spec, "full");
    spec.seed = UINT64_MAX;
    spec.arrivals = ARRIVALS_CONSTANT;
    spec.spin = false;
    round_trip(spec, "largest seed");
    round_trip(small_spec(), "smallest");
}

/* A spec that is written to although it is refused counts as accepted. */
static bool reads(const json_t *json, struct error *err)
{
    struct generate_spec spec, untouched;
    memset(&spec, 0x5a, sizeof(spec));
    memset(&untouched, 0x5a, sizeof(untouched));
    bool good = generate_spec_from_json(json, &spec, err);
    bool touched = memcmp(&spec, &untouched, sizeof(spec)) != 0;
    if (good)
        generate_spec_fini(&spec);
    return good || touched;
}

static void members(void)
{
    static const char *const optional[] = {"method", "cpus", "expect", NULL};
    struct generate_spec spec = full_spec();
    json_t *json = through_text(&spec);
    struct faults faults = {json, reads, optional, 0, 0};
    faults_walk(&faults, json, "");
    TAP_INT(faults.tried, 2 * 13, "thirteen members left out, and mistyped");
    TAP_INT(faults.missed, 0, "… each refused by a sentence with its name");
    json_decref(json);
}

/* Values of the right type that mean nothing; the sentence names the member. */
static void meaningless(void)
{
    static const struct {
        const char *member, *json;
    } rows[] = {{"method", "1"},
                {"expect", "1"},
                {"cpus", "1"},
                {"schema", "\"dragstrip.load-spec/2\""},
                {"arrivals", "\"burst\""},
                {"body_hex", "\"0g\""},
                {"body_hex", "\"g0\""},
                {"body_hex", "\"0A\""},
                {"body_hex", "\"abc\""},
                {"headers", "[\"A: b\", 1]"},
                {"headers", "{}"},
                {"connections", "4294967297"},
                {"threads", "1.5"}};
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        struct error err = {""};
        struct generate_spec spec = full_spec();
        json_t *json = generate_spec_to_json(&spec);
        json_object_set_new(json, rows[i].member,
                            json_loads(rows[i].json, JSON_DECODE_ANY, NULL));
        /* "body_hex" may be called the body. */
        int shown = strcmp(rows[i].member, "body_hex") == 0 ? 4 : 40;
        char name[41];
        snprintf(name, sizeof(name), "%.*s", shown, rows[i].member);
        bool refused = !reads(json, &err) && strstr(err.text, name);
        if (!TAP_OK(refused, "%s: %s is refused by name", rows[i].member, rows[i].json))
            printf("# %s\n", err.text[0] ? err.text : "accepted");
        json_decref(json);
    }
}

static void not_a_spec(void)
{
    struct error err;
    json_t *array = json_array(), *empty = json_object();
    TAP_OK(!reads(array, &err) && strstr(err.text, "load spec"), "an array is no spec");
    TAP_OK(!reads(empty, &err) && strstr(err.text, "load spec"), "nothing is no spec");
    json_decref(array);
    json_decref(empty);
}

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

/* What target_init, target_set_request and cpu_parse would refuse later, with a service
 * already running, can be wrong before a connection is opened. */
static void what_the_run_would_refuse(void)
{
    static const char *const bad_headers[] = {"Accept"};
    struct generate_spec spec = small_spec();
    spec.url = "127.0.0.1:8080";
    check(spec, "'127.0.0.1:8080' is not a URL like http://127.0.0.1:8080/path",
          "no scheme");
    spec.url = "https://127.0.0.1/";
    check(spec, "https://127.0.0.1/: https is not supported yet; use http://", "https");
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

int main(void)
{
    /* The hard limit too: generate_check raises the soft one to it. */
    struct rlimit files = {FILES, FILES};
    if (setrlimit(RLIMIT_NOFILE, &files) != 0)
        return 1;
    round_trips();
    members();
    meaningless();
    not_a_spec();
    times();
    counts();
    open_files();
    what_the_run_would_refuse();
    return tap_done();
}
