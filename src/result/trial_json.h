/*
 * trial_json: reading back what trial_to_json wrote. Used by result_read.c.
 */
#ifndef DRAGSTRIP_RESULT_TRIAL_JSON_H
#define DRAGSTRIP_RESULT_TRIAL_JSON_H

#include "result/members.h"
#include "result/result.h"

/* Index of the service that the member names; 0 after a fault. */
int service_index_read(const struct members *from, const char *key,
                       const struct result_service *services, int count);

/* out: zeroed; after a fault the caller still calls trial_fini on it. */
void trial_read(const struct members *from, const struct result_service *services,
                int service_count, struct trial *out);

#endif
