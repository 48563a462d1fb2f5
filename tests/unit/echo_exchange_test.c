/*
 * Exchanges over a pair of sockets: requests in any pieces, peers that do not take their
 * answers, refusals, and that every buffer goes back to the pool.
 */
#include "exchange.h"

#include "base/clock.h"
#include "echo_pair.h"
#include "tap.h"

#define COUNT(table) (sizeof(table) / sizeof((table)[0]))
#define EXPECT "Expect: 100-continue\r\n\r\n"
#define CHUNKS                                                                           \
    "14\r\n{\"id\":1,\"user_agent\"\r\n13\r\n:\"u\",\"metadata\":[]}\r\n0\r\n\r\n"

enum { START_S = 1000 };

static struct serve_settings settings; /* no counters: nobody asks for /metrics */
static struct desk desk;
static struct exchange exchange;
static struct pair pair;

/* The most bytes of buffers that were borrowed or kept at a time. */
static size_t most_bytes;

static void look_at_buffers(void)
{
    size_t bytes =
        desk.pool.kept_bytes + exchange.input.capacity + exchange.output.capacity;
    most_bytes = bytes > most_bytes ? bytes : most_bytes;
}

static void begin(void)
{
    exchange = (struct exchange){0};
    pair_open(&pair);
}

/* Nothing that was borrowed is lost. */
static void end(void)
{
    look_at_buffers();
    exchange_clear(&desk, &exchange);
    TAP_INT(desk.pool.kept_bytes, most_bytes, "… all buffers are given back");
    TAP_OK(exchange.end == EXCHANGE_OPEN && !exchange_has_begun(&exchange) &&
               !exchange_is_in_body(&exchange) && !exchange_is_sending(&exchange),
           "… and nothing has begun");
    close(pair.fd);
    pair_fini(&pair);
}

/* As conn does after a read, in as many pieces as there is room for. */
static void receive(struct str bytes)
{
    while (bytes.len > 0) {
        struct window room = exchange_room(&desk, &exchange);
        size_t len = bytes.len < room.len ? bytes.len : room.len;
        memcpy(room.ptr, bytes.ptr, len);
        exchange_received(&desk, &exchange, pair.fd, len);
        look_at_buffers();
        bytes.ptr += len;
        bytes.len -= len;
        if (exchange.end != EXCHANGE_OPEN || exchange_is_sending(&exchange))
            break;
    }
}

/* The peer takes and the service sends, until nothing is left to send. */
static void finish_sending(void)
{
    for (int i = 0; i < 100000 && exchange_is_sending(&exchange); i++) {
        pair_take(&pair, SIZE_MAX);
        exchange_send(&desk, &exchange, pair.fd);
        look_at_buffers();
    }
    pair_take(&pair, SIZE_MAX);
}

/* ---- requests in pieces ---- */

static const struct {
    const char *text;
    int answers;
    enum exchange_end end;
} wholes[] = {
    {HEALTHZ, 1, EXCHANGE_OPEN},
    {POST "\r\n" DOCUMENT, 1, EXCHANGE_OPEN},
    {CHUNKED CHUNKS, 1, EXCHANGE_OPEN},
    {"\r\n" HEALTHZ HEALTHZ, 2, EXCHANGE_OPEN},
    {HEALTHZ POST "\r\n" DOCUMENT CHUNKED CHUNKS HEALTHZ, 4, EXCHANGE_OPEN},
    {"GET /healthz HTTP/1.0\r\nConnection: keep-alive\r\n\r\n", 1, EXCHANGE_OPEN},
    {"GET /healthz HTTP/1.0\r\n\r\n", 1, EXCHANGE_CLOSE},
    {HEALTHZ "GET /healthz HTTP/1.1\r\n" HOST "Connection: close\r\n\r\n", 2,
     EXCHANGE_CLOSE}};

