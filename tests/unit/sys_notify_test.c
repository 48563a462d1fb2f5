/* What a manager's socket receives, by path and by abstract name, and what is said when
 * there is none. */
#include <errno.h>
#include <stddef.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "base/clock.h"
#include "fds.h"
#include "sys/notify.h"
#include "tap.h"
#include "tempdir.h"

/* A datagram socket with this name, which may begin with '@', bound as systemd does. */
static int manager(const char *name)
{
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    size_t len = strlen(name);
    int fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    memcpy(address.sun_path, name, len);
    if (name[0] == '@')
        address.sun_path[0] = '\0';
    if (bind(fd, (struct sockaddr *)&address,
             (socklen_t)(offsetof(struct sockaddr_un, sun_path) + len)) != 0)
        printf("# cannot bind %s: %s\n", name, strerror(errno));
    return fd;
}

static const char *received(int fd)
{
    static char text[256];
    ssize_t n = recv(fd, text, sizeof(text) - 1, 0);
    text[n > 0 ? n : 0] = '\0';
    return text;
}

static void told(const char *name)
{
    struct error err = {""};
    int fd = manager(name), before = fds_count();
    setenv("NOTIFY_SOCKET", name, 1);
    TAP_OK(notify_manager(NOTIFY_READY, &err), "%s: ready%s", name, err.text);
    TAP_OK(notify_manager(NOTIFY_STOPPING, &err), "%s: stopping%s", name, err.text);
    TAP_TEXT(received(fd), "READY=1", "… comes as one datagram");
    TAP_TEXT(received(fd), "STOPPING=1", "… and as another");
    TAP_TEXT(received(fd), "", "… and no more");
    TAP_INT(fds_count(), before, "no descriptor is left open");
    close(fd);
}

static void nobody(void)
{
    struct error err = {""};
    unsetenv("NOTIFY_SOCKET");
    TAP_OK(notify_manager(NOTIFY_READY, &err) && !err.text[0], "not set: nothing to do");
    setenv("NOTIFY_SOCKET", "", 1);
    TAP_OK(notify_manager(NOTIFY_READY, &err) && !err.text[0], "empty: the same");
}

static void refused(const char *name, const char *why)
{
    struct error err = {""};
    int before = fds_count();
    setenv("NOTIFY_SOCKET", name, 1);
    TAP_OK(!notify_manager(NOTIFY_READY, &err), "%.40s cannot be told", name);
    bool good = strstr(err.text, name) && strstr(err.text, why);
    if (!TAP_OK(good, "… and the sentence says why"))
        printf("# %s\n", err.text);
    TAP_INT(fds_count(), before, "… and no descriptor is left open");
}

static void bad_names(void)
{
    char longest[109];
    memset(longest, 'x', sizeof(longest));
    longest[0] = '/';
    longest[108] = '\0';
    refused(longest, "no socket's path");
    longest[0] = '@';
    refused(longest, "no socket's path");
    refused("run/notify", "no socket's path");
    refused("vsock:2:1234", "no socket's path");
    refused("@", "no socket's path");
    refused("/", "no socket's path");
    refused("@dragstrip-nobody-listens-here", strerror(ECONNREFUSED));
    refused(tempdir_path("none"), strerror(ENOENT));
    refused(tempdir_write("file", "", 0, 0600), strerror(ECONNREFUSED));
}

/* All that fit: 107 bytes, whether a path or an abstract name. */
static void longest_names(void)
{
    char name[108];
    memset(name, 'x', sizeof(name));
    memcpy(name, tempdir_path(""), strlen(tempdir_path("")));
    name[107] = '\0';
    told(name);
    memset(name, 'x', sizeof(name));
    name[snprintf(name, sizeof(name), "@dragstrip-%d-", (int)getpid())] = 'x';
    name[107] = '\0';
    told(name);
}

/* The queue of a socket that nobody reads is full after some datagrams. */
static void not_read(void)
{
    struct error err = {""};
    const char *name = tempdir_path("full");
    int fd = manager(name), sent = 0;
    setenv("NOTIFY_SOCKET", name, 1);
    int64_t last_ns = 0;
    for (bool good = true; good && sent < 100000; sent += good) {
        last_ns = clock_now_ns();
        good = notify_manager(NOTIFY_READY, &err);
    }
    int64_t took_ns = clock_now_ns() - last_ns;
    TAP_OK(sent > 0 && sent < 100000, "a manager that does not read: after %d", sent);
    TAP_OK(strstr(err.text, strerror(EAGAIN)) != NULL, "… %s", err.text);
    TAP_OK(took_ns > NS_PER_S / 2 && took_ns < 20 * NS_PER_S, "… within a second or so");
    close(fd);
}

int main(void)
{
    char name[64];
    if (!tempdir_open()) {
        printf("Bail out! no temporary folder\n");
        return 1;
    }
    nobody();
    told(tempdir_path("notify"));
    snprintf(name, sizeof(name), "@dragstrip-test-%d", (int)getpid());
    told(name);
    longest_names();
    bad_names();
    not_read();
    tempdir_close();
    return tap_done();
}
