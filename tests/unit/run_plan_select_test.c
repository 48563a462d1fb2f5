/*
 * Which services of a plan are raced: some of them alone, and the baseline once more as
 * its own control; and whether that is enough for the plan's gate.
 */
#include "plans.h"

#define TWO SERVICE "  b:\n    url: http://127.0.0.1:2/\n"
#define FOUR                                                                             \
    TWO "  c:\n    url: http://127.0.0.1:3/\n  d:\n    url: http://127.0.0.1:4/\n"

/* ---- some alone ---- */

struct choice {
    const char *text, *list;
    const char *names, *baseline; /* what is left of abcd */
    const char *sentence;         /* NULL: good; {path} ends it */
};

static const struct choice choices[] = {
    {FOUR LOAD, "a,b,c,d", "abcd", "a", NULL},
    {FOUR LOAD, "a", "a", "a", NULL},
    {FOUR LOAD, "d,a", "ad", "a", NULL},
    {FOUR LOAD, "a,a,c", "ac", "a", NULL},
    {FOUR LOAD "baseline: c\n", "b,c", "bc", "c", NULL},
    {FOUR LOAD "baseline: d\n", "d", "d", "d", NULL},
    {FOUR LOAD "baseline: c\n", "d,c,a", "acd", "c", NULL},
    {FOUR LOAD "gate: {require: p99 < 1s of c}\n", "a,c", "ac", "a", NULL},
    {FOUR LOAD "gate: {fail_if: p99 worse}\n", "a,d", "ad", "a", NULL},
    {FOUR LOAD, "b,c", NULL, NULL, "--only leaves out the baseline 'a'; name it, too"},
    {FOUR LOAD "baseline: d\n", "a", NULL, NULL,
     "--only leaves out the baseline 'd'; name it, too"},
    {FOUR LOAD, "", NULL, NULL, "--only leaves out the baseline 'a'; name it, too"},
    {FOUR LOAD, "a,e", NULL, NULL, "--only: 'e' is none of the services of {path}"},
    {FOUR LOAD, "a,,b", NULL, NULL, "--only: '' is none of the services of {path}"},
    {FOUR LOAD, "a, b", NULL, NULL, "--only: ' b' is none of the services of {path}"},
    {FOUR LOAD, "ab", NULL, NULL, "--only: 'ab' is none of the services of {path}"},
    {FOUR LOAD "gate: {fail_if: [p99 worse, p99 worse of c]}\n", "a,b", NULL, NULL,
     "--only leaves out 'c', which the rule 'p99 worse of c' is about"},
    {FOUR LOAD "gate: {require: p99 < 1s of d}\n", "a", NULL, NULL,
     "--only leaves out 'd', which the rule 'p99 < 1s of d' is about"}};

static void check_kept(const struct plan *plan, const struct choice *choice)
{
    char names[PLAN_SERVICES_MAX + 1] = "";
    for (int i = 0; i < plan->services.count; i++)
        names[i] = plan->services.items[i].name[0];
    TAP_TEXT(names, choice->names, "… keeps these, in the plan's order");
    TAP_TEXT(plan->services.items[plan->baseline].name, choice->baseline,
             "… with the baseline");
}

static void only(const struct choice *choice)
{
    static const char mark[] = "{path}";
    struct error err = {""};
    struct plan plan = good_plan(choice->text);
    bool good = plan_only(&plan, choice->list, &err);
    if (!TAP_OK(good == !choice->sentence, "--only %s", choice->list))
        printf("# %s\n", err.text);
    else if (good)
        check_kept(&plan, choice);
    if (!good && choice->sentence) {
        const char *at = strstr(choice->sentence, mark);
        int len = (int)(at ? at - choice->sentence : (long)strlen(choice->sentence));
        char *sentence = mem_format("%.*s%s", len, choice->sentence, at ? plan.path : "");
        TAP_TEXT(err.text, sentence, "… refused in these words");
        mem_free(sentence);
    }
    plan_fini(&plan);
}

