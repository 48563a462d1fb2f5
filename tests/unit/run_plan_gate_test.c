/*
 * The parts of a plan that decide: rules, when to stop, how far answers must agree, what
 * is masked, and each way of writing them wrongly.
 */
#include "plans.h"
#include "result/answers.h"

#define TWO SERVICE "  b:\n    url: http://127.0.0.1:2/\n"
#define GATE TWO LOAD "gate:\n"
#define DESIGN SERVICE LOAD "design:\n"

/* ---- rules ---- */

struct wanted_rule {
    const char *text;
    bool required;
    int line;
};

static void check_rules(const char *text, const struct wanted_rule *wanted, int count)
{
    struct plan plan = good_plan(text);
    TAP_INT(plan.gate.count, count, "as many rules as written");
    for (int i = 0; i < plan.gate.count && i < count; i++) {
        const struct rule *rule = &plan.gate.rules[i];
        char *where = mem_format("%s:%d", plan.path, wanted[i].line);
        TAP_TEXT(rule->text, wanted[i].text, "the rule as written");
        TAP_INT(rule->required, wanted[i].required, "… under require or fail_if");
        TAP_TEXT(plan.gate.where[i], where, "… and where");
        mem_free(where);
    }
    plan_fini(&plan);
}

static void rules(void)
{
    static const struct wanted_rule one[] = {{"p99 worse by 10%", false, 9}};
    static const struct wanted_rule several[] = {{"p99 not worse by 10%", true, 10},
                                                 {"p50 < 5ms of a", true, 11},
                                                 {"throughput > 20k of b", true, 12},
                                                 {"p50 worse of b", false, 13}};
    check_rules(TWO LOAD, NULL, 0);
    check_rules(GATE "  fail_if: p99  worse by 10%\n", one, 1);
    check_rules(GATE "  fail_if: [p99 worse by 10%]\n", one, 1);
    check_rules(GATE "  require:\n"
                     "    - p99 not worse by 10%\n    - p50<5ms of a\n"
                     "    - throughput > 20k of b\n"
                     "  fail_if: p50 worse of b\n",
                several, 4);
}

static const struct bad bad_rules[] = {
    {TWO LOAD "gate: p99 worse\n", 8, "gate must be a mapping of keys to values"},
    {TWO LOAD "gate: [p99 worse]\n", 8, "gate must be a mapping of keys to values"},
    {TWO LOAD "gate: {}\n", 8, "gate has neither fail_if nor require"},
    {GATE "  fail_if: []\n", 9, "fail_if has no rule, so nothing would be checked"},
    {GATE "  fail_if: p99 worse\n  require: []\n", 10,
     "require has no rule, so nothing would be checked"},
    {GATE "  fail: p99 worse\n", 9, "unknown key 'fail' in gate"},
    {GATE "  requires: p99 not worse\n", 9,
     "unknown key 'requires' in gate; did you mean 'require'?"},
    {GATE "  fail_if: p99 worse\n  fail_if: p50 worse\n", 10,
     "'fail_if' is given twice in gate"},
    {GATE "  fail_if: {p99: worse}\n", 9, "fail_if must be a single value"},
    {GATE "  fail_if:\n    - p99 worse\n    - [p99 worse]\n", 11,
     "fail_if must be a single value"},
    {GATE "  require: ''\n", 9, "require must be a single value, and is empty"},
    {GATE "  require:\n    - p99 not worse\n    - p98 not worse\n", 11,
     "'p98 not worse': there is no metric 'p98'; …"},
    {GATE "  fail_if: max > 1s\n", 9,
     "'max > 1s': max is never judged; one request decides it"},
    {GATE "  fail_if: p99 < 5\n", 9,
     "'p99 < 5': after '<' there must be one value such as 100ms"},
    {GATE "  fail_if: p99 not worse\n", 9, "'p99 not worse': under fail_if write …"},
    {GATE "  require: p99 worse\n", 9, "'p99 worse': under require write …"},
    {GATE "  fail_if: fast\n", 9,
     "'fast' is no rule; write 'p99 worse by 10%' or 'p99 > 100ms'"},
    {GATE "  require: fast\n", 9,
     "'fast' is no rule; write 'p99 not worse by 10%' or 'p99 < 100ms'"},
    {GATE "  fail_if:\n    - p99 worse of b\n    - p99 worse of c\n", 11,
     "'p99 worse of c': 'c' is none of the services"},
    {GATE "  require: p99 < 5ms of c\n", 9,
     "'p99 < 5ms of c': 'c' is none of the services"},
    {GATE "  fail_if: p99 worse of a\n", 9,
     "'p99 worse of a': the baseline cannot be worse than itself"},
    {GATE "  require: p99 not worse of b\nbaseline: b\n", 9,
     "'p99 not worse of b': the baseline cannot be worse than itself"},
    {GATE "  fail_if: p99 worse of a-control\ndesign: {control: true}\n", 9,
     "'p99 worse of a-control': 'a-control' is none of the services"}};

