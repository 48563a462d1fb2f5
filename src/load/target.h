/*
 * target: where requests go and the bytes of the one request that is sent again and
 * again.
 */
#ifndef DRAGSTRIP_LOAD_TARGET_H
#define DRAGSTRIP_LOAD_TARGET_H

#include "base/buf.h"
#include "sys/sock.h"

enum { TARGET_HOST_BYTES = 256 };

struct target {
    char host[TARGET_HOST_BYTES]; /* as in the URL, with port: the Host field */
    struct sock_address address;
    struct str path;    /* inside the URL that was given */
    struct buf request; /* owned */
    bool head_method;   /* answers have no body */
};

enum { TARGET_REQUEST_MAX = 16 << 20 };

/* url: http://HOST[:PORT][/path]. Resolves the name. The URL must outlive the target. */
bool target_init(struct target *target, const char *url, struct error *err);
void target_fini(struct target *target);

/* Builds the request; headers are "Name: value", each checked. body may be empty. */
bool target_set_request(struct target *target, const char *method,
                        const char *const *headers, int header_count, struct str body,
                        struct error *err);

#endif
