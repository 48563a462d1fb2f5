/*
 * view_observed: running services beside each other, by their own metrics.
 */
#ifndef DRAGSTRIP_REPORT_VIEW_OBSERVED_H
#define DRAGSTRIP_REPORT_VIEW_OBSERVED_H

#include "report/view.h"
#include "result/observed_set.h"

/* At most RESULT_SERVICES_MAX services. */
void view_init_observed(struct view *view, const struct observed_set *set);

#endif
