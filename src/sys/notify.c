#include "sys/notify.h"

#include <errno.h>
#include <stddef.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <sys/un.h>
#include <unistd.h>

#include "sys/env.h"

enum { WAIT_S = 1 };

/* A path, or with '@' in front a name without a file (unix(7)), whose length is its own:
 * a NUL behind it would be part of it. 0: neither. */
static socklen_t read_address(const char *name, struct sockaddr_un *address)
{
    size_t len = strlen(name);
    bool abstract = name[0] == '@';
    *address = (struct sockaddr_un){.sun_family = AF_UNIX};
    if ((name[0] != '/' && !abstract) || len < 2 || len >= sizeof(address->sun_path))
        return 0;
    memcpy(address->sun_path, name, len);
    if (abstract)
        address->sun_path[0] = '\0';
    return (socklen_t)(offsetof(struct sockaddr_un, sun_path) + len + !abstract);
}

static bool send_to(const struct sockaddr_un *address, socklen_t len, struct str state)
{
    struct timeval wait = {.tv_sec = WAIT_S};
    int fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
    if (fd < 0)
        return false;
    setsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &wait, sizeof(wait));
    ssize_t n = sendto(fd, state.ptr, state.len, MSG_NOSIGNAL,
                       (const struct sockaddr *)address, len);
    int why = errno;
    close(fd);
    errno = why;
    return n == (ssize_t)state.len;
}

bool notify_manager(struct str state, struct error *err)
{
    struct sockaddr_un address;
    const char *name = env_variable("NOTIFY_SOCKET");
    if (!name)
        return true;
    socklen_t len = read_address(name, &address);
    if (len == 0)
        return error_set(err, "NOTIFY_SOCKET is '%s', which is no socket's path or @name",
                         name);
    return send_to(&address, len, state) ||
           error_set(err, "cannot tell NOTIFY_SOCKET (%s) that %.*s: %s", name,
                     (int)state.len, state.ptr, strerror(errno));
}
