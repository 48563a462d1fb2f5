/* The generator's spec as JSON, both directions. Bodies travel as hexadecimal: they may
 * be any bytes. */
#include "run/generate.h"

#include <limits.h>

#include "base/mem.h"
#include "result/members.h"

#define SCHEMA "dragstrip.load-spec/2"

static const char *const arrival_names[] = {
    [ARRIVALS_CONSTANT] = "constant", [ARRIVALS_POISSON] = "poisson"};

static json_t *hex_of(struct str bytes)
{
    static const char digits[] = "0123456789abcdef";
    char *text = mem_new(bytes.len * 2 + 1, 1);
    for (size_t i = 0; i < bytes.len; i++) {
        text[2 * i] = digits[(unsigned char)bytes.ptr[i] >> 4];
        text[2 * i + 1] = digits[(unsigned char)bytes.ptr[i] & 15];
    }
    json_t *json = json_string(text);
    mem_free(text);
    return json;
}

static int digit_value(char c)
{
    if (c >= '0' && c <= '9')
        return c - '0';
    return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

/* Heap bytes, NULL when it is not hexadecimal. */
static char *bytes_of(const char *hex, size_t len)
{
    if (len % 2 != 0)
        return NULL;
    char *bytes = mem_new(len / 2 + 1, 1);
    for (size_t i = 0; i + 1 < len; i += 2) {
        int high = digit_value(hex[i]), low = digit_value(hex[i + 1]);
        if (high < 0 || low < 0) {
            mem_free(bytes);
            return NULL;
        }
        bytes[i / 2] = (char)(high * 16 + low);
    }
    return bytes;
}

static json_t *texts_to_json(const char *const *texts, int count)
{
    json_t *array = json_array();
    for (int i = 0; i < count; i++)
        json_array_append_new(array, member_of_text(texts[i]));
    return array;
}

static json_t *bodies_to_json(const struct generate_spec *spec)
{
    json_t *array = json_array();
    for (int i = 0; i < spec->body_count; i++)
        json_array_append_new(array, hex_of(spec->bodies[i]));
    return array;
}

static json_t *weights_to_json(const struct generate_spec *spec)
{
    json_t *array = json_array();
    for (int i = 0; i < spec->weight_count; i++)
        json_array_append_new(array, member_of_number(spec->weights[i]));
    return array;
}

static json_t *expect_to_json(const struct expect_spec *expect)
{
    json_t *json = json_object(), *bodies = json_array();
    for (int i = 0; i < expect->body_count; i++) {
        const struct expect_body *body = &expect->bodies[i];
        json_t *item = json_object();
        member_put(item, "sha256", member_of_text(body->sha256));
        member_put(item, "hex", hex_of(body->bytes));
        json_array_append_new(bodies, item);
    }
    member_put(json, "statuses", member_of_text(expect->statuses));
    member_put(json, "bodies", bodies);
    member_put(json, "masks", texts_to_json(expect->masks, expect->mask_count));
    return json;
}

static json_t *reach_to_json(const struct target_options *reach)
{
    json_t *json = json_object();
    member_put(json, "resolve", texts_to_json(reach->resolve, reach->resolve_count));
    member_put(json, "ca_file", member_of_text(reach->ca_file));
    member_put(json, "insecure", json_boolean(reach->insecure));
    return json;
}

json_t *generate_spec_to_json(const struct generate_spec *spec)
{
    json_t *json = json_object();
    member_put(json, "schema", json_string(SCHEMA));
    member_put(json, "url", member_of_text(spec->url));
    member_put(json, "reach", reach_to_json(&spec->reach));
    member_put(json, "method", member_of_text(spec->method));
    member_put(json, "headers", texts_to_json(spec->headers, spec->header_count));
    member_put(json, "bodies_hex", bodies_to_json(spec));
    member_put(json, "weights", weights_to_json(spec));
    member_put(json, "expect", expect_to_json(&spec->expect));
    member_put(json, "rate", member_of_text(spec->rate));
    member_put(json, "arrivals", json_string(arrival_names[spec->arrivals]));
    member_put(json, "connections", json_integer(spec->connections));
    member_put(json, "threads", json_integer(spec->threads));
    member_put(json, "warmup_ns", json_integer(spec->warmup_ns));
    member_put(json, "duration_ns", json_integer(spec->duration_ns));
    member_put(json, "timeout_ns", json_integer(spec->timeout_ns));
    member_put(json, "seed", member_of_u64(spec->seed));
    member_put(json, "cpus", member_of_text(spec->cpus));
    member_put(json, "spin", json_boolean(spec->spin));
    member_put(json, "figures", json_boolean(spec->figures));
    return json;
}

/* Views of the document's strings, in an array on the heap. */
static const char **read_texts(const struct members *from, const char *key, int *count)
{
    const json_t *array = members_array(from, key);
    size_t len = json_array_size(array);
    const char **texts = mem_new(len, sizeof(*texts));
    for (size_t i = 0; i < len; i++) {
        texts[i] = json_string_value(json_array_get(array, i));
        if (!texts[i])
            members_complain(from, key, "holds something that is not a string");
    }
    *count = (int)len;
    return texts;
}

/* Heap bytes. */
static struct str read_hex(const struct members *from, const char *key, const char *hex)
{
    char *bytes = hex ? bytes_of(hex, strlen(hex)) : NULL;
    if (hex && !bytes)
        members_complain(from, key, "is not hexadecimal");
    return (struct str){bytes, bytes ? strlen(hex) / 2 : 0};
}

static void read_bodies(const struct members *from, struct generate_spec *out)
{
    int count;
    const char **texts = read_texts(from, "bodies_hex", &count);
    struct str *bodies = mem_new((size_t)count, sizeof(*bodies));
    for (int i = 0; i < count; i++)
        bodies[i] = read_hex(from, "bodies_hex", texts[i]);
    mem_free(texts);
    out->bodies = bodies;
    out->body_count = count;
}

/* An empty array is no weights at all. */
static void read_weights(const struct members *from, struct generate_spec *out)
{
    const json_t *array = members_array(from, "weights");
    size_t count = json_array_size(array);
    double *weights = count ? mem_new(count, sizeof(*weights)) : NULL;
    for (size_t i = 0; i < count; i++) {
        const json_t *number = json_array_get(array, i);
        if (!json_is_number(number))
            members_complain(from, "weights", "holds something that is not a number");
        weights[i] = json_number_value(number);
    }
    out->weights = weights;
    out->weight_count = (int)count;
}

static void read_expect(const struct members *from, struct expect_spec *out)
{
    struct members expect = members_child(from, "expect");
    size_t count = json_array_size(members_array(&expect, "bodies"));
    struct expect_body *bodies = mem_new(count, sizeof(*bodies));
    for (size_t i = 0; i < count && !from->fault->failed; i++) {
        struct members body = members_item(&expect, "bodies", (int)i);
        bodies[i].sha256 = members_view_or_null(&body, "sha256");
        bodies[i].bytes = read_hex(&body, "hex", members_view(&body, "hex"));
    }
    out->bodies = bodies;
    out->body_count = (int)count;
    out->statuses = members_view_or_null(&expect, "statuses");
    out->masks = read_texts(&expect, "masks", &out->mask_count);
}

static void read_reach(const struct members *from, struct target_options *out)
{
    struct members reach = members_child(from, "reach");
    out->resolve = read_texts(&reach, "resolve", &out->resolve_count);
    out->ca_file = members_view_or_null(&reach, "ca_file");
    out->insecure = members_flag(&reach, "insecure");
}

static enum arrivals read_arrivals(const struct members *from)
{
    const char *name = members_view(from, "arrivals");
    for (int i = ARRIVALS_CONSTANT; name && i <= ARRIVALS_POISSON; i++) {
        if (strcmp(name, arrival_names[i]) == 0)
            return (enum arrivals)i;
    }
    members_complain(from, "arrivals", "is neither constant nor poisson");
    return ARRIVALS_CONSTANT;
}

bool generate_spec_from_json(const json_t *json, struct generate_spec *out,
                             struct error *err)
{
    struct members_fault fault = {err, false};
    struct members root = members_root(json, "load spec", &fault);
    struct generate_spec spec = {0};
    members_expect(&root, "schema", SCHEMA);
    spec.url = members_view(&root, "url");
    spec.method = members_view_or_null(&root, "method");
    read_reach(&root, &spec.reach);
    spec.headers = read_texts(&root, "headers", &spec.header_count);
    read_bodies(&root, &spec);
    read_weights(&root, &spec);
    read_expect(&root, &spec.expect);
    spec.rate = members_view(&root, "rate");
    spec.arrivals = read_arrivals(&root);
    spec.connections = (int)members_integer(&root, "connections", 1, INT_MAX);
    spec.threads = (int)members_integer(&root, "threads", 1, INT_MAX);
    spec.warmup_ns = members_integer(&root, "warmup_ns", 0, INT64_MAX);
    spec.duration_ns = members_integer(&root, "duration_ns", 1, INT64_MAX);
    spec.timeout_ns = members_integer(&root, "timeout_ns", 1, INT64_MAX);
    spec.seed = members_u64(&root, "seed");
    spec.cpus = members_view_or_null(&root, "cpus");
    spec.spin = members_flag(&root, "spin");
    spec.figures = members_has(&root, "figures") && members_flag(&root, "figures");
    if (fault.failed)
        generate_spec_fini(&spec);
    else
        *out = spec;
    return !fault.failed;
}

void generate_spec_fini(struct generate_spec *spec)
{
    for (int i = 0; i < spec->body_count; i++)
        mem_free_constant(spec->bodies[i].ptr);
    for (int i = 0; i < spec->expect.body_count; i++)
        mem_free_constant(spec->expect.bodies[i].bytes.ptr);
    mem_free_constant(spec->bodies);
    mem_free_constant(spec->weights);
    mem_free_constant(spec->expect.bodies);
    mem_free_constant(spec->expect.masks);
    mem_free_constant(spec->reach.resolve);
    mem_free_constant(spec->headers);
    *spec = (struct generate_spec){.url = NULL};
}
