/*
 * tail: is a percentile of one trial carried by enough independent evidence? METHOD 5.
 *
 * k_eff = N (1-q) theta. theta, the extremal index, is the share of exceedances that
 * start a cluster, estimated by the intervals estimator (Ferro & Segers 2003, JRSS B
 * 65:545, eq. 7-8) on the gaps between exceedances, counted in requests in due
 * order, the last one closing the ring to the first. A
 * fixed gap in time (100 ms) was rejected: at 20,000 requests/s every p99 would be one
 * cluster.
 */
#ifndef DRAGSTRIP_STATS_TAIL_H
#define DRAGSTRIP_STATS_TAIL_H

#include <stddef.h>
#include <stdint.h>

struct tail {
    uint64_t exceedances;
    double theta; /* (0, 1]; NAN with fewer than 2 exceedances */
    double k_eff; /* exceedances * theta; 0 when theta is NAN */
};

/*
 * values: bucket index per request in due order (0xffff = infinite), threshold: the index
 * at the percentile; an exceedance is a value above it.
 */
struct tail tail_of(const uint16_t *values, size_t n, uint16_t threshold);

#endif
