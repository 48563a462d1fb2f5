/*
 * target: where the requests go: the addresses behind a URL, and TLS where it is https.
 */
#ifndef DRAGSTRIP_LOAD_TARGET_H
#define DRAGSTRIP_LOAD_TARGET_H

#include "sys/sock.h"
#include "sys/tls.h"
#include "wire/url.h"

enum { TARGET_ADDRESSES_MAX = 64 };

struct target {
    struct url url; /* views of the text that was given */
    struct sock_address addresses[TARGET_ADDRESSES_MAX]; /* connection i has the i-th,
                                                          * round and round */
    int address_count;
    struct tls_client *tls; /* owned; NULL: plain */
};

struct target_options { /* zeroed: none */
    /* "HOST:PORT:ADDRESS[,ADDRESS…]": instead of resolving that name (as curl's option)
     */
    const char *const *resolve;
    int resolve_count;
    const char *ca_file; /* PEM; NULL: the system's own */
    bool insecure;       /* any certificate is good */
};

/* Resolves the name (blocking). The URL must outlive the target; options may be NULL. */
bool target_init(struct target *target, const char *url,
                 const struct target_options *options, struct error *err);
void target_fini(struct target *target);

/*
 * A name such as localhost may have addresses of both families where only one is served:
 * keeps those of the first family in which one accepts a connection. Blocks, at most for
 * the time-out an address; does nothing for a single family. False: none accepts.
 */
bool target_pick_family(struct target *target, int64_t timeout_ns, struct error *err);

/* "127.0.0.1:8080", with "and N more" where there are. */
enum { TARGET_TEXT_BYTES = SOCK_ADDRESS_TEXT + 32 };
const char *target_format(const struct target *target, char out[TARGET_TEXT_BYTES]);

#endif
