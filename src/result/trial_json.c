/*
 * The JSON of a trial, both directions. A trial without a load (the service never
 * started) has "load": null.
 */
#include "result/trial_json.h"

#include <stdio.h>
#include <string.h>

#include "base/mem.h"
#include "result/load_result_json.h"
#include "result/observed_set.h"
#include "stats/signed_rank.h"

enum { DIGITS = 6 };

static const char *const outcome_names[] = {"ok", "failed", "skipped"};

static json_t *machine_to_json(const struct trial_machine *machine)
{
    json_t *json = json_object();
    member_put(json, "steal_share", member_of_number(machine->steal_share));
    member_put(json, "others_share", member_of_rounded(machine->others_share, DIGITS));
    member_put(json, "wait_share", member_of_rounded(machine->wait_share, DIGITS));
    member_put(json, "pressure_share",
               member_of_rounded(machine->pressure_share, DIGITS));
    member_put(json, "throttled_share",
               member_of_rounded(machine->throttled_share, DIGITS));
    member_put(json, "throttle_events", member_of_number(machine->throttle_events));
    member_put(json, "speed_before", member_of_rounded(machine->speed_before, DIGITS));
    member_put(json, "speed_after", member_of_rounded(machine->speed_after, DIGITS));
    member_put(json, "frequency_hz", member_of_number(machine->frequency_hz));
    member_put(json, "congestion_control", member_of_text(machine->congestion_control));
    return json;
}

static json_t *answers_to_json(const struct trial *trial)
{
    json_t *array = json_array();
    for (int i = 0; i < trial->answer_count; i++) {
        const struct answer *answer = &trial->answers[i];
        json_t *json = json_object();
        member_put(json, "status", json_integer(answer->status));
        member_put(json, "length", member_of_u64(answer->length));
        member_put(json, "sha256", member_of_text(answer->digest));
        json_array_append_new(array, json);
    }
    return array;
}

json_t *trial_to_json(const struct trial *trial, const struct result_service *services,
                      bool with_windows)
{
    json_t *json = json_object();
    member_put(json, "block", json_integer(trial->block));
    member_put(json, "position", json_integer(trial->position));
    member_put(json, "service", member_of_text(services[trial->service].name));
    member_put(json, "attempt", json_integer(trial->attempt));
    member_put(json, "ready", json_boolean(trial->ready));
    member_put(json, "restarted", json_boolean(trial->restarted));
    member_put(json, "outcome", json_string(outcome_names[trial->outcome]));
    member_put(json, "why", member_of_text(trial->why));
    member_put(json, "seed", member_of_u64(trial->seed));
    member_put(json, "started_unix", member_of_number(trial->started_unix));
    member_put(json, "cold_start_ns", member_of_number(trial->cold_start_ns));
    member_put(json, "drain_ns", member_of_number(trial->drain_ns));
    member_put(json, "drain_killed", json_boolean(trial->drain_killed));
    member_put(json, "cpu_seconds", member_of_number(trial->cpu_seconds));
    member_put(json, "cpu_us_per_request", member_of_number(trial->cpu_us_per_request));
    member_put(json, "rss_peak_bytes", member_of_number(trial->rss_peak_bytes));
    member_put(json, "rss_end_bytes", member_of_number(trial->rss_end_bytes));
    member_put(json, "switches_voluntary", member_of_number(trial->switches_voluntary));
    member_put(json, "switches_involuntary",
               member_of_number(trial->switches_involuntary));
    member_put(json, "processes", json_integer(trial->processes));
    member_put(json, "machine", machine_to_json(&trial->machine));
    member_put(json, "own",
               trial->own ? observed_window_to_json(trial->own) : json_null());
    member_put(json, "own_why", member_of_text(trial->own_why));
    member_put(json, "answers", answers_to_json(trial));
    member_put(
        json, "invalid",
        member_of_texts(trial->invalid[0], LOAD_REASON_BYTES, trial->invalid_count));
    member_put(json, "load",
               trial->load.target ? load_result_to_json(&trial->load, with_windows)
                                  : json_null());
    return json;
}

int service_index_read(const struct members *from, const char *key,
                       const struct result_service *services, int count)
{
    char name[RESULT_NAME_BYTES] = "", complaint[120];
    members_text(from, key, name, sizeof(name));
    for (int i = 0; i < count; i++) {
        if (strcmp(services[i].name, name) == 0)
            return i;
    }
    snprintf(complaint, sizeof(complaint), "names no service: \"%s\"", name);
    members_complain(from, key, complaint);
    return 0;
}

