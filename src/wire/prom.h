/*
 * prom: the lines of a metrics page, in the text formats in use: Prometheus text 0.0.4,
 * and 1.0 with quoted UTF-8 names, and OpenMetrics 1.0. Pure: no allocation, every str
 * points into the page that was given. What a line means together with others (families,
 * groups, buckets) is result/page's business.
 *
 *   https://prometheus.io/docs/instrumenting/exposition_formats/
 *   https://prometheus.io/docs/specs/om/open_metrics_spec/ (sections 4 and 5)
 *
 * The text format is read as Prometheus reads it: blanks are free, other comments and
 * empty lines are passed over. OpenMetrics is read as its grammar says.
 */
#ifndef DRAGSTRIP_WIRE_PROM_H
#define DRAGSTRIP_WIRE_PROM_H

#include "base/str.h"

enum prom_format { PROM_TEXT, PROM_OPENMETRICS };

enum prom_type {
    PROM_UNKNOWN, /* also "untyped" of the text format */
    PROM_COUNTER,
    PROM_GAUGE,
    PROM_HISTOGRAM,
    PROM_GAUGE_HISTOGRAM,
    PROM_SUMMARY,
    PROM_INFO,
    PROM_STATESET
};

enum { PROM_LABELS_MAX = 64 };

/* Raw: escapes are still in them, and quoted names are without their quotes. */
struct prom_label {
    struct str name;
    struct str value;
};

struct prom_labels {
    struct prom_label list[PROM_LABELS_MAX];
    int count;
};

struct prom_exemplar {
    struct prom_labels labels;
    double value;
    bool has_timestamp;
    double timestamp_s;
};

struct prom_sample {
    struct str name; /* raw, as labels' */
    struct prom_labels labels;
    double value; /* may be NaN, +Inf, -Inf */
    bool has_timestamp;
    double timestamp_s; /* since 1970; the text format has milliseconds */
    bool has_exemplar;
    struct prom_exemplar exemplar;
};

enum prom_kind {
    PROM_END, /* the page is over; after "# EOF" in OpenMetrics */
    PROM_BAD, /* the reader's line and error say what is wrong; nothing follows */
    PROM_TYPE,
    PROM_HELP,
    PROM_UNIT,
    PROM_SAMPLE
};

struct prom_line {
    enum prom_kind kind;
    struct str name;     /* of the family, for TYPE, HELP and UNIT; raw */
    enum prom_type type; /* PROM_TYPE */
    struct str text;     /* of HELP (raw) and UNIT */
    struct prom_sample sample;
};

struct prom_reader {
    enum prom_format format;
    struct str rest;
    size_t line;       /* number of the present line, from 1 */
    bool over;         /* "# EOF" was there */
    const char *error; /* NULL until something is wrong */
};

void prom_init(struct prom_reader *reader, struct str page, enum prom_format format);

/* The next line that says something; out->kind is returned, too. */
enum prom_kind prom_next(struct prom_reader *reader, struct prom_line *out);

/* The format of a page by its media type (Content-Type, parameters and all) and, where
 * that says nothing, by its last line. False: neither; a media type that is another one,
 * such as text/html, is not looked behind. */
bool prom_format_of(struct str media_type, struct str page, enum prom_format *out);

/* Whether a raw name or value, unescaped, equals text. */
bool prom_equals(struct str raw, struct str text);

/* Unescapes; returns the length, at most raw.len, which out must have room for. */
size_t prom_unescape(struct str raw, char *out);

/* The value of a label; "" when it is not there, as both formats mean. */
struct str prom_label(const struct prom_labels *labels, struct str name);

/* A number as samples have it; false: none. */
bool prom_number(struct str text, double *out);

/* "counter" … */
const char *prom_type_name(enum prom_type type);

#endif
