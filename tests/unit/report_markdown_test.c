/* report.md: the golden file, and texts that would break Markdown. */
#include "golden.h"
#include "race.h"
#include "report/markdown.h"

static void print(const struct result *race, struct buf *out)
{
    struct comparisons comparisons;
    buf_init(out, 1 << 20);
    compare_result(race, &comparisons);
    markdown_print(race, &comparisons, out);
    comparisons_fini(&comparisons);
}

static void showcase(void)
{
    struct result race;
    struct buf out;
    race_showcase(&race);
    print(&race, &out);
    golden_check("report.md", buf_text(&out));
    buf_fini(&out);
    result_fini(&race);
}

static void escapes(void)
{
    struct result race;
    struct buf out;
    race_new(&race, 2, 6, .01);
    mem_free(race.title);
    race.title = mem_copy_text("a|b <script> *x* [y](z)\n# no");
    print(&race, &out);
    static const char heading[] = "# a\\|b \\<script\\> \\*x\\* \\[y\\](z) \\# no\n\n";
    TAP_OK(strncmp(buf_text(&out), heading, sizeof(heading) - 1) == 0,
           "a title cannot break the page");
    TAP_OK(strstr(buf_text(&out), "\n- **go-echo EQUIVALENT**: p99 "), "verdict first");
    TAP_OK(strstr(buf_text(&out), "## Doubts\n\nNone;"), "nothing to doubt is said so");
    buf_fini(&out);
    result_fini(&race);
}

int main(void)
{
    showcase();
    escapes();
    return tap_done();
}
