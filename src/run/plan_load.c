/* The keys of a plan's load. A new one is a line in the table and a field in plan.h. */
#include "run/plan_load.h"

#include <stddef.h>

#include "base/clock.h"
#include "base/mem.h"
#include "base/units.h"
#include "sys/file.h"

enum { BODY_BYTES_MAX = 16 << 20 };

#define REPLAY "replay:"
#define DIGEST "sha256:"

static bool starts_with(const char *text, const char *prefix)
{
    return strncmp(text, prefix, strlen(prefix)) == 0;
}

static bool take_replay(struct plan_reader *reader, const yaml_node_t *at,
                        const char *rate, char **out)
{
    char *path = plan_resolve(reader, at, rate + strlen(REPLAY));
    mem_free(*out);
    *out = mem_format(REPLAY "%s", path);
    mem_free(path);
    return true;
}

/* A closed loop needs nothing more; other rates are read again with the whole load. */
static bool take_rate(struct plan_reader *reader, const char *name, yaml_node_t *value,
                      void *field)
{
    struct profile profile;
    struct error why;
    const char *scalar = plan_scalar(reader, name, value);
    if (scalar && starts_with(scalar, REPLAY))
        return take_replay(reader, value, scalar, field);
    return scalar &&
           (strcmp(scalar, "max") == 0 ||
            profile_parse(scalar, 0, NS_PER_S, &profile, &why) ||
            plan_complain(reader, value, "%s: %s", name, why.text)) &&
           plan_take_text(reader, name, value, field);
}

static bool take_arrivals(struct plan_reader *reader, const char *name,
                          yaml_node_t *value, void *field)
{
    enum arrivals *arrivals = field;
    const char *scalar = plan_scalar(reader, name, value);
    if (!scalar)
        return false;
    *arrivals = strcmp(scalar, "constant") == 0 ? ARRIVALS_CONSTANT : ARRIVALS_POISSON;
    return *arrivals == ARRIVALS_CONSTANT || strcmp(scalar, "poisson") == 0 ||
           plan_complain(reader, value, "%s must be constant or poisson, not '%s'", name,
                         scalar);
}

/* "@file", or the text itself; heap bytes. */
static bool read_bytes(struct plan_reader *reader, const char *name, yaml_node_t *value,
                       const char *text, struct str *out)
{
    struct buf bytes;
    struct error why;
    buf_init(&bytes, BODY_BYTES_MAX);
    char *path = text[0] == '@' ? plan_resolve(reader, value, text + 1) : NULL;
    if (!path)
        buf_add_text(&bytes, text);
    bool good =
        !path || file_read(path, &bytes, &why) ||
        plan_complain(reader, value, "%s: %s; paths in a plan begin at its folder", name,
                      why.text);
    if (good)
        *out = (struct str){mem_copy_bytes(bytes.len ? bytes.ptr : "", bytes.len),
                            bytes.len};
    mem_free(path);
    buf_fini(&bytes);
    return good;
}

static bool take_bodies(struct plan_reader *reader, const char *name, yaml_node_t *value,
                        void *field)
{
    struct plan_bodies *bodies = field;
    struct plan_list texts = {.count = 0};
    bool good = plan_take_list(reader, name, value, &texts);
    for (int i = 0; good && i < texts.count; i++) {
        good = read_bytes(reader, name, value, texts.items[i], &bodies->items[i]);
        bodies->count += good;
    }
    plan_list_fini(&texts);
    return good;
}

static bool read_expected(struct plan_reader *reader, const char *name,
                          yaml_node_t *value, const char *text, struct expect_body *out)
{
    if (!starts_with(text, DIGEST))
        return read_bytes(reader, name, value, text, &out->bytes);
    out->sha256 = mem_copy_text(text + strlen(DIGEST));
    return true;
}

static bool take_expected(struct plan_reader *reader, const char *name,
                          yaml_node_t *value, void *field)
{
    struct plan_expected *expected = field;
    struct plan_list texts = {.count = 0};
    bool good = plan_take_list(reader, name, value, &texts);
    for (int i = 0; good && i < texts.count; i++) {
        good = read_expected(reader, name, value, texts.items[i], &expected->items[i]);
        expected->count += good;
    }
    plan_list_fini(&texts);
    return good;
}

static bool take_weights(struct plan_reader *reader, const char *name, yaml_node_t *value,
                         void *field)
{
    struct plan_weights *weights = field;
    struct plan_list texts = {.count = 0};
    bool good = plan_take_list(reader, name, value, &texts);
    for (int i = 0; good && i < texts.count; i++) {
        double *weight = &weights->items[weights->count++];
        good = (units_parse_count(str_of(texts.items[i]), weight) && *weight > 0) ||
               plan_complain(reader, value, "%s must be numbers above 0, not '%s'", name,
                             texts.items[i]);
    }
    plan_list_fini(&texts);
    return good;
}

