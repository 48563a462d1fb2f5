#include "run/fetch.h"

#include <errno.h>
#include <stdio.h>

#include "base/clock.h"
#include "sys/stream.h"
#include "wire/http.h"

enum { HEAD_MAX = 65536, PIECE = 16384 };

struct reply {
    struct buf head;  /* until the head is complete */
    bool head_method; /* it has no body, whatever its head says */
    bool in_body;
    bool over;
    struct fetched fetched;
    struct http_response response;
    struct http_body body;
};

static void keep_field(struct str head, const char *name, char out[FETCH_FIELD_BYTES])
{
    struct str value = http_field(head, str_of(name));
    snprintf(out, FETCH_FIELD_BYTES, "%.*s", (int)value.len, value.ptr);
}

static void keep_head(struct reply *reply, struct str head)
{
    reply->fetched.status = reply->response.status;
    keep_field(head, "Content-Type", reply->fetched.media_type);
    keep_field(head, "Content-Encoding", reply->fetched.encoding);
    keep_field(head, "Location", reply->fetched.location);
}

/* Whether the head is complete; if so, *rest is what follows it. Interim answers (1xx)
 * are passed over. HTTP_BAD also when it is too long. */
static enum http_status take_head(struct reply *reply, struct str in, struct str *rest)
{
    buf_add(&reply->head, in);
    for (;;) {
        struct str all = buf_str(&reply->head);
        size_t len = http_head_length(all, 0);
        if (len == 0)
            return all.len > HEAD_MAX ? HTTP_BAD : HTTP_PARTIAL;
        if (http_parse_response((struct str){all.ptr, len}, &reply->response) != HTTP_OK)
            return HTTP_BAD;
        if (reply->response.status >= 200) {
            keep_head(reply, (struct str){all.ptr, len});
            *rest = (struct str){all.ptr + len, all.len - len};
            return HTTP_OK;
        }
        buf_consume(&reply->head, len);
    }
}

/* False: not HTTP. */
static bool take(struct reply *reply, struct str in, struct buf *out)
{
    struct str data, rest = in;
    enum http_status status = HTTP_OK;
    if (!reply->in_body) {
        status = take_head(reply, in, &rest);
        if (status != HTTP_OK)
            return status == HTTP_PARTIAL;
        http_body_init(&reply->body, reply->response.framing,
                       reply->response.content_length);
        reply->in_body = true;
        reply->over = reply->head_method;
        if (reply->over)
            return true;
    }
    do {
        status = http_body_feed(&reply->body, &rest, &data);
        if (out)
            buf_add(out, data);
    } while (status == HTTP_PARTIAL && rest.len > 0);
    reply->over = status == HTTP_OK;
    return status == HTTP_OK || status == HTTP_PARTIAL;
}

static bool receive(struct stream *stream, struct reply *reply, int64_t until_ns,
                    struct buf *body, struct error *err)
{
    char piece[PIECE];
    while (!reply->over) {
        ssize_t n = stream_recv_until(stream, piece, sizeof(piece), until_ns);
        if (n < 0)
            return error_set(err, "no answer: %s", strerror(errno));
        if (n == 0 && reply->in_body && reply->response.framing == HTTP_UNTIL_EOF)
            break;
        if (n == 0)
            return error_set(err, "the connection was closed before the answer was over");
        if (!take(reply, (struct str){piece, (size_t)n}, body))
            return error_set(err, "the answer is not HTTP");
        if (body && body->overflow)
            return error_set(err, "the answer is longer than %zu bytes", body->max);
    }
    return true;
}

/* Over an open stream. */
static bool ask(struct stream *stream, struct str request, int64_t until_ns,
                struct reply *reply, struct buf *body, struct error *err)
{
    /* We close, with a reset: who closes first keeps the port in TIME_WAIT, and a service
     * without SO_REUSEADDR could not be started on it again. */
    sock_reset_on_close(stream->fd);
    return stream_send_all(stream, request, until_ns)
               ? receive(stream, reply, until_ns, body, err)
               : error_set(err, "cannot send: %s", strerror(errno));
}

/* Each address in turn has its share of the time that is left. */
static bool connect_any(struct stream *stream, const struct target *target,
                        struct tls_memory *memory, int64_t until_ns, struct error *err)
{
    for (int i = 0; i < target->address_count; i++) {
        int64_t now_ns = clock_now_ns();
        int64_t share_ns = (until_ns - now_ns) / (target->address_count - i);
        if (stream_connect(stream, &target->addresses[i], target->tls, memory,
                           now_ns + share_ns, err))
            return true;
    }
    return false;
}

bool fetch_exchange(const struct target *target, struct str request, bool head_method,
                    int64_t timeout_ns, struct fetched *out, struct buf *body,
                    struct error *err)
{
    struct reply reply = {.head_method = head_method};
    struct stream stream;
    struct tls_memory memory = {.session = NULL};
    int64_t until_ns = clock_now_ns() + timeout_ns;
    if (!connect_any(&stream, target, &memory, until_ns, err))
        return false;
    buf_init(&reply.head, HEAD_MAX + PIECE); /* body bytes may come with its end */
    bool good = ask(&stream, request, until_ns, &reply, body, err);
    if (good)
        *out = reply.fetched;
    stream_close(&stream);
    tls_memory_fini(&memory);
    buf_fini(&reply.head);
    return good;
}

bool fetch(const struct target *target, const char *path, int64_t timeout_ns,
           struct fetched *out, struct buf *body, struct error *err)
{
    struct buf request;
    buf_init(&request, HEAD_MAX);
    buf_format(&request, "GET %s HTTP/1.1\r\nHost: ", path);
    buf_add(&request, target->url.host);
    buf_add_text(&request, "\r\n\r\n");
    bool good =
        fetch_exchange(target, buf_str(&request), false, timeout_ns, out, body, err);
    buf_fini(&request);
    return good;
}
