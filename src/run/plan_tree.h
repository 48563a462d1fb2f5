/*
 * plan_tree: the nodes of a plan's YAML, each with its place of origin: parsing a text
 * into the tree, and working one mapping into another. Nodes are named by libyaml's
 * indices, from 1: pointers move when nodes are added. For plan_document.c alone.
 */
#ifndef DRAGSTRIP_RUN_PLAN_TREE_H
#define DRAGSTRIP_RUN_PLAN_TREE_H

#include "run/plan_document.h"

#define PLAN_TREE_SETTING "--set " /* with it the origin of a setting begins */

bool plan_tree_is_setting(const char *origin);

/* "plans/quick.yaml:12"; a setting has no lines. line from 0. On the heap. */
char *plan_tree_place(const char *origin, size_t line);

/* Parses the text and adds it; its root's index, 0 with err. Aliases become values of
 * their own, within bounds. origin must live as long as the document. */
int plan_tree_graft(struct plan_document *document, const char *origin, struct str text,
                    struct error *err);

yaml_node_t *plan_tree_node(struct plan_document *document, int index);
bool plan_tree_is_mapping(struct plan_document *document, int index);

/* Gives the node that was added last its place of origin; returns its index. */
int plan_tree_sign(struct plan_document *document, int index, const yaml_node_t *from,
                   const char *origin);

/* Pairs of a mapping: how many, which of the first `count` has the key (-1: none), and
 * replacing one. */
int plan_tree_pairs(struct plan_document *document, int mapping);
int plan_tree_find(struct plan_document *document, int mapping, const char *name,
                   size_t len, int count);
void plan_tree_set(struct plan_document *document, int mapping, int i, int key,
                   int value);

/* Works the pairs of `from` into `into`, key by key. */
void plan_tree_merge(struct plan_document *document, int into, int from);

#endif