/* What is left is what the plan said of it. */
static void only_moves(void)
{
    struct error err = {""};
    struct plan plan = good_plan(FOUR "    env: [D=1]\n" LOAD "baseline: d\n");
    TAP_OK(plan_only(&plan, "d,b", &err), "two of four%s", err.text);
    TAP_TEXT(plan.services.items[0].url, "http://127.0.0.1:2/", "the first's URL");
    TAP_TEXT(plan.services.items[1].url, "http://127.0.0.1:4/", "the second's URL");
    TAP_INT(plan.services.items[1].env.count, 1, "the second's environment");
    TAP_OK(plan_only(&plan, "d", &err), "one of the two%s", err.text);
    TAP_INT(plan.services.count, 1, "one is left");
    plan_fini(&plan);
}

/* ---- the control ---- */

#define CONTROL "design: {control: true}\n"
#define RICH                                                                             \
    "services:\n  x:\n    url: http://127.0.0.1:9/\n  go.1:\n    build: make\n"          \
    "    needs: sh\n    command: [./go, 'two words']\n    env: [A=1, B=]\n"              \
    "    url: http://127.0.0.1:8/p?q\n    ready: /r\n" LOAD "baseline: go.1\n"

static void check_control(const struct plan_service *control,
                          const struct plan_service *baseline)
{
    static const char *const command[] = {"./go", "two words", NULL};
    static const char *const env[] = {"A=1", "B=", NULL};
    static const char *const none[] = {NULL};
    TAP_TEXT(control->name, "go.1-control", "the control's name");
    TAP_OK(control->control && !baseline->control, "… and no other is one");
    TAP_TEXT(control->url, "http://127.0.0.1:8/p?q", "its URL is the baseline's");
    TAP_TEXT(control->ready, "/r", "… as is its probe");
    TAP_TEXT(control->where, baseline->where, "… and where it is written");
    check_list(&control->command, command, "… its command");
    check_list(&control->env, env, "… its environment");
    TAP_OK(!control->build, "it is built already");
    check_list(&control->needs, none, "… and needs nothing for that");
    TAP_OK(control->url != baseline->url &&
               control->command.items[0] != baseline->command.items[0] &&
               control->env.items[0] != baseline->env.items[0],
           "all of it is its own");
}

static void control_wanted(void)
{
    struct error err = {""};
    struct plan plan = good_plan(RICH CONTROL);
    TAP_OK(plan_add_control(&plan, &err), "a control is added%s", err.text);
    if (TAP_OK(plan.services.count == 3, "… behind the others")) {
        check_control(&plan.services.items[2], &plan.services.items[1]);
        TAP_INT(plan.baseline, 1, "the baseline stays");
        TAP_INT(plan_find_service(&plan.services, "go.1-control"), 2, "it is found");
        TAP_TEXT(plan_spec(&plan, 2).url, "http://127.0.0.1:8/p?q", "… and loaded");
    }
    TAP_OK(!plan_add_control(&plan, &err) && plan.services.count == 3,
           "it is not added twice");
    plan_fini(&plan);
}

static void control_not_wanted(void)
{
    static const char *const texts[] = {RICH, RICH "design: {control: false}\n"};
    for (int i = 0; i < 2; i++) {
        struct error err = {""};
        struct plan plan = good_plan(texts[i]);
        TAP_OK(plan_add_control(&plan, &err) && plan.services.count == 2,
               "not wanted, not added");
        plan_fini(&plan);
    }
}

static void control_name_taken(void)
{
    struct error err = {""};
    struct plan plan = good_plan(SERVICE "  a-control:\n" A_URL LOAD CONTROL);
    char *sentence = mem_format("%s: 'a-control' is the control's name; call that "
                                "service otherwise",
                                plan.path);
    TAP_OK(!plan_add_control(&plan, &err), "a service with the control's name");
    TAP_TEXT(err.text, sentence, "… is refused in these words");
    TAP_INT(plan.services.count, 2, "… and nothing is added");
    mem_free(sentence);
    plan_fini(&plan);
    plan = good_plan(SERVICE "  a-control:\n" A_URL LOAD CONTROL "baseline: a-control\n");
    TAP_OK(plan_add_control(&plan, &err), "the name follows the baseline's");
    TAP_TEXT(plan.services.items[2].name, "a-control-control", "… whatever that is");
    plan_fini(&plan);
}

