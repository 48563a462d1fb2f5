/*
 * target: where requests go and the bytes of the one request that is sent again and
 * again.
 */
#ifndef DRAGSTRIP_LOAD_TARGET_H
#define DRAGSTRIP_LOAD_TARGET_H

#include "base/buf.h"
#include "sys/sock.h"

enum { TARGET_HOST_BYTES = 256, TARGET_STATUS_END = 600 };

struct target {
    char host[TARGET_HOST_BYTES]; /* as in the URL, with port: the Host field */
    struct sock_address address;
    struct str path;                  /* inside the URL that was given */
    struct buf request;               /* owned */
    bool head_method;                 /* answers have no body */
    bool expected[TARGET_STATUS_END]; /* which statuses are good answers */
};

enum { TARGET_REQUEST_MAX = 16 << 20 };

/* url: http://HOST[:PORT][/path]. Resolves the name. The URL must outlive the target. All
 * of 2xx and 3xx are good answers until target_expect says otherwise. */
bool target_init(struct target *target, const char *url, struct error *err);
void target_fini(struct target *target);

/* Builds the request; headers are "Name: value", each checked. body may be empty. */
bool target_set_request(struct target *target, const char *method,
                        const char *const *headers, int header_count, struct str body,
                        struct error *err);

/* list: statuses and classes, "200,404" or "2xx,304". */
bool target_expect(struct target *target, const char *list, struct error *err);

#endif
