/* Numbers with suffixes, both ways. */
#include "base/clock.h"
#include "base/units.h"
#include "tap.h"

static void durations(void)
{
    static const struct {
        const char *text;
        int64_t ns; /* -1: refused */
    } cases[] = {{"250ms", 250 * NS_PER_MS},
                 {"10s", 10 * NS_PER_S},
                 {"1.5s", 1500000000},
                 {"2m", 120 * NS_PER_S},
                 {"80us", 80000},
                 {"500ns", 500},
                 {"0", 0},
                 {"10", -1},
                 {"", -1},
                 {"s", -1},
                 {"-1s", -1},
                 {"1e3s", -1},
                 {"1s2", -1},
                 {"5 s", 5 * NS_PER_S},
                 {"1..5s", -1}};
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        int64_t ns = -1;
        units_parse_duration(str_of(cases[i].text), &ns);
        TAP_INT(ns, cases[i].ns, cases[i].text);
    }
}

static void counts_and_sizes(void)
{
    double count = -1;
    uint64_t size = 1;
    TAP_OK(units_parse_count(STR("20k"), &count) && count == 20000, "20k");
    TAP_OK(units_parse_count(STR("1.5M"), &count) && count == 1.5e6, "1.5M");
    TAP_OK(!units_parse_count(STR("20x"), &count), "20x is refused");
    TAP_OK(units_parse_size(STR("2KiB"), &size) && size == 2048, "2KiB");
    TAP_OK(units_parse_size(STR("2kB"), &size) && size == 2000, "2kB");
    TAP_OK(!units_parse_size(STR("0.3"), &size), "part of a byte is refused");
}

static void formats(void)
{
    char text[UNITS_TEXT_BYTES];
    TAP_TEXT(units_format_duration(183400, text), "183 µs", "three digits");
    TAP_TEXT(units_format_duration(1254000, text), "1.25 ms", "milliseconds");
    TAP_TEXT(units_format_duration(999.6e6, text), "1.00 s", "rounds up into seconds");
    TAP_TEXT(units_format_duration((double)NAN, text), "–", "no value is a dash");
    TAP_TEXT(units_format_size(2097152, text), "2.00 MiB", "size");
    TAP_TEXT(units_format_count(1234567, text), "1,234,567", "thousands");
    TAP_TEXT(units_format_count(12.34, text), "12.3", "small count");
    TAP_TEXT(units_format_setting(5 * NS_PER_S, text), "5s", "setting in seconds");
    TAP_TEXT(units_format_setting(250 * NS_PER_MS, text), "250ms", "setting in ms");
    TAP_TEXT(units_format_setting(0, text), "0s", "setting zero");
}

static void floors(void)
{
    static const struct {
        int64_t ns;
        const char *text;
    } cases[] = {
        {5 * NS_PER_S, "5s"},   {250 * NS_PER_MS, "250ms"},       {912678901, "912 ms"},
        {5999999999, "5.99 s"}, {INT64_C(12345678901), "12.3 s"}, {999, "999 ns"}};
    char out[UNITS_TEXT_BYTES];
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++)
        TAP_TEXT(units_format_floor(cases[i].ns, out), cases[i].text, "floor");
}

int main(void)
{
    floors();
    durations();
    counts_and_sizes();
    formats();
    return tap_done();
}
