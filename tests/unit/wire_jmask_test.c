/*
 * Masked JSON: by hand, at the edge of memory, and against a model that masks the
 * document as jansson reads it.
 */
#include <jansson.h>

#include "guard.h"
#include "stats/rng.h"
#include "tap.h"
#include "wire/jmask.h"
#include "wire/jread.h"

enum { OUT_MAX = 1 << 20 };

static struct guard guard;
static struct buf out;

/* fields: names with blanks between them. */
static struct jmask mask_of(const char *fields)
{
    static char text[256];
    struct jmask mask = {.count = 0};
    strcpy(text, fields);
    for (char *name = strtok(text, " "); name; name = strtok(NULL, " "))
        mask.fields[mask.count++] = name;
    return mask;
}

/* Against each edge of a page; NULL when it is refused. */
static const char *masked(const char *fields, struct str json)
{
    const struct jmask mask = mask_of(fields);
    bool good = true;
    for (int edge = 0; edge < GUARD_EDGES; edge++) {
        buf_clear(&out);
        good = good &&
               jmask_write(&mask, guard_place(&guard, (enum guard_edge)edge, json), &out);
    }
    return good ? buf_text(&out) : NULL;
}

static const struct row {
    const char *fields, *json, *masked;
} rows[] = {
    /* a name at any depth, whatever its value */
    {"time", "{\"time\":1,\"v\":2}", "{\"time\":null,\"v\":2}"},
    {"time", "{\"a\":{\"time\":\"x\"}}", "{\"a\":{\"time\":null}}"},
    {"time", "[1,[{\"time\":true}]]", "[1,[{\"time\":null}]]"},
    {"time", "{\"time\":{\"time\":[1,{}]},\"v\":[]}", "{\"time\":null,\"v\":[]}"},
    {"time", "{\"time\":[{\"a\":1},2]}", "{\"time\":null}"},
    {"time", "{\"time\":null}", "{\"time\":null}"},
    {"time", "{\"timer\":1,\"tim\":2,\"TIME\":3}", "{\"timer\":1,\"tim\":2,\"TIME\":3}"},
    {"time", "{\"a\":\"time\"}", "{\"a\":\"time\"}"},
    {"time", "[\"time\",{\"b\":1}]", "[\"time\",{\"b\":1}]"},
    {"a b", "{\"a\":1,\"b\":2,\"c\":3}", "{\"a\":null,\"b\":null,\"c\":3}"},
    {"a", "{\"a\":1,\"a\":2}", "{\"a\":null,\"a\":null}"},
    /* in what it stands */
    {"m.t", "{\"m\":{\"t\":1},\"t\":2}", "{\"m\":{\"t\":null},\"t\":2}"},
    {"m.t", "{\"m\":{\"x\":{\"t\":1}}}", "{\"m\":{\"x\":{\"t\":1}}}"},
    {"m.t", "{\"x\":{\"m\":{\"t\":1}}}", "{\"x\":{\"m\":{\"t\":null}}}"},
    {"m.t", "{\"m\":[{\"t\":1},[{\"t\":2}]]}", "{\"m\":[{\"t\":null},[{\"t\":null}]]}"},
    {"m.t", "{\"n\":[{\"t\":1}],\"m\":1,\"t\":2}", "{\"n\":[{\"t\":1}],\"m\":1,\"t\":2}"},
    {"a.b.c", "{\"a\":{\"b\":{\"c\":1}}}", "{\"a\":{\"b\":{\"c\":null}}}"},
    {"a.b.c", "{\"b\":{\"c\":1},\"a\":{\"c\":2}}", "{\"b\":{\"c\":1},\"a\":{\"c\":2}}"},
    {"a.b.c", "[{\"a\":[{\"b\":{\"c\":1}}]}]", "[{\"a\":[{\"b\":{\"c\":null}}]}]"},
    {"m.t", "[{\"t\":1}]", "[{\"t\":1}]"},
    {"a.a", "{\"a\":{\"a\":{\"a\":1}}}", "{\"a\":{\"a\":null}}"},
    /* escapes in names, here and there */
    {"time", "{\"\\u0074im\\u0065\":1}", "{\"\\u0074im\\u0065\":null}"},
    {"\xc3\xa9", "{\"\\u00e9\":1,\"\xc3\xa9\":2}",
     "{\"\\u00e9\":null,\"\xc3\xa9\":null}"},
    {"\xf0\x9f\x98\x80", "{\"\\ud83d\\ude00\":1}", "{\"\\ud83d\\ude00\":null}"},
    {"a/b", "{\"a\\/b\":1}", "{\"a\\/b\":null}"},
    {"q\"", "{\"q\\\"\":1}", "{\"q\\\"\":null}"},
    /* white space, and what is no container */
    {"t", " {\n\t\"t\" :\r\n 12 ,\"u\": 3 }\n", " {\n\t\"t\" :\r\n null ,\"u\": 3 }\n"},
    {"t", "{\"t\": [ 1 , 2 ] }", "{\"t\": null }"},
    {"t", " 17 ", " 17 "},
    {"t", "\"t\"", "\"t\""},
    {"t", "null", "null"},
    {"t", "[]", "[]"},
    {"t", "{}", "{}"},
    {"t", "{\"a\":1e-5,\"b\":\"\\u0000\"}", "{\"a\":1e-5,\"b\":\"\\u0000\"}"},
    /* no field at all */
    {"", " {\"time\": 1 , \"a\":[ ]}", " {\"time\": 1 , \"a\":[ ]}"}};

