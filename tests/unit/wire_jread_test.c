/*
 * The JSON reader and writer against RFC 8259 and RFC 3629, and against the documents of
 * JSONTestSuite where they are at hand. Every text is laid against a guard page, once
 * with its first byte and once with its last.
 */
#include <dirent.h>

#include "guard.h"
#include "tap.h"
#include "wire/jread.h"
#include "wire/jread_chars.h"

#define COUNT(table) (sizeof(table) / sizeof((table)[0]))

enum { ROOM_BYTES = 1 << 19, TEXT_BYTES = 8192 };

static struct guard guard;

/* One value and nothing behind it. */
static bool valid_at(enum guard_edge edge, struct str text)
{
    struct jread json;
    jread_init(&json, guard_place(&guard, edge, text));
    return jread_skip(&json) && jread_end(&json) && !json.error;
}

static bool valid(struct str text)
{
    return valid_at(GUARD_AHEAD, text) && valid_at(GUARD_BEHIND, text);
}

static bool invalid(struct str text)
{
    return !valid_at(GUARD_AHEAD, text) && !valid_at(GUARD_BEHIND, text);
}

/* In these lists ' stands for ", which C would want escaped. */
static bool next_text(const char **list, struct str *text)
{
    static char bytes[256];
    struct str one;
    if (!guard_next(list, &one))
        return false;
    for (size_t i = 0; i < one.len; i++)
        bytes[i] = one.ptr[i] == '\'' ? '"' : one.ptr[i];
    *text = (struct str){bytes, one.len};
    return true;
}

static const char good_texts[] =
    "null~true~false~''~[]~{}~0~-0~7~10~-10~1234567890~0.0~-0.5~10.25~1e5~1E5~1e+5~1e-5~"
    "0e0~-0e-0~1.5e300~1e99999~-123456789012345678901234567890.5E+01~ \t\r\n0 \t\r\n~[ ]~"
    "{ }~[0]~[1,2]~[ 1 , 2 ]~[[],[[]],{}]~[true,false,null]~['a','b']~{'':0}~{'a':1}~"
    "{ 'a' : 1 , 'b' : [ ] }~{'a':{'b':{}}}~{'a':1,'a':2}~'a b'~"
    "'\\'\\\\\\/\\b\\f\\n\\r\\t'~'\\u0000'~'\\u00e9\\uABCD\\uabcd'~'\\ud83d\\ude00'~"
    "'\\uD800\\uDC00'~'\\uDBFF\\uDFFF'~'\\ud7ff\\ue000'~"
    "'/\x7f'~'\xc3\xa9'~'\xe2\x82\xac'~"
    "'\xf0\x9f\x98\x80'~'\xc2\x80\xdf\xbf'~'\xe0\xa0\x80\xed\x9f\xbf\xee\x80\x80'~"
    "'\xf0\x90\x80\x80\xf4\x8f\xbf\xbf'~['\\\\','\\'']";

static const char bad_words_and_numbers[] =
    "~ ~nul~nulL~NULL~nullx~null null~tru~truE~truex~fals~falsy~None~x~+1~-~--1~-a~01~00~"
    "-01~0x1~1.~.5~-.5~1.e5~1..5~1.5.5~1e~1E~1e+~1e-~1e+-5~1e5.5~1ee5~1a~1 2~1,~NaN~"
    "Infinity~-Infinity~\xef\xbb\xbf{}~\302\2401~\v1~\f1~1\f~// x\n1~/**/1~1 // x~"
    "[1 /**/]";

static const char bad_containers[] =
    "[~]~[1~[1,~[1,]~[,1]~[,]~[1,,2]~[1 2]~[1}~[}~[]]~[[]~[:]~[1:2]~{~}~{]~{'a'~{'a'}~"
    "{'a':~{'a':}~{'a':1~{'a':1,~{'a':1,}~{,}~{,'a':1}~{'a' 1}~{'a',1}~{'a':1 'b':2}~"
    "{'a':1,,'b':2}~{'a'::1}~{'a':1:2}~{a:1}~{1:1}~{null:1}~{[]:1}~{'a':1]~{'a':1}}~"
    "[1]x~{} {}";

