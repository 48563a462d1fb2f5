/*
 * What is set over a plan ("load.rate=5k"), and the text that is kept of a plan: the
 * file's own, or a YAML text that reads as the very same plan again.
 */
#include "described.h"

#define FILE_TEXT                                                                        \
    "title: File\nservices:\n  a: {url: 'http://127.0.0.1:1/', env: [A=1]}\n"            \
    "  go.1.21: {url: 'http://127.0.0.1:2/'}\n"                                          \
    "load:\n  rate: 10\n  threads: 2\n  headers: ['X: 1']\n"

/* The file's parts, around what a row changes. */
#define SERVICES(a, go)                                                                  \
    "services:\n  a: {url: 'http://127.0.0.1:" a "}\n"                                   \
    "  go.1.21: {url: 'http://127.0.0.1:" go "}\n"
#define SAME SERVICES("1/', env: [A=1]", "2/'")
#define LOADED(rate, threads, headers)                                                   \
    "load: {rate: " rate ", threads: " threads ", headers: " headers "}\n"

static const struct {
    const char *set[SETTINGS_MAX];
    const char *alone; /* what file and settings are together */
} settings[] = {
    {{NULL}, FILE_TEXT},
    {{"load.rate=5k"}, "title: File\n" SAME LOADED("5k", "2", "['X: 1']")},
    {{"load.connections=9"}, FILE_TEXT "  connections: 9\n"},
    {{"design.blocks=20"}, FILE_TEXT "design: {blocks: 20}\n"},
    {{"design.margins.tail=20%"}, FILE_TEXT "design: {margins: {tail: 20%}}\n"},
    {{"title='a: b'"}, "title: 'a: b'\n" SAME LOADED("10", "2", "['X: 1']")},
    {{"title=two words # and a comment"},
     "title: two words\n" SAME LOADED("10", "2", "['X: 1']")},
    {{"services.a.url=http://127.0.0.1:3/?a=b.c"},
     "title: File\n" SERVICES("3/?a=b.c', env: [A=1]", "2/'")
         LOADED("10", "2", "['X: 1']")},
    {{"services.go.1.21.url=http://127.0.0.1:3/"},
     "title: File\n" SERVICES("1/', env: [A=1]", "3/'") LOADED("10", "2", "['X: 1']")},
    {{"services.go.1.21.ready=/r", "services.a.ready=/s"},
     "title: File\n" SERVICES("1/', env: [A=1], ready: /s", "2/', ready: /r")
         LOADED("10", "2", "['X: 1']")},
    {{"services.c.url=http://127.0.0.1:3/"},
     "title: File\n" SAME
     "  c: {url: 'http://127.0.0.1:3/'}\n" LOADED("10", "2", "['X: 1']")},
    {{"services.aa.url=http://127.0.0.1:3/"}, /* a is not what it begins with */
     "title: File\n" SAME
     "  aa: {url: 'http://127.0.0.1:3/'}\n" LOADED("10", "2", "['X: 1']")},
    {{"load.headers=['Y: 2', 'Z: 3']"},
     "title: File\n" SAME LOADED("10", "2", "['Y: 2', 'Z: 3']")},
    {{"load.headers='Y: 2'"}, "title: File\n" SAME LOADED("10", "2", "['Y: 2']")},
    {{"services.a.env=B=2"},
     "title: File\n" SERVICES("1/', env: [B=2]", "2/'") LOADED("10", "2", "['X: 1']")},
    {{"load={rate: 7}"}, "title: File\n" SAME "load: {rate: 7}\n"},
    {{"design={blocks: 7, margins: {tail: 7%}}", "design.seed=7"},
     FILE_TEXT "design: {blocks: 7, margins: {tail: 7%}, seed: 7}\n"},
    {{"design.seed=7", "design={blocks: 7}"}, FILE_TEXT "design: {blocks: 7}\n"},
    {{"load.rate=1", "load.rate=5", "load.threads=3"},
     "title: File\n" SAME LOADED("5", "3", "['X: 1']")},
    {{"gate.fail_if=[p99 worse, p50 worse by 5%]", "limits.others=30%"},
     FILE_TEXT "gate: {fail_if: [p99 worse, p50 worse by 5%]}\nlimits: {others: 30%}\n"}};

