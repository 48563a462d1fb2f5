/*
 * The JSON of a trial, both directions. A trial without a load (the service never
 * started) has "load": null.
 */
#include "result/trial_json.h"

#include <stdio.h>
#include <string.h>

#include "result/load_result_json.h"
#include "stats/signed_rank.h"

static const char *const outcome_names[] = {"ok", "failed", "skipped"};

json_t *trial_to_json(const struct trial *trial, const struct result_service *services,
                      bool with_windows)
{
    json_t *json = json_object();
    member_put(json, "block", json_integer(trial->block));
    member_put(json, "position", json_integer(trial->position));
    member_put(json, "service", member_of_text(services[trial->service].name));
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
    member_put(json, "steal_share", member_of_number(trial->steal_share));
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
    out->steal_share = members_number_or_null(from, "steal_share");
}

void trial_read(const struct members *from, const struct result_service *services,
                int service_count, struct trial *out)
{
    out->block = (int)members_integer(from, "block", 1, SIGNED_RANK_MAX);
    out->position = (int)members_integer(from, "position", 1, INT32_MAX);
    out->service = service_index_read(from, "service", services, service_count);
    out->outcome = read_outcome(from);
    out->why = members_text_or_null(from, "why");
    out->seed = members_u64(from, "seed");
    out->started_unix = members_number_or_null(from, "started_unix");
    read_costs(from, out);
    out->invalid_count = members_texts(from, "invalid", out->invalid[0],
                                       LOAD_REASON_BYTES, LOAD_INVALID_MAX);
    read_load(from, out->outcome, &out->load);
}