static const char bad_strings[] =
    "'~'a~'a\\'~a'~'a''~'\\'~'\\~'\\x'~'\\a'~'\\U0041'~'\\0'~'\\ '~'\\u'~'\\u1'~'\\u12'~"
    "'\\u123'~'\\u123~'\\u123g'~'\\ug123'~"
    "'\\u 123'~'\\u+123'~'\\u-123'~'\\u0x1'~'\\ud800'~"
    "'\\udbff'~'\\udc00'~'\\udfff'~'\\ud800x'~'\\ud800\\n'~'\\ud800\\u0041'~"
    "'\\ud800\\ud800'~'\\ud800\\ue000'~'\\ud800\\udbff'~'\\udc00\\ud800'~'\\ud800\\u'~"
    "'\\udc00\\udc00'~'\\udfff\\udc00'~"
    "'\\ud800\\udc0'~'\\ud800\\'~'\\ud800udc00'~'\\ud800/udc00'~'\\ud800\\xdc00'~"
    "'\\ud800\\Udc00'~'\\ud83d\\ude00\\ude00'~'a\nb'~'a\tb'~'\x1f'~'\x01'~'\x80'~'\xbf'~"
    "'\xc0\x80'~'\xc0\xaf'~'\xc1\xbf'~'\xc3'~'\xc3('~'\xc3\xc3'~'\xdf\x7f'~"
    "'\xe0\x80\x80'~"
    "'\xe0\x9f\xbf'~'\xe2\x82'~'\xe2'~'\xe2\x28\xa1'~'\xed\xa0\x80'~'\xed\xbf\xbf'~"
    "'\xed\xa0\x80\xed\xb0\x80'~'\xf0\x80\x80\x80'~'\xf0\x8f\xbf\xbf'~'\xf0\x9f\x98'~"
    "'\xf0\x9f'~'\xf0'~'\xf0\x9f\x98\x28'~'\xf4\x90\x80\x80'~'\xf5\x80\x80\x80'~"
    "'\xf8\x88\x80\x80\x80'~'\xfc\x84\x80\x80\x80\x80'~'\xfe'~'\xff'";

static void all(bool good, const char *list)
{
    for (struct str text; next_text(&list, &text);)
        TAP_OK(good ? valid(text) : invalid(text), "%s: %s", good ? "good" : "bad",
               guard_shown(text));
}

static void texts(void)
{
    all(true, good_texts);
    all(false, bad_words_and_numbers);
    all(false, bad_containers);
    all(false, bad_strings);
    TAP_OK(invalid(STR("'a'")) && invalid(STR("{'a':1}")), "bad: the other quotes");
    TAP_OK(invalid((struct str){NULL, 0}), "bad: no text at all");
}

/* Only a number at the top can be cut and still be one. */
static void truncations(void)
{
    const char *list = good_texts;
    for (struct str inner; next_text(&list, &inner);) {
        char bytes[256];
        struct str text = {bytes, 0};
        bool good = true;
        text.len = (size_t)snprintf(bytes, sizeof(bytes), "[{\"a\":%.*s}]",
                                    (int)inner.len, inner.ptr);
        for (size_t cut = 0; cut < text.len; cut++)
            good = good && invalid((struct str){bytes, cut});
        TAP_OK(good && valid(text), "each truncation of %s is bad", guard_shown(text));
    }
}

/* Each byte in turn behind each beginning, then the end: accepted those of a list. */
static bool sweep(const char *before, const char *after, const char *accepted)
{
    char bytes[64];
    size_t len = strlen(before);
    struct str text = {bytes, len + 1 + strlen(after)};
    bool all_good = true;
    memcpy(bytes, before, len);
    memcpy(bytes + len + 1, after, strlen(after));
    for (int byte = 0; byte <= 255; byte++) {
        bytes[len] = (char)byte;
        bool good = byte != 0 && strchr(accepted, byte);
        if (good ? !valid(text) : !invalid(text)) {
            printf("# byte 0x%02x\n", byte);
            all_good = false;
        }
    }
    return all_good;
}

#define DIGITS "0123456789"
#define HEX DIGITS "abcdefABCDEF"
#define BLANKS " \t\r\n"

static void every_byte(void)
{
    static const struct {
        const char *before, *after, *accepted;
    } cases[] = {{"", "", DIGITS},
                 {"", "1", BLANKS "-123456789"},
                 {"1", "", BLANKS DIGITS},
                 {"1", "1", DIGITS ".eE"},
                 {"0", "1", ".eE"},
                 {"-", "", DIGITS},
                 {"1.", "", DIGITS},
                 {"1.5", "", BLANKS DIGITS},
                 {"1.5", "1", DIGITS "eE"},
                 {"1e", "1", DIGITS "+-"},
                 {"1e+", "", DIGITS},
                 {"1e5", "", BLANKS DIGITS},
                 {"[", "]", BLANKS DIGITS},
                 {"[1", "1]", DIGITS ".eE,"},
                 {"[1", "", "]"},
                 {"{\"a\"", "1}", ":"},
                 {"{\"a\":1", "\"b\":1}", ","},
                 {"\"\\", "\"", "\"\\/bfnrt"},
                 {"\"\\u", "000\"", HEX},
                 {"\"\\u000", "\"", HEX},
                 {"\"\\ud80", "\\udc00\"", HEX},
                 {"\"\\ud", "00\"", "01234567"},
                 {"\"\\ud800\\ud", "00\"", "cdefCDEF"},
                 {"\"\\ud800\\u", "c00\"", "dD"},
                 {"\"\\u", "800\\udc00\"", "dD"}};
    for (size_t i = 0; i < COUNT(cases); i++)
        TAP_OK(sweep(cases[i].before, cases[i].after, cases[i].accepted),
               "each byte between %s and %s", guard_shown(str_of(cases[i].before)),
               guard_shown(str_of(cases[i].after)));
}

