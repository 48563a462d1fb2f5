/* Which answers are good: statuses, and bodies however they come in pieces. */
#include "load/expect.h"

#include "base/mem.h"
#include "tap.h"

#define HELLO "2cf24dba5fb0a30e26e83b2ac5b9e29e1b161e5c1fa7425e73043362938b9824"

/* An expectation with what its answers need. */
struct judge {
    struct expect expect;
    struct expect_check check;
    struct buf scratch;
};

/* The program ends when the spec is refused. */
static struct judge judge_of(struct expect_spec spec, int requests)
{
    struct judge judge = {.check = {.matched = 0}};
    struct error err = {""};
    buf_init(&judge.scratch, EXPECT_BODY_MAX);
    if (!expect_init(&judge.expect, &spec, requests, &err))
        printf("Bail out! %s\n", err.text);
    return judge;
}

static void judge_end(struct judge *judge)
{
    expect_check_fini(&judge->check);
    expect_fini(&judge->expect);
    buf_fini(&judge->scratch);
}

static enum expect_verdict verdict(struct judge *judge, int request, int status)
{
    return expect_judge(&judge->expect, &judge->check, request, status, &judge->scratch);
}

/* Of an answer with status 200 that comes in two pieces. */
static enum expect_verdict of_pieces(struct judge *judge, int request, struct str body,
                                     size_t first)
{
    expect_begin(&judge->expect, &judge->check);
    expect_feed(&judge->expect, &judge->check, request, (struct str){body.ptr, first});
    expect_feed(&judge->expect, &judge->check, request,
                (struct str){body.ptr + first, body.len - first});
    return verdict(judge, request, 200);
}

static enum expect_verdict of_whole(struct judge *judge, int request, const char *body)
{
    return of_pieces(judge, request, str_of(body), 0);
}

/* ---- statuses ---- */

static int count_expected(const struct expect *expect)
{
    int count = 0;
    for (int i = 0; i < EXPECT_STATUS_END; i++)
        count += expect->statuses[i];
    return count;
}

static void good_statuses(void)
{
    static const struct {
        const char *list;
        int count, good, bad;
    } rows[] = {{NULL, 200, 200, 199},   {NULL, 200, 399, 400},
                {"404", 1, 404, 200},    {"200,5xx,204", 102, 599, 201},
                {"5xx", 100, 500, 200},  {"200,200,2xx", 100, 299, 300},
                {"200,599", 2, 599, 201}};
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        const char *list = rows[i].list ? rows[i].list : "by default";
        struct judge judge = judge_of((struct expect_spec){.statuses = rows[i].list}, 1);
        TAP_INT(count_expected(&judge.expect), rows[i].count, list);
        expect_begin(&judge.expect, &judge.check);
        expect_feed(&judge.expect, &judge.check, 0, STR("any body"));
        TAP_INT(verdict(&judge, 0, rows[i].good), EXPECT_GOOD, "… is good");
        TAP_INT(verdict(&judge, 0, rows[i].bad), EXPECT_WRONG_STATUS, "… is not");
        TAP_OK(!judge.check.received.ptr, "… nothing is kept of the body");
        judge_end(&judge);
    }
}

static void refuse(struct expect_spec spec, int requests, const char *sentence)
{
    struct expect expect;
    struct error err = {""};
    if (TAP_OK(!expect_init(&expect, &spec, requests, &err), "refused: %s", sentence))
        TAP_TEXT(err.text, sentence, "… in these words");
    else
        expect_fini(&expect);
}

static void bad_statuses(void)
{
    static const char *const bad[] = {"",     "20",   "2000",    "ok",  "600", "099",
                                      "200,", ",200", "200 404", "xxx", "2x0", "6xx",
                                      "0xx",  "-99",  "+99",     "2XX", "20x", " 200",
                                      "1xx",  "100",  "2xx,199"};
    for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
        char *sentence =
            mem_format("'%s' is not a list of statuses; write 200,404 or 2xx", bad[i]);
        refuse((struct expect_spec){.statuses = bad[i]}, 1, sentence);
        mem_free(sentence);
    }
}

/* ---- bodies ---- */

/* Good at every cut; each byte changed, one left out, one more: not. */
static void every_cut(struct judge *judge, const char *good, const char *what)
{
    size_t len = strlen(good), right = 0, wrong = 0;
    char *bad = mem_format("%s!", good);
    for (size_t cut = 0; cut <= len; cut++) {
        right += of_pieces(judge, 0, str_of(good), cut) == EXPECT_GOOD;
        wrong +=
            of_pieces(judge, 0, (struct str){bad, len + 1}, cut) == EXPECT_WRONG_BODY;
    }
    TAP_INT(right, len + 1, what);
    TAP_INT(wrong, len + 1, "… with one byte more it is bad at every cut");
    wrong = 0;
    for (size_t i = 0; i < len; i++) {
        wrong += of_pieces(judge, 0, (struct str){good, i}, i / 2) == EXPECT_WRONG_BODY;
        bad[i] ^= 1;
        for (size_t cut = 0; cut <= len; cut++)
            wrong +=
                of_pieces(judge, 0, (struct str){bad, len}, cut) == EXPECT_WRONG_BODY;
        bad[i] ^= 1;
    }
    TAP_INT(wrong, len * (len + 2), "… cut short, or with a byte changed, too");
    TAP_INT(of_whole(judge, 0, good), EXPECT_GOOD, "… and the next answer is its own");
    mem_free(bad);
}

