/*
 * answers_compare on made-up answers. A service's answers are written as one text: a word
 * a block, the last one for all blocks that are left; in it the answers to the request
 * forms, joined by '+': "200:7:a" is status, length and digest, "-" is nothing recorded.
 */
#include "race.h"
#include "result/answers.h"
#include "tap.h"

#include <stdlib.h>

enum { BLOCKS = 6 };

#define EACH(array) (sizeof(array) / sizeof((array)[0]))

static void take_answers(const char *word, size_t len, struct trial *trial)
{
    char text[128];
    snprintf(text, sizeof(text), "%.*s", (int)len, word);
    mem_free(trial->answers);
    trial->answers = mem_new(4, sizeof(*trial->answers));
    trial->answer_count = 0;
    for (char *at = text; *at && *at != '-';) {
        struct answer *answer = &trial->answers[trial->answer_count++];
        answer->status = (int)strtol(at, &at, 10);
        answer->length = strtoull(at + 1, &at, 10);
        size_t digest = strcspn(at + 1, "+");
        snprintf(answer->digest, sizeof(answer->digest), "%.*s", (int)digest, at + 1);
        at += 1 + digest;
        at += *at == '+';
    }
}

static void set_answers(struct result *race, int service, const char *text)
{
    for (int block = 1; block <= BLOCKS; block++) {
        size_t len = strcspn(text, " ");
        take_answers(text, len, race_trial(race, block, service));
        if (text[len])
            text += len + 1;
    }
}

#define STATUS(form, ours, theirs)                                                       \
    "request form " form " is answered with " ours ", by c-echo with " theirs
#define LENGTH(form, ours, theirs)                                                       \
    "request form " form " is answered with " ours " bytes, by c-echo with " theirs
#define BODY(form) "the body answered to request form " form " is not that of c-echo"

struct expectation {
    enum answers_level level;
    const char *baseline, *service;
    bool vary;
    const char *why; /* "": they do not differ */
};

static void check(const struct expectation *cases, size_t count, const char *what)
{
    for (size_t i = 0; i < count; i++) {
        struct result race;
        struct service_finding found = {.answers_vary = false};
        race_new(&race, 2, BLOCKS, .01);
        race.answers = cases[i].level;
        set_answers(&race, 0, cases[i].baseline);
        set_answers(&race, 1, cases[i].service);
        answers_compare(&race, 1, &found);
        TAP_TEXT(found.answers_why, cases[i].why, what);
        TAP_OK(found.answers_differ == (*cases[i].why != '\0') &&
                   found.answers_vary == cases[i].vary,
               "… %s (%s) against %s", cases[i].service,
               answers_level_names[cases[i].level], cases[i].baseline);
        result_fini(&race);
    }
}

static void levels(void)
{
    static const struct expectation cases[] = {
        {ANSWERS_BODY, "200:7:a", "200:7:a", false, ""},
        {ANSWERS_BODY, "200:7:a", "404:9:b", false, STATUS("1", "404", "200")},
        {ANSWERS_BODY, "200:7:a", "200:9:b", false, LENGTH("1", "9", "7")},
        {ANSWERS_BODY, "200:7:a", "200:7:b", false, BODY("1")},
        {ANSWERS_LENGTH, "200:7:a", "404:9:b", false, STATUS("1", "404", "200")},
        {ANSWERS_LENGTH, "200:7:a", "200:12345:b", false, LENGTH("1", "12,345", "7")},
        {ANSWERS_LENGTH, "200:7:a", "200:7:b", false, ""},
        {ANSWERS_STATUS, "200:7:a", "404:9:b", false, STATUS("1", "404", "200")},
        {ANSWERS_STATUS, "200:7:a", "200:9:b", false, ""},
        {ANSWERS_ANY, "200:7:a", "404:9:b", false, ""},
        {ANSWERS_BODY, "200:0:a", "0:0:", false, STATUS("1", "nothing", "200")},
        {ANSWERS_BODY, "0:0:", "200:0:a", false, STATUS("1", "200", "nothing")},
        {ANSWERS_BODY, "0:0:", "0:0:", false, ""},
    };
    check(cases, EACH(cases), "two steady services");
}

