/*
 * Arrays of strings, read in one go, against the same array read string by string: the
 * same texts are accepted, with the same error at the same byte, and what stands between
 * the brackets is as long as it is. Every text is laid against a guard page, once with
 * its first byte and once with its last.
 */
#include "guard.h"
#include "stats/rng.h"
#include "tap.h"
#include "wire/jread.h"

enum { TEXT_BYTES = 8192, RANDOM_TEXTS = 30000, CUT_TEXTS = 400, LENGTH_MAX = 70 };

static struct guard guard;

/* What came of reading; raw as its place in the text. */
struct outcome {
    bool good;
    const char *error;
    size_t at;
    size_t raw_begin, raw_len;
    size_t compact;
};

static struct outcome outcome_of(const struct jread *json, bool good, struct str raw,
                                 size_t compact)
{
    struct outcome outcome = {.good = good, .error = json->error};
    outcome.at = (size_t)(json->at - json->start);
    if (good) {
        outcome.raw_begin = (size_t)(raw.ptr - json->start);
        outcome.raw_len = raw.len;
        outcome.compact = compact;
    }
    return outcome;
}

static struct outcome at_once(struct str text)
{
    struct jread json;
    struct str raw = {NULL, 0};
    size_t compact = 0;
    jread_init(&json, text);
    bool good = jread_strings(&json, &raw, &compact);
    return outcome_of(&json, good, raw, compact);
}

static struct outcome one_by_one(struct str text)
{
    struct jread json;
    struct str raw = {NULL, 0}, string;
    size_t compact = 0;
    int count = 0;
    bool first = true;
    jread_init(&json, text);
    bool good = jread_enter(&json, '[');
    raw.ptr = json.at;
    while (good && jread_next(&json, ']', &first)) {
        good = jread_string(&json, &string);
        if (good)
            compact += (size_t)(count++ > 0) + strlen("''") + string.len;
    }
    good = good && !json.error;
    if (good)
        raw.len = (size_t)(json.at - raw.ptr) - 1;
    return outcome_of(&json, good, raw, compact);
}

static bool same(const struct outcome *a, const struct outcome *b)
{
    const char *x = a->error ? a->error : "", *y = b->error ? b->error : "";
    return a->good == b->good && strcmp(x, y) == 0 && a->at == b->at &&
           a->raw_begin == b->raw_begin && a->raw_len == b->raw_len &&
           a->compact == b->compact;
}

/* At both edges of the guarded room, of which it must see the same. */
static bool agrees(struct str text, struct outcome *out)
{
    bool good = true;
    for (int edge = 0; edge < GUARD_EDGES; edge++) {
        struct str placed = guard_place(&guard, (enum guard_edge)edge, text);
        struct outcome slow = one_by_one(placed);
        *out = at_once(placed);
        good = good && same(out, &slow);
        text = placed;
    }
    if (!good)
        printf("# %s: %s at %zu\n", guard_shown(text), out->error ? out->error : "good",
               out->at);
    return good;
}

/* ---- by hand ---- */

/* In these texts ' stands for ", which C would want escaped. */
static struct str quoted(const char *text)
{
    static char bytes[TEXT_BYTES];
    size_t len = strlen(text);
    for (size_t i = 0; i < len; i++)
        bytes[i] = text[i] == '\'' ? '"' : text[i];
    return (struct str){bytes, len};
}

static const struct {
    const char *text;
    size_t raw_len, compact;
} good_rows[] = {{"[]", 0, 0},
                 {"[ ]", 1, 0},
                 {" \t\r\n[ \n ]", 3, 0},
                 {"['']", 2, 2},
                 {"['','']", 5, 5},
                 {"['','','']", 8, 8},
                 {"['a']", 3, 3},
                 {"['a','b']", 7, 7},
                 {"[ 'a' , 'b' ]", 11, 7},
                 {"['a', 'b']", 8, 7},
                 {"['a' ,'b']", 8, 7},
                 {"['a','b' ]", 8, 7},
                 {"['a','b',\t'c','d']", 16, 15},
                 {"[\r\n'a'\r\n,\r\n'b'\r\n]", 15, 7},
                 {"['\\'',' \\\\']", 10, 10},
                 {"['\\u00e9','\\ud83d\\ude00']", 23, 23},
                 {"['\xc3\xa9','\xf0\x9f\x98\x80','x']", 15, 15},
                 {"['a b', ' , ']", 12, 11},
                 {"['a,b','[c]']", 11, 11},
                 {"['0123456789abcde','0123456789abcdef']", 36, 36},
                 {"['01234','0123456789abcdef0' , '']", 32, 30},
                 {"['a']]]]", 3, 3},
                 {"['a'] , 'b'", 3, 3}};

