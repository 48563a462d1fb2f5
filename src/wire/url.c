#include "wire/url.h"

#define UNIX_PREFIX "unix:"

static struct str from(struct str text, size_t at)
{
    return (struct str){text.ptr + at, text.len - at};
}

/* Without regard to case, as a scheme is read (RFC 3986 3.1). */
static bool begins_with(struct str text, struct str prefix)
{
    return text.len >= prefix.len &&
           str_eq_nocase((struct str){text.ptr, prefix.len}, prefix);
}

static bool take_scheme(struct str *rest, struct url *url)
{
    static const struct str plain = {"http://", 7}, secure = {"https://", 8};
    url->tls = begins_with(*rest, secure);
    if (!url->tls && !begins_with(*rest, plain))
        return false;
    *rest = from(*rest, url->tls ? secure.len : plain.len);
    url->port = url->tls ? 443 : 80;
    return true;
}

/* Bytes before the first of `ends`. */
static size_t span(struct str text, const char *ends)
{
    size_t len = 0;
    while (len < text.len && !strchr(ends, text.ptr[len]))
        len++;
    return len;
}

static bool take_port(struct str digits, struct url *url)
{
    uint64_t number;
    if (!str_to_u64(digits, &number) || number == 0 || number > 65535)
        return false;
    url->port = (unsigned)number;
    return true;
}

static bool take_host(struct str *rest, struct url *url)
{
    url->host = (struct str){rest->ptr, span(*rest, "/?#")};
    if (url->host.len == 0 || url->host.len > URL_HOST_MAX ||
        memchr(url->host.ptr, '@', url->host.len))
        return false;
    *rest = from(*rest, url->host.len);
    bool bracketed = url->host.ptr[0] == '[';
    size_t close = span(url->host, "]");
    if (bracketed && close == url->host.len)
        return false;
    struct str after = from(url->host, bracketed ? close + 1 : span(url->host, ":"));
    size_t name_end = bracketed ? close : url->host.len - after.len;
    url->name = (struct str){url->host.ptr + bracketed, name_end - bracketed};
    if (url->name.len == 0)
        return false;
    return after.len == 0 || (after.ptr[0] == ':' && take_port(from(after, 1), url));
}

static bool take_socket(struct str *rest, struct url *url)
{
    struct str path = from(*rest, sizeof(UNIX_PREFIX) - 1);
    size_t len = span(path, ":");
    if (len == 0 || len == path.len)
        return false;
    url->socket = (struct str){path.ptr, len};
    url->host = STR("localhost");
    *rest = from(path, len + 1);
    return true;
}

/* What a request line can carry: visible ASCII (RFC 9112 3.2). */
static bool is_visible(struct str text)
{
    for (size_t i = 0; i < text.len; i++) {
        if (text.ptr[i] < 0x21 || text.ptr[i] > 0x7e)
            return false;
    }
    return true;
}

static bool take_path(struct str rest, struct url *url)
{
    url->path = (struct str){rest.ptr, span(rest, "#")};
    if (url->path.len == 0)
        url->path = STR("/");
    return url->path.ptr[0] == '/';
}

bool url_parse(const char *text, struct url *out, struct error *err)
{
    struct url url = {0};
    struct str rest = str_of(text);
    bool good = is_visible(rest) && take_scheme(&rest, &url);
    if (good && rest.len >= 5 && memcmp(rest.ptr, UNIX_PREFIX, 5) == 0)
        good = take_socket(&rest, &url);
    else
        good = good && take_host(&rest, &url);
    if (!good || !take_path(rest, &url))
        return error_set(
            err,
            "'%s' is not a URL like http://127.0.0.1:8080/path, https://… or "
            "http://unix:/run/service.sock:/path",
            text);
    *out = url;
    return true;
}
