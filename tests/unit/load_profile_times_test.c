/* Profiles that are lists of times: how they are read, and how they are dealt. */
#include "base/buf.h"
#include "base/clock.h"
#include "guard.h"
#include "load/schedule.h"
#include "tap.h"

enum { EPOCH_S = 1700000000 };

static struct guard guard;

/* Against the edge of a page; the program ends when it is refused. */
static struct profile read_times(const char *text)
{
    struct profile profile = {.count = 0};
    struct error err = {""};
    struct str bytes = guard_place(&guard, GUARD_BEHIND, str_of(text));
    if (!TAP_OK(profile_parse_times(bytes, &profile, &err), "read: %s",
                guard_shown(str_of(text))))
        printf("Bail out! %s\n", err.text);
    return profile;
}

static void check_times(const char *text, const int64_t *times_ns, size_t count)
{
    struct profile profile = read_times(text);
    TAP_INT(profile.time_count, count, "… as many times");
    bool same = profile.time_count == count;
    for (size_t i = 0; same && i < count; i++)
        same = profile.times_ns[i] == (double)times_ns[i];
    TAP_OK(same, "… from the earliest on, to the nanosecond");
    profile_fini(&profile);
    TAP_OK(!profile.times_ns, "… nothing is kept");
}

#define CHECK_TIMES(text, ...)                                                           \
    do {                                                                                 \
        static const int64_t want_ns[] = {__VA_ARGS__};                                  \
        check_times(text, want_ns, sizeof(want_ns) / sizeof(want_ns[0]));                \
    } while (0)

static void reading(void)
{
    CHECK_TIMES("0\n1\n", 0, NS_PER_S);
    CHECK_TIMES("5\n7", 0, 2 * NS_PER_S);
    CHECK_TIMES("3\n1\n2\n", 0, NS_PER_S, 2 * NS_PER_S);
    CHECK_TIMES("1\n1\n1\n", 0, 0, 0);
    CHECK_TIMES("0.5\n0.25\n1.\n", 0, 250000000, 750000000);
    CHECK_TIMES("# of a log\n\n1\n   \n # more\n2\n#3\n", 0, NS_PER_S);
    CHECK_TIMES("1\r\n2.5\r\n\r\n", 0, 1500000000);
    CHECK_TIMES("1,GET,/a\n2.25 POST\n3\t4\n 4 ,5\n", 0, 1250000000, 2 * NS_PER_S,
                3 * NS_PER_S);
}

/* A double holds a time since 1970 to 200 ns only; what is read holds each ns. */
static void since_1970(void)
{
    CHECK_TIMES("1700000000.000000001\n1700000000.000000003\n1700000000.000000002\n", 0,
                1, 2);
    CHECK_TIMES("1700000000.123456789\n1700003600.123456790\n", 0, 3600 * NS_PER_S + 1);
    CHECK_TIMES("1700000000.999999999\n1700000001\n", 0, 1);
    CHECK_TIMES("1700000000\n1700000000.0000000019\n", 0, 1); /* cut, not rounded */
    CHECK_TIMES("0\n4611686018\n", 0, INT64_C(4611686018) * NS_PER_S);
}

static void refusals(void)
{
    static const struct {
        const char *text, *sentence;
    } rows[] = {
        {"", "at least two times are needed"},
        {"1\n", "at least two times are needed"},
        {"# 1\n# 2\n3\n", "at least two times are needed"},
        {"time\n1\n2\n", "line 1: 'time' is not a time in seconds such as 12.000345"},
        {"1\n\n# x\n2\nx3\n", "line 5: 'x3' is not a time in seconds such as 12.000345"},
        {"1\n-2\n", "line 2: '-2' is not a time in seconds such as 12.000345"},
        {"1\n+2\n", "line 2: '+2' is not a time in seconds such as 12.000345"},
        {"1\n2e3\n", "line 2: '2e3' is not a time in seconds such as 12.000345"},
        {"1\n2.5.5\n", "line 2: '2.5.5' is not a time in seconds such as 12.000345"},
        {"1\n2.000000000x\n",
         "line 2: '2.000000000x' is not a time in seconds such as 12.000345"},
        {"1\n,2\n", "line 2: '' is not a time in seconds such as 12.000345"},
        {"1\n2:30\n", "line 2: '2:30' is not a time in seconds such as 12.000345"},
        {"1\n9223372036\n",
         "line 2: '9223372036' is not a time in seconds such as 12.000345"},
        {"1\n99999999999999999999\n",
         "line 2: '99999999999999999999' is not a time in seconds such as 12.000345"},
        {"1\n01234567890123456789012345678901234567890x\n",
         "line 2: '0123456789012345678901234567890123456789' is not a time in seconds "
         "such as 12.000345"}};
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        struct profile profile = {.count = -1};
        struct error err = {""};
        struct str bytes = guard_place(&guard, GUARD_BEHIND, str_of(rows[i].text));
        TAP_OK(!profile_parse_times(bytes, &profile, &err) && profile.count == -1,
               "refused: %s", guard_shown(str_of(rows[i].text)));
        TAP_TEXT(err.text, rows[i].sentence, "… in these words");
    }
}

