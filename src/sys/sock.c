#include "sys/sock.h"

#include <errno.h>
#include <linux/filter.h>
#include <netdb.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdio.h>
#include <sys/un.h>
#include <unistd.h>

#include "sys/procfs.h"

enum { BACKLOG = 4096 };

int sock_resolve_all(const char *host, const char *port, struct sock_address *out,
                     int max, struct error *err)
{
    struct addrinfo hints = {.ai_family = AF_UNSPEC, .ai_socktype = SOCK_STREAM};
    struct addrinfo *found = NULL;
    int count = 0, code = getaddrinfo(host, port, &hints, &found);
    if (code != 0) {
        error_set(err, "cannot resolve %s port %s: %s", host, port,
                  code == EAI_SYSTEM ? strerror(errno) : gai_strerror(code));
        return 0;
    }
    for (const struct addrinfo *at = found; at && count < max; at = at->ai_next) {
        out[count] = (struct sock_address){.len = at->ai_addrlen};
        memcpy(&out[count++].storage, at->ai_addr, at->ai_addrlen);
    }
    freeaddrinfo(found);
    return count;
}

bool sock_resolve(const char *host, const char *port, struct sock_address *out,
                  struct error *err)
{
    return sock_resolve_all(host, port, out, 1, err) == 1;
}

bool sock_unix(const char *path, struct sock_address *out, struct error *err)
{
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    size_t len = strlen(path);
    if (len == 0 || len >= sizeof(address.sun_path))
        return error_set(err,
                         "'%s' is no path of a Unix socket: it must have 1 to %zu bytes",
                         path, sizeof(address.sun_path) - 1);
    memcpy(address.sun_path, path, len);
    *out = (struct sock_address){.len = sizeof(address)};
    memcpy(&out->storage, &address, sizeof(address));
    return true;
}

/* Copies host (without brackets) and port; false when there is no colon or no room. */
static bool split_host_port(const char *text, char *host, size_t host_size, char *port,
                            size_t port_size)
{
    const char *colon = strrchr(text, ':');
    if (!colon || colon == text || colon[1] == '\0')
        return false;
    struct str name = {text, (size_t)(colon - text)};
    bool bracketed = name.ptr[0] == '[' && name.ptr[name.len - 1] == ']';
    if (bracketed)
        name = (struct str){name.ptr + 1, name.len - 2};
    else if (memchr(name.ptr, ':', name.len))
        return false;
    if (name.len >= host_size || strlen(colon + 1) >= port_size)
        return false;
    memcpy(host, name.ptr, name.len);
    host[name.len] = '\0';
    memcpy(port, colon + 1, strlen(colon + 1) + 1);
    return true;
}

bool sock_parse(const char *text, struct sock_address *out, struct error *err)
{
    char host[256], port[16];
    uint64_t number;
    if (!split_host_port(text, host, sizeof(host), port, sizeof(port)) ||
        !str_to_u64(str_of(port), &number) || number > 65535)
        return error_set(err, "'%s' is not HOST:PORT, such as 127.0.0.1:8080", text);
    return sock_resolve(host, port, out, err);
}

const char *sock_format(const struct sock_address *address, char out[SOCK_ADDRESS_TEXT])
{
    char host[64] = "?", port[16] = "?";
    if (address->storage.ss_family == AF_UNIX) {
        const struct sockaddr_un *local = (const void *)&address->storage;
        snprintf(out, SOCK_ADDRESS_TEXT, "unix:%s", local->sun_path);
        return out;
    }
    getnameinfo((const struct sockaddr *)&address->storage, address->len, host,
                sizeof(host), port, sizeof(port), NI_NUMERICHOST | NI_NUMERICSERV);
    bool v6 = address->storage.ss_family == AF_INET6;
    snprintf(out, SOCK_ADDRESS_TEXT, v6 ? "[%s]:%s" : "%s:%s", host, port);
    return out;
}

static void set_option(int fd, int level, int option)
{
    int on = 1;
    setsockopt(fd, level, option, &on, sizeof(on));
}

static int open_stream(const struct sock_address *address)
{
    return socket(address->storage.ss_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC,
                  0);
}

