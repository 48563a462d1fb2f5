/*
 * result.json, read. Comparisons and summary are passed over: they follow from the trials
 * (compare.h), and a reader that trusted them could be lied to.
 */
#include <limits.h>
#include <stdio.h>
#include <string.h>

#include "base/mem.h"
#include "result/answers.h"
#include "result/members.h"
#include "result/result.h"
#include "result/trial_json.h"

static void read_plan(const struct members *from, struct result *out)
{
    struct members plan = members_child(from, "plan");
    members_text(&plan, "hash", out->plan_hash, sizeof(out->plan_hash));
    out->plan_text = members_text_or_null(&plan, "text");
}

static void read_machine(const struct members *from, struct result_machine *out)
{
    struct members machine = members_child(from, "machine");
    const struct {
        const char *key;
        char *to;
    } texts[] = {
        {"cpu_model", out->cpu_model},
        {"kernel", out->kernel},
        {"governor", out->governor},
        {"congestion_control", out->congestion_control},
        {"clock_source", out->clock_source},
        {"mitigations", out->mitigations},
        {"service_cpus", out->service_cpus},
        {"generator_cpus", out->generator_cpus},
    };
    for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++)
        members_text(&machine, texts[i].key, texts[i].to, RESULT_TEXT_BYTES);
    out->cpus_allowed = (int)members_integer(&machine, "cpus_allowed", 0, INT_MAX);
    out->memory_bytes = members_integer(&machine, "memory_bytes", 0, INT64_MAX);
    out->load_1min = members_number_or_null(&machine, "load_1min");
    out->cpus_shared = members_flag(&machine, "cpus_shared");
}

static void read_services(const struct members *from, struct result *out)
{
    size_t count = json_array_size(members_array(from, "services"));
    if (count == 0)
        members_complain(from, "services", "is empty");
    if (count > RESULT_SERVICES_MAX) {
        members_complain(from, "services", "has too many items");
        return;
    }
    out->services = mem_new(count, sizeof(*out->services));
    out->service_count = (int)count;
    for (int i = 0; i < out->service_count && !from->fault->failed; i++) {
        struct members service = members_item(from, "services", i);
        struct result_service *to = &out->services[i];
        members_text(&service, "name", to->name, sizeof(to->name));
        members_text(&service, "command", to->command, sizeof(to->command));
        if (members_has(&service, "program_sha256"))
            members_text(&service, "program_sha256", to->program_hash,
                         sizeof(to->program_hash));
        to->control =
            members_has(&service, "control") && members_flag(&service, "control");
        to->skipped = members_flag(&service, "skipped");
        to->build_failed = members_flag(&service, "build_failed");
        members_text(&service, "why", to->why, sizeof(to->why));
    }
}

static void read_params(const struct members *from, struct result_params *out)
{
    struct members params = members_child(from, "params");
    out->rate = members_number_or_null(&params, "rate");
    out->connections = (int)members_integer(&params, "connections", 0, INT_MAX);
    out->duration_ns = members_integer(&params, "duration_ns", 0, INT64_MAX);
    out->warmup_ns = members_integer(&params, "warmup_ns", 0, INT64_MAX);
    members_text(&params, "arrivals", out->arrivals, sizeof(out->arrivals));
    out->body_bytes = members_u64(&params, "body_bytes");
    if (members_has(&params, "bodies_sha256"))
        members_text(&params, "bodies_sha256", out->bodies_hash,
                     sizeof(out->bodies_hash));
}

static void read_trials(const struct members *cell, struct result *out)
{
    size_t count = json_array_size(members_array(cell, "trials"));
    out->trials = mem_new(count, sizeof(*out->trials));
    for (size_t i = 0; i < count && !cell->fault->failed; i++) {
        struct members trial = members_item(cell, "trials", (int)i);
        out->trial_count = (int)i + 1;
        trial_read(&trial, out->services, out->service_count, &out->trials[i]);
        result_supersede(out);
    }
}

static void read_cells(const struct members *from, struct result *out)
{
    size_t count = json_array_size(members_array(from, "cells"));
    if (count != 1)
        members_complain(from, "cells", "has not exactly one item");
    struct members cell = members_item(from, "cells", 0);
    read_params(&cell, &out->params);
    read_trials(&cell, out);
}

