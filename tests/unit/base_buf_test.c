/*
 * The growing buffer: against a plain array that knows only the maximum, and at the edges
 * that matter to its callers (full, overflowing, emptied, formatted text that just fits).
 */
#include <stdint.h>
#include <stdlib.h>

#include "base/buf.h"
#include "tap.h"

/* What a buffer should hold. */
struct model {
    char bytes[4096];
    size_t len, max;
    bool overflow;
};

static void model_add(struct model *model, const char *bytes, size_t len)
{
    size_t room = model->max - model->len;
    if (len > room) {
        model->overflow = true;
        len = room;
    }
    memcpy(model->bytes + model->len, bytes, len);
    model->len += len;
}

static bool agrees(const struct buf *buf, const struct model *model)
{
    struct str view = buf_str(buf);
    const char *text = buf_text(buf);
    return str_eq(view, (struct str){model->bytes, model->len}) && buf->len == view.len &&
           text[view.len] == '\0' && memcmp(text, model->bytes, view.len) == 0 &&
           buf->overflow == model->overflow;
}

/* One random call on both; at most 99 bytes a call. */
static void step(struct buf *buf, struct model *model)
{
    char bytes[100] = "";
    size_t len = (size_t)rand() % sizeof(bytes), half = model->len / 2;
    memset(bytes, 'a' + rand() % 26, len);
    switch (rand() % 6) {
    case 0:
        buf_add_text(buf, bytes);
        break;
    case 1:
        buf_format(buf, "%s", bytes);
        break;
    case 2:
        buf_add_repeated(buf, bytes[0], len);
        break;
    case 3:
        buf_consume(buf, half);
        memmove(model->bytes, model->bytes + half, model->len - half);
        model->len -= half;
        return;
    default:
        buf_add(buf, (struct str){bytes, len});
        break;
    }
    model_add(model, bytes, len);
}

static void against_model(size_t max)
{
    struct model model = {.max = max};
    struct buf buf;
    bool same = true;
    buf_init(&buf, max);
    srand(1);
    for (int i = 0; i < 2000 && same; i++) {
        step(&buf, &model);
        same = agrees(&buf, &model);
    }
    TAP_OK(same, "maximum of %zu: as the model after each of 2000 calls", max);
    TAP_OK(model.overflow, "… which came to the maximum");
    buf_fini(&buf);
}

static void empty(void)
{
    struct buf buf;
    buf_init(&buf, 10);
    TAP_TEXT(buf_text(&buf), "", "nothing added: empty text");
    TAP_INT(buf_str(&buf).len, 0, "… and an empty view");
    buf_add(&buf, (struct str){NULL, 0});
    buf_add(&buf, buf_str(&buf));
    buf_add_text(&buf, "");
    buf_add_repeated(&buf, 'x', 0);
    buf_format(&buf, "%s", "");
    buf_consume(&buf, 0);
    TAP_OK(buf_str(&buf).len == 0 && !buf.overflow, "adding nothing is nothing");
    buf_fini(&buf);

    struct buf zeroed = {0};
    buf_fini(&zeroed);
    TAP_TEXT(buf_text(&zeroed), "", "a zeroed buffer can be ended and read");
}

static void add_ten(struct buf *buf)
{
    buf_add(buf, STR("0123456789"));
}

static void format_ten(struct buf *buf)
{
    buf_format(buf, "%d-%s", 1234, "56789");
}

static void repeat_ten(struct buf *buf)
{
    buf_add_repeated(buf, 'x', 10);
}

/* Each way of adding: one byte of room too much, just enough, one too few, none. */
static void room(const char *way, void (*add)(struct buf *), const char *ten)
{
    for (size_t max = 0; max <= 14; max++) {
        struct buf buf;
        buf_init(&buf, max);
        buf_add_text(&buf, "abc");
        add(&buf);
        char expected[16];
        snprintf(expected, sizeof(expected), "abc%s", ten);
        expected[max < 13 ? max : 13] = '\0';
        bool good = strcmp(buf_text(&buf), expected) == 0 && buf.overflow == (max < 13);
        TAP_OK(good, "%s: 13 bytes into %zu keep what fits", way, max);
        buf_fini(&buf);
    }
}

/* The caller looks once, at the end: what comes after must not hide it. */
static void overflow_stays(void)
{
    struct buf buf;
    buf_init(&buf, 5);
    buf_add_text(&buf, "abcdefg");
    buf_consume(&buf, 4);
    buf_add_text(&buf, "xy");
    TAP_TEXT(buf_text(&buf), "exy", "room again after consuming");
    TAP_OK(buf.overflow, "… but the overflow is still known");
    buf_clear(&buf);
    TAP_TEXT(buf_text(&buf), "", "cleared");
    TAP_OK(!buf.overflow, "… and begun anew");
    buf_add_text(&buf, "abcde");
    TAP_OK(buf.len == 5 && !buf.overflow, "the maximum is the same after clearing");
    buf_fini(&buf);
}

static void sizes_at_the_end_of_the_range(void)
{
    struct buf buf;
    buf_init(&buf, 8);
    buf_add_text(&buf, "ab");
    buf_add_repeated(&buf, 'x', SIZE_MAX);
    TAP_TEXT(buf_text(&buf), "abxxxxxx", "SIZE_MAX repetitions are cut as any other");
    TAP_OK(buf.overflow, "… and overflow");
    buf_fini(&buf);
    buf_init(&buf, SIZE_MAX);
    for (int i = 0; i < 1000; i++)
        buf_format(&buf, "%03d", i);
    TAP_OK(buf.len == 3000 && !buf.overflow, "without a limit");
    TAP_OK(memcmp(buf_text(&buf) + 2997, "999", 4) == 0, "… to the last byte");
    buf_fini(&buf);
}

static void consume(void)
{
    struct buf buf;
    buf_init(&buf, 100);
    buf_add(&buf, STR("a\0b\0c"));
    buf_consume(&buf, 2);
    TAP_OK(str_eq(buf_str(&buf), STR("b\0c")), "NUL is a byte like others");
    buf_consume(&buf, 3);
    TAP_OK(buf.len == 0 && strcmp(buf_text(&buf), "") == 0, "consumed to the end");
    buf_add_text(&buf, "again");
    TAP_TEXT(buf_text(&buf), "again", "and added to again");
    buf_fini(&buf);
}

/* Formatted text much longer than what was allocated so far. */
static void long_format(void)
{
    struct buf buf;
    buf_init(&buf, 100000);
    buf_format(&buf, "%c", 'x');
    buf_format(&buf, "%*d|", 50000, 7);
    TAP_INT(buf.len, 50002, "50,000 columns");
    TAP_TEXT(buf_text(&buf) + 49999, " 7|", "… to the last byte");
    buf_fini(&buf);
}

/* A stream that is read and consumed in turn must not grow with its length. */
static void steady(void)
{
    struct buf buf;
    buf_init(&buf, 1 << 20);
    for (int i = 0; i < 100000; i++) {
        buf_add_text(&buf, "0123456789");
        buf_consume(&buf, i % 2 ? 12 : 8);
    }
    TAP_OK(buf.len == 0 && buf.capacity < 1024, "consumed room is used again");
    buf_fini(&buf);
}

int main(void)
{
    empty();
    against_model(1);
    against_model(97);
    against_model(1000);
    against_model(400);
    room("add", add_ten, "0123456789");
    room("format", format_ten, "1234-56789");
    room("repeat", repeat_ten, "xxxxxxxxxx");
    overflow_stays();
    sizes_at_the_end_of_the_range();
    consume();
    long_format();
    steady();
    return tap_done();
}