static void by_hand(void)
{
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        const char *got = masked(rows[i].fields, str_of(rows[i].json));
        if (!TAP_OK(got && strcmp(got, rows[i].masked) == 0, "%s of %s", rows[i].fields,
                    guard_shown(str_of(rows[i].json))))
            printf("# got %s\n", got ? got : "a refusal");
    }
}

static const char not_json[] =
    "~ ~{~[~{\"time\"~{\"time\":~{\"time\":1~{\"time\":1,}~{\"time\":01}~{\"time\":[1,]}~"
    "{\"time\":\"a}~{\"time\":tru}~{\"time\":{\"a\":1}~{\"time\" 1}~{time:1}~{1:1}~"
    "{\"a\":1}}~[1 2]~[1,]~1 "
    "2~nul~'a'~{\"a\":\"\\x\"}~{\"\\ud800\":1}~{\"time\":\"\xff\"}~"
    "{\"a\":1,,\"b\":2}~{\"time\":1]~[1}~+1~{\"time\":}";

static void refusals(void)
{
    const char *rest = not_json;
    for (struct str input; guard_next(&rest, &input);)
        TAP_OK(!masked("time", input), "'%s' is not JSON", guard_shown(input));
    const struct jmask mask = mask_of("time");
    TAP_OK(!jmask_write(&mask, (struct str){NULL, 0}, &out), "nothing is not JSON");
    TAP_OK(!masked("time", STR("{\"a\":1}\0")), "nor is what ends in NUL");
}

/* What out had before stays in front. */
static void appended(void)
{
    const struct jmask mask = mask_of("a");
    buf_clear(&out);
    buf_add_text(&out, "before ");
    TAP_OK(jmask_write(&mask, STR("{\"a\":1}"), &out), "masked");
    TAP_TEXT(buf_text(&out), "before {\"a\":null}", "… and appended");
}

/* So many arrays or objects in each other, the innermost with a member that is masked. */
static bool nested(bool objects, int depth)
{
    struct buf text;
    buf_init(&text, OUT_MAX);
    for (int i = 1; i < depth; i++)
        buf_add_text(&text, objects ? "{\"a\":" : "[");
    buf_add_text(&text, "{\"t\":1}");
    buf_add_repeated(&text, objects ? '}' : ']', (size_t)depth - 1);
    const char *got = masked("t", buf_str(&text));
    bool good = got && strstr(got, "{\"t\":null}") && strlen(got) == text.len + 3;
    buf_fini(&text);
    return good;
}

static void depth(void)
{
    TAP_OK(nested(false, JREAD_DEPTH_MAX), "as deep as the reader goes, arrays");
    TAP_OK(nested(true, JREAD_DEPTH_MAX), "… and objects");
    TAP_OK(!nested(false, JREAD_DEPTH_MAX + 1), "one deeper is refused, arrays");
    TAP_OK(!nested(true, JREAD_DEPTH_MAX + 1), "… and objects");
    TAP_OK(!nested(false, 100000), "much deeper, too");
}

