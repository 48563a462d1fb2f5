/* result.json: golden file, round trip, every member missing or mistyped, broken text. */
#include "faults.h"
#include "golden.h"
#include "race.h"
#include "result/observed_set.h"

static bool read_result(const json_t *json, struct error *err)
{
    struct result out;
    char *text = json_dumps(json, LOAD_JSON_DIGITS);
    bool good = result_from_text(str_of(text), &out, err);
    mem_free(text);
    if (good)
        result_fini(&out);
    return good;
}

static bool read_text(const char *text, struct error *err)
{
    struct result out;
    bool good = result_from_text(str_of(text), &out, err);
    if (good)
        result_fini(&out);
    return good;
}

/* As a service's own metrics may have it: with what is not known, and beyond all bounds.
 */
static struct observed *own(void)
{
    struct observed *own = mem_new(1, sizeof(*own));
    *own = (struct observed){.window_s = 6.25,
                             .requests = 12500,
                             .rate = 2000,
                             .error_share = 0.01,
                             .mean_s = (double)NAN,
                             .cpu = 0.5,
                             .cpu_us = 250,
                             .resident_bytes = 1 << 20,
                             .files = 70,
                             .tasks = 9,
                             .gc_pauses = 17,
                             .gc_s = 0.0003,
                             .gc_longest_s = (double)INFINITY,
                             .note_count = 1};
    for (int i = 0; i < OBSERVED_QUANTILES; i++)
        own->quantiles[i] = (struct bucket_quantile){0.001 * (i + 1), 0, 0.01 * (i + 1)};
    own->quantiles[3] = (struct bucket_quantile){10, 10, (double)INFINITY};
    snprintf(own->names[OBSERVED_GC], sizeof(own->names[0]), "go_gc_duration_seconds");
    own->more[0] = (struct observed_more){"cache_hits_total", true, 12.5};
    own->more[1] = (struct observed_more){"heap_bytes", false, (double)NAN};
    own->more_count = 2;
    snprintf(own->notes[0], sizeof(own->notes[0]), "a sentence");
    return own;
}

static void round_trip(void)
{
    struct result race, again;
    struct error err = {""};
    race_showcase(&race);
    struct trial *dead = race_trial(&race, 9, 3);
    dead->outcome = TRIAL_FAILED;
    dead->why = mem_copy_text("it died:\npanic: \xff");
    load_result_fini(&dead->load);
    race_trial(&race, 1, 1)->own = own();
    race_trial(&race, 2, 1)->own_why = mem_copy_text("it answers 404 instead of a page");
    char *text = result_to_text(&race);
    if (!TAP_OK(result_from_text(str_of(text), &again, &err), "reads what was written"))
        printf("# %s\n", err.text);
    char *text_again = result_to_text(&again);
    TAP_OK(strcmp(text, text_again) == 0, "writes again what was read, byte for byte");
    TAP_INT(again.trial_count, race.trial_count, "all trials");
    const struct trial *told = race_trial(&again, 1, 1);
    TAP_OK(told->own && isinf(told->own->gc_longest_s) && isnan(told->own->mean_s) &&
               isinf(told->own->quantiles[3].high) && told->own->rate == 2000,
           "what its own metrics said is there again");
    TAP_TEXT(race_trial(&again, 2, 1)->own_why, "it answers 404 instead of a page",
             "or why they said nothing");
    TAP_OK(again.trials[35].outcome == TRIAL_FAILED, "a failed trial stays failed");
    TAP_TEXT(again.trials[35].why, "it died:\npanic: ?", "with its reason, made UTF-8");
    TAP_OK(again.trials[35].load.target == NULL, "and without a load");
    TAP_OK(again.trials[34].service == 2 && again.trials[34].block == 9, "who and where");
    mem_free(text);
    mem_free(text_again);
    result_fini(&race);
    result_fini(&again);
}

/* tests/race/recompute_test.py reads this file beside the golden reports. */
static void golden(void)
{
    struct result race;
    race_showcase(&race);
    char *text = result_to_text(&race);
    golden_check("race.json", text);
    mem_free(text);
    result_fini(&race);
}

static void faults(void)
{
    /* Computed, or missing in results of version 0.1.0. */
    static const char *const derived[] = {
        "comparisons", "summary",   "arrival_check",  "stationarity",  "tls",
        "status",      "checks",    "gate",           "stop_when",     "stopped_at",
        "attempt",     "ready",     "machine",        "answers",       "control",
        "others",      "restarted", "program_sha256", "bodies_sha256", "own",
        "own_why",     NULL};
    struct result race;
    race_new(&race, 2, 1, .01);
    char *text = result_to_text(&race);
    json_t *json = json_loads(text, 0, NULL);
    FAULTS_CHECK(json, read_result, derived);
    json_decref(json);
    mem_free(text);
    result_fini(&race);
}

/* Changes one value of a good result by its path and sees the reader complain. */
static void refusals(void)
{
    static const struct {
        const char *from, *to, *complaint;
    } cases[] = {
        {"\"baseline\": \"c-echo\"", "\"baseline\": \"d-echo\"",
         "result: baseline names no service: \"d-echo\""},
        {"\"schema\": \"dragstrip.result/1\"", "\"schema\": \"dragstrip.result/9\"",
         "result: schema is not \"dragstrip.result/1\""},
        {"\"block\": 1,", "\"block\": 0,",
         "result: cells[0].trials[0].block is 0, outside 1 to 200"},
        {"\"outcome\": \"ok\"", "\"outcome\": \"fine\"",
         "result: cells[0].trials[0].outcome is none of ok, failed, skipped"},
        {"\"margin_tail\": 0.1", "\"margin_tail\": 10",
         "result: limits.margin_tail is not a share of 0 to 1"},
    };
    struct result race;
    struct error err;
    race_new(&race, 2, 1, .01);
    char *text = result_to_text(&race);
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        /* The value that the reader reads is the last one: comparisons come before. */
        char *at = strstr(strcmp(cases[i].from, "\"block\": 1,") == 0
                              ? strstr(text, "\"trials\"")
                              : text,
                          cases[i].from);
        char *broken = mem_format("%.*s%s%s", (int)(at - text), text, cases[i].to,
                                  at + strlen(cases[i].from));
        TAP_OK(!read_text(broken, &err), "refused: %s", cases[i].to);
        TAP_TEXT(err.text, cases[i].complaint, "and the complaint is right");
        mem_free(broken);
    }
    mem_free(text);
    result_fini(&race);
}

static void broken_text(void)
{
    struct result race;
    struct error err;
    race_new(&race, 2, 1, .01);
    char *text = result_to_text(&race);
    size_t len = strlen(text), accepted = 0;
    for (size_t cut = 0; cut < len; cut += 17) {
        char *part = mem_copy_bytes(text, cut);
        accepted += read_text(part, &err);
        mem_free(part);
    }
    TAP_INT(accepted, 0, "no truncation is accepted");
    TAP_OK(!read_text("{\n\"schema\": }", &err), "no JSON");
    TAP_OK(strncmp(err.text, "not JSON: line 2, column", 24) == 0, "line and column");
    TAP_OK(!read_text("[]", &err), "an array is no result");
    mem_free(text);
    result_fini(&race);
}

int main(void)
{
    golden();
    round_trip();
    faults();
    refusals();
    broken_text();
    return tap_done();
}
