#include "load/target.h"

#include <stdio.h>

#include "base/clock.h"
#include "base/mem.h"
#include "sys/stream.h"

/* The addresses that --resolve names for HOST:PORT, or NULL. */
static const char *override_of(const struct target_options *options,
                               const char *host_port)
{
    size_t len = strlen(host_port);
    for (int i = 0; options && i < options->resolve_count; i++) {
        const char *entry = options->resolve[i];
        if (strncasecmp(entry, host_port, len) == 0 && entry[len] == ':')
            return entry + len + 1;
    }
    return NULL;
}

static bool add_addresses(struct target *target, const char *name, const char *port,
                          struct error *err)
{
    if (target->address_count == TARGET_ADDRESSES_MAX)
        return error_set(err, "more than %d addresses", TARGET_ADDRESSES_MAX);
    int count = sock_resolve_all(name, port, target->addresses + target->address_count,
                                 TARGET_ADDRESSES_MAX - target->address_count, err);
    target->address_count += count;
    return count > 0;
}

/* list: "10.0.0.1,[::1]"; numeric, or names all the same. */
static bool resolve_list(struct target *target, const char *list, const char *port,
                         struct error *err)
{
    bool good = true;
    while (good && *list) {
        size_t len = strcspn(list, ",");
        bool bracketed = len > 2 && list[0] == '[' && list[len - 1] == ']';
        char *name = mem_copy_bytes(list + bracketed, len - 2 * (size_t)bracketed);
        good = add_addresses(target, name, port, err);
        mem_free(name);
        list += len + (list[len] == ',');
    }
    return good &&
           (target->address_count > 0 ||
            error_set(err, "--resolve names no address; write HOST:PORT:ADDRESS"));
}

static bool resolve(struct target *target, const char *name,
                    const struct target_options *options, struct error *err)
{
    char port[8], host_port[URL_HOST_MAX + 16];
    snprintf(port, sizeof(port), "%u", target->url.port);
    snprintf(host_port, sizeof(host_port), "%s:%s", name, port);
    const char *list = override_of(options, host_port);
    return list ? resolve_list(target, list, port, err)
                : add_addresses(target, name, port, err);
}

static bool resolve_socket(struct target *target, struct error *err)
{
    char *path = mem_copy_bytes(target->url.socket.ptr, target->url.socket.len);
    bool good = sock_unix(path, &target->addresses[0], err);
    target->address_count = good;
    mem_free(path);
    return good;
}

/* An entry for another name is allowed; one that can be none is not. */
static bool check_resolve(const struct target_options *options, struct error *err)
{
    for (int i = 0; options && i < options->resolve_count; i++) {
        const char *entry = options->resolve[i], *colon = strchr(entry, ':');
        size_t digits = colon ? strspn(colon + 1, "0123456789") : 0;
        if (!colon || colon == entry || digits == 0 || colon[1 + digits] != ':' ||
            colon[2 + digits] == '\0')
            return error_set(err,
                             "'%s' is not HOST:PORT:ADDRESS, such as "
                             "api.example.org:443:127.0.0.1",
                             entry);
    }
    return true;
}

static bool check_tls_options(const struct target *target,
                              const struct target_options *options, struct error *err)
{
    if (options && !target->url.tls && (options->ca_file || options->insecure))
        return error_set(err, "a CA file and --insecure are for https; the URL is http");
    if (options && options->ca_file && options->insecure)
        return error_set(err, "a CA file and --insecure exclude each other");
    if (target->url.tls && target->url.socket.len > 0)
        return error_set(err, "https over a Unix socket is not supported; use http");
    return true;
}

bool target_init(struct target *target, const char *url,
                 const struct target_options *options, struct error *err)
{
    *target = (struct target){.tls = NULL};
    if (!url_parse(url, &target->url, err) || !check_resolve(options, err) ||
        !check_tls_options(target, options, err))
        return false;
    if (target->url.socket.len > 0)
        return resolve_socket(target, err);
    char *name = mem_copy_bytes(target->url.name.ptr, target->url.name.len);
    bool good = resolve(target, name, options, err);
    if (good && target->url.tls) {
        target->tls = tls_client_new(name, options ? options->ca_file : NULL,
                                     options && options->insecure, err);
        good = target->tls != NULL;
    }
    mem_free(name);
    return good;
}

void target_fini(struct target *target)
{
    tls_client_free(target->tls);
    target->tls = NULL;
}

/* ---- several addresses ---- */

static int family_of(const struct target *target, int address)
{
    return target->addresses[address].storage.ss_family;
}

static bool is_one_family(const struct target *target)
{
    for (int i = 1; i < target->address_count; i++) {
        if (family_of(target, i) != family_of(target, 0))
            return false;
    }
    return true;
}

static bool accepts(const struct target *target, int address, int64_t timeout_ns,
                    struct error *err)
{
    struct stream stream;
    bool good = stream_connect(&stream, &target->addresses[address], NULL, NULL,
                               clock_now_ns() + timeout_ns, err);
    if (good)
        stream_close(&stream);
    return good;
}

static void keep_family(struct target *target, int family)
{
    int kept = 0;
    for (int i = 0; i < target->address_count; i++) {
        if (family_of(target, i) == family)
            target->addresses[kept++] = target->addresses[i];
    }
    target->address_count = kept;
}

bool target_pick_family(struct target *target, int64_t timeout_ns, struct error *err)
{
    struct error why;
    if (is_one_family(target))
        return true;
    for (int i = 0; i < target->address_count; i++) {
        if (accepts(target, i, timeout_ns, i == 0 ? err : &why)) {
            keep_family(target, family_of(target, i));
            return true;
        }
    }
    return false; /* err is of the preferred address */
}

const char *target_format(const struct target *target, char out[TARGET_TEXT_BYTES])
{
    char text[SOCK_ADDRESS_TEXT];
    sock_format(&target->addresses[0], text);
    if (target->address_count > 1)
        snprintf(out, TARGET_TEXT_BYTES, "%s and %d more", text,
                 target->address_count - 1);
    else
        snprintf(out, TARGET_TEXT_BYTES, "%s", text);
    return out;
}
