/*
 * The reader. Strings are nearly all of a document: runs of characters that need no look
 * are passed over by jread_plain.
 */
#include "wire/jread.h"

#include "wire/jread_chars.h"
#include "wire/jread_plain.h"

void jread_init(struct jread *json, struct str text)
{
    const char *start = text.ptr ? text.ptr : "";
    *json = (struct jread){.start = start, .at = start, .end = start + text.len};
}

bool jread_fail(struct jread *json, const char *phrase)
{
    if (!json->error)
        json->error = phrase;
    return false;
}

static bool fail_at(struct jread *json, const char *at, const char *phrase)
{
    if (!json->error)
        json->at = at;
    return jread_fail(json, phrase);
}

static bool is_blank(char c)
{
    return c == ' ' || c == '\n' || c == '\t' || c == '\r';
}

static void skip_blanks(struct jread *json)
{
    while (json->at < json->end && is_blank(*json->at))
        json->at++;
}

/* The next byte after white space, NUL at the end or after an error. */
static inline char next_byte(struct jread *json)
{
    if (json->error)
        return '\0';
    if (json->at<json->end && * json->at> ' ')
        return *json->at; /* most documents have no white space */
    skip_blanks(json);
    return json->at < json->end ? *json->at : '\0';
}

enum jread_type jread_peek(struct jread *json)
{
    char c = next_byte(json);
    switch (c) {
    case '{':
        return JREAD_OBJECT;
    case '[':
        return JREAD_ARRAY;
    case '"':
        return JREAD_STRING;
    case 't':
        return JREAD_TRUE;
    case 'f':
        return JREAD_FALSE;
    case 'n':
        return JREAD_NULL;
    default:
        return c == '-' || (c >= '0' && c <= '9') ? JREAD_NUMBER : JREAD_NONE;
    }
}

/* Length of the character or escape at `at`, which needs a look; 0: *why says what is
 * wrong. */
static size_t check_special(const char *at, const char *end, const char **why)
{
    size_t left = (size_t)(end - at);
    uint32_t ignored;
    size_t len;
    if (*at == '\\') {
        *why = "a bad escape or a lone surrogate";
        return jread_escape(at, left, &ignored);
    }
    *why = "a control character in a string";
    len = (uint8_t)*at < 0x20 ? 0 : jread_utf8_length(at, left);
    if ((uint8_t)*at >= 0x80)
        *why = "invalid UTF-8";
    return len;
}

bool jread_string(struct jread *json, struct str *out_raw)
{
    const char *why;
    if (next_byte(json) != '"')
        return jread_fail(json, "expected a string");
    const char *first = json->at + 1, *at = first;
    for (;;) {
        at = jread_plain(at, json->end);
        if (at == json->end)
            return fail_at(json, at, "a string without its end");
        if (*at == '"')
            break;
        size_t len = check_special(at, json->end, &why);
        if (len == 0)
            return fail_at(json, at, why);
        at += len;
    }
    *out_raw = (struct str){first, (size_t)(at - first)};
    json->at = at + 1;
    return true;
}

bool jread_strings(struct jread *json, struct str *out_raw, size_t *out_compact)
{
    struct str text;
    size_t compact = 0;
    bool first = true;
    if (!jread_enter(json, '['))
        return false;
    const char *begin = json->at;
    while (jread_next(json, ']', &first)) {
        if (!jread_string(json, &text))
            return false;
        const char *next = jread_plain_strings(json->at, json->end);
        compact += (compact > 0) + text.len + 2 + (size_t)(next - json->at);
        json->at = next;
    }
    if (json->error)
        return false;
    *out_raw = (struct str){begin, (size_t)(json->at - 1 - begin)};
    *out_compact = compact;
    return true;
}

static bool is_digit(const char *at, const char *end)
{
    return at < end && *at >= '0' && *at <= '9';
}

bool jread_u64(struct jread *json, uint64_t *out)
{
    enum { SAFE_DIGITS = 19 }; /* no number of so many digits reaches 2^64 */
    static const char wanted[] = "expected an integer from 0 to 18446744073709551615";
    uint64_t value = 0;
    char c = next_byte(json);
    const char *at = json->at, *end = json->end;
    if (c < '0' || c > '9')
        return jread_fail(json, wanted);
    do {
        unsigned digit = (unsigned)(*at++ - '0');
        if (at - json->at > SAFE_DIGITS && value > (UINT64_MAX - digit) / 10)
            return jread_fail(json, wanted);
        value = value * 10 + digit;
    } while (c != '0' && is_digit(at, end));
    if (is_digit(at, end) || (at < end && (*at == '.' || *at == 'e' || *at == 'E')))
        return jread_fail(json, wanted);
    *out = value;
    json->at = at;
    return true;
}

