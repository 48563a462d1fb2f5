#include "load/target.h"

#include <stdio.h>

#include "wire/chars.h"

static bool split_url(struct target *target, const char *url, char *name, char *port)
{
    static const char scheme[] = "http://";
    if (strncmp(url, scheme, sizeof(scheme) - 1) != 0)
        return false;
    const char *host = url + sizeof(scheme) - 1;
    size_t host_len = strcspn(host, "/?#");
    if (host_len == 0 || host_len >= TARGET_HOST_BYTES || memchr(host, '@', host_len))
        return false;
    memcpy(target->host, host, host_len);
    target->host[host_len] = '\0';
    target->path = host[host_len] == '/' ? str_of(host + host_len) : STR("/");

    struct str name_view = {host, host_len};
    const char *bracket = memchr(host, ']', host_len);
    const char *from = bracket ? bracket : host;
    const char *colon = memchr(from, ':', host_len - (size_t)(from - host));
    snprintf(port, 8, "80");
    if (colon) {
        uint64_t number;
        struct str digits = {colon + 1, (size_t)(host + host_len - colon - 1)};
        if (!str_to_u64(digits, &number) || number == 0 || number > 65535)
            return false;
        snprintf(port, 8, "%u", (unsigned)number);
        name_view.len = (size_t)(colon - host);
    }
    if (bracket)
        name_view = (struct str){host + 1, (size_t)(bracket - host - 1)};
    memcpy(name, name_view.ptr, name_view.len);
    name[name_view.len] = '\0';
    return name_view.len > 0;
}

/* "404" or "2xx"; false for anything else. */
static bool expect_one(bool expected[TARGET_STATUS_END], struct str item)
{
    uint64_t status;
    if (item.len != 3 || item.ptr[0] < '1' || item.ptr[0] > '5')
        return false;
    int hundreds = (item.ptr[0] - '0') * 100;
    if (item.ptr[1] == 'x' && item.ptr[2] == 'x') {
        for (int i = hundreds; i < hundreds + 100; i++)
            expected[i] = true;
        return true;
    }
    if (!str_to_u64(item, &status))
        return false;
    expected[status] = true;
    return true;
}

bool target_expect(struct target *target, const char *list, struct error *err)
{
    bool expected[TARGET_STATUS_END] = {false};
    for (const char *at = list;; at++) {
        size_t len = strcspn(at, ",");
        if (!expect_one(expected, (struct str){at, len}))
            return error_set(err, "'%s' is not a list of statuses; write 200,404 or 2xx",
                             list);
        at += len;
        if (!*at)
            break;
    }
    memcpy(target->expected, expected, sizeof(expected));
    return true;
}

bool target_init(struct target *target, const char *url, struct error *err)
{
    char name[TARGET_HOST_BYTES], port[8];
    *target = (struct target){0};
    if (strncmp(url, "https://", 8) == 0)
        return error_set(err, "%s: https is not supported yet; use http://", url);
    if (!split_url(target, url, name, port))
        return error_set(err, "'%s' is not a URL like http://127.0.0.1:8080/path", url);
    buf_init(&target->request, TARGET_REQUEST_MAX);
    for (int status = 200; status < 400; status++)
        target->expected[status] = true;
    return sock_resolve(name, port, &target->address, err);
}

void target_fini(struct target *target)
{
    buf_fini(&target->request);
}

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

static bool add_headers(struct buf *request, const char *const *headers, int count,
                        bool *has_host, bool *has_type, struct error *err)
{
    for (int i = 0; i < count; i++) {
        struct str name = header_name(headers[i]);
        if (name.len == 0)
            return error_set(err, "'%s' is not a header like 'Name: value'", headers[i]);
        if (str_eq_nocase(name, STR("content-length")) ||
            str_eq_nocase(name, STR("transfer-encoding")))
            return error_set(err, "the header '%.*s' is set by dragstrip; leave it out",
                             (int)name.len, name.ptr);
        *has_host |= str_eq_nocase(name, STR("host"));
        *has_type |= str_eq_nocase(name, STR("content-type"));
        buf_format(request, "%s\r\n", headers[i]);
    }
    return true;
}

bool target_set_request(struct target *target, const char *method,
                        const char *const *headers, int header_count, struct str body,
                        struct error *err)
{
    struct buf *request = &target->request;
    bool has_host = false, has_type = false;
    if (!is_token(str_of(method)))
        return error_set(err, "'%s' is not an HTTP method", method);
    target->head_method = strcmp(method, "HEAD") == 0;
    buf_clear(request);
    buf_format(request, "%s ", method);
    buf_add(request, target->path);
    buf_add_text(request, " HTTP/1.1\r\n");
    if (!add_headers(request, headers, header_count, &has_host, &has_type, err))
        return false;
    if (!has_host)
        buf_format(request, "Host: %s\r\n", target->host);
    if (body.len > 0 && !has_type)
        buf_add_text(request, "Content-Type: application/json\r\n");
    if (body.len > 0 || strcmp(method, "POST") == 0 || strcmp(method, "PUT") == 0)
        buf_format(request, "Content-Length: %zu\r\n", body.len);
    buf_add_text(request, "\r\n");
    buf_add(request, body);
    if (request->overflow)
        return error_set(err, "the request is larger than %d MiB",
                         TARGET_REQUEST_MAX >> 20);
    return true;
}
