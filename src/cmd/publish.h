/*
 * publish: the reports of a race, in every format that report/ has, to wherever they go.
 */
#ifndef DRAGSTRIP_CMD_PUBLISH_H
#define DRAGSTRIP_CMD_PUBLISH_H

#include "base/buf.h"
#include "result/compare.h"
#include "run/outdir.h"

enum { PUBLISH_MAX = 64 << 20 };

struct publish_format {
    const char *name; /* of `report -f` */
    const char *what; /* for --help */
    /* to_terminal: width and colour are the terminal's. */
    void (*print)(const struct result *result, const struct comparisons *found,
                  bool to_terminal, struct buf *out);
};

extern const struct publish_format publish_formats[]; /* a name of NULL ends it */

/* NULL with err, which lists the formats. */
const struct publish_format *publish_find(const char *name, struct error *err);

/* The terminal's report to standard output; report.md and junit.xml into the folder; in a
 * step of GitHub Actions, the job's summary. All of them are tried. */
bool publish_race(const struct result *result, const struct comparisons *found,
                  const struct outdir *out, struct error *err);

/* RESULT: a result.json or the folder of a race. */
bool publish_read(const char *path, struct result *out, struct error *err);

#endif
