/*
 * A plan of several files: what `extends` makes of them, which file and line a complaint
 * names, and that aliases stand for values of their own, but never for too many. Under
 * the address sanitizer a refused plan also proves that nothing of it is left allocated.
 */
#include "described.h"

static const char *const nothing_set[SETTINGS_MAX] = {NULL};

static void make_folder(const char *name)
{
    struct error err;
    char *path = scratch_path(name);
    TAP_OK(file_make_directory(path, &err), "a folder %s", name);
    mem_free(path);
}

/* ---- merging ---- */

#define BASE_A "  a:\n    url: http://127.0.0.1:1/\n"
#define BASE_B                                                                           \
    "  b:\n    command: ./b --x\n    env: [A=1, B=2]\n    url: http://127.0.0.1:2/\n"
#define BASE_LOAD "load:\n  rate: 10\n  threads: 2\n  headers: ['X: 1', 'Y: 2']\n"
#define BASE_DESIGN "design:\n  margins: {latency: 2%, tail: 3%}\n"
#define BASE "title: The base\nservices:\n" BASE_A BASE_B BASE_LOAD BASE_DESIGN
#define EXTENDS "extends: base.yaml\n"

static const struct {
    const char *what, *plan, *alone; /* what plan and base are together */
} merged[] = {
    {"nothing of its own", EXTENDS, BASE},
    {"a title of its own", EXTENDS "title: Own\n",
     "title: Own\nservices:\n" BASE_A BASE_B BASE_LOAD BASE_DESIGN},
    {"extends may stand behind", "title: Own\n" EXTENDS,
     "title: Own\nservices:\n" BASE_A BASE_B BASE_LOAD BASE_DESIGN},
    {"one key of a mapping", EXTENDS "load: {rate: 20}\n",
     "title: The base\nservices:\n" BASE_A BASE_B
     "load:\n  rate: 20\n  threads: 2\n  headers: ['X: 1', 'Y: 2']\n" BASE_DESIGN},
    {"a list is replaced as a whole", EXTENDS "load: {headers: ['Z: 3']}\n",
     "title: The base\nservices:\n" BASE_A BASE_B
     "load:\n  rate: 10\n  threads: 2\n  headers: ['Z: 3']\n" BASE_DESIGN},
    {"a mapping in a mapping", EXTENDS "design: {margins: {tail: 9%}}\n",
     "title: The base\nservices:\n" BASE_A BASE_B BASE_LOAD
     "design:\n  margins: {latency: 2%, tail: 9%}\n"},
    {"a new key in a mapping", EXTENDS "design: {blocks: 7}\n", BASE "  blocks: 7\n"},
    {"a new mapping", EXTENDS "limits: {errors: 2%}\n", BASE "limits: {errors: 2%}\n"},
    {"a service's key; others stay", EXTENDS "services: {b: {env: C=3}}\n",
     "title: The base\nservices:\n" BASE_A
     "  b:\n    command: ./b --x\n    env: [C=3]\n    url: "
     "http://127.0.0.1:2/\n" BASE_LOAD BASE_DESIGN},
    {"a text becomes a list", EXTENDS "services: {b: {command: [./c, 'd e']}}\n",
     "title: The base\nservices:\n" BASE_A
     "  b:\n    command: [./c, 'd e']\n    env: [A=1, B=2]\n    url: "
     "http://127.0.0.1:2/\n" BASE_LOAD BASE_DESIGN},
    {"a new service comes last, whatever stands with it",
     EXTENDS "services:\n  0: {url: 'http://127.0.0.1:3/'}\n  a: {ready: /r}\n",
     "title: The base\nservices:\n" BASE_A "    ready: /r\n" BASE_B
     "  0: {url: 'http://127.0.0.1:3/'}\n" BASE_LOAD BASE_DESIGN}};

