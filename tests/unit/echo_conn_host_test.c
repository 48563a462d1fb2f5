/*
 * What many connections of one host cost and do to each other: deadlines, memory, whose
 * turn it is; and how all of them end when the host drains.
 */
#include "conn.h"

#include "echo_client.h"

#define COUNT(table) (sizeof(table) / sizeof((table)[0]))

/* ---- many ---- */

static void deadlines(void)
{
    struct client first, second;
    host_begin(0);
    TAP_INT(next_ms(), -1, "nobody: no deadline");
    client_open(&first);
    TAP_INT(next_ms(), 15000, "one that is idle");
    set_clock(1000);
    client_open(&second);
    TAP_INT(next_ms(), 15000, "the earlier of two");
    set_clock(2000);
    client_say(&first, STR("GET"));
    TAP_INT(next_ms(), 7000, "a request has begun");
    set_clock(3000);
    client_say(&first, STR(" /healthz HTTP/1.1\r\n" HOST "\r\n"));
    TAP_INT(next_ms(), 16000, "… and was answered: the other one is earlier");
    set_clock(4000);
    client_say(&second, STR("x\r\n\r\n"));
    TAP_INT(next_ms(), 6000, "… that lingers");
    turn_at(5999);
    TAP_INT(host.open_count, 2, "not yet");
    turn_at(6000);
    TAP_INT(host.open_count, 1, "it is over");
    TAP_INT(next_ms(), 18000, "the first is left");
    turn_at(18000);
    TAP_INT(next_ms(), -1, "nobody: no deadline");
    client_fini(&first);
    client_fini(&second);
    host_end();
}

/* One exchange serves all who have nothing incomplete. */
static void memory(void)
{
    enum { CLIENTS = 200 };
    static struct client clients[CLIENTS];
    host_begin(0);
    TAP_OK(host.conns.object_bytes <= 64, "an idle connection costs %zu bytes",
           host.conns.object_bytes);
    for (int i = 0; i < CLIENTS; i++) {
        client_open(&clients[i]);
        client_say(&clients[i], STR(HEALTHZ POST "\r\n" DOCUMENT));
    }
    TAP_OK(!host.exchanges.blocks, "… and no exchange");
    TAP_INT(host.desk.pool.kept_bytes, 0, "… nor any buffer");
    size_t wrong = 0;
    for (int i = 0; i < CLIENTS; i++)
        client_say(&clients[i], STR("GET"));
    TAP_OK(host.exchanges.blocks && !host.exchanges.free,
           "what is incomplete has its own");
    for (int i = 0; i < CLIENTS; i++) {
        client_say(&clients[i], STR(" /healthz HTTP/1.1\r\n" HOST "\r\n"));
        pair_take(&clients[i].pair, SIZE_MAX);
        wrong += pair_answers(&clients[i].pair, 200) != 3;
    }
    TAP_INT(wrong, 0, "… and is answered");
    size_t given_back = 0;
    for (void *at = host.exchanges.free; at; memcpy(&at, at, sizeof(at)))
        given_back++;
    TAP_INT(given_back, CLIENTS, "… then all of them are given back");
    TAP_INT(host.desk.pool.kept_bytes, CLIENTS * POOL_SMALLEST_BYTES,
            "… and the buffers");
    turn_at(15000);
    for (int i = 0; i < CLIENTS; i++)
        client_fini(&clients[i]);
    host_end();
}

/* One who sends without end has its turn and stops; what is left is read in the next
 * turns, or when it is heard of again. The framing of chunks is dropped at once, so that
 * little is read at a time. */
static void others_turn(bool by_events)
{
    struct client client;
    int turns = 0;
    host_begin(0);
    client_open(&client);
    pair_say(&client.pair, STR(CHUNKED));
    for (int i = 0; i < 40; i++)
        pair_say(&client.pair, small_chunk());
    size_t said = pair_say(&client.pair, STR("0\r\n\r\n" HEALTHZ));
    TAP_INT(said, 5 + strlen(HEALTHZ), "all of it is in the socket");
    conn_ready(&host, client.conn, LOOP_READ);
    TAP_INT(pair_take(&client.pair, SIZE_MAX), 0, "it is not read in one turn");
    TAP_OK(conn_host_next_ns(&host) <= host.desk.now_ns, "… the next is due at once");
    while (conn_host_next_ns(&host) <= host.desk.now_ns && turns++ < 100) {
        if (by_events)
            conn_ready(&host, client.conn, LOOP_READ);
        else
            conn_host_expire(&host);
    }
    TAP_OK(turns >= 1 && turns < 100, "… it takes %d more", turns);
    pair_take(&client.pair, SIZE_MAX);
    TAP_OK(pair_heard(&client.pair, "HTTP/1.1 400 ") == 1 &&
               pair_heard(&client.pair, "HTTP/1.1 200 ") == 1,
           "… then both requests are answered");
    TAP_INT(next_ms(), 15000, "… and it is idle");
    turn_at(15000);
    client_fini(&client);
    host_end();
}

