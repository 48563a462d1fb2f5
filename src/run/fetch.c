#include "run/fetch.h"

#include <errno.h>

#include "base/clock.h"
#include "sys/fd.h"
#include "wire/http.h"

enum { HEAD_MAX = 65536, PIECE = 16384 };

struct reply {
    struct buf head; /* until the head is complete */
    bool in_body;
    bool over;
    struct http_response response;
    struct http_body body;
};

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
    }
    do {
        status = http_body_feed(&reply->body, &rest, &data);
        if (out)
            buf_add(out, data);
    } while (status == HTTP_PARTIAL && rest.len > 0);
    reply->over = status == HTTP_OK;
    return status == HTTP_OK || status == HTTP_PARTIAL;
}

static bool receive(int fd, struct reply *reply, int64_t until_ns, struct buf *body,
                    struct error *err)
{
    char piece[PIECE];
    while (!reply->over) {
        ssize_t n = sock_recv_until(fd, piece, sizeof(piece), until_ns);
        if (n < 0)
            return error_set(err, "no answer: %s", strerror(errno));
        if (n == 0 && reply->in_body && reply->response.framing == HTTP_UNTIL_EOF)
            break;
        if (n == 0)
            return error_set(err, "the connection was closed before the answer was over");
        if (!take(reply, (struct str){piece, (size_t)n}, body))
            return error_set(err, "the answer is not HTTP");
    }
    return true;
}

bool fetch(const struct sock_address *address, const char *host, const char *path,
           int64_t timeout_ns, int *status, struct buf *body, struct error *err)
{
    struct reply reply = {.over = false};
    struct buf request;
    int64_t until_ns = clock_now_ns() + timeout_ns;
    int fd = sock_connect_blocking(address, timeout_ns, err);
    if (fd < 0)
        return false;
    buf_init(&request, HEAD_MAX);
    buf_init(&reply.head, HEAD_MAX + PIECE); /* body bytes may come with its end */
    /* We close, with a reset: who closes first keeps the port in TIME_WAIT, and a service
     * without SO_REUSEADDR could not be started on it again. */
    buf_format(&request, "GET %s HTTP/1.1\r\nHost: %s\r\n\r\n", path, host);
    sock_reset_on_close(fd);
    bool good = sock_send(fd, buf_str(&request)) == (ssize_t)request.len
                    ? receive(fd, &reply, until_ns, body, err)
                    : error_set(err, "cannot send: %s", strerror(errno));
    if (good)
        *status = reply.response.status;
    fd_close(fd);
    buf_fini(&request);
    buf_fini(&reply.head);
    return good;
}
