/*
 * Streams: connecting with and without TLS, all of the bytes or a time-out, and how what
 * does not answer is told. Of time only lower bounds are checked.
 */
#include "sys/stream.h"

#include "fds.h"
#include "tls_client.h"

static struct tls_client *client;

static int64_t soon(int64_t ns)
{
    return clock_now_ns() + ns;
}

/* A stream to an accepted descriptor that blocks. */
static int open_pair(struct stream *stream)
{
    struct sock_address address;
    struct error err = {""};
    int listener = blocking_listen(&address);
    bool good = stream_connect(stream, &address, NULL, NULL, soon(LIMIT_NS), &err);
    int peer = accept4(listener, NULL, NULL, SOCK_CLOEXEC);
    TAP_OK(good && peer >= 0 && !stream->tls, "a plain stream%s", err.text);
    blocking_limit(peer);
    close(listener);
    return peer;
}

/* ---- connecting ---- */

static void refuse(const struct sock_address *address, struct tls_client *tls, int64_t ns,
                   const char *sentence, const char *what)
{
    struct tls_memory memory = {.session = NULL};
    struct stream stream;
    struct error err = {""};
    char text[SOCK_ADDRESS_TEXT];
    int before = fds_count();
    if (!TAP_OK(!stream_connect(&stream, address, tls, &memory, soon(ns), &err),
                "%s: refused", what))
        stream_close(&stream);
    if (!TAP_OK(strstr(err.text, sentence) != NULL, "… %s", sentence))
        printf("# got %s\n", err.text);
    if (!tls)
        TAP_OK(strstr(err.text, sock_format(address, text)), "… and where: %s", text);
    TAP_OK(stream.fd == -1 && fds_count() == before, "… and nothing is left");
    tls_memory_fini(&memory);
}

static void nobody(void)
{
    struct sock_address address;
    struct error err;
    blocking_free_port(&address);
    refuse(&address, NULL, LIMIT_NS, "Connection refused", "nobody there");
    refuse(&address, client, LIMIT_NS, "Connection refused", "nobody there, TLS");
    sock_unix(tempdir_path("no.sock"), &address, &err);
    refuse(&address, NULL, LIMIT_NS, "No such file", "no Unix socket");
}

/* A listener whose queue is full does not answer any more. */
static void full(void)
{
    enum { QUEUED = 4, WAIT_NS = 60000000 };
    struct sock_address address;
    int listener = blocking_listen(&address), queued[QUEUED];
    listen(listener, 0);
    for (int i = 0; i < QUEUED; i++)
        queued[i] = sock_connect(&address);
    int64_t before_ns = clock_now_ns();
    refuse(&address, NULL, WAIT_NS, "Connection timed out", "a full queue");
    TAP_OK(clock_now_ns() - before_ns >= WAIT_NS, "… after the time, which has passed");
    for (int i = 0; i < QUEUED; i++)
        close(queued[i]);
    close(listener);
}

static void unix_socket(void)
{
    struct sock_address address;
    struct error err = {""};
    struct stream stream;
    char byte = 0;
    sock_unix(tempdir_path("a.sock"), &address, &err);
    int listener = sock_listen(&address, false, &err);
    TAP_OK(listener >= 0 &&
               stream_connect(&stream, &address, NULL, NULL, soon(LIMIT_NS), &err),
           "a Unix socket%s", err.text);
    int peer = sock_accept(listener);
    TAP_INT(write(peer, "a", 1), 1, "… its peer writes");
    TAP_INT(stream_recv_until(&stream, &byte, 1, soon(LIMIT_NS)), 1, "… and is heard");
    stream_close(&stream);
    TAP_INT(read(peer, &byte, 1), 0, "… it ends");
    close(peer);
    close(listener);
}

/* ---- a server that does not speak TLS ---- */

struct speaker {
    struct sock_address address;
    int listener;
    const char *answer; /* NULL: none, and the connection stays open */
    pthread_t thread;
};

