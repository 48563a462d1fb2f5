#include "run/plan_document.h"

#include <stdio.h>
#include <string.h>

#include "base/mem.h"
#include "run/plan_tree.h"
#include "sys/file.h"

enum { EXTENDS_MAX = 8, FILE_MAX = 1600000, DUMP_WIDTH = 100 };

#define EXTENDS "extends"

/* ---- reading files ---- */

static const char *remember(struct plan_document *document, char *name)
{
    document->names = mem_resize(document->names, (size_t)document->name_count + 1,
                                 sizeof(*document->names));
    document->names[document->name_count++] = name;
    return name;
}

char *plan_document_beside(const char *path, const char *name)
{
    const char *slash = strrchr(path, '/');
    if (name[0] == '/' || !slash)
        return mem_copy_text(name);
    return mem_format("%.*s/%s", (int)(slash - path), path, name);
}

/* Takes `extends` out of a mapping; the name on the heap, NULL when there is none. */
static char *take_extends(struct plan_document *document, int root, struct error *err,
                          bool *good)
{
    yaml_node_t *node = plan_tree_node(document, root);
    *good = true;
    if (node->type != YAML_MAPPING_NODE)
        return NULL;
    int at = plan_tree_find(document, root, EXTENDS, strlen(EXTENDS),
                            plan_tree_pairs(document, root));
    if (at < 0)
        return NULL;
    yaml_node_pair_t *pair = &node->data.mapping.pairs.start[at];
    const yaml_node_t *value = plan_tree_node(document, pair->value);
    if (value->type != YAML_SCALAR_NODE || value->data.scalar.length == 0) {
        char *where = plan_document_where(document, value);
        *good = error_set(err, "%s: extends must be the path of one plan", where);
        mem_free(where);
        return NULL;
    }
    char *name =
        mem_copy_bytes((const char *)value->data.scalar.value, value->data.scalar.length);
    memmove(pair, pair + 1,
            (size_t)((char *)node->data.mapping.pairs.top - (char *)(pair + 1)));
    node->data.mapping.pairs.top--;
    return name;
}

static int read_file(struct plan_document *document, const char *path, int depth,
                     struct buf *text, struct error *err);

/* The plan that root extends, with root's own keys over it; 0 with err. */
static int extend(struct plan_document *document, const char *path, int root, int depth,
                  struct error *err)
{
    struct buf text;
    bool good;
    char *name = take_extends(document, root, err, &good);
    if (!name)
        return good ? root : 0;
    document->alone = false;
    char *base_path = plan_document_beside(path, name);
    mem_free(name);
    buf_init(&text, FILE_MAX);
    int base = depth == EXTENDS_MAX
                   ? error_set(err, "%s: plans extend each other more than %d deep", path,
                               EXTENDS_MAX)
                   : read_file(document, base_path, depth + 1, &text, err);
    if (!base)
        error_prefix(err, "extended by %s: ", path);
    else if (plan_tree_is_mapping(document, base) && plan_tree_is_mapping(document, root))
        plan_tree_merge(document, base, root);
    mem_free(base_path);
    buf_fini(&text);
    return base;
}

static int read_file(struct plan_document *document, const char *path, int depth,
                     struct buf *text, struct error *err)
{
    const char *origin = remember(document, mem_copy_text(path));
    if (!file_read(path, text, err))
        return 0;
    if (text->len > 0 && memchr(text->ptr, '\0', text->len))
        return error_set(err, "%s: a plan is UTF-8 text, this holds NUL bytes", path);
    int root = plan_tree_graft(document, origin, buf_str(text), err);
    return root ? extend(document, origin, root, depth, err) : 0;
}

/* ---- settings ---- */

/* A key that is not there yet, with an empty mapping; false: it is not UTF-8. */
static bool add_key(struct plan_document *document, int mapping, const char *key,
                    size_t len, const char *origin)
{
    const yaml_node_t place = {.start_mark = {0}};
    int name = yaml_document_add_scalar(&document->yaml, NULL, (const unsigned char *)key,
                                        (int)len, YAML_ANY_SCALAR_STYLE);
    if (!name)
        return false;
    plan_tree_sign(document, name, &place, origin);
    int value = yaml_document_add_mapping(&document->yaml, NULL, YAML_ANY_MAPPING_STYLE);
    plan_tree_sign(document, value, &place, origin);
    return yaml_document_append_mapping_pair(&document->yaml, mapping, name, value);
}

/* The value to which the longest existing key in front of "a.b.c" leads, or a new pair
 * for its first part; -1: that is not UTF-8. Names of services may hold points. */
