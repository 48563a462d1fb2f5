#include "run/outdir.h"

#include <time.h>

#include "base/clock.h"
#include "base/mem.h"
#include "sys/fd.h"
#include "sys/file.h"

enum { SAME_SECOND_MAX = 100, TRIAL_BYTES_MAX = 1 << 30 };

static char *stamped_name(const char *name)
{
    char stamp[32];
    time_t now = (time_t)(clock_wall_ns() / NS_PER_S);
    struct tm local;
    localtime_r(&now, &local);
    strftime(stamp, sizeof(stamp), "%Y%m%d-%H%M%S", &local);
    char *path = mem_format("out/%s-%s", name, stamp);
    for (int i = 2; file_exists(path) && i < SAME_SECOND_MAX; i++) {
        mem_free(path);
        path = mem_format("out/%s-%s-%d", name, stamp, i);
    }
    return path;
}

static bool make_below(const struct outdir *out, const char *name, struct error *err)
{
    char *path = mem_format("%s/%s", out->path, name);
    bool good = file_make_directory(path, err);
    mem_free(path);
    return good;
}

bool outdir_has(const struct outdir *out, const char *file)
{
    char *path = mem_format("%s/%s", out->path, file);
    bool there = file_exists(path);
    mem_free(path);
    return there;
}

bool outdir_create(struct outdir *out, const char *given, const char *name,
                   struct error *err)
{
    struct outdir made = {.path = given ? mem_copy_text(given) : stamped_name(name)};
    bool good =
        outdir_has(&made, "plan.yaml")
            ? error_set(err, "%s already holds a race; choose another -o", made.path)
            : file_make_directory(made.path, err) && make_below(&made, "trials", err) &&
                  make_below(&made, "logs", err);
    if (good)
        *out = made;
    else
        outdir_fini(&made);
    return good;
}

bool outdir_lock(struct outdir *out, struct error *err)
{
    char *path = mem_format("%s/plan.yaml", out->path);
    int fd = file_lock(path, err);
    mem_free(path);
    if (fd >= 0)
        out->lock_fd = fd;
    return fd >= 0;
}

void outdir_fini(struct outdir *out)
{
    if (out->lock_fd > 0)
        fd_close(out->lock_fd);
    out->lock_fd = 0;
    mem_free(out->path);
    out->path = NULL;
}

bool outdir_write(const struct outdir *out, const char *file, struct str text,
                  struct error *err)
{
    char *path = mem_format("%s/%s", out->path, file);
    bool good = file_write_atomic(path, text, err);
    mem_free(path);
    return good;
}

bool outdir_open(struct outdir *out, const char *path, struct error *err)
{
    struct outdir found = {.path = mem_copy_text(path)};
    bool good = (outdir_has(&found, "plan.yaml") ||
                 error_set(err, "%s holds no race that could be resumed", path)) &&
                make_below(&found, "trials", err) && make_below(&found, "logs", err);
    if (good)
        *out = found;
    else
        outdir_fini(&found);
    return good;
}

bool outdir_read(const struct outdir *out, const char *file, struct buf *text,
                 struct error *err)
{
    char *path = mem_format("%s/%s", out->path, file);
    bool good = file_read(path, text, err);
    mem_free(path);
    return good;
}

/* "003-go", "003-go~2": names of services hold no '~'. */
static char *trial_name(int block, const char *service, int attempt)
{
    return attempt == 1 ? mem_format("%03d-%s", block, service)
                        : mem_format("%03d-%s~%d", block, service, attempt);
}

static char *trial_file(const struct result_service *services, struct outdir_place place)
{
    char *name = trial_name(place.block, services[place.service].name, place.attempt);
    char *file = mem_format("trials/%s.json", name);
    mem_free(name);
    return file;
}

bool outdir_has_trial(const struct outdir *out, const struct result_service *services,
                      struct outdir_place place)
{
    char *file = trial_file(services, place);
    bool there = outdir_has(out, file);
    mem_free(file);
    return there;
}

bool outdir_read_trial(const struct outdir *out, const struct result *race,
                       struct outdir_place place, struct trial *trial, struct error *err)
{
    struct buf text;
    char *file = trial_file(race->services, place);
    buf_init(&text, TRIAL_BYTES_MAX);
    bool good =
        outdir_read(out, file, &text, err) &&
        (trial_from_text(buf_str(&text), race->services, race->service_count, trial,
                         err) ||
         error_prefix(err, "%s/%s cannot be used; delete it to have it run again: ",
                      out->path, file));
    buf_fini(&text);
    mem_free(file);
    return good;
}

bool outdir_write_trial(const struct outdir *out, const struct trial *trial,
                        const struct result_service *services, struct error *err)
{
    char *file = trial_file(
        services, (struct outdir_place){trial->block, trial->service, trial->attempt});
    json_t *json = trial_to_json(trial, services, true);
    char *text = json_dumps(json, JSON_INDENT(1) | LOAD_JSON_DIGITS);
    bool good = text ? outdir_write(out, file, str_of(text), err)
                     : error_set(err, "cannot write %s as JSON", file);
    mem_free(text);
    json_decref(json);
    mem_free(file);
    return good;
}

char *outdir_build_log(const struct outdir *out, const char *service)
{
    return mem_format("%s/logs/build-%s.log", out->path, service);
}

char *outdir_trial_log(const struct outdir *out, int block, const char *service,
                       int attempt)
{
    char *name = trial_name(block, service, attempt);
    char *path = mem_format("%s/logs/%s.log", out->path, name);
    mem_free(name);
    return path;
}
