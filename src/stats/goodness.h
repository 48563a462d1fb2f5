/*
 * goodness: how well a sample fits the exponential law of mean 1, which is known in full
 * (case 0): the statistic of Anderson and Darling (1954) with its p-value after Marsaglia
 * and Marsaglia (2004, J. Stat. Software 9/2), and the distance of Kolmogorov, which says
 * how much the law is missed by, whatever the size of the sample.
 */
#ifndef DRAGSTRIP_STATS_GOODNESS_H
#define DRAGSTRIP_STATS_GOODNESS_H

#include <stddef.h>

struct goodness {
    double a2;
    double p;        /* of a larger a2 if the law holds; good to .0005 for n >= 100 */
    double distance; /* the largest difference of the two distribution functions, 0…1 */
};

/* Sorts the sample; negative values count as 0. NANs when n is below 8. */
struct goodness goodness_exponential(double *sample, size_t n);

#endif
