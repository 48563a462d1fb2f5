/* The generator's spec as JSON, both directions. The body travels as hexadecimal: it may
 * be any bytes. */
#include "run/generate.h"

#include <limits.h>

#include "base/mem.h"
#include "result/members.h"

#define SCHEMA "dragstrip.load-spec/1"

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

json_t *generate_spec_to_json(const struct generate_spec *spec)
{
    json_t *json = json_object(), *headers = json_array();
    for (int i = 0; i < spec->header_count; i++)
        json_array_append_new(headers, member_of_text(spec->headers[i]));
    member_put(json, "schema", json_string(SCHEMA));
    member_put(json, "url", member_of_text(spec->url));
    member_put(json, "method", member_of_text(spec->method));
    member_put(json, "headers", headers);
    member_put(json, "body_hex", hex_of(spec->body));
    member_put(json, "expect", member_of_text(spec->expect));
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
    return json;
}

static void read_headers(const struct members *from, struct generate_spec *out)
{
    const json_t *array = members_array(from, "headers");
    size_t count = json_array_size(array);
    const char **headers = mem_new(count, sizeof(*headers));
    for (size_t i = 0; i < count; i++) {
        headers[i] = json_string_value(json_array_get(array, i));
        if (!headers[i])
            members_complain(from, "headers", "holds something that is not a string");
    }
    out->headers = headers;
    out->header_count = (int)count;
}

static void read_body(const struct members *from, struct generate_spec *out)
{
    const char *hex = members_view(from, "body_hex");
    char *bytes = hex ? bytes_of(hex, strlen(hex)) : NULL;
    if (hex && !bytes)
        members_complain(from, "body_hex", "is not hexadecimal");
    out->body = (struct str){bytes, bytes ? strlen(hex) / 2 : 0};
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
    read_headers(&root, &spec);
    read_body(&root, &spec);
    spec.expect = members_view_or_null(&root, "expect");
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
    if (fault.failed)
        generate_spec_fini(&spec);
    else
        *out = spec;
    return !fault.failed;
}

void generate_spec_fini(struct generate_spec *spec)
{
    char *body;
    memcpy(&body, &spec->body.ptr, sizeof(body));
    mem_free(body);
    const char *const *headers = spec->headers;
    void *block;
    memcpy(&block, &headers, sizeof(block));
    mem_free(block);
    *spec = (struct generate_spec){0};
}
