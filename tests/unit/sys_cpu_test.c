/*
 * Sets of CPUs as text and back, and how they are divided. What may be parsed depends on
 * the CPUs that this process is allowed, so those texts are made from them.
 */
#include <errno.h>

#include "sys/cpu.h"
#include "sys/thread.h"
#include "tap.h"

static cpu_set_t allowed;

static int nth_allowed(int n)
{
    for (int cpu = 0; cpu < CPU_SETSIZE; cpu++) {
        if (CPU_ISSET(cpu, &allowed) && n-- == 0)
            return cpu;
    }
    return -1;
}

static int last_allowed(void)
{
    return nth_allowed(CPU_COUNT(&allowed) - 1);
}

static cpu_set_t only(int cpu)
{
    cpu_set_t set;
    CPU_ZERO(&set);
    CPU_SET(cpu, &set);
    return set;
}

static void format(void)
{
    static const struct {
        int cpus[8]; /* up to the first -1 */
        const char *text;
    } cases[] = {
        {{-1}, ""},
        {{0, -1}, "0"},
        {{7, -1}, "7"},
        {{0, 1, -1}, "0-1"},
        {{0, 1, 2, 3, 8, -1}, "0-3,8"},
        {{1, 3, 5, -1}, "1,3,5"},
        {{0, 2, 3, 4, 9, 10, 12, -1}, "0,2-4,9-10,12"},
        {{1022, 1023, -1}, "1022-1023"},
        {{0, 1023, -1}, "0,1023"},
    };
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        cpu_set_t set;
        char text[CPU_TEXT_BYTES];
        CPU_ZERO(&set);
        for (const int *cpu = cases[i].cpus; *cpu >= 0; cpu++)
            CPU_SET(*cpu, &set);
        TAP_OK(cpu_format(&set, text) == text, "format returns its place");
        TAP_TEXT(text, cases[i].text, cases[i].text);
    }
}

/* Every other CPU needs more text than there is room for. */
static void format_too_long(void)
{
    struct {
        char text[CPU_TEXT_BYTES];
        char fence[16];
    } room;
    cpu_set_t set;
    char whole[8192] = "";
    size_t len = 0;
    CPU_ZERO(&set);
    for (int cpu = 0; cpu < CPU_SETSIZE; cpu += 2) {
        CPU_SET(cpu, &set);
        len += (size_t)snprintf(whole + len, sizeof(whole) - len, "%d,", cpu);
    }
    memset(&room, '#', sizeof(room));
    cpu_format(&set, room.text);
    TAP_OK(memchr(room.text, '\0', sizeof(room.text)) != NULL, "too long: ended in time");
    len = strnlen(room.text, sizeof(room.text));
    TAP_OK(len > CPU_TEXT_BYTES / 2 && memcmp(room.text, whole, len) == 0,
           "… begins as it should");
    TAP_OK(whole[len] == ',', "… and no number is cut");
    TAP_OK(memcmp(room.fence, "################", 16) == 0, "… nothing behind it");
}

/* All subsets of the first few allowed CPUs. */
static void round_trips(void)
{
    enum { BITS_MAX = 8 };
    int bits = CPU_COUNT(&allowed) < BITS_MAX ? CPU_COUNT(&allowed) : BITS_MAX;
    bool same = true;
    for (unsigned mask = 1; mask < 1u << bits; mask++) {
        cpu_set_t set, back;
        struct error err;
        char text[CPU_TEXT_BYTES];
        CPU_ZERO(&set);
        for (int bit = 0; bit < bits; bit++) {
            if (mask >> bit & 1)
                CPU_SET(nth_allowed(bit), &set);
        }
        bool parsed = cpu_parse(cpu_format(&set, text), &back, &err);
        same = same && parsed && CPU_EQUAL(&set, &back);
    }
    TAP_OK(same, "each set of the first %d CPUs comes back from its text", bits);
}

