/* The JSON of a load result: round trips, and every member missing or mistyped. */
#include "faults.h"
#include "race.h"
#include "tap.h"

static bool read_load(const json_t *json, struct error *err)
{
    struct load_result out;
    bool good = load_result_from_json(json, &out, err);
    if (good)
        load_result_fini(&out);
    return good;
}

static void fill(struct load_result *load)
{
    race_load(load);
    load->latency.hdr = mem_copy_text("HISTFAAAAB");
    load->latency.p[LOAD_P9999] = (double)NAN;
    load->latency.max = (double)INFINITY;
    load->errors[LOAD_ERROR_TIMEOUT] = 3;
    load->invalid_count = 2;
    snprintf(load->invalid[0], LOAD_REASON_BYTES, "lag p99 of 3 ms");
    snprintf(load->invalid[1], LOAD_REASON_BYTES, "cut off in a µ: \xc2");
    load->overloaded = true;
    load->level = (struct load_level){1.5, .5, true, .25};
    load->arrival_check = (struct load_arrival_check){4000, 2.4921234, .05, .0123456};
    load->tls = (struct load_tls){mem_copy_text("TLSv1.3 X"), UINT64_C(1) << 63, 7};
    load->window_count = 2;
    load->windows = mem_new(2, sizeof(*load->windows));
    load->windows[0] = (struct load_window){0, 20000, 0, 183000, 915000, NULL};
    load->windows[1] = (struct load_window){1, 19997, 3, 184000, (double)INFINITY, NULL};
    load->windows[1].hdr = mem_copy_text("HISTFAAAAC");
}

static void survivors(const struct load_result *again)
{
    TAP_OK(isinf(again->latency.max), "infinite stays infinite");
    TAP_OK(isnan(again->latency.p[LOAD_P9999]), "null stays null");
    TAP_OK(again->seed == UINT64_C(0xfedcba9876543210), "a seed above 2^63 survives");
    TAP_OK(again->windows[1].errors == 3, "windows survive");
    TAP_NEAR(again->lag.p[LOAD_P50], 2100.4, 1e-9, "tenths of a nanosecond survive");
    TAP_TEXT(again->invalid[1], "cut off in a ??: ?", "half a character is replaced");
    TAP_INT(again->arrival_check.gaps, 4000, "the gaps' number survives");
    TAP_NEAR(again->arrival_check.a2, 2.49212, 1e-12, "… A² to six digits");
    TAP_NEAR(again->arrival_check.p, .05, 1e-12, "… p");
    TAP_NEAR(again->arrival_check.distance, .0123456, 1e-12, "… and the distance");
    TAP_NEAR(again->level.cusum, 1.5, 1e-12, "CUSUM survives");
    TAP_NEAR(again->level.kpss, .5, 1e-12, "… KPSS");
    TAP_OK(again->level.moves && again->level.mser5 == .25, "… and what they say");
    TAP_TEXT(again->tls.version, "TLSv1.3 X", "TLS survives");
    TAP_OK(again->tls.handshakes == UINT64_C(1) << 63 && again->tls.resumed == 7,
           "… with its handshakes");
}

static void round_trip(void)
{
    static const char *const later[] = {"arrival_check", "stationarity", "tls",
                                        NULL}; /* since 0.2.0 */
    struct load_result load, again;
    struct error err;
    fill(&load);
    json_t *json = load_result_to_json(&load, true);
    char *text = json_dumps(json, LOAD_JSON_DIGITS);
    json_t *parsed = json_loads(text, 0, NULL);
    TAP_OK(load_result_from_json(parsed, &again, &err), "reads what was written");
    json_t *json_again = load_result_to_json(&again, true);
    TAP_OK(json_equal(parsed, json_again), "writes again what was read");
    survivors(&again);
    TAP_TEXT(json_string_value(json_object_get(json_object_get(json, "latency"), "max")),
             ">5s", "infinite is written as the time-out");
    TAP_OK(json_is_false(json_object_get(json, "valid")), "not valid");
    json_decref(json);
    json_decref(json_again);
    mem_free(text);
    FAULTS_CHECK(parsed, read_load, later);
    json_decref(parsed);
    load_result_fini(&load);
    load_result_fini(&again);
}

