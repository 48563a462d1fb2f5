/*
 * plan.c: the tables of the plan's keys, the checks that need more than one key, and
 * nothing about YAML itself (plan_node.c). A new key is one line in a table and one field
 * in plan.h.
 */
#include "run/plan.h"

#include <stddef.h>
#include <stdio.h>

#include "base/clock.h"
#include "base/mem.h"
#include "base/units.h"
#include "run/plan_gate.h"
#include "run/plan_load.h"
#include "run/plan_node.h"
#include "stats/signed_rank.h"
#include "sys/cpu.h"
#include "sys/file.h"

enum { PLAN_BYTES_MAX = 1 << 20, NAME_BYTES_MAX = 40 };

/* ---- services ---- */

static const struct plan_key service_keys[] = {
    {"build", plan_take_text, offsetof(struct plan_service, build), false},
    {"needs", plan_take_words, offsetof(struct plan_service, needs), false},
    {"command", plan_take_words, offsetof(struct plan_service, command), false},
    {"env", plan_take_list, offsetof(struct plan_service, env), false},
    {"url", plan_take_text, offsetof(struct plan_service, url), true},
    {"ready", plan_take_text, offsetof(struct plan_service, ready), false},
    {"metrics", plan_take_text, offsetof(struct plan_service, metrics), false},
    {NULL, NULL, 0, false}};

