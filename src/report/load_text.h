/*
 * load_text: one run of the generator for people (`dragstrip load`), in 80 columns.
 */
#ifndef DRAGSTRIP_REPORT_LOAD_TEXT_H
#define DRAGSTRIP_REPORT_LOAD_TEXT_H

#include "result/load_result.h"

void load_text_print(const struct load_result *result, struct buf *out);

#endif
