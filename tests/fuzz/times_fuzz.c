/* Files of times: what is accepted is in order, starts at 0, and is dealt out exactly. */
#include "fuzz.h"
#include "load/schedule.h"

int LLVMFuzzerTestOneInput(const unsigned char *bytes, size_t len)
{
    struct profile profile;
    struct error err = {""};
    if (!profile_parse_times((struct str){(const char *)bytes, len}, &profile, &err)) {
        FUZZ_HOLDS(err.text[0]);
        return 0;
    }
    FUZZ_HOLDS(profile.time_count >= 2 && profile.times_ns[0] == 0);
    size_t dealt = 0;
    for (int worker = 0; worker < 2; worker++) {
        struct schedule schedule;
        schedule_init(&schedule, ARRIVALS_CONSTANT, &profile, INT64_MAX, 1, worker, 2);
        for (; schedule_peek(&schedule) != SCHEDULE_OVER; schedule_advance(&schedule))
            dealt++;
    }
    FUZZ_HOLDS(dealt == profile.time_count);
    profile_fini(&profile);
    return 0;
}
