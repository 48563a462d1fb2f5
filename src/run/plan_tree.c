#include "run/plan_tree.h"

#include <assert.h>
#include <string.h>

#include "base/mem.h"

enum { NODES_MAX = 100000, DEPTH_MAX = 64 };

/* ---- nodes ---- */

yaml_node_t *plan_tree_node(struct plan_document *document, int index)
{
    return yaml_document_get_node(&document->yaml, index);
}

/* Gives the node that was added last its place of origin. */
int plan_tree_sign(struct plan_document *document, int index, const yaml_node_t *from,
                   const char *origin)
{
    yaml_node_t *node = plan_tree_node(document, index);
    if ((index & (index - 1)) == 0) /* nodes come one by one: twice the room each time */
        document->origins =
            mem_resize(document->origins, 2 * (size_t)index, sizeof(char *));
    document->origins[index - 1] = origin;
    node->start_mark = from->start_mark;
    node->end_mark = from->end_mark;
    return index;
}

static int add_scalar(struct plan_document *document, const yaml_node_t *from,
                      const char *origin)
{
    int index =
        yaml_document_add_scalar(&document->yaml, NULL, from->data.scalar.value,
                                 (int)from->data.scalar.length, from->data.scalar.style);
    return index ? plan_tree_sign(document, index, from, origin) : 0;
}

bool plan_tree_is_setting(const char *origin)
{
    return strncmp(origin, PLAN_TREE_SETTING, strlen(PLAN_TREE_SETTING)) == 0;
}

/* "plans/quick.yaml:12"; a setting has no lines. On the heap. */
char *plan_tree_place(const char *origin, size_t line)
{
    return plan_tree_is_setting(origin) ? mem_copy_text(origin)
                                        : mem_format("%s:%zu", origin, line + 1);
}

struct copying { /* one source document into the plan's */
    struct plan_document *to;
    yaml_document_t *from;
    const char *origin;
    struct error *err;
};

static int complain(const struct copying *copying, const yaml_node_t *at,
                    const char *sentence)
{
    char *place = plan_tree_place(copying->origin, at->start_mark.line);
    error_set(copying->err, "%s: %s", place, sentence);
    mem_free(place);
    return 0;
}

static int copy(const struct copying *copying, int index, int depth);

static bool copy_sequence(const struct copying *copying, const yaml_node_t *from, int to,
                          int depth)
{
    for (const int *item = from->data.sequence.items.start;
         item < from->data.sequence.items.top; item++) {
        int made = copy(copying, *item, depth + 1);
        if (!made || !yaml_document_append_sequence_item(&copying->to->yaml, to, made))
            return false;
    }
    return true;
}

static bool copy_mapping(const struct copying *copying, const yaml_node_t *from, int to,
                         int depth)
{
    for (const yaml_node_pair_t *pair = from->data.mapping.pairs.start;
         pair < from->data.mapping.pairs.top; pair++) {
        int key = copy(copying, pair->key, depth + 1);
        int value = key ? copy(copying, pair->value, depth + 1) : 0;
        if (!value ||
            !yaml_document_append_mapping_pair(&copying->to->yaml, to, key, value))
            return false;
    }
    return true;
}

/* A deep copy: aliases become values of their own, within bounds. 0: err tells. */
static int copy(const struct copying *copying, int index, int depth)
{
    const yaml_node_t *from = yaml_document_get_node(copying->from, index);
    yaml_document_t *yaml = &copying->to->yaml;
    if (depth > DEPTH_MAX || yaml->nodes.top - yaml->nodes.start > NODES_MAX)
        return complain(copying, from, "nested too deep, or too large with its aliases");
    if (from->type == YAML_SCALAR_NODE) {
        int made = add_scalar(copying->to, from, copying->origin);
        return made ? made : complain(copying, from, "this is not UTF-8");
    }
    bool is_list = from->type == YAML_SEQUENCE_NODE;
    int to = is_list ? yaml_document_add_sequence(yaml, NULL, YAML_ANY_SEQUENCE_STYLE)
                     : yaml_document_add_mapping(yaml, NULL, YAML_ANY_MAPPING_STYLE);
    assert(to);
    plan_tree_sign(copying->to, to, from, copying->origin);
    bool good = is_list ? copy_sequence(copying, from, to, depth)
                        : copy_mapping(copying, from, to, depth);
    return good ? to : 0;
}

/* ---- merging ---- */

static bool is_key(struct plan_document *document, int index, const char *name,
                   size_t len)
{
    const yaml_node_t *key = plan_tree_node(document, index);
    return key->type == YAML_SCALAR_NODE && key->data.scalar.length == len &&
           memcmp(key->data.scalar.value, name, len) == 0;
}

