#include "report/text.h"

/* Code point at the start of a non-empty text and its length; not UTF-8: -1 and 1. */
static int32_t decode(struct str text, size_t *len)
{
    const unsigned char *p = (const unsigned char *)text.ptr;
    static const int32_t smallest[] = {0, 0, 0x80, 0x800, 0x10000};
    size_t need = p[0] < 0x80   ? 1
                  : p[0] < 0xc2 ? 0
                  : p[0] < 0xe0 ? 2
                  : p[0] < 0xf0 ? 3
                                : 4;
    *len = 1;
    if (need == 0 || need > text.len || p[0] > 0xf4)
        return -1;
    int32_t code = need == 1 ? p[0] : p[0] & (0x7f >> need);
    for (size_t i = 1; i < need; i++) {
        if ((p[i] & 0xc0) != 0x80)
            return -1;
        code = code << 6 | (p[i] & 0x3f);
    }
    if (code < smallest[need] || code > 0x10ffff || (code >= 0xd800 && code < 0xe000))
        return -1;
    *len = need;
    return code;
}

struct range {
    int32_t first, last;
};

static bool in_ranges(int32_t code, const struct range *ranges, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        if (code >= ranges[i].first && code <= ranges[i].last)
            return true;
    }
    return false;
}

/* Unicode 15, blocks rather than single characters: what names and titles hold. */
static size_t width_of(int32_t code)
{
    static const struct range none[] = {
        {0x300, 0x36f}, {0x200b, 0x200f}, {0x20d0, 0x20ff}, {0xfe00, 0xfe0f}};
    static const struct range wide[] = {
        {0x1100, 0x115f},   {0x2e80, 0x303e},  {0x3041, 0xa4cf}, {0xac00, 0xd7a3},
        {0xf900, 0xfaff},   {0xfe30, 0xfe6f},  {0xff00, 0xff60}, {0xffe0, 0xffe6},
        {0x1f300, 0x1faff}, {0x20000, 0x3fffd}};
    if (in_ranges(code, none, sizeof(none) / sizeof(none[0])))
        return 0;
    return in_ranges(code, wide, sizeof(wide) / sizeof(wide[0])) ? 2 : 1;
}

/* C0, DEL, C1, the marks that reverse the direction of a line, and what XML forbids. */
static bool is_control(int32_t code)
{
    static const struct range controls[] = {{0, 0x1f},        {0x7f, 0x9f},
                                            {0x200e, 0x200f}, {0x2028, 0x202e},
                                            {0x2066, 0x2069}, {0xfffe, 0xffff}};
    return in_ranges(code, controls, sizeof(controls) / sizeof(controls[0]));
}

/* As text_clean prints it: what it replaces is one column. */
static size_t str_width(struct str text)
{
    size_t width = 0;
    for (size_t len; text.len; text.ptr += len, text.len -= len) {
        int32_t code = decode(text, &len);
        width += code < 0 || is_control(code) ? 1 : width_of(code);
    }
    return width;
}

size_t text_width(const char *text)
{
    return str_width(str_of(text));
}

void text_clean(struct buf *out, struct str text)
{
    for (size_t len; text.len; text.ptr += len, text.len -= len) {
        int32_t code = decode(text, &len);
        if (code < 0)
            buf_add(out, STR("?"));
        else if (is_control(code))
            buf_add(out, STR(" "));
        else
            buf_add(out, (struct str){text.ptr, len});
    }
}

static void fill(struct buf *out, const char *text, size_t width)
{
    size_t have = text_width(text);
    if (have < width)
        buf_add_repeated(out, ' ', width - have);
}

void text_left(struct buf *out, const char *text, size_t width)
{
    text_clean(out, str_of(text));
    fill(out, text, width);
}

void text_right(struct buf *out, const char *text, size_t width)
{
    fill(out, text, width);
    text_clean(out, str_of(text));
}

void text_cut(struct buf *out, const char *text, size_t width)
{
    struct str rest = str_of(text);
    for (size_t len; rest.len; rest.ptr += len, rest.len -= len) {
        decode(rest, &len);
        struct str one = {rest.ptr, len};
        size_t columns = str_width(one);
        if (columns > width)
            return;
        text_clean(out, one);
        width -= columns;
    }
}

static bool is_space(char c)
{
    return c == ' ' || c == '\n' || c == '\t' || c == '\r';
}

/* Takes the next word off the front of text; empty at the end. */
static struct str next_word(struct str *text)
{
    while (text->len && is_space(text->ptr[0]))
        *text = (struct str){text->ptr + 1, text->len - 1};
    size_t len = 0;
    while (len < text->len && !is_space(text->ptr[len]))
        len++;
    struct str word = {text->ptr, len};
    *text = (struct str){text->ptr + len, text->len - len};
    return word;
}

void text_wrap(struct buf *out, const char *text, size_t width, size_t column,
               size_t indent)
{
    struct str rest = str_of(text);
    bool fresh = true; /* nothing of the text on this line yet */
    for (struct str word = next_word(&rest); word.len; word = next_word(&rest)) {
        size_t needed = str_width(word) + !fresh;
        if (!fresh && column + needed > width) {
            buf_add(out, STR("\n"));
            buf_add_repeated(out, ' ', indent);
            column = indent;
            needed -= 1;
            fresh = true;
        }
        if (!fresh)
            buf_add(out, STR(" "));
        text_clean(out, word);
        column += needed;
        fresh = false;
    }
    buf_add(out, STR("\n"));
}
