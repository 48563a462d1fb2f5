/*
 * The readers of option values: rates, times, sizes, statuses, headers, CPU lists. The
 * first byte says which; what is accepted must be usable, what is refused must say why.
 */
#include <math.h>

#include "base/units.h"
#include "fuzz.h"
#include "load/expect.h"
#include "load/requests.h"
#include "load/schedule.h"
#include "sys/cpu.h"
#include "wire/http.h"

#define RUN_NS INT64_C(1000000000)

/* Due times rise and stay within the run, whatever the rate over time is. */
static void try_rate(const char *text)
{
    struct profile profile;
    struct schedule schedule;
    struct error err = {""};
    if (!profile_parse(text, 0, RUN_NS, &profile, &err)) {
        FUZZ_HOLDS(err.text[0]);
        return;
    }
    FUZZ_HOLDS(profile_count(&profile, (double)RUN_NS) >= 0);
    schedule_init(&schedule, ARRIVALS_POISSON, &profile, RUN_NS, 1, 0, 1);
    int64_t last_ns = 0;
    for (int i = 0; i < 100 && schedule_peek(&schedule) != SCHEDULE_OVER; i++) {
        FUZZ_HOLDS(schedule_peek(&schedule) >= last_ns);
        FUZZ_HOLDS(schedule_peek(&schedule) < RUN_NS);
        last_ns = schedule_peek(&schedule);
        schedule_advance(&schedule);
    }
}

static void try_units(const char *text)
{
    double count;
    int64_t ns;
    uint64_t bytes;
    char out[UNITS_TEXT_BYTES];
    if (units_parse_count(str_of(text), &count))
        FUZZ_HOLDS(count >= 0 && isfinite(count));
    if (units_parse_duration(str_of(text), &ns)) {
        FUZZ_HOLDS(ns >= 0);
        FUZZ_HOLDS(strlen(units_format_setting(ns, out)) < UNITS_TEXT_BYTES);
    }
    if (units_parse_size(str_of(text), &bytes))
        units_format_size((double)bytes, out);
}

static void try_statuses(const char *text)
{
    struct expect expect;
    struct error err = {""};
    struct expect_spec spec = {.statuses = text};
    if (expect_init(&expect, &spec, 1, &err)) {
        int count = 0;
        for (int i = 0; i < EXPECT_STATUS_END; i++)
            count += expect.statuses[i];
        FUZZ_HOLDS(count > 0);
        expect_fini(&expect);
    } else {
        FUZZ_HOLDS(err.text[0]);
    }
}

/* No header smuggles a line or a second length into the request. */
static void try_header(const char *text)
{
    struct requests requests;
    struct error err = {""};
    struct str body = STR("{}");
    struct requests_spec spec = {.host = STR("a.example"),
                                 .path = STR("/"),
                                 .headers = &text,
                                 .header_count = 1,
                                 .bodies = &body,
                                 .body_count = 1};
    if (!requests_init(&requests, &spec, &err)) {
        FUZZ_HOLDS(err.text[0]);
        return;
    }
    struct str bytes = buf_str(&requests.items[0]);
    size_t head = http_head_length(bytes, 0);
    FUZZ_HOLDS(head + body.len == bytes.len);
    int lines = 0;
    for (size_t i = 0; i < head; i++)
        lines += bytes.ptr[i] == '\n';
    FUZZ_HOLDS(lines >= 4 && lines <= 6);
    requests_fini(&requests);
}

static void try_cpus(const char *text)
{
    cpu_set_t set;
    struct error err = {""};
    if (cpu_parse(text, &set, &err))
        FUZZ_HOLDS(CPU_COUNT(&set) > 0);
    else
        FUZZ_HOLDS(err.text[0]);
}

int LLVMFuzzerTestOneInput(const unsigned char *bytes, size_t len)
{
    static void (*const tries[])(const char *text) = {try_rate, try_units, try_statuses,
                                                      try_header, try_cpus};
    if (len == 0)
        return 0;
    char *text = fuzz_text(bytes + 1, len - 1);
    tries[bytes[0] % (sizeof(tries) / sizeof(tries[0]))](text);
    mem_free(text);
    return 0;
}
