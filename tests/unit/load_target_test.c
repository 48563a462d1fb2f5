/* Targets: the addresses behind a URL, --resolve, Unix sockets, families, and options of
 * TLS that do not go together. */
#include "load/target.h"

#include "base/buf.h"
#include "base/clock.h"
#include "base/mem.h"
#include "blocking.h"
#include "sys/fd.h"
#include "tap.h"

static bool start(struct target *target, const char *url,
                  const struct target_options *options)
{
    struct error err = {""};
    bool good = target_init(target, url, options, &err);
    if (!good)
        printf("# %s\n", err.text);
    return good;
}

/* All addresses as one text, blanks between them. */
static const char *addresses_of(const struct target *target)
{
    static char all[TARGET_ADDRESSES_MAX * SOCK_ADDRESS_TEXT];
    all[0] = '\0';
    for (int i = 0; i < target->address_count; i++) {
        char text[SOCK_ADDRESS_TEXT];
        sprintf(all + strlen(all), "%s%s", i > 0 ? " " : "",
                sock_format(&target->addresses[i], text));
    }
    return all;
}

static void resolved_to(const char *url, const char *entry, const char *addresses)
{
    struct target target;
    const struct target_options options = {.resolve = &entry, .resolve_count = 1};
    if (TAP_OK(start(&target, url, &options), "%s with %s", url, entry))
        TAP_TEXT(addresses_of(&target), addresses, "… is there");
    target_fini(&target);
}

static void numeric(void)
{
    struct target target;
    if (TAP_OK(start(&target, "http://127.0.0.1:8080/a?b", NULL), "a numeric address")) {
        TAP_TEXT(addresses_of(&target), "127.0.0.1:8080", "… is itself");
        TAP_OK(str_eq(target.url.path, STR("/a?b")) && !target.tls, "… plain, its path");
        target_fini(&target);
    }
    TAP_OK(start(&target, "http://[::1]/", NULL), "IPv6 in brackets");
    TAP_TEXT(addresses_of(&target), "[::1]:80", "… at the usual port");
    target_fini(&target);
}

static void overridden(void)
{
    resolved_to("http://a.invalid/", "a.invalid:80:10.0.0.1", "10.0.0.1:80");
    resolved_to("http://A.invalid/", "a.INVALID:80:10.0.0.1", "10.0.0.1:80");
    resolved_to("http://a.invalid:81/", "a.invalid:81:10.0.0.1,[::1],10.0.0.3",
                "10.0.0.1:81 [::1]:81 10.0.0.3:81");
    resolved_to("http://a.invalid/", "a.invalid:80:2001:db8::7", "[2001:db8::7]:80");
    resolved_to("http://10.0.0.9/", "10.0.0.9:80:10.0.0.1", "10.0.0.1:80");
    resolved_to("http://10.0.0.9/", "10.0.0.9:81:10.0.0.1", "10.0.0.9:80");
    resolved_to("http://10.0.0.9/", "10.0.0.99:80:10.0.0.1", "10.0.0.9:80");
    resolved_to("http://10.0.0.9/", "0.0.0.9:80:10.0.0.1", "10.0.0.9:80");
    resolved_to("https://a.invalid/", "a.invalid:443:10.0.0.1", "10.0.0.1:443");
}

/* Of several entries the first that is for the URL counts. */
static void several_entries(void)
{
    static const char *const entries[] = {
        "b.invalid:80:10.0.0.1", "a.invalid:80:10.0.0.2", "a.invalid:80:10.0.0.3"};
    const struct target_options options = {.resolve = entries, .resolve_count = 3};
    struct target target;
    if (TAP_OK(start(&target, "http://a.invalid/", &options), "several entries"))
        TAP_TEXT(addresses_of(&target), "10.0.0.2:80", "… the first that is for it");
    target_fini(&target);
}

static void refuse(const char *url, const struct target_options *options,
                   const char *sentence)
{
    struct target target;
    struct error err = {""};
    if (!TAP_OK(!target_init(&target, url, options, &err), "%s: refused", url)) {
        target_fini(&target);
    } else if (!TAP_OK(strstr(err.text, sentence), "… %s", sentence)) {
        printf("# got %s\n", err.text);
    }
}

static void bad_entries(void)
{
    static const char *const bad[] = {
        "",    ":",       "a",     "a:",      "a:80",     "a:80:",        "a::10.0.0.1",
        ":80", ":80:b.c", "a:x:b", "a:80x:b", "10.0.0.1", "a:10.0.0.1:80"};
    for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
        const struct target_options options = {.resolve = &bad[i], .resolve_count = 1};
        char *sentence = mem_format("'%s' is not HOST:PORT:ADDRESS, such as", bad[i]);
        refuse("http://10.0.0.9/", &options, sentence);
        mem_free(sentence);
    }
    static const char *const empty[] = {"a.invalid:80:,", "a.invalid:80:10.0.0.1,,::1",
                                        "a.invalid:80:[]", "a.invalid:80:10.0.0.1]"};
    for (size_t i = 0; i < sizeof(empty) / sizeof(empty[0]); i++) {
        const struct target_options options = {.resolve = &empty[i], .resolve_count = 1};
        refuse("http://a.invalid/", &options, "cannot resolve");
    }
}