static const struct {
    const char *text, *error;
    size_t at;
} bad_rows[] = {{"", "expected an array", 0},
                {" {", "expected an array", 1},
                {"'a'", "expected an array", 0},
                {"null", "expected an array", 0},
                {"[", "expected a string", 1},
                {"[,", "expected a string", 1},
                {"[1]", "expected a string", 1},
                {"[['a']]", "expected a string", 1},
                {"['a',1]", "expected a string", 5},
                {"['a','b',null]", "expected a string", 9},
                {"['a','b',]", "expected a string", 9},
                {"['a','b',,'c']", "expected a string", 9},
                {"['a','b'", "expected ',' or ']'", 8},
                {"['a','b' 'c']", "expected ',' or ']'", 9},
                {"['a','b'}", "expected ',' or ']'", 8},
                {"['a','b',", "expected a string", 9},
                {"['a','", "a string without its end", 6},
                {"['a','bcd", "a string without its end", 9},
                {"['a','b\ncd']", "a control character in a string", 7},
                {"['a','b\\x']", "a bad escape or a lone surrogate", 7},
                {"['a','b\\ud800']", "a bad escape or a lone surrogate", 7},
                {"['a','0123456789abcdef\x1f']", "a control character in a string", 22},
                {"['a','0123456789abcde\xff']", "invalid UTF-8", 21},
                {"['a','b','\xc3']", "invalid UTF-8", 10}};

static void by_hand(void)
{
    struct outcome got;
    for (size_t i = 0; i < sizeof(good_rows) / sizeof(good_rows[0]); i++) {
        struct str text = quoted(good_rows[i].text);
        TAP_OK(agrees(text, &got), "%s: as string by string", guard_shown(text));
        TAP_OK(got.good && got.raw_len == good_rows[i].raw_len &&
                   got.compact == good_rows[i].compact,
               "… %zu bytes, %zu without white space", got.raw_len, got.compact);
    }
    for (size_t i = 0; i < sizeof(bad_rows) / sizeof(bad_rows[0]); i++) {
        struct str text = quoted(bad_rows[i].text);
        TAP_OK(agrees(text, &got), "%s: as string by string", guard_shown(text));
        TAP_OK(!got.good && strcmp(got.error, bad_rows[i].error) == 0 &&
                   got.at == bad_rows[i].at,
               "… %s at %zu", bad_rows[i].error, bad_rows[i].at);
    }
}

/* A failure is for good, and what was to be set is left as it was. */
static void after_errors(void)
{
    struct jread json;
    struct str raw = {NULL, 77};
    size_t compact = 88;
    jread_init(&json, STR("[\"a\",1]"));
    TAP_OK(!jread_strings(&json, &raw, &compact), "refused");
    TAP_OK(raw.len == 77 && compact == 88, "… nothing is set");
    jread_init(&json, STR("[\"a\"]"));
    jread_fail(&json, "before");
    TAP_OK(!jread_strings(&json, &raw, &compact), "after an error everything is refused");
    TAP_OK(raw.len == 77 && compact == 88, "… nothing is set");
    TAP_TEXT(json.error, "before", "… and the first error stays");
}

/* Plain strings of each two lengths behind each other, in each place of 16 bytes. */
static void lengths(void)
{
    int wrong = 0;
    for (size_t a = 0; a <= LENGTH_MAX; a++) {
        for (size_t b = 0; b <= LENGTH_MAX; b++) {
            char bytes[4 * LENGTH_MAX];
            struct outcome got;
            int len = snprintf(bytes, sizeof(bytes), "[\"%0*d\",\"%0*d\",\"\"]",
                               (int)a + 1, 7, (int)b + 1, 8);
            wrong += !agrees((struct str){bytes, (size_t)len}, &got);
            wrong += !got.good || got.compact != a + b + 2 + 8;
        }
    }
    TAP_INT(wrong, 0, "two strings of 1 to 71 bytes each");
}

/* ---- at random ---- */

struct text {
    char bytes[TEXT_BYTES];
    size_t len;
};

