/*
 * expect: which answers are good: their status, and their body where one is expected,
 * byte for byte or by its SHA-256, with the values of masked JSON fields left out.
 */
#ifndef DRAGSTRIP_LOAD_EXPECT_H
#define DRAGSTRIP_LOAD_EXPECT_H

#include "base/buf.h"
#include "base/error.h"
#include "sys/digest.h"
#include "wire/jmask.h"

enum { EXPECT_STATUS_END = 600, EXPECT_BODY_MAX = 16 << 20 };

struct expect_body { /* one of the two */
    struct str bytes;
    const char *sha256; /* 64 hexadecimal digits, of the body (masked, if anything is) */
};

struct expect_spec {
    const char *statuses; /* "200,404", "2xx,304"; NULL: 2xx and 3xx */
    /* None, one for all requests, or one for each request's body in their order. */
    const struct expect_body *bodies;
    int body_count;
    const char *const *masks; /* jmask.h */
    int mask_count;
};

struct expect {
    bool statuses[EXPECT_STATUS_END];
    struct expected_body {
        struct buf bytes;              /* masked */
        char digest[DIGEST_HEX_BYTES]; /* "" when the bytes are known */
    } * bodies;
    int body_count;
    struct jmask mask; /* views of the spec's texts, which must live as long */
};

/* request_count: how many different requests there are. */
bool expect_init(struct expect *expect, const struct expect_spec *spec, int request_count,
                 struct error *err);
void expect_fini(struct expect *expect);

/* An answer that is coming in. Zeroed at first; kept for the next answer of its
 * connection, so that nothing is allocated in the steady state. */
struct expect_check {
    bool differs;
    size_t matched;      /* bytes that are as expected so far */
    struct buf received; /* only where the whole body is needed at once */
};

void expect_begin(const struct expect *expect, struct expect_check *check);
void expect_feed(const struct expect *expect, struct expect_check *check, int request,
                 struct str data);
void expect_check_fini(struct expect_check *check);

enum expect_verdict { EXPECT_GOOD, EXPECT_WRONG_STATUS, EXPECT_WRONG_BODY };

/* scratch is emptied and used. */
enum expect_verdict expect_judge(const struct expect *expect,
                                 const struct expect_check *check, int request,
                                 int status, struct buf *scratch);

#endif