/* ---- the drain, which begins at 0 ---- */

/* What a client has said before the drain, what it says after it and when, and when it
 * sees the end; lasts: until its connection is closed. */
static const struct row {
    const char *what, *before;
    int64_t then_ms;
    const char *then;
    int64_t ends_ms, lasts_ms;
    const char *heard; /* NULL: nothing after the drain began */
} rows[] = {
    {"idle", "", 0, "", 250, 250, NULL},
    {"idle after an answer", HEALTHZ, 0, "", 250, 250, NULL},
    {"a request at once", "", 1, POST "\r\n" DOCUMENT, 1, 251, "HTTP/1.1 200 "},
    {"a request in the last moment", "", 249, POST "\r\n" DOCUMENT, 249, 499,
     "HTTP/1.1 200 "},
    {"two requests: one is answered", HEALTHZ, 10, HEALTHZ HEALTHZ, 10, 260,
     "HTTP/1.1 503 "},
    {"one that says that it is the last", "", 10,
     POST "Connection: close\r\n\r\n" DOCUMENT, 10, 10, "HTTP/1.1 200 "},
    {"a head that began before", "GET /heal", 3000, "thz HTTP/1.1\r\n" HOST "\r\n", 3000,
     3250, "HTTP/1.1 503 "},
    {"a body that began before", POST "\r\n", 4000, DOCUMENT, 4000, 4250,
     "HTTP/1.1 200 "},
    {"a head that began in the grace", "", 200, "GET", 5200, 5450, "HTTP/1.1 408 "},
    {"a head that never ends", "GET", 0, "", 5000, 5250, "HTTP/1.1 408 "},
    {"a body that never ends", POST "\r\n{", 0, "", 5000, 5250, "HTTP/1.1 408 "}};

static bool said_last(const struct client *client, const char *heard)
{
    if (!heard)
        return client->pair.heard.len == 0;
    return pair_heard(&client->pair, heard) == 1 &&
           pair_heard(&client->pair, "HTTP/1.1 ") == 1 &&
           pair_heard(&client->pair, CLOSES) == 1;
}

/* A turn of the loop at this time, with the client's words if they are due; whether it
 * sees the end. */
static bool turn_with(struct client *client, const struct row *row, int64_t now_ms)
{
    set_clock(now_ms);
    if (row->then_ms > 0 && now_ms == row->then_ms)
        client_say(client, str_of(row->then));
    conn_host_expire(&host);
    return client_ended(client);
}

static void drained(const struct row *row)
{
    struct client client;
    int64_t ended_ms = -1, now_ms = 0;
    host_begin(0);
    client_open(&client);
    client_say(&client, str_of(row->before));
    client_ended(&client);
    buf_clear(&client.pair.heard);
    conn_host_drain(&host);
    TAP_INT(next_ms(), 250, row->what);
    for (int turns = 0; host.open_count > 0 && turns < 10; turns++) {
        int64_t next = next_ms();
        now_ms = now_ms < row->then_ms && row->then_ms < next ? row->then_ms : next;
        if (turn_with(&client, row, now_ms) && ended_ms < 0)
            ended_ms = now_ms;
    }
    TAP_INT(ended_ms, row->ends_ms, "… sees the end then");
    TAP_INT(now_ms, row->lasts_ms, "… and lasts so long");
    TAP_OK(said_last(&client, row->heard), "… %s",
           row->heard ? row->heard : "without a word");
    client_fini(&client);
    host_end();
}

/* Bytes that came in the last moment, of which no event was told yet: they were received.
 */