static void exact(void)
{
    const struct expect_body body = {{"{\"a\": [1]}\n", 11}, NULL};
    struct judge judge =
        judge_of((struct expect_spec){.bodies = &body, .body_count = 1}, 1);
    every_cut(&judge, "{\"a\": [1]}\n", "byte for byte");
    TAP_OK(!judge.check.received.ptr, "… nothing is kept of the body");
    char longer[4096] = "{\"a\": [1]}\n"; /* more than was allocated for the expected */
    TAP_INT(of_pieces(&judge, 0, (struct str){longer, sizeof(longer)}, 11),
            EXPECT_WRONG_BODY, "much more than expected");
    expect_begin(&judge.expect, &judge.check);
    TAP_INT(verdict(&judge, 0, 200), EXPECT_WRONG_BODY, "no body at all");
    TAP_INT(verdict(&judge, 0, 500), EXPECT_WRONG_STATUS, "the status comes first");
    judge_end(&judge);
}

static void digest(void)
{
    const struct expect_body bodies[] = {{.sha256 = HELLO}};
    struct judge judge =
        judge_of((struct expect_spec){.bodies = bodies, .body_count = 1}, 1);
    every_cut(&judge, "hello", "by its SHA-256");
    judge_end(&judge);
    const struct expect_body upper[] = {
        {.sha256 = "2CF24DBA5FB0A30E26E83B2AC5B9E29E1B161E5C1FA7425E73043362938B9824"}};
    judge = judge_of((struct expect_spec){.bodies = upper, .body_count = 1}, 1);
    TAP_INT(of_whole(&judge, 0, "hello"), EXPECT_GOOD, "in capitals");
    judge_end(&judge);
}

static void empty_body(void)
{
    const struct expect_body body = {{"", 0}, NULL};
    struct judge judge =
        judge_of((struct expect_spec){.bodies = &body, .body_count = 1}, 1);
    TAP_INT(of_whole(&judge, 0, ""), EXPECT_GOOD, "nothing is expected, and came");
    TAP_INT(of_whole(&judge, 0, "a"), EXPECT_WRONG_BODY, "… and something came");
    judge_end(&judge);
}

/* ---- masks ---- */

static const char *const masks[] = {"id", "m.time"};

static struct expect_spec masked(const struct expect_body *bodies, int count)
{
    return (struct expect_spec){
        .bodies = bodies, .body_count = count, .masks = masks, .mask_count = 2};
}

static void mask(void)
{
    static const struct {
        const char *answer;
        enum expect_verdict verdict;
    } rows[] = {{"{\"id\":7,\"m\":{\"time\":[1]},\"v\":1}", EXPECT_GOOD},
                {"{\"id\":{\"a\":\"b\"},\"m\":{\"time\":null},\"v\":1}", EXPECT_GOOD},
                {"{\"id\":7,\"m\":{\"time\":1},\"v\":2}", EXPECT_WRONG_BODY},
                {"{\"m\":{\"time\":1},\"v\":1}", EXPECT_WRONG_BODY},
                {"{\"id\":7,\"time\":1,\"v\":1}", EXPECT_WRONG_BODY},
                {"{\"id\":7,\"m\":{\"time\":1}, \"v\":1}", EXPECT_WRONG_BODY},
                {"{\"id\":7,\"m\":{\"time\":1},\"v\":1}x", EXPECT_WRONG_BODY},
                {"{\"id\":7,\"m\":{\"time\":1},\"v\":1", EXPECT_WRONG_BODY},
                {"", EXPECT_WRONG_BODY},
                {"null", EXPECT_WRONG_BODY}};
    const struct expect_body body = {
        {"{\"id\":1,\"m\":{\"time\":2},\"v\":1}", strlen(rows[0].answer) - 2}, NULL};
    struct judge judge = judge_of(masked(&body, 1), 1);
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        struct str answer = str_of(rows[i].answer);
        size_t agreed = 0;
        for (size_t cut = 0; cut <= answer.len; cut++)
            agreed += of_pieces(&judge, 0, answer, cut) == rows[i].verdict;
        TAP_INT(agreed, answer.len + 1, rows[i].answer);
    }
    judge_end(&judge);
}

/* A digest is of the masked text. */
static void masked_digest(void)
{
    char digest[DIGEST_HEX_BYTES];
    digest_hex(STR("{\"id\":null,\"v\":1}"), digest);
    const struct expect_body body = {.sha256 = digest};
    struct judge judge = judge_of(masked(&body, 1), 1);
    TAP_INT(of_whole(&judge, 0, "{\"id\":12345,\"v\":1}"), EXPECT_GOOD, "masked digest");
    TAP_INT(of_whole(&judge, 0, "{\"id\":12345,\"v\":2}"), EXPECT_WRONG_BODY,
            "… of another value");
    TAP_INT(of_whole(&judge, 0, "id"), EXPECT_WRONG_BODY, "… of what is no JSON");
    judge_end(&judge);
}