/* ---- the model ---- */

enum { MODEL_DOCUMENTS = 2000, NAMES_MAX = 16 };

struct place { /* names of the members that a value is in, outermost first */
    const char *names[NAMES_MAX];
    int count;
};

static bool is_masked(const struct jmask *mask, const struct place *place)
{
    for (int i = 0; i < mask->count; i++) {
        char path[128] = "", field[130];
        for (int n = 0; n < place->count; n++)
            snprintf(path + strlen(path), sizeof(path) - strlen(path), ".%s",
                     place->names[n]);
        snprintf(field, sizeof(field), ".%s", mask->fields[i]);
        size_t len = strlen(path), want = strlen(field);
        if (len >= want && strcmp(path + len - want, field) == 0)
            return true;
    }
    return false;
}

static void mask_model(const struct jmask *mask, json_t *json, struct place *place)
{
    const char *name;
    json_t *value;
    size_t index;
    json_array_foreach(json, index, value)
    {
        mask_model(mask, value, place);
    }
    json_object_foreach(json, name, value)
    {
        place->names[place->count++] = name;
        if (is_masked(mask, place))
            json_object_set_new(json, name, json_null());
        else
            mask_model(mask, value, place);
        place->count--;
    }
}

static void add_random(struct rng *rng, int depth_left, struct buf *text)
{
    static const char *const scalars[] = {"1", "\"a\"", "true", "null", "-2.5e3", "\"\""};
    uint64_t kind = depth_left > 0 ? rng_below(rng, 4) : 0;
    if (kind < 2) {
        buf_add_text(text, scalars[rng_below(rng, 6)]);
        return;
    }
    bool object = kind == 2;
    uint64_t count = rng_below(rng, 4);
    buf_add_text(text, object ? "{" : "[");
    for (uint64_t i = 0; i < count; i++) {
        buf_add_text(text, i > 0 ? " , " : " ");
        if (object) /* the count in the name's place: no name comes twice */
            buf_format(text, "\"%c\":", (char)('a' + i));
        add_random(rng, depth_left - 1, text);
    }
    buf_add_text(text, object ? "}" : " ]");
}

/* Counts in *changed the documents that have something to mask. */
static bool agrees(const struct jmask *mask, struct str json, int *changed)
{
    struct place place = {.count = 0};
    json_t *expected = json_loadb(json.ptr, json.len, JSON_DECODE_ANY, NULL);
    json_t *before = json_deep_copy(expected);
    mask_model(mask, expected, &place);
    buf_clear(&out);
    bool good = jmask_write(mask, json, &out);
    json_t *got = json_loadb(buf_text(&out), out.len, JSON_DECODE_ANY, NULL);
    good = good && json_equal(got, expected);
    *changed += !json_equal(before, expected);
    json_decref(got);
    json_decref(before);
    json_decref(expected);
    return good;
}

static void model(void)
{
    static const char *const fields[] = {"a", "b.a", "a.b.c c", "b.b", "a.a a.c.b"};
    struct rng rng;
    struct buf text;
    rng_init(&rng, 11, 0);
    buf_init(&text, OUT_MAX);
    for (size_t f = 0; f < sizeof(fields) / sizeof(fields[0]); f++) {
        const struct jmask mask = mask_of(fields[f]);
        int wrong = 0, changed = 0;
        for (int i = 0; i < MODEL_DOCUMENTS; i++) {
            buf_clear(&text);
            add_random(&rng, 6, &text);
            wrong += !agrees(&mask, buf_str(&text), &changed);
        }
        TAP_INT(wrong, 0, "random documents are masked as the model does");
        TAP_OK(changed > 20, "… %d of them with '%s' in them", changed, fields[f]);
    }
    buf_fini(&text);
}

int main(void)
{
    guard_init(&guard, 1 << 18);
    buf_init(&out, OUT_MAX);
    by_hand();
    refusals();
    appended();
    depth();
    model();
    buf_fini(&out);
    guard_fini(&guard);
    return tap_done();
}