/* Each byte at each place of strings of each length: bytes in rows and one by one. */
static void every_byte_of_strings(void)
{
    enum { STRING_MAX = 26 };
    bool good = true;
    for (size_t len = 1; len <= STRING_MAX; len++) {
        for (size_t at = 0; at < len; at++) {
            char bytes[STRING_MAX + 2];
            memset(bytes, 'a', sizeof(bytes));
            bytes[0] = bytes[len + 1] = '"';
            for (int byte = 0; byte <= 255; byte++) {
                bool plain = byte >= 0x20 && byte < 0x80 && byte != '"' && byte != '\\';
                bytes[at + 1] = (char)byte;
                struct str text = {bytes, len + 2};
                bool escape = byte == '\\' && at + 1 < len; /* \a is none */
                good = good && (plain && !escape ? valid(text) : invalid(text));
            }
        }
    }
    TAP_OK(good, "each byte at each place of a string");
}

/* RFC 3629 3, from the code point to the bytes. */
static size_t encode(uint32_t code, char out[4])
{
    if (code < 0x80) {
        out[0] = (char)code;
        return 1;
    }
    size_t len = code < 0x800 ? 2 : code < 0x10000 ? 3 : 4;
    for (size_t i = len; i-- > 1; code >>= 6)
        out[i] = (char)(0x80 | (code & 0x3f));
    out[0] = (char)((0xf00 >> len) | code);
    return len;
}

static bool is_surrogate(uint32_t code)
{
    return code >= 0xd800 && code <= 0xdfff;
}

/* Every code point is read as long as it was written, and a byte less is none. */
static void code_points(void)
{
    bool whole = true, cut = true;
    for (uint32_t code = 0x80; code <= 0x10ffff; code++) {
        char bytes[4];
        size_t len = encode(code, bytes);
        size_t expected = is_surrogate(code) ? 0 : len;
        struct str placed = guard_place(&guard, GUARD_BEHIND, (struct str){bytes, len});
        whole = whole && jread_utf8_length(placed.ptr, len) == expected;
        placed = guard_place(&guard, GUARD_BEHIND, (struct str){bytes, len - 1});
        cut = cut && jread_utf8_length(placed.ptr, len - 1) == 0;
    }
    TAP_OK(whole, "every code point in UTF-8");
    TAP_OK(cut, "… and cut");
    bool ascii = true;
    for (char c = 0x7f; c > 0; c--)
        ascii = ascii && jread_utf8_length(&c, 1) == 1;
    TAP_OK(ascii, "one byte is one");
}

/* The other way round: of all beginnings of four bytes, as many are characters as there
 * are code points. The last two bytes at their edges only. */
static void other_sequences(void)
{
    static const uint8_t edges[] = {0x00, 0x7f, 0x80, 0xbf, 0xc0, 0xff};
    long counts[5] = {0};
    for (int lead = 0x80; lead <= 0xff; lead++) {
        for (int second = 0; second <= 0xff; second++) {
            for (size_t last = 0; last < COUNT(edges) * COUNT(edges); last++) {
                const uint8_t bytes[4] = {(uint8_t)lead, (uint8_t)second,
                                          edges[last / COUNT(edges)],
                                          edges[last % COUNT(edges)]};
                size_t len = jread_utf8_length((const char *)bytes, 4);
                counts[len <= 4 ? len : 1]++;
            }
        }
    }
    /* Of the 36 pairs of edges 12 begin with a continuation byte, 4 are two of them. */
    TAP_INT(counts[1], 0, "no sequence of one byte above 127");
    TAP_INT(counts[2], (0x800 - 0x80) / 64 * 64 * 36, "two bytes");
    TAP_INT(counts[3], (0x10000 - 0x800 - 0x800) / 64 * 12, "three bytes");
    TAP_INT(counts[4], 0x100000 / 4096 * 4, "four bytes");
}

/* Its length; 0 also when the two ways of laying disagree. */
static size_t escape_length(struct str text, uint32_t *code)
{
    struct str placed = guard_place(&guard, GUARD_AHEAD, text);
    size_t ahead = jread_escape(placed.ptr, placed.len, code);
    placed = guard_place(&guard, GUARD_BEHIND, text);
    return jread_escape(placed.ptr, placed.len, code) == ahead ? ahead : 0;
}

