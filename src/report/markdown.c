#include "report/markdown.h"

#include "base/mem.h"
#include "report/text.h"
#include "report/view.h"

/* Everything that Markdown or HTML would take for its own gets a backslash. */
static void add_escaped(struct buf *out, const char *text)
{
    static const char special[] = "\\`*_{}[]<>#|~&!";
    struct buf clean;
    buf_init(&clean, 8192);
    text_clean(&clean, str_of(text));
    for (const char *c = buf_text(&clean); *c; c++) {
        if (strchr(special, *c))
            buf_add(out, STR("\\"));
        buf_add(out, (struct str){c, 1});
    }
    buf_fini(&clean);
}

static void add_cell(struct buf *out, const char *text, bool strong)
{
    buf_add_text(out, strong ? " **" : " ");
    add_escaped(out, text);
    buf_add_text(out, strong ? "** |" : " |");
}

static void print_heading(const struct view *view, struct buf *out)
{
    buf_add_text(out, "| metric |");
    for (int i = 0; i < view->column_count; i++)
        add_cell(out, view->columns[i], false);
    for (int i = 1; i < view->column_count; i++) {
        char *ratio = mem_format("%s/%s", view->columns[i], view->columns[0]);
        add_cell(out, ratio, false);
        mem_free(ratio);
        buf_add_text(out, " verdict |");
    }
    buf_add_text(out, "\n|---|");
    for (int i = 0; i < view->column_count; i++)
        buf_add_text(out, "---:|");
    for (int i = 1; i < view->column_count; i++)
        buf_add_text(out, "---:|---|");
    buf_add_text(out, "\n");
}

static bool is_strong(enum view_tone tone)
{
    return tone == TONE_GOOD || tone == TONE_BAD || tone == TONE_ALARM;
}

static void print_table(const struct view *view, struct buf *out)
{
    print_heading(view, out);
    for (int i = 0; i < view->row_count; i++) {
        const struct view_row *row = &view->rows[i];
        buf_add_text(out, "|");
        add_cell(out, row->label, false);
        for (int column = 0; column < view->column_count; column++)
            add_cell(out, row->values[column], false);
        for (int column = 1; column < view->column_count; column++) {
            const struct view_difference *difference = &row->differences[column - 1];
            add_cell(out, difference->ratio, false);
            add_cell(out, difference->verdict, is_strong(difference->tone));
        }
        buf_add_text(out, "\n");
    }
}

static void print_lines(const struct view_lines *lines, struct buf *out)
{
    for (int i = 0; i < lines->count; i++) {
        buf_add_text(out, "- ");
        add_escaped(out, lines->items[i]);
        buf_add_text(out, "\n");
    }
}

static void print_paragraph(const char *text, struct buf *out)
{
    add_escaped(out, text);
    buf_add_text(out, "\n\n");
}

static void print_verdicts(const struct view_verdict *verdicts, int count,
                           struct buf *out)
{
    for (int i = 0; i < count; i++) {
        buf_add_text(out, "- **");
        add_escaped(out, verdicts[i].service);
        buf_add_text(out, " ");
        add_escaped(out, verdicts[i].word);
        buf_add_text(out, "**: ");
        add_escaped(out, verdicts[i].detail);
        buf_add_text(out, "\n");
    }
    buf_add_text(out, count ? "\n" : "");
}

void markdown_print_view(const struct view *view, struct buf *out)
{
    buf_add_text(out, "# ");
    print_paragraph(view->title, out);
    if (view->verdict_count) {
        buf_add_text(out, "Against ");
        add_escaped(out, view->columns[0]);
        buf_add_text(out, ":\n\n");
    }
    print_verdicts(view->verdicts, view->verdict_count, out);
    if (view->gate.count) {
        buf_add_text(out, "Gate: **");
        add_escaped(out, view->gate.word);
        buf_add_text(out, "**\n\n");
        print_verdicts(view->gate.checks, view->gate.count, out);
    }
    if (view->noise)
        print_paragraph(view->noise, out);
    print_paragraph(view->setting, out);
    print_table(view, out);
    buf_add_text(out, "\n");
    print_paragraph(view->legend, out);
    if (view->own.count) {
        buf_add_text(out, "## By the services' own metrics\n\n");
        print_lines(&view->own, out);
        buf_add_text(out, "\n");
    }
    buf_add_text(out, "## Doubts\n\n");
    print_lines(&view->doubts, out);
    if (view->doubts.count == 0)
        buf_add_text(out, "None; every check of every trial passed.\n");
    buf_add_text(out, "\n## Provenance\n\n");
    print_lines(&view->facts, out);
}

void markdown_print(const struct result *result, const struct comparisons *comparisons,
                    struct buf *out)
{
    struct view view;
    view_init(&view, result, comparisons);
    markdown_print_view(&view, out);
    view_fini(&view);
}
