/* Several addresses of one name, and Unix sockets: paths, listening, who is there. */
#include <errno.h>
#include <signal.h>

#include "blocking.h"
#include "sys/fd.h"
#include "tap.h"
#include "tempdir.h"

static void several(void)
{
    struct sock_address found[4], first;
    struct error err = {""};
    int count = sock_resolve_all("127.0.0.1", "80", found, 4, &err);
    TAP_INT(count, 1, "a number is one address");
    count = sock_resolve_all("localhost", "81", found, 4, &err);
    TAP_OK(count >= 1 && count <= 4, "a name is one or more: %d", count);
    TAP_OK(sock_resolve("localhost", "81", &first, &err), "… of which the first");
    TAP_OK(memcmp(&first, &found[0], sizeof(first)) == 0, "… is that of one alone");
    TAP_INT(sock_resolve_all("localhost", "81", found, 1, &err), 1, "no more than asked");
    err = (struct error){""};
    TAP_INT(sock_resolve_all("no name", "80", found, 4, &err), 0, "no name");
    TAP_OK(strstr(err.text, "cannot resolve no name port 80: "), "… %s", err.text);
}

static void paths(void)
{
    struct sock_address address, untouched;
    struct error err = {""};
    char longest[200], text[SOCK_ADDRESS_TEXT];
    memset(&address, 0x5a, sizeof(address));
    untouched = address;
    TAP_OK(sock_unix("/run/a.sock", &address, &err), "a path%s", err.text);
    TAP_INT(address.storage.ss_family, AF_UNIX, "… its family");
    TAP_TEXT(sock_format(&address, text), "unix:/run/a.sock", "… as text");
    memset(longest, 'x', sizeof(longest));
    longest[107] = '\0';
    TAP_OK(sock_unix(longest, &address, &err), "107 bytes%s", err.text);
    TAP_TEXT(sock_format(&address, text) + strlen("unix:"), longest, "… all of them");
    longest[107] = 'x';
    longest[108] = '\0';
    address = untouched;
    TAP_OK(!sock_unix(longest, &address, &err), "108 are too many");
    TAP_OK(strstr(err.text, "must have 1 to 107 bytes"), "… and said");
    TAP_OK(!sock_unix("", &address, &err), "none is too few");
    TAP_OK(memcmp(&address, &untouched, sizeof(address)) == 0, "… nothing is touched");
}

/* Its file outlives the listener: only one that answers is in use. */
static void in_use(void)
{
    struct sock_address address;
    struct error err = {""};
    char text[SOCK_ADDRESS_TEXT];
    sock_unix(tempdir_path("a.sock"), &address, &err);
    TAP_OK(!sock_in_use(&address), "no file, nobody there");
    int listener = sock_listen(&address, false, &err);
    TAP_OK(listener >= 0, "listens%s", err.text);
    TAP_OK(sock_in_use(&address), "… which is in use then");
    int waiting = sock_accept(listener);
    TAP_OK(waiting >= 0, "… the question was a connection");
    fd_close(waiting);
    TAP_INT(sock_listen(&address, false, &err), -1, "a second one cannot");
    TAP_OK(strstr(err.text, sock_format(&address, text)) != NULL, "… %s", err.text);
    fd_close(listener);
    TAP_OK(access(tempdir_path("a.sock"), F_OK) == 0, "the file stays");
    TAP_OK(!sock_in_use(&address), "… and nobody is there");
}

static void talk(void)
{
    struct sock_address address;
    struct error err = {""};
    char byte = 0;
    sock_unix(tempdir_path("b.sock"), &address, &err);
    int listener = sock_listen(&address, false, &err);
    int fd = sock_connect(&address), peer = sock_accept(listener);
    TAP_OK(fd >= 0 && sock_error(fd) == 0 && peer >= 0, "a connection");
    TAP_INT(sock_recv(fd, &byte, 1), -1, "… that does not block");
    TAP_INT(sock_send(peer, STR("a")), 1, "sent");
    TAP_OK(sock_recv(fd, &byte, 1) == 1 && byte == 'a', "… and received");
    fd_close(peer);
    TAP_INT(sock_recv(fd, &byte, 1), 0, "the end");
    TAP_OK(sock_send(fd, STR("x")) == -1 && errno == EPIPE, "… without a signal");
    fd_close(fd);
    fd_close(listener);
    TAP_OK(sock_connect(&address) == -1 && errno == ECONNREFUSED, "refused at once");
    sock_unix(tempdir_path("none.sock"), &address, &err);
    TAP_OK(sock_connect(&address) == -1 && errno == ENOENT, "no such file");
}

int main(void)
{
    signal(SIGPIPE, SIG_DFL); /* whatever we inherited: a signal would end us */
    if (!TAP_OK(tempdir_open(), "a folder of our own"))
        return tap_done();
    several();
    paths();
    in_use();
    talk();
    tempdir_close();
    return tap_done();
}
