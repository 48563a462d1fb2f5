/* The generator's spec: there and back through JSON text, and every member broken once.
 */
#include <stdlib.h>

#include "base/clock.h"
#include "faults.h"
#include "small_spec.h"

enum { ALL_BYTES = 256, BODIES = 3 };

static char every_byte[ALL_BYTES];
static const char *const some_headers[] = {"Accept: text/plain",
                                           "X-Empty:", "X-Quote: \"a\\b\" \xc3\xa9"};
static const char *const some_names[] = {"a.example:443:127.0.0.1,[::1]", "b:1:c"};
static const char *const some_masks[] = {"time", "meta.id"};
static const double some_weights[BODIES] = {1, .1, 3e9};
static const struct str some_bodies[BODIES] = {
    {every_byte, ALL_BYTES}, {"", 0}, {"{}", 2}};
static const struct expect_body some_answers[BODIES] = {
    {{every_byte, ALL_BYTES}, NULL}, {{"", 0}, "00ff"}, {{"", 0}, NULL}};

static struct generate_spec full_spec(void)
{
    for (int i = 0; i < ALL_BYTES; i++)
        every_byte[i] = (char)i;
    return (struct generate_spec){
        .url = "https://127.0.0.1:8080/a?b=\"c\"",
        .reach = {some_names, 2, "/some/\"ca\".pem", true},
        .method = "PUT",
        .headers = some_headers,
        .header_count = 3,
        .bodies = some_bodies,
        .body_count = BODIES,
        .weights = some_weights,
        .weight_count = BODIES,
        .expect = {"200,4xx", some_answers, BODIES, some_masks, 2},
        .rate = "burst:base=1k,peak=2.5k,on=100ms,period=1s",
        .arrivals = ARRIVALS_POISSON,
        .connections = 65,
        .threads = 3,
        .warmup_ns = INT64_C(1000000001),
        .duration_ns = INT64_C(86400000000007),
        .timeout_ns = 5 * NS_PER_S + 1,
        .seed = UINT64_C(0x7edcba9876543210),
        .cpus = "1-3,5",
        .spin = true,
        .figures = true};
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

static void same_texts(const char *const *got, int got_count, const char *const *want,
                       int count, const char *what)
{
    TAP_INT(got_count, count, what);
    for (int i = 0; i < count && i < got_count; i++)
        TAP_TEXT(got[i], want[i], what);
}

static void same_bodies(const struct generate_spec *got, const struct generate_spec *want)
{
    TAP_INT(got->body_count, want->body_count, "bodies");
    for (int i = 0; i < want->body_count && i < got->body_count; i++)
        TAP_OK(str_eq(got->bodies[i], want->bodies[i]), "body %d", i);
    TAP_INT(got->weight_count, want->weight_count, "weights");
    TAP_OK(!got->weights == !want->weights, "… none at all is NULL");
    for (int i = 0; i < want->weight_count && i < got->weight_count; i++)
        TAP_OK(got->weights[i] == want->weights[i], "weight %d to the last bit", i);
}

static void same_expect(const struct expect_spec *got, const struct expect_spec *want)
{
    TAP_OK(same_text(got->statuses, want->statuses), "statuses");
    same_texts(got->masks, got->mask_count, want->masks, want->mask_count, "masks");
    TAP_INT(got->body_count, want->body_count, "expected bodies");
    for (int i = 0; i < want->body_count && i < got->body_count; i++)
        TAP_OK(str_eq(got->bodies[i].bytes, want->bodies[i].bytes) &&
                   same_text(got->bodies[i].sha256, want->bodies[i].sha256),
               "expected body %d", i);
}

static void same_reach(const struct target_options *got,
                       const struct target_options *want)
{
    same_texts(got->resolve, got->resolve_count, want->resolve, want->resolve_count,
               "resolve");
    TAP_OK(same_text(got->ca_file, want->ca_file), "CA file");
    TAP_OK(got->insecure == want->insecure, "insecure");
}

static void check_same(const struct generate_spec *got, const struct generate_spec *want,
                       const char *what)
{
    TAP_OK(same_text(got->url, want->url), "%s: url", what);
    TAP_OK(same_text(got->method, want->method), "%s: method", what);
    TAP_OK(same_text(got->cpus, want->cpus), "%s: CPUs", what);
    same_texts(got->headers, got->header_count, want->headers, want->header_count, what);
    same_reach(&got->reach, &want->reach);
    same_bodies(got, want);
    same_expect(&got->expect, &want->expect);
    TAP_TEXT(got->rate, want->rate, "rate");
    TAP_OK(got->arrivals == want->arrivals, "%s: arrivals", what);
    TAP_INT(got->connections, want->connections, what);
    TAP_INT(got->threads, want->threads, what);
    TAP_INT(got->warmup_ns, want->warmup_ns, what);
    TAP_INT(got->duration_ns, want->duration_ns, what);
    TAP_INT(got->timeout_ns, want->timeout_ns, what);
    TAP_OK(got->seed == want->seed, "%s: seed", what);
    TAP_OK(got->spin == want->spin, "%s: spin", what);
    TAP_OK(got->figures == want->figures, "%s: figures", what);
}

static void round_trip(struct generate_spec spec, const char *what)
{
    struct generate_spec back;
    struct error err = {""};
    json_t *json = through_text(&spec);
    if (TAP_OK(generate_spec_from_json(json, &back, &err), "%s: read back", what)) {
        check_same(&back, &spec, what);
        generate_spec_fini(&back);
        TAP_OK(!back.bodies && !back.headers && !back.url && !back.expect.bodies,
               "%s: nothing is kept", what);
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
    spec.figures = false;
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
    static const char *const optional[] = {"method", "cpus",    "statuses", "ca_file",
                                           "sha256", "figures", NULL};
    struct generate_spec spec = full_spec();
    json_t *json = through_text(&spec);
    struct faults faults = {json, reads, optional, 0, 0};
    faults_walk(&faults, json, "");
    TAP_INT(faults.tried, 2 * 21, "twenty-one members left out, and mistyped");
    TAP_INT(faults.missed, 0, "… each refused by a sentence with its name");
    json_decref(json);
}

/* Values that mean nothing; the sentence names the member. */
static void meaningless(void)
{
    static const struct {
        const char *parent, *member, *json;
    } rows[] = {{NULL, "method", "1"},
                {"expect", "statuses", "1"},
                {"expect", "masks", "[\"a\", null]"},
                {"expect", "bodies", "[1]"},
                {"expect", "bodies", "[{\"sha256\": 1, \"hex\": \"\"}]"},
                {"expect", "bodies", "[{\"sha256\": null, \"hex\": \"0\"}]"},
                {"reach", "resolve", "[1]"},
                {"reach", "ca_file", "1"},
                {"reach", "insecure", "1"},
                {NULL, "cpus", "1"},
                {NULL, "figures", "1"},
                {NULL, "schema", "\"dragstrip.load-spec/1\""},
                {NULL, "arrivals", "\"burst\""},
                {NULL, "bodies_hex", "[\"00\", \"0g\"]"},
                {NULL, "bodies_hex", "[\"g0\"]"},
                {NULL, "bodies_hex", "[\"0A\"]"},
                {NULL, "bodies_hex", "[\"abc\"]"},
                {NULL, "bodies_hex", "[0]"},
                {NULL, "weights", "[1, \"2\"]"},
                {NULL, "weights", "[null]"},
                {NULL, "headers", "[\"A: b\", 1]"},
                {NULL, "headers", "{}"},
                {NULL, "connections", "4294967297"},
                {NULL, "threads", "1.5"}};
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        struct error err = {""};
        struct generate_spec spec = full_spec();
        json_t *json = generate_spec_to_json(&spec);
        json_t *at = rows[i].parent ? json_object_get(json, rows[i].parent) : json;
        json_object_set_new(at, rows[i].member,
                            json_loads(rows[i].json, JSON_DECODE_ANY, NULL));
        bool refused = !reads(json, &err) && strstr(err.text, rows[i].member);
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

int main(void)
{
    round_trips();
    members();
    meaningless();
    not_a_spec();
    return tap_done();
}
