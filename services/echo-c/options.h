/*
 * options: flags, and the environment for those that are not given.
 */
#ifndef ECHO_OPTIONS_H
#define ECHO_OPTIONS_H

#include "base/error.h"
#include "sys/sock.h"

enum {
    OPTIONS_WORKERS_MAX = 4096,
    OPTIONS_RESPONSE_MAX_BYTES = 64 << 20,
    OPTIONS_CONNECTIONS_MAX = 1 << 30
};

struct options {
    struct sock_address listen;
    uint64_t response_bytes;
    uint64_t workers;
    uint64_t connections_max; /* 0: as many as there are descriptors for */
    uint64_t reuse_port;      /* 1: others may listen on the port, too */
    bool help;
    bool version;
};

/* False: a sentence about the flag or variable that is wrong. An empty variable counts as
 * not set. With help or version asked for, nothing else is looked at. */
bool options_read(struct options *options, int argc, char **argv, struct error *err);

/* The text of --help. */
const char *options_help(void);

#endif
