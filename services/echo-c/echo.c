/*
 * The members may come in any order, once each; each bit of `seen` is a member. Unknown
 * members are validated and skipped. The reply's length is known before its first byte is
 * written, because Content-Length stands in front of it.
 */
#include "echo.h"

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

static bool read_id(struct jread *json, struct echo_document *document)
{
    if (jread_peek(json) != JREAD_NUMBER)
        return jread_u64(json, &document->id);
    const char *begin = json->at;
    bool good = jread_u64(json, &document->id);
    document->id_digits = (struct str){begin, (size_t)(json->at - begin)};
    return good;
}

static bool read_value(struct jread *json, enum member member,
                       struct echo_document *document)
{
    switch (member) {
    case MEMBER_ID:
        return read_id(json, document);
    case MEMBER_AGENT:
        return jread_string(json, &document->user_agent);
    case MEMBER_METADATA:
        return jread_strings(json, &document->metadata_raw, &document->metadata_bytes);
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

/* `end` is where the object ended without the member. */
static bool check_complete(unsigned seen, size_t end, struct error *err)
{
    for (enum member member = MEMBER_ID; member < MEMBER_UNKNOWN; member *= 2) {
        if (!(seen & member))
            return error_set(err, "%s is missing at byte %zu, where the object ends",
                             member_name(member), end);
    }
    return true;
}

bool echo_decode(struct str body, struct echo_document *out, struct error *err)
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
        if (!read_value(&json, member, &document))
            return fail(&json, member, err);
    }
    size_t close = (size_t)(json.at - json.start) - 1;
    if (!jread_end(&json))
        return fail(&json, MEMBER_UNKNOWN, err);
    if (!check_complete(seen, close, err))
        return false;
    *out = document;
    return true;
}

size_t echo_reply_bytes(const struct echo_document *document, struct str time,
                        size_t wanted, size_t *padding)
{
    size_t natural = REPLY_FIXED_BYTES + document->id_digits.len +
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
 * written. */
static void put_metadata(struct out *out, const struct echo_document *document)
{
    struct jread json;
    struct str text;
    bool first = true;
    size_t before = out->len;
    if (document->metadata_raw.len == document->metadata_bytes) {
        out_put(out, document->metadata_raw);
        return;
    }
    jread_init(&json, document->metadata_raw);
    while (jread_next(&json, ']', &first) && jread_string(&json, &text)) {
        out_put(out, out->len > before ? STR(",\"") : STR("\""));
        out_put(out, text);
        out_put(out, STR("\""));
    }
}

void echo_reply(struct out *out, const struct echo_document *document, struct str time,
                size_t padding)
{
    out_put(out, STR(REPLY_ID));
    out_put(out, document->id_digits);
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
