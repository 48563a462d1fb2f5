/*
 * Replies out: by hand, with every padding around the natural length, and at random
 * against a reader of JSON that is not ours and a slow way to drop white space.
 */
#include "echo.h"

#include <jansson.h>

#include "base/buf.h"
#include "guard.h"
#include "stats/rng.h"
#include "tap.h"

enum { ROOM_BYTES = 1 << 16, RANDOM_DOCUMENTS = 20000 };

#define COUNT(table) (sizeof(table) / sizeof((table)[0]))

static struct guard guard;

/* In these texts ' stands for ", which C would want escaped. Valid until the next but
 * one. */
static struct str quoted(const char *text)
{
    static char bytes[2][4096];
    static unsigned turn;
    char *to = bytes[turn++ % 2];
    size_t len = strlen(text);
    for (size_t i = 0; i <= len; i++)
        to[i] = text[i] == '\'' ? '"' : text[i];
    return (struct str){to, len};
}

static struct echo_document decoded(struct str body)
{
    struct echo_document document = {0};
    struct error err = {""};
    if (!echo_decode(body, &document, &err))
        TAP_OK(false, "%s: %s", guard_shown(body), err.text);
    return document;
}

/* The reply at the edge of the guarded room, with room for what was announced and not a
 * byte more; *announced is its length. */
static struct str reply(const struct echo_document *document, const char *time,
                        size_t wanted, size_t *announced)
{
    size_t padding = 0;
    *announced = echo_reply_bytes(document, str_of(time), wanted, &padding);
    struct out out = {guard_room(&guard, GUARD_BEHIND, *announced), 0, *announced};
    echo_reply(&out, document, str_of(time), padding);
    return (struct str){out.ptr, out.len};
}

static struct str expected(const char *id, const char *agent, const char *metadata,
                           size_t padding, bool padded)
{
    static struct buf text;
    static char filling[256];
    struct str name = echo_name();
    memset(filling, 'x', sizeof(filling));
    buf_fini(&text);
    buf_init(&text, ROOM_BYTES);
    buf_format(
        &text,
        "{\"id\":%s,\"user_agent\":\"%s\",\"metadata\":[%s],\"server_timestamp\":12,"
        "\"processed_by\":\"%.*s\"",
        id, agent, metadata, (int)name.len, name.ptr);
    if (padded)
        buf_format(&text, ",\"padding\":\"%.*s\"", (int)padding, filling);
    buf_add_text(&text, "}");
    return buf_str(&text);
}

/* ---- by hand ---- */

static const struct {
    const char *metadata, *written;
} rows[] = {{"", ""},
            {" ", ""},
            {" \r\n\t ", ""},
            {"''", "''"},
            {"'',''", "'',''"},
            {"'' ,''", "'',''"},
            {" ''", "''"},
            {"'' ", "''"},
            {" '' , '' , '' ", "'','',''"},
            {"'a','b'", "'a','b'"},
            {"'a', 'b'", "'a','b'"},
            {"\n'a'\n,\n'b'\n", "'a','b'"},
            {"' a ',' b '", "' a ',' b '"},
            {"' a ' , ' b '", "' a ',' b '"},
            {"'\\'','\\\\'", "'\\'','\\\\'"},
            {"'\\'' ,'\\\\'", "'\\'','\\\\'"},
            {"'\\\\' ,'\\\\\\'','x'", "'\\\\','\\\\\\'','x'"},
            {"'[,]', ']'", "'[,]',']'"},
            {"'\\u0022 , \\u005c' ,''", "'\\u0022 , \\u005c',''"},
            {"'\xc3\xa9' , '\\u00e9'", "'\xc3\xa9','\\u00e9'"},
            {"'0123456789abcd'", "'0123456789abcd'"},
            {"'0123456789abcd' ", "'0123456789abcd'"},
            {"'0123456789abc','0123456789abcd','0123456789abcde'",
             "'0123456789abc','0123456789abcd','0123456789abcde'"},
            {"'0123456789abc', '0123456789abcd', '0123456789abcde' ",
             "'0123456789abc','0123456789abcd','0123456789abcde'"}};

static void by_hand(void)
{
    for (size_t i = 0; i < COUNT(rows); i++) {
        char body[512];
        size_t announced;
        snprintf(body, sizeof(body),
                 "{'metadata':[%s],'id':18446744073709551615,"
                 "'user_agent':'a\\'b'}",
                 rows[i].metadata);
        struct echo_document document = decoded(quoted(body));
        struct str got = reply(&document, "12", 0, &announced);
        struct str want = expected("18446744073709551615", "a\\\"b",
                                   quoted(rows[i].written).ptr, 0, false);
        TAP_OK(str_eq(got, want), "[%s] is written as [%s]",
               guard_shown(str_of(rows[i].metadata)),
               guard_shown(str_of(rows[i].written)));
        TAP_INT(announced, want.len, "… of the length that was announced");
    }
}

