/* Answers to whole requests by path and method, and refusals: status, fields, body, and
 * what the metrics are told. */
#include "serve.h"

#include <jansson.h>

#include "frame.h"
#include "guard.h"
#include "tap.h"

#define COUNT(table) (sizeof(table) / sizeof((table)[0]))
#define DOCUMENT "{\"id\":1,\"user_agent\":\"u\",\"metadata\":[]}"

static struct metrics counters;
static const struct metrics *const loops[] = {&counters};
static struct serve_settings settings = {.process = {.loops = loops, .loop_count = 1}};
static struct serve serve;
static struct guard guard;

/* An answer, cut at its empty line. Both end with NUL. */
static struct {
    char head[ANSWER_HEAD_MAX_BYTES + 1];
    char *body;
    size_t body_len;
    struct metrics_record record;
} got;

/* The answer is written against the guarded end of exactly the room that is asked for. */
static struct out begin_answer(void)
{
    size_t room = serve_room(&settings);
    got.record = (struct metrics_record){.status = -1};
    return (struct out){guard_room(&guard, GUARD_BEHIND, room), 0, room};
}

static void end_answer(const struct out *out)
{
    struct str bytes = {out->ptr, out->len};
    size_t head = http_head_length(bytes, 0);
    memcpy(got.head, out->ptr, head);
    got.head[head] = '\0';
    got.body = out->ptr + head;
    got.body_len = out->len - head;
    got.body[got.body_len] = '\0';
}

static struct http_request parsed(const char *method, const char *path,
                                  const char *fields)
{
    static char head[512];
    struct http_request request = {.minor = -1};
    int len = snprintf(head, sizeof(head), "%s %s HTTP/1.1\r\nHost: a\r\n%s\r\n", method,
                       path, fields);
    TAP_INT(http_parse_request((struct str){head, (size_t)len}, &request), HTTP_OK,
            guard_shown((struct str){head, (size_t)len}));
    return request;
}

static void ask(const char *method, const char *path, const char *fields,
                const char *body, enum answer_life life)
{
    struct http_request request = parsed(method, path, fields);
    struct out out = begin_answer();
    serve_request(&serve, &request, str_of(body), life, &out, &got.record);
    end_answer(&out);
}

static bool has(const char *line)
{
    return strstr(got.head, line) != NULL;
}

static long said_length(void)
{
    long length = -1;
    const char *at = strstr(got.head, "\r\nContent-Length: ");
    if (at)
        sscanf(at + 2, "Content-Length: %ld", &length);
    return length;
}

/* {"error": some text} and nothing else. */
static bool is_error(void)
{
    json_t *json = json_loadb(got.body, got.body_len, JSON_REJECT_DUPLICATES, NULL);
    const char *why = json_string_value(json_object_get(json, "error"));
    bool good = json_object_size(json) == 1 && why && strlen(why) > 5;
    json_decref(json);
    return good;
}

static const struct {
    const char *method, *path, *fields, *body;
    int status;
    const char *allow; /* NULL: none */
    enum method counted;
    enum route route;
} rows[] = {
    {"POST", "/echo", "Content-Length: 39\r\n", DOCUMENT, 200, NULL, METHOD_POST,
     ROUTE_ECHO},
    {"POST", "/echo?x=1", "Content-Length: 39\r\n", DOCUMENT, 200, NULL, METHOD_POST,
     ROUTE_ECHO},
    {"POST", "/echo", "Transfer-Encoding: chunked\r\n", DOCUMENT, 200, NULL, METHOD_POST,
     ROUTE_ECHO},
    {"POST", "/echo", "Content-Length: 2\r\n", "{}", 400, NULL, METHOD_POST, ROUTE_ECHO},
    {"POST", "/echo", "Content-Length: 0\r\n", "", 400, NULL, METHOD_POST, ROUTE_ECHO},
    {"POST", "/echo", "Transfer-Encoding: chunked\r\n", "", 400, NULL, METHOD_POST,
     ROUTE_ECHO},
    {"POST", "/echo", "", "", 411, NULL, METHOD_POST, ROUTE_ECHO},
    {"GET", "/echo", "", "", 405, "Allow: POST\r\n", METHOD_GET, ROUTE_ECHO},
    {"PUT", "/echo", "", "", 405, "Allow: POST\r\n", METHOD_PUT, ROUTE_ECHO},
    {"BREW", "/echo", "", "", 405, "Allow: POST\r\n", METHOD_OTHER, ROUTE_ECHO},
    {"GET", "/healthz", "", "", 200, NULL, METHOD_GET, ROUTE_HEALTHZ},
    {"POST", "/healthz", "", "", 405, "Allow: GET, HEAD\r\n", METHOD_POST, ROUTE_HEALTHZ},
    {"GET", "/metrics", "", "", 200, NULL, METHOD_GET, ROUTE_METRICS},
    {"DELETE", "/metrics", "", "", 405, "Allow: GET, HEAD\r\n", METHOD_DELETE,
     ROUTE_METRICS},
    {"GET", "/", "", "", 404, NULL, METHOD_GET, ROUTE_OTHER},
    {"POST", "/Echo", "", "", 404, NULL, METHOD_POST, ROUTE_OTHER},
    {"OPTIONS", "*", "", "", 200, "Allow: GET, HEAD, POST, OPTIONS\r\n", METHOD_OPTIONS,
     ROUTE_OTHER},
    {"OPTIONS", "/echo", "", "", 405, "Allow: POST\r\n", METHOD_OPTIONS, ROUTE_ECHO},
    {"BREW", "/pot", "", "", 404, NULL, METHOD_OTHER, ROUTE_OTHER}};