static enum trial_outcome read_outcome(const struct members *from)
{
    char name[16] = "";
    members_text(from, "outcome", name, sizeof(name));
    for (int i = 0; i <= TRIAL_SKIPPED; i++) {
        if (strcmp(name, outcome_names[i]) == 0)
            return (enum trial_outcome)i;
    }
    members_complain(from, "outcome", "is none of ok, failed, skipped");
    return TRIAL_SKIPPED;
}

static void read_load(const struct members *from, enum trial_outcome outcome,
                      struct load_result *out)
{
    if (members_has(from, "load")) {
        struct members load = members_child(from, "load");
        load_result_read(&load, out);
    } else if (outcome == TRIAL_OK) {
        members_complain(from, "load", "is missing from a trial that is ok");
    }
}

static void read_costs(const struct members *from, struct trial *out)
{
    out->cold_start_ns = members_number_or_null(from, "cold_start_ns");
    out->drain_ns = members_number_or_null(from, "drain_ns");
    out->drain_killed = members_flag(from, "drain_killed");
    out->cpu_seconds = members_number_or_null(from, "cpu_seconds");
    out->cpu_us_per_request = members_number_or_null(from, "cpu_us_per_request");
    out->rss_peak_bytes = members_number_or_null(from, "rss_peak_bytes");
    out->rss_end_bytes = members_number_or_null(from, "rss_end_bytes");
    out->switches_voluntary = members_number_or_null(from, "switches_voluntary");
    out->switches_involuntary = members_number_or_null(from, "switches_involuntary");
    out->processes = (int)members_integer(from, "processes", 0, INT32_MAX);
}

/* Results of version 0.1.0 know of steal alone. */
static void read_trial_machine(const struct members *from, struct trial_machine *out)
{
    *out = TRIAL_MACHINE_UNKNOWN;
    if (!members_has(from, "machine")) {
        out->steal_share = members_number_or_null(from, "steal_share");
        return;
    }
    struct members machine = members_child(from, "machine");
    out->steal_share = members_number_or_null(&machine, "steal_share");
    out->others_share = members_number_or_null(&machine, "others_share");
    out->wait_share = members_number_or_null(&machine, "wait_share");
    out->pressure_share = members_number_or_null(&machine, "pressure_share");
    out->throttled_share = members_number_or_null(&machine, "throttled_share");
    out->throttle_events = members_number_or_null(&machine, "throttle_events");
    out->speed_before = members_number_or_null(&machine, "speed_before");
    out->speed_after = members_number_or_null(&machine, "speed_after");
    out->frequency_hz = members_number_or_null(&machine, "frequency_hz");
    members_text(&machine, "congestion_control", out->congestion_control,
                 sizeof(out->congestion_control));
}

static void read_answers(const struct members *from, struct trial *out)
{
    if (!members_has(from, "answers"))
        return;
    size_t count = json_array_size(members_array(from, "answers"));
    out->answers = mem_new(count, sizeof(*out->answers));
    for (size_t i = 0; i < count && !from->fault->failed; i++) {
        struct members answer = members_item(from, "answers", (int)i);
        struct answer *to = &out->answers[out->answer_count++];
        to->status = (int)members_integer(&answer, "status", 0, 999);
        to->length = members_u64(&answer, "length");
        members_text(&answer, "sha256", to->digest, sizeof(to->digest));
    }
}

static void read_own(const struct members *from, struct trial *out)
{
    if (members_has(from, "own_why"))
        out->own_why = members_text_or_null(from, "own_why");
    if (!members_has(from, "own"))
        return;
    struct members own = members_child(from, "own");
    out->own = mem_new(1, sizeof(*out->own));
    observed_window_read(&own, out->own);
}

void trial_read(const struct members *from, const struct result_service *services,
                int service_count, struct trial *out)
{
    out->block = (int)members_integer(from, "block", 1, SIGNED_RANK_MAX);
    out->position = (int)members_integer(from, "position", 1, INT32_MAX);
    out->service = service_index_read(from, "service", services, service_count);
    out->attempt = 1;
    if (members_has(from, "attempt"))
        out->attempt = (int)members_integer(from, "attempt", 1, INT32_MAX);
    out->ready = !members_has(from, "ready") || members_flag(from, "ready");
    out->restarted = members_has(from, "restarted") && members_flag(from, "restarted");
    out->outcome = read_outcome(from);
    out->why = members_text_or_null(from, "why");
    out->seed = members_u64(from, "seed");
    out->started_unix = members_number_or_null(from, "started_unix");
    read_costs(from, out);
    read_trial_machine(from, &out->machine);
    read_own(from, out);
    read_answers(from, out);
    out->invalid_count = members_texts(from, "invalid", out->invalid[0],
                                       LOAD_REASON_BYTES, LOAD_INVALID_MAX);
    read_load(from, out->outcome, &out->load);
}
