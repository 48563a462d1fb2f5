/*
 * accept: what a client's Accept field says of a media type (RFC 9110 12.5.1). Pure.
 */
#ifndef DRAGSTRIP_WIRE_ACCEPT_H
#define DRAGSTRIP_WIRE_ACCEPT_H

#include "base/str.h"

/* An answer's media type, with the two parameters that can make a range another one. */
struct accept_media {
    struct str type, subtype;
    struct str version, charset;
};

enum { ACCEPT_MALFORMED = -1, ACCEPT_WEIGHT_MAX = 1000 };

/*
 * The media type's weight in thousandths: that of the range that fits it most exactly (of
 * equally exact ones the highest), 0 when none fits or none is there. ACCEPT_MALFORMED:
 * the value, at whatever place, is not of the grammar, and says nothing about any type.
 *
 * A version or charset in a range must be that of the media type; other parameters are
 * read over: Prometheus 3 names an escaping, which pages with nothing to escape meet.
 */
int accept_weight(struct str value, const struct accept_media *media);

/* Whether a metrics page had better be OpenMetrics 1.0.0 than the text of Prometheus
 * 0.0.4, which it is when there is no preference, or none that can be read. */
bool accept_prefers_openmetrics(struct str value);

#endif