static void *speak(void *argument)
{
    const struct speaker *speaker = argument;
    struct pollfd waiting = {.fd = speaker->listener, .events = POLLIN};
    char bytes[4096];
    poll(&waiting, 1, LIMIT_NS / NS_PER_MS);
    int fd = accept4(speaker->listener, NULL, NULL, SOCK_CLOEXEC);
    blocking_limit(fd);
    recv(fd, bytes, sizeof(bytes), 0);
    if (speaker->answer)
        sock_send(fd, str_of(speaker->answer));
    else
        recv(fd, bytes, sizeof(bytes), 0); /* until the client gives up */
    close(fd);
    return NULL;
}

static void speaks(const char *answer, int64_t ns, const char *sentence, const char *what)
{
    struct speaker speaker = {.answer = answer};
    struct tls_memory memory = {.session = NULL};
    struct stream stream;
    struct error err = {""};
    speaker.listener = blocking_listen(&speaker.address);
    pthread_create(&speaker.thread, NULL, speak, &speaker);
    int64_t before_ns = clock_now_ns();
    bool good =
        stream_connect(&stream, &speaker.address, client, &memory, soon(ns), &err);
    TAP_OK(!good && stream.fd == -1, "%s: refused", what);
    bool says = strstr(err.text, sentence) && strstr(err.text, "does it speak https");
    TAP_OK(says, "… %s", err.text);
    TAP_OK(answer || clock_now_ns() - before_ns >= ns, "… not before its time");
    TAP_OK(memory.handshakes == 0, "… no handshake is counted");
    pthread_join(speaker.thread, NULL);
    close(speaker.listener);
}

static void not_tls(void)
{
    speaks("HTTP/1.1 400 Bad Request\r\nContent-Length: 0\r\n\r\n", LIMIT_NS,
           "TLS: ", "a plain server");
    speaks("", LIMIT_NS, "in the handshake", "one that hangs up");
    speaks(NULL, 80 * NS_PER_MS, "timed out in the handshake", "one that is silent");
}

/* ---- receiving ---- */

static void receives(void)
{
    enum { WAIT_NS = 30000000 };
    struct stream stream;
    char bytes[8] = "";
    int peer = open_pair(&stream);
    int64_t before_ns = clock_now_ns();
    errno = 0;
    TAP_OK(stream_recv_until(&stream, bytes, 8, soon(WAIT_NS)) == -1 &&
               errno == ETIMEDOUT,
           "a silent peer: time-out");
    TAP_OK(clock_now_ns() - before_ns >= WAIT_NS, "… after the time, which has passed");
    TAP_OK(stream_recv_until(&stream, bytes, 8, 0) == -1 && errno == ETIMEDOUT,
           "… at once when it is over already");
    TAP_INT(write(peer, "abc", 3), 3, "the peer speaks");
    TAP_INT(stream_recv_until(&stream, bytes, 2, soon(LIMIT_NS)), 2, "as much as asked");
    TAP_INT(stream_recv_until(&stream, bytes + 2, 6, 0), 1,
            "what is there needs no time");
    TAP_TEXT(bytes, "abc", "… as it was said");
    shutdown(peer, SHUT_WR);
    TAP_INT(stream_recv_until(&stream, bytes, 8, soon(LIMIT_NS)), 0, "the end");
    close(peer);
    stream_close(&stream);
    TAP_INT(stream.fd, -1, "closed");
    stream_close(&stream);
    peer = open_pair(&stream);
    sock_reset_on_close(peer);
    close(peer);
    TAP_OK(stream_recv_until(&stream, bytes, 8, soon(LIMIT_NS)) == -1 &&
               errno == ECONNRESET,
           "a reset is no end");
    stream_close(&stream);
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
    struct stream stream;
    char byte = 0;
    alarm_peer = open_pair(&stream);
    sigaction(SIGALRM, &action, &old);
    setitimer(ITIMER_REAL, &each, NULL);
    ssize_t got = stream_recv_until(&stream, &byte, 1, soon(LIMIT_NS));
    setitimer(ITIMER_REAL, &off, NULL);
    sigaction(SIGALRM, &old, NULL);
    TAP_OK(got == 1 && byte == 'a', "interrupted twice, then a byte");
    close(alarm_peer);
    stream_close(&stream);
}

