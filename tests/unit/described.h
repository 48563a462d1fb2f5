/*
 * described: everything that a plan says as one text, so that two plans can be compared;
 * and plans of several files, with settings over them.
 */
#ifndef DRAGSTRIP_TESTS_DESCRIBED_H
#define DRAGSTRIP_TESTS_DESCRIBED_H

#include "plans.h"

/* On the heap: the text with the folder's path for each {folder}. */
static inline char *in_folder(const char *text)
{
    static const char mark[] = "{folder}";
    struct buf out;
    buf_init(&out, 1 << 14);
    for (const char *at; (at = strstr(text, mark)) != NULL; text = at + strlen(mark)) {
        buf_add(&out, (struct str){text, (size_t)(at - text)});
        buf_add_text(&out, scratch_folder);
    }
    buf_add_text(&out, text);
    char *copy = mem_copy_text(buf_text(&out));
    buf_fini(&out);
    return copy;
}

/* ---- what a plan says ---- */

static inline void say(struct buf *out, const char *what, const char *text)
{
    buf_format(out, "%s: %s\n", what, text ? text : "(none)");
}

static inline void say_list(struct buf *out, const char *what,
                            const struct plan_list *list)
{
    buf_format(out, "%s: %d", what, list->count);
    for (int i = 0; i < list->count; i++)
        buf_format(out, " [%s]", list->items[i]);
    buf_add_text(out, "\n");
}

static inline void say_service(struct buf *out, const struct plan_service *service)
{
    say(out, "service", service->name);
    say(out, "build", service->build);
    say_list(out, "needs", &service->needs);
    say_list(out, "command", &service->command);
    say_list(out, "env", &service->env);
    say(out, "url", service->url);
    say(out, "ready", service->ready);
}

static inline void say_bytes(struct buf *out, const char *what, struct str bytes)
{
    buf_format(out, "%s: %zu bytes [", what, bytes.len);
    buf_add(out, bytes);
    buf_add_text(out, "]\n");
}

static inline void say_load(struct buf *out, const struct plan_load *load)
{
    say(out, "rate", load->rate);
    buf_format(out, "%d connections, %d threads, %lld + %lld, at most %lld ns, %d\n",
               load->connections, load->threads, (long long)load->warmup_ns,
               (long long)load->duration_ns, (long long)load->timeout_ns,
               (int)load->arrivals);
    say(out, "method", load->method);
    say_list(out, "headers", &load->headers);
    for (int i = 0; i < load->bodies.count; i++)
        say_bytes(out, "body", load->bodies.items[i]);
    for (int i = 0; i < load->weights.count; i++)
        buf_format(out, "weight: %g\n", load->weights.items[i]);
    say(out, "expect", load->expect);
    for (int i = 0; i < load->expected.count; i++) {
        say_bytes(out, "expected", load->expected.items[i].bytes);
        say(out, "digest", load->expected.items[i].sha256);
    }
    say_list(out, "mask", &load->masks);
    say_list(out, "resolve", &load->resolve);
    say(out, "ca", load->ca_file);
    buf_format(out, "insecure: %d\n", load->insecure);
}

static inline void say_decisions(struct buf *out, const struct plan *plan)
{
    buf_format(out, "%d blocks, seed %llu, control %d, answers %d, margins %g %g\n",
               plan->blocks, (unsigned long long)plan->seed, plan->control,
               (int)plan->answers, plan->margin_latency, plan->margin_tail);
    if (plan->stop.wanted)
        buf_format(out, "stop: %d within %g\n", (int)plan->stop.metric,
                   plan->stop.precision);
    buf_format(out, "limits: %g %g %g, %lld and %lld ns\n", plan->error_limit,
               plan->steal_limit, plan->others_limit, (long long)plan->ready_limit_ns,
               (long long)plan->stop_limit_ns);
    for (int i = 0; i < plan->gate.count; i++)
        say(out, plan->gate.rules[i].required ? "require" : "fail_if",
            plan->gate.rules[i].text);
    say(out, "CPUs of the service", plan->service_cpus);
    say(out, "CPUs of the generator", plan->generator_cpus);
}

/* On the heap; without path, text, and where things stand. */
static inline char *described(const struct plan *plan)
{
    struct buf out;
    buf_init(&out, 1 << 20);
    say(&out, "name", plan->name);
    say(&out, "title", plan->title);
    buf_format(&out, "baseline: %d\n", plan->baseline);
    for (int i = 0; i < plan->services.count; i++)
        say_service(&out, &plan->services.items[i]);
    say_load(&out, &plan->load);
    say_decisions(&out, plan);
    char *text = mem_copy_text(buf_text(&out));
    buf_fini(&out);
    return text;
}

/* ---- reading with settings ---- */

enum { SETTINGS_MAX = 4 };

/* FOLDER/plan.yaml, which is there. settings: SETTINGS_MAX, or NULL behind the last. */
static inline bool read_set(const char *const *settings, struct plan *out,
                            struct error *err)
{
    struct plan_settings set = {.items = settings};
    while (set.count < SETTINGS_MAX && settings[set.count])
        set.count++;
    char *path = scratch_path("plan.yaml");
    *err = (struct error){""};
    bool good = plan_read(path, &set, out, err);
    mem_free(path);
    return good;
}

/* The plan of FOLDER/plan.yaml and the settings is what `text` alone would be. */
static inline void check_same(const char *const *settings, const char *text,
                              const char *what)
{
    struct plan plan;
    struct error err;
    if (!TAP_OK(read_set(settings, &plan, &err), "%s: read", what)) {
        printf("# %s\n", err.text);
        return;
    }
    struct plan alone = good_plan(text);
    char *got = described(&plan), *wanted = described(&alone);
    TAP_TEXT(got, wanted, what);
    mem_free(got);
    mem_free(wanted);
    plan_fini(&plan);
    plan_fini(&alone);
}

/* The sentence, with {folder} in it; with … at its end, the beginning of it. */
static inline void check_sentence(const char *const *settings, const char *sentence)
{
    static const char mark[] = "…";
    struct plan plan, untouched;
    struct error err;
    memset(&plan, 0x5a, sizeof(plan));
    memset(&untouched, 0x5a, sizeof(untouched));
    if (!TAP_OK(!read_set(settings, &plan, &err), "refused: %s", sentence)) {
        plan_fini(&plan);
        return;
    }
    char *expected = in_folder(sentence);
    size_t len = strlen(expected);
    if (len > strlen(mark) && strcmp(expected + len - strlen(mark), mark) == 0) {
        expected[len - strlen(mark)] = '\0';
        err.text[len - strlen(mark)] = '\0';
    }
    TAP_TEXT(err.text, expected, "… in these words");
    TAP_OK(memcmp(&plan, &untouched, sizeof(plan)) == 0, "… and the plan is untouched");
    mem_free(expected);
}

#endif
