#include "wire/jmask.h"

#include "wire/jread.h"

struct level { /* an object or array that is being read */
    char closer;
    bool first;
    struct str name; /* of the member that it is the value of, or of its array */
};

struct masker {
    const struct jmask *mask;
    struct jread json;
    struct level levels[JREAD_DEPTH_MAX];
    int depth;
    const char *copied; /* everything before it is in out */
    struct buf *out;
};

/* Cuts the last of "a.b.c" off; false when none is left. */
static bool last_name(struct str *path, struct str *name)
{
    if (path->len == 0)
        return false;
    size_t begin = path->len;
    while (begin > 0 && path->ptr[begin - 1] != '.')
        begin--;
    *name = (struct str){path->ptr + begin, path->len - begin};
    path->len = begin > 0 ? begin - 1 : 0;
    return true;
}

/* Whether the field is the member's whole name (which may hold dots), or its names are
 * those of the member and of the objects around it. */
static bool field_matches(const struct masker *masker, const char *field,
                          struct str member)
{
    struct str path = str_of(field), wanted, have = member;
    int level = masker->depth - 1; /* the object that the member is in */
    if (jread_raw_equals(member, path))
        return true;
    while (last_name(&path, &wanted)) {
        if (!have.ptr || !jread_raw_equals(have, wanted))
            return false;
        while (level >= 0 && masker->levels[level].closer == ']')
            level--;
        have = level >= 0 ? masker->levels[level].name : (struct str){NULL, 0};
        level--;
    }
    return true;
}

static bool is_masked(const struct masker *masker, struct str member)
{
    for (int i = 0; member.ptr && i < masker->mask->count; i++) {
        if (field_matches(masker, masker->mask->fields[i], member))
            return true;
    }
    return false;
}

static bool replace_value(struct masker *masker)
{
    jread_peek(&masker->json); /* white space stays */
    const char *value = masker->json.at;
    if (!jread_skip(&masker->json))
        return false;
    buf_add(masker->out, (struct str){masker->copied, (size_t)(value - masker->copied)});
    buf_add_text(masker->out, "null");
    masker->copied = masker->json.at;
    return true;
}

static bool enter(struct masker *masker, char opener, struct str name)
{
    if (masker->depth == JREAD_DEPTH_MAX || !jread_enter(&masker->json, opener))
        return false;
    masker->levels[masker->depth++] =
        (struct level){opener == '{' ? '}' : ']', true, name};
    return true;
}

/* One value; a container is only entered. */
static bool take_value(struct masker *masker, struct str member, struct str around)
{
    if (is_masked(masker, member))
        return replace_value(masker);
    enum jread_type type = jread_peek(&masker->json);
    struct str name = member.ptr ? member : around;
    if (type == JREAD_OBJECT)
        return enter(masker, '{', name);
    if (type == JREAD_ARRAY)
        return enter(masker, '[', name);
    return jread_skip(&masker->json);
}

/* Goes on in the innermost container. */
static bool step(struct masker *masker)
{
    struct level *level = &masker->levels[masker->depth - 1];
    struct str name = {NULL, 0};
    if (!jread_next(&masker->json, level->closer, &level->first)) {
        masker->depth--;
        return masker->json.error == NULL;
    }
    if (level->closer == ']')
        return take_value(masker, name, level->name);
    return jread_name(&masker->json, &name) && take_value(masker, name, name);
}

bool jmask_write(const struct jmask *mask, struct str json, struct buf *out)
{
    struct masker masker = {.mask = mask, .copied = json.ptr, .out = out};
    struct str none = {NULL, 0};
    jread_init(&masker.json, json);
    bool good = take_value(&masker, none, none);
    while (good && masker.depth > 0)
        good = step(&masker);
    if (!good || !jread_end(&masker.json))
        return false;
    buf_add(out,
            (struct str){masker.copied, (size_t)(json.ptr + json.len - masker.copied)});
    return true;
}