/* One digit or more; NULL when there is none. */
static const char *skip_digits(const char *at, const char *end)
{
    if (!is_digit(at, end))
        return NULL;
    while (is_digit(at, end))
        at++;
    return at;
}

static bool skip_number(struct jread *json)
{
    static const char bad[] = "a malformed number";
    const char *at = json->at, *end = json->end, *next;
    if (*at == '-')
        at++;
    next = at < end && *at == '0' ? at + 1 : skip_digits(at, end);
    if (!next)
        return fail_at(json, at, bad);
    if (next < end && *next == '.') {
        at = next + 1;
        next = skip_digits(at, end);
        if (!next)
            return fail_at(json, at, bad);
    }
    if (next < end && (*next == 'e' || *next == 'E')) {
        at = next + 1;
        if (at < end && (*at == '+' || *at == '-'))
            at++;
        next = skip_digits(at, end);
        if (!next)
            return fail_at(json, at, bad);
    }
    json->at = next;
    return true;
}

static bool skip_word(struct jread *json, struct str word)
{
    if ((size_t)(json->end - json->at) < word.len ||
        memcmp(json->at, word.ptr, word.len) != 0)
        return jread_fail(json, "expected a value");
    json->at += word.len;
    return true;
}

/* The open containers of a value that is being skipped: a bit each, set for an object. */
struct nest {
    int depth;
    uint64_t objects[JREAD_DEPTH_MAX / 64];
};

static char closer(const struct nest *nest)
{
    unsigned top = (unsigned)nest->depth - 1;
    return nest->objects[top / 64] >> (top % 64) & 1 ? '}' : ']';
}

static bool open_container(struct jread *json, struct nest *nest)
{
    if (nest->depth == JREAD_DEPTH_MAX)
        return jread_fail(json, "nested too deeply");
    unsigned top = (unsigned)nest->depth++;
    uint64_t bit = UINT64_C(1) << (top % 64);
    nest->objects[top / 64] &= ~bit;
    if (*json->at == '{')
        nest->objects[top / 64] |= bit;
    json->at++;
    return true;
}

/* A whole scalar, or the opening of a container: *opened. */
static bool skip_start(struct jread *json, struct nest *nest, bool *opened)
{
    struct str ignored;
    *opened = false;
    switch (jread_peek(json)) {
    case JREAD_OBJECT:
    case JREAD_ARRAY:
        *opened = true;
        return open_container(json, nest);
    case JREAD_STRING:
        return jread_string(json, &ignored);
    case JREAD_NUMBER:
        return skip_number(json);
    case JREAD_TRUE:
        return skip_word(json, STR("true"));
    case JREAD_FALSE:
        return skip_word(json, STR("false"));
    case JREAD_NULL:
        return skip_word(json, STR("null"));
    case JREAD_NONE:
        break;
    }
    return jread_fail(json, "expected a value");
}

bool jread_skip(struct jread *json)
{
    struct nest nest;
    struct str ignored;
    bool first;
    nest.depth = 0;
    do {
        if (!skip_start(json, &nest, &first))
            return false;
        while (nest.depth > 0 && !jread_next(json, closer(&nest), &first)) {
            if (json->error)
                return false;
            nest.depth--;
            first = false;
        }
        if (nest.depth > 0 && closer(&nest) == '}' && !jread_name(json, &ignored))
            return false;
    } while (nest.depth > 0);
    return true;
}

bool jread_enter(struct jread *json, char opener)
{
    if (next_byte(json) != opener)
        return jread_fail(json,
                          opener == '{' ? "expected an object" : "expected an array");
    json->at++;
    return true;
}

bool jread_next(struct jread *json, char end, bool *first)
{
    char c = next_byte(json);
    if (json->error)
        return false;
    if (c == end) {
        json->at++;
        return false;
    }
    if (*first) {
        *first = false;
        return true;
    }
    if (c != ',')
        return jread_fail(json,
                          end == '}' ? "expected ',' or '}'" : "expected ',' or ']'");
    json->at++;
    return true;
}

bool jread_name(struct jread *json, struct str *out_raw)
{
    if (next_byte(json) != '"')
        return jread_fail(json, "expected a member's name in quotes");
    if (!jread_string(json, out_raw))
        return false;
    if (next_byte(json) != ':')
        return jread_fail(json, "expected ':'");
    json->at++;
    return true;
}

bool jread_end(struct jread *json)
{
    if (json->error)
        return false;
    skip_blanks(json);
    if (json->at < json->end)
        return jread_fail(json, "something follows the document");
    return true;
}