static void merging(void)
{
    for (size_t i = 0; i < sizeof(merged) / sizeof(merged[0]); i++) {
        scratch_write("base.yaml", STR(BASE));
        scratch_write("plan.yaml", str_of(merged[i].plan));
        check_same(nothing_set, merged[i].alone, merged[i].what);
    }
}

/* Three files; the nearest one's value is the one that counts. */
static void levels(void)
{
    scratch_write("base.yaml", STR(SERVICE LOAD "  threads: 2\n  connections: 20\n"
                                                "design: {seed: 1, blocks: 11}\n"));
    scratch_write("middle.yaml", STR(EXTENDS "load: {threads: 3, connections: 30}\n"
                                             "design: {blocks: 12}\n"));
    scratch_write("plan.yaml", STR("extends: middle.yaml\nload: {connections: 40}\n"));
    check_same(nothing_set,
               SERVICE LOAD "  threads: 3\n  connections: 40\n"
                            "design: {seed: 1, blocks: 12}\n",
               "three files");
}

/* A chain of so many bases; the last is a whole plan. */
static void write_chain(int bases)
{
    char name[32], text[64];
    for (int i = 0; i < bases; i++) {
        snprintf(name, sizeof(name), i ? "%d.yaml" : "plan.yaml", i);
        snprintf(text, sizeof(text), "extends: %d.yaml\n", i + 1);
        scratch_write(name, str_of(text));
    }
    snprintf(name, sizeof(name), "%d.yaml", bases);
    scratch_write(name, STR(SERVICE LOAD));
}

static void deep(void)
{
    write_chain(8);
    check_same(nothing_set, SERVICE LOAD, "eight bases");
    write_chain(9);
    check_sentence(nothing_set,
                   "extended by {folder}/plan.yaml: extended by {folder}/1.yaml: …");
    struct plan plan;
    struct error err;
    char *end = in_folder("extended by {folder}/8.yaml: {folder}/8.yaml: plans extend "
                          "each other more than 8 deep");
    TAP_OK(!read_set(nothing_set, &plan, &err) && strstr(err.text, end),
           "nine bases are too many");
    scratch_write("plan.yaml", STR("extends: plan.yaml\n" SERVICE LOAD));
    TAP_OK(!read_set(nothing_set, &plan, &err) &&
               strstr(err.text, "plan.yaml: plans extend each other more than 8 deep"),
           "a plan that extends itself");
    mem_free(end);
}

/* ---- paths ---- */

static const struct {
    const char *what, *base, *plan, *set; /* base is in sub/ */
    const char *body;
} placed[] = {{"written in the base", "  body: '@b.txt'\n", "", NULL, "of sub"},
              {"written in the plan", "  body: '@b.txt'\n", "load: {body: '@b.txt'}\n",
               NULL, "of the folder"},
              {"written in the plan alone", "", "load: {body: ['@b.txt']}\n", NULL,
               "of the folder"},
              {"written in the base, other keys in the plan", "  body: ['@b.txt']\n",
               "load: {threads: 2}\n", NULL, "of sub"},
              {"set", "  body: '@b.txt'\n", "load: {threads: 2}\n", "load.body='@b.txt'",
               "of the folder"},
              {"in a folder beside", "  body: '@../b.txt'\n", "", NULL, "of the folder"}};

static void check_placed(size_t i)
{
    struct plan plan;
    struct error err;
    const char *const set[SETTINGS_MAX] = {placed[i].set};
    char *base = mem_format(SERVICE LOAD "%s", placed[i].base);
    char *text = mem_format("extends: sub/base.yaml\n%s", placed[i].plan);
    scratch_write("sub/base.yaml", str_of(base));
    scratch_write("plan.yaml", str_of(text));
    if (TAP_OK(read_set(set, &plan, &err), "%s: read", placed[i].what)) {
        TAP_OK(plan.load.bodies.count == 1 &&
                   str_eq(plan.load.bodies.items[0], str_of(placed[i].body)),
               "%s: the body %s", placed[i].what, placed[i].body);
        plan_fini(&plan);
    } else {
        printf("# %s\n", err.text);
    }
    mem_free(base);
    mem_free(text);
}

