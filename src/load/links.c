#include "load/links.h"

#include <errno.h>

#include "base/clock.h"
#include "base/mem.h"

enum { SCRATCH_BYTES = 256 * 1024 };

#define BACKOFF_FIRST_NS (10 * NS_PER_MS)
#define BACKOFF_MOST_NS NS_PER_S

void conn_list_push(struct conn_list *list, struct conn *conn)
{
    conn->next = NULL;
    conn->previous = list->last;
    if (list->last)
        list->last->next = conn;
    else
        list->first = conn;
    list->last = conn;
}

void conn_list_remove(struct conn_list *list, struct conn *conn)
{
    if (conn->previous)
        conn->previous->next = conn->next;
    else
        list->first = conn->next;
    if (conn->next)
        conn->next->previous = conn->previous;
    else
        list->last = conn->previous;
    conn->next = conn->previous = NULL;
}

bool links_init(struct links *links, const struct target *target, int count, int first,
                int64_t timeout_ns, struct error *err)
{
    *links = (struct links){.target = target,
                            .timeout_ns = timeout_ns,
                            .count = count,
                            .down = count,
                            .retry_ns = INT64_MAX};
    if (!loop_init(&links->loop, err))
        return false;
    links->conns = mem_new((size_t)count, sizeof(*links->conns));
    for (int i = 0; i < count; i++)
        conn_init(&links->conns[i], (first + i) % target->address_count);
    links->scratch =
        (struct scratch){.bytes = mem_new(SCRATCH_BYTES, 1), .size = SCRATCH_BYTES};
    buf_init(&links->scratch.masked, EXPECT_BODY_MAX);
    return true;
}

void links_fini(struct links *links)
{
    for (int i = 0; links->conns && i < links->count; i++)
        conn_fini(&links->conns[i]);
    mem_free(links->conns);
    mem_free(links->scratch.bytes);
    buf_fini(&links->scratch.masked);
    tls_memory_fini(&links->scratch.tls);
    loop_fini(&links->loop);
    *links = (struct links){.count = 0};
}

static void look_at(struct links *links, const struct conn *conn)
{
    if (conn->retry_ns < links->retry_ns)
        links->retry_ns = conn->retry_ns;
}

static void retry_later(struct links *links, struct conn *conn, int64_t now_ns)
{
    conn->backoff_ns = conn->backoff_ns ? conn->backoff_ns * 2 : BACKOFF_FIRST_NS;
    if (conn->backoff_ns > BACKOFF_MOST_NS)
        conn->backoff_ns = BACKOFF_MOST_NS;
    conn->retry_ns = now_ns + conn->backoff_ns;
    look_at(links, conn);
}

static const char *remedy_for(int why)
{
    if (why == EMFILE)
        return "; raise 'ulimit -n' or lower -c";
    if (why == EADDRNOTAVAIL)
        return "; the local ports are used up: lower -c, or widen "
               "net.ipv4.ip_local_port_range";
    return "";
}

/* False: it cannot be had, now or later. */
static bool open_conn(struct links *links, struct conn *conn, int64_t now_ns)
{
    if (conn_open(conn, links->target, &links->loop, now_ns + links->timeout_ns)) {
        look_at(links, conn);
        return true;
    }
    int why = errno;
    error_set(&links->why, "%s%s", strerror(why), remedy_for(why));
    if (why == EAGAIN) /* a Unix socket's queue is full (connect(2)) */
        retry_later(links, conn, now_ns);
    return why == EAGAIN;
}

static void reconnect(struct links *links, struct conn *conn, int64_t now_ns)
{
    links->reconnects++;
    if (!open_conn(links, conn, now_ns))
        retry_later(links, conn, now_ns);
}

void links_replace(struct links *links, struct conn *conn, int64_t now_ns)
{
    links->down++;
    if (conn->backoff_ns || !conn->was_used)
        retry_later(links, conn, now_ns);
    else
        reconnect(links, conn, now_ns);
}

/* A connection that does not stand, and its time: of the next attempt, or of the end of
 * the one that is under way. */
static void retry(struct links *links, struct conn *conn, int64_t now_ns)
{
    if (conn->retry_ns > now_ns) {
        look_at(links, conn);
    } else if (conn->state == CONN_DOWN) {
        reconnect(links, conn, now_ns);
    } else {
        error_set(&links->why, "no answer");
        conn_close(conn);
        retry_later(links, conn, now_ns);
    }
}

void links_retry(struct links *links, int64_t now_ns)
{
    if (now_ns < links->retry_ns)
        return;
    links->retry_ns = INT64_MAX;
    for (int i = 0; links->down > 0 && i < links->count; i++) {
        struct conn *conn = &links->conns[i];
        if (conn->state != CONN_IDLE && conn->state != CONN_BUSY)
            retry(links, conn, now_ns);
    }
}

void links_establish(struct links *links, struct conn *conn, int64_t now_ns)
{
    conn_establish(conn, links->target, &links->scratch, &links->why);
    if (conn->state == CONN_DOWN) {
        retry_later(links, conn, now_ns);
    } else if (conn->state == CONN_IDLE) {
        links->down--;
        conn->has_stood = true;
        conn_list_push(&links->free, conn);
    }
}

bool links_complain(const struct links *links, const struct conn *conn, struct error *err)
{
    char text[SOCK_ADDRESS_TEXT];
    return error_set(err, "cannot connect to %s: %s",
                     sock_format(&links->target->addresses[conn->address], text),
                     links->why.text);
}

bool links_open(struct links *links, struct error *err)
{
    for (int i = 0; i < links->count; i++) {
        if (!open_conn(links, &links->conns[i], clock_now_ns()))
            return links_complain(links, &links->conns[i], err);
    }
    return true;
}
