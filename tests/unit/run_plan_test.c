/*
 * Plans: what a good one becomes, and for each way of being wrong the exact sentence with
 * file and line. Under the address sanitizer a refused plan also proves that nothing of
 * it is left allocated.
 */
#include <sys/resource.h>

#include "bad_plans.h"
#include "base/clock.h"

enum { FILES = 1024 };

/* ---- good plans ---- */

static void check_where(const char *where, int line, const char *what)
{
    char *path = scratch_path("plan.yaml");
    char *wanted = mem_format("%s:%d", path, line);
    TAP_TEXT(where, wanted, what);
    mem_free(wanted);
    mem_free(path);
}

static void default_service(const struct plan_service *service)
{
    static const char *const none[] = {NULL};
    TAP_TEXT(service->name, "a", "service: name");
    TAP_TEXT(service->url, "http://127.0.0.1:1/", "service: url");
    TAP_TEXT(service->ready, "/healthz", "service: ready");
    TAP_OK(service->build == NULL, "service: no build");
    check_where(service->where, 2, "service: where");
    check_list(&service->needs, none, "service: no needs");
    check_list(&service->command, none, "service: no command");
    check_list(&service->env, none, "service: no env");
}

static void default_load(const struct plan_load *load)
{
    TAP_TEXT(load->rate, "10", "load: rate");
    TAP_INT(load->connections, 64, "load: connections");
    TAP_INT(load->threads, 1, "load: threads");
    TAP_INT(load->duration_ns, 10 * NS_PER_S, "load: duration");
    TAP_INT(load->warmup_ns, 2 * NS_PER_S, "load: warmup");
    TAP_INT(load->timeout_ns, 5 * NS_PER_S, "load: timeout");
    TAP_OK(load->arrivals == ARRIVALS_POISSON, "load: arrivals");
    TAP_OK(!load->method && load->headers.count == 0 && load->bodies.count == 0 &&
               load->weights.count == 0,
           "load: no method, headers, body");
    TAP_OK(!load->expect && load->expected.count == 0 && load->masks.count == 0,
           "load: any good status, any body");
    TAP_OK(!load->ca_file && !load->insecure && load->resolve.count == 0,
           "load: names and certificates as usual");
}

static void defaults(void)
{
    struct plan plan = good_plan(SERVICE LOAD);
    TAP_TEXT(plan.name, "plan", "name is the file's");
    TAP_TEXT(plan.title, "plan", "title is the name");
    TAP_TEXT(plan.text, SERVICE LOAD, "text is the whole file");
    char *path = scratch_path("plan.yaml");
    TAP_TEXT(plan.path, path, "path as given");
    mem_free(path);
    TAP_INT(plan.baseline, 0, "baseline is the first");
    TAP_INT(plan.services.count, 1, "one service");
    default_service(&plan.services.items[0]);
    default_load(&plan.load);
    TAP_INT(plan.blocks, 10, "blocks");
    TAP_INT(plan.seed, 1, "seed");
    TAP_OK(plan.margin_latency == .05 && plan.margin_tail == .10, "margins");
    TAP_OK(plan.error_limit == .01 && plan.steal_limit == .05, "limits: shares");
    TAP_INT(plan.ready_limit_ns, 30 * NS_PER_S, "limits: ready");
    TAP_INT(plan.stop_limit_ns, 30 * NS_PER_S, "limits: stop");
    TAP_OK(!plan.service_cpus && !plan.generator_cpus, "no CPUs");
    plan_fini(&plan);
    TAP_OK(!plan.path && !plan.text && plan.services.count == 0, "fini clears it");
    plan_fini(&plan);
}

static const char every_key[] = "name: full.plan-1\n"
                                "title: 'All: keys'\n"
                                "baseline: b-2\n"
                                "services:\n"
                                "  a_1:\n"
                                "    url: http://127.0.0.1:1/x?y\n"
                                "  b-2:\n"
                                "    build: make && make it\n"
                                "    needs: [sh, cargo]\n"
                                "    command: [./b, --name, 'two words']\n"
                                "    env: [A=1, 'B=x y', C=]\n"
                                "    url: http://127.0.0.1:2/\n"
                                "    ready: /ready\n"
                                "load:\n"
                                "  rate: 1.5k\n"
                                "  connections: 1k\n"
                                "  threads: 3\n"
                                "  duration: 1m\n"
                                "  warmup: 0\n"
                                "  timeout: 250ms\n"
                                "  arrivals: constant\n"
                                "  method: PATCH\n"
                                "  headers: ['Accept: text/plain', 'X-B: c']\n"
                                "  body: '{\"a\": \"\xc3\xa9\"}'\n"
                                "design:\n"
                                "  blocks: 200\n"
                                "  seed: 9223372036854775807\n"
                                "  margins: {latency: 2.5%, tail: 100%}\n"
                                "limits:\n"
                                "  errors: 0%\n"
                                "  steal: 12%\n"
                                "  ready: 1s\n"
                                "  stop: 2s\n"
                                "cpus: {service: 0, generator: '0'}\n";

