/*
 * Sockets over the loopback: addresses as text, listening, the ways a connection fails,
 * and reading and writing when the peer is gone. The kernel chooses every port.
 */
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <signal.h>
#include <sys/time.h>
#include <unistd.h>

#include "base/clock.h"
#include "blocking.h"
#include "sys/fd.h"
#include "sys/sock.h"
#include "tap.h"

#define LIMIT_NS                                                                         \
    (10 * NS_PER_S) /* for what happens at once unless something is broken               \
                     */

static struct sock_address local(void)
{
    struct sock_address address = {0};
    struct error err = {""};
    TAP_OK(sock_resolve("127.0.0.1", "0", &address, &err), "the loopback%s", err.text);
    return address;
}

static int port_of(const struct sock_address *address)
{
    struct sockaddr_in ip4;
    memcpy(&ip4, &address->storage, sizeof(ip4));
    return ntohs(ip4.sin_port);
}

static bool ready(int fd, short what)
{
    struct pollfd wait = {.fd = fd, .events = what};
    return poll(&wait, 1, LIMIT_NS / NS_PER_MS) == 1;
}

static int option(int fd, int level, int name)
{
    int value = -1;
    socklen_t len = sizeof(value);
    getsockopt(fd, level, name, &value, &len);
    return value;
}

/* --- addresses ---------------------------------------------------------------------- */

static void parse_good(void)
{
    static const struct {
        const char *text, *formatted;
    } cases[] = {{"127.0.0.1:8080", "127.0.0.1:8080"},
                 {"0.0.0.0:0", "0.0.0.0:0"},
                 {"255.255.255.255:65535", "255.255.255.255:65535"},
                 {"[::1]:8080", "[::1]:8080"},
                 {"[::]:1", "[::]:1"},
                 {"[2001:db8:1111:2222:3333:4444:5555:6666]:65535",
                  "[2001:db8:1111:2222:3333:4444:5555:6666]:65535"}};
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        struct sock_address address;
        struct error err = {""};
        char text[SOCK_ADDRESS_TEXT];
        memset(&address, 0x5a, sizeof(address));
        if (!TAP_OK(sock_parse(cases[i].text, &address, &err), "%s is an address%s",
                    cases[i].text, err.text))
            continue;
        TAP_OK(sock_format(&address, text) == text, "format returns its place");
        TAP_TEXT(text, cases[i].formatted, "… and comes back");
        bool six = cases[i].text[0] == '[';
        TAP_INT(address.storage.ss_family, six ? AF_INET6 : AF_INET, "… its family");
        TAP_INT(address.len,
                six ? sizeof(struct sockaddr_in6) : sizeof(struct sockaddr_in),
                "… its length");
    }
}

static void by_name(void)
{
    struct sock_address address;
    struct error err = {""};
    char text[SOCK_ADDRESS_TEXT];
    TAP_OK(sock_parse("localhost:80", &address, &err), "localhost%s", err.text);
    sock_format(&address, text);
    TAP_OK(!strcmp(text, "127.0.0.1:80") || !strcmp(text, "[::1]:80"), "… is %s", text);
    TAP_OK(sock_resolve("::1", "81", &address, &err), "IPv6 in parts%s", err.text);
    TAP_TEXT(sock_format(&address, text), "[::1]:81", "… needs no brackets");
}

/* Nothing here may be asked of a name server, which can take long. */
static void parse_bad(void)
{
    static const char *const texts[] = {"",
                                        "127.0.0.1",
                                        "127.0.0.1:",
                                        "127.0.0.1:80x",
                                        "127.0.0.1:-1",
                                        "127.0.0.1: 80",
                                        "127.0.0.1:65536",
                                        "127.0.0.1:99999999999999999999",
                                        "[::1]",
                                        "[::1",
                                        "[::1]:",
                                        "[::1]8080",
                                        ":"};
    for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++) {
        struct sock_address address, before;
        struct error err = {""};
        memset(&address, 0x5a, sizeof(address));
        before = address;
        if (!TAP_OK(!sock_parse(texts[i], &address, &err), "refused: \"%s\"", texts[i]))
            continue;
        TAP_OK(err.text[0] && strstr(err.text, texts[i]), "… %s", err.text);
        TAP_OK(memcmp(&address, &before, sizeof(address)) == 0, "… and untouched");
    }
}