static void escapes(void)
{
    static const struct {
        const char *text;
        uint32_t code;
    } cases[] = {{"\\\"", '"'},
                 {"\\\\", '\\'},
                 {"\\/", '/'},
                 {"\\b", 8},
                 {"\\f", 12},
                 {"\\n", 10},
                 {"\\r", 13},
                 {"\\t", 9},
                 {"\\u0041", 'A'},
                 {"\\uaBcD", 0xabcd},
                 {"\\u0000", 0},
                 {"\\uffff", 0xffff},
                 {"\\ud7ff", 0xd7ff},
                 {"\\ue000", 0xe000},
                 {"\\ud83d\\ude00", 0x1f600},
                 {"\\ud800\\udc00", 0x10000},
                 {"\\uDBFF\\uDFFF", 0x10ffff}};
    const char *list = "\\~\\x~\\u~\\u004~\\ud800~\\ud800\\udc0~\\ud800\\u0041~"
                       "\\udc00\\ud800~\\ud800\\ud800~\\ud800\\ue000";
    uint32_t code = 0;
    for (size_t i = 0; i < COUNT(cases); i++) {
        struct str text = str_of(cases[i].text);
        char longer[32];
        snprintf(longer, sizeof(longer), "%s0", cases[i].text);
        TAP_OK(escape_length(text, &code) == text.len && code == cases[i].code &&
                   escape_length(str_of(longer), &code) == text.len,
               "escape %s", guard_shown(text));
    }
    for (struct str text; guard_next(&list, &text);)
        TAP_INT(escape_length(text, &code), 0, guard_shown(text));
}

static void types(void)
{
    static const struct {
        const char *text;
        enum jread_type type;
    } cases[] = {{"", JREAD_NONE},       {" \n", JREAD_NONE},  {"{", JREAD_OBJECT},
                 {"[", JREAD_ARRAY},     {"\"", JREAD_STRING}, {"-", JREAD_NUMBER},
                 {"0", JREAD_NUMBER},    {"9", JREAD_NUMBER},  {"true", JREAD_TRUE},
                 {"false", JREAD_FALSE}, {"null", JREAD_NULL}, {" \t\r\n[", JREAD_ARRAY},
                 {"}", JREAD_NONE},      {"]", JREAD_NONE},    {",", JREAD_NONE},
                 {":", JREAD_NONE},      {"+", JREAD_NONE},    {".", JREAD_NONE},
                 {"x", JREAD_NONE},      {"\f1", JREAD_NONE},  {"/", JREAD_NONE},
                 {"T", JREAD_NONE},      {"'", JREAD_NONE},    {"\xff", JREAD_NONE}};
    for (size_t i = 0; i < COUNT(cases); i++) {
        struct jread json;
        struct str text = guard_place(&guard, GUARD_BEHIND, str_of(cases[i].text));
        jread_init(&json, text);
        TAP_OK(jread_peek(&json) == cases[i].type && jread_peek(&json) == cases[i].type &&
                   !json.error,
               "type of %s", guard_shown(str_of(cases[i].text)));
    }
}

/* *good: whether it was read and nothing else was there. */
static uint64_t number_of(struct str text, bool *good)
{
    struct jread json;
    uint64_t value = 77;
    jread_init(&json, guard_place(&guard, GUARD_BEHIND, text));
    *good = jread_u64(&json, &value) && jread_end(&json);
    return *good == !json.error ? value : 78;
}

static void numbers(void)
{
    static const struct {
        const char *text;
        uint64_t value;
    } cases[] = {{"0", 0},
                 {"1", 1},
                 {" 42 ", 42},
                 {"9223372036854775808", UINT64_C(9223372036854775808)},
                 {"18446744073709551609", UINT64_MAX - 6},
                 {"18446744073709551615", UINT64_MAX}};
    const char *list = "18446744073709551616~18446744073709551620~18446744073709551625~"
                       "28446744073709551615~99999999999999999999~100000000000000000000~"
                       "184467440737095516150~-0~-1~+1~1.0~1.~1e2~1E2~0e0~0.0~00~01~~'1'~"
                       "true~[1]~-~x";
    bool good;
    for (size_t i = 0; i < COUNT(cases); i++) {
        uint64_t value = number_of(str_of(cases[i].text), &good);
        TAP_OK(good && value == cases[i].value, "number %s", cases[i].text);
    }
    for (struct str text; next_text(&list, &text);) {
        uint64_t value = number_of(text, &good);
        TAP_OK(!good && value == 77, "not a u64: %s", guard_shown(text));
    }
}

