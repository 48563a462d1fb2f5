/*
 * Heads. Each byte of a field is looked at once; of the fields only those that decide
 * framing and life of the connection are, chosen by the length of their name before any
 * byte is compared. A table of all fields was rejected: nobody reads the others.
 */
#include "wire/http.h"

#include "wire/chars.h"

/* What the fields say, before the rules of RFC 9112 6.3 and 9.3 are applied. */
struct fields {
    int count;
    int hosts;
    int accepts;
    struct str host; /* the last one's value */
    struct str accept;
    bool close;
    bool keep_alive;
    bool expect_continue;
    bool expect_other;
    bool has_length;
    bool chunked;      /* the last coding */
    bool other_coding; /* before it */
    uint64_t length;
};

/* Whether the line feed at `lf` ends an empty line that has a line with text before it.
 * Empty lines at the very start therefore belong to the head that follows them. */
static bool ends_head(const char *bytes, size_t lf)
{
    size_t at = lf;
    if (at > 0 && bytes[at - 1] == '\r')
        at--;
    if (at == 0 || bytes[at - 1] != '\n')
        return false;
    at--;
    if (at > 0 && bytes[at - 1] == '\r')
        at--;
    return at > 0 && bytes[at - 1] != '\n';
}

size_t http_head_length(struct str bytes, size_t seen)
{
    for (size_t at = seen; at < bytes.len; at++) {
        const char *lf = memchr(bytes.ptr + at, '\n', bytes.len - at);
        if (!lf)
            return 0;
        at = (size_t)(lf - bytes.ptr);
        if (ends_head(bytes.ptr, at))
            return at + 1;
    }
    return 0;
}

/* Moves the next line, without its CRLF, from the front of *rest to *line. */
static bool take_line(struct str *rest, struct str *line)
{
    const char *lf = rest->len ? memchr(rest->ptr, '\n', rest->len) : NULL;
    if (!lf || lf == rest->ptr || lf[-1] != '\r')
        return false;
    *line = (struct str){rest->ptr, (size_t)(lf - rest->ptr) - 1};
    rest->len -= line->len + 2;
    rest->ptr = lf + 1;
    return true;
}

/* Moves what stands before the separator to *word, and drops the separator. */
static bool take_until(struct str *rest, char separator, struct str *word)
{
    const char *at = rest->len ? memchr(rest->ptr, separator, rest->len) : NULL;
    if (!at)
        return false;
    *word = (struct str){rest->ptr, (size_t)(at - rest->ptr)};
    rest->len -= word->len + 1;
    rest->ptr = at + 1;
    return true;
}

static bool is_token(struct str s)
{
    for (size_t i = 0; i < s.len; i++) {
        if (!chars_is_token(s.ptr[i]))
            return false;
    }
    return s.len > 0;
}

static bool is_clean(struct str s)
{
    return chars_find_control(s.ptr, s.ptr + s.len) == s.ptr + s.len;
}

/* Moves the next field, "name: value" and its CRLF, from the front of *rest. */
static bool take_field(struct str *rest, struct str *name, struct str *value)
{
    const char *at = rest->ptr, *end = at + rest->len;
    while (at < end && chars_is_token(*at))
        at++;
    *name = (struct str){rest->ptr, (size_t)(at - rest->ptr)};
    if (name->len == 0 || at == end || *at != ':')
        return false;
    const char *begin = at + 1;
    at = chars_find_control(begin, end);
    if (end - at < 2 || at[0] != '\r' || at[1] != '\n')
        return false;
    *value = str_trim((struct str){begin, (size_t)(at - begin)});
    *rest = (struct str){at + 2, (size_t)(end - at) - 2};
    return true;
}

/* Likewise the empty line behind the last one. */
static bool take_end(struct str *rest)
{
    if (rest->len < 2 || rest->ptr[0] != '\r' || rest->ptr[1] != '\n')
        return false;
    *rest = (struct str){rest->ptr + 2, rest->len - 2};
    return true;
}

/* Moves the next element of a list to *option; false: the list is over. */
static bool take_option(struct str *list, bool *first, struct str *option)
{
    if (list->len == 0 && !*first)
        return false;
    *first = false;
    if (!take_until(list, ',', option)) {
        *option = *list;
        list->len = 0;
    } else if (list->len == 0) {
        list->ptr = "";
        *first = true; /* a comma at the end has an empty element behind it */
    }
    *option = str_trim(*option);
    return true;
}

static void read_connection(struct str value, struct fields *fields)
{
    struct str option;
    bool first = true;
    while (take_option(&value, &first, &option)) {
        fields->close |= str_eq_nocase(option, STR("close"));
        fields->keep_alive |= str_eq_nocase(option, STR("keep-alive"));
    }
}

