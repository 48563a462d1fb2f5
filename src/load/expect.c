#include "load/expect.h"

#include "base/mem.h"

/* "404" or "2xx"; false for anything else. */
static bool expect_one(bool statuses[EXPECT_STATUS_END], struct str item)
{
    uint64_t status;
    if (item.len != 3 || item.ptr[0] < '2' || item.ptr[0] > '5')
        return false; /* 1xx is never the answer */
    int hundreds = (item.ptr[0] - '0') * 100;
    if (item.ptr[1] == 'x' && item.ptr[2] == 'x') {
        for (int i = hundreds; i < hundreds + 100; i++)
            statuses[i] = true;
        return true;
    }
    if (!str_to_u64(item, &status))
        return false;
    statuses[status] = true;
    return true;
}

static bool read_statuses(const char *list, bool statuses[EXPECT_STATUS_END],
                          struct error *err)
{
    for (const char *at = list;; at++) {
        size_t len = strcspn(at, ",");
        if (!expect_one(statuses, (struct str){at, len}))
            return error_set(err, "'%s' is not a list of statuses; write 200,404 or 2xx",
                             list);
        at += len;
        if (!*at)
            return true;
    }
}

static bool read_masks(struct expect *expect, const struct expect_spec *spec,
                       struct error *err)
{
    if (spec->mask_count > JMASK_FIELDS_MAX)
        return error_set(err, "more than %d masked fields", JMASK_FIELDS_MAX);
    if (spec->mask_count > 0 && spec->body_count == 0)
        return error_set(err, "fields are masked, but no body is expected; name one with "
                              "--expect-body");
    for (int i = 0; i < spec->mask_count; i++) {
        if (spec->masks[i][0] == '\0')
            return error_set(err, "a masked field has no name");
        expect->mask.fields[expect->mask.count++] = spec->masks[i];
    }
    return true;
}

static bool is_digest(const char *text)
{
    return strspn(text, "0123456789abcdefABCDEF") == 64 && text[64] == '\0';
}

static bool read_body(struct expected_body *out, const struct expect_body *body,
                      const struct jmask *mask, struct error *err)
{
    buf_init(&out->bytes, EXPECT_BODY_MAX);
    if (body->sha256) {
        if (!is_digest(body->sha256))
            return error_set(err, "'%s' is not a SHA-256 of 64 hexadecimal digits",
                             body->sha256);
        for (int i = 0; i < 64; i++)
            out->digest[i] = (char)(body->sha256[i] | 0x20); /* lower case */
        return true;
    }
    if (mask->count == 0)
        buf_add(&out->bytes, body->bytes);
    else if (!jmask_write(mask, body->bytes, &out->bytes))
        return error_set(err,
                         "fields of the expected body are masked, but it is not JSON");
    return !out->bytes.overflow ||
           error_set(err, "an expected body is larger than %d MiB",
                     EXPECT_BODY_MAX >> 20);
}

static bool read_bodies(struct expect *expect, const struct expect_spec *spec,
                        int request_count, struct error *err)
{
    bool good = true;
    if (spec->body_count > 1 && spec->body_count != request_count)
        return error_set(err,
                         "expected bodies: %d, requests: %d; give one for all, or one "
                         "for each",
                         spec->body_count, request_count);
    expect->bodies = mem_new((size_t)spec->body_count, sizeof(*expect->bodies));
    for (int i = 0; good && i < spec->body_count; i++) {
        expect->body_count++;
        good = read_body(&expect->bodies[i], &spec->bodies[i], &expect->mask, err);
    }
    return good;
}

bool expect_init(struct expect *expect, const struct expect_spec *spec, int request_count,
                 struct error *err)
{
    *expect = (struct expect){.body_count = 0};
    bool good = read_statuses(spec->statuses ? spec->statuses : "2xx,3xx",
                              expect->statuses, err) &&
                read_masks(expect, spec, err) &&
                read_bodies(expect, spec, request_count, err);
    if (!good)
        expect_fini(expect);
    return good;
}

void expect_fini(struct expect *expect)
{
    for (int i = 0; i < expect->body_count; i++)
        buf_fini(&expect->bodies[i].bytes);
    mem_free(expect->bodies);
    *expect = (struct expect){.body_count = 0};
}

/* ---- an answer ---- */

/* NULL: any body is good. */
static const struct expected_body *body_for(const struct expect *expect, int request)
{
    if (expect->body_count == 0)
        return NULL;
    return &expect->bodies[expect->body_count == 1 ? 0 : request];
}

/* Whether the body can only be judged when all of it is there. */
static bool needs_whole(const struct expect *expect, const struct expected_body *body)
{
    return expect->mask.count > 0 || body->digest[0];
}

void expect_begin(const struct expect *expect, struct expect_check *check)
{
    check->differs = false;
    check->matched = 0;
    if (expect->body_count > 0 && check->received.max == 0)
        buf_init(&check->received, EXPECT_BODY_MAX);
    if (check->received.max > 0)
        buf_clear(&check->received);
}

void expect_check_fini(struct expect_check *check)
{
    buf_fini(&check->received);
    *check = (struct expect_check){.matched = 0};
}

static void compare(struct expect_check *check, const struct expected_body *body,
                    struct str data)
{
    size_t left = body->bytes.len - check->matched;
    check->differs = check->differs || data.len > left ||
                     (data.len > 0 &&
                      memcmp(data.ptr, body->bytes.ptr + check->matched, data.len) != 0);
    if (!check->differs)
        check->matched += data.len;
}

void expect_feed(const struct expect *expect, struct expect_check *check, int request,
                 struct str data)
{
    const struct expected_body *body = body_for(expect, request);
    if (!body)
        return;
    if (needs_whole(expect, body))
        buf_add(&check->received, data);
    else
        compare(check, body, data);
}

static bool is_whole_good(const struct expect *expect, const struct expect_check *check,
                          const struct expected_body *body, struct buf *scratch)
{
    char digest[DIGEST_HEX_BYTES];
    struct str received = buf_str(&check->received);
    if (check->received.overflow)
        return false;
    if (expect->mask.count > 0) {
        buf_clear(scratch);
        if (!jmask_write(&expect->mask, received, scratch) || scratch->overflow)
            return false;
        received = buf_str(scratch);
    }
    return body->digest[0] ? strcmp(digest_hex(received, digest), body->digest) == 0
                           : str_eq(received, buf_str(&body->bytes));
}

enum expect_verdict expect_judge(const struct expect *expect,
                                 const struct expect_check *check, int request,
                                 int status, struct buf *scratch)
{
    const struct expected_body *body = body_for(expect, request);
    if (!expect->statuses[status])
        return EXPECT_WRONG_STATUS;
    if (!body)
        return EXPECT_GOOD;
    bool good = needs_whole(expect, body)
                    ? is_whole_good(expect, check, body, scratch)
                    : !check->differs && check->matched == body->bytes.len;
    return good ? EXPECT_GOOD : EXPECT_WRONG_BODY;
}