static void setting(void)
{
    for (size_t i = 0; i < sizeof(settings) / sizeof(settings[0]); i++) {
        scratch_write("plan.yaml", STR(FILE_TEXT));
        check_same(settings[i].set, settings[i].alone,
                   settings[i].set[0] ? settings[i].set[0] : "nothing");
    }
}

/* Of the names that a key could begin with, the longest that is there counts. */
static void longest_name(void)
{
    static const char text[] = "services:\n  a: {url: 'http://127.0.0.1:1/'}\n"
                               "  a.b: {url: 'http://127.0.0.1:%d/'}\n" LOAD;
    const char *const set[SETTINGS_MAX] = {"services.a.b.url=http://127.0.0.1:2/"};
    char *before = mem_format(text, 1), *after = mem_format(text, 2);
    scratch_write("plan.yaml", str_of(before));
    check_same(set, after, "the longest name counts");
    mem_free(before);
    mem_free(after);
}

/* ---- refusals ---- */

#define KEY_VALUE ": write KEY=VALUE, as in load.rate=5k"

/* Each sentence begins with the setting, behind the ones that were good. */
static const struct {
    const char *set[SETTINGS_MAX];
    const char *sentence;
} refused[] = {
    {{"load.rate"}, "--set load.rate" KEY_VALUE},
    {{""}, "--set " KEY_VALUE},
    {{"="}, "--set =" KEY_VALUE},
    {{"=5k"}, "--set =5k" KEY_VALUE},
    {{"load.rate="}, "--set load.rate=" KEY_VALUE},
    {{"load.rate=5", "load.threads="}, "--set load.threads=" KEY_VALUE},
    {{"load.rate= "}, "--set load.rate= : …"},
    {{"load.rate=#5"}, "--set load.rate=#5: …"},
    {{"load.rate=[5"}, "--set load.rate=[5:…"},
    {{"title=a: b"}, "--set title=a: b: title must be a single value"},
    {{"title=a: b: c"}, "--set title=a: b: c:…"},
    {{"title=\xff\xfe"}, "--set title=…"},
    {{"load.rate=''"}, "--set load.rate='': rate must be a single value, and is empty"},
    {{"load.rate=[5]"}, "--set load.rate=[5]: rate must be a single value"},
    {{"load.rate=\"5\\0\""}, "--set load.rate=\"5\\0\": rate holds a NUL character"},
    {{"load.rate=fast"}, "--set load.rate=fast: rate: 'fast' is not a rate; …"},
    {{"load=5"}, "--set load=5: load must be a mapping of keys to values"},
    {{"load={}"}, "--set load={}: 'rate' is missing in load"},
    {{"services.b.ready=/"}, "--set services.b.ready=/: 'url' is missing in service b"},
    {{"services.go.1.22.url=http://127.0.0.1/"},
     "--set services.go.1.22.url=http://127.0.0.1/: unknown key '1' in service go"},
    {{"services..url=x"}, "--set services..url=x: '' is not a name for a service; …"},
    {{"lod.rate=5"},
     "--set lod.rate=5: unknown key 'lod' in the plan; did you mean 'load'?"},
    {{"load.rte=5"}, "--set load.rte=5: unknown key 'rte' in load; did you mean 'rate'?"},
    {{"colour=red"}, "--set colour=red: unknown key 'colour' in the plan"},
    {{"extends=base.yaml"}, "--set extends=base.yaml: unknown key 'extends' in the plan"},
    {{"design.blocks=201"}, "--set design.blocks=201: blocks must not be over 200"},
    {{"baseline=c"}, "--set baseline=c: baseline 'c' is none of the services"},
    {{"load.body='@none'"},
     "--set load.body='@none': body: cannot read {folder}/none: No such file or …"},
    {{"gate.require=p99 worse"}, "--set gate.require=p99 worse: 'p99 worse': …"},
    {{"title.x=5"}, "--set title.x=5: what stands before 'x' has no keys"},
    {{"load.rate.x.y=5"}, "--set load.rate.x.y=5: what stands before 'x.y' has no keys"},
    {{"load.headers.0=5"}, "--set load.headers.0=5: what stands before '0' has no keys"},
    {{"design=7", "design.seed=7"},
     "--set design.seed=7: what stands before 'seed' has no keys"},
    {{"\xff=5"}, "--set \xff…"},
    {{"load.\xc3(=5"}, "--set load.\xc3(…"},
    {{"design.a\xff.b=5"}, "--set design.a\xff…"}};

