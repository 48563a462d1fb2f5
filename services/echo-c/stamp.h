/*
 * stamp: the wall clock as text, made once a second and not once an answer.
 */
#ifndef ECHO_STAMP_H
#define ECHO_STAMP_H

#include "base/str.h"

struct stamp {
    int64_t seconds; /* since 1970 */
    char digits[24];
    size_t digits_len;
    char date[48]; /* "Date: Sun, 06 Nov 1994 08:49:37 GMT\r\n" */
    size_t date_len;
};

/* Does nothing while the second is the same. A zeroed stamp is of no second yet. */
void stamp_update(struct stamp *stamp, int64_t seconds);

#endif