/* There is room for 64; more are told, not dropped. */
static void many(void)
{
    struct buf list;
    struct target target;
    buf_init(&list, 1 << 14);
    buf_add_text(&list, "a.invalid:80:10.0.0.0");
    for (int i = 1; i < TARGET_ADDRESSES_MAX; i++)
        buf_format(&list, ",10.0.0.%d", i);
    const char *entry = buf_text(&list);
    struct target_options options = {.resolve = &entry, .resolve_count = 1};
    char text[TARGET_TEXT_BYTES];
    TAP_OK(start(&target, "http://a.invalid/", &options), "64 addresses");
    TAP_INT(target.address_count, TARGET_ADDRESSES_MAX, "… all of them");
    TAP_TEXT(target_format(&target, text), "10.0.0.0:80 and 63 more", "… in few words");
    target_fini(&target);
    buf_add_text(&list, ",10.0.0.64");
    entry = buf_text(&list);
    refuse("http://a.invalid/", &options, "64");
    buf_fini(&list);
}

/* ---- Unix sockets ---- */

static void unix_sockets(void)
{
    char url[256];
    struct target target;
    TAP_OK(start(&target, "http://unix:/run/s.sock:/p", NULL), "a Unix socket");
    char text[TARGET_TEXT_BYTES];
    TAP_TEXT(target_format(&target, text), "unix:/run/s.sock", "… by its path");
    TAP_OK(str_eq(target.url.host, STR("localhost")) && target.address_count == 1,
           "… one address");
    TAP_INT(target.addresses[0].storage.ss_family, AF_UNIX, "… of its family");
    target_fini(&target);
    snprintf(url, sizeof(url), "http://unix:/%0*d:/", 106, 1);
    TAP_OK(start(&target, url, NULL), "a path of 107 bytes");
    snprintf(url, sizeof(url), "http://unix:/%0*d:/", 107, 1);
    refuse(url, NULL, "must have 1 to 107 bytes");
    refuse("https://unix:/run/s.sock:/", NULL,
           "https over a Unix socket is not supported; use http");
}

/* ---- TLS ---- */

static void secure(void)
{
    struct target target;
    struct target_options options = {.insecure = true};
    TAP_OK(start(&target, "https://127.0.0.1/", &options) && target.tls, "https");
    target_fini(&target);
    TAP_OK(!target.tls, "… ended");
    target_fini(&target);
    refuse("http://127.0.0.1/", &options, "--insecure are for https; the URL is http");
    options.ca_file = "/dev/null";
    refuse("https://127.0.0.1/", &options, "exclude each other");
    options.insecure = false;
    refuse("http://127.0.0.1/", &options, "a CA file and --insecure are for https");
    refuse("https://127.0.0.1/", &options, "cannot use /dev/null as CA file: ");
    refuse("ftp://127.0.0.1/", NULL, "'ftp://127.0.0.1/' is not a URL");
}

/* ---- families ---- */

/* A host of both families at the port of the listener, IPv6 first. */
static bool both_families(struct target *target, const struct sock_address *address)
{
    char text[SOCK_ADDRESS_TEXT];
    const char *port = strrchr(sock_format(address, text), ':') + 1;
    char *url = mem_format("http://a.invalid:%s/", port);
    char *entry = mem_format("a.invalid:%s:[::1],127.0.0.1,127.0.0.1", port);
    const char *const entries[] = {entry};
    const struct target_options options = {.resolve = entries, .resolve_count = 1};
    bool good = start(target, url, &options);
    target->url = (struct url){.port = target->url.port}; /* the text goes */
    mem_free(url);
    mem_free(entry);
    return good;
}

static void pick_the_one_that_listens(void)
{
    struct sock_address address;
    struct target target;
    struct error err = {""};
    int listener = blocking_listen(&address);
    TAP_OK(both_families(&target, &address), "both families, one is served");
    TAP_OK(target_pick_family(&target, NS_PER_S, &err), "one is picked%s", err.text);
    TAP_OK(target.address_count == 2 &&
               target.addresses[0].storage.ss_family == AF_INET &&
               target.addresses[1].storage.ss_family == AF_INET,
           "… with all of its addresses: %s", addresses_of(&target));
    target_fini(&target);
    fd_close(listener);
    both_families(&target, &address);
    TAP_OK(!target_pick_family(&target, NS_PER_S, &err), "none is served");
    TAP_OK(strstr(err.text, "cannot connect to [::1]:"), "… %s", err.text);
    target_fini(&target);
}

static void one_family(void)
{
    struct sock_address address;
    struct target target;
    struct error err = {"untouched"};
    blocking_free_port(&address);
    target = (struct target){.addresses = {address, address}, .address_count = 2};
    TAP_OK(target_pick_family(&target, NS_PER_S, &err) && target.address_count == 2,
           "a single family is not tried");
    TAP_TEXT(err.text, "untouched", "… though nobody listens");
}

/* localhost, as it is on most machines, with a service on 127.0.0.1 alone. */
static void localhost(void)
{
    struct sock_address address;
    struct target target;
    struct error err = {""};
    char text[SOCK_ADDRESS_TEXT];
    int listener = blocking_listen(&address);
    char *url =
        mem_format("http://localhost:%s/", strrchr(sock_format(&address, text), ':') + 1);
    if (start(&target, url, NULL) && strstr(addresses_of(&target), "[::1]")) {
        bool picked = target_pick_family(&target, NS_PER_S, &err);
        TAP_OK(picked && !strchr(addresses_of(&target), '['), "localhost is 127.0.0.1%s",
               err.text);
    } else {
        TAP_OK(true, "localhost # SKIP it has no ::1 on this machine");
    }
    target_fini(&target);
    mem_free(url);
    fd_close(listener);
}

int main(void)
{
    numeric();
    overridden();
    several_entries();
    bad_entries();
    many();
    unix_sockets();
    secure();
    pick_the_one_that_listens();
    one_family();
    localhost();
    return tap_done();
}