static void every_service_key(const struct plan_service *service)
{
    static const char *const needs[] = {"sh", "cargo", NULL};
    static const char *const command[] = {"./b", "--name", "two words", NULL};
    static const char *const env[] = {"A=1", "B=x y", "C=", NULL};
    TAP_TEXT(service->name, "b-2", "name of a service");
    TAP_TEXT(service->build, "make && make it", "build");
    check_list(&service->needs, needs, "needs");
    check_list(&service->command, command, "command as a list");
    check_list(&service->env, env, "env");
    TAP_TEXT(service->url, "http://127.0.0.1:2/", "url");
    TAP_TEXT(service->ready, "/ready", "ready");
    check_where(service->where, 7, "where");
}

static void every_load_key(const struct plan_load *load)
{
    static const char *const headers[] = {"Accept: text/plain", "X-B: c", NULL};
    TAP_TEXT(load->rate, "1.5k", "rate");
    TAP_INT(load->connections, 1000, "connections");
    TAP_INT(load->threads, 3, "threads");
    TAP_INT(load->duration_ns, 60 * NS_PER_S, "duration");
    TAP_INT(load->warmup_ns, 0, "warmup");
    TAP_INT(load->timeout_ns, 250 * NS_PER_MS, "timeout");
    TAP_OK(load->arrivals == ARRIVALS_CONSTANT, "arrivals");
    TAP_TEXT(load->method, "PATCH", "method");
    check_list(&load->headers, headers, "headers");
    TAP_INT(load->bodies.count, 1, "one body");
    TAP_OK(str_eq(load->bodies.items[0], STR("{\"a\": \"\xc3\xa9\"}")), "… as written");
}

static void every_spec_field(const struct plan *plan)
{
    struct generate_spec spec = plan_spec(plan, 1);
    TAP_TEXT(spec.url, "http://127.0.0.1:2/", "spec: url of the service");
    TAP_TEXT(spec.method, "PATCH", "spec: method");
    TAP_INT(spec.header_count, 2, "spec: headers");
    TAP_TEXT(spec.headers[1], "X-B: c", "spec: a header");
    TAP_OK(spec.bodies == plan->load.bodies.items && spec.body_count == 1, "spec: body");
    TAP_OK(!spec.weights && spec.weight_count == 0, "spec: no weights");
    TAP_OK(generate_mean_rate(&spec) == 1500 && spec.arrivals == ARRIVALS_CONSTANT,
           "spec: rate");
    TAP_INT(spec.connections, 1000, "spec: connections");
    TAP_INT(spec.threads, 3, "spec: threads");
    TAP_INT(spec.warmup_ns, 0, "spec: warmup");
    TAP_INT(spec.duration_ns, 60 * NS_PER_S, "spec: duration");
    TAP_INT(spec.timeout_ns, 250 * NS_PER_MS, "spec: timeout");
    TAP_INT(spec.seed, INT64_MAX, "spec: seed");
}

static void every_key_once(void)
{
    struct plan plan = good_plan(every_key);
    TAP_TEXT(plan.name, "full.plan-1", "name");
    TAP_TEXT(plan.title, "All: keys", "title");
    TAP_INT(plan.baseline, 1, "baseline");
    TAP_INT(plan.services.count, 2, "services");
    TAP_TEXT(plan.services.items[0].name, "a_1", "services in the plan's order");
    every_service_key(&plan.services.items[1]);
    every_load_key(&plan.load);
    TAP_INT(plan.blocks, 200, "blocks");
    TAP_INT(plan.seed, INT64_MAX, "seed");
    TAP_NEAR(plan.margin_latency, .025, 1e-15, "margin of the latency");
    TAP_NEAR(plan.margin_tail, 1, 0, "margin of the tail");
    TAP_NEAR(plan.error_limit, 0, 0, "limit of errors");
    TAP_NEAR(plan.steal_limit, .12, 1e-15, "limit of steal");
    TAP_INT(plan.ready_limit_ns, NS_PER_S, "limit of ready");
    TAP_INT(plan.stop_limit_ns, 2 * NS_PER_S, "limit of stop");
    TAP_TEXT(plan.service_cpus, "0", "CPUs of the service");
    TAP_TEXT(plan.generator_cpus, "0", "CPUs of the generator");
    every_spec_field(&plan);
    plan_fini(&plan);
}

/* ---- words and names ---- */

static void words(void)
{
    static const char *const expected[] = {"build/x", "--listen", "127.0.0.1:1", "a'b",
                                           NULL};
    struct plan plan =
        good_plan("services:\n  a:\n" A_URL
                  "    command: \"  build/x\\t--listen \\n 127.0.0.1:1  a'b \"\n"
                  "    needs: sh\n"
                  "load: {rate: max}\n");
    check_list(&plan.services.items[0].command, expected, "command as words");
    TAP_INT(plan.services.items[0].needs.count, 1, "one word is a list of one");
    TAP_TEXT(plan.load.rate, "max", "max is a closed loop");
    plan_fini(&plan);
}