/* Wherever it is cut, the same bytes come as when it is not. */
static int wrong_when_cut(struct str text, int answers, enum exchange_end wanted)
{
    static struct buf uncut;
    int wrong = 0;
    buf_init(&uncut, PAIR_HEARD_MAX_BYTES);
    for (size_t cut = 0; cut < text.len; cut++) {
        pair_open(&pair);
        receive((struct str){text.ptr, cut});
        wrong += exchange.end != EXCHANGE_OPEN;
        receive((struct str){text.ptr + cut, text.len - cut});
        pair_take(&pair, SIZE_MAX);
        if (cut == 0)
            buf_add(&uncut, buf_str(&pair.heard));
        wrong += pair_answers(&pair, 200) != answers;
        wrong += !str_eq(buf_str(&pair.heard), buf_str(&uncut));
        wrong += exchange.end != wanted || exchange_has_begun(&exchange) ||
                 exchange.input.ptr || exchange.output.ptr;
        exchange_clear(&desk, &exchange);
        close(pair.fd);
        pair_fini(&pair);
    }
    buf_fini(&uncut);
    return wrong;
}

static void in_two(void)
{
    for (size_t i = 0; i < COUNT(wholes); i++)
        TAP_INT(wrong_when_cut(str_of(wholes[i].text), wholes[i].answers, wholes[i].end),
                0, "cut in two anywhere, each request is answered once");
}

/* A document that fills the limit, in pieces of each size, and one byte of the next. */
static void large(void)
{
    static const size_t pieces[] = {1000, 4096, 65536, 1 << 21};
    static char text[(1 << 20) + 256];
    int len =
        sprintf(text, "POST /echo HTTP/1.1\r\n" HOST "Content-Length: 1048576\r\n\r\n"
                      "{\"id\":1,\"metadata\":[],\"user_agent\":\"");
    char *end_of_body = strstr(text, "\r\n\r\n") + 4 + (1 << 20);
    memset(text + len, 'u', (size_t)(end_of_body - text) - (size_t)len);
    memcpy(end_of_body - 2, "\"}G", 3);
    for (size_t i = 0; i < COUNT(pieces); i++) {
        struct str rest = {text, (size_t)(end_of_body + 1 - text)};
        begin();
        while (rest.len > 0) {
            size_t size = rest.len < pieces[i] ? rest.len : pieces[i];
            receive((struct str){rest.ptr, size});
            rest.ptr += size;
            rest.len -= size;
            finish_sending();
        }
        TAP_OK(pair_answers(&pair, 200) == 1 && pair.heard.len > 1 << 20,
               "1 MiB in pieces of %zu bytes", pieces[i]);
        TAP_OK(exchange_has_begun(&exchange) || pieces[i] > 1 << 20,
               "… the next has begun behind it");
        end();
    }
}

static void room(void)
{
    begin();
    struct window at_desk = exchange_room(&desk, &exchange);
    TAP_OK(at_desk.ptr == desk.input && at_desk.len == DESK_INPUT_BYTES,
           "with nothing kept the room is the desk's");
    receive(STR("GET /"));
    struct window own = exchange_room(&desk, &exchange);
    TAP_OK(own.ptr == exchange.input.ptr + 5 && own.len == exchange.input.capacity - 5,
           "… then behind what is kept");
    int small = 0;
    for (int i = 0; i < 8000; i++) {
        small += exchange_room(&desk, &exchange).len < 2048;
        receive(STR("a"));
    }
    TAP_INT(small, 0, "… never less than 2,048 bytes");
    TAP_INT(exchange.input.len, 5 + 8000, "… and all of it is kept");
    end();
}

/* ---- states ---- */

static void states(void)
{
    begin();
    desk.now_ns = START_S * NS_PER_S;
    receive(STR("POST /echo HTTP/1.1\r\n"));
    TAP_OK(exchange_has_begun(&exchange) && !exchange_is_in_body(&exchange), "in a head");
    desk.now_ns += NS_PER_S;
    receive(STR(HOST "Content-Length: 39\r\n\r\n"));
    TAP_OK(exchange_has_begun(&exchange) && exchange_is_in_body(&exchange), "in a body");
    TAP_INT(exchange.since_ns, START_S * NS_PER_S, "… since its first byte");
    TAP_INT(exchange.moved_bytes, 21 + 9 + 22, "… all that has come is counted");
    receive(STR(DOCUMENT "GET"));
    TAP_OK(exchange_has_begun(&exchange) && !exchange_is_in_body(&exchange),
           "in the next one's head");
    TAP_INT(exchange.since_ns, (START_S + 1) * NS_PER_S, "… since then");
    end();
}