/* ---- sending ---- */

enum { BULK = 4 << 20 };
static char bulk[BULK], back[BULK];

static void *read_late(void *argument)
{
    size_t len = 0;
    clock_sleep_until(soon(20 * NS_PER_MS));
    for (ssize_t n = 1; n > 0 && len<BULK; len += n> 0 ? (size_t)n : 0)
        n = recv(*(int *)argument, back + len, BULK - len, 0);
    return NULL;
}

static void fill_bulk(char first)
{
    for (size_t i = 0; i < BULK; i++)
        bulk[i] = (char)(i * 2654435761u >> 24);
    bulk[0] = first;
    memset(back, 0, BULK);
}

static void sends(void)
{
    struct stream stream;
    pthread_t reader;
    int peer = open_pair(&stream);
    fill_bulk('x');
    pthread_create(&reader, NULL, read_late, &peer);
    TAP_OK(stream_send_all(&stream, (struct str){bulk, BULK}, soon(LIMIT_NS)),
           "4 MiB to one who reads late");
    pthread_join(reader, NULL);
    TAP_OK(memcmp(back, bulk, BULK) == 0, "… all of it comes");
    TAP_OK(stream_send_all(&stream, STR(""), 0), "nothing needs no time");
    close(peer);
    stream_close(&stream);
}

static void cannot_send(void)
{
    enum { WAIT_NS = 30000000 };
    static char endless[64 << 20];
    struct stream stream;
    int peer = open_pair(&stream);
    int64_t before_ns = clock_now_ns();
    struct str bytes = {endless, sizeof(endless)};
    errno = 0;
    TAP_OK(!stream_send_all(&stream, bytes, soon(WAIT_NS)) && errno == ETIMEDOUT,
           "to one who does not read: time-out");
    TAP_OK(clock_now_ns() - before_ns >= WAIT_NS, "… after the time, which has passed");
    sock_reset_on_close(peer);
    close(peer);
    TAP_OK(!stream_send_all(&stream, bytes, soon(LIMIT_NS)) &&
               (errno == EPIPE || errno == ECONNRESET),
           "to one who is gone: no signal");
    stream_close(&stream);
}

/* ---- under TLS ---- */

static void secure(void)
{
    static struct tls_server server;
    struct certificate certificate =
        certificate_for("DNS:localhost", CERTIFICATE_DAY, &authority);
    struct tls_memory memory = {.session = NULL};
    struct stream stream;
    char byte;
    tls_server_start(&server, &certificate, TLS1_3_VERSION, obey);
    TAP_OK(says_hello(&server, client, &memory), "the same functions with TLS");
    fill_bulk('l');
    size_t len = 0, some = BULK / 16; /* what is under way fits the sockets' buffers */
    bool good = ordered(&stream, &server, client, &memory, "") && stream.tls &&
                stream_send_all(&stream, (struct str){bulk, some}, soon(LIMIT_NS));
    for (ssize_t n = 1; good && n > 0 && len<some - 1; len += n> 0 ? (size_t)n : 0)
        n = receive(&stream, back + len, BULK - len);
    TAP_OK(good && memcmp(back, bulk + 1, some - 1) == 0, "256 kB there and back");
    errno = 0;
    TAP_OK(stream_recv_until(&stream, &byte, 1, soon(20 * NS_PER_MS)) == -1 &&
               errno == ETIMEDOUT,
           "then silence: time-out");
    stream_close(&stream);
    TAP_OK(stream.fd == -1 && !stream.tls, "closed");
    tls_memory_fini(&memory);
    tls_server_stop(&server);
    certificate_free(&certificate);
}

int main(void)
{
    signal(SIGPIPE, SIG_DFL); /* whatever we inherited: a signal would end us */
    if (!authorities_make())
        return tap_done();
    int before = fds_count();
    client = client_of("localhost", ca_path, false);
    nobody();
    full();
    unix_socket();
    not_tls();
    receives();
    interrupted();
    sends();
    cannot_send();
    secure();
    tls_client_free(client);
    TAP_INT(fds_count(), before, "no descriptor is left open");
    authorities_end();
    return tap_done();
}