static void by_route(void)
{
    for (size_t i = 0; i < COUNT(rows); i++) {
        char line[64];
        int status = rows[i].status;
        ask(rows[i].method, rows[i].path, rows[i].fields, rows[i].body, ANSWER_OPEN);
        snprintf(line, sizeof(line), "HTTP/1.1 %d ", status);
        TAP_OK(strncmp(got.head, line, strlen(line)) == 0, "%s %s: %d", rows[i].method,
               rows[i].path, status);
        TAP_OK(rows[i].allow ? has(rows[i].allow) : !has("Allow:"), "… %s",
               rows[i].allow ? guard_shown(str_of(rows[i].allow)) : "no Allow");
        TAP_INT(said_length(), got.body_len, "… its length is as it says");
        TAP_OK(has("\r\nDate: Tue, 29 Feb 2000 00:00:00 GMT\r\n"), "… it has its date");
        TAP_OK(!has("Connection:"), "… the connection goes on");
        TAP_OK(status == 200 ||
                   (is_error() && has("\r\nContent-Type: application/json\r\n")),
               "… why not is told: %s", status == 200 ? "" : got.body);
        TAP_OK(got.record.status == status && got.record.method == rows[i].counted &&
                   got.record.route == rows[i].route,
               "… and counted as that");
    }
}

static void replies(void)
{
    struct str name = echo_name();
    char expected[256];
    snprintf(
        expected, sizeof(expected),
        "{\"id\":1,\"user_agent\":\"u\",\"metadata\":[],\"server_timestamp\":951782400,"
        "\"processed_by\":\"%.*s\"}",
        (int)name.len, name.ptr);
    ask("POST", "/echo", "Content-Length: 39\r\n", DOCUMENT, ANSWER_OPEN);
    TAP_TEXT(got.body, expected, "the document comes back");
    TAP_OK(has("\r\nContent-Type: application/json\r\n"), "… as JSON");
    settings.response_bytes = 300;
    ask("POST", "/echo", "Content-Length: 39\r\n", DOCUMENT, ANSWER_OPEN);
    TAP_INT(got.body_len, 300, "padded to --response-bytes");
    TAP_OK(strstr(got.body, "xxx\"}") != NULL, "… at its end");
    settings.response_bytes = 0;
    ask("POST", "/echo", "Content-Length: 39\r\n", "{\"id\":-1}", ANSWER_OPEN);
    TAP_TEXT(
        got.body,
        "{\"error\":\"id: expected an integer from 0 to 18446744073709551615 at byte "
        "6\"}",
        "what is wrong, and where");
    ask("GET", "/healthz", "", "", ANSWER_OPEN);
    TAP_TEXT(got.body, "ok", "it is well");
    TAP_OK(has("\r\nContent-Type: text/plain; charset=utf-8\r\n"), "… as text");
    ask("GET", "/metrics", "", "", ANSWER_OPEN);
    TAP_OK(strstr(got.body, "\nprocess_open_fds "), "metrics");
    TAP_OK(has("\r\nContent-Type: text/plain; version=0.0.4; charset=utf-8\r\n"),
           "… as Prometheus wants them");
    ask("GET", "/metrics", "Accept: application/openmetrics-text\r\n", "", ANSWER_OPEN);
    TAP_OK(has("\r\nContent-Type: application/openmetrics-text; version=1.0.0; "
               "charset=utf-8\r\n"),
           "… or as it asks for them");
    TAP_OK(got.body_len > 6 && strcmp(got.body + got.body_len - 6, "# EOF\n") == 0,
           "… with their end");
}