/* In HTTP/1.0 it must be said that the connection goes on (RFC 9112 9.3). */
static void kept_alive(void)
{
    begin();
    receive(STR("GET / HTTP/1.0\r\nConnection: keep-alive\r\n\r\n" HEALTHZ));
    pair_take(&pair, SIZE_MAX);
    TAP_INT(pair_heard(&pair, "HTTP/1.1 "), 2, "HTTP/1.0 and then HTTP/1.1");
    TAP_INT(pair_heard(&pair, "\r\nConnection: keep-alive\r\n"), 1, "… told to one");
    end();
}

static void receive_by_bytes(const char *text)
{
    for (; *text; text++)
        receive((struct str){text, 1});
    pair_take(&pair, SIZE_MAX);
}

/* 100 Continue once a request, and only to whom it is still of use. */
static void continues(void)
{
    static const char go_on[] = "HTTP/1.1 100 Continue\r\n\r\n";
    begin();
    receive_by_bytes(POST EXPECT);
    TAP_TEXT(buf_text(&pair.heard), go_on, "go on");
    receive_by_bytes(DOCUMENT);
    TAP_INT(pair_heard(&pair, go_on), 1, "… which is not said again");
    TAP_INT(pair_heard(&pair, "HTTP/1.1 200 "), 1, "… then the answer");
    receive_by_bytes("POST /echo HTTP/1.1\r\n" HOST
                     "Transfer-Encoding: chunked\r\n" EXPECT CHUNKS);
    TAP_INT(pair_heard(&pair, go_on), 2, "go on, once for the next, in chunks");
    TAP_INT(pair_heard(&pair, "HTTP/1.1 200 "), 2, "… then the answer");
    end();
    begin();
    receive(STR(POST EXPECT "{"));
    TAP_INT(pair_take(&pair, SIZE_MAX), 0, "who has sent of the body is not told");
    end();
}

/* ---- ends ---- */

static const struct {
    const char *text;
    int status, answers;
    bool draining;
    enum exchange_end end;
} ends[] = {
    {"GET /healthz HTTP/1.0\r\n\r\n" HEALTHZ, 200, 1, false, EXCHANGE_LINGER},
    {HEALTHZ, 503, 1, true, EXCHANGE_LINGER},
    {POST "\r\n" DOCUMENT HEALTHZ, 200, 1, true, EXCHANGE_LINGER},
    {POST "Connection: close\r\n\r\n" DOCUMENT, 200, 1, true, EXCHANGE_CLOSE},
    {"x\r\n\r\n" HEALTHZ, 400, 1, false, EXCHANGE_LINGER},
    {CHUNKED "x", 400, 1, false, EXCHANGE_LINGER},
    {"POST / HTTP/1.1\r\n" HOST "Content-Length: 1048577\r\n\r\nx", 413, 1, false,
     EXCHANGE_LINGER},
    {"GET / HTTP/2.0\r\n\r\n", 505, 1, false, EXCHANGE_LINGER},
    {"GET / HTTP/1.1\r\n" HOST "Expect: tea\r\n\r\n", 417, 1, false, EXCHANGE_LINGER},
    {"POST / HTTP/1.1\r\n" HOST "Transfer-Encoding: gzip, chunked\r\n\r\n", 501, 1, false,
     EXCHANGE_LINGER}};

static void last_answers(void)
{
    for (size_t i = 0; i < COUNT(ends); i++) {
        begin();
        desk.serve.draining = ends[i].draining;
        receive(str_of(ends[i].text));
        desk.serve.draining = false;
        pair_take(&pair, SIZE_MAX);
        TAP_INT(pair_answers(&pair, ends[i].status), ends[i].answers, "a last answer");
        TAP_INT(pair_heard(&pair, CLOSES), 1, "… that says so");
        TAP_INT(exchange.end, ends[i].end, "… and ends as it is to");
        TAP_OK(!exchange.input.ptr, "… what came behind it is dropped");
        end();
    }
}

static void refuse(void)
{
    begin();
    receive(STR(POST "\r\n{"));
    exchange_refuse(&desk, &exchange, pair.fd, 408);
    pair_take(&pair, SIZE_MAX);
    TAP_INT(pair_answers(&pair, 408), 1, "a request that has begun is refused");
    TAP_INT(pair_heard(&pair, CLOSES), 1, "… and is told of the end");
    TAP_OK(exchange.end == EXCHANGE_LINGER && !exchange.input.ptr, "… after a while");
    end();
}

