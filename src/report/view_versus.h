/*
 * view_versus: one service before and after as a view: the same order, other columns.
 */
#ifndef DRAGSTRIP_REPORT_VIEW_VERSUS_H
#define DRAGSTRIP_REPORT_VIEW_VERSUS_H

#include "report/view.h"
#include "result/versus.h"

/* The caller calls view_fini. Names are views of the two results. */
void view_init_versus(struct view *view, const struct versus *versus);

#endif
