/*
 * rule: one line of a plan's gate. Its text is what reports show, so there is no second
 * wording to keep in step.
 *
 *   fail_if:  p99 worse by 10%         broken when proven worse than the baseline by more
 *             p99 > 100ms              broken when the median trial is proven to be above
 *   require:  p99 not worse by 10%     holds when proven not to be worse by as much
 *             p99 < 100ms              holds when the median trial is proven to be below
 *
 * Without "by" the tolerance is the metric's margin. "… of NAME" is about one service;
 * otherwise a rule is about every service but the baseline (a limit: about the baseline
 * where it is alone).
 */
#ifndef DRAGSTRIP_RESULT_RULE_H
#define DRAGSTRIP_RESULT_RULE_H

#include "base/error.h"
#include "base/str.h"

#include <stdint.h>

enum { RULE_TEXT_BYTES = 120, RULE_NAME_BYTES = 64, RULES_MAX = 64 };

struct rule {
    bool required; /* holds only when proven; otherwise it is broken only when proven */
    bool relative; /* to the baseline */
    int metric;    /* enum metric */
    double tolerance;              /* of a relative one, a share; NAN: the margin */
    double limit;                  /* of an absolute one, in the metric's unit */
    bool below;                    /* an absolute one: good values are below */
    char service[RULE_NAME_BYTES]; /* "": not about one alone */
    char text[RULE_TEXT_BYTES];    /* as written, with single spaces */
};

/* required: it stands under require, otherwise under fail_if. */
bool rule_parse(const char *text, bool required, struct rule *out, struct error *err);

/* Of a service in a race: whether the rule is about it. rivals: how many services are
 * compared with the baseline, the control not counted. */
struct rule_subject {
    const char *name;
    bool is_baseline, is_control;
    int rivals;
};

bool rule_is_about(const struct rule *rule, const struct rule_subject *subject);

#endif
