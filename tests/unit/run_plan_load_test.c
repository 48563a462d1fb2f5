/*
 * The load of a plan: bodies and answers as texts and files, weights, masks, names, and
 * recorded times; what the generator is asked for with them; and the bad ones.
 */
#include "certificate.h"
#include "plans.h"

#define SECURE "services:\n  a:\n    url: https://127.0.0.1:1/\n"
#define HELLO "2cf24dba5fb0a30e26e83b2ac5b9e29e1b161e5c1fa7425e73043362938b9824"

static bool is_text(struct str got, const char *want)
{
    return str_eq(got, str_of(want));
}

/* ---- bodies ---- */

static void bodies(void)
{
    static const char bytes[] = "a\0b\n";
    struct error err;
    char *folder = scratch_path("bodies"), *path = scratch_path("bodies/b.bin");
    TAP_OK(file_make_directory(folder, &err), "a folder for bodies");
    scratch_write("bodies/b.bin", (struct str){bytes, 4});
    struct plan plan = good_plan(SERVICE LOAD "  body: '@bodies/b.bin'\n");
    TAP_INT(plan.load.bodies.count, 1, "one body");
    TAP_OK(str_eq(plan.load.bodies.items[0], (struct str){bytes, 4}),
           "… from a file beside the plan, byte for byte");
    plan_fini(&plan);
    char *text = mem_format("%s  body: ['@%s', two words, '@bodies/b.bin', '{}']\n",
                            SERVICE LOAD, path);
    plan = good_plan(text);
    const struct str *items = plan.load.bodies.items;
    TAP_INT(plan.load.bodies.count, 4, "four bodies");
    TAP_OK(items[0].len == 4 && items[2].len == 4, "… files by either path");
    TAP_OK(is_text(items[1], "two words") && is_text(items[3], "{}"), "… and texts");
    plan_fini(&plan);
    mem_free(text);
    mem_free(folder);
    mem_free(path);
}

/* "plan.yaml" alone: its folder is the current one. */
static void plan_without_folder(void)
{
    struct plan plan;
    struct error err = {""};
    char *before = getcwd(NULL, 0);
    scratch_write("here.v2.yaml", STR(SERVICE LOAD "  body: '@here.bin'\n"));
    scratch_write("here.bin", STR("here"));
    if (TAP_OK(chdir(scratch_folder) == 0 && plan_read("here.v2.yaml", NULL, &plan, &err),
               "a plan in the current folder %s", err.text)) {
        TAP_TEXT(plan.name, "here.v2", "its name without the suffix");
        TAP_OK(is_text(plan.load.bodies.items[0], "here"), "its body from there");
        plan_fini(&plan);
    }
    TAP_OK(chdir(before) == 0, "back again");
    free(before);
}

static const char *added_keys = "  body: ['{\"a\": 1}', '{\"b\": 2}']\n"
                                "  weights: [1.5k, 0.25]\n"
                                "  expect: 2xx,404\n"
                                "  expect_body: ['{\"t\": 5}', 'sha256:" HELLO "']\n"
                                "  mask: [t, meta.id]\n"
                                "  resolve: ['b.example:80:127.0.0.1,[::1]', c:1:d]\n"
                                "  insecure: true\n";

static struct plan plan_of_added(void)
{
    char *text = mem_format("%s%s%s", SECURE, LOAD, added_keys);
    struct plan plan = good_plan(text);
    mem_free(text);
    return plan;
}

static void every_added_key(void)
{
    static const char *const masks[] = {"t", "meta.id", NULL};
    static const char *const names[] = {"b.example:80:127.0.0.1,[::1]", "c:1:d", NULL};
    struct plan plan = plan_of_added();
    const struct plan_load *load = &plan.load;
    TAP_INT(load->bodies.count, 2, "bodies");
    TAP_INT(load->weights.count, 2, "weights");
    TAP_OK(load->weights.items[0] == 1500 && load->weights.items[1] == .25, "… as given");
    TAP_TEXT(load->expect, "2xx,404", "expect");
    TAP_INT(load->expected.count, 2, "expected bodies");
    TAP_OK(is_text(load->expected.items[0].bytes, "{\"t\": 5}") &&
               !load->expected.items[0].sha256,
           "… one as a text");
    TAP_TEXT(load->expected.items[1].sha256, HELLO, "… and one as a digest");
    check_list(&load->masks, masks, "masks");
    check_list(&load->resolve, names, "resolve");
    TAP_OK(load->insecure && !load->ca_file, "insecure");
    plan_fini(&plan);
}