static bool is_name(const char *text)
{
    static const char allowed[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"
                                  "0123456789-_.";
    size_t len = strspn(text, allowed);
    return len > 0 && len <= NAME_BYTES_MAX && text[len] == '\0' && text[0] != '.';
}

int plan_find_service(const struct plan_services *services, const char *name)
{
    for (int i = 0; i < services->count; i++) {
        if (strcmp(services->items[i].name, name) == 0)
            return i;
    }
    return -1;
}

static bool check_service(struct plan_reader *reader, const yaml_node_t *at,
                          struct plan_service *service)
{
    if (!service->ready)
        service->ready = mem_copy_text("/healthz");
    if (service->ready[0] != '/')
        return plan_complain(reader, at, "ready of %s must be a path such as /healthz",
                             service->name);
    if (service->metrics && service->metrics[0] != '/')
        return plan_complain(reader, at, "metrics of %s must be a path such as /metrics",
                             service->name);
    for (int i = 0; i < service->env.count; i++) {
        if (!strchr(service->env.items[i], '='))
            return plan_complain(reader, at, "env of %s: '%s' is not NAME=value",
                                 service->name, service->env.items[i]);
    }
    return true;
}

static bool take_service(struct plan_reader *reader, const yaml_node_t *key,
                         yaml_node_t *value, struct plan_services *services)
{
    char where[NAME_BYTES_MAX + 16];
    const char *name =
        key->type == YAML_SCALAR_NODE ? (const char *)key->data.scalar.value : "";
    if (!is_name(name))
        return plan_complain(reader, key,
                             "'%s' is not a name for a service; use letters, digits, "
                             "'-', '_' and '.', at most %d of them",
                             name, NAME_BYTES_MAX);
    if (plan_find_service(services, name) >= 0)
        return plan_complain(reader, key, "there are two services named '%s'", name);
    if (services->count == PLAN_SERVICES_MAX - 1) /* the last is the control's */
        return plan_complain(reader, key, "more than %d services", services->count);
    struct plan_service *service = &services->items[services->count++];
    service->name = mem_copy_text(name);
    service->where = plan_where(reader, key);
    snprintf(where, sizeof(where), "service %s", name);
    return plan_walk(reader, service_keys, where, value, service) &&
           check_service(reader, key, service);
}

static bool take_services(struct plan_reader *reader, const char *name,
                          yaml_node_t *value, void *field)
{
    struct plan_services *services = field;
    if (value->type != YAML_MAPPING_NODE)
        return plan_complain(reader, value, "%s must be a mapping of names to services",
                             name);
    for (yaml_node_pair_t *pair = value->data.mapping.pairs.start;
         pair < value->data.mapping.pairs.top; pair++) {
        if (!take_service(reader, plan_node(reader, pair->key),
                          plan_node(reader, pair->value), services))
            return false;
    }
    return services->count > 0 || plan_complain(reader, value, "%s is empty", name);
}

/* ---- the rest ---- */

static const struct plan_key margin_keys[] = {
    {"latency", plan_take_share, offsetof(struct plan, margin_latency), false},
    {"tail", plan_take_share, offsetof(struct plan, margin_tail), false},
    {NULL, NULL, 0, false}};

static bool take_margins(struct plan_reader *reader, const char *name, yaml_node_t *value,
                         void *field)
{
    return plan_walk(reader, margin_keys, name, value, field);
}

static bool take_blocks(struct plan_reader *reader, const char *name, yaml_node_t *value,
                        void *field)
{
    int *blocks = field;
    return plan_take_int(reader, name, value, field) &&
           (*blocks <= SIGNED_RANK_MAX ||
            plan_complain(reader, value, "%s must not be over %d", name,
                          SIGNED_RANK_MAX));
}

static const struct plan_key design_keys[] = {
    {"blocks", take_blocks, offsetof(struct plan, blocks), false},
    {"seed", plan_take_seed, offsetof(struct plan, seed), false},
    {"margins", take_margins, 0, false},
    {"control", plan_take_flag, offsetof(struct plan, control), false},
    {"answers", plan_take_answers, offsetof(struct plan, answers), false},
    {"stop_when", plan_take_stop, offsetof(struct plan, stop), false},
    {NULL, NULL, 0, false}};

static bool take_design(struct plan_reader *reader, const char *name, yaml_node_t *value,
                        void *field)
{
    return plan_walk(reader, design_keys, name, value, field);
}

static const struct plan_key limit_keys[] = {
    {"errors", plan_take_share, offsetof(struct plan, error_limit), false},
    {"steal", plan_take_share, offsetof(struct plan, steal_limit), false},
    {"others", plan_take_share, offsetof(struct plan, others_limit), false},
    {"ready", plan_take_time, offsetof(struct plan, ready_limit_ns), false},
    {"stop", plan_take_time, offsetof(struct plan, stop_limit_ns), false},
    {NULL, NULL, 0, false}};

static bool take_limits(struct plan_reader *reader, const char *name, yaml_node_t *value,
                        void *field)
{
    return plan_walk(reader, limit_keys, name, value, field);
}

static const struct plan_key cpu_keys[] = {
    {"service", plan_take_text, offsetof(struct plan, service_cpus), false},
    {"generator", plan_take_text, offsetof(struct plan, generator_cpus), false},
    {NULL, NULL, 0, false}};

static bool take_cpus(struct plan_reader *reader, const char *name, yaml_node_t *value,
                      void *field)
{
    struct plan *plan = field;
    if (!plan_walk(reader, cpu_keys, name, value, field))
        return false;
    if (!plan->service_cpus != !plan->generator_cpus)
        return plan_complain(reader, value,
                             "%s needs both service and generator, or neither", name);
    cpu_set_t set;
    struct error why;
    return !plan->service_cpus ||
           (cpu_parse(plan->service_cpus, &set, &why) &&
            cpu_parse(plan->generator_cpus, &set, &why)) ||
           plan_complain(reader, value, "%s: %s", name, why.text);
}

static bool take_baseline(struct plan_reader *reader, const char *name,
                          yaml_node_t *value, void *field)
{
    struct plan *plan = field;
    mem_free(plan->baseline_where);
    plan->baseline_where = plan_where(reader, value);
    return plan_take_text(reader, name, value, &plan->baseline_name);
}

static bool take_metrics(struct plan_reader *reader, const char *name, yaml_node_t *value,
                         void *field)
{
    const struct plan_list *list = field;
    return plan_take_list(reader, name, value, field) &&
           (list->count <= OBSERVED_MORE_MAX ||
            plan_complain(reader, value, "more than %d metrics", OBSERVED_MORE_MAX));
}

static const struct plan_key plan_keys[] = {
    {"name", plan_take_text, offsetof(struct plan, name), false},
    {"title", plan_take_text, offsetof(struct plan, title), false},
    {"baseline", take_baseline, 0, false},
    {"services", take_services, offsetof(struct plan, services), true},
    {"load", plan_take_load, offsetof(struct plan, load), true},
    {"design", take_design, 0, false},
    {"limits", take_limits, 0, false},
    {"cpus", take_cpus, 0, false},
    {"gate", plan_take_gate, offsetof(struct plan, gate), false},
    {"metrics", take_metrics, offsetof(struct plan, metrics), false},
    {NULL, NULL, 0, false}};

/* "plans/quick.yaml" is called "quick". */
static char *name_from(const char *path)
{
    const char *slash = strrchr(path, '/');
    const char *base = slash ? slash + 1 : path;
    const char *dot = strrchr(base, '.');
    return mem_copy_bytes(base, dot && dot > base ? (size_t)(dot - base) : strlen(base));
}

static bool check_baseline(struct plan *plan, struct error *err)
{
    if (!plan->baseline_name)
        return true;
    plan->baseline = plan_find_service(&plan->services, plan->baseline_name);
    return plan->baseline >= 0 ||
           error_set(err, "%s: baseline '%s' is none of the services",
                     plan->baseline_where, plan->baseline_name);
}

/* What the generator itself would refuse is refused here, before anything starts. */
static bool check_loads(const struct plan *plan, struct error *err)
{
    struct generate_spec first = plan_spec(plan, 0);
    if (!generate_check_load(&first, err))
        return error_prefix(err, "%s: load: ", plan->load.where);
    for (int i = 0; i < plan->services.count; i++) {
        struct generate_spec spec = plan_spec(plan, i);
        if (!generate_check_target(&spec, err))
            return error_prefix(err, "%s: ", plan->services.items[i].where);
    }
    return true;
}

static bool check_masks(const struct plan *plan, struct error *err)
{
    return plan->load.masks.count <= JMASK_FIELDS_MAX ||
           error_set(err, "%s: load: more than %d masked fields", plan->load.where,
                     JMASK_FIELDS_MAX);
}

/* A rule about a service that is not there would never be broken. */
static bool check_rules(const struct plan *plan, struct error *err)
{
    for (int i = 0; i < plan->gate.count; i++) {
        const struct rule *rule = &plan->gate.rules[i];
        int service =
            *rule->service ? plan_find_service(&plan->services, rule->service) : 0;
        if (service < 0)
            return error_set(err, "%s: '%s': '%s' is none of the services",
                             plan->gate.where[i], rule->text, rule->service);
        if (*rule->service && rule->relative && service == plan->baseline)
            return error_set(err, "%s: '%s': the baseline cannot be worse than itself",
                             plan->gate.where[i], rule->text);
    }
    return true;
}

static bool complete(struct plan *plan, struct error *err)
{
    if (!plan->name)
        plan->name = name_from(plan->path);
    if (!is_name(plan->name))
        return error_set(err,
                         "%s: name '%s' cannot name a folder; use letters, digits, "
                         "'-', '_' and '.'",
                         plan->path, plan->name);
    if (!plan->title)
        plan->title = mem_copy_text(plan->name);
    return check_baseline(plan, err) && check_loads(plan, err) &&
           check_masks(plan, err) && check_rules(plan, err);
}

static void set_defaults(struct plan *plan, const char *path)
{
    *plan = (struct plan){.path = mem_copy_text(path),
                          .load = plan_load_default(),
                          .blocks = 10,
                          .seed = 1,
                          .margin_latency = .05,
                          .margin_tail = .10,
                          .error_limit = .01,
                          .steal_limit = .05,
                          .others_limit = .10,
                          .answers = ANSWERS_BODY,
                          .ready_limit_ns = 30 * NS_PER_S,
                          .stop_limit_ns = 30 * NS_PER_S};
}

/* The text that reproduces the plan: the file's own, or the whole tree. */
static bool take_text(struct plan *plan, struct plan_document *document,
                      const struct buf *file, struct error *err)
{
    struct buf tree;
    buf_init(&tree, PLAN_BYTES_MAX);
    bool good = document->alone || plan_document_dump(document, &tree) ||
                error_set(err, "%s: the plan is too large", plan->path);
    const struct buf *text = document->alone ? file : &tree;
    plan->text = mem_copy_bytes(text->len ? text->ptr : "", text->len);
    buf_fini(&tree);
    return good;
}

bool plan_read(const char *path, const struct plan_settings *settings, struct plan *out,
               struct error *err)
{
    static const struct plan_settings none = {.count = 0};
    struct buf text;
    struct plan plan;
    struct plan_document document;
    set_defaults(&plan, path);
    buf_init(&text, PLAN_BYTES_MAX);
    bool good =
        plan_document_read(path, settings ? settings : &none, &text, &document, err);
    if (good) {
        good = plan_parse(&document, plan_keys, &plan, err) && complete(&plan, err) &&
               take_text(&plan, &document, &text, err);
        plan_document_fini(&document);
    }
    buf_fini(&text);
    if (good)
        *out = plan;
    else
        plan_fini(&plan);
    return good;
}

void plan_command_text(const struct plan_service *service, struct buf *out)
{
    for (int i = 0; i < service->command.count; i++)
        buf_format(out, "%s%s", i ? " " : "", service->command.items[i]);
}

struct generate_spec plan_spec(const struct plan *plan, int service)
{
    struct generate_spec spec = plan_load_spec(&plan->load);
    spec.url = plan->services.items[service].url;
    spec.seed = plan->seed;
    return spec;
}

struct observed_rules plan_own_rules(const struct plan *plan)
{
    struct observed_rules rules = {.more_count = plan->metrics.count};
    for (int i = 0; i < rules.more_count; i++)
        rules.more[i] = plan->metrics.items[i];
    return rules;
}

struct jmask plan_mask(const struct plan *plan)
{
    struct jmask mask = {.count = plan->load.masks.count};
    for (int i = 0; i < mask.count; i++)
        mask.fields[i] = plan->load.masks.items[i];
    return mask;
}

void plan_service_fini(struct plan_service *service)
{
    mem_free(service->name);
    mem_free(service->build);
    mem_free(service->url);
    mem_free(service->ready);
    mem_free(service->metrics);
    mem_free(service->where);
    plan_list_fini(&service->needs);
    plan_list_fini(&service->command);
    plan_list_fini(&service->env);
}

void plan_fini(struct plan *plan)
{
    for (int i = 0; i < plan->services.count; i++)
        plan_service_fini(&plan->services.items[i]);
    plan_load_fini(&plan->load);
    mem_free(plan->path);
    mem_free(plan->text);
    mem_free(plan->name);
    mem_free(plan->title);
    mem_free(plan->baseline_name);
    mem_free(plan->baseline_where);
    plan_gate_fini(&plan->gate);
    plan_list_fini(&plan->metrics);
    mem_free(plan->service_cpus);
    mem_free(plan->generator_cpus);
    *plan = (struct plan){.path = NULL};
}
