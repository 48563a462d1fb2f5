/* What the doctor says of machines that are not there. */
#include <stdio.h>
#include <string.h>

#include "run/doctor.h"
#include "tap.h"

static struct doctor_facts healthy(void)
{
    return (struct doctor_facts){.machine = {.governor = "performance",
                                             .congestion_control = "cubic",
                                             .clock_source = "tsc",
                                             .mitigations = "8 mitigated, 0 vulnerable"},
                                 .tuning = {.turbo = "off",
                                            .smt = "off",
                                            .huge_pages = "madvise",
                                            .port_first = 1024,
                                            .port_last = 65535},
                                 .open_files_hard = 1048576,
                                 .cores_for_service = 2,
                                 .cores_for_generator = 2,
                                 .busy_share = .05,
                                 .steal_share = .01};
}

static const struct doctor_finding *find(const struct doctor_facts *facts,
                                         const char *what)
{
    static struct doctor_finding found[DOCTOR_FINDINGS_MAX];
    int count = doctor_judge(facts, found);
    for (int i = 0; i < count; i++) {
        if (strcmp(found[i].what, what) == 0)
            return &found[i];
    }
    printf("Bail out! no finding '%s'\n", what);
    return NULL;
}

static void expect(struct doctor_facts facts, const char *what, enum doctor_level level,
                   const char *text)
{
    const struct doctor_finding *finding = find(&facts, what);
    TAP_OK(finding->level == level, "%s: %s", what, text);
    TAP_TEXT(finding->found, text, "… in these words");
    bool bad = level == DOCTOR_BAD;
    TAP_OK(!finding->effect == !bad && !finding->remedy == !bad, "… %s effect and remedy",
           bad ? "with" : "without");
}

static void good_machine(void)
{
    struct doctor_finding found[DOCTOR_FINDINGS_MAX];
    struct doctor_facts facts = healthy();
    int count = doctor_judge(&facts, found), good = 0;
    for (int i = 0; i < count; i++)
        good += found[i].level == DOCTOR_GOOD;
    TAP_OK(count == 12 && good == count, "nothing to mend: %d of %d", good, count);
}

static void bad_numbers(void)
{
    struct doctor_facts facts = healthy();
    facts.open_files_hard = 65535;
    facts.busy_share = .051;
    facts.steal_share = .0101;
    facts.cpus_shared = true;
    facts.cores_for_service = 1;
    facts.tuning.port_first = 32768;
    facts.tuning.port_last = 40000;
    expect(facts, "open files", DOCTOR_BAD, "65535");
    expect(facts, "other load", DOCTOR_BAD, "5.1 % of all CPUs busy in the last second");
    expect(facts, "steal", DOCTOR_BAD, "1.0 % of the last second");
    expect(facts, "CPUs", DOCTOR_BAD, "1, shared by both");
    expect(facts, "local ports", DOCTOR_BAD, "32768 to 40000");
}

static void bad_words(void)
{
    struct doctor_facts facts = healthy();
    strcpy(facts.machine.congestion_control, "bbr");
    strcpy(facts.machine.governor, "powersave");
    strcpy(facts.machine.clock_source, "hpet");
    strcpy(facts.tuning.turbo, "on");
    strcpy(facts.tuning.smt, "on");
    strcpy(facts.tuning.huge_pages, "always");
    expect(facts, "congestion control", DOCTOR_BAD, "bbr");
    expect(facts, "frequency governor", DOCTOR_BAD, "powersave");
    expect(facts, "clock source", DOCTOR_BAD, "hpet");
    expect(facts, "turbo", DOCTOR_BAD, "on");
    expect(facts, "SMT siblings", DOCTOR_BAD, "on");
    expect(facts, "transparent huge pages", DOCTOR_BAD, "always");
}

/* What cannot be read is neither good nor bad. */
static void hidden(void)
{
    static const char *const unknown[] = {
        "congestion control", "turbo",       "SMT siblings", "transparent huge pages",
        "clock source",       "local ports", "mitigations"};
    struct doctor_facts facts = healthy();
    facts.tuning = (struct env_tuning){.port_first = 0};
    facts.machine = (struct env_machine){.cpus_allowed = 4};
    for (size_t i = 0; i < sizeof(unknown) / sizeof(unknown[0]); i++)
        expect(facts, unknown[i], DOCTOR_UNKNOWN, "not to be read");
    expect(facts, "frequency governor", DOCTOR_UNKNOWN,
           "not to be read, as in most virtual machines");
}

static void this_machine(void)
{
    struct doctor_facts facts;
    atomic_int at_once = STOP_SOON;
    struct doctor_finding found[DOCTOR_FINDINGS_MAX];
    doctor_look(&facts, &at_once);
    int count = doctor_judge(&facts, found);
    TAP_INT(count, 12, "this machine has as many findings");
    TAP_OK(facts.open_files_hard > 0 && facts.cores_for_service > 0, "and was looked at");
}

int main(void)
{
    good_machine();
    bad_numbers();
    bad_words();
    hidden();
    this_machine();
    return tap_done();
}