/* --- listening ---------------------------------------------------------------------- */

/* Each socket that we make, whichever way. */
static void properties(int fd, const char *what)
{
    TAP_INT(fcntl(fd, F_GETFD) & FD_CLOEXEC, FD_CLOEXEC, what);
    TAP_INT(fcntl(fd, F_GETFL) & O_NONBLOCK, O_NONBLOCK, "… never blocks");
    TAP_OK(option(fd, IPPROTO_TCP, TCP_NODELAY) > 0, "… without delay");
}

static void listening(const char *host)
{
    struct sock_address address, same;
    struct error err = {""};
    char text[SOCK_ADDRESS_TEXT];
    TAP_OK(sock_resolve(host, "0", &address, &err), "%s", host);
    int listener = sock_listen(&address, false, &err);
    if (!TAP_OK(listener >= 0, "listens%s", err.text))
        return;
    TAP_OK(port_of(&address) > 0, "… on %s", sock_format(&address, text));
    TAP_INT(fcntl(listener, F_GETFD) & FD_CLOEXEC, FD_CLOEXEC, "… closed by exec");
    TAP_OK(sock_in_use(&address), "… which is in use then");
    same = address;
    TAP_INT(sock_listen(&same, false, &err), -1, "a second one cannot");
    bool says = strstr(err.text, text) && strstr(err.text, strerror(EADDRINUSE));
    TAP_OK(says, "… and says so: %s", err.text);
    TAP_INT(sock_listen(&same, true, &err), -1, "… not even with reuse of one side");
    TAP_OK(sock_accept(listener) == -1 && errno == EAGAIN, "nobody waits");
    int fd = sock_connect(&address);
    TAP_OK(fd >= 0 && ready(fd, POLLOUT) && sock_error(fd) == 0, "a connection");
    properties(fd, "… made: closed by exec");
    TAP_OK(ready(listener, POLLIN), "… waits");
    int peer = sock_accept(listener);
    properties(peer, "… accepted: closed by exec");
    TAP_OK(sock_accept(listener) == -1 && errno == EAGAIN, "no other one waits");
    fd_close(fd);
    fd_close(peer);
    fd_close(listener);
}

static void reuse_port(void)
{
    struct sock_address address = local();
    struct error err = {""};
    int one = sock_listen(&address, true, &err);
    int port = port_of(&address);
    int two = sock_listen(&address, true, &err);
    TAP_OK(one >= 0 && two >= 0, "two listen on one port%s", err.text);
    TAP_INT(port_of(&address), port, "… the same");
    TAP_OK(sock_in_use(&address), "… in use");
    fd_close(one);
    TAP_OK(sock_in_use(&address), "… still, by the second");
    fd_close(two);
    TAP_OK(!sock_in_use(&address), "… and no more");
}

/* A port whose last connection the server ended first can be listened on at once. */
static void listen_again(void)
{
    struct sock_address address = local();
    struct error err = {""};
    char byte;
    int listener = sock_listen(&address, false, &err);
    int fd = blocking_connect(&address);
    int peer = sock_accept(listener);
    fd_close(peer);
    TAP_INT(sock_recv(fd, &byte, 1), 0, "the server ends the connection first");
    fd_close(fd);
    fd_close(listener);
    listener = sock_listen(&address, false, &err);
    TAP_OK(listener >= 0, "and listens again at once%s", err.text);
    fd_close(listener);
}

/* --- connections that fail ---------------------------------------------------------- */

/* Bound, but not listening: the port is ours and refuses. */
static int refusing(struct sock_address *address)
{
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    struct sockaddr_storage *storage = &address->storage;
    if (bind(fd, (const struct sockaddr *)storage, address->len) ||
        getsockname(fd, (struct sockaddr *)storage, &address->len))
        TAP_OK(false, "a port of our own");
    return fd;
}

static void refused(void)
{
    struct sock_address address = local();
    int holder = refusing(&address), fd = sock_connect(&address), why = errno;
    if (fd >= 0) {
        TAP_OK(ready(fd, POLLOUT), "an attempt is decided");
        why = sock_error(fd);
        fd_close(fd);
    }
    TAP_INT(why, ECONNREFUSED, "refused");
    fd_close(holder);
}