/* So many rules, as a list in one line. */
static char *many_rules(int count)
{
    struct buf text;
    buf_init(&text, 1 << 14);
    buf_add_text(&text, GATE "  fail_if: [p99 worse");
    for (int i = 1; i < count; i++)
        buf_add_text(&text, ", p99 worse");
    buf_add_text(&text, "]\n");
    char *copy = mem_copy_text(buf_text(&text));
    buf_fini(&text);
    return copy;
}

static void rule_limit(void)
{
    char *most = many_rules(RULES_MAX), *more = many_rules(RULES_MAX + 1);
    struct plan plan = good_plan(most);
    const struct bad bad = {more, 9, "more than 64 rules"};
    TAP_INT(plan.gate.count, RULES_MAX, "64 rules");
    plan_fini(&plan);
    check_bad(&bad);
    mem_free(most);
    mem_free(more);
}

/* ---- when to stop, answers, control, others, masks ---- */

static void stops(void)
{
    static const struct {
        const char *text;
        enum metric metric;
        double precision;
    } rows[] = {{"p99 within 5%", METRIC_P99, .05},
                {"p50 within 0.5%", METRIC_P50, .005},
                {"p99.9 within 100%", METRIC_P999, 1},
                {" cold start  within 10%", METRIC_COLD_START, .1},
                {"CPU within 2%", METRIC_CPU, .02},
                {"throughput within 1%", METRIC_THROUGHPUT, .01}};
    struct plan plan = good_plan(SERVICE LOAD);
    TAP_OK(!plan.stop.wanted, "all blocks are run");
    plan_fini(&plan);
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        char *text = mem_format(DESIGN "  stop_when: '%s'\n", rows[i].text);
        plan = good_plan(text);
        TAP_OK(plan.stop.wanted, "stops when %s", rows[i].text);
        TAP_INT(plan.stop.metric, rows[i].metric, "… of that metric");
        TAP_NEAR(plan.stop.precision, rows[i].precision, 1e-12, "… within that");
        plan_fini(&plan);
        mem_free(text);
    }
}

#define STOP(text) DESIGN "  stop_when: " text "\n", 7
#define STOP_SENTENCE                                                                    \
    "stop_when must name a judged metric and the half-width of its interval, such as "   \
    "'p99 within 5%', not "

static const struct bad bad_stops[] = {
    {STOP("p99"), STOP_SENTENCE "'p99'"},
    {STOP("within 5%"), STOP_SENTENCE "'within 5%'"},
    {STOP("' within 5%'"), STOP_SENTENCE "' within 5%'"},
    {STOP("p99 within"), STOP_SENTENCE "'p99 within'"},
    {STOP("'p99 within '"), STOP_SENTENCE "'p99 within '"},
    {STOP("p99 within %"), STOP_SENTENCE "'p99 within %'"},
    {STOP("p99 within 5"), STOP_SENTENCE "'p99 within 5'"},
    {STOP("p99 within 5ms"), STOP_SENTENCE "'p99 within 5ms'"},
    {STOP("p99 within x%"), STOP_SENTENCE "'p99 within x%'"},
    {STOP("p99 within 0%"), STOP_SENTENCE "'p99 within 0%'"},
    {STOP("p99 within -5%"), STOP_SENTENCE "'p99 within -5%'"},
    {STOP("p99 within 101%"), STOP_SENTENCE "'p99 within 101%'"},
    {STOP("p99 within 5% or so"), STOP_SENTENCE "'p99 within 5% or so'"},
    {STOP("p98 within 5%"), STOP_SENTENCE "'p98 within 5%'"},
    {STOP("max within 5%"), STOP_SENTENCE "'max within 5%'"},
    {STOP("[p99 within 5%]"), "stop_when must be a single value"},
    {STOP("''"), "stop_when must be a single value, and is empty"}};

