/*
 * result.json, written. What a reader wants first comes first: what was run, what came
 * out, and then the trials, which are the bulk.
 */
#include "base/mem.h"
#include "result/answers.h"
#include "result/compare.h"
#include "result/comparisons_json.h"
#include "result/members.h"

static json_t *plan_to_json(const struct result *result)
{
    json_t *json = json_object();
    member_put(json, "hash", member_of_text(result->plan_hash));
    member_put(json, "text", member_of_text(result->plan_text));
    return json;
}

static json_t *machine_to_json(const struct result_machine *machine)
{
    json_t *json = json_object();
    member_put(json, "cpu_model", member_of_text(machine->cpu_model));
    member_put(json, "kernel", member_of_text(machine->kernel));
    member_put(json, "governor", member_of_text(machine->governor));
    member_put(json, "congestion_control", member_of_text(machine->congestion_control));
    member_put(json, "clock_source", member_of_text(machine->clock_source));
    member_put(json, "mitigations", member_of_text(machine->mitigations));
    member_put(json, "cpus_allowed", json_integer(machine->cpus_allowed));
    member_put(json, "memory_bytes", json_integer(machine->memory_bytes));
    member_put(json, "load_1min", member_of_number(machine->load_1min));
    member_put(json, "service_cpus", member_of_text(machine->service_cpus));
    member_put(json, "generator_cpus", member_of_text(machine->generator_cpus));
    member_put(json, "cpus_shared", json_boolean(machine->cpus_shared));
    return json;
}

static json_t *services_to_json(const struct result *result)
{
    json_t *array = json_array();
    for (int i = 0; i < result->service_count; i++) {
        const struct result_service *service = &result->services[i];
        json_t *json = json_object();
        member_put(json, "name", member_of_text(service->name));
        member_put(json, "command", member_of_text(service->command));
        member_put(json, "program_sha256", member_of_text(service->program_hash));
        member_put(json, "control", json_boolean(service->control));
        member_put(json, "skipped", json_boolean(service->skipped));
        member_put(json, "build_failed", json_boolean(service->build_failed));
        member_put(json, "why", member_of_text(service->why));
        json_array_append_new(array, json);
    }
    return array;
}

static json_t *params_to_json(const struct result_params *params)
{
    json_t *json = json_object();
    member_put(json, "rate", member_of_number(params->rate));
    member_put(json, "connections", json_integer(params->connections));
    member_put(json, "duration_ns", json_integer(params->duration_ns));
    member_put(json, "warmup_ns", json_integer(params->warmup_ns));
    member_put(json, "arrivals", member_of_text(params->arrivals));
    member_put(json, "body_bytes", member_of_u64(params->body_bytes));
    member_put(json, "bodies_sha256", member_of_text(params->bodies_hash));
    return json;
}

static json_t *cells_to_json(const struct result *result)
{
    json_t *cells = json_array(), *cell = json_object(), *trials = json_array();
    for (int i = 0; i < result->trial_count; i++)
        json_array_append_new(trials,
                              trial_to_json(&result->trials[i], result->services, false));
    member_put(cell, "params", params_to_json(&result->params));
    member_put(cell, "trials", trials);
    json_array_append_new(cells, cell);
    return cells;
}

static json_t *limits_to_json(const struct result *result)
{
    json_t *json = json_object();
    member_put(json, "margin_latency", member_of_number(result->margins.latency));
    member_put(json, "margin_tail", member_of_number(result->margins.tail));
    member_put(json, "errors", member_of_number(result->error_limit));
    member_put(json, "steal", member_of_number(result->steal_limit));
    member_put(json, "others", member_of_number(result->others_limit));
    member_put(json, "answers", json_string(answers_level_names[result->answers]));
    return json;
}

static const char *baseline_name(const struct result *result)
{
    return result->service_count ? result->services[result->baseline].name : NULL;
}

char *result_to_text(const struct result *result)
{
    struct comparisons comparisons;
    struct gate gate;
    json_t *json = json_object();
    compare_result(result, &comparisons);
    gate_apply(result, &comparisons, &gate);
    member_put(json, "schema", json_string("dragstrip.result/1"));
    member_put(json, "name", member_of_text(result->name));
    member_put(json, "title", member_of_text(result->title));
    member_put(json, "version", member_of_text(result->version));
    member_put(json, "partial", json_boolean(result->partial));
    member_put(json, "seed", member_of_u64(result->seed));
    member_put(json, "blocks_planned", json_integer(result->blocks_planned));
    member_put(json, "stop_when",
               *result->stop_when ? member_of_text(result->stop_when) : json_null());
    member_put(json, "stopped_at", json_integer(result->stopped_at));
    member_put(json, "baseline", member_of_text(baseline_name(result)));
    member_put(json, "plan", plan_to_json(result));
    member_put(json, "machine", machine_to_json(&result->machine));
    member_put(json, "limits", limits_to_json(result));
    member_put(json, "services", services_to_json(result));
    member_put(json, "gate", gate_to_json(result, &gate));
    member_put(json, "comparisons", comparisons_to_json(result, &comparisons));
    member_put(json, "summary", comparisons_summary_to_json(result, &comparisons));
    member_put(json, "cells", cells_to_json(result));
    char *text = json_dumps(json, JSON_INDENT(1) | LOAD_JSON_DIGITS);
    gate_fini(&gate);
    comparisons_fini(&comparisons);
    json_decref(json);
    return text;
}
