/*
 * Connections with a clock of our own: how long each wait lasts to the millisecond, that
 * the next deadline is told, and what ends a connection. The drain has a test of its own.
 */
#include "conn.h"

#include "echo_client.h"

#define COUNT(table) (sizeof(table) / sizeof((table)[0]))
#define MEBIBYTE_HEAD "POST /echo HTTP/1.1\r\n" HOST "Content-Length: 1048576\r\n\r\n"

/* ---- idle, head, body: who stops or drips ---- */

static const struct row {
    const char *what, *first; /* said at once */
    int64_t second_ms;        /* 0: there is none */
    const char *second;       /* said then */
    int64_t drip_ms;          /* from then on a byte each; 0: no more comes */
    int64_t ends_ms;
    const char *heard; /* the beginning of the last answer, NULL: none at all */
} rows[] = {
    {"idle from the start", "", 0, "", 0, 15000, NULL},
    {"idle after an answer", HEALTHZ, 0, "", 0, 15000, "HTTP/1.1 200 "},
    {"idle after a later answer", "", 14999, HEALTHZ, 0, 29999, "HTTP/1.1 200 "},
    {"idle after two answers", HEALTHZ, 9000, HEALTHZ, 0, 24000, "HTTP/1.1 200 "},
    {"a first byte alone", "G", 0, "", 0, 5000, "HTTP/1.1 408 "},
    {"an empty line alone", "\r\n", 0, "", 0, 5000, "HTTP/1.1 408 "},
    {"a first byte after a while", "", 14000, "G", 0, 19000, "HTTP/1.1 408 "},
    {"a head that stops", "GET / HTTP/1.1\r\n", 0, "", 0, 5000, "HTTP/1.1 408 "},
    {"a head in two that stops", "GET", 4999, " /", 0, 5000, "HTTP/1.1 408 "},
    {"a head that drips", "GET", 0, "", 100, 5000, "HTTP/1.1 408 "},
    {"a head that drips slowly", "GET", 0, "", 4900, 5000, "HTTP/1.1 408 "},
    {"a head behind an answer", HEALTHZ "GET", 0, "", 0, 5000, "HTTP/1.1 408 "},
    {"a head after an answer", HEALTHZ, 3000, "G", 500, 8000, "HTTP/1.1 408 "},
    {"the next head begins its own", "GET", 4000, " / HTTP/1.1\r\n" HOST "\r\nGET", 100,
     9000, "HTTP/1.1 408 "},
    {"a body that does not begin", POST "\r\n", 0, "", 0, 5000, "HTTP/1.1 408 "},
    {"a body that stops", POST "\r\n{", 0, "", 0, 5000, "HTTP/1.1 408 "},
    {"a body that drips", MEBIBYTE_HEAD, 0, "", 100, 5000, "HTTP/1.1 408 "},
    {"a body counts from its head's end", POST, 4000, "\r\n", 0, 9000, "HTTP/1.1 408 "},
    {"… however it drips", POST, 4000, "\r\n", 500, 9000, "HTTP/1.1 408 "},
    {"chunks that stop",
     "POST / HTTP/1.1\r\n" HOST "Transfer-Encoding: chunked\r\n\r\n5\r\nab", 0, "", 0,
     5000, "HTTP/1.1 408 "},
    {"a body that is whole in time", POST "\r\n", 4999, DOCUMENT, 0, 19999,
     "HTTP/1.1 200 "},
    {"a body after 100 Continue", POST "Expect: 100-continue\r\n\r\n", 4999, "{", 0, 5000,
     "HTTP/1.1 408 "}};

static int64_t earliest(int64_t a_ms, int64_t b_ms)
{
    return b_ms < 0 || a_ms < b_ms ? a_ms : b_ms;
}

/* The time at which the client sees the end, by the deadlines that are told and the
 * client's own steps; -1: not within a minute, or after turns that nothing asked for. */
