/*
 * compare_urls: running services beside each other, by two scrapes or more of their
 * metrics pages.
 */
#ifndef DRAGSTRIP_CMD_COMPARE_URLS_H
#define DRAGSTRIP_CMD_COMPARE_URLS_H

#include "load/target.h"
#include "report/view.h"
#include "result/observed_set.h"

struct compare_urls {
    const char *urls[RESULT_SERVICES_MAX];
    int url_count;
    int64_t window_ns;
    int64_t timeout_ns; /* of each scrape */
    int windows;
    struct observed_rules rules;
    struct target_options target;
    const char *json_path; /* NULL: none; "-": in place of the table */
    /* Made by the run, for the view. */
    char hosts[RESULT_SERVICES_MAX][URL_HOST_MAX + 1];
    const char *names[RESULT_SERVICES_MAX];
};

/* Blocks for all windows. The exit code; on EXIT_PASS or EXIT_INVALID *view is set,
 * unless JSON goes to standard output; the urls must outlive it. */
int compare_urls_run(struct compare_urls *compare, struct view *view, bool *has_view);

/* 'NAME="VALUE"' or NAME=VALUE, and KIND=METRIC; the texts must outlive the rules. */
bool compare_urls_match(struct observed_rules *rules, const char *text,
                        struct error *err);
bool compare_urls_metric(struct observed_rules *rules, const char *text,
                         struct error *err);

#endif