/* Equal lengths in two lines are one length; a list in one line is refused (RFC 9112 6.3
 * leaves the choice). */
static bool read_length(struct str value, struct fields *fields)
{
    uint64_t length;
    if (!str_to_u64(value, &length))
        return false;
    if (fields->has_length && fields->length != length)
        return false;
    fields->has_length = true;
    fields->length = length;
    return true;
}

/* RFC 9112 6.1 and 7.1: chunked is the last, there once, and without parameters; those of
 * others are not looked at. Empty elements are refused. */
static bool read_codings(struct str value, struct fields *fields)
{
    struct str coding, name;
    bool first = true;
    while (take_option(&value, &first, &coding)) {
        bool has_parameters = take_until(&coding, ';', &name);
        if (!has_parameters)
            name = coding;
        name = str_trim(name);
        if (fields->chunked || !is_token(name))
            return false;
        fields->chunked = str_eq_nocase(name, STR("chunked"));
        fields->other_coding |= !fields->chunked;
        if (fields->chunked && has_parameters)
            return false;
    }
    return true;
}

static bool read_field(struct str name, struct str value, struct fields *fields)
{
    switch (name.len) {
    case 4:
        if (str_eq_nocase(name, STR("Host"))) {
            fields->hosts++;
            fields->host = value;
        }
        break;
    case 6:
        if (str_eq_nocase(name, STR("Expect"))) {
            bool known = str_eq_nocase(value, STR("100-continue"));
            fields->expect_continue |= known;
            fields->expect_other |= !known;
        } else if (str_eq_nocase(name, STR("accept"))) {
            fields->accepts++;
            fields->accept = value;
        }
        break;
    case 10:
        if (str_eq_nocase(name, STR("Connection")))
            read_connection(value, fields);
        break;
    case 14:
        if (str_eq_nocase(name, STR("Content-Length")))
            return read_length(value, fields);
        break;
    case 17:
        if (str_eq_nocase(name, STR("Transfer-Encoding")))
            return read_codings(value, fields);
        break;
    default:
        break;
    }
    return true;
}

/* Reads the fields up to the empty line, which must be the last. */
static enum http_status read_fields(struct str rest, struct fields *fields)
{
    struct str name, value;
    while (!take_end(&rest)) {
        if (++fields->count > HTTP_HEADERS_MAX)
            return HTTP_TOO_LARGE;
        if (!take_field(&rest, &name, &value) || !read_field(name, value, fields))
            return HTTP_BAD;
    }
    return rest.len == 0 ? HTTP_OK : HTTP_BAD;
}

static bool is_digit(char c)
{
    return c >= '0' && c <= '9';
}

/* "HTTP/1.0"; later minor versions are read as the last that is known. */
static enum http_status read_version(struct str s, int *minor)
{
    if (s.len != 8 || memcmp(s.ptr, "HTTP/", 5) != 0 || !is_digit(s.ptr[5]) ||
        s.ptr[6] != '.' || !is_digit(s.ptr[7]))
        return HTTP_BAD;
    *minor = s.ptr[7] != '0';
    return s.ptr[5] == '1' ? HTTP_OK : HTTP_OTHER_VERSION;
}

static bool starts_with_nocase(struct str s, struct str start)
{
    return s.len >= start.len && str_eq_nocase((struct str){s.ptr, start.len}, start);
}

/* The target without scheme and authority, if it is in absolute form; else untouched.
 * Empty when it is in absolute form and names no host. */
static struct str without_authority(struct str target)
{
    size_t skip;
    if (starts_with_nocase(target, STR("http://")))
        skip = 7;
    else if (starts_with_nocase(target, STR("https://")))
        skip = 8;
    else
        return target;
    size_t host = skip;
    while (skip < target.len && target.ptr[skip] != '/' && target.ptr[skip] != '?')
        skip++;
    if (skip == host || target.ptr[host] == ':') /* RFC 9110 4.2.1: no host, no URI */
        return STR("");
    if (skip == target.len || target.ptr[skip] == '?')
        return STR("/");
    return (struct str){target.ptr + skip, target.len - skip};
}

/* The four forms of RFC 9112 3.2; bytes from 128 on are let through as they are. */
static bool read_target(struct str method, struct str target, struct str *path)
{
    if (target.len == 0 || !is_clean(target) || memchr(target.ptr, '\t', target.len))
        return false;
    struct str rest = without_authority(target);
    struct str before_query;
    *path = take_until(&rest, '?', &before_query) ? before_query : rest;
    if (path->len > 0 && path->ptr[0] == '/')
        return true;
    return str_eq(method, STR("CONNECT")) ||
           (str_eq(method, STR("OPTIONS")) && str_eq(target, STR("*")));
}