static void strings(void)
{
    static const char *const cases[][2] = {{"\"\"", ""},
                                           {" \"a\" ", "a"},
                                           {"\"a b\xc3\xa9\"", "a b\xc3\xa9"},
                                           {"\"\\\"\\\\\"", "\\\"\\\\"},
                                           {"\"\\ud83d\\ude00\"", "\\ud83d\\ude00"}};
    const char *list = "'a~a~1~null~~['a']~'\\ud800'~'\x1f'~'\xff'~{'a':1}~\x01'a'";
    struct jread json;
    struct str raw = {NULL, 0};
    for (size_t i = 0; i < COUNT(cases); i++) {
        struct str text = guard_place(&guard, GUARD_BEHIND, str_of(cases[i][0]));
        jread_init(&json, text);
        TAP_OK(jread_string(&json, &raw) && jread_end(&json) &&
                   str_eq(raw, str_of(cases[i][1])) && raw.ptr > text.ptr &&
                   raw.ptr + raw.len < text.ptr + text.len,
               "string %s", guard_shown(text));
    }
    for (struct str text; next_text(&list, &text);) {
        jread_init(&json, guard_place(&guard, GUARD_BEHIND, text));
        TAP_OK(!jread_string(&json, &raw) && json.error, "no string %s",
               guard_shown(text));
    }
}

/* count times the beginning, the middle, and count times the end. */
static struct str nested(const char *begin, const char *middle, const char *end,
                         int count)
{
    static char text[TEXT_BYTES];
    size_t len = 0;
    for (int i = 0; i < count; i++)
        len += (size_t)snprintf(text + len, sizeof(text) - len, "%s", begin);
    len += (size_t)snprintf(text + len, sizeof(text) - len, "%s", middle);
    for (int i = 0; i < count; i++)
        len += (size_t)snprintf(text + len, sizeof(text) - len, "%s", end);
    return (struct str){text, len};
}

static void depth(void)
{
    enum { MAX = JREAD_DEPTH_MAX };
    TAP_OK(valid(nested("[", "", "]", MAX)), "deepest array");
    TAP_OK(valid(nested("[", "1", "]", MAX)), "deepest array with a number");
    TAP_OK(invalid(nested("[", "", "]", MAX + 1)), "an array too deep");
    TAP_OK(valid(nested("{\"a\":", "1", "}", MAX)), "deepest object");
    TAP_OK(invalid(nested("{\"a\":", "{}", "}", MAX)), "an object too deep");
    TAP_OK(valid(nested("[{\"a\":", "1", "}]", MAX / 2)), "both in turn");
    TAP_OK(invalid(nested("[{\"a\":", "[]", "}]", MAX / 2)), "both in turn, too deep");
    TAP_OK(valid(nested("[[],{},", "1", "]", MAX - 1)), "what is closed does not count");
    TAP_OK(invalid(nested("[", "1", "}", 3)), "closed by the other kind");
    TAP_OK(invalid(nested("{\"a\":", "1", "]", 3)), "closed by the other kind");
    TAP_OK(invalid(nested("[{\"a\":", "1", "]}", 3)), "closed in the wrong order");
    TAP_OK(invalid(nested("[", "", "", TEXT_BYTES - 1)), "only opened");
    struct jread json;
    struct str text = nested("[", "", "]", MAX + 1);
    jread_init(&json, text);
    TAP_OK(!jread_skip(&json) && json.at == text.ptr + MAX,
           "it stops at the one too deep");
}

/* Containers of different kinds at every depth must be told apart. */
static void mixed_depths(void)
{
    char text[TEXT_BYTES];
    bool good = true;
    for (size_t odd = 0; odd < 200; odd++) {
        char *at = text;
        for (size_t i = 0; i < 200; i++)
            at = stpcpy(at, i == odd ? "{\"a\":" : "[");
        *at++ = '1';
        for (size_t i = 200; i-- > 0;)
            *at++ = i == odd ? '}' : ']';
        struct str whole = {text, (size_t)(at - text)};
        good = good && valid(whole);
        at[-1 - (ptrdiff_t)odd] = ']';
        good = good && invalid(whole);
    }
    TAP_OK(good, "one object at each depth of arrays");
}

/* Where a reader of any document stands when skip or end refuse it: before the ^. */
static void positions(void)
{
    const char *list =
        "^~  ^~^x~ \n ^x~[^~[1^~[1,^~[1,^]~[^,~[1 ^2]~[1^}~{'a'^}~{'a' ^1}~"
        "{'a':^}~{'a':1,^}~{'a':1 ^'b'~{^1~{^,~1 ^2~[] ^x~[[1],[2],^x]~0^1~"
        "-^x~1.^x~1e+^x~'a^\nb'~'ab^\x80'~'aaaaaaaaaaaaaaaa^\x1f'~['abc^~"
        "'ab^\\x'~'aaaaaaaaa^\\ud800'~[['a^\n~{'a':'b\xc3\xa9^\xc3";
    for (struct str text; next_text(&list, &text);) {
        struct jread json;
        size_t at = (size_t)((const char *)memchr(text.ptr, '^', text.len) - text.ptr);
        char bytes[256];
        memcpy(bytes, text.ptr, at);
        memcpy(bytes + at, text.ptr + at + 1, text.len - at - 1);
        text = guard_place(&guard, GUARD_BEHIND, (struct str){bytes, text.len - 1});
        jread_init(&json, text);
        bool good = jread_skip(&json) && jread_end(&json);
        TAP_OK(!good && json.error && json.error[0] && json.start == text.ptr &&
                   json.end == text.ptr + text.len,
               "fault in %s: %s", guard_shown(text), json.error ? json.error : "none");
        TAP_INT(json.at - text.ptr, at, "… stands at the offending byte");
    }
}

