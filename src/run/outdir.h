/*
 * outdir: the folder of one race (DESIGN 6) and the names in it. Every file appears under
 * its name only when it is complete; logs are the exception, their writers are strangers.
 */
#ifndef DRAGSTRIP_RUN_OUTDIR_H
#define DRAGSTRIP_RUN_OUTDIR_H

#include "base/buf.h"
#include "base/error.h"
#include "result/result.h"

struct outdir {
    char *path;  /* heap */
    int lock_fd; /* of plan.yaml, once outdir_lock was called; otherwise 0 */
};

/*
 * Makes the folder with its trials/ and logs/. given NULL: out/NAME-YYYYmmdd-HHMMSS in
 * local time, with a number behind it when that is taken. A given folder may exist, but
 * not with another race in it.
 */
bool outdir_create(struct outdir *out, const char *given, const char *name,
                   struct error *err);
void outdir_fini(struct outdir *out);

/* Writes path/file whole: "result.json", "plan.yaml". */
bool outdir_write(const struct outdir *out, const char *file, struct str text,
                  struct error *err);

/* The folder of a race that was begun: it must hold a plan. */
bool outdir_open(struct outdir *out, const char *path, struct error *err);

/* Keeps other races out of the folder until outdir_fini. Its plan.yaml must be there. */
bool outdir_lock(struct outdir *out, struct error *err);

bool outdir_has(const struct outdir *out, const char *file);

/* The whole of path/file; false also when it is not there. */
bool outdir_read(const struct outdir *out, const char *file, struct buf *text,
                 struct error *err);

/* trials/BLOCK-SERVICE.json, with the windows; BLOCK-SERVICE~2.json for the second
 * attempt. */
bool outdir_write_trial(const struct outdir *out, const struct trial *trial,
                        const struct result_service *services, struct error *err);

struct outdir_place { /* of a trial; block and attempt from 1 */
    int block, service, attempt;
};

bool outdir_has_trial(const struct outdir *out, const struct result_service *services,
                      struct outdir_place place);

/* With the services of the race. The caller calls trial_fini. */
bool outdir_read_trial(const struct outdir *out, const struct result *race,
                       struct outdir_place place, struct trial *trial, struct error *err);

/* On the heap: logs/build-SERVICE.log and logs/BLOCK-SERVICE.log. */
char *outdir_build_log(const struct outdir *out, const char *service);
char *outdir_trial_log(const struct outdir *out, int block, const char *service,
                       int attempt);

#endif