static double read_share(const struct members *from, const char *key)
{
    double share = members_number(from, key);
    if (!(share >= 0 && share <= 1))
        members_complain(from, key, "is not a share of 0 to 1");
    return share;
}

static enum answers_level read_answers_level(const struct members *from)
{
    char name[16] = "";
    members_text(from, "answers", name, sizeof(name));
    for (int i = 0; i < ANSWERS_LEVELS; i++) {
        if (strcmp(name, answers_level_names[i]) == 0)
            return (enum answers_level)i;
    }
    members_complain(from, "answers", "is none of any, status, length, body");
    return ANSWERS_ANY;
}

static void read_limits(const struct members *from, struct result *out)
{
    struct members limits = members_child(from, "limits");
    out->margins.latency = read_share(&limits, "margin_latency");
    out->margins.tail = read_share(&limits, "margin_tail");
    out->error_limit = read_share(&limits, "errors");
    out->steal_limit = read_share(&limits, "steal");
    if (!members_has(&limits, "others")) /* of version 0.1.0 */
        return;
    out->others_limit = read_share(&limits, "others");
    out->answers = read_answers_level(&limits);
}

/* "fail_if" or "require": texts, which are read as those of a plan are. */
static void read_rules(const struct members *gate, const char *key, bool required,
                       struct result *out)
{
    char texts[RULES_MAX][RULE_TEXT_BYTES];
    struct error why;
    int count =
        members_texts(gate, key, texts[0], RULE_TEXT_BYTES, RULES_MAX - out->rule_count);
    for (int i = 0; i < count && !gate->fault->failed; i++) {
        if (rule_parse(texts[i], required, &out->rules[out->rule_count], &why))
            out->rule_count++;
        else
            members_complain(gate, key, why.text);
    }
}

static void read_gate(const struct members *from, struct result *out)
{
    out->rules = mem_new(RULES_MAX, sizeof(*out->rules));
    if (!members_has(from, "gate")) /* of version 0.1.0 */
        return;
    struct members gate = members_child(from, "gate");
    read_rules(&gate, "fail_if", false, out);
    read_rules(&gate, "require", true, out);
}

static void read_result(const struct members *from, struct result *out)
{
    members_expect(from, "schema", "dragstrip.result/1");
    out->name = members_text_or_null(from, "name");
    out->title = members_text_or_null(from, "title");
    out->version = members_text_or_null(from, "version");
    out->partial = members_flag(from, "partial");
    out->seed = members_u64(from, "seed");
    out->blocks_planned = (int)members_integer(from, "blocks_planned", 0, INT_MAX);
    if (members_has(from, "stop_when"))
        members_text(from, "stop_when", out->stop_when, sizeof(out->stop_when));
    if (members_has(from, "stopped_at"))
        out->stopped_at = (int)members_integer(from, "stopped_at", 0, INT_MAX);
    read_plan(from, out);
    read_machine(from, &out->machine);
    read_limits(from, out);
    read_gate(from, out);
    read_services(from, out);
    out->baseline =
        service_index_read(from, "baseline", out->services, out->service_count);
    read_cells(from, out);
}

static json_t *parse(struct str text, struct error *err)
{
    json_error_t where;
    json_t *json = json_loadb(text.ptr, text.len, JSON_REJECT_DUPLICATES, &where);
    if (!json)
        error_set(err, "not JSON: line %d, column %d: %s", where.line, where.column,
                  where.text);
    return json;
}

bool trial_from_text(struct str text, const struct result_service *services,
                     int service_count, struct trial *out, struct error *err)
{
    struct members_fault fault = {err, false};
    struct trial trial = {.block = 0};
    json_t *json = parse(text, err);
    if (!json)
        return false;
    struct members root = members_root(json, "trial", &fault);
    trial_read(&root, services, service_count, &trial);
    json_decref(json);
    if (fault.failed)
        trial_fini(&trial);
    else
        *out = trial;
    return !fault.failed;
}

bool result_from_text(struct str text, struct result *out, struct error *err)
{
    struct members_fault fault = {err, false};
    struct result result = {0};
    json_t *json = parse(text, err);
    if (!json)
        return false;
    struct members root = members_root(json, "result", &fault);
    read_result(&root, &result);
    json_decref(json);
    if (fault.failed) {
        result_fini(&result);
        return false;
    }
    *out = result;
    return true;
}
