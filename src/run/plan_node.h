/*
 * plan_node: YAML nodes walked by tables. A table lists the keys of a mapping; one
 * function applies it and makes every complaint: file, line, what is wrong, what would be
 * right.
 */
#ifndef DRAGSTRIP_RUN_PLAN_NODE_H
#define DRAGSTRIP_RUN_PLAN_NODE_H

#include "run/plan.h"
#include "run/plan_document.h"

struct plan_reader {
    struct plan_document *document;
    struct error *err;
};

/* The n-th node; libyaml counts them from 1. */
yaml_node_t *plan_node(struct plan_reader *reader, int index);

struct plan_key {
    const char *name; /* NULL ends a table */
    /* Reads the value into field, which is subject + offset. */
    bool (*take)(struct plan_reader *reader, const char *name, yaml_node_t *value,
                 void *field);
    size_t offset;
    bool required;
};

/* Applies the table to the document's root. */
bool plan_parse(struct plan_document *document, const struct plan_key *table,
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

/* "plans/quick.yaml:12" of a node, for complaints that come later; on the heap. */
char *plan_where(const struct plan_reader *reader, const yaml_node_t *at);

/* A path of the plan, relative to the folder of the file it is written in; on the heap.
 */
char *plan_resolve(const struct plan_reader *reader, const yaml_node_t *at,
                   const char *path);

#endif