/* Every call but init; which of them is not refused. */
static const char *any_accepted(struct jread *json)
{
    struct str raw;
    uint64_t number;
    bool first = true;
    if (jread_peek(json) != JREAD_NONE)
        return "peek";
    if (jread_string(json, &raw) || jread_name(json, &raw))
        return "string or name";
    if (jread_u64(json, &number) || jread_skip(json) || jread_end(json))
        return "u64, skip or end";
    if (jread_enter(json, '[') || jread_enter(json, '{'))
        return "enter";
    if (jread_next(json, ']', &first) || jread_next(json, '}', &first))
        return "next";
    first = false;
    if (jread_next(json, ']', &first) || jread_fail(json, "another"))
        return "next or fail";
    return "none";
}

/* What stands at the fault would please one call or another. */
static void after_an_error(void)
{
    static const char *const rests[] = {"",  "1",  "\"a\":1", "[1]",  "{}", "]",
                                        "}", ",1", " ",       "null", "x"};
    for (size_t i = 0; i < COUNT(rests); i++) {
        struct jread json;
        jread_init(&json, str_of(rests[i]));
        TAP_OK(!jread_fail(&json, "one fault") && json.at == json.start,
               "fault in front of %s", rests[i]);
        TAP_TEXT(any_accepted(&json), "none", "… everything is refused");
        TAP_OK(json.error && strcmp(json.error, "one fault") == 0 &&
                   json.at == json.start,
               "… and the first fault stays");
    }
}

/* Walks a document and writes it without white space, strings as they are and words as ?.
 * The documents here are flat, and short enough for out. */
static void rewrite(struct jread *json, char *out);

static void rewrite_container(struct jread *json, char opener, char closer, char *out)
{
    bool first = true;
    struct str name;
    if (!jread_enter(json, opener))
        return;
    sprintf(out + strlen(out), "%c", opener);
    for (bool comma = false; jread_next(json, closer, &first); comma = true) {
        if (comma)
            strcat(out, ",");
        if (closer == '}' && jread_name(json, &name))
            sprintf(out + strlen(out), "\"%.*s\":", (int)name.len, name.ptr);
        rewrite(json, out);
    }
    if (!json->error)
        sprintf(out + strlen(out), "%c", closer);
}

static void rewrite(struct jread *json, char *out)
{
    struct str string;
    uint64_t number;
    switch (jread_peek(json)) {
    case JREAD_OBJECT:
        rewrite_container(json, '{', '}', out);
        break;
    case JREAD_ARRAY:
        rewrite_container(json, '[', ']', out);
        break;
    case JREAD_STRING:
        if (jread_string(json, &string))
            sprintf(out + strlen(out), "\"%.*s\"", (int)string.len, string.ptr);
        break;
    case JREAD_NUMBER:
        if (jread_u64(json, &number))
            sprintf(out + strlen(out), "%llu", (unsigned long long)number);
        break;
    case JREAD_NONE:
    case JREAD_TRUE:
    case JREAD_FALSE:
    case JREAD_NULL:
        if (jread_skip(json))
            strcat(out, "?");
        break;
    }
}

/* Whether the document could be read to its end; then out holds it. */
static bool walk(enum guard_edge edge, struct str text, char out[256])
{
    struct jread json;
    out[0] = '\0';
    jread_init(&json, guard_place(&guard, edge, text));
    rewrite(&json, out);
    return jread_end(&json) && !json.error;
}

