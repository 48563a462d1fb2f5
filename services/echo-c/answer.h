/*
 * answer: the head of an answer. Its fixed parts are literals, the date is the loop's
 * stamp; only the length is made for each.
 */
#ifndef ECHO_ANSWER_H
#define ECHO_ANSWER_H

#include "out.h"
#include "stamp.h"

/* No head is longer. */
enum { ANSWER_HEAD_MAX_BYTES = 512 };

enum answer_life {
    ANSWER_OPEN,       /* HTTP/1.1 that goes on: nothing to say */
    ANSWER_KEEP_ALIVE, /* HTTP/1.0 that goes on: must be said */
    ANSWER_CLOSE
};

struct answer {
    int status;
    struct str type;   /* ANSWER_JSON, …: whole lines */
    const char *allow; /* NULL but for 405 and OPTIONS "*" */
    enum answer_life life;
};

#define ANSWER_JSON STR("Content-Type: application/json\r\n")
#define ANSWER_TEXT STR("Content-Type: text/plain; charset=utf-8\r\n")
#define ANSWER_PAGE                                                                      \
    STR("Content-Type: text/plain; version=0.0.4; charset=utf-8\r\n"                     \
        "Vary: Accept\r\n")
#define ANSWER_OPENMETRICS                                                               \
    STR("Content-Type: application/openmetrics-text; version=1.0.0; charset=utf-8\r\n"   \
        "Vary: Accept\r\n")

/* The head including its empty line, for a body of this length. */
void answer_head(struct out *out, const struct stamp *stamp, const struct answer *answer,
                 size_t length);

#endif
