#include "run/plan_document.h"

#include <assert.h>
#include <stdio.h>
#include <string.h>

#include "base/mem.h"
#include "sys/file.h"

enum { EXTENDS_MAX = 8, NODES_MAX = 100000, DEPTH_MAX = 64, DUMP_WIDTH = 100 };

#define EXTENDS "extends"
#define SETTING "--set "

/* ---- nodes ---- */

static yaml_node_t *node_at(struct plan_document *document, int index)
{
    return yaml_document_get_node(&document->yaml, index);
}

/* Gives the node that was added last its place of origin. */
static int sign(struct plan_document *document, int index, const yaml_node_t *from,
                const char *origin)
{
    yaml_node_t *node = node_at(document, index);
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
    return index ? sign(document, index, from, origin) : 0;
}

static bool is_setting(const char *origin)
{
    return strncmp(origin, SETTING, strlen(SETTING)) == 0;
}

/* "plans/quick.yaml:12"; a setting has no lines. On the heap. */
static char *place_of(const char *origin, size_t line)
{
    return is_setting(origin) ? mem_copy_text(origin)
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
    char *place = place_of(copying->origin, at->start_mark.line);
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
    sign(copying->to, to, from, copying->origin);
    bool good = is_list ? copy_sequence(copying, from, to, depth)
                        : copy_mapping(copying, from, to, depth);
    return good ? to : 0;
}

/* ---- merging ---- */

static bool is_key(struct plan_document *document, int index, const char *name,
                   size_t len)
{
    const yaml_node_t *key = node_at(document, index);
    return key->type == YAML_SCALAR_NODE && key->data.scalar.length == len &&
           memcmp(key->data.scalar.value, name, len) == 0;
}

/* Place of a key among the first `count` pairs of a mapping; -1: not there. */
static int find_pair(struct plan_document *document, int mapping, const char *name,
                     size_t len, int count)
{
    const yaml_node_t *node = node_at(document, mapping);
    for (int i = 0; i < count; i++) {
        if (is_key(document, node->data.mapping.pairs.start[i].key, name, len))
            return i;
    }
    return -1;
}

static int pair_count(struct plan_document *document, int mapping)
{
    const yaml_node_t *node = node_at(document, mapping);
    return (int)(node->data.mapping.pairs.top - node->data.mapping.pairs.start);
}

static void set_pair(struct plan_document *document, int mapping, int i, int key,
                     int value)
{
    yaml_node_pair_t *pair = &node_at(document, mapping)->data.mapping.pairs.start[i];
    *pair = (yaml_node_pair_t){key, value};
}

static bool is_mapping(struct plan_document *document, int index)
{
    return node_at(document, index)->type == YAML_MAPPING_NODE;
}

/* Works the pairs of `from` into `into`, both of the plan's tree. A key that stands twice
 * in `from` is left twice: whoever reads the tree complains of it. */
static void merge(struct plan_document *document, int into, int from)
{
    int count = pair_count(document, into), given = pair_count(document, from);
    for (int i = 0; i < given; i++) {
        yaml_node_pair_t pair = node_at(document, from)->data.mapping.pairs.start[i];
        const yaml_node_t *key = node_at(document, pair.key);
        const char *name = (const char *)key->data.scalar.value;
        bool plain = key->type == YAML_SCALAR_NODE;
        size_t len = plain ? key->data.scalar.length : 0;
        int at = plain ? find_pair(document, into, name, len, count) : -1;
        bool twice = plain && find_pair(document, from, name, len, i) >= 0;
        if (at < 0 || twice) {
            yaml_document_append_mapping_pair(&document->yaml, into, pair.key,
                                              pair.value);
            continue;
        }
        int old = node_at(document, into)->data.mapping.pairs.start[at].value;
        if (is_mapping(document, old) && is_mapping(document, pair.value))
            merge(document, old, pair.value);
        else
            set_pair(document, into, at, pair.key, pair.value);
    }
}

/* ---- reading files ---- */

static const char *remember(struct plan_document *document, char *name)
{
    document->names = mem_resize(document->names, (size_t)document->name_count + 1,
                                 sizeof(*document->names));
    document->names[document->name_count++] = name;
    return name;
}

