/* Reports at the terminal: golden files, layout, colours, hostile texts. */
#include "golden.h"
#include "race.h"
#include "report/term.h"
#include "report/text.h"
#include "result/compare.h"

static void print(const struct result *race, int width, bool colour, struct buf *out)
{
    struct comparisons comparisons;
    buf_init(out, 1 << 20);
    compare_result(race, &comparisons);
    term_print(race, &comparisons, width, colour, out);
    comparisons_fini(&comparisons);
}

static size_t widest_line(const char *text)
{
    size_t widest = 0;
    char line[4096];
    while (*text) {
        size_t len = strcspn(text, "\n");
        snprintf(line, sizeof(line), "%.*s", (int)len, text);
        size_t width = text_width(line);
        widest = width > widest ? width : widest;
        text += len + (text[len] == '\n');
    }
    return widest;
}

static void showcase(void)
{
    static const struct {
        int width;
        const char *file;
    } cases[] = {{80, "term80.txt"}, {120, "term120.txt"}};
    struct result race;
    race_showcase(&race);
    for (size_t i = 0; i < 2; i++) {
        struct buf out;
        print(&race, cases[i].width, false, &out);
        golden_check(cases[i].file, buf_text(&out));
        TAP_OK(widest_line(buf_text(&out)) <= (size_t)cases[i].width,
               "no line is wider than %d", cases[i].width);
        buf_fini(&out);
    }
    result_fini(&race);
}

/* Removes the escape sequences of text in place. */
static void strip_colours(char *text)
{
    char *to = text;
    for (const char *from = text; *from; from++) {
        if (*from != '\033')
            *to++ = *from;
        else
            from = strchr(from, 'm');
    }
    *to = '\0';
}

static void colours(void)
{
    struct result race;
    struct buf plain, coloured;
    race_showcase(&race);
    print(&race, 120, false, &plain);
    print(&race, 120, true, &coloured);
    TAP_OK(strstr(buf_text(&coloured), "\033[31mSLOWER"), "SLOWER is red");
    TAP_OK(!strchr(buf_text(&plain), '\033'), "no colour when none is wanted");
    strip_colours(coloured.ptr);
    TAP_TEXT(buf_text(&coloured), buf_text(&plain), "colour adds nothing but colour");
    buf_fini(&plain);
    buf_fini(&coloured);
    result_fini(&race);
}

static void layouts(void)
{
    struct result race;
    struct buf out;
    race_new(&race, 2, 10, .01);
    print(&race, 80, false, &out);
    TAP_OK(strstr(buf_text(&out), "\n  go-echo  EQUIVALENT  p99 "), "one line a service");
    TAP_OK(strstr(buf_text(&out), "Doubts: none"), "nothing to doubt is said so");
    buf_fini(&out);
    result_fini(&race);
    race_new(&race, 1, 10, .01);
    print(&race, 80, false, &out);
    TAP_OK(strstr(buf_text(&out), "p99 latency"), "one service has its table");
    TAP_OK(!strstr(buf_text(&out), "verdict"), "and no verdict");
    buf_fini(&out);
    result_fini(&race);
}

/* Bad news of all kinds, each with the sentence that must be there. */
static void bad_news(void)
{
    static const char *const sentences[] = {
        "go-echo    OVERLOADED  go-echo could not hold 20,000 requests/s in 9 of 10 ",
        "go-echo could not hold 20,000 requests/s in 9 of 10 trials: it answered 12,3",
        "rust-echo  INVALID",
        "rust-echo: 1 of 10 trials failed, in block 2: it died [2J here",
        "rust-echo: 1 of 10 trials are INVALID.",
        "The race ended early, after 30 trials; 10 blocks were planned.",
    };
    struct result race;
    struct buf out;
    race_new(&race, 3, 10, .01);
    race.partial = true;
    race_vary(&race, 1, METRIC_THROUGHPUT, .6166, 1e-3);
    for (int block = 1; block <= 10; block++)
        race_trial(&race, block, 1)->load.overloaded = block != 3;
    struct trial *dead = race_trial(&race, 2, 2);
    dead->outcome = TRIAL_FAILED;
    dead->why = mem_copy_text("it died\033[2J\nhere");
    struct trial *invalid = race_trial(&race, 3, 2);
    invalid->invalid_count = 1;
    snprintf(invalid->invalid[0], LOAD_REASON_BYTES, "lag p99 of 3 ms");
    print(&race, 200, false, &out);
    for (size_t i = 0; i < sizeof(sentences) / sizeof(sentences[0]); i++)
        TAP_OK(strstr(buf_text(&out), sentences[i]), "says: %s", sentences[i]);
    TAP_OK(!strchr(buf_text(&out), '\033'), "a log's escape sequence is defused");
    buf_fini(&out);
    result_fini(&race);
}

static void closed_loop(void)
{
    struct result race;
    struct buf out;
    race_new(&race, 2, 10, .01);
    race.params.rate = (double)NAN;
    print(&race, 120, false, &out);
    TAP_OK(strstr(buf_text(&out), "\n  A closed loop hides stalls:"),
           "a closed loop is doubted");
    buf_fini(&out);
    result_fini(&race);
}

/* Trials that moved are counted, the worst is named, and a cure only where there is one.
 */
static void moving(void)
{
    static const struct {
        double mser5;
        const char *end;
    } cases[] = {
        {.23, "; a warm-up longer by 23% of the measured time would have helped."},
        {.5, "KPSS 0.90 of 0.46)."},
        {.01, "KPSS 0.90 of 0.46)."}};
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        struct result race;
        struct buf out;
        race_new(&race, 2, 10, .01);
        race.trials[3].load.level = (struct load_level){1.4, .5, true, .3};
        race.trials[race.trials[3].service == race.trials[6].service ? 6 : 7].load.level =
            (struct load_level){1.85, .9, true, cases[i].mser5};
        print(&race, 400, false, &out);
        TAP_OK(
            strstr(buf_text(&out), ": not stationary in 2 of 10 trials: its p50 moved"),
            "two trials that moved");
        TAP_OK(strstr(buf_text(&out), "CUSUM 1.85 of 1.36") &&
                   strstr(buf_text(&out), cases[i].end),
               "… %s", cases[i].end);
        buf_fini(&out);
        result_fini(&race);
    }
}

int main(void)
{
    closed_loop();
    moving();
    showcase();
    colours();
    layouts();
    bad_news();
    return tap_done();
}