static void as_asked(void)
{
    struct plan plan = plan_of_added();
    struct generate_spec spec = plan_spec(&plan, 0);
    TAP_TEXT(spec.url, "https://127.0.0.1:1/", "spec: url");
    TAP_OK(spec.body_count == 2 && is_text(spec.bodies[1], "{\"b\": 2}"), "spec: bodies");
    TAP_OK(spec.weight_count == 2 && spec.weights[0] == 1500, "spec: weights");
    TAP_TEXT(spec.expect.statuses, "2xx,404", "spec: statuses");
    TAP_OK(spec.expect.body_count == 2 &&
               is_text(spec.expect.bodies[0].bytes, "{\"t\": 5}"),
           "spec: expected bodies");
    TAP_OK(spec.expect.mask_count == 2 && !strcmp(spec.expect.masks[1], "meta.id"),
           "spec: masks");
    TAP_OK(spec.reach.resolve_count == 2 && !strcmp(spec.reach.resolve[1], "c:1:d"),
           "spec: names");
    TAP_OK(spec.reach.insecure && !spec.reach.ca_file, "spec: insecure");
    plan_fini(&plan);
}

/* A single value is a list of one, as for headers. */
static void single_values(void)
{
    struct plan plan =
        good_plan(SERVICE LOAD "  body: a b\n  weights: 3\n  expect_body: c d\n"
                               "  resolve: 'b:1:c, d'\n  insecure: false\n");
    const struct plan_load *load = &plan.load;
    TAP_OK(load->bodies.count == 1 && is_text(load->bodies.items[0], "a b"), "a body");
    TAP_OK(load->weights.count == 1 && load->weights.items[0] == 3, "a weight");
    TAP_OK(load->expected.count == 1 && is_text(load->expected.items[0].bytes, "c d"),
           "an expected body");
    TAP_OK(load->resolve.count == 1, "an address list is not split");
    TAP_OK(!load->insecure, "false is false");
    plan_fini(&plan);
}

static void ca_file(void)
{
    char *path = scratch_path("ca.pem");
    struct certificate authority = certificate_authority("CA of a plan");
    certificate_write(&authority, path);
    struct plan plan = good_plan(SECURE LOAD "  ca: ca.pem\n");
    TAP_TEXT(plan.load.ca_file, path, "the CA's path begins at the plan's folder");
    plan_fini(&plan);
    certificate_free(&authority);
    mem_free(path);
}

/* ---- recorded times ---- */

static void replay(void)
{
    char *rate = mem_format("replay:%s/times", scratch_folder);
    scratch_write("times", STR("0\n1\n2\n20\n"));
    struct plan plan = good_plan(SERVICE "load:\n  rate: replay:times\n");
    TAP_TEXT(plan.load.rate, rate, "the file's path begins at the plan's folder");
    struct generate_spec spec = plan_spec(&plan, 0);
    TAP_NEAR(generate_mean_rate(&spec), .1, 1e-9, "one time in the measured 10 s");
    plan_fini(&plan);
    char *text = mem_format("%sload:\n  rate: '%s'\n", SERVICE, rate);
    plan = good_plan(text);
    TAP_TEXT(plan.load.rate, rate, "an absolute path stays");
    plan_fini(&plan);
    mem_free(text);
    mem_free(rate);
}

/* ---- bad ones ---- */

static const struct bad shapes[] = {
    {SERVICE LOAD "  body: \"a\\0b\"\n", 6, "body holds a NUL character"},
    {SERVICE LOAD "  body: [a, [b]]\n", 6, "body must be a single value"},
    {SERVICE LOAD "  body: [a, '@none']\n", 6,
     "body: cannot read {folder}/none: No such file or directory; paths in a plan begin "
     "at its folder"},
    {SERVICE LOAD "  expect_body: '@none'\n", 6,
     "expect_body: cannot read {folder}/none: No such file or directory; …"},
    {SERVICE LOAD "  expect_body: {a: b}\n", 6,
     "expect_body must be a list or a single value"},
    {SERVICE LOAD "  weights: [1, x]\n", 6, "weights must be numbers above 0, not 'x'"},
    {SERVICE LOAD "  weights: 0\n", 6, "weights must be numbers above 0, not '0'"},
    {SERVICE LOAD "  weights: -1\n", 6, "weights must be numbers above 0, not '-1'"},
    {SERVICE LOAD "  insecure: yes\n", 6, "insecure must be true or false, not 'yes'"},
    {SERVICE LOAD "  insecure: [true]\n", 6, "insecure must be a single value"},
    {SERVICE LOAD "  ca: [a]\n", 6, "ca must be a single value"},
    {SERVICE LOAD "  mask: {a: b}\n", 6, "mask must be a list or a single value"},
    {SERVICE LOAD "  expect_bod: a\n", 6,
     "unknown key 'expect_bod' in load; did you mean 'expect_body'?"},
    {SERVICE LOAD "  mask: a\n  mask: b\n", 7, "'mask' is given twice in load"}};