/* ---- dealt to workers ---- */

enum { TIMES = 10007, WORKERS_MAX = 7 };

/* Time i is i*i ns, so that each gap is another. */
static struct profile squares(void)
{
    struct buf text;
    struct profile profile = {.count = 0};
    struct error err = {""};
    buf_init(&text, 1 << 20);
    for (int64_t i = TIMES - 1; i >= 0; i--)
        buf_format(&text, "%d.%09lld\n", EPOCH_S, (long long)(i * i));
    if (!profile_parse_times(buf_str(&text), &profile, &err))
        printf("Bail out! %s\n", err.text);
    buf_fini(&text);
    return profile;
}

static void dealt(const struct profile *profile, int workers)
{
    static int seen[TIMES];
    bool in_turn = true;
    memset(seen, 0, sizeof(seen));
    for (int w = 0; w < workers; w++) {
        struct schedule at;
        schedule_init(&at, ARRIVALS_CONSTANT, profile, NS_PER_S, 1, w, workers);
        for (int64_t i = w; schedule_peek(&at) != SCHEDULE_OVER; i += workers) {
            in_turn = in_turn && i < TIMES && schedule_peek(&at) == i * i;
            seen[i % TIMES]++;
            schedule_advance(&at);
        }
    }
    int once = 0;
    for (int i = 0; i < TIMES; i++)
        once += seen[i] == 1;
    TAP_INT(once, TIMES, "each time is dealt exactly once");
    TAP_OK(in_turn, "… to %d workers in turn, unchanged", workers);
}

/* The span of the run ends the list: only times before it are due. */
static void cut_off(const struct profile *profile)
{
    int due = 0;
    for (int w = 0; w < 3; w++) {
        struct schedule at;
        schedule_init(&at, ARRIVALS_CONSTANT, profile, 10000, 1, w, 3);
        for (; schedule_peek(&at) != SCHEDULE_OVER; schedule_advance(&at))
            due++;
    }
    TAP_INT(due, 100, "0 to 99 squared are below 10,000");
}

static void counting(const struct profile *profile)
{
    int right = 0;
    for (int i = 1; i < TIMES; i++) {
        double at_ns = (double)i * i;
        right += profile_count(profile, at_ns) == i &&
                 profile_count(profile, at_ns + .5) == i + 1;
    }
    TAP_INT(right, TIMES - 1, "a time is not before itself, but before what is later");
    TAP_NEAR(profile_count(profile, 0), 0, 0, "none before the start");
    TAP_NEAR(profile_count(profile, 1e18), TIMES, 0, "all of them in the end");
}

static void reaching(const struct profile *profile)
{
    struct profile_cursor cursor = {0};
    TAP_NEAR(profile_reach(profile, &cursor, 3), 9, 0, "the third after the first");
    TAP_NEAR(profile_reach(profile, &cursor, TIMES - 1),
             (double)(TIMES - 1) * (TIMES - 1), 0, "the last");
    TAP_OK(isinf(profile_reach(profile, &cursor, TIMES)), "and none after it");
}

int main(void)
{
    guard_init(&guard, 4096);
    reading();
    since_1970();
    refusals();
    struct profile profile = squares();
    for (int workers = 1; workers <= WORKERS_MAX; workers += 2)
        dealt(&profile, workers);
    cut_off(&profile);
    counting(&profile);
    reaching(&profile);
    profile_fini(&profile);
    guard_fini(&guard);
    return tap_done();
}