static void broken(void)
{
    begin();
    pair_hang_up(&pair);
    receive(STR(HEALTHZ));
    TAP_INT(exchange.end, EXCHANGE_BROKEN, "nobody is there to be answered");
    end();
}

/* ---- peers that do not take ---- */

/* Three answers of this size to requests in one piece. */
static void stalled(size_t bytes)
{
    static const char three[] =
        POST "\r\n" DOCUMENT CHUNKED CHUNKS POST "\r\n" DOCUMENT "G";
    settings.response_bytes = bytes;
    begin();
    pair_narrow(&pair);
    receive(STR(three));
    TAP_OK(exchange_is_sending(&exchange), "what is not taken waits: %zu bytes of %zu",
           exchange.output.len - exchange.sent_bytes, 3 * bytes);
    TAP_OK(bytes < 100000 || exchange_has_begun(&exchange), "… and what has come, too");
    size_t before = exchange.sent_bytes;
    exchange_send(&desk, &exchange, pair.fd);
    TAP_INT(exchange.sent_bytes, before, "… as long as nothing is taken");
    exchange.moved_bytes = 0;
    pair_take(&pair, SIZE_MAX);
    exchange_send(&desk, &exchange, pair.fd);
    TAP_OK(exchange.sent_bytes > before &&
               exchange.moved_bytes == exchange.sent_bytes - before,
           "… and what is then sent is counted");
    finish_sending();
    TAP_INT(pair_answers(&pair, 200), 3, "… until all three are there");
    TAP_OK(!exchange.output.ptr, "… nothing waits any more");
    TAP_INT(exchange.input.len, 1, "… the fourth has begun");
    end();
    settings.response_bytes = 0;
}

/* A last answer that is not taken ends only when it is. */
static void stalled_end(void)
{
    settings.response_bytes = 200000;
    begin();
    pair_narrow(&pair);
    receive(STR(POST "Connection: close\r\n\r\n" DOCUMENT HEALTHZ));
    TAP_OK(exchange_is_sending(&exchange) && exchange.end == EXCHANGE_LINGER,
           "a last answer that waits");
    finish_sending();
    TAP_INT(pair_answers(&pair, 200), 1, "… comes whole");
    TAP_INT(exchange.end, EXCHANGE_LINGER, "… and is the last");
    end();
    begin();
    pair_narrow(&pair);
    receive(STR(POST "\r\n" DOCUMENT));
    pair_hang_up(&pair);
    exchange_send(&desk, &exchange, pair.fd);
    TAP_INT(exchange.end, EXCHANGE_BROKEN, "who has gone takes no more");
    end();
    settings.response_bytes = 0;
}

static uint64_t counted(enum route route)
{
    uint64_t sum = 0;
    for (int i = 0; i < METRICS_BUCKETS; i++)
        sum += atomic_load(&desk.metrics.buckets[route][i]);
    return sum;
}

/* More requests in one piece than are answered with one send, each counted once. */
static void many(void)
{
    enum { REQUESTS = 1000 };
    static struct buf text;
    uint64_t before = counted(ROUTE_HEALTHZ);
    buf_init(&text, 1 << 20);
    begin();
    for (int i = 0; i < REQUESTS; i++)
        buf_add_text(&text, HEALTHZ);
    receive(buf_str(&text));
    finish_sending();
    TAP_INT(pair_answers(&pair, 200), REQUESTS, "1,000 requests in a row");
    TAP_INT(counted(ROUTE_HEALTHZ) - before, REQUESTS, "… are counted once each");
    TAP_INT(desk.batch_count + desk.out.len, 0, "… the desk is clear");
    end();
    buf_fini(&text);
}

int main(void)
{
    settings.response_bytes =
        1 << 21; /* the largest of this test: desk_init counts on it */
    desk_init(&desk, &settings);
    settings.response_bytes = 0;
    stamp_update(&desk.serve.stamp, 951782400);
    in_two();
    large();
    room();
    states();
    kept_alive();
    continues();
    last_answers();
    refuse();
    broken();
    stalled(20000);
    stalled(300000);
    stalled(1 << 21);
    stalled_end();
    many();
    desk_fini(&desk);
    return tap_done();
}