/* Place of a key among the first `count` pairs of a mapping; -1: not there. */
int plan_tree_find(struct plan_document *document, int mapping, const char *name,
                   size_t len, int count)
{
    const yaml_node_t *node = plan_tree_node(document, mapping);
    for (int i = 0; i < count; i++) {
        if (is_key(document, node->data.mapping.pairs.start[i].key, name, len))
            return i;
    }
    return -1;
}

int plan_tree_pairs(struct plan_document *document, int mapping)
{
    const yaml_node_t *node = plan_tree_node(document, mapping);
    return (int)(node->data.mapping.pairs.top - node->data.mapping.pairs.start);
}

void plan_tree_set(struct plan_document *document, int mapping, int i, int key, int value)
{
    yaml_node_pair_t *pair =
        &plan_tree_node(document, mapping)->data.mapping.pairs.start[i];
    *pair = (yaml_node_pair_t){key, value};
}

bool plan_tree_is_mapping(struct plan_document *document, int index)
{
    return plan_tree_node(document, index)->type == YAML_MAPPING_NODE;
}

/* Works the pairs of `from` into `into`, both of the plan's tree. A key that stands twice
 * in `from` is left twice: whoever reads the tree complains of it. */
void plan_tree_merge(struct plan_document *document, int into, int from)
{
    int count = plan_tree_pairs(document, into), given = plan_tree_pairs(document, from);
    for (int i = 0; i < given; i++) {
        yaml_node_pair_t pair =
            plan_tree_node(document, from)->data.mapping.pairs.start[i];
        const yaml_node_t *key = plan_tree_node(document, pair.key);
        const char *name = (const char *)key->data.scalar.value;
        bool plain = key->type == YAML_SCALAR_NODE;
        size_t len = plain ? key->data.scalar.length : 0;
        int at = plain ? plan_tree_find(document, into, name, len, count) : -1;
        bool twice = plain && plan_tree_find(document, from, name, len, i) >= 0;
        if (at < 0 || twice) {
            yaml_document_append_mapping_pair(&document->yaml, into, pair.key,
                                              pair.value);
            continue;
        }
        int old = plan_tree_node(document, into)->data.mapping.pairs.start[at].value;
        if (plan_tree_is_mapping(document, old) &&
            plan_tree_is_mapping(document, pair.value))
            plan_tree_merge(document, old, pair.value);
        else
            plan_tree_set(document, into, at, pair.key, pair.value);
    }
}

/* ---- from a text ---- */

static bool complain_syntax(const char *path, const yaml_parser_t *parser,
                            struct error *err)
{
    char *place = plan_tree_place(path, parser->problem_mark.line);
    error_set(err, "%s: this is not YAML: %s%s%s", place,
              parser->problem ? parser->problem : "it cannot be read",
              parser->context ? " " : "", parser->context ? parser->context : "");
    mem_free(place);
    return false;
}

/* A plan is one document: what follows "---" would be ignored in silence. */
static bool is_last(const char *path, yaml_parser_t *parser, struct error *err)
{
    yaml_document_t next;
    if (!yaml_parser_load(parser, &next))
        return complain_syntax(path, parser, err);
    const yaml_node_t *root = yaml_document_get_root_node(&next);
    bool last = !root ||
                error_set(err, "%s:%zu: a plan is one YAML document, this begins another",
                          path, root->start_mark.line + 1);
    yaml_document_delete(&next);
    return last;
}

/* The text's tree as a part of the plan's; its root's index, 0 with err. */
int plan_tree_graft(struct plan_document *document, const char *origin, struct str text,
                    struct error *err)
{
    yaml_parser_t parser;
    yaml_document_t yaml;
    int root = 0;
    if (!yaml_parser_initialize(&parser))
        return error_set(err, "%s: no memory for the YAML parser", origin);
    yaml_parser_set_input_string(&parser, (const unsigned char *)text.ptr, text.len);
    if (!yaml_parser_load(&parser, &yaml)) {
        complain_syntax(origin, &parser, err);
    } else {
        const struct copying copying = {document, &yaml, origin, err};
        if (!yaml_document_get_root_node(&yaml))
            error_set(err, "%s: %s is empty", origin,
                      plan_tree_is_setting(origin) ? "the value" : "the plan");
        else
            root = copy(&copying, 1, 0);
        yaml_document_delete(&yaml);
        if (root && !is_last(origin, &parser, err))
            root = 0;
    }
    yaml_parser_delete(&parser);
    return root;
}
