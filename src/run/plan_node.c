#include "run/plan_node.h"

#include <math.h>
#include <stdarg.h>
#include <stdio.h>

#include "base/mem.h"
#include "base/units.h"

enum { KEYS_MAX = 32, NEAR = 3 };

bool plan_complain(struct plan_reader *reader, const yaml_node_t *at, const char *format,
                   ...)
{
    char text[1024];
    va_list args;
    va_start(args, format);
    vsnprintf(text, sizeof(text), format, args);
    va_end(args);
    char *where = plan_where(reader, at);
    error_set(reader->err, "%s: %s", where, text);
    mem_free(where);
    return false;
}

yaml_node_t *plan_node(struct plan_reader *reader, int index)
{
    return yaml_document_get_node(&reader->document->yaml, index);
}

char *plan_where(const struct plan_reader *reader, const yaml_node_t *at)
{
    return plan_document_where(reader->document, at);
}

bool plan_parse(struct plan_document *document, const struct plan_key *table,
                void *subject, struct error *err)
{
    struct plan_reader reader = {document, err};
    return plan_walk(&reader, table, "the plan", plan_node(&reader, 1), subject);
}

const char *plan_scalar(struct plan_reader *reader, const char *name, yaml_node_t *value)
{
    if (value->type == YAML_SCALAR_NODE && value->data.scalar.length > 0) {
        const char *text = (const char *)value->data.scalar.value;
        if (strlen(text) == value->data.scalar.length)
            return text;
        plan_complain(reader, value, "%s holds a NUL character", name);
        return NULL;
    }
    plan_complain(reader, value, "%s must be a single value%s", name,
                  value->type == YAML_SCALAR_NODE ? ", and is empty" : "");
    return NULL;
}

static bool complain_unknown(struct plan_reader *reader, const struct plan_key *table,
                             const char *where, const yaml_node_t *key)
{
    const char *name = (const char *)key->data.scalar.value;
    const char *near = NULL;
    size_t best = NEAR;
    for (; table->name; table++) {
        size_t distance = str_distance(str_of(name), str_of(table->name));
        if (distance < best) {
            best = distance;
            near = table->name;
        }
    }
    if (near)
        return plan_complain(reader, key, "unknown key '%s' in %s; did you mean '%s'?",
                             name, where, near);
    return plan_complain(reader, key, "unknown key '%s' in %s", name, where);
}

static bool take_pair(struct plan_reader *reader, const struct plan_key *table,
                      const char *where, const yaml_node_pair_t *pair, void *subject,
                      bool *seen)
{
    yaml_node_t *key = plan_node(reader, pair->key);
    yaml_node_t *value = plan_node(reader, pair->value);
    if (key->type != YAML_SCALAR_NODE)
        return plan_complain(reader, key, "a key of %s is not a plain word", where);
    for (size_t i = 0; table[i].name; i++) {
        if (strcmp((const char *)key->data.scalar.value, table[i].name) != 0)
            continue;
        if (seen[i])
            return plan_complain(reader, key, "'%s' is given twice in %s", table[i].name,
                                 where);
        seen[i] = true;
        return table[i].take(reader, table[i].name, value,
                             (char *)subject + table[i].offset);
    }
    return complain_unknown(reader, table, where, key);
}

bool plan_walk(struct plan_reader *reader, const struct plan_key *table,
               const char *where, yaml_node_t *mapping, void *subject)
{
    bool seen[KEYS_MAX] = {false};
    if (mapping->type != YAML_MAPPING_NODE)
        return plan_complain(reader, mapping, "%s must be a mapping of keys to values",
                             where);
    for (yaml_node_pair_t *pair = mapping->data.mapping.pairs.start;
         pair < mapping->data.mapping.pairs.top; pair++) {
        if (!take_pair(reader, table, where, pair, subject, seen))
            return false;
    }
    for (size_t i = 0; table[i].name; i++) {
        if (table[i].required && !seen[i])
            return plan_complain(reader, mapping, "'%s' is missing in %s", table[i].name,
                                 where);
    }
    return true;
}

bool plan_take_text(struct plan_reader *reader, const char *name, yaml_node_t *value,
                    void *field)
{
    char **text = field;
    const char *scalar = plan_scalar(reader, name, value);
    if (!scalar)
        return false;
    mem_free(*text);
    *text = mem_copy_text(scalar);
    return true;
}