static void walks(void)
{
    static const char *const cases[][2] = {
        {"[]", "[]"},
        {" [ ] ", "[]"},
        {"{}", "{}"},
        {"{ }", "{}"},
        {" [ 1 , \"a\" , null ] ", "[1,\"a\",?]"},
        {"{ \"a\" : 1 , \"b\\n\" : [ { } , [ ] ] }", "{\"a\":1,\"b\\n\":[{},[]]}"},
        {"[true,false,[0]]", "[?,?,[0]]"},
    };
    const char *list =
        "[1,]~[,1]~[1 2]~[1~[1,~[~[}~[1}~{]~{'a':1,}~{'a'}~{'a' 1}~{'a':}~"
        "{1:1}~{'a':1~{'a':1 'b':2}~{,'a':1}~[[1],[}]~[[1] [2]]~{'a':[1},1]";
    char ahead[256], behind[256];
    for (size_t i = 0; i < COUNT(cases); i++) {
        struct str text = str_of(cases[i][0]);
        TAP_OK(walk(GUARD_AHEAD, text, ahead) && walk(GUARD_BEHIND, text, behind) &&
                   strcmp(ahead, cases[i][1]) == 0 && strcmp(behind, ahead) == 0,
               "walk through %s", guard_shown(text));
    }
    for (struct str text; next_text(&list, &text);)
        TAP_OK(!walk(GUARD_AHEAD, text, ahead) && !walk(GUARD_BEHIND, text, behind),
               "no walk through %s", guard_shown(text));
}

static void enter(void)
{
    static const struct {
        const char *text;
        char opener;
        bool good;
    } cases[] = {{"[", '[', true},  {" \n{", '{', true}, {"[", '{', false},
                 {"{", '[', false}, {"", '[', false},    {"1", '[', false},
                 {"]", '[', false}, {"\"[", '[', false}};
    for (size_t i = 0; i < COUNT(cases); i++) {
        struct jread json;
        jread_init(&json, guard_place(&guard, GUARD_BEHIND, str_of(cases[i].text)));
        bool good = jread_enter(&json, cases[i].opener);
        TAP_OK(good == cases[i].good && good == !json.error &&
                   (!good || json.at == json.end),
               "enter %s by %c", guard_shown(str_of(cases[i].text)), cases[i].opener);
    }
}

/* Both sides against guard pages. */
static bool raw_is(struct str raw, struct str text)
{
    static struct guard other;
    bool equal[GUARD_EDGES];
    guard_init(&other, 64);
    for (enum guard_edge edge = 0; edge < GUARD_EDGES; edge++)
        equal[edge] = jread_raw_equals(guard_place(&guard, edge, raw),
                                       guard_place(&other, edge, text));
    guard_fini(&other);
    TAP_OK(equal[GUARD_AHEAD] == equal[GUARD_BEHIND], "%s against %s", guard_shown(raw),
           guard_shown(text));
    return equal[GUARD_BEHIND];
}

/* Pairs, raw and unescaped. */
static void raw_pairs(const char *list, bool equal)
{
    for (struct str raw, text; guard_next(&list, &raw) && guard_next(&list, &text);)
        TAP_OK(raw_is(raw, text) == equal, "… are %s", equal ? "equal" : "different");
}

static void raw_equals(void)
{
    raw_pairs("~~abc~abc~\\u0061bc~abc~ab\\u0063~abc~\\\"\\\\\\/\\b\\f\\n\\r\\t~"
              "\"\\/\b\f\n\r\t~"
              "\\u00e9~\xc3\xa9~\xc3\xa9~\xc3\xa9~\\u00E9\\u007f~\xc3\xa9\x7f~"
              "\\u0080\\u07ff~\xc2\x80\xdf\xbf~\\u20AC~\xe2\x82\xac~"
              "\\u0800\\uffff~\xe0\xa0\x80\xef\xbf\xbf~\\ud83d\\ude00~\xf0\x9f\x98\x80~"
              "\\ud800\\udc00\\udbff\\udfff~\xf0\x90\x80\x80\xf4\x8f\xbf\xbf~"
              "\\ud83d\\ude00x~\xf0\x9f\x98\x80x",
              true);
    raw_pairs(
        "abc~abd~abc~ab~ab~abc~~a~a~~a~A~ab\\u0063~ab~ab\\u0063~abcd~\\u0061~\\u0061~"
        "\\n~n~\\n~\\n~\\n~\r~\\u0000~~\\u00e9~\xc3\xa8~\\u00e9~\xc3~\\u20AC~\xe2\x82~"
        "\\ud83d\\ude00~\xf0\x9f\x98\x81~\\ud83d\\ude00~\xf0\x9f\x98~"
        "\\ud83d\\ude00x~\xf0\x9f\x98\x80",
        false);
    TAP_OK(raw_is(STR("\\u0000"), STR("\0")), "… are equal");
    TAP_OK(raw_is(STR("a\\u0000b"), STR("a\0b")), "… are equal");
    TAP_OK(!raw_is(STR("a\\u0000b"), STR("a\0c")), "… are different");
}