static void unannounced(void)
{
    struct client client, silent;
    host_begin(0);
    client_open(&client);
    client_open(&silent);
    conn_host_drain(&host);
    turn_at(249);
    TAP_INT(host.open_count, 2, "within the grace all stay");
    pair_say(&client.pair, STR(POST "\r\n" DOCUMENT));
    turn_at(250);
    TAP_OK(client_ended(&client) && said_last(&client, "HTTP/1.1 200 "),
           "what has come is answered");
    TAP_OK(client_ended(&silent) && said_last(&silent, NULL),
           "… who is silent is closed");
    TAP_INT(host.phase, CONN_ENDING, "… the end has begun");
    turn_at(500);
    client_fini(&client);
    client_fini(&silent);
    host_end();
}

/* Who had been connected when the drain began may be accepted after it. */
static void accepted_late(void)
{
    struct client client;
    host_begin(0);
    conn_host_drain(&host);
    turn_at(100);
    TAP_INT(host.phase, CONN_DRAINING, "the grace lasts, with nobody there");
    client_open(&client);
    client_say(&client, STR(HEALTHZ));
    TAP_OK(client_ended(&client) && said_last(&client, "HTTP/1.1 503 "),
           "accepted in the grace, answered, and the last");
    turn_at(350);
    client_fini(&client);
    client_open(&client);
    TAP_INT(next_ms() > 0, 1, "… who comes after it is idle");
    client_say(&client, STR(HEALTHZ));
    TAP_OK(client_ended(&client) && said_last(&client, "HTTP/1.1 503 "), "… or answered");
    turn_at(600);
    client_fini(&client);
    host_end();
}

/* Who lingers has 250 ms from the drain on, or less. */
static void lingering(void)
{
    struct client early, late;
    host_begin(0);
    set_clock(-1900);
    client_open(&early);
    client_say(&early, STR("x\r\n\r\n"));
    set_clock(-100);
    client_open(&late);
    client_say(&late, STR("x\r\n\r\n"));
    set_clock(0);
    conn_host_drain(&host);
    TAP_INT(next_ms(), 100, "one lingers as long as it would have");
    turn_at(100);
    TAP_INT(host.open_count, 1, "… then it is closed");
    turn_at(249);
    TAP_INT(host.open_count, 1, "the other one not as long");
    turn_at(250);
    TAP_INT(host.open_count, 0, "… but 250 ms");
    client_fini(&early);
    client_fini(&late);
    host_end();
}

/* Someone who takes his answer as slowly as he may has 28 s, and no more. */
static void all_over(void)
{
    struct client client;
    bool good = true;
    host_begin(1 << 20);
    client_open(&client);
    pair_narrow(&client.pair);
    client_say(&client, STR(POST "\r\n" DOCUMENT));
    conn_host_drain(&host);
    for (int64_t now_ms = 1000; now_ms <= 27000; now_ms += 1000) {
        set_clock(now_ms);
        client_take(&client, 20000);
        conn_host_expire(&host);
        good = good && host.open_count == 1 && next_ms() <= 28000;
    }
    TAP_OK(good, "a slow taker is served while it drains");
    TAP_INT(next_ms(), 28000, "… up to 28 s");
    turn_at(27999);
    TAP_INT(host.open_count, 1, "… not less");
    turn_at(28000);
    TAP_INT(host.open_count, 0, "… then all is over");
    client_fini(&client);
    host_end();
}

/* An answer that was on its way when the drain began, and one behind it. */
static void half_taken(void)
{
    struct client client;
    host_begin(300000);
    client_open(&client);
    pair_narrow(&client.pair);
    client_say(&client, STR(POST "\r\n" DOCUMENT POST "\r\n" DOCUMENT HEALTHZ));
    conn_host_drain(&host);
    turn_at(250);
    TAP_INT(host.open_count, 1, "an answer that is being taken outlasts the grace");
    client_take(&client, SIZE_MAX);
    TAP_INT(pair_answers(&client.pair, 200), 2, "… it comes whole, and so does the next");
    TAP_INT(pair_heard(&client.pair, CLOSES), 1, "… which is the last");
    turn_at(500);
    client_fini(&client);
    host_end();
}

int main(void)
{
    deadlines();
    memory();
    others_turn(false);
    others_turn(true);
    for (size_t i = 0; i < COUNT(rows); i++)
        drained(&rows[i]);
    unannounced();
    accepted_late();
    lingering();
    all_over();
    half_taken();
    return tap_done();
}
