#include "load/profile_times.h"

#include <stdlib.h>

#include "base/mem.h"

enum { DIGITS_MAX = 40 };

static int ascending(const void *a, const void *b)
{
    int64_t x = *(const int64_t *)a, y = *(const int64_t *)b;
    return (x > y) - (x < y);
}

/* Decimal seconds as whole ns: a double holds a time since 1970 to some 200 ns only. */
static bool read_seconds(struct str text, int64_t *out_ns)
{
    uint64_t whole;
    const char *point = memchr(text.ptr, '.', text.len);
    size_t whole_len = point ? (size_t)(point - text.ptr) : text.len;
    struct str fraction = {point ? point + 1 : "", point ? text.len - whole_len - 1 : 0};
    if (!str_to_u64((struct str){text.ptr, whole_len}, &whole) ||
        whole > INT64_MAX / 2000000000)
        return false;
    int64_t ns = 0, digit_ns = 100000000;
    for (size_t i = 0; i < fraction.len; i++, digit_ns /= 10) {
        if (fraction.ptr[i] < '0' || fraction.ptr[i] > '9')
            return false;
        ns += (fraction.ptr[i] - '0') * digit_ns;
    }
    *out_ns = (int64_t)whole * 1000000000 + ns;
    return true;
}

/* The next line without its end; false when none is left. */
static bool next_line(struct str *rest, struct str *line)
{
    if (rest->len == 0)
        return false;
    const char *end = memchr(rest->ptr, '\n', rest->len);
    line->ptr = rest->ptr;
    line->len = end ? (size_t)(end - rest->ptr) : rest->len;
    size_t taken = line->len + (end != NULL);
    *rest = (struct str){rest->ptr + taken, rest->len - taken};
    if (line->len > 0 && line->ptr[line->len - 1] == '\r')
        line->len--;
    *line = str_trim(*line);
    return true;
}

static struct str first_word(struct str line)
{
    size_t len = 0;
    while (len < line.len && !strchr(" \t,", line.ptr[len]))
        len++;
    return (struct str){line.ptr, len};
}

static size_t count_lines(struct str text)
{
    size_t count = 0;
    struct str line;
    while (next_line(&text, &line))
        count++;
    return count;
}

/* Into times (room for all lines); how many, or -1. */
static ptrdiff_t read_times(struct str text, int64_t *times, struct error *err)
{
    size_t number = 0, count = 0;
    for (struct str line; next_line(&text, &line);) {
        number++;
        if (line.len == 0 || line.ptr[0] == '#')
            continue;
        struct str word = first_word(line);
        if (!read_seconds(word, &times[count++])) {
            int shown = word.len < DIGITS_MAX ? (int)word.len : DIGITS_MAX;
            error_set(err, "line %zu: '%.*s' is not a time in seconds such as 12.000345",
                      number, shown, word.ptr);
            return -1;
        }
    }
    if (count < 2)
        error_set(err, "at least two times are needed");
    return count < 2 ? -1 : (ptrdiff_t)count;
}

bool profile_parse_times(struct str text, struct profile *out, struct error *err)
{
    int64_t *times = mem_new(count_lines(text) + 1, sizeof(*times));
    ptrdiff_t count = read_times(text, times, err);
    if (count > 0) {
        qsort(times, (size_t)count, sizeof(*times), ascending);
        *out = (struct profile){.time_count = (size_t)count,
                                .times_ns = mem_new((size_t)count, sizeof(double))};
        for (ptrdiff_t i = 0; i < count; i++)
            out->times_ns[i] = (double)(times[i] - times[0]);
    }
    mem_free(times);
    return count > 0;
}

void profile_fini(struct profile *profile)
{
    mem_free(profile->times_ns);
    *profile = (struct profile){.count = 0};
}

size_t profile_times_before(const struct profile *profile, double to_ns)
{
    size_t low = 0, high = profile->time_count;
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        if (profile->times_ns[middle] < to_ns)
            low = middle + 1;
        else
            high = middle;
    }
    return low;
}