static bool complain_syntax(const char *path, const yaml_parser_t *parser,
                            struct error *err)
{
    char *place = place_of(path, parser->problem_mark.line);
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
static int graft(struct plan_document *document, const char *origin, struct str text,
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
                      is_setting(origin) ? "the value" : "the plan");
        else
            root = copy(&copying, 1, 0);
        yaml_document_delete(&yaml);
        if (root && !is_last(origin, &parser, err))
            root = 0;
    }
    yaml_parser_delete(&parser);
    return root;
}

static char *beside(const char *path, const char *name)
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
    yaml_node_t *node = node_at(document, root);
    *good = true;
    if (node->type != YAML_MAPPING_NODE)
        return NULL;
    int at =
        find_pair(document, root, EXTENDS, strlen(EXTENDS), pair_count(document, root));
    if (at < 0)
        return NULL;
    yaml_node_pair_t *pair = &node->data.mapping.pairs.start[at];
    const yaml_node_t *value = node_at(document, pair->value);
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
    char *base_path = beside(path, name);
    mem_free(name);
    buf_init(&text, NODES_MAX * 16);
    int base = depth == EXTENDS_MAX
                   ? error_set(err, "%s: plans extend each other more than %d deep", path,
                               EXTENDS_MAX)
                   : read_file(document, base_path, depth + 1, &text, err);
    if (!base)
        error_prefix(err, "extended by %s: ", path);
    else if (is_mapping(document, base) && is_mapping(document, root))
        merge(document, base, root);
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
    int root = graft(document, origin, buf_str(text), err);
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
    sign(document, name, &place, origin);
    int value = yaml_document_add_mapping(&document->yaml, NULL, YAML_ANY_MAPPING_STYLE);
    sign(document, value, &place, origin);
    return yaml_document_append_mapping_pair(&document->yaml, mapping, name, value);
}

/* The value to which the longest existing key in front of "a.b.c" leads, or a new pair
 * for its first part; -1: that is not UTF-8. Names of services may hold points. */
static int step(struct plan_document *document, int mapping, const char **key,
                size_t left, const char *origin)
{
    int count = pair_count(document, mapping);
    size_t first = strcspn(*key, ".=");
    for (size_t len = left; len > 0; len--) {
        bool ends = len == left || (*key)[len] == '.';
        int at = ends ? find_pair(document, mapping, *key, len, count) : -1;
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
        return error_set(err, SETTING "%s: write KEY=VALUE, as in load.rate=5k", setting);
    const char *origin = remember(document, mem_format(SETTING "%s", setting));
    int value = graft(document, origin, str_of(equals + 1), err);
    int mapping = 1, at = 0, parent = 1;
    for (const char *key = setting; value && key < equals;) {
        if (!is_mapping(document, mapping))
            return error_set(err, "%s: what stands before '%.*s' has no keys", origin,
                             (int)(equals - key), key);
        parent = mapping;
        at = step(document, mapping, &key, (size_t)(equals - key), origin);
        if (at < 0)
            return error_set(err, "%s: the key is not UTF-8", origin);
        mapping = node_at(document, parent)->data.mapping.pairs.start[at].value;
    }
    if (!value)
        return false;
    int name = node_at(document, parent)->data.mapping.pairs.start[at].key;
    set_pair(document, parent, at, name, value);
    /* A complaint about the key is one about the setting now. */
    document->origins[name - 1] = origin;
    return true;
}

/* The root must be the document's first node, for libyaml and for apply: what was merged
 * moves there by exchanging the two nodes, whose indices nothing else holds. */
static void move_root(struct plan_document *document, int root)
{
    yaml_node_t *first = node_at(document, 1), *other = node_at(document, root);
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
        good = is_mapping(&document, 1)
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
    return place_of(origin_of(document, node), node->start_mark.line);
}

const char *plan_document_file(const struct plan_document *document,
                               const yaml_node_t *node)
{
    const char *origin = origin_of(document, node);
    return is_setting(origin) ? document->names[0] : origin;
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
