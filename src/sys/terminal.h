/*
 * terminal: what the other end of a descriptor can show.
 */
#ifndef DRAGSTRIP_SYS_TERMINAL_H
#define DRAGSTRIP_SYS_TERMINAL_H

#include <stdbool.h>

/* Columns of the terminal at fd; 0 when it is none. */
int terminal_columns(int fd);

/* Whether colour is wanted there: a terminal, not TERM=dumb, NO_COLOR not set
 * (no-color.org). */
bool terminal_has_colour(int fd);

#endif