static int64_t run_to_end(struct client *client, const struct row *row)
{
    bool second_said = row->second_ms == 0;
    int64_t step_ms = second_said ? row->drip_ms : row->second_ms;
    int idle_turns = 0;
    client_say(client, str_of(row->first));
    for (int64_t now_ms = 0; now_ms <= 60000 && idle_turns < 5;) {
        bool is_step = step_ms > 0 && step_ms == now_ms;
        if (is_step)
            client_say(client, second_said ? STR("a") : str_of(row->second));
        if (is_step) {
            second_said = true;
            step_ms = row->drip_ms > 0 ? now_ms + row->drip_ms : 0;
        }
        idle_turns += !is_step;
        conn_host_expire(&host);
        if (client_ended(client))
            return now_ms;
        now_ms = earliest(step_ms > 0 ? step_ms : INT64_MAX, next_ms());
        set_clock(now_ms);
    }
    return -1;
}

/* Where the last answer begins. */
static const char *last_answer(const struct client *client)
{
    const char *last = NULL, *at = buf_text(&client->pair.heard);
    while ((at = strstr(at, "HTTP/1.1 ")) != NULL)
        last = at++;
    return last;
}

static void waits(void)
{
    for (size_t i = 0; i < COUNT(rows); i++) {
        struct client client;
        int64_t ends_ms = rows[i].ends_ms;
        host_begin(0);
        client_open(&client);
        TAP_INT(run_to_end(&client, &rows[i]), ends_ms, rows[i].what);
        const char *last = last_answer(&client), *heard = rows[i].heard;
        TAP_OK(heard ? last && strncmp(last, heard, strlen(heard)) == 0 : !last, "… %s",
               heard ? heard : "without a word");
        if (heard && strstr(heard, "408")) {
            TAP_INT(next_ms(), ends_ms + 2000, "… it lingers for 2 s");
            turn_at(ends_ms + 1999);
            TAP_INT(host.open_count, 1, "… not less");
            turn_at(ends_ms + 2000);
        }
        TAP_INT(next_ms(), -1, "… nothing is waited for any more");
        client_fini(&client);
        host_end();
    }
}

/* ---- a body's periods ---- */

/* Bytes that come in the middle of each period of 5 s, and when it ends. */
static const struct {
    size_t bytes[4];
    int64_t ends_ms;
    const char *answer;
} bodies[] = {{{0}, 5000, "HTTP/1.1 408 "},
              {{327679}, 5000, "HTTP/1.1 408 "},
              {{327680}, 10000, "HTTP/1.1 408 "},
              {{500000, 327679}, 10000, "HTTP/1.1 408 "},
              {{327680, 327680}, 15000, "HTTP/1.1 408 "},
              {{327680, 327680, 327680}, 20000, "HTTP/1.1 408 "},
              {{327680, 327680, 327680, 65535}, 20000, "HTTP/1.1 408 "},
              {{327680, 327680, 327680, 65536}, 17500, "HTTP/1.1 400 "},
              {{1048575}, 10000, "HTTP/1.1 408 "},
              {{1048576}, 2500, "HTTP/1.1 400 "}};

static void body_periods(void)
{
    for (size_t i = 0; i < COUNT(bodies); i++) {
        struct client client;
        bool early = false;
        host_begin(0);
        client_open(&client);
        client_say(&client, STR(MEBIBYTE_HEAD));
        for (int period = 0; period * 5000 < bodies[i].ends_ms; period++) {
            set_clock(period * 5000 + 2500);
            client_fill(&client, bodies[i].bytes[period]);
            conn_host_expire(&host);
            if (period * 5000 + 2500 == bodies[i].ends_ms)
                break;
            turn_at(period * 5000 + 4999);
            early |= client_ended(&client) || client.pair.heard.len > 0;
            turn_at(period * 5000 + 5000);
        }
        TAP_OK(!early, "a body is waited for %d ms", (int)bodies[i].ends_ms);
        client_ended(&client);
        TAP_OK(last_answer(&client) == buf_text(&client.pair.heard) &&
                   pair_heard(&client.pair, bodies[i].answer) == 1,
               "… then there is one answer, %s", bodies[i].answer);
        turn_at(60000);
        client_fini(&client);
        host_end();
    }
}