/* RFC 9112 6.1 and 6.3: what would let two readers disagree about the body's end. */
static bool is_ambiguous(const struct fields *fields, int minor)
{
    bool coded = fields->chunked || fields->other_coding;
    return coded && (!fields->chunked || fields->has_length || minor == 0);
}

/* One in HTTP/1.1, none or one in 1.0, and it must be able to name a host (RFC 9112 3.2);
 * an empty one is allowed. */
static bool has_good_host(const struct fields *fields, int minor)
{
    for (size_t i = 0; i < fields->host.len; i++) {
        if (!chars_is_host(fields->host.ptr[i]))
            return false;
    }
    return fields->hosts == 1 || (fields->hosts == 0 && minor == 0);
}

static bool stays_open(const struct fields *fields, int minor)
{
    return !fields->close && (minor > 0 || fields->keep_alive);
}

enum http_status http_parse_request(struct str head, struct http_request *out)
{
    struct http_request request = {0};
    struct fields fields = {0};
    struct str line;
    enum http_status status = HTTP_OK;
    while (take_end(&head))
        ;
    if (!take_line(&head, &line) || !take_until(&line, ' ', &request.method) ||
        !take_until(&line, ' ', &request.target) || !is_token(request.method))
        return HTTP_BAD;
    status = read_version(line, &request.minor);
    if (status != HTTP_OK)
        return status;
    if (!read_target(request.method, request.target, &request.path))
        return HTTP_BAD;
    status = read_fields(head, &fields);
    if (status != HTTP_OK)
        return status;
    if (is_ambiguous(&fields, request.minor) || !has_good_host(&fields, request.minor))
        return HTTP_BAD;
    if (fields.other_coding)
        return HTTP_UNKNOWN_CODING;
    if (fields.expect_other && request.minor > 0)
        return HTTP_UNKNOWN_EXPECTATION;
    request.framed = fields.has_length || fields.chunked;
    request.keep_alive = stays_open(&fields, request.minor);
    request.expect_continue = fields.expect_continue && request.minor > 0;
    request.content_length = fields.length;
    request.accept = fields.accepts == 1 ? fields.accept : STR("");
    if (fields.chunked)
        request.framing = HTTP_CHUNKED;
    else
        request.framing = fields.length > 0 ? HTTP_LENGTH : HTTP_NO_BODY;
    *out = request;
    return HTTP_OK;
}

/* "HTTP/1.1 200 OK"; the reason, and even the space before it, may be missing. */
static bool read_status_line(struct str line, struct http_response *response)
{
    struct str version;
    uint64_t status;
    if (!is_clean(line) || !take_until(&line, ' ', &version) ||
        read_version(version, &response->minor) != HTTP_OK)
        return false;
    if (line.len < 3 || (line.len > 3 && line.ptr[3] != ' ') ||
        !str_to_u64((struct str){line.ptr, 3}, &status) || status < 100 || status > 599)
        return false;
    response->status = (int)status;
    return true;
}

static enum http_framing response_framing(int status, const struct fields *fields)
{
    if (status < 200 || status == 204 || status == 304)
        return HTTP_NO_BODY;
    if (fields->chunked)
        return HTTP_CHUNKED;
    if (!fields->has_length)
        return HTTP_UNTIL_EOF;
    return fields->length > 0 ? HTTP_LENGTH : HTTP_NO_BODY;
}

enum http_status http_parse_response(struct str head, struct http_response *out)
{
    struct http_response response = {0};
    struct fields fields = {0};
    struct str line;
    if (!take_line(&head, &line) || !read_status_line(line, &response))
        return HTTP_BAD;
    enum http_status status = read_fields(head, &fields);
    if (status != HTTP_OK)
        return status;
    if (is_ambiguous(&fields, response.minor) || fields.other_coding)
        return HTTP_BAD;
    response.framing = response_framing(response.status, &fields);
    response.content_length = fields.length;
    response.keep_alive = stays_open(&fields, response.minor);
    *out = response;
    return HTTP_OK;
}

struct str http_field(struct str head, struct str name)
{
    struct str line, found, value;
    while (take_end(&head))
        ;
    if (!take_line(&head, &line))
        return STR("");
    while (take_field(&head, &found, &value)) {
        if (str_eq_nocase(found, name))
            return value;
    }
    return STR("");
}