int sock_listen(struct sock_address *address, bool reuse_port, struct error *err)
{
    char text[SOCK_ADDRESS_TEXT];
    int fd = open_stream(address);
    if (fd >= 0) {
        set_option(fd, SOL_SOCKET, SO_REUSEADDR);
        if (reuse_port)
            set_option(fd, SOL_SOCKET, SO_REUSEPORT);
        set_option(fd, IPPROTO_TCP, TCP_NODELAY);
    }
    if (fd < 0 || bind(fd, (struct sockaddr *)&address->storage, address->len) != 0 ||
        listen(fd, BACKLOG) != 0) {
        error_set(err, "cannot listen on %s: %s", sock_format(address, text),
                  strerror(errno));
        if (fd >= 0)
            close(fd);
        return -1;
    }
    getsockname(fd, (struct sockaddr *)&address->storage, &address->len);
    return fd;
}

static unsigned port_of(const struct sock_address *address)
{
    const struct sockaddr_in6 *six = (const void *)&address->storage;
    const struct sockaddr_in *four = (const void *)&address->storage;
    return ntohs(address->storage.ss_family == AF_INET6 ? six->sin6_port
                                                        : four->sin_port);
}

/* Its file stays when a service ends, so only a listener that answers counts. */
static bool unix_in_use(const struct sock_address *address)
{
    int fd = sock_connect(address);
    if (fd >= 0)
        close(fd);
    return fd >= 0;
}

bool sock_in_use(const struct sock_address *address)
{
    if (address->storage.ss_family == AF_UNIX)
        return unix_in_use(address);
    int fd = open_stream(address);
    if (fd < 0)
        return false;
    set_option(fd, SOL_SOCKET, SO_REUSEADDR);
    /* SO_REUSEADDR lets bind pass TIME_WAIT; only listen finds a listener then. */
    bool used =
        (bind(fd, (const struct sockaddr *)&address->storage, address->len) != 0 ||
         listen(fd, 1) != 0) &&
        errno == EADDRINUSE;
    close(fd);
    /* Remains of connections in TIME_WAIT can look the same to bind. */
    return used && procfs_port_listens(port_of(address));
}

int sock_accept(int listener)
{
    int fd;
    do {
        fd = accept4(listener, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC);
    } while (fd < 0 && (errno == EINTR || errno == ECONNABORTED));
    if (fd >= 0)
        set_option(fd, IPPROTO_TCP, TCP_NODELAY);
    return fd;
}

void sock_end_handshakes(int listener)
{
    /* A packet of a TCP listener begins with its TCP header (tcp_v4_rcv, tcp_v6_rcv). */
    enum { FLAGS_OFFSET = 13, FLAG_SYN = 0x02 };
    struct sock_filter code[] = {
        BPF_STMT(BPF_LD | BPF_B | BPF_ABS, FLAGS_OFFSET),
        BPF_JUMP(BPF_JMP | BPF_JSET | BPF_K, FLAG_SYN, 0, 1),
        BPF_STMT(BPF_RET | BPF_K, 0),
        BPF_STMT(BPF_RET | BPF_K, UINT32_MAX),
    };
    struct sock_fprog program = {sizeof(code) / sizeof(code[0]), code};
    setsockopt(listener, SOL_SOCKET, SO_ATTACH_FILTER, &program, sizeof(program));
}

void sock_do_not_pace(int fd)
{
    setsockopt(fd, IPPROTO_TCP, TCP_CONGESTION, "reno", 4);
}

int sock_connect(const struct sock_address *address)
{
    int fd = open_stream(address);
    if (fd < 0)
        return -1;
    set_option(fd, IPPROTO_TCP, TCP_NODELAY);
    sock_do_not_pace(fd);
    if (connect(fd, (const struct sockaddr *)&address->storage, address->len) != 0 &&
        errno != EINPROGRESS) {
        int why = errno;
        close(fd);
        errno = why;
        return -1;
    }
    return fd;
}

int sock_error(int fd)
{
    int code = 0;
    socklen_t len = sizeof(code);
    if (getsockopt(fd, SOL_SOCKET, SO_ERROR, &code, &len) != 0)
        return errno;
    return code;
}

ssize_t sock_recv(int fd, void *bytes, size_t size)
{
    ssize_t n;
    do {
        n = recv(fd, bytes, size, 0);
    } while (n < 0 && errno == EINTR);
    return n;
}

ssize_t sock_send(int fd, struct str bytes)
{
    ssize_t n;
    do {
        n = send(fd, bytes.ptr, bytes.len, MSG_NOSIGNAL);
    } while (n < 0 && errno == EINTR);
    return n;
}

void sock_reset_on_close(int fd)
{
    struct linger linger = {.l_onoff = 1};
    setsockopt(fd, SOL_SOCKET, SO_LINGER, &linger, sizeof(linger));
}

void sock_shutdown_write(int fd)
{
    shutdown(fd, SHUT_WR);
}