static void refusals(void)
{
    for (size_t i = 0; i < sizeof(refused) / sizeof(refused[0]); i++) {
        scratch_write("plan.yaml", STR(FILE_TEXT));
        check_sentence(refused[i].set, refused[i].sentence);
    }
}

/* What stands behind the value would be ignored in silence. */
static void two_values(void)
{
    const char *const set[SETTINGS_MAX] = {"load.rate=5\n---\n6"};
    struct plan plan;
    struct error err;
    scratch_write("plan.yaml", STR(FILE_TEXT));
    TAP_OK(!read_set(set, &plan, &err) &&
               strncmp(err.text, "--set load.rate=5", strlen("--set load.rate=5")) == 0,
           "two documents as one value are refused");
}

/* The file is at fault although something is set; and a setting replaces one of a key
 * that stands twice, not both. */
static void file_at_fault(void)
{
    static const struct {
        const char *text, *set, *sentence;
    } rows[] = {
        {"[a]\n", "load.rate=5",
         "{folder}/plan.yaml: the plan must be a mapping of keys to values"},
        {SERVICE LOAD "  rate: 10\n", "load.rate=5",
         "{folder}/plan.yaml:6: 'rate' is given twice in load"},
        {SERVICE LOAD "  rate: 10\n", "load.threads=5",
         "{folder}/plan.yaml:6: 'rate' is given twice in load"},
        {SERVICE LOAD "lod: 1\n", "load.rate=5",
         "{folder}/plan.yaml:6: unknown key 'lod' in the plan; did you mean 'load'?"},
        {SERVICE LOAD "lod: 1\n", "lod=5",
         "--set lod=5: unknown key 'lod' in the plan; did you mean 'load'?"},
        {"", "load.rate=5", "{folder}/plan.yaml: the plan is empty"}};
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        const char *const set[SETTINGS_MAX] = {rows[i].set};
        scratch_write("plan.yaml", str_of(rows[i].text));
        check_sentence(set, rows[i].sentence);
    }
}

/* ---- the text that is kept ---- */

static void verbatim(void)
{
    static const char text[] = "# a comment\n" FILE_TEXT "\n\n  # the end";
    const char *const none[SETTINGS_MAX] = {NULL};
    struct plan plan;
    struct error err;
    scratch_write("plan.yaml", STR(text));
    if (TAP_OK(read_set(none, &plan, &err), "a plan alone")) {
        TAP_TEXT(plan.text, text, "is kept as it is written");
        plan_fini(&plan);
    }
}

/* It is for people to read, too. */
static void readable(void)
{
    const char *const set[SETTINGS_MAX] = {"load.rate=5k"};
    struct plan plan;
    struct error err;
    scratch_write("plan.yaml", STR(FILE_TEXT));
    if (TAP_OK(read_set(set, &plan, &err), "a plan with a setting")) {
        TAP_OK(strstr(plan.text, "load:\n  rate: 5k\n  threads: 2\n"),
               "is kept in lines");
        plan_fini(&plan);
    }
}

/* The kept text of plan.yaml with the setting reads as the same plan, and that one's text
 * is the text. Bodies that have to be quoted survive. */
static void check_kept(const char *set, const char *what)
{
    struct plan plan, again;
    struct error err;
    const char *const sets[SETTINGS_MAX] = {set};
    if (!TAP_OK(read_set(sets, &plan, &err), "%s: read", what)) {
        printf("# %s\n", err.text);
        return;
    }
    TAP_OK(!strstr(plan.text, "extends"), "%s: its text extends no other", what);
    if (TAP_OK(read_text(plan.text, &again, &err), "%s: its text is a plan", what)) {
        char *first = described(&plan), *second = described(&again);
        TAP_TEXT(second, first, what);
        TAP_TEXT(again.text, plan.text, "… kept as it is");
        mem_free(first);
        mem_free(second);
        plan_fini(&again);
    } else {
        printf("# %s\n%s\n", err.text, plan.text);
    }
    plan_fini(&plan);
}

