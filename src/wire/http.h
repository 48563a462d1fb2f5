/*
 * http: HTTP/1.1 message heads and bodies as pure functions on bytes (RFC 9112, RFC
 * 9110). No allocation, no copies: every str points into the bytes that were given, and
 * is valid as long as they are (the path of http://host is a constant "/"). Used by the
 * generator (responses) and by echo-c (requests).
 *
 * A head is parsed only when it is complete: http_head_length finds its end first, so a
 * caller keeps bytes until then. Bodies are fed in pieces of any size.
 */
#ifndef DRAGSTRIP_WIRE_HTTP_H
#define DRAGSTRIP_WIRE_HTTP_H

#include "base/str.h"

enum http_status {
    HTTP_OK,        /* complete */
    HTTP_PARTIAL,   /* more bytes are needed */
    HTTP_BAD,       /* not HTTP, or ambiguous framing: answer 400 and close */
    HTTP_TOO_LARGE, /* more than HTTP_HEADERS_MAX fields or a chunk size of 2^63 or more
                     */
    /* Of requests, which are framed well, but: */
    HTTP_OTHER_VERSION,      /* not HTTP/1: answer 505 (RFC 9110 15.6.6) */
    HTTP_UNKNOWN_CODING,     /* under the chunks: answer 501 (RFC 9112 6.1) */
    HTTP_UNKNOWN_EXPECTATION /* answer 417 (RFC 9110 10.1.1) */
};

enum http_framing {
    HTTP_NO_BODY,  /* also Content-Length: 0 */
    HTTP_LENGTH,   /* Content-Length */
    HTTP_CHUNKED,  /* Transfer-Encoding: chunked, the last coding */
    HTTP_UNTIL_EOF /* responses only, RFC 9112 6.3 rule 8 */
};

enum { HTTP_HEADERS_MAX = 100 };

struct http_request {
    struct str method;
    struct str target; /* as sent, with query */
    struct str path;   /* target up to '?'; of an absolute-form target its path */
    int minor;       /* HTTP/1.0 or, with all later ones of 1, HTTP/1.1 (RFC 9110 2.5) */
    bool framed;     /* a length or chunks were announced, if only of 0 bytes */
    bool keep_alive; /* by version and Connection (RFC 9112 9.3) */
    bool expect_continue;
    enum http_framing framing;
    uint64_t content_length; /* when framing is HTTP_LENGTH */
    /* Value of Accept (wire/accept.h), empty without one. Empty with several, too: they
     * would be one list (RFC 9110 5.3), and a part of it can say the opposite of all. */
    struct str accept;
};

struct http_response {
    int status; /* 100…599 */
    int minor;
    bool keep_alive; /* by version and Connection; HTTP_UNTIL_EOF ends it all the same */
    enum http_framing
        framing; /* by status alone; a HEAD answer is the caller's to know */
    uint64_t content_length;
};

/*
 * Length of the head including its empty line, 0 if it is not complete. `seen` is how
 * many bytes an earlier call with a shorter prefix had looked at, so that a head arriving
 * byte by byte costs linear time. Lines may end in a bare LF only for finding the end;
 * the parsers refuse it (RFC 9112 2.2 allows either; we are strict).
 */
size_t http_head_length(struct str bytes, size_t seen);

/*
 * head: exactly http_head_length bytes (empty lines before the request line are allowed,
 * RFC 9112 2.2). Strict: refuses white space before a colon, obs-fold, bare CR or LF, NUL
 * and control characters, a missing (HTTP/1.1), repeated or impossible Host, an
 * absolute-form target without one, a bad, repeated with other value, or overflowing
 * Content-Length, Content-Length together with Transfer-Encoding, transfer codings that
 * do not end with chunked or name it twice, Transfer-Encoding in HTTP/1.0, method that is
 * not a token. The last three of enum http_status are of requests that this service
 * cannot serve; what is ambiguous is HTTP_BAD before that.
 */
enum http_status http_parse_request(struct str head, struct http_request *out);

/* The same strictness, except that Host is not wanted; other versions and codings are
 * HTTP_BAD. 1xx, 204, 304: HTTP_NO_BODY. */
enum http_status http_parse_response(struct str head, struct http_response *out);

/* The value of the first field of this name in a head that has been parsed; "" without
 * one. For fields that the parsers do not look at. */
struct str http_field(struct str head, struct str name);

/* Position inside a body. Set by http_body_init, moved by http_body_feed. */
struct http_body {
    enum http_framing framing;
    int state;          /* of the chunk reader */
    uint64_t remaining; /* of the body or of the chunk */
    unsigned line;      /* bytes of the current chunk line, or of all trailers; bounded */
};

void http_body_init(struct http_body *body, enum http_framing framing, uint64_t length);

/*
 * Takes bytes of the body from the front of *in and sets *data to a view of payload among
 * them (may be empty). Returns HTTP_OK when the body is over (rest of *in belongs to the
 * next message), HTTP_PARTIAL when there is more to come: call again while *in is not
 * empty. HTTP_BAD: malformed chunk. UNTIL_EOF never ends by itself.
 */
enum http_status http_body_feed(struct http_body *body, struct str *in, struct str *data);

/* The usual reason phrase ("Not Found"), "Unknown" for others. */
const char *http_reason(int status);

#endif