/* What only the generator's own check can know; told of the service, or of the load. */
static const struct bad combinations[] = {
    {SERVICE LOAD "  method: GET\n  body: a\n", 2, "a body means nothing in a GET …"},
    {SERVICE LOAD "  body: [a, b]\n  weights: 1\n", 2,
     "weights: 1, bodies: 2; give one for each"},
    {SERVICE LOAD "  expect: soon\n", 2, "'soon' is not a list of statuses; …"},
    {SERVICE LOAD "  body: a\n  expect_body: [a, b]\n", 2,
     "expected bodies: 2, requests: 1; …"},
    {SERVICE LOAD "  expect_body: sha256:12\n", 2, "'12' is not a SHA-256 of 64 …"},
    {SERVICE LOAD "  mask: t\n  expect_body: t\n", 2,
     "fields of the expected body are masked, but it is not JSON"},
    {SERVICE LOAD "  insecure: true\n", 2, "a CA file and --insecure are for https; …"},
    {SECURE LOAD "  ca: none.pem\n", 2, "cannot use {folder}/none.pem as CA file: …"},
    {SERVICE LOAD "  resolve: 127.0.0.1\n", 2, "'127.0.0.1' is not HOST:PORT:ADDRESS, …"},
    {SERVICE "load:\n  rate: replay:none\n", 5,
     "load: cannot read {folder}/none: No such file or directory"},
    {SERVICE "load:\n  rate: replay:words\n", 5, "load: {folder}/words: line 1: 'a' …"},
    {SERVICE "load:\n  rate: replay:short\n", 5,
     "load: {folder}/short covers 2 s, but warm-up and duration are 12 s"}};

static void bad_ones(void)
{
    scratch_write("words", STR("a\nb\n"));
    scratch_write("short", STR("1\n3\n"));
    CHECK_ALL(shapes);
    CHECK_ALL(combinations);
}

static void many_bodies(struct buf *text, int count)
{
    buf_clear(text);
    buf_add_text(text, SERVICE LOAD "  body: [");
    for (int i = 0; i < count; i++)
        buf_add_text(text, "a,");
    buf_add_text(text, "]\n");
}

static void too_many(void)
{
    struct buf text;
    buf_init(&text, 1 << 12);
    many_bodies(&text, PLAN_BODIES_MAX);
    struct plan plan = good_plan(buf_text(&text));
    TAP_INT(plan.load.bodies.count, PLAN_BODIES_MAX, "64 bodies");
    plan_fini(&plan);
    many_bodies(&text, PLAN_BODIES_MAX + 1);
    struct bad bad = {buf_text(&text), 6, "body has more than 64 items"};
    check_bad(&bad);
    buf_fini(&text);
}

/* A plan ends early at every byte: never a crash, and under the sanitizer never a leak.
 */
static void every_beginning(void)
{
    char *whole = mem_format("%s%s%s", SECURE, LOAD, added_keys);
    int good = 0, bad = 0;
    for (size_t len = strlen(SECURE LOAD); len < strlen(whole); len++) {
        struct plan plan;
        struct error err;
        char *text = mem_copy_bytes(whole, len);
        if (read_text(text, &plan, &err)) {
            good++;
            plan_fini(&plan);
        } else {
            bad += strncmp(err.text, scratch_folder, strlen(scratch_folder)) == 0;
        }
        mem_free(text);
    }
    TAP_OK(good > 0 && bad > 100 && good + bad == (int)strlen(added_keys),
           "%d beginnings are refused with the file's name, %d are plans", bad, good);
    mem_free(whole);
}

int main(void)
{
    scratch_init();
    bodies();
    plan_without_folder();
    every_added_key();
    as_asked();
    single_values();
    ca_file();
    replay();
    bad_ones();
    too_many();
    every_beginning();
    scratch_fini();
    return tap_done();
}
