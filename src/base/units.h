/*
 * units: numbers with suffixes as people write them, and back.
 *   count     20k, 1.5M, 2G, 300          (powers of 1000)
 *   size      2KiB, 1MiB, 512, 4kB, 2MB   (KiB = 1024, kB = 1000), bytes
 *   duration  250ms, 10s, 2m, 1h, 80us, 500ns; a bare number is an error except 0
 */
#ifndef DRAGSTRIP_BASE_UNITS_H
#define DRAGSTRIP_BASE_UNITS_H

#include "base/str.h"

/* All three: false for anything else, negative, or out of range; *out untouched. */
bool units_parse_count(struct str text, double *out);
bool units_parse_size(struct str text, uint64_t *out_bytes);
bool units_parse_duration(struct str text, int64_t *out_ns);

enum { UNITS_TEXT_BYTES = 32 };

/* "183 µs", "1.25 ms", "12.0 s": three significant digits. NAN: "–". Returns out. */
const char *units_format_duration(double ns, char out[UNITS_TEXT_BYTES]);

/* "2.00 MiB". NAN: "–". */
const char *units_format_size(double bytes, char out[UNITS_TEXT_BYTES]);

/* "20,000" for whole numbers from 10,000 on, otherwise three significant digits. */
const char *units_format_count(double count, char out[UNITS_TEXT_BYTES]);

/* Whole seconds, or the largest unit that needs no fraction: "5s", "250ms", "2m". */
const char *units_format_setting(int64_t ns, char out[UNITS_TEXT_BYTES]);

/* A time that others are longer than: as units_format_setting when it is whole ms, as a
 * time-out is; otherwise three significant digits, rounded down. */
const char *units_format_floor(int64_t ns, char out[UNITS_TEXT_BYTES]);

#endif
