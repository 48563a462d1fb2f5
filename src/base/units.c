#include "base/units.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/clock.h"

struct suffix {
    const char *text;
    double factor;
};

static const struct suffix count_suffixes[] = {{"", 1},    {"k", 1e3}, {"K", 1e3},
                                               {"M", 1e6}, {"G", 1e9}, {NULL, 0}};

static const struct suffix size_suffixes[] = {
    {"", 1},     {"B", 1},    {"k", 1e3},    {"kB", 1e3},      {"KB", 1e3},
    {"MB", 1e6}, {"GB", 1e9}, {"KiB", 1024}, {"MiB", 1048576}, {"GiB", 1073741824},
    {NULL, 0}};

static const struct suffix duration_suffixes[] = {
    {"ns", 1},   {"us", 1e3},   {"µs", 1e3},   {"ms", 1e6}, {"s", 1e9},
    {"m", 60e9}, {"min", 60e9}, {"h", 3600e9}, {NULL, 0}};

/* Digits with at most one point, without sign or exponent; returns how many bytes. */
static size_t number_length(struct str text)
{
    size_t digits = 0, i = 0;
    bool point = false;
    for (; i < text.len; i++) {
        char c = text.ptr[i];
        if (c >= '0' && c <= '9')
            digits++;
        else if (c == '.' && !point)
            point = true;
        else
            break;
    }
    return digits ? i : 0;
}

static bool parse(struct str text, const struct suffix *table, double *out)
{
    char number[32];
    text = str_trim(text);
    size_t len = number_length(text);
    if (len == 0 || len >= sizeof(number))
        return false;
    memcpy(number, text.ptr, len);
    number[len] = '\0';
    struct str rest = str_trim((struct str){text.ptr + len, text.len - len});
    for (; table->text; table++) {
        if (str_eq(rest, str_of(table->text))) {
            *out = strtod(number, NULL) * table->factor;
            return true;
        }
    }
    return false;
}

bool units_parse_count(struct str text, double *out)
{
    return parse(text, count_suffixes, out);
}

bool units_parse_size(struct str text, uint64_t *out_bytes)
{
    double bytes;
    if (!parse(text, size_suffixes, &bytes) || bytes > 0x1p53 || bytes != floor(bytes))
        return false;
    *out_bytes = (uint64_t)bytes;
    return true;
}

bool units_parse_duration(struct str text, int64_t *out_ns)
{
    double ns;
    if (str_eq(str_trim(text), STR("0"))) {
        *out_ns = 0;
        return true;
    }
    if (!parse(text, duration_suffixes, &ns) || ns > 0x1p60)
        return false;
    *out_ns = (int64_t)llround(ns);
    return true;
}

/* Three significant digits of value, which is below 1000 or has no larger unit. */
static void format_significant(double value, const char *unit, char *out)
{
    int decimals = value < 9.995 ? 2 : value < 99.95 ? 1 : 0;
    snprintf(out, UNITS_TEXT_BYTES, "%.*f%s%s", decimals, value, *unit ? " " : "", unit);
}

const char *units_format_duration(double ns, char out[UNITS_TEXT_BYTES])
{
    if (isnan(ns))
        snprintf(out, UNITS_TEXT_BYTES, "–");
    else if (ns < 999.5)
        snprintf(out, UNITS_TEXT_BYTES, "%.0f ns", ns);
    else if (ns < 999.5e3)
        format_significant(ns / 1e3, "µs", out);
    else if (ns < 999.5e6)
        format_significant(ns / 1e6, "ms", out);
    else
        format_significant(ns / 1e9, "s", out);
    return out;
}

const char *units_format_size(double bytes, char out[UNITS_TEXT_BYTES])
{
    if (isnan(bytes))
        snprintf(out, UNITS_TEXT_BYTES, "–");
    else if (bytes < 1023.5)
        snprintf(out, UNITS_TEXT_BYTES, "%.0f B", bytes);
    else if (bytes < 1023.5 * 1024)
        format_significant(bytes / 1024, "KiB", out);
    else if (bytes < 1023.5 * 1048576)
        format_significant(bytes / 1048576, "MiB", out);
    else
        format_significant(bytes / 1073741824, "GiB", out);
    return out;
}

const char *units_format_count(double count, char out[UNITS_TEXT_BYTES])
{
    if (isnan(count)) {
        snprintf(out, UNITS_TEXT_BYTES, "–");
    } else if (count < 9999.5) {
        if (count == floor(count))
            snprintf(out, UNITS_TEXT_BYTES, "%.0f", count);
        else
            format_significant(count, "", out);
    } else {
        char digits[24];
        int len = snprintf(digits, sizeof(digits), "%.0f", fmin(count, 1e15));
        char *to = out;
        for (int i = 0; i < len; i++) {
            if (i > 0 && (len - i) % 3 == 0)
                *to++ = ',';
            *to++ = digits[i];
        }
        *to = '\0';
    }
    return out;
}

const char *units_format_setting(int64_t ns, char out[UNITS_TEXT_BYTES])
{
    static const struct {
        int64_t ns;
        const char *text;
    } units[] = {{3600 * NS_PER_S, "h"}, {60 * NS_PER_S, "m"}, {NS_PER_S, "s"},
                 {NS_PER_MS, "ms"},      {NS_PER_US, "us"},    {1, "ns"}};
    size_t i = 0;
    while (ns % units[i].ns != 0)
        i++;
    if (ns == 0)
        i = 2;
    snprintf(out, UNITS_TEXT_BYTES, "%lld%s", (long long)(ns / units[i].ns),
             units[i].text);
    return out;
}

const char *units_format_floor(int64_t ns, char out[UNITS_TEXT_BYTES])
{
    int64_t step_ns = 1;
    if (ns % NS_PER_MS == 0)
        return units_format_setting(ns, out);
    while (ns / step_ns >= 1000)
        step_ns *= 10;
    return units_format_duration((double)(ns / step_ns * step_ns), out);
}
