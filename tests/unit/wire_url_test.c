/* URLs: what good ones say, part by part, and the bad ones, each against a page that
 * cannot be read. */
#include "guard.h"
#include "tap.h"
#include "wire/url.h"

static struct guard guard;

/* With its NUL as the last byte that can be read. */
static const char *at_edge(const char *text)
{
    return guard_place(&guard, GUARD_BEHIND, (struct str){text, strlen(text) + 1}).ptr;
}

static bool parse(const char *text, struct url *out)
{
    struct error err = {""};
    bool good = url_parse(at_edge(text), out, &err);
    if (!good && !strstr(err.text, text))
        TAP_OK(false, "the sentence has the text: %s", err.text);
    return good;
}

struct good {
    const char *text;
    bool tls;
    const char *host, *name;
    unsigned port;
    const char *socket, *path;
};

static const struct good rows[] = {
    {"http://127.0.0.1", false, "127.0.0.1", "127.0.0.1", 80, "", "/"},
    {"http://127.0.0.1:8080", false, "127.0.0.1:8080", "127.0.0.1", 8080, "", "/"},
    {"http://h:8080/a/b?c=d", false, "h:8080", "h", 8080, "", "/a/b?c=d"},
    {"https://Ex-ample.org", true, "Ex-ample.org", "Ex-ample.org", 443, "", "/"},
    {"https://h:1/?", true, "h:1", "h", 1, "", "/?"},
    {"http://h:65535//", false, "h:65535", "h", 65535, "", "//"},
    {"http://h:443/", false, "h:443", "h", 443, "", "/"},
    {"http://[::1]:9/x", false, "[::1]:9", "::1", 9, "", "/x"},
    {"https://[2001:db8::2]", true, "[2001:db8::2]", "2001:db8::2", 443, "", "/"},
    {"http://h/a#part", false, "h", "h", 80, "", "/a"},
    {"http://h#part/with/slash", false, "h", "h", 80, "", "/"},
    {"http://h/?q#a?b#c", false, "h", "h", 80, "", "/?q"},
    {"http://h/a:b@c[d]", false, "h", "h", 80, "", "/a:b@c[d]"},
    {"http://h/%20%00", false, "h", "h", 80, "", "/%20%00"},
    {"http://unix:/run/s.sock:/p?q", false, "localhost", "", 80, "/run/s.sock", "/p?q"},
    {"http://unix:/run/s.sock:", false, "localhost", "", 80, "/run/s.sock", "/"},
    {"http://unix:/s:#part", false, "localhost", "", 80, "/s", "/"},
    {"http://unix:/s:/a:b", false, "localhost", "", 80, "/s", "/a:b"},
    {"https://unix:/s:/", true, "localhost", "", 443, "/s", "/"},
    {"http://unixes/a", false, "unixes", "unixes", 80, "", "/a"}};

static void good_ones(void)
{
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        const struct good *row = &rows[i];
        struct url url;
        memset(&url, 0x5a, sizeof(url));
        if (!TAP_OK(parse(row->text, &url), "%s", row->text))
            continue;
        TAP_OK(url.tls == row->tls && url.port == row->port, "… scheme and port");
        TAP_OK(str_eq(url.host, str_of(row->host)), "… host %s", row->host);
        TAP_OK(str_eq(url.name, str_of(row->name)), "… name %s", row->name);
        TAP_OK(str_eq(url.socket, str_of(row->socket)), "… socket '%s'", row->socket);
        TAP_OK(str_eq(url.path, str_of(row->path)), "… path %s", row->path);
    }
}