/* What varies on both sides is not compared; where one is steady, the other must have
 * given that answer once. */
static void variation(void)
{
    static const struct expectation cases[] = {
        {ANSWERS_BODY, "200:7:a", "200:7:b 200:7:c", true, BODY("1")},
        {ANSWERS_BODY, "200:7:a", "200:7:b 200:7:a", true, ""},
        {ANSWERS_BODY, "200:7:a", "200:7:a 200:7:b 200:7:a", true, ""},
        {ANSWERS_BODY, "200:7:a 200:7:b", "200:7:c", false, BODY("1")},
        {ANSWERS_BODY, "200:7:a 200:7:c 200:7:a", "200:7:c", false, ""},
        {ANSWERS_BODY, "200:7:a 200:7:b", "200:7:c 200:7:d", true, ""},
        {ANSWERS_BODY, "200:7:a", "200:7:b 200:8:b", true, BODY("1")},
        {ANSWERS_BODY, "200:7:a", "200:7:b 404:7:b", true, BODY("1")},
        {ANSWERS_BODY, "200:7:a", "200:8:b 200:8:c", true, LENGTH("1", "8", "7")},
        {ANSWERS_BODY, "200:7:a", "200:8:b 200:9:c", true, LENGTH("1", "8", "7")},
        {ANSWERS_BODY, "200:7:a", "404:8:b 404:9:c", true, STATUS("1", "404", "200")},
        {ANSWERS_BODY, "200:7:a", "404:8:b 500:9:c", true, STATUS("1", "404", "200")},
        {ANSWERS_BODY, "200:7:a 200:7:b", "200:8:c", false, LENGTH("1", "8", "7")},
        {ANSWERS_BODY, "200:7:a 200:8:b", "200:9:c", false, LENGTH("1", "9", "7")},
        {ANSWERS_BODY, "200:7:a 404:7:a", "500:7:a", false, STATUS("1", "500", "200")},
        {ANSWERS_BODY, "200:7:a 404:8:b", "500:9:c 503:6:d", true, ""},
        {ANSWERS_LENGTH, "200:7:a", "200:7:b 200:7:c", false, ""},
        {ANSWERS_LENGTH, "200:7:a", "200:7:b 200:8:b", true, ""},
        {ANSWERS_STATUS, "200:7:a", "200:7:b 200:8:b", false, ""},
        {ANSWERS_STATUS, "200:7:a", "200:7:b 404:7:b", true, ""},
        {ANSWERS_ANY, "200:7:a", "200:7:b 404:8:c", false, ""},
    };
    check(cases, EACH(cases), "services that vary");
}

/* Where some answers came, those that did not are no answers. */
static void silence(void)
{
    static const struct expectation cases[] = {
        {ANSWERS_BODY, "200:7:a", "200:7:a 0:0:", false, ""},
        {ANSWERS_BODY, "200:7:a", "0:0: 200:7:a", false, ""},
        {ANSWERS_BODY, "200:7:a", "0:0: 200:7:b", false, BODY("1")},
        {ANSWERS_BODY, "0:0: 200:7:a", "200:7:b", false, BODY("1")},
        {ANSWERS_BODY, "200:7:a+0:0:", "0:0:+200:7:a", false,
         STATUS("1", "nothing", "200")},
    };
    check(cases, EACH(cases), "services that are silent at times");
}