/* A header has a space in it; a single one is not a list of words. */
static void single_header(void)
{
    struct plan plan;
    struct error err;
    if (!read_text(SERVICE LOAD "  headers: 'Accept: text/plain'\n", &plan, &err)) {
        TAP_OK(err.text[0] != '\0', "a single header is refused with a sentence");
        return;
    }
    TAP_INT(plan.load.headers.count, 1, "a single header is one header");
    if (plan.load.headers.count > 0)
        TAP_TEXT(plan.load.headers.items[0], "Accept: text/plain", "… as written");
    plan_fini(&plan);
}

static void limits_that_hold(void)
{
    static const char forty[] = "aaaaaaaaaaaaaaaaaaaabbbbbbbbbbbbbbbbbbbb";
    char *text = mem_format("services:\n  %s:\n" A_URL LOAD "  connections: %d\n", forty,
                            FILES - 16);
    struct plan plan = good_plan(text);
    TAP_TEXT(plan.services.items[0].name, forty, "a name of forty characters");
    TAP_INT(plan.load.connections, FILES - 16, "as many connections as open files");
    plan_fini(&plan);
    mem_free(text);
    plan = good_plan("services:\n"
                     "  a: {url: http://127.0.0.1:1/}\n  b: {url: http://127.0.0.1:1/}\n"
                     "  c: {url: http://127.0.0.1:1/}\n  d: {url: http://127.0.0.1:1/}\n"
                     "  e: {url: http://127.0.0.1:1/}\n  f: {url: http://127.0.0.1:1/}\n"
                     "  g: {url: http://127.0.0.1:1/}\n  h: {url: http://127.0.0.1:1/}\n"
                     "baseline: h\n" LOAD);
    TAP_INT(plan.services.count, PLAN_SERVICES_MAX - 1, "eight services");
    TAP_INT(plan.baseline, 7, "the last is the baseline");
    plan_fini(&plan);
}

/* ---- bad plans ---- */

static void bad_plans(void)
{
    CHECK_ALL(not_a_plan);
    CHECK_ALL(unknown_keys);
    CHECK_ALL(twice);
    CHECK_ALL(missing);
    CHECK_ALL(numbers);
    CHECK_ALL(times_and_shares);
    CHECK_ALL(shapes);
    CHECK_ALL(services);
    CHECK_ALL(loads);
}

/* A plan ends early at every byte: never a crash, and under the sanitizer never a leak.
 */
static void every_beginning(void)
{
    int good = 0, silent = 0;
    for (size_t len = 0; len < sizeof(every_key) - 1; len++) {
        struct plan plan;
        struct error err;
        char *text = mem_copy_bytes(every_key, len);
        if (read_text(text, &plan, &err)) {
            good++;
            plan_fini(&plan);
        } else {
            silent += strncmp(err.text, scratch_folder, strlen(scratch_folder)) != 0;
        }
        mem_free(text);
    }
    TAP_INT(silent, 0, "each refused beginning of a plan names the file");
    TAP_OK(good > 0 && good < 400, "%d beginnings are plans already", good);
}

/* A list of so many headers or words, as one line of a plan. */
static void add_list(struct buf *text, bool words, int count)
{
    buf_add_text(text, words ? "x" : "[x");
    for (int i = 1; i < count; i++)
        buf_add_text(text, words ? " x" : ", x");
    buf_add_text(text, words ? "\n" : "]\n");
}

static void long_lists(bool words)
{
    struct buf text;
    buf_init(&text, 1 << 12);
    buf_add_text(&text, SERVICE "    needs: ");
    add_list(&text, words, PLAN_LIST_MAX);
    buf_add_text(&text, LOAD);
    struct plan plan = good_plan(buf_text(&text));
    TAP_INT(plan.services.items[0].needs.count, PLAN_LIST_MAX, "64 items");
    plan_fini(&plan);
    buf_clear(&text);
    buf_add_text(&text, SERVICE "    needs: ");
    add_list(&text, words, PLAN_LIST_MAX + 1);
    buf_add_text(&text, LOAD);
    struct bad bad = {buf_text(&text), 4, "needs has more than 64 items"};
    check_bad(&bad);
    buf_fini(&text);
}

static void unreadable(void)
{
    struct plan plan;
    struct error err;
    char *path = scratch_path("none.yaml");
    char *sentence = mem_format("cannot read %s: No such file or directory", path);
    TAP_OK(!plan_read(path, NULL, &plan, &err), "no such plan");
    TAP_TEXT(err.text, sentence, "… in these words");
    mem_free(sentence);
    mem_free(path);
    path = scratch_path("two words.yaml");
    scratch_write("two words.yaml", STR(SERVICE LOAD));
    TAP_OK(!plan_read(path, NULL, &plan, &err) &&
               strstr(err.text, "name 'two words' cannot"),
           "a file's name that cannot name a folder");
    mem_free(path);
}

int main(void)
{
    /* The hard limit too: the soft one is raised to it when a plan is checked. */
    struct rlimit files = {FILES, FILES};
    if (setrlimit(RLIMIT_NOFILE, &files) != 0)
        return 1;
    scratch_init();
    defaults();
    every_key_once();
    words();
    single_header();
    limits_that_hold();
    bad_plans();
    every_beginning();
    long_lists(false);
    long_lists(true);
    unreadable();
    scratch_fini();
    return tap_done();
}
