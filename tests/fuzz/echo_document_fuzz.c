/*
 * Documents: another parser (jansson) decides what is JSON and what it says; the service
 * takes exactly the documents that are, and its reply, read by that parser, says the same
 * again. It has exactly the length that was announced, with the padding that was wanted.
 *
 * The first two bytes are the wanted length of the reply, the rest is the body (runs.h).
 *
 * Where the two parsers differ on purpose, the judge is asked about a text that means the
 * same to the service:
 *  - numbers that no double holds, which jansson refuses: replaced by 0;
 *  - \u0000 in names, which jansson refuses: replaced by \u0001;
 *  - NUL bytes between values, which jansson takes for the end: replaced by 0x01;
 *  - nesting of more than JREAD_DEPTH_MAX in a value, which jansson follows up to 2,048:
 *    counted here.
 * Both refuse lone surrogates, invalid UTF-8 and byte order marks (docs/JSON.md).
 */
#include <jansson.h>

#include "echo.h"
#include "fuzz.h"
#include "runs.h"
#include "wire/jread.h"

enum { BODY_MAX = 4 << 10, PADDING_BYTES = sizeof(",\"padding\":\"\"") - 1 };

#define TIME "1700000000"

/* --- the judge ------------------------------------------------------------------- */

static size_t digits(struct str text, size_t at)
{
    size_t begin = at;
    while (at < text.len && text.ptr[at] >= '0' && text.ptr[at] <= '9')
        at++;
    return at - begin;
}

static bool is_one_of(struct str text, size_t at, const char *wanted)
{
    return at < text.len && text.ptr[at] && strchr(wanted, text.ptr[at]);
}

/* The length of the number at `at` (RFC 8259, 6), 0 when there is none. */
static size_t number_length(struct str text, size_t at)
{
    size_t end = at + is_one_of(text, at, "-");
    size_t whole = is_one_of(text, end, "0") ? 1 : digits(text, end);
    if (whole == 0)
        return 0;
    end += whole;
    if (is_one_of(text, end, ".") && digits(text, end + 1) > 0)
        end += 1 + digits(text, end + 1);
    if (is_one_of(text, end, "eE")) {
        size_t sign = is_one_of(text, end + 1, "+-");
        size_t exponent = digits(text, end + 1 + sign);
        if (exponent > 0)
            end += 1 + sign + exponent;
    }
    return end - at;
}

/* The length of the string at `at`, with its quotes or up to the end of the text. */
static size_t string_length(struct str text, size_t at)
{
    size_t end = at + 1;
    while (end < text.len && text.ptr[end] != '"')
        end += text.ptr[end] == '\\' && text.len - end > 1 ? 2 : 1;
    return end < text.len ? end + 1 - at : end - at;
}

/* Whether jansson can be trusted with the number. */
static bool is_small(struct str number)
{
    return number.len <= 15 && !memchr(number.ptr, 'e', number.len) &&
           !memchr(number.ptr, 'E', number.len);
}

/* Without the blanks the 0 could join the digits beside a malformed number. */
static void add_number(struct buf *out, struct str number)
{
    buf_add(out, is_small(number) ? number : STR(" 0 "));
}

static void add_string(struct buf *out, struct str text)
{
    for (size_t i = 0; i < text.len; i++) {
        size_t step = text.ptr[i] == '\\' && text.len - i > 1 ? 2 : 1;
        bool is_nul = text.len - i >= 6 && memcmp(text.ptr + i, "\\u0000", 6) == 0;
        if (is_nul)
            step = 6;
        buf_add(out, is_nul ? STR("\\u0001") : (struct str){text.ptr + i, step});
        i += step - 1;
    }
}

/* The text with what jansson refuses on its own account replaced. */
static void translate(struct str text, struct buf *out)
{
    for (size_t at = 0, len; at < text.len; at += len) {
        bool quoted = text.ptr[at] == '"';
        size_t number = quoted ? 0 : number_length(text, at);
        len = quoted ? string_length(text, at) : number ? number : 1;
        struct str part = {text.ptr + at, len};
        if (quoted)
            add_string(out, part);
        else if (number)
            add_number(out, part);
        else
            buf_add(out, part.ptr[0] ? part : STR("\x01"));
    }
}

static json_t *load(struct str text, enum json_error_code *code)
{
    json_error_t error;
    json_t *json = json_loadb(text.ptr ? text.ptr : "", text.len,
                              JSON_DECODE_ANY | JSON_ALLOW_NUL, &error);
    *code = json ? json_error_unknown : json_error_code(&error);
    return json;
}

