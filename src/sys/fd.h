/*
 * fd: descriptors of any kind.
 */
#ifndef DRAGSTRIP_SYS_FD_H
#define DRAGSTRIP_SYS_FD_H

/* Negative numbers are let pass. */
void fd_close(int fd);

#endif
