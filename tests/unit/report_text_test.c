/* UTF-8: widths, what is cleaned away, where lines break. */
#include "report/text.h"
#include "tap.h"

static void widths(void)
{
    static const struct {
        const char *text;
        size_t width;
    } cases[] = {{"", 0},
                 {"abc", 3},
                 {"183 µs", 6},
                 {"2.31× [2.10, 2.60]", 18},
                 {"–", 1},
                 {"─", 1},
                 {"競走", 4},
                 {"e\xcc\x81", 1},        /* e and a combining accent */
                 {"\xf0\x9f\x8f\x81", 2}, /* a flag, four bytes */
                 {"\xff\xfe", 2},         /* not UTF-8: a '?' each */
                 {"\xc2", 1},             /* cut off */
                 {"\xe2\x82", 2},         /* cut off */
                 {"\xc0\xaf", 2},         /* overlong */
                 {"\xed\xa0\x80", 3},     /* a surrogate */
                 {"\xf4\x90\x80\x80", 4}, /* above U+10FFFF */
                 {"\x1b[2J", 4}};
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++)
        TAP_INT(text_width(cases[i].text), cases[i].width, "width");
}

static void cleaned(void)
{
    static const char *const cases[][2] = {{"plain – text", "plain – text"},
                                           {"a\x1b[31mb", "a [31mb"},
                                           {"a\nb\tc\r", "a b c "},
                                           {"\xc2\x9b"
                                            "2J",
                                            " 2J"}, /* C1: CSI */
                                           {"x\xff", "x?"},
                                           {"\xe2\x80\xae"
                                            "abc",
                                            " abc"}, /* right to left */
                                           {"\xc2\xb5", "µ"}};
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        struct buf out;
        buf_init(&out, 100);
        text_clean(&out, str_of(cases[i][0]));
        TAP_TEXT(buf_text(&out), cases[i][1], "cleaned");
        TAP_INT(text_width(buf_text(&out)), text_width(cases[i][0]),
                "the width foretold it");
        buf_fini(&out);
    }
}

static void fills(void)
{
    struct buf out;
    buf_init(&out, 100);
    text_left(&out, "µs", 5);
    text_right(&out, "3×", 5);
    text_left(&out, "too wide", 3);
    TAP_TEXT(buf_text(&out), "µs      3×too wide", "filled by columns, never cut");
    buf_fini(&out);
}

static void wraps(void)
{
    static const struct {
        const char *text;
        size_t width, column, indent;
        const char *expected;
    } cases[] = {
        {"one two three", 80, 0, 0, "one two three\n"},
        {"one two three", 7, 0, 2, "one two\n  three\n"},
        {"one two three", 7, 4, 0, "one\ntwo\nthree\n"},
        {"one two three", 8, 0, 2, "one two\n  three\n"},
        {"ééé ééé", 7, 0, 0, "ééé ééé\n"},
        {"averyverylongword b", 5, 0, 1, "averyverylongword\n b\n"},
        {"a\nb", 80, 0, 0, "a b\n"},
        {"", 80, 0, 0, "\n"},
    };
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        struct buf out;
        buf_init(&out, 1000);
        text_wrap(&out, cases[i].text, cases[i].width, cases[i].column, cases[i].indent);
        TAP_TEXT(buf_text(&out), cases[i].expected, "wrapped");
        buf_fini(&out);
    }
}

int main(void)
{
    widths();
    cleaned();
    fills();
    wraps();
    return tap_done();
}
