/*
 * hist: a log-linear histogram of int64 nanosecond values, the index layout of
 * HdrHistogram (lowest discernible value 1, highest trackable 1 h, 3 significant digits,
 * sub-bucket count 2048), so that counts go into the HdrHistogram V2 format unchanged.
 * The relative width of a bucket is at most 1/1024.
 *
 * Values above the highest are counted in its bucket; minimum and maximum stay exact.
 * `infinite` counts requests that never got a good answer: they are larger than every
 * value, part of the total, and a percentile that reaches them is HIST_INFINITE.
 *
 * Recording does not allocate. Owns its counts.
 */
#ifndef DRAGSTRIP_STATS_HIST_H
#define DRAGSTRIP_STATS_HIST_H

#include <stdbool.h>
#include <stdint.h>

#define HIST_HIGHEST_NS (INT64_C(3600) * 1000000000)
#define HIST_INFINITE INT64_MAX

struct buf;

struct hist {
    uint64_t *counts;  /* HIST_COUNTS_LEN of them */
    uint64_t finite;   /* sum of counts */
    uint64_t infinite; /* errors: above everything */
    int64_t min_ns;    /* exact; meaningless while finite == 0 */
    int64_t max_ns;    /* exact */
    double sum_ns;     /* of the finite values, exact values */
};

/* How many counts a histogram has. */
extern const int32_t HIST_COUNTS_LEN;

void hist_init(struct hist *hist);
void hist_fini(struct hist *hist); /* zeroed is allowed */
void hist_clear(struct hist *hist);

/* Negative values are recorded as 0. */
void hist_record(struct hist *hist, int64_t value_ns);
void hist_record_infinite(struct hist *hist);

/* to += from: counts, infinite, exact min, max, sum. */
void hist_merge(struct hist *to, const struct hist *from);

uint64_t hist_total(const struct hist *hist); /* finite + infinite */

/*
 * Value at rank ceil(q * total), q in (0, 1]: the highest value of its bucket, but never
 * above the exact maximum; HIST_INFINITE when the rank falls among the infinite; -1 when
 * empty. METHOD 1.6.
 */
int64_t hist_quantile(const struct hist *hist, double q);

/* The same as a number: NAN when empty, INFINITY among the infinite. */
double hist_quantile_time(const struct hist *hist, double q);

/* For each of these values, which rise, how many are in its bucket or below: at most it,
 * but for the width of a bucket. */
void hist_counts_up_to(const struct hist *hist, const int64_t *values_ns, int count,
                       uint64_t *out);

/* Mean of the finite values; NAN when there are none. */
double hist_mean(const struct hist *hist);

/* Bucket index of a value and the highest value that shares it. */
int32_t hist_index(int64_t value_ns);
int64_t hist_index_highest(int32_t index);

/*
 * Appends the HdrHistogram V2 compressed encoding, base64 ("HISTFAAAA…"): cookie
 * 0x1c849304, zlib, payload cookie 0x1c849303, ZigZag LEB128 counts with runs of zeros.
 * Infinite counts are not part of that format and are left out.
 */
void hist_encode(const struct hist *hist, struct buf *out);

/* Reads back what hist_encode wrote (or another HdrHistogram of the same layout). */
bool hist_decode(struct hist *hist, const char *base64);

#endif
