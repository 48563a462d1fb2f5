/*
 * links: the connections of a worker, and their upkeep: opening, replacing what is lost,
 * trying again at a pace that is no storm.
 */
#ifndef DRAGSTRIP_LOAD_LINKS_H
#define DRAGSTRIP_LOAD_LINKS_H

#include "base/stop.h"
#include "load/conn.h"

struct conn_list { /* doubly linked */
    struct conn *first, *last;
};

void conn_list_push(struct conn_list *list, struct conn *conn);
void conn_list_remove(struct conn_list *list, struct conn *conn);

struct links {
    const struct target *target;
    int64_t timeout_ns; /* of an attempt */
    struct loop loop;
    struct scratch scratch;
    struct conn *conns; /* count of them */
    int count;
    struct conn_list free; /* IDLE */
    int down;              /* how many do not stand */
    int64_t retry_ns;      /* when the next of these is to be looked at; INT64_MAX */
    uint64_t reconnects;
    struct error why; /* of the last one that could not be had */
};

/* first: of them, among those of all workers: deals the target's addresses. */
bool links_init(struct links *links, const struct target *target, int count, int first,
                int64_t timeout_ns, struct error *err);
void links_fini(struct links *links); /* zeroed is allowed */

/* Starts to open all; false when one fails at once. */
bool links_open(struct links *links, struct error *err);

/* "cannot connect to ADDRESS: why". Returns false. */
bool links_complain(const struct links *links, const struct conn *conn,
                    struct error *err);

/* On readiness of one that does not stand. If it does now, it is free. */
void links_establish(struct links *links, struct conn *conn, int64_t now_ns);

/* It has gone DOWN (and is on no list). One that carried a request is replaced at once,
 * at the pace of the requests; others would make a storm on a server that takes
 * connections only to close them. */
void links_replace(struct links *links, struct conn *conn, int64_t now_ns);

/* Attempts that are due, and ends of those that take too long. */
void links_retry(struct links *links, int64_t now_ns);

#endif