static void parse_good(void)
{
    int first = nth_allowed(0), last = last_allowed();
    cpu_set_t set, both = only(first);
    struct error err = {""};
    char text[64];
    CPU_SET(last, &both);
    snprintf(text, sizeof(text), "%d,%d", first, last);
    TAP_OK(cpu_parse(text, &set, &err) && CPU_EQUAL(&set, &both), "one and another");
    snprintf(text, sizeof(text), "%d,%d,%d", last, first, last);
    TAP_OK(cpu_parse(text, &set, &err) && CPU_EQUAL(&set, &both), "in any order");
    both = only(first);
    snprintf(text, sizeof(text), "%d-%d", first, first);
    TAP_OK(cpu_parse(text, &set, &err) && CPU_EQUAL(&set, &both), "a range of one");
}

/* Refused with a sentence that quotes the text; the set stays as it was. */
static void refuse(const char *text)
{
    cpu_set_t set = only(77), before = set;
    struct error err = {""};
    bool parsed = cpu_parse(text, &set, &err);
    if (!TAP_OK(!parsed && err.text[0], "refused: \"%s\"", text))
        return;
    TAP_OK(CPU_EQUAL(&set, &before), "… and the set is untouched");
    if (!TAP_OK(strstr(err.text, text) != NULL, "… and the text is quoted"))
        printf("# %s\n", err.text);
}

static void parse_bad(void)
{
    /* %d is an allowed CPU, so that nothing but the form is wrong. */
    static const char *const forms[] = {"",         "x",      "%d-",   "-%d",   ",%d",
                                        "%d,",      "%d,,%d", "%dx",   "%d %d", "%d;%d",
                                        "%d-%d-%d", "%d-x",   "%d,-1", "%d.0",  "%d--%d"};
    int first = nth_allowed(0);
    for (size_t i = 0; i < sizeof(forms) / sizeof(forms[0]); i++) {
        char text[64] = "", number[16];
        snprintf(number, sizeof(number), "%d", first);
        for (const char *c = forms[i]; *c; c++) {
            bool slot = c[0] == '%';
            strncat(text, slot ? number : c, slot ? sizeof(number) : 1);
            c += slot;
        }
        refuse(text);
    }
    refuse("1024");
    refuse("4294967296"); /* would be CPU 0 in 32 bits */
    refuse("18446744073709551616");
    refuse("0-4294967295");
    char text[64];
    snprintf(text, sizeof(text), "%d-%d", first + 1, first);
    refuse(text);
}

static void not_allowed(void)
{
    for (int cpu = 0; cpu < CPU_SETSIZE; cpu++) {
        char text[64];
        if (CPU_ISSET(cpu, &allowed))
            continue;
        snprintf(text, sizeof(text), "%d", cpu);
        refuse(text);
        snprintf(text, sizeof(text), "%d,%d", nth_allowed(0), cpu);
        refuse(text);
        return;
    }
}

static void pin(void)
{
    cpu_set_t one = only(last_allowed()), none, now;
    TAP_OK(cpu_pin(&one), "pinned to one CPU");
    cpu_allowed(&now);
    TAP_OK(CPU_EQUAL(&now, &one), "… which alone is allowed now");
    CPU_ZERO(&none);
    TAP_OK(!cpu_pin(&none) && errno == EINVAL, "not to no CPU");
    cpu_allowed(&now);
    TAP_OK(CPU_EQUAL(&now, &one), "… which changes nothing");
    if (CPU_COUNT(&allowed) > 1) {
        char text[64];
        snprintf(text, sizeof(text), "%d", nth_allowed(0));
        refuse(text);
    }
    TAP_OK(cpu_pin(&allowed), "back on all");
}

static void allow(void *out)
{
    cpu_allowed(out);
}

/* A thread that is started by a pinned one begins on the same CPUs. */
static void pin_is_inherited(void)
{
    cpu_set_t one = only(nth_allowed(0)), seen;
    struct thread thread;
    struct error err;
    CPU_ZERO(&seen);
    cpu_pin(&one);
    if (TAP_OK(thread_start(&thread, "pinned", allow, &seen, &err), "a thread"))
        thread_join(&thread);
    TAP_OK(CPU_EQUAL(&seen, &one), "is pinned as its starter");
    cpu_pin(&allowed);
}

