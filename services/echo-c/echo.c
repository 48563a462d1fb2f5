/*
 * The members may come in any order, once each; each bit of `seen` is a member. Unknown
 * members are validated and skipped. The reply's length is known before its first byte is
 * written, because Content-Length stands in front of it.
 */
#include "echo.h"

#include "base/mem.h"
#include "wire/jread.h"

#define TEXT_OF(x) #x
#define TEXT(x) TEXT_OF(x)
#ifdef __clang__
#define COMPILER                                                                         \
    "clang-" TEXT(__clang_major__) "." TEXT(__clang_minor__) "." TEXT(                   \
        __clang_patchlevel__)
#else
#define COMPILER                                                                         \
    "gcc-" TEXT(__GNUC__) "." TEXT(__GNUC_MINOR__) "." TEXT(__GNUC_PATCHLEVEL__)
#endif
#define NAME "c-echo/" COMPILER

#define REPLY_ID "{\"id\":"
#define REPLY_AGENT ",\"user_agent\":\""
#define REPLY_METADATA "\",\"metadata\":["
#define REPLY_TIME "],\"server_timestamp\":"
#define REPLY_NAME ",\"processed_by\":\"" NAME "\""
#define REPLY_PADDING ",\"padding\":\""
#define REPLY_END "}"

enum {
    REPLY_FIXED_BYTES =
        sizeof(REPLY_ID REPLY_AGENT REPLY_METADATA REPLY_TIME REPLY_NAME REPLY_END) - 1,
    PADDING_FIXED_BYTES = sizeof(REPLY_PADDING "\"") - 1
};

enum member { MEMBER_ID = 1, MEMBER_AGENT = 2, MEMBER_METADATA = 4, MEMBER_UNKNOWN = 8 };

struct str echo_name(void)
{
    return STR(NAME);
}

void echo_reader_fini(struct echo_reader *reader)
{
    mem_free(reader->strings);
    *reader = (struct echo_reader){0};
}

static const char *member_name(enum member member)
{
    switch (member) {
    case MEMBER_ID:
        return "id";
    case MEMBER_AGENT:
        return "user_agent";
    case MEMBER_METADATA:
        return "metadata";
    case MEMBER_UNKNOWN:
        break;
    }
    return "member";
}

static enum member member_of(struct str raw)
{
    if (jread_raw_equals(raw, STR("id")))
        return MEMBER_ID;
    if (jread_raw_equals(raw, STR("user_agent")))
        return MEMBER_AGENT;
    if (jread_raw_equals(raw, STR("metadata")))
        return MEMBER_METADATA;
    return MEMBER_UNKNOWN;
}

static void add_string(struct echo_reader *reader, struct echo_document *document,
                       struct str text)
{
    size_t count = document->metadata_count++;
    if (count == reader->capacity) {
        reader->capacity = count ? 2 * count : 64;
        reader->strings = mem_resize(reader->strings, reader->capacity, sizeof(text));
    }
    reader->strings[count] = text;
    document->metadata_bytes += text.len + 2 + (count > 0);
}

static bool read_metadata(struct echo_reader *reader, struct jread *json,
                          struct echo_document *document)
{
    struct str text;
    bool first = true;
    if (!jread_enter(json, '['))
        return false;
    const char *begin = json->at;
    while (jread_next(json, ']', &first)) {
        if (!jread_string(json, &text))
            return false;
        add_string(reader, document, text);
    }
    document->metadata = reader->strings;
    if (json->error)
        return false;
    document->metadata_raw = (struct str){begin, (size_t)(json->at - 1 - begin)};
    return true;
}

static bool read_value(struct echo_reader *reader, struct jread *json, enum member member,
                       struct echo_document *document)
{
    switch (member) {
    case MEMBER_ID:
        return jread_u64(json, &document->id);
    case MEMBER_AGENT:
        return jread_string(json, &document->user_agent);
    case MEMBER_METADATA:
        return read_metadata(reader, json, document);
    case MEMBER_UNKNOWN:
        break;
    }
    return jread_skip(json);
}

