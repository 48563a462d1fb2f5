/*
 * gate: a plan's rules applied to a result (METHOD 8). Pure.
 *
 * Proof that a rule is broken is a claim, and many rules make many claims: Holm's
 * procedure holds the chance of one false claim in all of them together at 2.5 % (the
 * lower end of a 95 % interval). Proof that a required rule holds needs no such care: all
 * of them must hold (intersection-union).
 */
#ifndef DRAGSTRIP_RESULT_GATE_H
#define DRAGSTRIP_RESULT_GATE_H

#include "result/compare.h"
#include "result/rule.h"

enum gate_status { /* the gravest for the whole is the largest that is there */
                   GATE_PASSES,
                   GATE_OPEN,    /* the rule demands proof, and there is none */
                   GATE_INVALID, /* the measurement cannot answer: no data is no pass */
                   GATE_BROKEN   /* proven */
};

extern const char *const gate_status_names[]; /* "passes", "inconclusive", … as in JSON */

struct gate_check { /* one rule, one service */
    const struct rule *rule;
    int service;
    int n; /* blocks with a value */
    enum gate_status status;
    double p;             /* one-sided, of the claim that it is broken; NAN: no claim */
    double level;         /* that Holm allows p */
    bool by_losses;       /* no ratio could be had; why tells who lost what */
    double value;         /* ratio to the baseline, or median of the trials; NAN */
    struct interval ci95; /* of value */
    char why[LOAD_REASON_BYTES]; /* a clause that explains the status, never empty */
};

struct gate {
    struct gate_check *checks; /* heap; rules in their order, services in theirs */
    int count;
    enum gate_status status; /* GATE_PASSES when there is no rule */
};

void gate_apply(const struct result *result, const struct comparisons *found,
                struct gate *out);
void gate_fini(struct gate *gate);

/* The logarithm of the ratio from which on a relative rule speaks, in the direction in
 * which more is worse: a loss of 10 % is a factor of 1.1, of throughput one of 1/0.9. */
double gate_limit(const struct result *result, const struct rule *rule);

/* Blocks without which not one of so many claims could be proven. */
int gate_blocks_min(int claims);

#endif
