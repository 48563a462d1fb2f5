/* The stamp: dates by hand and against strftime, made once a second. */
#include "stamp.h"

#include <stdlib.h>
#include <time.h>

#include "stats/rng.h"
#include "tap.h"

static const struct {
    int64_t seconds;
    const char *digits, *date;
} rows[] = {
    {0, "0", "Thu, 01 Jan 1970 00:00:00"},
    {784111777, "784111777", "Sun, 06 Nov 1994 08:49:37"}, /* the example of RFC 9110 */
    {951782399, "951782399", "Mon, 28 Feb 2000 23:59:59"},
    {951782400, "951782400", "Tue, 29 Feb 2000 00:00:00"},
    {951868800, "951868800", "Wed, 01 Mar 2000 00:00:00"},
    {1709164800, "1709164800", "Thu, 29 Feb 2024 00:00:00"},
    {1740787199, "1740787199", "Fri, 28 Feb 2025 23:59:59"},
    {1740787200, "1740787200", "Sat, 01 Mar 2025 00:00:00"},
    {1767225599, "1767225599", "Wed, 31 Dec 2025 23:59:59"},
    {1767225600, "1767225600", "Thu, 01 Jan 2026 00:00:00"},
    {2147483648, "2147483648", "Tue, 19 Jan 2038 03:14:08"},
    {4107542399, "4107542399", "Sun, 28 Feb 2100 23:59:59"},
    {4107542400, "4107542400", "Mon, 01 Mar 2100 00:00:00"}, /* no leap year */
    {253402300799, "253402300799", "Fri, 31 Dec 9999 23:59:59"},
    {-1, "-1", "Wed, 31 Dec 1969 23:59:59"}};

static bool is(const struct stamp *stamp, const char *digits, const char *date)
{
    char line[64];
    snprintf(line, sizeof(line), "Date: %s GMT\r\n", date);
    return str_eq((struct str){stamp->digits, stamp->digits_len}, str_of(digits)) &&
           str_eq((struct str){stamp->date, stamp->date_len}, str_of(line));
}

static void by_hand(void)
{
    struct stamp one = {0};
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        struct stamp fresh = {0};
        stamp_update(&fresh, rows[i].seconds);
        stamp_update(&one, rows[i].seconds);
        TAP_OK(is(&fresh, rows[i].digits, rows[i].date), "%s", rows[i].date);
        TAP_OK(is(&one, rows[i].digits, rows[i].date), "… also after another");
        TAP_INT(one.seconds, rows[i].seconds, "… the seconds are said");
    }
}

static void once_a_second(void)
{
    struct stamp stamp = {0};
    stamp_update(&stamp, 951782399);
    stamp.date[6] = stamp.digits[0] = '!';
    stamp_update(&stamp, 951782399);
    TAP_OK(stamp.date[6] == '!' && stamp.digits[0] == '!',
           "within the second nothing is made");
    stamp_update(&stamp, 951782400);
    TAP_OK(is(&stamp, "951782400", "Tue, 29 Feb 2000 00:00:00"), "… the next is");
    stamp_update(&stamp, 951782399);
    TAP_OK(is(&stamp, "951782399", "Mon, 28 Feb 2000 23:59:59"),
           "a clock that was put back, too");
}

/* Any second up to the year 9999, as strftime has it in the locale of C. */
static void at_random(void)
{
    struct rng rng;
    struct stamp stamp = {0};
    int wrong = 0;
    rng_init(&rng, 4, 0);
    for (int i = 0; i < 20000; i++) {
        time_t when = (time_t)rng_below(&rng, UINT64_C(253402300800));
        struct tm t;
        char date[64], digits[24];
        gmtime_r(&when, &t);
        strftime(date, sizeof(date), "%a, %d %b %Y %H:%M:%S", &t);
        snprintf(digits, sizeof(digits), "%lld", (long long)when);
        stamp_update(&stamp, when);
        wrong += !is(&stamp, digits, date);
    }
    TAP_INT(wrong, 0, "20,000 random seconds are as strftime has them");
}

int main(void)
{
    setenv("TZ", "Asia/Kathmandu", 1); /* wherever we are, a date is in GMT */
    tzset();
    by_hand();
    once_a_second();
    at_random();
    return tap_done();
}