/* Strings of any length around 16 bytes, with white space before each place in turn. */
static void boundaries(void)
{
    int wrong = 0;
    for (size_t len = 0; len < 40; len++) {
        for (int blank = 0; blank < 6; blank++) {
            char body[512], string[64] = "", metadata[256];
            size_t announced;
            const char *at[6] = {"", "", "", "", "", ""};
            memset(string, 'a', len);
            at[blank] = " ";
            snprintf(body, sizeof(body),
                     "{'id':1,'user_agent':'','metadata':[%s'%s'%s,%s'%s'%s,'%s'%s]}",
                     at[0], string, at[1], at[2], string, at[3], string, at[4]);
            snprintf(metadata, sizeof(metadata), "'%s','%s','%s'", string, string,
                     string);
            struct echo_document document = decoded(quoted(body));
            struct str got = reply(&document, "12", 0, &announced);
            struct str want = expected("1", "", quoted(metadata).ptr, 0, false);
            wrong += !str_eq(got, want) || announced != want.len;
        }
    }
    TAP_INT(wrong, 0, "three strings of 0 to 39 bytes with a blank somewhere or nowhere");
}

/* ---- padding ---- */

/* N - 14 is the longest natural length that is padded; see CONTRACT. */
static void paddings(const char *body, const char *metadata)
{
    struct echo_document document = decoded(quoted(body));
    size_t natural, announced, padding, wrong = 0, padded_count = 0;
    const char *compact = quoted(metadata).ptr;
    reply(&document, "12", 0, &natural);
    for (size_t wanted = 0; wanted <= natural + 100; wanted++) {
        bool padded = wanted >= 14 && natural <= wanted - 14;
        struct str got = reply(&document, "12", wanted, &announced);
        struct str want =
            expected("1", "u", compact, padded ? wanted - natural - 13 : 0, padded);
        wrong += !str_eq(got, want) || announced != (padded ? wanted : natural);
        echo_reply_bytes(&document, STR("12"), wanted, &padding);
        wrong += padding != (padded ? wanted - natural - 13 : 0);
        padded_count += padded;
    }
    TAP_INT(wrong, 0, "each padding up to 100 bytes beyond the natural length");
    TAP_INT(padded_count, 87, "… of which those are padded that have room for it");
}

/* ---- at random ---- */

static void add_string(struct buf *body, struct rng *rng)
{
    static const char *const parts[] = {
        "a",        "bc",        " ",   ",",       "]",
        "\\\"",     "\\\\",      "\\n", "\\u0041", "\\ud83d\\ude00",
        "\xc3\xa9", "0123456789"};
    buf_add_text(body, "\"");
    for (uint64_t n = rng_below(rng, 8); n > 0; n--)
        buf_add_text(body, parts[rng_below(rng, COUNT(parts))]);
    buf_add_text(body, "\"");
}

static void add_blank(struct buf *body, struct rng *rng, bool dense)
{
    static const char *const blanks[] = {"", "", " ", "\n", "\r\n\t "};
    if (!dense)
        buf_add_text(body, blanks[rng_below(rng, COUNT(blanks))]);
}

static void add_metadata(struct buf *body, struct rng *rng, bool dense)
{
    uint64_t count = rng_below(rng, 6);
    buf_add_text(body, "\"metadata\":[");
    add_blank(body, rng, dense);
    for (uint64_t i = 0; i < count; i++) {
        buf_add_text(body, i > 0 ? "," : "");
        add_blank(body, rng, dense);
        add_string(body, rng);
        add_blank(body, rng, dense);
    }
    buf_add_text(body, "]");
}

/* The three members in any order, and one that is unknown. */
static void add_document(struct buf *body, struct rng *rng)
{
    bool dense = rng_below(rng, 2) == 0;
    uint64_t first = rng_below(rng, 4);
    buf_clear(body);
    for (uint64_t i = 0; i < 4; i++) {
        buf_add_text(body, i > 0 ? "," : "{");
        add_blank(body, rng, dense);
        uint64_t member = (first + i) % 4;
        if (member == 0) {
            buf_format(body, "\"id\":%llu",
                       (unsigned long long)(rng_next(rng) >> (1 + rng_below(rng, 60))));
        } else if (member == 1) {
            buf_add_text(body, "\"user_agent\":");
            add_string(body, rng);
        } else if (member == 2) {
            add_metadata(body, rng, dense);
        } else {
            buf_add_text(body, rng_below(rng, 2) ? "\"x\":[1,{}]" : "\"\":null");
        }
        add_blank(body, rng, dense);
    }
    buf_add_text(body, "}");
}

