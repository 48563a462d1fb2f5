/*
 * URLs: what is accepted has its parts inside the text, a path that a request line can
 * carry, and a port; and the request that is built of it is one that a strict server
 * takes.
 */
#include "fuzz.h"
#include "load/requests.h"
#include "wire/http.h"
#include "wire/url.h"

static void check_inside(const char *text, size_t len, struct str part)
{
    bool constant = str_eq(part, STR("/")) || str_eq(part, STR("localhost"));
    FUZZ_HOLDS(part.len == 0 || constant ||
               (part.ptr >= text && part.ptr + part.len <= text + len));
}

/* A host that the URL reader lets pass may still be none for the strict Host of a server
 * (a name with odd characters); framing and target must be right in any case. */
static void check_request(const struct url *url)
{
    struct requests requests;
    struct error err;
    const char *const header = "Host: a.example";
    struct requests_spec spec = {
        .host = url->host, .path = url->path, .headers = &header, .header_count = 1};
    FUZZ_HOLDS(requests_init(&requests, &spec, &err));
    struct http_request parsed;
    struct str bytes = buf_str(&requests.items[0]);
    FUZZ_HOLDS(http_head_length(bytes, 0) == bytes.len);
    FUZZ_HOLDS(http_parse_request(bytes, &parsed) == HTTP_OK);
    FUZZ_HOLDS(str_eq(parsed.target, url->path));
    requests_fini(&requests);
}

int LLVMFuzzerTestOneInput(const unsigned char *bytes, size_t len)
{
    char *text = fuzz_text(bytes, len);
    struct url url;
    struct error err = {""};
    if (url_parse(text, &url, &err)) {
        size_t text_len = strlen(text);
        check_inside(text, text_len, url.host);
        check_inside(text, text_len, url.name);
        check_inside(text, text_len, url.socket);
        check_inside(text, text_len, url.path);
        FUZZ_HOLDS(url.port > 0 && url.port <= 65535);
        FUZZ_HOLDS((url.name.len == 0) == (url.socket.len > 0));
        FUZZ_HOLDS(url.host.len > 0 && url.host.len <= URL_HOST_MAX);
        FUZZ_HOLDS(url.path.len > 0 && url.path.ptr[0] == '/');
        check_request(&url);
    } else {
        FUZZ_HOLDS(err.text[0]);
    }
    mem_free(text);
    return 0;
}