/* CPUs of the same physical core, as /sys tells; the CPU itself when it does not. */
static cpu_set_t siblings(int cpu)
{
    char path[128], text[CPU_TEXT_BYTES] = "";
    snprintf(path, sizeof(path),
             "/sys/devices/system/cpu/cpu%d/topology/thread_siblings_list", cpu);
    cpu_set_t set = only(cpu);
    FILE *file = fopen(path, "r");
    if (file && fgets(text, sizeof(text), file)) {
        for (char *at = text; at && *at >= '0'; at = strchr(at, ',')) {
            int from, to;
            at += *at == ',';
            int found = sscanf(at, "%d-%d", &from, &to);
            for (int c = from; found > 0 && c <= (found == 2 ? to : from); c++)
                CPU_SET(c, &set);
        }
    }
    if (file)
        fclose(file);
    CPU_AND(&set, &set, &allowed);
    return set;
}

static int cores_of(const cpu_set_t *set)
{
    int cores = 0;
    for (int cpu = 0; cpu < CPU_SETSIZE; cpu++) {
        if (!CPU_ISSET(cpu, set))
            continue;
        cpu_set_t core = siblings(cpu);
        bool seen = false;
        for (int before = 0; before < cpu; before++)
            seen = seen || CPU_ISSET(before, &core);
        cores += !seen;
    }
    return cores;
}

static bool splits_a_core(const struct cpu_plan *plan)
{
    for (int cpu = 0; cpu < CPU_SETSIZE; cpu++) {
        if (!CPU_ISSET(cpu, &plan->generator))
            continue;
        cpu_set_t core = siblings(cpu), common;
        CPU_AND(&common, &core, &plan->service);
        if (CPU_COUNT(&common) > 0)
            return true;
    }
    return false;
}

static void divide_many(void)
{
    int cores = cores_of(&allowed);
    struct cpu_plan plan;
    memset(&plan, 0x5a, sizeof(plan));
    if (cores < 2) {
        TAP_OK(true, "one core only # SKIP nothing to divide");
        return;
    }
    cpu_divide(&plan);
    cpu_set_t common, all;
    CPU_AND(&common, &plan.service, &plan.generator);
    CPU_OR(&all, &plan.service, &plan.generator);
    TAP_OK(!plan.shared, "%d cores are divided", cores);
    TAP_INT(CPU_COUNT(&common), 0, "… no CPU is in both parts");
    TAP_OK(CPU_EQUAL(&all, &allowed), "… and none is left out");
    TAP_OK(CPU_COUNT(&plan.service) > 0, "the service has one at least");
    TAP_OK(CPU_COUNT(&plan.generator) > 0, "the generator too");
    int own = cores_of(&plan.generator);
    TAP_OK(own >= cores / 2 && own <= (cores + 1) / 2, "… %d cores of %d", own, cores);
    TAP_OK(CPU_ISSET(last_allowed(), &plan.generator), "… from the top");
    TAP_OK(!splits_a_core(&plan), "siblings stay together");
}

static void divide_one(void)
{
    cpu_set_t one = only(last_allowed());
    struct cpu_plan plan;
    memset(&plan, 0, sizeof(plan));
    sched_setaffinity(0, sizeof(one), &one);
    cpu_divide(&plan);
    TAP_OK(plan.shared, "one CPU is shared");
    TAP_OK(CPU_EQUAL(&plan.service, &one), "… by the service");
    TAP_OK(CPU_EQUAL(&plan.generator, &one), "… and the generator");
    sched_setaffinity(0, sizeof(allowed), &allowed);
}

int main(void)
{
    sched_getaffinity(0, sizeof(allowed), &allowed);
    cpu_set_t seen;
    cpu_allowed(&seen);
    TAP_OK(CPU_EQUAL(&seen, &allowed), "the allowed CPUs as the kernel has them");
    format();
    format_too_long();
    round_trips();
    parse_good();
    parse_bad();
    not_allowed();
    pin();
    pin_is_inherited();
    divide_many();
    divide_one();
    return tap_done();
}
