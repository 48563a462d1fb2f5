/*
 * serve: from a whole request to the bytes of its answer. Knows paths and bodies, no
 * sockets.
 */
#ifndef ECHO_SERVE_H
#define ECHO_SERVE_H

#include "answer.h"
#include "base/buf.h"
#include "echo.h"
#include "metrics.h"
#include "wire/http.h"

/* The same for all loops, unchanged while they run. */
struct serve_settings {
    size_t response_bytes;
    struct metrics_process process;
};

/* A loop's own. */
struct serve {
    const struct serve_settings *settings;
    struct stamp stamp;
    struct buf page;
    bool draining; /* healthz says so; everything else is answered as ever */
};

void serve_init(struct serve *serve, const struct serve_settings *settings);
void serve_fini(struct serve *serve);

/* Room that any answer fits in, for a body of at most FRAME_BODY_MAX_BYTES. */
size_t serve_room(const struct serve_settings *settings);

/* Writes the answer behind what is in out and notes method, route and status in *record.
 * The caller has made sure of serve_room bytes. */
void serve_request(struct serve *serve, const struct http_request *request,
                   struct str body, enum answer_life life, struct out *out,
                   struct metrics_record *record);

/* The answer to what is no request that can be served (frame.h, and 408), and close.
 * request is NULL when there is none to be named in the metrics. */
void serve_refusal(struct serve *serve, int status, const struct http_request *request,
                   struct out *out, struct metrics_record *record);

#endif