bool plan_take_int(struct plan_reader *reader, const char *name, yaml_node_t *value,
                   void *field)
{
    int *number = field;
    double count;
    const char *scalar = plan_scalar(reader, name, value);
    if (!scalar)
        return false;
    if (!units_parse_count(str_of(scalar), &count) || count < 1 || count > 1e7 ||
        count != floor(count))
        return plan_complain(
            reader, value, "%s must be a whole number from 1 up, not '%s'", name, scalar);
    *number = (int)count;
    return true;
}

bool plan_take_seed(struct plan_reader *reader, const char *name, yaml_node_t *value,
                    void *field)
{
    uint64_t *seed = field;
    const char *scalar = plan_scalar(reader, name, value);
    if (!scalar)
        return false;
    return (str_to_u64(str_of(scalar), seed) && *seed <= INT64_MAX) ||
           plan_complain(reader, value, "%s must be a whole number, not '%s'", name,
                         scalar);
}

bool plan_take_time(struct plan_reader *reader, const char *name, yaml_node_t *value,
                    void *field)
{
    int64_t *ns = field;
    const char *scalar = plan_scalar(reader, name, value);
    if (!scalar)
        return false;
    return units_parse_duration(str_of(scalar), ns) ||
           plan_complain(
               reader, value,
               "%s must be a time with its unit, such as 250ms or 10s, not '%s'", name,
               scalar);
}

bool plan_take_share(struct plan_reader *reader, const char *name, yaml_node_t *value,
                     void *field)
{
    double *share = field, percent;
    const char *scalar = plan_scalar(reader, name, value);
    if (!scalar)
        return false;
    size_t len = strlen(scalar);
    if (scalar[len - 1] != '%' ||
        !units_parse_count((struct str){scalar, len - 1}, &percent) || percent > 100)
        return plan_complain(
            reader, value, "%s must be a percentage such as 5%%, not '%s'", name, scalar);
    *share = percent / 100;
    return true;
}

static bool list_add(struct plan_reader *reader, const char *name, const yaml_node_t *at,
                     struct plan_list *list, char *item)
{
    if (list->count == PLAN_LIST_MAX) {
        mem_free(item);
        return plan_complain(reader, at, "%s has more than %d items", name,
                             PLAN_LIST_MAX);
    }
    list->items[list->count++] = item;
    return true;
}

static bool take_items(struct plan_reader *reader, const char *name, yaml_node_t *value,
                       struct plan_list *list)
{
    for (yaml_node_item_t *item = value->data.sequence.items.start;
         item < value->data.sequence.items.top; item++) {
        const char *text = plan_scalar(reader, name, plan_node(reader, *item));
        if (!text || !list_add(reader, name, value, list, mem_copy_text(text)))
            return false;
    }
    return true;
}

/* A list's single value; NULL with a complaint. */
static const char *only_item(struct plan_reader *reader, const char *name,
                             yaml_node_t *value)
{
    if (value->type == YAML_MAPPING_NODE) {
        plan_complain(reader, value, "%s must be a list or a single value", name);
        return NULL;
    }
    return plan_scalar(reader, name, value);
}

bool plan_take_list(struct plan_reader *reader, const char *name, yaml_node_t *value,
                    void *field)
{
    if (value->type == YAML_SEQUENCE_NODE)
        return take_items(reader, name, value, field);
    const char *text = only_item(reader, name, value);
    return text && list_add(reader, name, value, field, mem_copy_text(text));
}

bool plan_take_words(struct plan_reader *reader, const char *name, yaml_node_t *value,
                     void *field)
{
    if (value->type == YAML_SEQUENCE_NODE)
        return take_items(reader, name, value, field);
    const char *at = only_item(reader, name, value);
    bool good = at != NULL;
    while (good && *(at += strspn(at, " \t\n"))) {
        size_t len = strcspn(at, " \t\n");
        good = list_add(reader, name, value, field, mem_copy_bytes(at, len));
        at += len;
    }
    return good;
}

bool plan_take_flag(struct plan_reader *reader, const char *name, yaml_node_t *value,
                    void *field)
{
    bool *flag = field;
    const char *scalar = plan_scalar(reader, name, value);
    if (!scalar)
        return false;
    *flag = strcmp(scalar, "true") == 0;
    return *flag || strcmp(scalar, "false") == 0 ||
           plan_complain(reader, value, "%s must be true or false, not '%s'", name,
                         scalar);
}

void plan_list_fini(struct plan_list *list)
{
    for (int i = 0; i < list->count; i++)
        mem_free(list->items[i]);
}

char *plan_resolve(const struct plan_reader *reader, const yaml_node_t *at,
                   const char *path)
{
    return plan_document_beside(plan_document_file(reader->document, at), path);
}
