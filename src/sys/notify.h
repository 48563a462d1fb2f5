/*
 * notify: tells the manager that started this process how it is, as sd_notify(3) does:
 * one datagram to the Unix socket that NOTIFY_SOCKET names.
 */
#ifndef DRAGSTRIP_SYS_NOTIFY_H
#define DRAGSTRIP_SYS_NOTIFY_H

#include "base/error.h"
#include "base/str.h"

#define NOTIFY_READY STR("READY=1")
#define NOTIFY_STOPPING STR("STOPPING=1")

/* True without a word when nobody wants to know (NOTIFY_SOCKET is not set, or empty). For
 * a manager that does not read its socket it waits a second at most. */
bool notify_manager(struct str state, struct error *err);

#endif
