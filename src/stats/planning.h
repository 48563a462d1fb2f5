/*
 * planning: what a comparison of n blocks can be expected to tell, before it is run.
 */
#ifndef DRAGSTRIP_STATS_PLANNING_H
#define DRAGSTRIP_STATS_PLANNING_H

#include <stddef.h>

/*
 * The median half-width of the 95 % signed-rank interval of a ratio, as a share (.05:
 * about 5 % to either side), for n blocks whose trials scatter by sd (of the logarithm),
 * normal. By a seeded simulation, good to some 3 % of itself. NAN when n is too small for
 * any.
 */
double planning_half_width(size_t n, double sd);

#endif
