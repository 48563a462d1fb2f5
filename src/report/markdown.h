/*
 * markdown: the same content as term, as GitHub-flavoured Markdown (report.md, pull
 * request comments). One wide table always.
 */
#ifndef DRAGSTRIP_REPORT_MARKDOWN_H
#define DRAGSTRIP_REPORT_MARKDOWN_H

#include "report/view.h"

void markdown_print(const struct result *result, const struct comparisons *comparisons,
                    struct buf *out);

/* A view that was made otherwise (view_versus.h). */
void markdown_print_view(const struct view *view, struct buf *out);

#endif
