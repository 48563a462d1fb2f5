#include "wire/prom_token.h"

#include <math.h>
#include <stdlib.h>

#include "wire/jread_chars.h"
#include "wire/prom.h"

bool prom_take_text(struct str *line, struct str text)
{
    if (line->len < text.len || memcmp(line->ptr, text.ptr, text.len) != 0)
        return false;
    prom_drop(line, text.len);
    return true;
}

void prom_skip_blanks(struct str *line, bool strict)
{
    while (!strict && prom_starts_blank(*line))
        prom_drop(line, 1);
}

bool prom_take_blank(struct str *line, bool strict)
{
    if (strict)
        return prom_take(line, ' ');
    bool found = prom_starts_blank(*line);
    prom_skip_blanks(line, false);
    return found;
}

bool prom_take_word(struct str *line, struct str *out)
{
    size_t len = 0;
    while (len < line->len && line->ptr[len] != ' ' && line->ptr[len] != '\t')
        len++;
    *out = (struct str){line->ptr, len};
    prom_drop(line, len);
    return len > 0;
}

static bool is_letter(char c)
{
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_';
}

static bool is_digit(char c)
{
    return c >= '0' && c <= '9';
}

bool prom_take_name(struct str *line, bool metric, struct str *out)
{
    size_t len = 0;
    while (len < line->len &&
           (is_letter(line->ptr[len]) || (metric && line->ptr[len] == ':') ||
            (len > 0 && is_digit(line->ptr[len]))))
        len++;
    *out = (struct str){line->ptr, len};
    prom_drop(line, len);
    return len > 0;
}

bool prom_take_quoted(struct str *line, struct str *out)
{
    size_t at = 1;
    if (!prom_starts(*line, '"'))
        return false;
    while (at < line->len && line->ptr[at] != '"') {
        size_t left = line->len - at;
        size_t step = line->ptr[at] == '\\' && left > 1 ? 1 : 0;
        size_t len = jread_utf8_length(line->ptr + at + step, left - step);
        if (len == 0)
            return false;
        at += step + len;
    }
    if (at >= line->len)
        return false;
    *out = (struct str){line->ptr + 1, at - 1};
    prom_drop(line, at + 1);
    return true;
}

/* Moves one character of a raw text to *out (at most four bytes); returns its length.
 * Only
 * \\, \" and \n are escapes: before anything else a backslash is itself. */
static size_t take_character(struct str *raw, const char **out)
{
    static const char escaped[] = "\\\"n", meant[] = "\\\"\n";
    if (raw->len > 1 && raw->ptr[0] == '\\') {
        const char *found = memchr(escaped, raw->ptr[1], 3);
        if (found) {
            *out = meant + (found - escaped);
            prom_drop(raw, 2);
            return 1;
        }
    }
    size_t len = jread_utf8_length(raw->ptr, raw->len);
    *out = raw->ptr;
    len = len > 0 ? len : 1;
    prom_drop(raw, len);
    return len;
}

size_t prom_characters(struct str raw)
{
    const char *character;
    size_t count = 0;
    while (raw.len > 0) {
        take_character(&raw, &character);
        count++;
    }
    return count;
}

size_t prom_unescape(struct str raw, char *out)
{
    const char *character;
    size_t len = 0;
    while (raw.len > 0) {
        size_t bytes = take_character(&raw, &character);
        memcpy(out + len, character, bytes);
        len += bytes;
    }
    return len;
}

bool prom_equals(struct str raw, struct str text)
{
    const char *character;
    while (raw.len > 0) {
        size_t bytes = take_character(&raw, &character);
        if (text.len < bytes || memcmp(text.ptr, character, bytes) != 0)
            return false;
        prom_drop(&text, bytes);
    }
    return text.len == 0;
}

struct str prom_label(const struct prom_labels *labels, struct str name)
{
    for (int i = 0; i < labels->count; i++) {
        if (prom_equals(labels->list[i].name, name))
            return labels->list[i].value;
    }
    return STR("");
}

/* --- numbers --------------------------------------------------------------------- */

static size_t count_digits(struct str text, size_t at)
{
    size_t begin = at;
    while (at < text.len && is_digit(text.ptr[at]))
        at++;
    return at - begin;
}

