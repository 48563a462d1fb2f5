#include "load/requests.h"

#include <math.h>

#include "base/mem.h"
#include "wire/chars.h"

/* Streams of the same seed that no schedule uses (schedule.c has the workers' numbers).
 */
#define STREAM_BASE (UINT64_C(1) << 32)

static bool is_token(struct str s)
{
    for (size_t i = 0; i < s.len; i++) {
        if (!chars_is_token(s.ptr[i]))
            return false;
    }
    return s.len > 0;
}

/* The field's name, or an empty view when the header cannot be sent as it is. */
static struct str header_name(const char *header)
{
    const char *colon = strchr(header, ':');
    struct str name = {header, colon ? (size_t)(colon - header) : 0};
    if (!is_token(name) || strpbrk(header, "\r\n"))
        name.len = 0;
    return name;
}

struct fields { /* the request's own, and what is missing of the usual ones */
    struct buf text;
    bool has_host, has_type;
};

static bool read_fields(const struct requests_spec *spec, struct fields *fields,
                        struct error *err)
{
    for (int i = 0; i < spec->header_count; i++) {
        const char *header = spec->headers[i];
        struct str name = header_name(header);
        if (name.len == 0)
            return error_set(err, "'%s' is not a header like 'Name: value'", header);
        if (str_eq_nocase(name, STR("content-length")) ||
            str_eq_nocase(name, STR("transfer-encoding")))
            return error_set(err, "the header '%.*s' is set by dragstrip; leave it out",
                             (int)name.len, name.ptr);
        fields->has_host |= str_eq_nocase(name, STR("host"));
        fields->has_type |= str_eq_nocase(name, STR("content-type"));
        buf_format(&fields->text, "%s\r\n", header);
    }
    return true;
}

static void write_request(const struct requests_spec *spec, const char *method,
                          const struct fields *fields, struct str body, struct buf *out)
{
    buf_format(out, "%s ", method);
    buf_add(out, spec->path);
    buf_add_text(out, " HTTP/1.1\r\n");
    buf_add(out, buf_str(&fields->text));
    if (!fields->has_host) {
        buf_add_text(out, "Host: ");
        buf_add(out, spec->host);
        buf_add_text(out, "\r\n");
    }
    if (body.len > 0 && !fields->has_type)
        buf_add_text(out, "Content-Type: application/json\r\n");
    if (body.len > 0 || strcmp(method, "POST") == 0 || strcmp(method, "PUT") == 0 ||
        strcmp(method, "PATCH") == 0)
        buf_format(out, "Content-Length: %zu\r\n", body.len);
    buf_add_text(out, "\r\n");
    buf_add(out, body);
}

static bool has_body(const struct requests_spec *spec)
{
    for (int i = 0; i < spec->body_count; i++) {
        if (spec->bodies[i].len > 0)
            return true;
    }
    return false;
}

/* RFC 9110 9.3.1, 9.3.2 and 9.3.8: content of these means nothing, and of TRACE must not
 * be sent. */
static bool takes_no_body(const char *method)
{
    return strcmp(method, "GET") == 0 || strcmp(method, "HEAD") == 0 ||
           strcmp(method, "TRACE") == 0;
}

static bool check_spec(const struct requests_spec *spec, const char *method,
                       struct error *err)
{
    if (!is_token(str_of(method)))
        return error_set(err, "'%s' is not an HTTP method", method);
    if (strcmp(method, "CONNECT") == 0)
        return error_set(err, "CONNECT makes a tunnel and is not a request to measure");
    if (has_body(spec) && takes_no_body(method))
        return error_set(err,
                         "a body means nothing in a %s request; leave it out, or use "
                         "POST",
                         method);
    if (spec->body_count > REQUESTS_MAX)
        return error_set(err, "more than %d bodies", REQUESTS_MAX);
    double sum = 0;
    for (int i = 0; spec->weights && i < spec->body_count; i++) {
        if (!isfinite(spec->weights[i]) || spec->weights[i] <= 0)
            return error_set(err, "a weight must be a number above 0");
        sum += spec->weights[i];
    }
    return isfinite(sum) || error_set(err, "the weights are too large");
}

static double *bounds_of(const struct requests_spec *spec)
{
    double *bounds = mem_new((size_t)spec->body_count, sizeof(*bounds)), sum = 0;
    for (int i = 0; i < spec->body_count; i++)
        bounds[i] = sum += spec->weights[i];
    for (int i = 0; i < spec->body_count; i++)
        bounds[i] /= sum;
    return bounds;
}

/* With a `fields` of the caller's, who frees it. */
static bool build(struct requests *requests, const struct requests_spec *spec,
                  struct fields *fields, struct error *err)
{
    const char *method = spec->method;
    if (!method)
        method = has_body(spec) ? "POST" : "GET";
    if (!check_spec(spec, method, err) || !read_fields(spec, fields, err))
        return false;
    requests->head_method = strcmp(method, "HEAD") == 0;
    requests->count = spec->body_count > 0 ? spec->body_count : 1;
    requests->items = mem_new((size_t)requests->count, sizeof(*requests->items));
    if (spec->weights && spec->body_count > 0)
        requests->bounds = bounds_of(spec);
    bool fits = true;
    for (int i = 0; i < requests->count; i++) {
        struct buf *item = &requests->items[i];
        buf_init(item, REQUESTS_BYTES_MAX);
        write_request(spec, method, fields,
                      spec->body_count > 0 ? spec->bodies[i] : STR(""), item);
        fits &= !item->overflow;
    }
    return fits ||
           error_set(err, "a request is larger than %d MiB", REQUESTS_BYTES_MAX >> 20);
}

bool requests_init(struct requests *requests, const struct requests_spec *spec,
                   struct error *err)
{
    struct fields fields = {.has_host = false};
    *requests = (struct requests){.items = NULL};
    buf_init(&fields.text, REQUESTS_BYTES_MAX);
    bool good = build(requests, spec, &fields, err);
    buf_fini(&fields.text);
    if (!good)
        requests_fini(requests);
    return good;
}

void requests_fini(struct requests *requests)
{
    for (int i = 0; i < requests->count && requests->items; i++)
        buf_fini(&requests->items[i]);
    mem_free(requests->items);
    mem_free(requests->bounds);
    *requests = (struct requests){.items = NULL};
}

void requests_begin(struct requests_turn *turn, uint64_t seed, int worker)
{
    rng_init(&turn->rng, seed, STREAM_BASE + (uint64_t)worker);
    turn->next = (uint64_t)worker; /* workers do not all begin with the same body */
}

int requests_next(const struct requests *requests, struct requests_turn *turn)
{
    int item = 0;
    if (!requests->bounds)
        return (int)(turn->next++ % (uint64_t)requests->count);
    double at = rng_uniform(&turn->rng);
    while (item < requests->count - 1 && at > requests->bounds[item])
        item++;
    return item;
}