/* The slow way: byte by byte, whether in a string or not. */
static size_t without_blanks(struct str raw)
{
    size_t count = 0;
    bool inside = false;
    for (size_t i = 0; i < raw.len; i++) {
        char c = raw.ptr[i];
        if (inside && c == '\\')
            count++, i++;
        else if (c == '"')
            inside = !inside;
        count += inside || !strchr(" \n\r\t", c);
    }
    return count;
}

/* Of both documents the members that the service gives back. */
static bool same_values(struct str body, struct str got, size_t padding)
{
    static const char *const names[] = {"id", "user_agent", "metadata"};
    json_t *sent = json_loadb(body.ptr, body.len, JSON_REJECT_DUPLICATES, NULL);
    json_t *back = json_loadb(got.ptr, got.len, JSON_REJECT_DUPLICATES, NULL);
    json_t *filling = json_object_get(back, "padding");
    bool good = sent && back && json_object_size(back) == 5 + (padding > 0);
    for (int i = 0; good && i < 3; i++)
        good =
            json_equal(json_object_get(sent, names[i]), json_object_get(back, names[i]));
    good = good && json_integer_value(json_object_get(back, "server_timestamp")) == 12;
    good = good && (padding == 0 || json_string_length(filling) == padding);
    json_decref(sent);
    json_decref(back);
    return good;
}

static void at_random(void)
{
    struct rng rng;
    struct buf body;
    int wrong = 0, padded = 0, short_bounds = 0;
    rng_init(&rng, 7, 0);
    buf_init(&body, ROOM_BYTES);
    for (int i = 0; i < RANDOM_DOCUMENTS; i++) {
        size_t wanted = rng_below(&rng, 2) ? rng_below(&rng, 400) : 0, padding, announced;
        add_document(&body, &rng);
        struct echo_document document = decoded(buf_str(&body));
        struct str got = reply(&document, "12", wanted, &announced);
        echo_reply_bytes(&document, STR("12"), wanted, &padding);
        wrong += got.len != announced || !same_values(buf_str(&body), got, padding);
        wrong += document.metadata_bytes != without_blanks(document.metadata_raw);
        padded += padding > 0;
        size_t most =
            echo_reply_bytes(&document, STR("-9223372036854775808"), wanted, &padding);
        short_bounds += most > echo_reply_bound(body.len, wanted);
    }
    TAP_INT(wrong, 0, "random documents come back with the same values");
    TAP_OK(padded > RANDOM_DOCUMENTS / 20 && padded < RANDOM_DOCUMENTS / 2,
           "… %d of them padded", padded);
    TAP_INT(short_bounds, 0, "… none longer than its bound");
    buf_fini(&body);
}

/* The documents whose reply is longest for their length. */
static void bounds(void)
{
    static const char *const bodies[] = {
        "{'id':0,'user_agent':'','metadata':[]}",
        "{'id':18446744073709551615,'user_agent':'','metadata':[]}"};
    for (size_t i = 0; i < COUNT(bodies); i++) {
        struct str body = quoted(bodies[i]);
        struct echo_document document = decoded(body);
        size_t padding;
        for (size_t wanted = 0; wanted < 400; wanted += 399) {
            size_t most = echo_reply_bytes(&document, STR("-9223372036854775808"), wanted,
                                           &padding);
            size_t bound = echo_reply_bound(body.len, wanted);
            TAP_OK(most <= bound, "%zu bytes are within the bound of %zu", most, bound);
        }
    }
    TAP_OK(echo_reply_bound(0, 1 << 20) >= 1 << 20, "what is wanted is within it, too");
}

int main(void)
{
    guard_init(&guard, ROOM_BYTES);
    by_hand();
    boundaries();
    paddings("{'id':1,'user_agent':'u','metadata':[]}", "");
    paddings("{'id':1,'user_agent':'u','metadata':['a','b']}", "'a','b'");
    paddings("{'id':1,'user_agent':'u','metadata':[ 'a' , 'b' ]}", "'a','b'");
    at_random();
    bounds();
    guard_fini(&guard);
    return tap_done();
}
