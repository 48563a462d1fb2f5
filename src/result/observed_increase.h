/*
 * observed_increase: by how much series of one meaning rose between two pages. Private to
 * src/result.
 */
#ifndef DRAGSTRIP_RESULT_OBSERVED_INCREASE_H
#define DRAGSTRIP_RESULT_OBSERVED_INCREASE_H

#include "result/observed.h"
#include "result/observed_series.h"

/* The work of one comparison of two pages. */
struct between {
    const struct page *before;
    const struct page *after;
    struct observed_series was; /* of before */
    struct observed_series is;  /* of after */
    const struct observed_rules *rules;
    struct observed *out;
};

struct selection { /* of series, by name and labels */
    const char *name;
    const char *suffix;
    const struct observed_match *matches;
    int match_count;
};

enum rise { ROSE, WENT_BACK, WAS_LOST, NO_NUMBER };

struct buckets {
    struct bucket *list;
    size_t count, capacity;
};

/* Adds a sentence, each once. */
void observed_note(struct observed *out, const char *format, ...)
    __attribute__((format(printf, 2, 3)));

bool observed_is_named(const struct page_sample *sample, const char *name,
                       const char *suffix);

/* The samples of one page that are selected and count. */
bool observed_is_selected(const struct selection *selection,
                          const struct observed_series *series,
                          const struct page_sample *sample);

/* By how much a counter's series rose; a new one rose from 0. */
enum rise observed_rise(const struct between *between, const struct page_sample *after,
                        double *out);

/* Summed over all series that are selected. NaN: none, or one did not rise, which is
 * noted. */
double observed_increase(struct between *between, const struct selection *selection);

/* Increases of all buckets that are selected, prepared; the caller frees the list. None:
 * there are none, or one did not rise, which is noted. */
struct buckets observed_buckets(struct between *between,
                                const struct selection *selection, double scale);

/* Of a gauge's series; NaN: there is none. */
double observed_sum(const struct observed_series *series, const char *name);

#endif
