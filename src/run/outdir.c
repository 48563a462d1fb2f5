#include "run/outdir.h"

#include <time.h>

#include "base/clock.h"
#include "base/mem.h"
#include "sys/file.h"

enum { SAME_SECOND_MAX = 100 };

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

static bool is_taken(const struct outdir *out)
{
    char *plan = mem_format("%s/plan.yaml", out->path);
    bool taken = file_exists(plan);
    mem_free(plan);
    return taken;
}

bool outdir_create(struct outdir *out, const char *given, const char *name,
                   struct error *err)
{
    struct outdir made = {.path = given ? mem_copy_text(given) : stamped_name(name)};
    bool good =
        is_taken(&made)
            ? error_set(err, "%s already holds a race; choose another -o", made.path)
            : file_make_directory(made.path, err) && make_below(&made, "trials", err) &&
                  make_below(&made, "logs", err);
    if (good)
        *out = made;
    else
        outdir_fini(&made);
    return good;
}

void outdir_fini(struct outdir *out)
{
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

bool outdir_write_trial(const struct outdir *out, const struct trial *trial,
                        const struct result_service *services, struct error *err)
{
    char *file =
        mem_format("trials/%03d-%s.json", trial->block, services[trial->service].name);
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

char *outdir_trial_log(const struct outdir *out, int block, const char *service)
{
    return mem_format("%s/logs/%03d-%s.log", out->path, block, service);
}