static void paths(void)
{
    make_folder("sub");
    make_folder("other");
    scratch_write("b.txt", STR("of the folder"));
    scratch_write("sub/b.txt", STR("of sub"));
    for (size_t i = 0; i < sizeof(placed) / sizeof(placed[0]); i++)
        check_placed(i);
    scratch_write("plan.yaml", STR("extends: sub/base.yaml\n"));
    scratch_write("sub/base.yaml", STR("extends: ../other/root.yaml\n"));
    scratch_write("other/root.yaml", STR(SERVICE LOAD "  expect_body: '@e.txt'\n"));
    scratch_write("other/e.txt", STR("expected"));
    check_same(nothing_set, SERVICE LOAD "  expect_body: expected\n",
               "each from its own folder");
    char *text = in_folder("extends: {folder}/other/root.yaml\n");
    scratch_write("plan.yaml", str_of(text));
    check_same(nothing_set, SERVICE LOAD "  expect_body: expected\n", "an absolute path");
    mem_free(text);
}

/* ---- refusals ---- */

#define GOOD SERVICE LOAD

static const struct {
    const char *base, *plan, *sentence; /* base NULL: there is none */
} refused[] = {
    {NULL, EXTENDS,
     "extended by {folder}/plan.yaml: cannot read {folder}/base.yaml: No such file or "
     "directory"},
    {"", EXTENDS,
     "extended by {folder}/plan.yaml: {folder}/base.yaml: the plan is empty"},
    {"a: [b\n", EXTENDS,
     "extended by {folder}/plan.yaml: {folder}/base.yaml:2: this is not YAML: …"},
    {GOOD "---\nname: x\n", EXTENDS,
     "extended by {folder}/plan.yaml: {folder}/base.yaml:7: a plan is one YAML document, "
     "this begins another"},
    {"\n[a]\n", EXTENDS,
     "{folder}/base.yaml:2: the plan must be a mapping of keys to values"},
    {"text\n", EXTENDS,
     "{folder}/base.yaml:1: the plan must be a mapping of keys to values"},
    {"[a]: b\n" GOOD, EXTENDS,
     "{folder}/base.yaml:1: a key of the plan is not a plain "
     "word"},
    {GOOD, EXTENDS "[a]: b\n",
     "{folder}/plan.yaml:2: a key of the plan is not a plain word"},
    {GOOD, "name: x\nextends: [base.yaml]\n",
     "{folder}/plan.yaml:2: extends must be the path of one plan"},
    {GOOD, "extends: {a: b}\n",
     "{folder}/plan.yaml:1: extends must be the path of one plan"},
    {GOOD, "extends:\n", "{folder}/plan.yaml:1: extends must be the path of one plan"},
    {GOOD, "extends: ''\n", "{folder}/plan.yaml:1: extends must be the path of one plan"},
    {"name: x\n\nextends: []\n", EXTENDS,
     "extended by {folder}/plan.yaml: {folder}/base.yaml:3: extends must be the path of "
     "one plan"},
    {"extends: plan.yaml\n", EXTENDS, "extended by {folder}/plan.yaml: extended by …"},
    {GOOD, EXTENDS EXTENDS, "{folder}/plan.yaml:2: …"},
    {GOOD, EXTENDS "services:\n  extends: base.yaml\n", "{folder}/plan.yaml:3: …"},
    /* which file and line */
    {GOOD "lod: 1\n", EXTENDS "name: x\n",
     "{folder}/base.yaml:6: unknown key 'lod' in the plan; did you mean 'load'?"},
    {GOOD, EXTENDS "name: x\nlod: 1\n",
     "{folder}/plan.yaml:3: unknown key 'lod' in the plan; did you mean 'load'?"},
    {GOOD, EXTENDS "load:\n\n  rte: 10\n",
     "{folder}/plan.yaml:4: unknown key 'rte' in load; did you mean 'rate'?"},
    {SERVICE "load:\n  rte: 10\n", EXTENDS "load:\n\n\n  rate: 10\n",
     "{folder}/base.yaml:5: unknown key 'rte' in load; did you mean 'rate'?"},
    {SERVICE "load:\n  rte: 10\n", EXTENDS "load:\n\n\n  rte: 11\n",
     "{folder}/plan.yaml:5: unknown key 'rte' in load; did you mean 'rate'?"},
    {GOOD "  threads: x\n", EXTENDS "load: {connections: 10}\n",
     "{folder}/base.yaml:6: threads must be a whole number from 1 up, not 'x'"},
    {GOOD "  threads: 1\n", EXTENDS "load: {threads: x}\n",
     "{folder}/plan.yaml:2: threads must be a whole number from 1 up, not 'x'"},
    {GOOD, EXTENDS "load: 10\n",
     "{folder}/plan.yaml:2: load must be a mapping of keys to values"},
    {GOOD, EXTENDS "services: [a]\n",
     "{folder}/plan.yaml:2: services must be a mapping of names to services"},
    {SERVICE "load: 10\n", EXTENDS "load: {rate: 10, rte: 1}\n",
     "{folder}/plan.yaml:2: unknown key 'rte' in load; did you mean 'rate'?"},
    {GOOD, EXTENDS "services:\n  b: {ready: /x}\n",
     "{folder}/plan.yaml:3: 'url' is missing in service b"},
    {"services:\n  a:\n    ready: /x\n" LOAD, EXTENDS "services: {a: {ready: /y}}\n",
     "{folder}/base.yaml:3: 'url' is missing in service a"},
    {GOOD, EXTENDS "services:\n  'b c': {url: x}\n",
     "{folder}/plan.yaml:3: 'b c' is not a name for a service; …"},
    {GOOD, EXTENDS "baseline: c\n",
     "{folder}/plan.yaml:2: baseline 'c' is none of the services"},
    {GOOD "baseline: c\n", EXTENDS "name: x\n",
     "{folder}/base.yaml:6: baseline 'c' is none of the services"},
    /* twice in one file */
    {GOOD "  rate: 10\n", EXTENDS, "{folder}/base.yaml:6: 'rate' is given twice in load"},
    {GOOD "  rate: 10\n", EXTENDS "load: {rate: 7}\n",
     "{folder}/base.yaml:6: 'rate' is given twice in load"},
    {GOOD, EXTENDS "load:\n  rate: 7\n  rate: 8\n",
     "{folder}/plan.yaml:4: 'rate' is given twice in load"},
    {GOOD, EXTENDS "name: a\nname: b\n",
     "{folder}/plan.yaml:3: 'name' is given twice in the plan"},
    {GOOD, EXTENDS "load:\n  rate: 7\nload:\n  rate: 8\n",
     "{folder}/plan.yaml:4: 'load' is given twice in the plan"},
    {GOOD, EXTENDS "services:\n  a: {ready: /x}\n  a: {ready: /y}\n",
     "{folder}/plan.yaml:4: there are two services named 'a'"}};