static bool fail(const struct jread *json, enum member member, struct error *err)
{
    size_t at = (size_t)(json->at - json->start);
    if (member == MEMBER_UNKNOWN)
        return error_set(err, "%s at byte %zu", json->error, at);
    return error_set(err, "%s: %s at byte %zu", member_name(member), json->error, at);
}

static bool check_complete(unsigned seen, struct error *err)
{
    for (enum member member = MEMBER_ID; member < MEMBER_UNKNOWN; member *= 2) {
        if (!(seen & member))
            return error_set(err, "%s is missing", member_name(member));
    }
    return true;
}

bool echo_decode(struct echo_reader *reader, struct str body, struct echo_document *out,
                 struct error *err)
{
    struct jread json;
    struct str name;
    struct echo_document document = {0};
    enum member member = MEMBER_UNKNOWN;
    unsigned seen = 0;
    bool first = true;
    jread_init(&json, body);
    if (!jread_enter(&json, '{'))
        return fail(&json, member, err);
    while (jread_next(&json, '}', &first)) {
        if (!jread_name(&json, &name))
            return fail(&json, MEMBER_UNKNOWN, err);
        member = member_of(name);
        if (member != MEMBER_UNKNOWN && (seen & member))
            return error_set(err, "%s is there twice, again at byte %zu",
                             member_name(member), (size_t)(name.ptr - body.ptr) - 1);
        seen |= member;
        if (!read_value(reader, &json, member, &document))
            return fail(&json, member, err);
    }
    if (!jread_end(&json))
        return fail(&json, MEMBER_UNKNOWN, err);
    if (!check_complete(seen, err))
        return false;
    *out = document;
    return true;
}

size_t echo_reply_bytes(const struct echo_document *document, struct str time,
                        size_t wanted, size_t *padding)
{
    char digits[OUT_U64_DIGITS];
    size_t natural = REPLY_FIXED_BYTES + out_u64(document->id, digits).len +
                     document->user_agent.len + document->metadata_bytes + time.len;
    *padding = 0;
    if (natural + PADDING_FIXED_BYTES >= wanted)
        return natural;
    *padding = wanted - natural - PADDING_FIXED_BYTES;
    return wanted;
}

size_t echo_reply_bound(size_t body_bytes, size_t wanted)
{
    size_t natural = REPLY_FIXED_BYTES + 2 * OUT_U64_DIGITS + body_bytes;
    return natural > wanted ? natural : wanted;
}

/* Without white space between them the strings are there already as they are to be
 * written: one copy instead of three for each, some 2 % of a request of 1 KB. */
static void put_metadata(struct out *out, const struct echo_document *document)
{
    if (document->metadata_raw.len == document->metadata_bytes) {
        out_put(out, document->metadata_raw);
        return;
    }
    for (size_t i = 0; i < document->metadata_count; i++) {
        out_put(out, i > 0 ? STR(",\"") : STR("\""));
        out_put(out, document->metadata[i]);
        out_put(out, STR("\""));
    }
}

void echo_reply(struct out *out, const struct echo_document *document, struct str time,
                size_t padding)
{
    char digits[OUT_U64_DIGITS];
    out_put(out, STR(REPLY_ID));
    out_put(out, out_u64(document->id, digits));
    out_put(out, STR(REPLY_AGENT));
    out_put(out, document->user_agent);
    out_put(out, STR(REPLY_METADATA));
    put_metadata(out, document);
    out_put(out, STR(REPLY_TIME));
    out_put(out, time);
    out_put(out, STR(REPLY_NAME));
    if (padding > 0) {
        out_put(out, STR(REPLY_PADDING));
        out_fill(out, 'x', padding);
        out_put(out, STR("\""));
    }
    out_put(out, STR(REPLY_END));
}