/* Eight services and the control are nine; and a race without a rival has one. */
static void control_beside(void)
{
    struct error err = {""};
    struct plan plan =
        good_plan(SERVICE "  b:\n" A_URL "  c:\n" A_URL "  d:\n" A_URL "  e:\n" A_URL
                          "  f:\n" A_URL "  g:\n" A_URL "  h:\n" A_URL LOAD CONTROL);
    TAP_OK(plan_add_control(&plan, &err), "beside eight%s", err.text);
    TAP_INT(plan.services.count, PLAN_SERVICES_MAX, "… it is the ninth");
    plan_fini(&plan);
    plan = good_plan(FOUR LOAD CONTROL "baseline: c\n");
    TAP_OK(plan_only(&plan, "c", &err) && plan_add_control(&plan, &err),
           "the baseline alone%s", err.text);
    TAP_INT(plan.services.count, 2, "… has a rival in its control");
    TAP_TEXT(plan.services.items[1].name, "c-control", "… by its name");
    plan_fini(&plan);
}

/* ---- enough for the gate ---- */

#define BLOCKS(n) "design: {blocks: " #n "}\n"
#define FEW(blocks, rules, needed)                                                       \
    blocks " blocks cannot prove a rule broken where there are " rules                   \
           " (rules times services); give it design: blocks: " needed " or more"

/* 2^-blocks times claims must not be over 2.5 %; a verdict needs six blocks anyway. */
static const struct gate_row {
    const char *text;
    int line; /* of the first rule */
    const char *sentence;
} gate_rows[] = {
    {SERVICE LOAD BLOCKS(1), 0, NULL},
    {TWO LOAD BLOCKS(6) "gate: {fail_if: p99 worse}\n", 0, NULL},
    {TWO LOAD BLOCKS(5) "gate: {fail_if: p99 worse}\n", 9, FEW("5", "1", "6")},
    {TWO LOAD BLOCKS(7) "gate: {fail_if: [p99 worse, p50 worse]}\n", 0, NULL},
    {TWO LOAD BLOCKS(6) "gate: {fail_if: [p99 worse, p50 worse]}\n", 9,
     FEW("6", "2", "7")},
    {FOUR LOAD BLOCKS(7) "gate: {fail_if: p99 worse}\n", 0, NULL},
    {FOUR LOAD BLOCKS(6) "gate: {fail_if: p99 worse}\n", 13, FEW("6", "3", "7")},
    {FOUR LOAD BLOCKS(6) "gate: {fail_if: p99 worse of c}\n", 0, NULL},
    {TWO LOAD "design: {blocks: 6, control: true}\ngate: {fail_if: p99 worse}\n", 0,
     NULL},
    {TWO LOAD BLOCKS(6) "gate: {require: [p99 not worse, p50 not worse]}\n", 0, NULL},
    {TWO LOAD BLOCKS(5) "gate: {require: p99 not worse}\n", 9, FEW("5", "1", "6")},
    {SERVICE LOAD "gate: {fail_if: p99 worse}\n", 6,
     "'p99 worse' is about no service of this race"},
    {SERVICE LOAD "gate: {fail_if: p99 > 1s}\n", 0, NULL}};

static void check_gate(const struct gate_row *row)
{
    struct error err = {""};
    struct plan plan = good_plan(row->text);
    bool good = plan_add_control(&plan, &err) && plan_check_gate(&plan, &err);
    if (row->sentence) {
        char *sentence = mem_format("%s:%d: %s", plan.path, row->line, row->sentence);
        TAP_TEXT(err.text, sentence, "the gate of the race, refused in these words");
        mem_free(sentence);
    }
    if (!TAP_OK(good == !row->sentence, "%s", row->sentence ? "refused" : "a good gate"))
        printf("# %s\n", err.text);
    plan_fini(&plan);
}

int main(void)
{
    scratch_init();
    for (size_t i = 0; i < sizeof(choices) / sizeof(choices[0]); i++)
        only(&choices[i]);
    only_moves();
    control_wanted();
    control_not_wanted();
    control_name_taken();
    control_beside();
    for (size_t i = 0; i < sizeof(gate_rows) / sizeof(gate_rows[0]); i++)
        check_gate(&gate_rows[i]);
    scratch_fini();
    return tap_done();
}
