/*
 * jmask: a JSON text with the values of some members replaced by null, so that answers
 * which differ in a time stamp or an id can be compared. Pure; allocates only in out.
 */
#ifndef DRAGSTRIP_WIRE_JMASK_H
#define DRAGSTRIP_WIRE_JMASK_H

#include "base/buf.h"

enum { JMASK_FIELDS_MAX = 32 };

/*
 * A field is a member's name, at any depth ("time"), or with the names of what it stands
 * in ("meta.time": member time of the object that is member meta; arrays between them do
 * not count). Everything else, white space too, is copied as it is.
 */
struct jmask {
    const char *fields[JMASK_FIELDS_MAX];
    int count;
};

/* Appends the masked text to out. False: it is not JSON (jread.h), and what was appended
 * is worth nothing. */
bool jmask_write(const struct jmask *mask, struct str json, struct buf *out);

#endif
