/*
 * load_options: the command line of `dragstrip load`.
 */
#ifndef DRAGSTRIP_CMD_LOAD_OPTIONS_H
#define DRAGSTRIP_CMD_LOAD_OPTIONS_H

#include "run/generate.h"

enum { LOAD_OPTIONS_MAX = 64 };

struct load_options {
    struct generate_spec spec; /* whose arrays are those below */
    const char *headers[LOAD_OPTIONS_MAX];
    struct str bodies[LOAD_OPTIONS_MAX];
    double weights[LOAD_OPTIONS_MAX];
    struct expect_body expected[LOAD_OPTIONS_MAX];
    const char *masks[LOAD_OPTIONS_MAX];
    const char *resolve[LOAD_OPTIONS_MAX];
    struct buf
        files[LOAD_OPTIONS_MAX]; /* bytes of the bodies, expected ones among them */
    int file_count;
    const char *json_path, *hgrm_path, *ndjson_path, *metrics_address;
    bool spectrum;
    bool has_duration;
    bool from_stdin; /* --spec -: everything else comes from there */
    bool help;
};

extern const char load_options_usage[];

void load_options_init(struct load_options *options);

/* Changes argv's lists; its strings must outlive options. */
bool load_options_parse(struct load_options *options, int argc, char **argv,
                        struct error *err);
void load_options_fini(struct load_options *options);

#endif
