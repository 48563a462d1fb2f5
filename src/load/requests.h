/*
 * requests: the bytes that are sent, one request for each body, and which comes next: in
 * rotation, or at random with weights. Pure.
 */
#ifndef DRAGSTRIP_LOAD_REQUESTS_H
#define DRAGSTRIP_LOAD_REQUESTS_H

#include "base/buf.h"
#include "base/error.h"
#include "stats/rng.h"

enum { REQUESTS_MAX = 256, REQUESTS_BYTES_MAX = 16 << 20 };

struct requests_spec {
    const char *method;         /* NULL: POST with a body, otherwise GET */
    struct str host, path;      /* of the URL */
    const char *const *headers; /* "Name: value", header_count of them */
    int header_count;
    const struct str *bodies; /* body_count of them; 0: one request without a body */
    int body_count;
    const double *weights; /* one a body, above 0; NULL: in rotation */
};

struct requests {
    struct buf *items; /* count of them */
    int count;
    bool head_method; /* answers have no body */
    double *bounds;   /* running sums of the weights, the last is 1; NULL: in rotation */
};

/* Takes nothing of the spec along. */
bool requests_init(struct requests *requests, const struct requests_spec *spec,
                   struct error *err);
void requests_fini(struct requests *requests);

/* The sequence of a worker: the same for the same seed. Plain and copyable. */
struct requests_turn {
    struct rng rng;
    uint64_t next;
};

void requests_begin(struct requests_turn *turn, uint64_t seed, int worker);
int requests_next(const struct requests *requests, struct requests_turn *turn);

#endif