static void answers(void)
{
    static const char *const names[ANSWERS_LEVELS] = {[ANSWERS_ANY] = "any",
                                                      [ANSWERS_STATUS] = "status",
                                                      [ANSWERS_LENGTH] = "length",
                                                      [ANSWERS_BODY] = "body"};
    struct plan plan = good_plan(SERVICE LOAD);
    TAP_INT(plan.answers, ANSWERS_BODY, "answers agree in everything");
    plan_fini(&plan);
    for (int i = 0; i < ANSWERS_LEVELS; i++) {
        char *text = mem_format(DESIGN "  answers: %s\n", names[i]);
        plan = good_plan(text);
        TAP_INT(plan.answers, i, names[i]);
        plan_fini(&plan);
        mem_free(text);
    }
}

static const struct bad bad_rest[] = {
    {DESIGN "  answers: none\n", 7,
     "answers must be body, length, status or any, not 'none'"},
    {DESIGN "  answers: Body\n", 7,
     "answers must be body, length, status or any, not 'Body'"},
    {DESIGN "  answers: [body]\n", 7, "answers must be a single value"},
    {DESIGN "  answers:\n", 7, "answers must be a single value, and is empty"},
    {DESIGN "  control: yes\n", 7, "control must be true or false, not 'yes'"},
    {DESIGN "  control: [true]\n", 7, "control must be a single value"},
    {DESIGN "  stop: p99 within 5%\n", 7, "unknown key 'stop' in design"},
    {SERVICE LOAD "limits: {others: 10}\n", 6,
     "others must be a percentage such as 5%, not '10'"},
    {SERVICE LOAD "limits: {others: 101%}\n", 6,
     "others must be a percentage such as 5%, not '101%'"},
    {SERVICE LOAD "limits: {others: [1%]}\n", 6, "others must be a single value"},
    {SERVICE LOAD "  mask: {a: b}\n", 6, "mask must be a list or a single value"},
    {SERVICE LOAD "  mask: [a, [b]]\n", 6, "mask must be a single value"},
    {SERVICE LOAD
     "  mask: [a,a,a,a,a,a,a,a,a,a,a,a,a,a,a,a,a,a,a,a,a,a,a,a,a,a,a,a,a,a,a,"
     "a,a]\n",
     5, "load: more than 32 masked fields"}};

static void controls(void)
{
    struct plan plan = good_plan(SERVICE LOAD);
    TAP_OK(!plan.control, "no control");
    TAP_NEAR(plan.others_limit, .1, 1e-12, "others may use 10 %");
    plan_fini(&plan);
    plan = good_plan(DESIGN "  control: true\nlimits: {others: 2.5%}\n");
    TAP_OK(plan.control, "a control");
    TAP_NEAR(plan.others_limit, .025, 1e-12, "others may use 2.5 %");
    plan_fini(&plan);
    plan = good_plan(DESIGN "  control: false\nlimits: {others: 0%}\n");
    TAP_OK(!plan.control, "no control, as written");
    TAP_NEAR(plan.others_limit, 0, 0, "others may use nothing");
    plan_fini(&plan);
}

/* What is not expected is compared between services: masks are needed there as well. */
static void masks(void)
{
    struct plan plan = good_plan(SERVICE LOAD);
    TAP_INT(plan_mask(&plan).count, 0, "nothing is masked");
    plan_fini(&plan);
    plan = good_plan(SERVICE LOAD "  mask: [time, meta.id]\n");
    struct jmask mask = plan_mask(&plan);
    struct generate_spec spec = plan_spec(&plan, 0);
    TAP_INT(mask.count, 2, "two members are masked");
    TAP_TEXT(mask.fields[0], "time", "… the first");
    TAP_TEXT(mask.fields[1], "meta.id", "… the second");
    TAP_INT(spec.expect.mask_count, 0, "… not for the generator, which expects no body");
    plan_fini(&plan);
    plan = good_plan(SERVICE LOAD "  mask: time\n  expect_body: '{\"time\":1}'\n");
    spec = plan_spec(&plan, 0);
    TAP_INT(plan_mask(&plan).count, 1, "masked");
    TAP_OK(spec.expect.mask_count == 1 && strcmp(spec.expect.masks[0], "time") == 0,
           "… for the generator, too, which expects one");
    plan_fini(&plan);
}

int main(void)
{
    scratch_init();
    rules();
    CHECK_ALL(bad_rules);
    rule_limit();
    stops();
    CHECK_ALL(bad_stops);
    answers();
    CHECK_ALL(bad_rest);
    controls();
    masks();
    scratch_fini();
    return tap_done();
}