static bool take_path(struct plan_reader *reader, const char *name, yaml_node_t *value,
                      void *field)
{
    char **path = field;
    const char *scalar = plan_scalar(reader, name, value);
    if (!scalar)
        return false;
    mem_free(*path);
    *path = plan_resolve(reader, value, scalar);
    return true;
}

_Static_assert((int)PLAN_BODIES_MAX == (int)PLAN_LIST_MAX, "a list is read, then files");

static const struct plan_key load_keys[] = {
    {"rate", take_rate, offsetof(struct plan_load, rate), true},
    {"connections", plan_take_int, offsetof(struct plan_load, connections), false},
    {"threads", plan_take_int, offsetof(struct plan_load, threads), false},
    {"duration", plan_take_time, offsetof(struct plan_load, duration_ns), false},
    {"warmup", plan_take_time, offsetof(struct plan_load, warmup_ns), false},
    {"timeout", plan_take_time, offsetof(struct plan_load, timeout_ns), false},
    {"arrivals", take_arrivals, offsetof(struct plan_load, arrivals), false},
    {"method", plan_take_text, offsetof(struct plan_load, method), false},
    {"headers", plan_take_list, offsetof(struct plan_load, headers), false},
    {"body", take_bodies, offsetof(struct plan_load, bodies), false},
    {"weights", take_weights, offsetof(struct plan_load, weights), false},
    {"expect", plan_take_text, offsetof(struct plan_load, expect), false},
    {"expect_body", take_expected, offsetof(struct plan_load, expected), false},
    {"mask", plan_take_list, offsetof(struct plan_load, masks), false},
    {"resolve", plan_take_list, offsetof(struct plan_load, resolve), false},
    {"ca", take_path, offsetof(struct plan_load, ca_file), false},
    {"insecure", plan_take_flag, offsetof(struct plan_load, insecure), false},
    {NULL, NULL, 0, false}};

bool plan_take_load(struct plan_reader *reader, const char *name, yaml_node_t *value,
                    void *field)
{
    struct plan_load *load = field;
    mem_free(load->where);
    load->where = plan_where(reader, value);
    return plan_walk(reader, load_keys, name, value, field);
}

struct plan_load plan_load_default(void)
{
    return (struct plan_load){.connections = 64,
                              .threads = 1,
                              .duration_ns = 10 * NS_PER_S,
                              .warmup_ns = 2 * NS_PER_S,
                              .timeout_ns = 5 * NS_PER_S,
                              .arrivals = ARRIVALS_POISSON};
}

static const char *const *texts_of(const struct plan_list *list)
{
    return (const char *const *)list->items;
}

struct generate_spec plan_load_spec(const struct plan_load *load)
{
    return (struct generate_spec){
        .reach = {.resolve = texts_of(&load->resolve),
                  .resolve_count = load->resolve.count,
                  .ca_file = load->ca_file,
                  .insecure = load->insecure},
        .method = load->method,
        .headers = texts_of(&load->headers),
        .header_count = load->headers.count,
        .bodies = load->bodies.items,
        .body_count = load->bodies.count,
        .weights = load->weights.count > 0 ? load->weights.items : NULL,
        .weight_count = load->weights.count,
        .expect = {.statuses = load->expect,
                   .bodies = load->expected.items,
                   .body_count = load->expected.count,
                   .masks = texts_of(&load->masks),
                   .mask_count = load->expected.count > 0 ? load->masks.count : 0},
        .rate = load->rate,
        .arrivals = load->arrivals,
        .connections = load->connections,
        .threads = load->threads,
        .warmup_ns = load->warmup_ns,
        .duration_ns = load->duration_ns,
        .timeout_ns = load->timeout_ns};
}

void plan_load_fini(struct plan_load *load)
{
    for (int i = 0; i < load->bodies.count; i++)
        mem_free_constant(load->bodies.items[i].ptr);
    for (int i = 0; i < load->expected.count; i++) {
        mem_free_constant(load->expected.items[i].bytes.ptr);
        mem_free_constant(load->expected.items[i].sha256);
    }
    plan_list_fini(&load->headers);
    plan_list_fini(&load->masks);
    plan_list_fini(&load->resolve);
    mem_free(load->where);
    mem_free(load->rate);
    mem_free(load->expect);
    mem_free(load->method);
    mem_free(load->ca_file);
}