static void lives(void)
{
    static const char *const lines[] = {[ANSWER_OPEN] = NULL,
                                        [ANSWER_KEEP_ALIVE] =
                                            "\r\nConnection: keep-alive\r\n",
                                        [ANSWER_CLOSE] = "\r\nConnection: close\r\n"};
    static const char *const paths[] = {"/echo", "/healthz", "/metrics", "/other"};
    for (size_t path = 0; path < COUNT(paths); path++) {
        for (int life = 0; life < 3; life++) {
            bool echo = path == 0;
            ask(echo ? "POST" : "GET", paths[path], echo ? "Content-Length: 39\r\n" : "",
                echo ? DOCUMENT : "", (enum answer_life)life);
            TAP_OK(lines[life] ? has(lines[life]) : !has("Connection:"),
                   "Connection of %s%s", paths[path],
                   lines[life] ? lines[life] + 12 : "");
        }
    }
}

/* HEAD: the length is said, nothing comes. */
static void heads(void)
{
    static const struct {
        const char *path;
        int status;
    } cases[] = {{"/healthz", 200}, {"/metrics", 200}, {"/echo", 405}, {"/other", 404}};
    for (size_t i = 0; i < COUNT(cases); i++) {
        ask("HEAD", cases[i].path, "", "", ANSWER_OPEN);
        TAP_OK(got.record.status == cases[i].status && got.record.method == METHOD_HEAD,
               "HEAD %s: %d", cases[i].path, cases[i].status);
        TAP_INT(got.body_len, 0, "… without a body");
        TAP_OK(said_length() > 0, "… but with its length");
    }
    ask("HEAD", "/healthz", "", "", ANSWER_OPEN);
    TAP_INT(said_length(), 2, "… that of GET");
}

static void draining(void)
{
    serve.draining = true;
    ask("GET", "/healthz", "", "", ANSWER_CLOSE);
    TAP_OK(strncmp(got.head, "HTTP/1.1 503 ", 13) == 0 && got.record.status == 503,
           "while draining it is not well");
    TAP_TEXT(got.body, "draining", "… and says so");
    ask("POST", "/echo", "Content-Length: 39\r\n", DOCUMENT, ANSWER_CLOSE);
    TAP_INT(got.record.status, 200, "… documents come back as ever");
    serve.draining = false;
}

static void refusals(void)
{
    static const int statuses[] = {400, 408, 413, 414, 417, 431, 501, 505};
    char bodies[COUNT(statuses)][256];
    for (size_t i = 0; i < COUNT(statuses); i++) {
        char line[64];
        struct out out = begin_answer();
        int repeated = 0;
        serve_refusal(&serve, statuses[i], NULL, &out, &got.record);
        end_answer(&out);
        snprintf(line, sizeof(line), "HTTP/1.1 %d ", statuses[i]);
        TAP_OK(strncmp(got.head, line, strlen(line)) == 0, "a refusal: %d", statuses[i]);
        TAP_OK(has("\r\nConnection: close\r\n"), "… that closes");
        TAP_OK(is_error() && said_length() == (long)got.body_len, "… why: %s", got.body);
        TAP_OK(got.record.status == statuses[i] && got.record.method == METHOD_OTHER &&
                   got.record.route == ROUTE_OTHER,
               "… counted as nobody's");
        snprintf(bodies[i], sizeof(bodies[i]), "%s", got.body);
        for (size_t other = 0; other < i; other++)
            repeated += strcmp(bodies[other], bodies[i]) == 0;
        TAP_INT(repeated, 0, "… no other says the same");
    }
}

/* The request is known, though not served. */
static void refusals_of_known(void)
{
    struct http_request request = parsed("PUT", "/echo", "");
    struct out out = begin_answer();
    serve_refusal(&serve, 413, &request, &out, &got.record);
    end_answer(&out);
    TAP_OK(got.record.method == METHOD_PUT && got.record.route == ROUTE_ECHO,
           "a known request is counted as its own");
    request = parsed("HEAD", "/echo", "");
    out = begin_answer();
    serve_refusal(&serve, 413, &request, &out, &got.record);
    end_answer(&out);
    TAP_OK(got.body_len == 0 && said_length() > 0, "of HEAD the length alone");
}

int main(void)
{
    guard_init(&guard, 4 << 20);
    serve_init(&serve, &settings);
    stamp_update(&serve.stamp, 951782400);
    by_route();
    replies();
    lives();
    heads();
    draining();
    refusals();
    refusals_of_known();
    serve_fini(&serve);
    guard_fini(&guard);
    return tap_done();
}