/* What the judge says. */
struct judged {
    json_t *json;    /* NULL: not JSON */
    bool translated; /* not the text itself was asked about */
};

/* `translated`: in any case. */
static struct judged judge(struct str text, bool translated)
{
    enum json_error_code code;
    json_t *json = NULL;
    translated |= text.len > 0 && memchr(text.ptr, '\0', text.len);
    if (!translated) {
        json = load(text, &code);
        if (code != json_error_numeric_overflow && code != json_error_null_byte_in_key)
            return (struct judged){json, false};
    }
    struct buf other;
    buf_init(&other, 3 * text.len + 8);
    translate(text, &other);
    json = load(buf_str(&other), &code);
    FUZZ_HOLDS(code != json_error_numeric_overflow);
    FUZZ_HOLDS(code != json_error_null_byte_in_key);
    buf_fini(&other);
    return (struct judged){json, true};
}

/* What a valid text has at its first level, and how deep it is. */
struct outline {
    int depth;
    int ids, agents, metadatas; /* members of these names */
    struct str id;              /* the last one's value, when it is a number */
};

static size_t skip_blanks(struct str text, size_t at)
{
    while (is_one_of(text, at, " \t\r\n"))
        at++;
    return at;
}

static void add_member(struct outline *outline, struct str text, struct str quoted,
                       size_t colon)
{
    enum json_error_code code;
    size_t at = skip_blanks(text, colon + 1);
    json_t *json = load(quoted, &code);
    FUZZ_HOLDS(json);
    struct str name = {json_string_value(json), json_string_length(json)};
    if (str_eq(name, STR("id"))) {
        outline->ids++;
        outline->id = (struct str){text.ptr + at, number_length(text, at)};
    }
    outline->agents += str_eq(name, STR("user_agent"));
    outline->metadatas += str_eq(name, STR("metadata"));
    json_decref(json);
}

static struct outline outline_of(struct str text)
{
    struct outline outline = {0};
    int open = 0;
    for (size_t at = 0, len = 1; at < text.len; at += len, len = 1) {
        if (is_one_of(text, at, "[{") && ++open > outline.depth)
            outline.depth = open;
        open -= is_one_of(text, at, "]}");
        if (text.ptr[at] != '"')
            continue;
        len = string_length(text, at);
        size_t colon = skip_blanks(text, at + len);
        if (open == 1 && is_one_of(text, colon, ":"))
            add_member(&outline, text, (struct str){text.ptr + at, len}, colon);
    }
    return outline;
}

static bool has_strings(const json_t *array)
{
    for (size_t i = 0; i < json_array_size(array); i++) {
        if (!json_is_string(json_array_get(array, i)))
            return false;
    }
    return json_is_array(array);
}

static bool is_document(const json_t *json, const struct outline *outline)
{
    uint64_t id;
    return json_is_object(json) && outline->ids == 1 && outline->agents == 1 &&
           outline->metadatas == 1 && outline->depth <= JREAD_DEPTH_MAX + 1 &&
           json_is_string(json_object_get(json, "user_agent")) &&
           has_strings(json_object_get(json, "metadata")) && str_to_u64(outline->id, &id);
}

/* --- what is to be so ------------------------------------------------------------ */

/* Any text, also one that is no object. */
static void check_reader(struct str text, const json_t *json, int depth)
{
    struct jread reader;
    jread_init(&reader, text);
    bool taken = jread_skip(&reader) && jread_end(&reader);
    FUZZ_HOLDS(taken == (json && depth <= JREAD_DEPTH_MAX));
    FUZZ_HOLDS(taken == !reader.error);
    FUZZ_HOLDS(reader.at >= reader.start && reader.at <= reader.end);
}

/* Writes the reply into memory that ends where it ends. */
static struct str reply_to(const struct echo_document *document, size_t body_bytes,
                           size_t wanted, size_t *padding)
{
    size_t unused, len = echo_reply_bytes(document, STR(TIME), wanted, padding);
    size_t natural = echo_reply_bytes(document, STR(TIME), 0, &unused);
    bool padded = natural + PADDING_BYTES < wanted;
    FUZZ_HOLDS(unused == 0);
    FUZZ_HOLDS(len == (padded ? wanted : natural));
    FUZZ_HOLDS(*padding == (padded ? wanted - natural - PADDING_BYTES : 0));
    FUZZ_HOLDS(len <= echo_reply_bound(body_bytes, wanted));
    struct out out = {mem_new(len, 1), 0, len};
    echo_reply(&out, document, STR(TIME), *padding);
    FUZZ_HOLDS(out.len == len);
    return (struct str){out.ptr, len};
}

