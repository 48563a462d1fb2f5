/*
 * plan_node: YAML nodes walked by tables. A table lists the keys of a mapping; one
 * function applies it and makes every complaint: file, line, what is wrong, what would be
 * right.
 */
#ifndef DRAGSTRIP_RUN_PLAN_NODE_H
#define DRAGSTRIP_RUN_PLAN_NODE_H

#include "run/plan.h"

#include <yaml.h>

struct plan_reader {
    const char *path;
    yaml_document_t *document;
    struct error *err;
};

struct plan_key {
    const char *name; /* NULL ends a table */
    /* Reads the value into field, which is subject + offset. */
    bool (*take)(struct plan_reader *reader, const char *name, yaml_node_t *value,
                 void *field);
    size_t offset;
    bool required;
};

/* Parses the text as one YAML document and applies the table to its root. */
bool plan_parse(const char *path, struct str text, const struct plan_key *table,
                void *subject, struct error *err);

/* Applies a table to a mapping; `where` names it in complaints ("load", "the plan"). */
bool plan_walk(struct plan_reader *reader, const struct plan_key *table,
               const char *where, yaml_node_t *mapping, void *subject);

/* Sets the error "path:line: sentence"; returns false. */
bool plan_complain(struct plan_reader *reader, const yaml_node_t *at, const char *format,
                   ...) __attribute__((format(printf, 3, 4)));

/* A scalar's text, or NULL with a complaint. */
const char *plan_scalar(struct plan_reader *reader, const char *name, yaml_node_t *value);

/* Takers for the usual types; the field is of the type in the comment. */
bool plan_take_text(struct plan_reader *reader, const char *name, yaml_node_t *value,
                    void *field); /* char * */
bool plan_take_int(struct plan_reader *reader, const char *name, yaml_node_t *value,
                   void *field); /* int, from 1 up */
bool plan_take_seed(struct plan_reader *reader, const char *name, yaml_node_t *value,
                    void *field); /* uint64_t */
bool plan_take_time(struct plan_reader *reader, const char *name, yaml_node_t *value,
                    void *field); /* int64_t, ns */
bool plan_take_share(struct plan_reader *reader, const char *name, yaml_node_t *value,
                     void *field); /* double: "5%" is .05 */
bool plan_take_list(struct plan_reader *reader, const char *name, yaml_node_t *value,
                    void *field); /* struct plan_list; one value is a list of one */
bool plan_take_words(struct plan_reader *reader, const char *name, yaml_node_t *value,
                     void *field); /* struct plan_list; one value stands for its words */

bool plan_take_flag(struct plan_reader *reader, const char *name, yaml_node_t *value,
                    void *field); /* bool: true or false */

void plan_list_fini(struct plan_list *list);

/* A path of the plan, relative to the plan's folder; on the heap. */
char *plan_resolve(const struct plan_reader *reader, const char *path);

#endif