static void refusals(void)
{
    char *base = scratch_path("base.yaml");
    for (size_t i = 0; i < sizeof(refused) / sizeof(refused[0]); i++) {
        remove(base);
        if (refused[i].base)
            scratch_write("base.yaml", str_of(refused[i].base));
        scratch_write("plan.yaml", str_of(refused[i].plan));
        check_sentence(nothing_set, refused[i].sentence);
    }
    mem_free(base);
}

/* ---- aliases ---- */

#define TOO_LARGE "nested too deep, or too large with its aliases"

static void aliases(void)
{
    static const char plan[] = "services:\n  a: &a {url: &u 'http://127.0.0.1:1/'}\n"
                               "  b: *a\n  c: {url: *u, env: &e [A=1]}\n"
                               "  d: {url: *u, env: *e}\n" LOAD;
    static const char alone[] = "services:\n  a: {url: 'http://127.0.0.1:1/'}\n"
                                "  b: {url: 'http://127.0.0.1:%d/'}\n"
                                "  c: {url: 'http://127.0.0.1:1/', env: [A=1]}\n"
                                "  d: {url: 'http://127.0.0.1:1/', env: [A=1]}\n" LOAD;
    const char *const set[SETTINGS_MAX] = {"services.b.url=http://127.0.0.1:2/"};
    char *first = mem_format(alone, 1), *second = mem_format(alone, 2);
    scratch_write("plan.yaml", str_of(plan));
    check_same(nothing_set, first, "aliases of a text, a list and a mapping");
    scratch_write("plan.yaml", str_of(plan));
    check_same(set, second, "what is set in an alias is not set in its anchor");
    scratch_write("base.yaml", str_of(plan));
    scratch_write("plan.yaml",
                  STR(EXTENDS "services: {b: {url: 'http://127.0.0.1:2/'}}\n"));
    check_same(nothing_set, second, "what extends an alias does not extend its anchor");
    scratch_write("plan.yaml", STR(EXTENDS "services:\n  e: *a\n"));
    check_sentence(nothing_set, "{folder}/plan.yaml:3: this is not YAML: …");
    mem_free(first);
    mem_free(second);
}

