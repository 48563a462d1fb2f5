/*
 * peers: what stands behind the descriptors of a service under test: sockets without a
 * kernel. The target is linked with --wrap (Makefile), so that the service's own calls
 * arrive here. A peer behaves as a non-blocking TCP socket under edge-triggered epoll:
 *
 *  - bytes arrive in pieces; a read takes what has arrived, and less than was asked for
 *    only when that was all;
 *  - bytes behind a cut arrive when those before it have been read;
 *  - a send takes what there is room for, and what room there is again is announced
 *    after one that did not get all it wanted;
 *  - each change is announced once (peer_ready).
 *
 * What no service may do ends the process: a call on a descriptor that it has closed, a
 * send behind the end of its stream, closing twice.
 */
#ifndef DRAGSTRIP_TESTS_PEERS_H
#define DRAGSTRIP_TESTS_PEERS_H

#include <errno.h>
#include <sys/types.h>

#include "base/buf.h"
#include "fuzz.h"
#include "sys/loop.h"

enum { PEERS = 5, PEERS_FIRST_FD = 1 << 20, PEER_CUTS_MAX = 64 };
enum { PEER_STREAM_MAX = 5 << 19, PEER_SENT_MAX = 8 << 20 };

struct peer {
    struct buf stream; /* all that it sends */
    size_t visible;    /* of that, what has arrived */
    size_t taken;      /* of that, what was read */
    size_t cuts[PEER_CUTS_MAX];
    int cut_count;
    int next_cut;
    bool ends;      /* behind the stream its end follows */
    int read_error; /* instead of the end */
    int write_error;
    size_t room;     /* for what the service sends; SIZE_MAX: for all */
    bool wants_room; /* a send did not get all it wanted */
    bool news;       /* something is to be announced */
    bool is_late;    /* that comes too late for the next turn */
    struct buf sent; /* by the service */
    bool is_open, is_shut, is_reset, is_closed;
};

static struct peer peers[PEERS];

static inline int peer_fd(const struct peer *peer)
{
    return PEERS_FIRST_FD + (int)(peer - peers);
}

static inline void peer_open(struct peer *peer)
{
    *peer = (struct peer){.room = SIZE_MAX, .news = true, .is_open = true};
    buf_init(&peer->stream, PEER_STREAM_MAX);
    buf_init(&peer->sent, PEER_SENT_MAX);
}

static inline void peer_fini(struct peer *peer)
{
    buf_fini(&peer->stream);
    buf_fini(&peer->sent);
    *peer = (struct peer){0};
}

/* More of its stream, which may not have arrived yet. */
static inline void peer_say(struct peer *peer, struct str bytes)
{
    if (peer->is_open && !peer->ends)
        buf_add(&peer->stream, bytes);
}

/* What was sent up to the next cut arrives; of a cut nothing is left when all before it
 * has been read. */
static inline void peer_arrive(struct peer *peer)
{
    size_t before = peer->visible;
    while (peer->next_cut < peer->cut_count && peer->cuts[peer->next_cut] <= peer->taken)
        peer->next_cut++;
    bool is_cut = peer->next_cut < peer->cut_count;
    peer->visible = is_cut ? peer->cuts[peer->next_cut] : peer->stream.len;
    peer->news |= peer->visible > before;
}

static inline void peer_cut(struct peer *peer)
{
    if (peer->cut_count < PEER_CUTS_MAX)
        peer->cuts[peer->cut_count++] = peer->stream.len;
    peer_arrive(peer);
}

static inline bool peer_is_at_end(const struct peer *peer)
{
    return (peer->ends || peer->read_error) && peer->visible == peer->stream.len;
}

/* What epoll would announce now; the news are old then. */
static inline unsigned peer_ready(struct peer *peer)
{
    unsigned ready = 0;
    bool broken = peer->read_error || peer->write_error;
    if (peer->visible > peer->taken || peer_is_at_end(peer) || broken)
        ready |= LOOP_READ;
    if (peer->room > 0 || broken)
        ready |= LOOP_WRITE;
    if (peer_is_at_end(peer) || broken)
        ready |= LOOP_END;
    peer->wants_room &= peer->room == 0;
    peer->news = false;
    return ready;
}

static inline void peer_make_room(struct peer *peer, size_t room)
{
    peer->news |= peer->wants_room && room > 0;
    peer->room = room;
}

/* --- the service's calls --------------------------------------------------------- */

ssize_t __wrap_sock_recv(int fd, void *bytes, size_t size);
ssize_t __wrap_sock_send(int fd, struct str bytes);
void __wrap_sock_shutdown_write(int fd);
void __wrap_sock_reset_on_close(int fd);
void __wrap_fd_close(int fd);

static inline struct peer *peer_of(int fd)
{
    FUZZ_HOLDS(fd >= PEERS_FIRST_FD && fd < PEERS_FIRST_FD + PEERS);
    struct peer *peer = &peers[fd - PEERS_FIRST_FD];
    FUZZ_HOLDS(peer->is_open && !peer->is_closed);
    return peer;
}

static inline ssize_t peer_fail(int error)
{
    errno = error;
    return -1;
}

ssize_t __wrap_sock_recv(int fd, void *bytes, size_t size)
{
    struct peer *peer = peer_of(fd);
    size_t left = peer->visible - peer->taken, len = left < size ? left : size;
    FUZZ_HOLDS(size > 0);
    if (left == 0 && !peer_is_at_end(peer))
        return peer_fail(EAGAIN);
    if (left == 0)
        return peer->read_error ? peer_fail(peer->read_error) : 0;
    memcpy(bytes, peer->stream.ptr + peer->taken, len);
    peer->taken += len;
    if (peer->taken == peer->visible)
        peer_arrive(peer);
    return (ssize_t)len;
}

ssize_t __wrap_sock_send(int fd, struct str bytes)
{
    struct peer *peer = peer_of(fd);
    size_t len = bytes.len < peer->room ? bytes.len : peer->room;
    FUZZ_HOLDS(bytes.len > 0 && !peer->is_shut);
    if (peer->write_error)
        return peer_fail(peer->write_error);
    peer->wants_room = len < bytes.len;
    if (len == 0)
        return peer_fail(EAGAIN);
    buf_add(&peer->sent, (struct str){bytes.ptr, len});
    FUZZ_HOLDS(!peer->sent.overflow);
    if (peer->room != SIZE_MAX)
        peer->room -= len;
    return (ssize_t)len;
}

void __wrap_sock_shutdown_write(int fd)
{
    struct peer *peer = peer_of(fd);
    FUZZ_HOLDS(!peer->is_shut);
    peer->is_shut = true;
}

/* Only what the peer does not take may be thrown away. */
void __wrap_sock_reset_on_close(int fd)
{
    struct peer *peer = peer_of(fd);
    FUZZ_HOLDS(peer->wants_room);
    peer->is_reset = true;
}

/* Without a reset the kernel would keep, for minutes, what a living peer does not take.
 */
void __wrap_fd_close(int fd)
{
    struct peer *peer = peer_of(fd);
    FUZZ_HOLDS(!peer->wants_room || peer->is_reset || peer->read_error ||
               peer->write_error);
    peer->is_closed = true;
}

#endif
