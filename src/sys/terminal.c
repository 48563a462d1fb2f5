#include "sys/terminal.h"

#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

enum { COLUMNS_UNKNOWN = 80 };

int terminal_columns(int fd)
{
    struct winsize size;
    if (!isatty(fd))
        return 0;
    bool known = ioctl(fd, TIOCGWINSZ, &size) == 0 && size.ws_col > 0;
    return known ? size.ws_col : COLUMNS_UNKNOWN;
}

bool terminal_has_colour(int fd)
{
    const char *term = getenv("TERM"), *no_colour = getenv("NO_COLOR");
    return isatty(fd) && !(term && strcmp(term, "dumb") == 0) &&
           !(no_colour && *no_colour);
}
