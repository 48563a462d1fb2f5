/*
 * load_result_json: reading a load result that is a member of something larger, so that
 * faults are named by their whole path. Used by trial_json.c.
 */
#ifndef DRAGSTRIP_RESULT_LOAD_RESULT_JSON_H
#define DRAGSTRIP_RESULT_LOAD_RESULT_JSON_H

#include "result/load_result.h"
#include "result/members.h"

/* out: zeroed; after a fault the caller still calls load_result_fini on it. */
void load_result_read(const struct members *from, struct load_result *out);

#endif