static void put(struct text *text, const char *bytes)
{
    size_t len = strlen(bytes);
    memcpy(text->bytes + text->len, bytes, len);
    text->len += len;
}

/* One of the parts, which the tables below hold. */
#define PICK(rng, parts) parts[rng_below(rng, sizeof(parts) / sizeof(parts[0]))]

static const char *const specials[] = {"\\\"",
                                       "\\\\",
                                       "\\n",
                                       "\\/",
                                       "\\u00e9",
                                       "\\ud83d\\ude00",
                                       "\xc3\xa9",
                                       "\xe2\x82\xac",
                                       "\xf0\x9f\x98\x80",
                                       "\x7f",
                                       "[",
                                       ",",
                                       "]",
                                       " ",
                                       "\t",
                                       "\x1f",
                                       "\x01",
                                       "\\x",
                                       "\\ud800",
                                       "\xff",
                                       "\xc3",
                                       "\xed\xa0\x80",
                                       "\""};
enum { GOOD_SPECIALS = 14 }; /* those in front are allowed in a string */

/* perfect: nothing that is wrong. */
static void put_string(struct text *text, struct rng *rng, bool perfect)
{
    uint64_t len = rng_below(rng, LENGTH_MAX + 1), odd = rng_below(rng, 4) ? 0 : 8;
    put(text, "\"");
    for (uint64_t i = 0; i < len; i++) {
        char plain[2] = {(char)('a' + rng_below(rng, 26)), '\0'};
        uint64_t kinds = perfect ? GOOD_SPECIALS : sizeof(specials) / sizeof(specials[0]);
        bool special = odd > 0 && rng_below(rng, odd) == 0;
        put(text, special ? specials[rng_below(rng, kinds)] : plain);
    }
    put(text, "\"");
}

static void put_blanks(struct text *text, struct rng *rng, bool dense)
{
    static const char *const blanks[] = {" ", "\n", "\t", "\r", "  \r\n    "};
    if (!dense && rng_below(rng, 3) == 0)
        put(text, PICK(rng, blanks));
}

static void put_array(struct text *text, struct rng *rng)
{
    static const char *const wrongs[] = {"", ",,", " ", "1", ",null", "]", "[", ":", "{"};
    bool perfect = rng_below(rng, 3) > 0, dense = rng_below(rng, 2) == 0;
    uint64_t count = rng_below(rng, 7);
    text->len = 0;
    put_blanks(text, rng, dense);
    put(text, "[");
    for (uint64_t i = 0; i < count; i++) {
        put_blanks(text, rng, dense);
        bool slip = !perfect && rng_below(rng, 8) == 0;
        if (i > 0 || slip)
            put(text, slip ? PICK(rng, wrongs) : ",");
        put_blanks(text, rng, dense);
        put_string(text, rng, perfect);
    }
    put_blanks(text, rng, dense);
    put(text, "]");
    if (rng_below(rng, 2))
        put(text, ",\"more\",\"of it\"");
}

static void at_random(void)
{
    static struct text text;
    struct rng rng;
    struct outcome got;
    int wrong = 0, accepted = 0;
    rng_init(&rng, 5, 0);
    for (int i = 0; i < RANDOM_TEXTS; i++) {
        put_array(&text, &rng);
        wrong += !agrees((struct str){text.bytes, text.len}, &got);
        accepted += got.good;
    }
    TAP_INT(wrong, 0, "random arrays are read as string by string");
    TAP_OK(accepted > RANDOM_TEXTS / 2 && accepted < RANDOM_TEXTS * 19 / 20,
           "… %d of them are accepted", accepted);
}

/* The cut text is neither accepted nor read beyond its end. */
static void truncated(void)
{
    static struct text text;
    struct rng rng;
    struct outcome got;
    int wrong = 0, cuts = 0;
    rng_init(&rng, 6, 0);
    for (int i = 0; i < CUT_TEXTS; i++) {
        put_array(&text, &rng);
        for (size_t cut = 0; cut < text.len; cut++, cuts++)
            wrong += !agrees((struct str){text.bytes, cut}, &got);
    }
    TAP_INT(wrong, 0, "random arrays cut at every byte, too");
    TAP_OK(cuts > 10000, "… %d cuts", cuts);
}

int main(void)
{
    guard_init(&guard, TEXT_BYTES);
    by_hand();
    after_errors();
    lengths();
    at_random();
    truncated();
    guard_fini(&guard);
    return tap_done();
}
