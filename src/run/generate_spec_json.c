/* The generator's spec as JSON. The body travels as hexadecimal: it may be any bytes. */
#include "run/generate.h"

#include <string.h>

#include "base/mem.h"

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
    json_t *headers = json_array();
    for (int i = 0; i < spec->header_count; i++)
        json_array_append_new(headers, json_string(spec->headers[i]));
    json_t *json = json_pack(
        "{s:s, s:s, s:s*, s:o, s:o, s:f, s:s, s:i, s:i, s:I, s:I, s:I, s:I, s:s*, s:b}",
        "schema", "dragstrip.load-spec/1", "url", spec->url, "method", spec->method,
        "headers", headers, "body_hex", hex_of(spec->body), "rate", spec->rate_hz,
        "arrivals", spec->arrivals == ARRIVALS_POISSON ? "poisson" : "constant",
        "connections", spec->connections, "threads", spec->threads, "warmup_ns",
        (json_int_t)spec->warmup_ns, "duration_ns", (json_int_t)spec->duration_ns,
        "timeout_ns", (json_int_t)spec->timeout_ns, "seed", (json_int_t)spec->seed,
        "cpus", spec->cpus, "spin", (int)spec->spin);
    return json;
}

static bool read_headers(json_t *array, struct generate_spec *out)
{
    size_t count = json_array_size(array);
    const char **headers = mem_new(count, sizeof(*headers));
    for (size_t i = 0; i < count; i++) {
        headers[i] = json_string_value(json_array_get(array, i));
        if (!headers[i]) {
            mem_free(headers);
            return false;
        }
    }
    out->headers = headers;
    out->header_count = (int)count;
    return true;
}

bool generate_spec_from_json(const json_t *json, struct generate_spec *out,
                             struct error *err)
{
    struct generate_spec spec = {0};
    json_error_t why;
    json_t *headers = NULL, *copy;
    json_int_t warmup, duration, timeout, seed;
    int spin = 0;
    const char *arrivals = NULL, *hex = NULL, *schema = NULL;
    memcpy(&copy, &json, sizeof(copy)); /* json_unpack does not change what it reads */
    if (json_unpack_ex(
            copy, &why, 0,
            "{s:s, s:s, s?s, s:o, s:s, s:F, s:s, s:i, s:i, s:I, s:I, s:I, s:I, "
            "s?s, s:b}",
            "schema", &schema, "url", &spec.url, "method", &spec.method, "headers",
            &headers, "body_hex", &hex, "rate", &spec.rate_hz, "arrivals", &arrivals,
            "connections", &spec.connections, "threads", &spec.threads, "warmup_ns",
            &warmup, "duration_ns", &duration, "timeout_ns", &timeout, "seed", &seed,
            "cpus", &spec.cpus, "spin", &spin) != 0)
        return error_set(err, "the load spec is not usable: %s", why.text);
    if (strcmp(schema, "dragstrip.load-spec/1") != 0)
        return error_set(err, "the load spec has the unknown schema '%s'", schema);
    spec.spin = spin;
    spec.warmup_ns = warmup;
    spec.duration_ns = duration;
    spec.timeout_ns = timeout;
    spec.seed = (uint64_t)seed;
    spec.arrivals =
        strcmp(arrivals, "poisson") == 0 ? ARRIVALS_POISSON : ARRIVALS_CONSTANT;
    char *body = bytes_of(hex, strlen(hex));
    if (!body || !read_headers(headers, &spec)) {
        mem_free(body);
        return error_set(err, "the load spec's body or headers are not usable");
    }
    spec.body = (struct str){body, strlen(hex) / 2};
    *out = spec;
    return true;
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