/* Written whole into just enough room, never into less, and read back as it was. */
static bool round_trip(struct str text, size_t expected_size)
{
    struct jread json;
    struct str raw;
    for (size_t size = 0; size < expected_size; size++) {
        if (jread_write_string(guard_room(&guard, GUARD_BEHIND, size), size, text) != 0)
            return false;
    }
    char *out = guard_room(&guard, GUARD_BEHIND, expected_size);
    if (jread_write_string(out, expected_size, text) != expected_size)
        return false;
    jread_init(&json, (struct str){out, expected_size});
    if (!jread_string(&json, &raw) || !jread_end(&json) || !jread_raw_equals(raw, text))
        return false;
    char roomy[TEXT_BYTES];
    memset(roomy, '#', sizeof(roomy));
    return jread_write_string(roomy, sizeof(roomy), text) == expected_size &&
           memcmp(roomy, out, expected_size) == 0 && roomy[expected_size] == '#';
}

/* How many bytes a byte takes where only what must be is escaped: by two bytes where
 * there is such an escape, else by six. */
static size_t shortest(int byte)
{
    if (byte != 0 && strchr("\"\\\b\f\n\r\t", byte))
        return 2;
    return byte < 0x20 ? 6 : 1;
}

static size_t written_size(struct str text)
{
    char out[TEXT_BYTES];
    return jread_write_string(out, sizeof(out), text);
}

static void writes(void)
{
    static const struct {
        const char *text, *written;
    } cases[] = {{"", "\"\""},
                 {"abc", "\"abc\""},
                 {"a\"b\\c", "\"a\\\"b\\\\c\""},
                 {"/\x7f", "\"/\x7f\""},
                 {"\xc3\xa9\xf0\x9f\x98\x80", "\"\xc3\xa9\xf0\x9f\x98\x80\""},
                 {"\x80\xff", "\"\x80\xff\""}};
    for (size_t i = 0; i < COUNT(cases); i++) {
        char out[64] = "";
        size_t len = jread_write_string(out, sizeof(out), str_of(cases[i].text));
        TAP_OK(str_eq((struct str){out, len}, str_of(cases[i].written)), "written: %s",
               guard_shown(str_of(cases[i].written)));
    }
    bool good = true, sized = true;
    for (int byte = 0; byte < 0x80; byte++) {
        const char bytes[3] = {(char)byte, 'x', (char)byte};
        for (size_t len = 1; len <= 3; len++) {
            struct str text = {bytes, len};
            size_t size = written_size(text);
            size_t plain = len > 1 ? 1 : 0, same = len > 2 ? 2 : 1;
            good = good && round_trip(text, size);
            sized = sized && size >= 2 + plain + same * shortest(byte) &&
                    size <= 2 + plain + same * (shortest(byte) == 1 ? 1 : 6);
        }
    }
    TAP_OK(good, "each character there, in all sizes of room, and back");
    TAP_OK(sized, "escaped where it must be, and only there");
    TAP_OK(round_trip(STR(""), 2), "nothing there and back");
    TAP_OK(round_trip(STR("\xc3\xa9\xe2\x82\xac\xf0\x9f\x98\x80 \0 \x1f\"\\"), 29),
           "a text of all kinds there and back");
}

enum wanted { ACCEPT, REFUSE };

/* The suite leaves i_ open; the header does not: numbers are not converted, depth is 512,
 * and strings are sound or refused. */
static enum wanted wanted(const char *name)
{
    bool open = strncmp(name, "i_number_", 9) == 0 ||
                strcmp(name, "i_structure_500_nested_arrays.json") == 0;
    return name[0] == 'y' || open ? ACCEPT : REFUSE;
}

static void corpus_file(const char *folder, const char *name)
{
    char path[512];
    snprintf(path, sizeof(path), "%s/%s", folder, name);
    FILE *file = fopen(path, "re");
    if (!file)
        return;
    char *bytes = malloc(ROOM_BYTES);
    struct str text = {bytes, bytes ? fread(bytes, 1, ROOM_BYTES, file) : 0};
    TAP_OK(wanted(name) == ACCEPT ? valid(text) : invalid(text), "%s", name);
    free(bytes);
    fclose(file);
}

static void corpus(const char *folder)
{
    DIR *entries = opendir(folder);
    int files = 0;
    if (!entries) {
        TAP_OK(true, "JSONTestSuite # SKIP there is no %s", folder);
        return;
    }
    for (struct dirent *entry; (entry = readdir(entries));) {
        if (!strstr(entry->d_name, ".json"))
            continue;
        corpus_file(folder, entry->d_name);
        files++;
    }
    closedir(entries);
    TAP_OK(files > 300, "JSONTestSuite has %d files", files);
}

int main(void)
{
    guard_init(&guard, ROOM_BYTES);
    texts();
    truncations();
    every_byte();
    every_byte_of_strings();
    code_points();
    other_sequences();
    escapes();
    types();
    numbers();
    strings();
    depth();
    mixed_depths();
    positions();
    after_an_error();
    walks();
    enter();
    raw_equals();
    writes();
    corpus("../shared/corpora/JSONTestSuite");
    guard_fini(&guard);
    return tap_done();
}