static int step(struct plan_document *document, int mapping, const char **key,
                size_t left, const char *origin)
{
    int count = plan_tree_pairs(document, mapping);
    size_t first = strcspn(*key, ".=");
    for (size_t len = left; len > 0; len--) {
        bool ends = len == left || (*key)[len] == '.';
        int at = ends ? plan_tree_find(document, mapping, *key, len, count) : -1;
        if (at < 0)
            continue;
        *key += len + (len < left);
        return at;
    }
    if (!add_key(document, mapping, *key, first, origin))
        return -1;
    *key += first + (first < left);
    return count;
}

static bool apply(struct plan_document *document, const char *setting, struct error *err)
{
    const char *equals = strchr(setting, '=');
    if (!equals || equals == setting || !equals[1])
        return error_set(err, PLAN_TREE_SETTING "%s: write KEY=VALUE, as in load.rate=5k",
                         setting);
    const char *origin = remember(document, mem_format(PLAN_TREE_SETTING "%s", setting));
    int value = plan_tree_graft(document, origin, str_of(equals + 1), err);
    int mapping = 1, at = 0, parent = 1;
    for (const char *key = setting; value && key < equals;) {
        if (!plan_tree_is_mapping(document, mapping))
            return error_set(err, "%s: what stands before '%.*s' has no keys", origin,
                             (int)(equals - key), key);
        parent = mapping;
        at = step(document, mapping, &key, (size_t)(equals - key), origin);
        if (at < 0)
            return error_set(err, "%s: the key is not UTF-8", origin);
        mapping = plan_tree_node(document, parent)->data.mapping.pairs.start[at].value;
    }
    if (!value)
        return false;
    int name = plan_tree_node(document, parent)->data.mapping.pairs.start[at].key;
    plan_tree_set(document, parent, at, name, value);
    /* A complaint about the key is one about the setting now. */
    document->origins[name - 1] = origin;
    return true;
}

/* The root must be the document's first node, for libyaml and for apply: what was merged
 * moves there by exchanging the two nodes, whose indices nothing else holds. */
static void move_root(struct plan_document *document, int root)
{
    yaml_node_t *first = plan_tree_node(document, 1),
                *other = plan_tree_node(document, root);
    yaml_node_t kept = *first;
    *first = *other;
    *other = kept;
    const char *origin = document->origins[0];
    document->origins[0] = document->origins[root - 1];
    document->origins[root - 1] = origin;
}

bool plan_document_read(const char *path, const struct plan_settings *settings,
                        struct buf *text, struct plan_document *out, struct error *err)
{
    struct plan_document document = {.alone = settings->count == 0};
    if (!yaml_document_initialize(&document.yaml, NULL, NULL, NULL, 1, 1))
        return error_set(err, "%s: no memory for the plan", path);
    int root = read_file(&document, path, 0, text, err);
    bool good = root != 0;
    if (good)
        move_root(&document, root);
    for (int i = 0; i < settings->count && good; i++)
        good = plan_tree_is_mapping(&document, 1)
                   ? apply(&document, settings->items[i], err)
                   : error_set(err, "%s: the plan must be a mapping of keys to values",
                               path);
    if (good)
        *out = document;
    else
        plan_document_fini(&document);
    return good;
}

/* ---- afterwards ---- */

static const char *origin_of(const struct plan_document *document,
                             const yaml_node_t *node)
{
    return document->origins[node - document->yaml.nodes.start];
}

char *plan_document_where(const struct plan_document *document, const yaml_node_t *node)
{
    return plan_tree_place(origin_of(document, node), node->start_mark.line);
}

const char *plan_document_file(const struct plan_document *document,
                               const yaml_node_t *node)
{
    const char *origin = origin_of(document, node);
    return plan_tree_is_setting(origin) ? document->names[0] : origin;
}

static int take_output(void *context, unsigned char *bytes, size_t len)
{
    struct buf *out = context;
    buf_add(out, (struct str){(const char *)bytes, len});
    return !out->overflow;
}

bool plan_document_dump(struct plan_document *document, struct buf *out)
{
    yaml_emitter_t emitter;
    if (!yaml_emitter_initialize(&emitter))
        return false;
    yaml_emitter_set_output(&emitter, take_output, out);
    yaml_emitter_set_unicode(&emitter, 1);
    yaml_emitter_set_width(&emitter, DUMP_WIDTH);
    bool good =
        yaml_emitter_dump(&emitter, &document->yaml) && yaml_emitter_flush(&emitter);
    yaml_emitter_delete(&emitter);
    return good;
}

void plan_document_fini(struct plan_document *document)
{
    yaml_document_delete(&document->yaml);
    for (int i = 0; i < document->name_count; i++)
        mem_free(document->names[i]);
    mem_free(document->names);
    mem_free(document->origins);
    *document = (struct plan_document){.alone = false};
}