static void check_padding(const json_t *reply, size_t padding)
{
    const json_t *member = json_object_get(reply, "padding");
    FUZZ_HOLDS((padding > 0) == (member != NULL));
    FUZZ_HOLDS(json_object_size(reply) == (padding ? 6 : 5));
    if (padding > 0)
        FUZZ_HOLDS(json_string_length(member) == padding &&
                   strspn(json_string_value(member), "x") == padding);
}

static bool is_equal(const json_t *reply, const json_t *asked, const char *name)
{
    return json_equal(json_object_get(reply, name), json_object_get(asked, name));
}

/* What is replied says the same; the id in the very digits that came. */
static void check_reply(struct str text, const struct judged *asked, struct str id,
                        size_t padding)
{
    struct judged reply = judge(text, asked->translated);
    FUZZ_HOLDS(json_is_object(reply.json));
    struct str front = STR("{\"id\":");
    FUZZ_HOLDS(text.len > front.len + id.len);
    FUZZ_HOLDS(str_eq((struct str){text.ptr, front.len}, front));
    FUZZ_HOLDS(str_eq((struct str){text.ptr + front.len, id.len}, id));
    FUZZ_HOLDS(text.ptr[front.len + id.len] == ',');
    FUZZ_HOLDS(is_equal(reply.json, asked->json, "user_agent"));
    FUZZ_HOLDS(is_equal(reply.json, asked->json, "metadata"));
    const json_t *time = json_object_get(reply.json, "server_timestamp");
    FUZZ_HOLDS(json_integer_value(time) == 1700000000);
    const char *name = json_string_value(json_object_get(reply.json, "processed_by"));
    FUZZ_HOLDS(str_eq(str_of(name), echo_name()));
    check_padding(reply.json, padding);
    json_decref(reply.json);
}

/* The sentence is there and holds nothing of the body: it is plain ASCII, and short. */
static void check_sentence(const struct error *err)
{
    size_t len = strlen(err->text);
    FUZZ_HOLDS(len > 0 && len < 200);
    for (size_t i = 0; i < len; i++)
        FUZZ_HOLDS(err->text[i] >= ' ' && err->text[i] <= '~');
}

static void check_replies(const struct echo_document *document, size_t body_bytes,
                          const struct judged *asked, struct str id, size_t wanted)
{
    size_t unused, natural = echo_reply_bytes(document, STR(TIME), 0, &unused);
    /* The last without padding, the first with it, and one of any length. */
    size_t lengths[] = {natural + PADDING_BYTES, natural + PADDING_BYTES + 1, wanted};
    for (size_t i = 0; i < sizeof(lengths) / sizeof(lengths[0]); i++) {
        size_t padding;
        struct str reply = reply_to(document, body_bytes, lengths[i], &padding);
        check_reply(reply, asked, id, padding);
        mem_free_constant(reply.ptr);
    }
}

static void check_document(struct str body, const struct judged *asked,
                           const struct outline *outline, size_t wanted)
{
    struct echo_document document;
    struct error err = {""};
    bool taken = echo_decode(body, &document, &err);
    FUZZ_HOLDS(taken == is_document(asked->json, outline));
    if (taken)
        check_replies(&document, body.len, asked, outline->id, wanted);
    else
        check_sentence(&err);
}

int LLVMFuzzerTestOneInput(const unsigned char *bytes, size_t len)
{
    if (len < 2)
        return 0;
    struct buf unpacked;
    buf_init(&unpacked, BODY_MAX);
    runs_unpack((struct str){(const char *)bytes + 2, len - 2}, &unpacked);
    /* In memory that ends where the body ends. */
    char *copy = mem_resize(NULL, unpacked.len, 1);
    if (unpacked.len > 0)
        memcpy(copy, unpacked.ptr, unpacked.len);
    struct str body = {copy, unpacked.len};
    buf_fini(&unpacked);
    struct judged asked = judge(body, false);
    struct outline outline = {0};
    if (asked.json)
        outline = outline_of(body);
    check_reader(body, asked.json, outline.depth);
    check_document(body, &asked, &outline, (size_t)bytes[0] << 8 | bytes[1]);
    json_decref(asked.json);
    mem_free(copy);
    return 0;
}
