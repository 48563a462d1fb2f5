/*
 * Provenance: what a stranger needs to run the race again, or to doubt it.
 */
#include "base/mem.h"
#include "base/units.h"
#include "report/view_parts.h"

static const char *or_unknown(const char *text)
{
    return text && text[0] ? text : "unknown";
}

static void add_machine(struct view *view, const struct result_machine *machine)
{
    char memory[UNITS_TEXT_BYTES];
    lines_add(&view->facts, "machine: %s, %d CPU%s, %s, %s, load %.2f at the start",
              or_unknown(machine->cpu_model), machine->cpus_allowed,
              machine->cpus_allowed == 1 ? "" : "s",
              units_format_size((double)machine->memory_bytes, memory),
              or_unknown(machine->kernel), machine->load_1min);
    lines_add(&view->facts,
              "settings: governor %s, TCP %s, clock %s, vulnerabilities: %s",
              or_unknown(machine->governor), or_unknown(machine->congestion_control),
              or_unknown(machine->clock_source), or_unknown(machine->mitigations));
    lines_add(&view->facts, "CPUs: service %s, generator %s",
              or_unknown(machine->service_cpus), or_unknown(machine->generator_cpus));
}

void view_add_facts(struct view *view, const struct result *result)
{
    char size[UNITS_TEXT_BYTES];
    lines_add(&view->facts, "plan: %s, sha256 %s", or_unknown(result->name),
              or_unknown(result->plan_hash));
    lines_add(&view->facts, "run: dragstrip %s, seed %llu, request bodies of %s",
              or_unknown(result->version), (unsigned long long)result->seed,
              units_format_size((double)result->params.body_bytes, size));
    add_machine(view, &result->machine);
    for (int i = 0; i < result->service_count; i++)
        lines_add(&view->facts, "%s: %s", result->services[i].name,
                  or_unknown(result->services[i].command));
}
