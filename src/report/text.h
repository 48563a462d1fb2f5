/*
 * text: UTF-8 for reports. Widths are columns of a terminal: µ, × and – are two or three
 * bytes and one column. Report texts hold words of strangers (a dying service's log), so
 * everything printed passes text_clean: no escape sequence reaches the terminal.
 */
#ifndef DRAGSTRIP_REPORT_TEXT_H
#define DRAGSTRIP_REPORT_TEXT_H

#include "base/buf.h"

/* Columns that the text takes: 0 for combining marks, 2 for East Asian and emoji. */
size_t text_width(const char *text);

/* Appends with control characters as spaces and bytes that are not UTF-8 as '?'. */
void text_clean(struct buf *out, struct str text);

/* Appends cleaned text, filled with spaces to `width` columns, on the left or right. */
void text_left(struct buf *out, const char *text, size_t width);
void text_right(struct buf *out, const char *text, size_t width);

/* Appends the cleaned front of text that is at most `width` columns wide. */
void text_cut(struct buf *out, const char *text, size_t width);

/* Appends cleaned text broken at spaces; the caller has already written `column` columns
 * of the first line, later lines start with `indent` spaces. Ends with a newline. A word
 * that is wider than a line stays whole. */
void text_wrap(struct buf *out, const char *text, size_t width, size_t column,
               size_t indent);

#endif
