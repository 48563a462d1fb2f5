/*
 * markdown: the same content as term, as GitHub-flavoured Markdown (report.md, pull
 * request comments). One wide table always.
 */
#ifndef DRAGSTRIP_REPORT_MARKDOWN_H
#define DRAGSTRIP_REPORT_MARKDOWN_H

#include "result/compare.h"

void markdown_print(const struct result *result, const struct comparisons *comparisons,
                    struct buf *out);

#endif