/* Framing of chunks has no end, but its request has, 20 s after its head; also behind
 * another one that took its time. */
static void endless_body(void)
{
    struct client client;
    bool early = false;
    host_begin(0);
    client_open(&client);
    client_say(&client, STR(MEBIBYTE_HEAD));
    client_fill(&client, 500000);
    turn_at(5000);
    set_clock(7000);
    client_fill(&client, (1 << 20) - 500000 - 1);
    client_say(&client, STR("a" CHUNKED));
    TAP_INT(next_ms(), 7000 + 5000, "the second body begins");
    for (int64_t now_ms = 7100; now_ms < 27000; now_ms += 100) {
        set_clock(now_ms);
        for (int i = 0; i < 8; i++)
            client_say(&client, small_chunk());
        conn_host_expire(&host);
        early |= client_ended(&client);
    }
    TAP_OK(!early, "… and is waited for as long as it comes …");
    TAP_INT(next_ms(), 7000 + 20000, "… up to 20 s");
    turn_at(27000);
    TAP_OK(client_ended(&client) && pair_heard(&client.pair, "HTTP/1.1 408 ") == 1,
           "… then it is refused");
    turn_at(29000);
    client_fini(&client);
    host_end();
}

/* ---- taking answers ---- */

/* Bytes that are taken in each period of 10 s. What counts is what the socket took, which
 * is more or less what the peer did: by 8 KiB at most, as little as it holds. */
enum { ENOUGH = 163840 + 8192, TOO_LITTLE = 163840 - 8192 };

static const struct {
    size_t bytes[5];
    int64_t ends_ms;
} takers[] = {{{0}, 10000},
              {{TOO_LITTLE}, 10000},
              {{ENOUGH}, 20000},
              {{ENOUGH, TOO_LITTLE}, 20000},
              {{ENOUGH, ENOUGH, ENOUGH}, 40000},
              {{ENOUGH, ENOUGH, ENOUGH, ENOUGH}, 50000},
              {{800000, TOO_LITTLE}, 20000}};

static void take_periods(void)
{
    for (size_t i = 0; i < COUNT(takers); i++) {
        struct client client;
        bool good = true;
        int64_t ends_ms = takers[i].ends_ms;
        host_begin(1 << 20);
        client_open(&client);
        pair_narrow(&client.pair);
        client_say(&client, STR(POST "\r\n" DOCUMENT));
        for (int period = 0; period * 10000 < ends_ms; period++) {
            good = good && host.open_count == 1 && next_ms() == (period + 1) * 10000;
            set_clock(period * 10000 + 5000);
            client_take(&client, takers[i].bytes[period]);
            turn_at(period * 10000 + 9999);
            good = good && host.open_count == 1;
            turn_at(period * 10000 + 10000);
        }
        TAP_OK(good && host.open_count == 0, "a slow taker is cut after %d s, not before",
               (int)(ends_ms / 1000));
        client_fini(&client);
        host_end();
    }
}

/* Who takes all keeps the connection, though it was little. */
static void taken(void)
{
    struct client client;
    host_begin(100000);
    client_open(&client);
    pair_narrow(&client.pair);
    client_say(&client, STR(POST "\r\n" DOCUMENT POST "\r\n" DOCUMENT "GET"));
    TAP_INT(next_ms(), 10000, "what is not taken may take 10 s");
    pair_say(&client.pair, STR(" /healthz HTTP/1.1\r\n" HOST "\r\n"));
    conn_ready(&host, client.conn, LOOP_READ);
    set_clock(9000);
    client_take(&client, SIZE_MAX);
    conn_host_expire(&host);
    TAP_INT(pair_answers(&client.pair, 200), 3,
            "all is taken, and what came later served");
    TAP_INT(next_ms(), 9000 + 15000, "… then it is idle");
    turn_at(24000);
    client_fini(&client);
    host_end();
}

/* ---- ends ---- */

