/*
 * plan_document: the YAML of a plan as one tree, with what it extends and what the
 * command line sets worked in. Every node remembers where it was written, so that a
 * complaint names the right file and line.
 *
 * `extends: base.yaml` (relative to the file that says so): mappings are merged key by
 * key, everything else is replaced as a whole. "KEY.KEY=VALUE" then replaces one value;
 * VALUE is YAML.
 */
#ifndef DRAGSTRIP_RUN_PLAN_DOCUMENT_H
#define DRAGSTRIP_RUN_PLAN_DOCUMENT_H

#include "base/buf.h"
#include "base/error.h"

#include <yaml.h>

struct plan_settings { /* of the command line: "load.rate=5k"; views */
    const char *const *items;
    int count;
};

struct plan_document {
    yaml_document_t yaml;
    const char **origins; /* by node, from 0: the file's path, or the setting */
    char **names;         /* that origins point to; the first is the plan's own path */
    int name_count;
    bool alone; /* nothing extended, nothing set: the file's text says it all */
};

/* text: empty; becomes the file's own bytes. */
bool plan_document_read(const char *path, const struct plan_settings *settings,
                        struct buf *text, struct plan_document *out, struct error *err);

/* "plans/quick.yaml:12", or "--set load.rate=5k". On the heap. */
char *plan_document_where(const struct plan_document *document, const yaml_node_t *node);

/* The path of the file in which the node was written; of a setting, the plan's own. */
const char *plan_document_file(const struct plan_document *document,
                               const yaml_node_t *node);

/* A path beside that of a file, or as it is when it is absolute; on the heap. */
char *plan_document_beside(const char *path, const char *name);

/* Writes the whole tree as YAML. The document is empty afterwards. */
bool plan_document_dump(struct plan_document *document, struct buf *out);

void plan_document_fini(struct plan_document *document);

#endif