static const char bad_ones[] =
    "~127.0.0.1:80~http://~https://~http:///x~http://:80/~http://?a~http://#a~"
    "http:/h/~//h/~ftp://h/~httpx://h/~http:h~ http://h/~http://h/ ~"
    "http://a@h/~http://a:b@h/~http://a:b@h:1/~http://@h/~"
    "http://h:0/~http://h:65536/~http://h:x/~http://h:8x/~http://h:-1/~http://h:+1/~"
    "http://h:/~http://h:1:2/~http://h:99999999999999999999/~"
    "http://h?query~http://h:80?a=/b~https://h?~"
    "http://::1/~http://::1:80/~http://[::1/~http://[]/~http://[]:80/~http://[::1]x/~"
    "http://[::1]:/~http://[::1]:x/~http://[::1]80/~http://[::1]?a~"
    "http://unix:~http://unix::/a~http://unix:/s~http://unix:/s:a~http://unix:/s:?a";

static void bad(void)
{
    const char *rest = bad_ones;
    for (struct str input; guard_next(&rest, &input);) {
        char text[64] = "";
        struct url url, untouched;
        memset(&url, 0x5a, sizeof(url));
        untouched = url;
        memcpy(text, input.ptr, input.len);
        TAP_OK(!parse(text, &url), "'%s' is refused", guard_shown(input));
        if (memcmp(&url, &untouched, sizeof(url)) != 0)
            TAP_OK(false, "… and nothing is touched");
    }
}

/* Each byte in a path and in a host: only what can be seen is sent as it is. */
static void every_byte(void)
{
    int paths = 0, hosts = 0;
    for (int byte = 1; byte < 256; byte++) {
        char path[] = "http://h/a?b", host[] = "http://a?b/";
        struct url url;
        bool seen = byte > 0x20 && byte < 0x7f;
        path[10] = host[8] = (char)byte;
        bool good = parse(path, &url);
        paths += good == seen && (!good || url.path.len == (byte == '#' ? 2u : 4u));
        if (strchr("/?#@:", byte))
            continue;
        hosts += parse(host, &url) == seen;
    }
    TAP_INT(paths, 255, "of all bytes a path has what can be seen, and '#' ends it");
    TAP_INT(hosts, 250, "… so has a host, but what would end it");
}

static void limits(void)
{
    char text[URL_HOST_MAX + 64];
    struct url url;
    int len = snprintf(text, sizeof(text), "http://%0*d/", URL_HOST_MAX, 1);
    TAP_OK(parse(text, &url) && url.host.len == URL_HOST_MAX, "a host of 255 bytes");
    snprintf(text, sizeof(text), "http://%0*d/", URL_HOST_MAX + 1, 1);
    TAP_OK(!parse(text, &url), "one of 256 is refused");
    snprintf(text, sizeof(text), "http://%0*d:80/", URL_HOST_MAX - 3, 1);
    TAP_OK(parse(text, &url) && url.host.len == URL_HOST_MAX, "the port counts");
    snprintf(text, sizeof(text), "http://%0*d:80/", URL_HOST_MAX - 2, 1);
    TAP_OK(!parse(text, &url), "… and makes it too long");
    TAP_INT(len, URL_HOST_MAX + 8, "the first had the length that was meant");
}

/* A path may be long; and where each beginning of a URL ends nothing is read. */
static void beginnings(void)
{
    static char text[4096] = "https://[2001:db8::1]:8443/path?query#part";
    size_t written = strlen(text);
    struct url url;
    int good = 0;
    for (size_t len = 0; len <= written; len++) {
        char part[64] = "";
        memcpy(part, text, len);
        good += parse(part, &url);
    }
    /* After the bracket, after each digit of the port, and from the slash on. */
    TAP_INT(good, 1 + 4 + (int)strlen("/path?query#part"), "good beginnings");
    memset(text + written - 5, 'x', sizeof(text) - written);
    TAP_OK(parse(text, &url), "a long URL");
    TAP_OK(url.path.len == strlen(text) - strlen("https://[2001:db8::1]:8443"),
           "… has all of its path");
}

int main(void)
{
    guard_init(&guard, 8192);
    good_ones();
    bad();
    every_byte();
    limits();
    beginnings();
    guard_fini(&guard);
    return tap_done();
}