static const struct {
    const char *text;
    int answers;
    size_t response_bytes;
} half_closed[] = {{HEALTHZ, 1, 0},
                   {HEALTHZ HEALTHZ, 2, 0},
                   {"GET /healthz", 0, 0},
                   {"", 0, 0},
                   {POST "\r\n{", 0, 0},
                   {POST "\r\n" DOCUMENT, 1, 0},
                   {POST "\r\n" DOCUMENT, 1, 300000},
                   {POST "\r\n" DOCUMENT HEALTHZ "GET", 2, 300000}};

/* The end is announced once, with the bytes or while it sends; nothing comes after it. */
static void ends_of_stream(void)
{
    for (size_t i = 0; i < COUNT(half_closed); i++) {
        struct client client;
        host_begin(half_closed[i].response_bytes);
        client_open(&client);
        pair_narrow(&client.pair);
        pair_say(&client.pair, str_of(half_closed[i].text));
        shutdown(client.pair.peer, SHUT_WR);
        conn_ready(&host, client.conn, LOOP_READ | LOOP_END);
        while (host.open_count > 0 && client_take(&client, 1) > 0)
            ;
        pair_take(&client.pair, SIZE_MAX);
        TAP_INT(pair_answers(&client.pair, 200), half_closed[i].answers,
                "who has ended his stream gets his answers");
        TAP_OK(client.pair.ended, "… then it is closed");
        client_fini(&client);
        host_end();
    }
}

static void hung_up(void)
{
    struct client client;
    host_begin(300000);
    client_open(&client);
    client_say(&client, STR(HEALTHZ));
    pair_hang_up(&client.pair);
    conn_ready(&host, client.conn, LOOP_READ | LOOP_WRITE | LOOP_END);
    TAP_INT(host.open_count, 0, "who hangs up is gone");
    client_fini(&client);
    client_open(&client);
    pair_narrow(&client.pair);
    client_say(&client, STR(POST "\r\n" DOCUMENT));
    pair_hang_up(&client.pair);
    conn_ready(&host, client.conn, LOOP_READ | LOOP_WRITE | LOOP_END);
    TAP_INT(host.open_count, 0, "… also with an answer on its way");
    client_fini(&client);
    host_end();
}

/* Whatever is still said after a refusal is taken, so that nothing overtakes it, and does
 * not make it last longer. */
static void lingering(void)
{
    struct client client;
    host_begin(0);
    client_open(&client);
    client_say(&client, STR("x\r\n\r\n" HEALTHZ));
    TAP_OK(client_ended(&client) && host.open_count == 1, "refused, it lingers");
    TAP_INT(pair_answers(&client.pair, 400), 1, "… after one answer");
    set_clock(1500);
    client_fill(&client, 300000);
    TAP_OK(host.open_count == 1 && next_ms() == 2000, "… whatever is still said");
    pair_hang_up(&client.pair);
    conn_ready(&host, client.conn, LOOP_READ | LOOP_WRITE | LOOP_END);
    TAP_INT(host.open_count, 0, "… until the peer hangs up");
    client_fini(&client);
    host_end();
}

static void closed(void)
{
    struct client client;
    host_begin(0);
    client_open(&client);
    client_say(&client,
               STR("GET /healthz HTTP/1.1\r\n" HOST "Connection: close\r\n\r\n"));
    TAP_INT(host.open_count, 0, "who asked for the end has it at once");
    TAP_OK(client_ended(&client) && pair_heard(&client.pair, CLOSES) == 1, "… answered");
    client_fini(&client);
    for (int begun = 0; begun < 2; begun++) {
        client_open(&client);
        client_say(&client, begun ? STR("GET") : STR(""));
        conn_close(&host, client.conn);
        TAP_OK(client_ended(&client) && client.pair.heard.len == 0,
               "closed without a word");
        client_fini(&client);
    }
    host_end();
}

int main(void)
{
    waits();
    body_periods();
    endless_body();
    take_periods();
    taken();
    ends_of_stream();
    hung_up();
    lingering();
    closed();
    return tap_done();
}
