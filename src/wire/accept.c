/*
 * A list of ranges, each read whole before it counts, so that one byte out of place is
 * seen wherever it stands. The list cannot be cut at its commas first: they may be
 * quoted.
 */
#include "wire/accept.h"

#include "wire/chars.h"

struct range {
    int exactness; /* 0: does not fit the media type */
    int weight;
    bool weighed;
};

/* A parameter that fits counts less than a step from any to all types, to one type. */
enum { ANY_TYPE = 4, ANY_SUBTYPE = 8, ONE_TYPE = 12 };

static void skip_blanks(struct str *rest)
{
    while (rest->len > 0 && (rest->ptr[0] == ' ' || rest->ptr[0] == '\t')) {
        rest->ptr++;
        rest->len--;
    }
}

static void take_bytes(struct str *rest, size_t count, struct str *taken)
{
    *taken = (struct str){rest->ptr, count};
    rest->ptr += count;
    rest->len -= count;
}

static bool take_char(struct str *rest, char c)
{
    struct str ignored;
    if (rest->len == 0 || rest->ptr[0] != c)
        return false;
    take_bytes(rest, 1, &ignored);
    return true;
}

static bool take_token(struct str *rest, struct str *token)
{
    size_t count = 0;
    while (count < rest->len && chars_is_token(rest->ptr[count]))
        count++;
    take_bytes(rest, count, token);
    return count > 0;
}

/* A quoted-string (RFC 9110 5.6.4), quotes and all. */
static bool take_quoted(struct str *rest, struct str *quoted)
{
    for (size_t i = 1; i < rest->len; i++) {
        if (rest->ptr[i] == '"') {
            take_bytes(rest, i + 1, quoted);
            return true;
        }
        if (rest->ptr[i] == '\\' && ++i == rest->len)
            return false;
        if (chars_is_control(rest->ptr[i]))
            return false;
    }
    return false;
}

static bool take_value(struct str *rest, struct str *value)
{
    bool quoted = rest->len > 0 && rest->ptr[0] == '"';
    return quoted ? take_quoted(rest, value) : take_token(rest, value);
}

/* Whether a token, or what a quoted-string stands for, is this; case does not matter. */
static bool stands_for(struct str value, struct str text)
{
    if (value.ptr[0] != '"')
        return str_eq_nocase(value, text);
    size_t at = 0;
    for (size_t i = 1; i + 1 < value.len; i++, at++) {
        i += value.ptr[i] == '\\';
        if (at == text.len || !str_eq_nocase((struct str){value.ptr + i, 1},
                                             (struct str){text.ptr + at, 1}))
            return false;
    }
    return at == text.len;
}

/* qvalue of RFC 9110 12.4.2: 0 to 1 with up to three decimals. */
static bool read_weight(struct str value, int *weight)
{
    int sum = 0, unit = ACCEPT_WEIGHT_MAX;
    if (value.len > 5 || (value.len > 1 && value.ptr[1] != '.'))
        return false;
    for (size_t i = 0; i < value.len; i += i == 0 ? 2 : 1, unit /= 10) {
        if (value.ptr[i] < '0' || value.ptr[i] > '9')
            return false;
        sum += (value.ptr[i] - '0') * unit;
    }
    *weight = sum;
    return sum <= ACCEPT_WEIGHT_MAX;
}

static bool read_parameter(struct str name, struct str value,
                           const struct accept_media *media, struct range *range)
{
    bool version = str_eq_nocase(name, STR("version"));
    if (str_eq_nocase(name, STR("q"))) {
        bool again = range->weighed;
        range->weighed = true;
        return !again && read_weight(value, &range->weight);
    }
    if (version || str_eq_nocase(name, STR("charset"))) {
        bool same = stands_for(value, version ? media->version : media->charset);
        range->exactness = same && range->exactness > 0 ? range->exactness + 1 : 0;
    }
    return true;
}

/* *( OWS ";" OWS [ parameter ] ): a weight may stand anywhere among them. */
static bool take_parameters(struct str *rest, const struct accept_media *media,
                            struct range *range)
{
    struct str name, value;
    for (;;) {
        skip_blanks(rest);
        if (!take_char(rest, ';'))
            return true;
        skip_blanks(rest);
        if (!take_token(rest, &name))
            continue;
        if (!take_char(rest, '=') || !take_value(rest, &value) ||
            !read_parameter(name, value, media, range))
            return false;
    }
}

static int exactness_of(struct str type, struct str subtype,
                        const struct accept_media *media)
{
    if (str_eq(type, STR("*")) && str_eq(subtype, STR("*")))
        return ANY_TYPE;
    if (!str_eq_nocase(type, media->type))
        return 0;
    if (str_eq(subtype, STR("*")))
        return ANY_SUBTYPE;
    return str_eq_nocase(subtype, media->subtype) ? ONE_TYPE : 0;
}

static bool take_range(struct str *rest, const struct accept_media *media,
                       struct range *range)
{
    struct str type, subtype;
    if (!take_token(rest, &type) || !take_char(rest, '/') || !take_token(rest, &subtype))
        return false;
    *range = (struct range){exactness_of(type, subtype, media), ACCEPT_WEIGHT_MAX, false};
    return take_parameters(rest, media, range);
}

static bool is_better(const struct range *range, const struct range *than)
{
    if (range->exactness != than->exactness)
        return range->exactness > than->exactness;
    return range->weight > than->weight;
}

int accept_weight(struct str value, const struct accept_media *media)
{
    struct range best = {0};
    for (skip_blanks(&value); value.len > 0; skip_blanks(&value)) {
        struct range range;
        if (take_char(&value, ',')) /* elements may be empty (RFC 9110 5.6.1.2) */
            continue;
        if (!take_range(&value, media, &range) || (value.len > 0 && value.ptr[0] != ','))
            return ACCEPT_MALFORMED;
        if (range.exactness > 0 && is_better(&range, &best))
            best = range;
    }
    return best.weight;
}

bool accept_prefers_openmetrics(struct str value)
{
    const struct accept_media text = {STR("text"), STR("plain"), STR("0.0.4"),
                                      STR("utf-8")};
    const struct accept_media openmetrics = {STR("application"), STR("openmetrics-text"),
                                             STR("1.0.0"), STR("utf-8")};
    return accept_weight(value, &openmetrics) > accept_weight(value, &text);
}
