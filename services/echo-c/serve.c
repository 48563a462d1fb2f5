#include "serve.h"

#include <assert.h>

#include "frame.h"
#include "wire/jread.h"

void serve_init(struct serve *serve, const struct serve_settings *settings)
{
    *serve = (struct serve){.settings = settings};
    buf_init(&serve->page, METRICS_PAGE_MAX_BYTES);
}

void serve_fini(struct serve *serve)
{
    buf_fini(&serve->page);
}

size_t serve_room(const struct serve_settings *settings)
{
    size_t reply = echo_reply_bound(FRAME_BODY_MAX_BYTES, settings->response_bytes);
    return ANSWER_HEAD_MAX_BYTES +
           (reply > METRICS_PAGE_MAX_BYTES ? reply : METRICS_PAGE_MAX_BYTES);
}

/* What all answers to one request have in common. */
struct reply {
    struct serve *serve;
    struct out *out;
    enum answer_life life;
    bool head_only; /* HEAD: the length is said, the body is not sent */
};

static int put(const struct reply *reply, struct answer answer, struct str body)
{
    answer.life = reply->life;
    answer_head(reply->out, &reply->serve->stamp, &answer, body.len);
    if (!reply->head_only)
        out_put(reply->out, body);
    return answer.status;
}

/* {"error":"<what and where>"} */
static int put_error(const struct reply *reply, int status, const char *allow,
                     struct str why)
{
    char body[ANSWER_HEAD_MAX_BYTES] = "{\"error\":";
    size_t len = strlen(body);
    size_t text = jread_write_string(body + len, sizeof(body) - len - 1, why);
    assert(text > 0);
    len += text;
    body[len++] = '}';
    struct answer answer = {.status = status, .type = ANSWER_JSON, .allow = allow};
    return put(reply, answer, (struct str){body, len});
}

static int answer_echo(const struct reply *reply, struct str body)
{
    struct serve *serve = reply->serve;
    struct str time = {serve->stamp.digits, serve->stamp.digits_len};
    struct echo_document document;
    struct error err;
    size_t padding;
    if (!echo_decode(body, &document, &err))
        return put_error(reply, 400, NULL, str_of(err.text));
    size_t wanted = serve->settings->response_bytes;
    size_t length = echo_reply_bytes(&document, time, wanted, &padding);
    struct answer answer = {.status = 200, .type = ANSWER_JSON, .life = reply->life};
    answer_head(reply->out, &serve->stamp, &answer, length);
    size_t before = reply->out->len;
    echo_reply(reply->out, &document, time, padding);
    assert(reply->out->len - before == length);
    return 200;
}

static int answer_metrics(const struct reply *reply, struct str accept)
{
    struct serve *serve = reply->serve;
    enum metrics_format format = metrics_format_for(accept);
    struct str type = format == METRICS_OPENMETRICS ? ANSWER_OPENMETRICS : ANSWER_PAGE;
    buf_clear(&serve->page);
    metrics_page(&serve->page, format, &serve->settings->process);
    assert(!serve->page.overflow);
    return put(reply, (struct answer){.status = 200, .type = type},
               buf_str(&serve->page));
}

static int answer_health(const struct reply *reply)
{
    bool down = reply->serve->draining;
    return put(reply, (struct answer){.status = down ? 503 : 200, .type = ANSWER_TEXT},
               down ? STR("draining") : STR("ok"));
}

/* RFC 9110 9.3.7: OPTIONS * asks what the server as a whole can. */
static int answer_options(const struct reply *reply)
{
    struct answer answer = {
        .status = 200, .type = ANSWER_TEXT, .allow = route_allow_any()};
    return put(reply, answer, STR(""));
}

static int answer_route(const struct reply *reply, enum route route, enum method method,
                        const struct http_request *request, struct str body)
{
    if (method == METHOD_OPTIONS && str_eq(request->target, STR("*")))
        return answer_options(reply);
    if (route == ROUTE_OTHER)
        return put_error(reply, 404, NULL,
                         STR("no such path: there are /echo, /metrics and /healthz"));
    if (!route_allows(route, method))
        return put_error(reply, 405, route_allow(route),
                         STR("this path has no such method: see Allow"));
    if (route == ROUTE_ECHO && !request->framed)
        return put_error(reply, 411, NULL,
                         STR("a document needs Content-Length, or chunks"));
    if (route == ROUTE_ECHO)
        return answer_echo(reply, body);
    return route == ROUTE_METRICS ? answer_metrics(reply, request->accept)
                                  : answer_health(reply);
}

void serve_request(struct serve *serve, const struct http_request *request,
                   struct str body, enum answer_life life, struct out *out,
                   struct metrics_record *record)
{
    record->method = route_method(request->method);
    record->route = route_of(request->path);
    struct reply reply = {serve, out, life, record->method == METHOD_HEAD};
    record->status = answer_route(&reply, record->route, record->method, request, body);
}

static struct str refusal_text(int status)
{
    switch (status) {
    case 408:
        return STR("the request did not come whole within 5 s");
    case 413:
        return STR("the body is longer than 1048576 bytes");
    case 414:
        return STR("the target is longer than 8192 bytes");
    case 417:
        return STR("nothing but 100-continue can be expected here");
    case 431:
        return STR("the head is longer than 65536 bytes or has more than 100 fields");
    case 501:
        return STR("no transfer coding but chunked is known here");
    case 505:
        return STR("this service speaks HTTP/1.0 and HTTP/1.1");
    default:
        return STR("the head or the chunks are no HTTP/1.1, or ambiguous");
    }
}

void serve_refusal(struct serve *serve, int status, const struct http_request *request,
                   struct out *out, struct metrics_record *record)
{
    record->method = request ? route_method(request->method) : METHOD_OTHER;
    record->route = request ? route_of(request->path) : ROUTE_OTHER;
    struct reply reply = {serve, out, ANSWER_CLOSE, record->method == METHOD_HEAD};
    record->status = put_error(&reply, status, NULL, refusal_text(status));
}