static void kept_settings(void)
{
    for (size_t i = 0; i < sizeof(settings) / sizeof(settings[0]); i++) {
        if (!settings[i].set[0])
            continue;
        scratch_write("plan.yaml", STR(FILE_TEXT));
        check_kept(settings[i].set[0], settings[i].set[0]);
    }
    scratch_write("base.yaml", STR(FILE_TEXT "design: {blocks: 7}\n"));
    scratch_write("plan.yaml", STR("extends: base.yaml\n"
                                   "services: {b: {url: 'http://127.0.0.1:3/'}}\n"));
    check_kept(NULL, "what extends another");
    scratch_write("plan.yaml", STR("extends: base.yaml\nbaseline: go.1.21\n"));
    check_kept("services.a.env=[A=2, 'B=x y']", "what extends another, and set");
    scratch_write("plan.yaml", STR("services:\n  a: &a {url: 'http://127.0.0.1:1/'}\n"
                                   "  b: *a\nload: {rate: 10}\n"));
    check_kept("services.b.ready=/x", "aliases");
}

static const char *const bodies[] = {
    "'{\"a\": \"\xc3\xa9 \xf0\x9f\x8f\x81\"}'",
    "\"tab\\t, feed\\f, bell\\a, delete\\x7f, next line\\x85, mark\\uFEFF\"",
    "'5'",
    "'null'",
    "'# no comment'",
    "' blanks before and after  '",
    "\"\\n\\n lines \\n\\n\"",
    "\"\\r\\nboth\\r\\n\"",
    "|\n    one\n      two\n\n    three\n",
    "|-\n    no end\n",
    "|+\n    many ends\n\n\n",
    "|2\n      leading blanks\n    stay\n",
    ">\n    folded text\n    of lines\n\n    and of parts\n      with more\n    blanks\n",
    "'it''s'",
    "'- a'",
    "'&a *b !c %d @ ` | > ? : ,'",
    "a\n    plain text of\n    three lines",
    "!!str 5",
    "'[1, 2]'"};

static void kept_bodies(void)
{
    char what[40];
    for (size_t i = 0; i < sizeof(bodies) / sizeof(bodies[0]); i++) {
        char *text = mem_format(SERVICE LOAD "  body: %s\n", bodies[i]);
        scratch_write("plan.yaml", str_of(text));
        snprintf(what, sizeof(what), "body %zu", i);
        check_kept("design.seed=5", what);
        mem_free(text);
    }
}

/* Longer than the lines that are written: blanks where a line is broken, and more of
 * them. */
static void kept_long_bodies(void)
{
    static const char *const styles[] = {"'", "\"", "", ">\n    ", "|\n    "};
    for (size_t i = 0; i < sizeof(styles) / sizeof(styles[0]); i++) {
        struct buf text;
        bool quoted = strlen(styles[i]) == 1;
        buf_init(&text, 1 << 14);
        buf_format(&text, SERVICE LOAD "  body: %s", styles[i]);
        for (int word = 0; word < 400; word++)
            buf_format(&text, "%s%d", word % 7 == 3 ? "   " : word ? " " : "", word);
        buf_format(&text, "%s\n", quoted ? styles[i] : "");
        scratch_write("plan.yaml", buf_str(&text));
        check_kept("design.seed=5", "a long body");
        buf_fini(&text);
    }
}

/* A plan that fits is written, one that becomes too large is refused, and freed. */
static void large(void)
{
    enum { LIMIT = 1 << 20 };
    struct buf text;
    const char *const none[SETTINGS_MAX] = {NULL};
    const char *const set[SETTINGS_MAX] = {"design.seed=5"};
    buf_init(&text, 2 * LIMIT);
    buf_add_text(&text, SERVICE LOAD "  body: \"");
    while (text.len < LIMIT - 100) /* a tab is written as two bytes */
        buf_add_text(&text, "\tx\t");
    buf_add_text(&text, "\"\n");
    scratch_write("plan.yaml", buf_str(&text));
    struct plan plan;
    struct error err;
    if (TAP_OK(read_set(none, &plan, &err), "a plan of nearly 1 MiB"))
        plan_fini(&plan);
    check_sentence(set, "{folder}/plan.yaml: the plan is too large");
    buf_add_repeated(&text, '#', 200);
    scratch_write("plan.yaml", buf_str(&text));
    check_sentence(none, "{folder}/plan.yaml is larger than 1048576 bytes");
    buf_fini(&text);
}

int main(void)
{
    scratch_init();
    setting();
    longest_name();
    refusals();
    two_values();
    file_at_fault();
    verbatim();
    readable();
    kept_settings();
    kept_bodies();
    kept_long_bodies();
    large();
    scratch_fini();
    return tap_done();
}