static void request_forms(void)
{
    static const struct expectation cases[] = {
        {ANSWERS_BODY, "200:7:a+200:8:b", "200:7:a+200:8:b", false, ""},
        {ANSWERS_BODY, "200:7:a+200:8:b", "200:7:a+200:9:b", false,
         LENGTH("2", "9", "8")},
        {ANSWERS_BODY, "200:7:a+200:8:b+200:9:c", "200:7:a+200:8:x+404:9:c", false,
         BODY("2")},
        {ANSWERS_BODY, "200:7:a+200:8:b", "200:7:x+404:8:b", false, BODY("1")},
        {ANSWERS_BODY, "200:7:a+200:8:b", "200:7:a+200:8:c 200:7:b+200:8:c", true,
         BODY("2")},
        {ANSWERS_BODY, "200:7:a+200:8:b", "200:7:x+200:8:b 200:7:x+200:8:c", true,
         BODY("1")},
    };
    check(cases, EACH(cases), "the first form that differs");
}

/* Nothing recorded, on one side or in some trials, is nothing to hold against it. */
static void none_recorded(void)
{
    static const struct expectation cases[] = {
        {ANSWERS_BODY, "-", "-", false, ""},
        {ANSWERS_BODY, "200:7:a", "-", false, ""},
        {ANSWERS_BODY, "-", "200:7:a", false, ""},
        {ANSWERS_BODY, "200:7:a", "200:7:a+404:1:b", false, ""},
        {ANSWERS_BODY, "200:7:a+404:1:b", "200:7:a", false, ""},
        {ANSWERS_BODY, "200:7:a", "- 200:7:a", false, ""},
        {ANSWERS_BODY, "200:7:a", "- 200:7:b", false, BODY("1")},
        {ANSWERS_BODY, "- - 200:7:a", "200:7:b -", false, BODY("1")},
        {ANSWERS_BODY, "200:7:a+200:7:a", "200:7:a 200:7:a+200:7:b", false, BODY("2")},
    };
    check(cases, EACH(cases), "answers that are not there");
}

/* The baseline does not differ from itself, whatever it answers. */
static void baseline(void)
{
    struct result race;
    struct service_finding found = {.answers_vary = false};
    race_new(&race, 2, BLOCKS, .01);
    set_answers(&race, 0, "200:7:a 404:8:b");
    answers_compare(&race, 0, &found);
    TAP_OK(found.answers_vary && !found.answers_differ, "it varies, and does not differ");
    TAP_TEXT(found.answers_why, "", "and no reason is given");
    race.baseline = 1;
    set_answers(&race, 0, "404:8:b");
    answers_compare(&race, 0, &found);
    TAP_TEXT(found.answers_why,
             "request form 1 is answered with 404, by go-echo with 200",
             "the baseline may be any service");
    result_fini(&race);
}

/* Through compare_result: every comparison of the one that differs is INVALID. */
static void spoils_comparisons(void)
{
    struct result race;
    struct comparisons all;
    race_new(&race, 3, BLOCKS, .01);
    set_answers(&race, 2, "200:2048:b");
    compare_result(&race, &all);
    int invalid[3] = {0};
    for (int i = 0; i < all.count; i++)
        invalid[all.items[i].service] += all.items[i].verdict == VERDICT_INVALID;
    TAP_INT(invalid[1], 0, "who answers the same is compared");
    TAP_INT(invalid[2], METRICS - 1, "who does not is not, but for max");
    TAP_TEXT(comparisons_find(&all, 2, METRIC_DRAIN)->why,
             "rust-echo answers differently: the body answered to request form 1 is not "
             "that of c-echo",
             "and why");
    comparisons_fini(&all);
    result_fini(&race);
}

static void names(void)
{
    static const char *const expected[] = {"any", "status", "length", "body"};
    for (int i = 0; i < ANSWERS_LEVELS; i++)
        TAP_TEXT(answers_level_names[i], expected[i], "as in plan and JSON");
}

int main(void)
{
    levels();
    variation();
    silence();
    request_forms();
    none_recorded();
    baseline();
    spoils_comparisons();
    names();
    return tap_done();
}
