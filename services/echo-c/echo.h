/*
 * echo: the document in, the reply out. Strings are passed through as the validated bytes
 * that came: views of the request, copied once, into the output buffer.
 */
#ifndef ECHO_ECHO_H
#define ECHO_ECHO_H

#include "base/error.h"
#include "out.h"

/* Views of the body. */
struct echo_document {
    uint64_t id;
    struct str id_digits;    /* the same as it was sent: there is only one way */
    struct str user_agent;   /* raw, between its quotes */
    struct str metadata_raw; /* strings as they were sent, without the brackets */
    size_t metadata_bytes;   /* of that, without the white space between strings */
};

/* False: a sentence that says what is wrong and where, without text of the body. */
bool echo_decode(struct str body, struct echo_document *out, struct error *err);

/* Length of the reply for an answer of wanted bytes (--response-bytes), and of its
 * padding: 0 when there is none. `time` is the digits of server_timestamp. */
size_t echo_reply_bytes(const struct echo_document *document, struct str time,
                        size_t wanted, size_t *padding);

/* Writes exactly that. */
void echo_reply(struct out *out, const struct echo_document *document, struct str time,
                size_t padding);

/* Upper bound of echo_reply_bytes for a body of this length. */
size_t echo_reply_bound(size_t body_bytes, size_t wanted);

/* "c-echo/gcc-12.2.0" */
struct str echo_name(void);

#endif