static void complaints(void)
{
    struct load_result load;
    struct error err;
    race_load(&load);
    json_t *json = load_result_to_json(&load, false);
    json_t *latency = json_object_get(json, "latency");
    TAP_OK(!json_object_get(json, "windows"), "no windows unless wanted");
    TAP_OK(read_load(json, &err), "windows may be missing");
    json_object_set_new(latency, "p99", json_string("soon"));
    TAP_OK(!read_load(json, &err), "a word is no time");
    TAP_TEXT(err.text,
             "load result: latency.p99 is a string, not a time (a number, null, or text "
             "like \">5s\")",
             "the sentence names the path");
    json_object_set_new(latency, "p99", json_integer(1));
    json_object_set_new(json, "valid", json_false());
    TAP_OK(!read_load(json, &err), "invalid without a reason is refused");
    json_object_set_new(json, "valid", json_true());
    json_object_set_new(json, "connections", json_integer(INT64_C(1) << 40));
    TAP_OK(!read_load(json, &err), "a number out of range is refused");
    json_object_set_new(json, "connections", json_integer(1));
    json_object_set_new(json_object_get(json, "counts"), "due", json_integer(-1));
    TAP_OK(!read_load(json, &err), "a negative count is refused");
    json_object_set_new(json_object_get(json, "counts"), "due", json_integer(1));
    json_object_set_new(json, "schema", json_string("dragstrip.load/2"));
    TAP_OK(!read_load(json, &err), "another schema is refused");
    json_decref(json);
    TAP_OK(!read_load(NULL, &err), "no JSON at all is refused");
    TAP_TEXT(err.text, "load result: not an object", "and said");
    load_result_fini(&load);
}

static void untouched(void)
{
    struct load_result out = {.seed = 42};
    struct error err;
    json_t *json = json_object();
    load_result_from_json(json, &out, &err);
    TAP_INT(out.seed, 42, "a failed reader leaves its output alone");
    TAP_TEXT(err.text, "load result: schema is missing", "the first member is named");
    json_decref(json);
}

/* A result as version 0.1.0 wrote it. */
static void of_old(void)
{
    struct load_result load, again;
    struct error err = {""};
    race_load(&load);
    json_t *json = load_result_to_json(&load, false);
    json_object_del(json, "arrival_check");
    json_object_del(json, "stationarity");
    json_object_del(json, "tls");
    if (TAP_OK(load_result_from_json(json, &again, &err), "an old result%s", err.text)) {
        const struct load_arrival_check *check = &again.arrival_check;
        TAP_OK(check->gaps == 0 && isnan(check->a2) && isnan(check->p) &&
                   isnan(check->distance),
               "… has no check of its arrivals");
        TAP_OK(isnan(again.level.cusum) && isnan(again.level.kpss) &&
                   isnan(again.level.mser5) && !again.level.moves,
               "… does not say whether it moved");
        TAP_OK(!again.tls.version && again.tls.handshakes == 0 && again.tls.resumed == 0,
               "… and was plain");
        load_result_fini(&again);
    }
    json_object_set_new(json, "tls", json_string("yes"));
    TAP_OK(!read_load(json, &err) && strstr(err.text, "tls"), "tls is an object");
    json_object_del(json, "tls");
    json_object_set_new(json, "arrival_check", json_true());
    TAP_OK(!read_load(json, &err) && strstr(err.text, "arrival_check"),
           "arrival_check, too");
    json_decref(json);
    load_result_fini(&load);
}

static void plain(void)
{
    struct load_result load;
    race_load(&load);
    load.arrival_check =
        (struct load_arrival_check){0, (double)NAN, (double)NAN, (double)NAN};
    json_t *json = load_result_to_json(&load, false);
    char *check = json_dumps(json_object_get(json, "arrival_check"), JSON_COMPACT);
    char *tls = json_dumps(json_object_get(json, "tls"), JSON_COMPACT);
    TAP_TEXT(check, "{\"gaps\":0,\"a2\":null,\"p\":null,\"distance\":null}",
             "another plan than Poisson's: nulls");
    TAP_TEXT(tls, "{\"version\":null,\"handshakes\":0,\"resumed\":0}", "no TLS: null");
    mem_free(check);
    mem_free(tls);
    json_decref(json);
    load_result_fini(&load);
}

static void live_line(void)
{
    const struct load_live live = {
        {7, 10, 2, 1500.04, (double)INFINITY, NULL}, 12, 345, 678.25};
    json_t *json = load_live_to_json(&live);
    char *text = json_dumps(json, JSON_COMPACT | LOAD_JSON_DIGITS);
    TAP_TEXT(text,
             "{\"window\":{\"t\":7,\"ok\":10,\"errors\":2,\"p50\":1500,"
             "\"p99\":\">timeout\",\"in_flight\":12,\"queued\":345,"
             "\"lag_max\":678.3}}",
             "a line of live progress");
    mem_free(text);
    json_decref(json);
}

int main(void)
{
    round_trip();
    complaints();
    untouched();
    of_old();
    plain();
    live_line();
    return tap_done();
}