/* ---- several requests ---- */

static void per_request(void)
{
    const struct expect_body bodies[] = {{{"zero", 4}, NULL}, {.sha256 = HELLO}};
    struct judge judge =
        judge_of((struct expect_spec){.bodies = bodies, .body_count = 2}, 2);
    TAP_INT(of_whole(&judge, 0, "zero"), EXPECT_GOOD, "the first request's");
    TAP_INT(of_whole(&judge, 1, "hello"), EXPECT_GOOD, "the second's");
    TAP_INT(of_whole(&judge, 0, "hello"), EXPECT_WRONG_BODY, "not the other's");
    TAP_INT(of_whole(&judge, 1, "zero"), EXPECT_WRONG_BODY, "… either way");
    judge_end(&judge);
    judge = judge_of((struct expect_spec){.bodies = bodies, .body_count = 1}, 3);
    TAP_INT(of_whole(&judge, 2, "zero"), EXPECT_GOOD, "one for all requests");
    TAP_INT(of_whole(&judge, 2, "two"), EXPECT_WRONG_BODY, "… and no other");
    judge_end(&judge);
}

/* A connection's buffer is kept from answer to answer. */
static void steady(void)
{
    const struct expect_body body = {.sha256 = HELLO};
    struct judge judge =
        judge_of((struct expect_spec){.bodies = &body, .body_count = 1}, 1);
    of_whole(&judge, 0, "something longer than hello");
    const char *first = judge.check.received.ptr;
    TAP_INT(of_whole(&judge, 0, "hello"), EXPECT_GOOD, "a shorter one after a longer");
    TAP_OK(first && judge.check.received.ptr == first, "… in the same memory");
    judge_end(&judge);
}

/* ---- too much ---- */

static char large[EXPECT_BODY_MAX + 1];

/* Longer than can be kept: bad, and the next answer is judged as if nothing had been. */
static void overflow(void)
{
    char sha256[DIGEST_HEX_BYTES];
    struct str whole = {large, EXPECT_BODY_MAX};
    digest_hex(whole, sha256);
    const struct expect_body body = {.sha256 = sha256};
    struct judge judge =
        judge_of((struct expect_spec){.bodies = &body, .body_count = 1}, 1);
    TAP_INT(of_pieces(&judge, 0, whole, 1000), EXPECT_GOOD, "16 MiB");
    whole.len++;
    TAP_INT(of_pieces(&judge, 0, whole, 1000), EXPECT_WRONG_BODY, "one byte more");
    whole.len--;
    TAP_INT(of_pieces(&judge, 0, whole, 1000), EXPECT_GOOD, "16 MiB again");
    judge_end(&judge);
}

static void refusals(void)
{
    const struct expect_body two[] = {{{"a", 1}, NULL}, {{"b", 1}, NULL}};
    const char *many[JMASK_FIELDS_MAX + 1], *const empty[] = {"a", ""};
    for (int i = 0; i <= JMASK_FIELDS_MAX; i++)
        many[i] = "a";
    refuse((struct expect_spec){.bodies = two, .body_count = 2}, 3,
           "expected bodies: 2, requests: 3; give one for all, or one for "
           "each");
    refuse((struct expect_spec){.masks = many, .mask_count = 1}, 1,
           "fields are masked, but no body is expected; name one with --expect-body");
    struct expect_spec spec = {.bodies = two,
                               .body_count = 1,
                               .masks = many,
                               .mask_count = JMASK_FIELDS_MAX + 1};
    refuse(spec, 1, "more than 32 masked fields");
    spec.mask_count = JMASK_FIELDS_MAX;
    refuse(spec, 1, "fields of the expected body are masked, but it is not JSON");
    spec.masks = empty;
    spec.mask_count = 2;
    refuse(spec, 1, "a masked field has no name");
}

#define REST "24dba5fb0a30e26e83b2ac5b9e29e1b161e5c1fa7425e73043362938b9824"

static void bad_bodies(void)
{
    static const char too_long[] = HELLO "0", of_63[] = "12" REST,
                      no_digit[] = "g12" REST;
    static const char *const bad[] = {"", "12", too_long, of_63, no_digit};
    for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
        const struct expect_body body = {.sha256 = bad[i]};
        char *sentence =
            mem_format("'%s' is not a SHA-256 of 64 hexadecimal digits", bad[i]);
        refuse((struct expect_spec){.bodies = &body, .body_count = 1}, 1, sentence);
        mem_free(sentence);
    }
    const struct expect_body body = {{large, sizeof(large)}, NULL};
    refuse((struct expect_spec){.bodies = &body, .body_count = 1}, 1,
           "an expected body is larger than 16 MiB");
}

int main(void)
{
    good_statuses();
    bad_statuses();
    exact();
    digest();
    empty_body();
    mask();
    masked_digest();
    per_request();
    steady();
    overflow();
    refusals();
    bad_bodies();
    return tap_done();
}