/* Decimal, with sign, point and exponent or without: what strtod takes beyond that, such
 * as hexadecimal numbers, is none. */
static bool is_decimal(struct str text)
{
    size_t at = text.len > 0 && (text.ptr[0] == '+' || text.ptr[0] == '-');
    size_t digits = count_digits(text, at);
    at += digits;
    if (at < text.len && text.ptr[at] == '.') {
        size_t more = count_digits(text, at + 1);
        digits += more;
        at += 1 + more;
    }
    if (digits == 0)
        return false;
    if (at < text.len && (text.ptr[at] == 'e' || text.ptr[at] == 'E')) {
        at++;
        at += at < text.len && (text.ptr[at] == '+' || text.ptr[at] == '-');
        digits = count_digits(text, at);
        at += digits;
    }
    return digits > 0 && at == text.len;
}

static bool read_special(struct str text, double *out)
{
    struct str word = text;
    bool negative = prom_starts(word, '-');
    bool sign = negative || prom_starts(word, '+');
    if (sign)
        prom_drop(&word, 1);
    if (str_eq_nocase(word, STR("Inf")) || str_eq_nocase(word, STR("Infinity"))) {
        *out = negative ? -(double)INFINITY : (double)INFINITY;
        return true;
    }
    *out = (double)NAN;
    return !sign && str_eq_nocase(word, STR("NaN"));
}

enum { NUMBER_MAX_BYTES = 128 };

bool prom_number(struct str text, double *out)
{
    char copy[NUMBER_MAX_BYTES + 1];
    if (!is_decimal(text))
        return read_special(text, out);
    if (text.len > NUMBER_MAX_BYTES)
        return false;
    memcpy(copy, text.ptr, text.len);
    copy[text.len] = '\0';
    *out = strtod(copy, NULL);
    return isfinite(*out); /* 1e400 is no way to write infinity */
}

bool prom_is_finite(double value)
{
    return isfinite(value);
}

bool prom_is_integer(struct str word)
{
    size_t at = word.len > 0 && (word.ptr[0] == '+' || word.ptr[0] == '-');
    return word.len > at && count_digits(word, at) == word.len - at;
}

/* --- formats --------------------------------------------------------------------- */

const char *prom_type_name(enum prom_type type)
{
    static const char *const names[] = {"unknown",        "counter", "gauge", "histogram",
                                        "gaugehistogram", "summary", "info",  "stateset"};
    return names[type];
}

static bool ends_with_eof(struct str page)
{
    struct str eof = STR("# EOF");
    if (page.len > 0 && page.ptr[page.len - 1] == '\n')
        page.len--;
    if (page.len < eof.len)
        return false;
    const char *at = page.ptr + page.len - eof.len;
    return memcmp(at, eof.ptr, eof.len) == 0 && (at == page.ptr || at[-1] == '\n');
}

/* "text/plain; version=0.0.4" is Prometheus', whatever the page ends with. */
static bool has_version(struct str parameters)
{
    struct str version = STR("version=");
    for (; parameters.len >= version.len; prom_drop(&parameters, 1)) {
        if (str_eq_nocase((struct str){parameters.ptr, version.len}, version))
            return true;
    }
    return false;
}

bool prom_format_of(struct str media_type, struct str page, enum prom_format *out)
{
    const char *semicolon =
        media_type.len ? memchr(media_type.ptr, ';', media_type.len) : NULL;
    struct str parameters = {NULL, 0}, all = media_type;
    if (semicolon) {
        media_type.len = (size_t)(semicolon - media_type.ptr);
        parameters = (struct str){semicolon, all.len - media_type.len};
    }
    media_type = str_trim(media_type);
    *out = ends_with_eof(page) ? PROM_OPENMETRICS : PROM_TEXT;
    if (str_eq_nocase(media_type, STR("application/openmetrics-text"))) {
        *out = PROM_OPENMETRICS;
        return true;
    }
    if (str_eq_nocase(media_type, STR("text/plain"))) {
        *out = has_version(parameters) ? PROM_TEXT : *out;
        return true;
    }
    return media_type.len == 0 ||
           str_eq_nocase(media_type, STR("application/octet-stream"));
}
