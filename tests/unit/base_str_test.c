/* Views, edit distance, bounded buffers. */
#include <stdlib.h>

#include "base/buf.h"
#include "base/error.h"
#include "tap.h"

static void numbers(void)
{
    uint64_t value = 7;
    TAP_OK(str_to_u64(STR("18446744073709551615"), &value) && value == UINT64_MAX, "max");
    TAP_OK(!str_to_u64(STR("18446744073709551616"), &value), "one more overflows");
    TAP_OK(!str_to_u64(STR(""), &value) && !str_to_u64(STR("+1"), &value), "no digits");
}

static void distances(void)
{
    TAP_INT(str_distance(STR("rte"), STR("rate")), 1, "missing letter");
    TAP_INT(str_distance(STR("raet"), STR("rate")), 1, "swapped letters");
    TAP_INT(str_distance(STR("kitten"), STR("sitting")), 3, "kitten, sitting");
    TAP_INT(str_distance(STR(""), STR("abc")), 3, "empty");
}

static void bounded(void)
{
    struct buf buf;
    buf_init(&buf, 5);
    buf_add_text(&buf, "abc");
    TAP_OK(!buf.overflow && strcmp(buf_text(&buf), "abc") == 0, "fits");
    buf_format(&buf, "%d", 12345);
    TAP_OK(buf.overflow && strcmp(buf_text(&buf), "abc12") == 0, "cut at the maximum");
    buf_consume(&buf, 3);
    TAP_TEXT(buf_text(&buf), "12", "consumed from the front");
    buf_fini(&buf);
}

static void errors(void)
{
    struct error err;
    TAP_OK(!error_set(&err, "line %d", 3), "an error is false");
    error_prefix(&err, "plan.yaml: ");
    TAP_TEXT(err.text, "plan.yaml: line 3", "prefixed");
}

int main(void)
{
    TAP_OK(str_eq_nocase(STR("Content-LENGTH"), STR("content-length")), "case ignored");
    TAP_OK(str_eq(str_trim(STR(" \ta b ")), STR("a b")), "trimmed");
    numbers();
    distances();
    bounded();
    errors();
    return tap_done();
}