/* --- bytes ---------------------------------------------------------------------------
 */

/* [0] blocking, connected to [1], accepted. */
static void pair_open(int pair[2])
{
    struct sock_address address = local();
    struct error err = {""};
    int listener = sock_listen(&address, false, &err);
    pair[0] = blocking_connect(&address);
    pair[1] = sock_accept(listener);
    TAP_OK(pair[0] >= 0 && pair[1] >= 0, "a connection%s", err.text);
    fd_close(listener);
}

static void pair_close(const int pair[2])
{
    fd_close(pair[0]);
    fd_close(pair[1]);
}

static void bytes(void)
{
    int pair[2];
    char text[16] = "";
    pair_open(pair);
    TAP_OK(sock_recv(pair[1], text, sizeof(text)) == -1 && errno == EAGAIN, "no bytes");
    TAP_INT(sock_send(pair[0], STR("a\0b")), 3, "sent");
    TAP_OK(ready(pair[1], POLLIN), "… they come");
    TAP_INT(sock_recv(pair[1], text, sizeof(text)), 3, "received");
    TAP_OK(memcmp(text, "a\0b", 4) == 0, "… as they were");
    sock_shutdown_write(pair[0]);
    TAP_OK(ready(pair[1], POLLIN), "one side ends");
    TAP_INT(sock_recv(pair[1], text, sizeof(text)), 0, "… the end is seen");
    TAP_INT(sock_send(pair[1], STR("back")), 4, "the other side still sends");
    TAP_INT(sock_recv(pair[0], text, sizeof(text)), 4, "… and is heard");
    TAP_OK(sock_send(pair[0], STR("x")) == -1 && errno == EPIPE,
           "sending after the end fails without a signal");
    pair_close(pair);
}

static void reset(void)
{
    int pair[2];
    char byte;
    pair_open(pair);
    sock_reset_on_close(pair[1]);
    fd_close(pair[1]);
    TAP_OK(sock_recv(pair[0], &byte, 1) == -1 && errno == ECONNRESET, "the peer resets");
    TAP_OK(sock_send(pair[0], STR("x")) == -1 && errno == EPIPE,
           "sending to it fails without a signal");
    fd_close(pair[0]);
    pair_open(pair);
    fd_close(pair[1]);
    TAP_INT(sock_recv(pair[0], &byte, 1), 0, "without that the peer ends");
    fd_close(pair[0]);
}

static int alarm_peer;
static volatile sig_atomic_t alarms;

static void write_at_third(int signal)
{
    (void)signal;
    if (++alarms == 3 && write(alarm_peer, "a", 1) != 1)
        alarms = 1000;
}

/* Signals that come while it waits do not end it: only the third one brings a byte. */
static void interrupted(void)
{
    struct sigaction action = {.sa_handler = write_at_third}, old;
    struct itimerval each = {{0, 5000}, {0, 5000}}, off = {{0, 0}, {0, 0}};
    int pair[2];
    char byte = 0;
    if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, pair))
        return;
    alarm_peer = pair[1];
    sigaction(SIGALRM, &action, &old);
    setitimer(ITIMER_REAL, &each, NULL);
    ssize_t got = sock_recv(pair[0], &byte, 1);
    setitimer(ITIMER_REAL, &off, NULL);
    sigaction(SIGALRM, &old, NULL);
    TAP_OK(got == 1 && byte == 'a', "interrupted twice, then a byte");
    pair_close(pair);
}

int main(void)
{
    signal(SIGPIPE, SIG_DFL); /* whatever we inherited: a signal would end us */
    parse_good();
    by_name();
    parse_bad();
    listening("127.0.0.1");
    int six = socket(AF_INET6, SOCK_STREAM | SOCK_CLOEXEC, 0);
    struct sockaddr_in6 loopback = {.sin6_family = AF_INET6,
                                    .sin6_addr = IN6ADDR_LOOPBACK_INIT};
    if (six >= 0 && !bind(six, (const struct sockaddr *)&loopback, sizeof(loopback)))
        listening("::1");
    else
        TAP_OK(true, "IPv6 # SKIP not on this machine");
    fd_close(six);
    reuse_port();
    listen_again();
    refused();
    bytes();
    reset();
    interrupted();
    return tap_done();
}
