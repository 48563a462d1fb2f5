/*
 * sorted: what others in this room need of a sorted array of doubles. Private to
 * this room.
 */
#ifndef DRAGSTRIP_STATS_SORTED_H
#define DRAGSTRIP_STATS_SORTED_H

#include <stdbool.h>
#include <stddef.h>

/* Ascending. NAN has no place in an order: ask sorted_has_nan first. */
void sorted_make(double *values, size_t n);

/* Middle of sorted values, mean of the middle two for even n; NAN for n == 0. */
double sorted_median(const double *sorted, size_t n);

bool sorted_has_nan(const double *values, size_t n);

#endif
