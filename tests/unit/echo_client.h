/*
 * echo_client: a host of connections as a loop has one, with a clock of the test's own,
 * and clients of it over pairs of sockets. No event comes by itself: what epoll would
 * report, the test says.
 */
#ifndef DRAGSTRIP_TESTS_ECHO_CLIENT_H
#define DRAGSTRIP_TESTS_ECHO_CLIENT_H

#include "base/clock.h"
#include "conn.h"
#include "echo_pair.h"
#include "sys/loop.h"
#include "tap.h"

/* The clock's zero, so that none of its times is anything special. */
#define CLIENT_START_NS (1000 * NS_PER_S)

static struct serve_settings settings; /* without counters: nobody asks for /metrics */
static struct conn_host host;

struct client {
    struct pair pair;
    struct conn *conn; /* perhaps gone: open_count tells */
};

/* response_bytes: of all documents. */
static inline void host_begin(size_t response_bytes)
{
    settings.response_bytes = response_bytes;
    conn_host_init(&host, &settings);
    conn_host_turn(&host, CLIENT_START_NS, 951782400);
}

static inline void host_end(void)
{
    TAP_INT(host.open_count, 0, "… none is left open");
    TAP_OK(!exchange_has_begun(&host.fresh) && !exchange_is_sending(&host.fresh) &&
               host.fresh.end == EXCHANGE_OPEN,
           "… nor anything half done");
    fflush(stdout); /* before what follows fails an assertion */
    conn_host_fini(&host);
}

/* The clock, without anything done. */
static inline void set_clock(int64_t ms)
{
    conn_host_turn(&host, CLIENT_START_NS + ms * NS_PER_MS, 951782400 + ms / 1000);
}

/* A turn of the loop at this time without an event. */
static inline void turn_at(int64_t ms)
{
    set_clock(ms);
    conn_host_expire(&host);
}

static inline int64_t next_ms(void)
{
    int64_t next_ns = conn_host_next_ns(&host);
    return next_ns == INT64_MAX ? -1 : (next_ns - CLIENT_START_NS) / NS_PER_MS;
}

static inline void client_open(struct client *client)
{
    pair_open(&client->pair);
    client->conn = conn_open(&host, client->pair.fd);
}

static inline void client_fini(struct client *client)
{
    pair_fini(&client->pair);
}

/* Said and read in pieces that the socket takes. */
static inline void client_say(struct client *client, struct str bytes)
{
    while (bytes.len > 0) {
        size_t most = bytes.len < 32768 ? bytes.len : 32768;
        size_t said = pair_say(&client->pair, (struct str){bytes.ptr, most});
        if (said == 0)
            return;
        conn_ready(&host, client->conn, LOOP_READ);
        bytes.ptr += said;
        bytes.len -= said;
    }
}

/* So many bytes that are part of no head's end. */
static inline void client_fill(struct client *client, size_t count)
{
    static char bytes[1 << 20];
    memset(bytes, 'a', sizeof(bytes));
    client_say(client, (struct str){bytes, count});
}

/* A chunk of one byte of payload and so much framing: of a body in such chunks next to
 * nothing is kept. */
enum { CHUNK_BYTES = 4096 };

static inline struct str small_chunk(void)
{
    static char chunk[CHUNK_BYTES];
    memset(chunk, 'x', sizeof(chunk));
    memcpy(chunk, "1;", 2);
    memcpy(chunk + sizeof(chunk) - 5, "\r\na\r\n", 5);
    return (struct str){chunk, sizeof(chunk)};
}

/* Whether the end of the stream is to be seen; what comes before it is taken. */
static inline bool client_ended(struct client *client)
{
    pair_take(&client->pair, SIZE_MAX);
    return client->pair.ended;
}

/* Takes so many bytes of an answer, in small steps of each of which the service hears. */
static inline size_t client_take(struct client *client, size_t count)
{
    size_t taken = 0;
    while (taken < count) {
        size_t n = pair_take(&client->pair, count - taken < 4096 ? count - taken : 4096);
        if (n == 0)
            break;
        taken += n;
        conn_ready(&host, client->conn, LOOP_WRITE);
    }
    return taken;
}

#endif