/* Each of the levels stands for ten of the one before. */
static void laughs(int levels_of_ten, const char *sentence)
{
    struct buf text;
    buf_init(&text, 1 << 12);
    buf_add_text(&text, "x0: &x0 ha\n");
    for (int i = 1; i <= levels_of_ten; i++) {
        buf_format(&text, "x%d: &x%d [*x%d", i, i, i - 1);
        for (int j = 1; j < 10; j++)
            buf_format(&text, ", *x%d", i - 1);
        buf_add_text(&text, "]\n");
    }
    buf_add_text(&text, GOOD);
    scratch_write("plan.yaml", buf_str(&text));
    check_sentence(nothing_set, sentence);
    buf_fini(&text);
}

/* The value of a key is at depth 1; 64 is the deepest that a text may stand. */
static void nested(int lists, const char *sentence)
{
    struct buf text;
    buf_init(&text, 1 << 12);
    buf_add_text(&text, "name: ");
    buf_add_repeated(&text, '[', (size_t)lists);
    buf_add_text(&text, "x");
    buf_add_repeated(&text, ']', (size_t)lists);
    buf_add_text(&text, "\n");
    scratch_write("plan.yaml", buf_str(&text));
    check_sentence(nothing_set, sentence);
    buf_fini(&text);
}

static void bounds(void)
{
    laughs(3, "{folder}/plan.yaml:1: unknown key 'x0' in the plan");
    laughs(5, "{folder}/plan.yaml:1: " TOO_LARGE);
    nested(63, "{folder}/plan.yaml:1: name must be a single value");
    nested(64, "{folder}/plan.yaml:1: " TOO_LARGE);
    scratch_write("plan.yaml", STR("name: x\ntitle: &t [*t]\n"));
    check_sentence(nothing_set, "{folder}/plan.yaml:2: " TOO_LARGE);
    scratch_write("base.yaml", STR("name: x\n\ntitle: &t {a: *t}\n"));
    scratch_write("plan.yaml", STR(EXTENDS));
    check_sentence(nothing_set,
                   "extended by {folder}/plan.yaml: {folder}/base.yaml:3: " TOO_LARGE);
}

int main(void)
{
    scratch_init();
    merging();
    levels();
    deep();
    paths();
    refusals();
    aliases();
    bounds();
    scratch_fini();
    return tap_done();
}
