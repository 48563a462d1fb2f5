#include "stamp.h"

#include <stdio.h>
#include <time.h>

void stamp_update(struct stamp *stamp, int64_t seconds)
{
    /* Not strftime's %a and %b: RFC 9110 5.6.7 wants English whatever the locale. */
    static const char days[][4] = {"Sun", "Mon", "Tue", "Wed", "Thu", "Fri", "Sat"};
    static const char months[][4] = {"Jan", "Feb", "Mar", "Apr", "May", "Jun",
                                     "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"};
    struct tm t;
    time_t when = seconds;
    if (stamp->seconds == seconds && stamp->date_len > 0)
        return;
    stamp->seconds = seconds;
    int len = snprintf(stamp->digits, sizeof(stamp->digits), "%lld", (long long)seconds);
    stamp->digits_len = (size_t)len;
    gmtime_r(&when, &t);
    len = snprintf(stamp->date, sizeof(stamp->date),
                   "Date: %s, %02d %s %04d %02d:%02d:%02d GMT\r\n", days[t.tm_wday % 7],
                   t.tm_mday, months[t.tm_mon % 12], t.tm_year + 1900, t.tm_hour,
                   t.tm_min, t.tm_sec);
    stamp->date_len = (size_t)len;
}
