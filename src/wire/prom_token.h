/*
 * prom_token: the tokens of a metrics page's lines. Each prom_take moves what it takes
 * from the front of the line. Private to src/wire.
 */
#ifndef DRAGSTRIP_WIRE_PROM_TOKEN_H
#define DRAGSTRIP_WIRE_PROM_TOKEN_H

#include "base/str.h"

static inline bool prom_starts(struct str line, char c)
{
    return line.len > 0 && line.ptr[0] == c;
}

static inline bool prom_starts_blank(struct str line)
{
    return prom_starts(line, ' ') || prom_starts(line, '\t');
}

static inline void prom_drop(struct str *line, size_t count)
{
    *line = (struct str){line->ptr + count, line->len - count};
}

static inline bool prom_take(struct str *line, char c)
{
    if (!prom_starts(*line, c))
        return false;
    prom_drop(line, 1);
    return true;
}

bool prom_take_text(struct str *line, struct str text);

/* Where blanks are free; nothing where they are not. */
void prom_skip_blanks(struct str *line, bool strict);

/* Strict: one space. Otherwise: one blank or more. */
bool prom_take_blank(struct str *line, bool strict);

/* Up to a blank or the end; false when there is nothing. */
bool prom_take_word(struct str *line, struct str *out);

/* [a-zA-Z_][a-zA-Z0-9_]*, of metrics with ':' among them. */
bool prom_take_name(struct str *line, bool metric, struct str *out);

/* "text", with \" inside; out is without the quotes and must be valid UTF-8. */
bool prom_take_quoted(struct str *line, struct str *out);

/* Characters of a raw text: code points, an escape counts as one. */
size_t prom_characters(struct str raw);

bool prom_is_finite(double value);

/* Digits with a sign or none. */
bool prom_is_integer(struct str word);

#endif
