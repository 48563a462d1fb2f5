/* The plot of percentiles: golden files of made-up latencies, and what is no plot. */
#include "golden.h"
#include "race.h"
#include "report/spectrum.h"
#include "stats/hist.h"

/* A result with the latencies that `value` makes of 0, 1, …, and errors. */
static void make(struct load_result *load, int64_t (*value)(int), int count,
                 uint64_t errors)
{
    struct hist hist;
    struct buf text;
    race_load(load);
    hist_init(&hist);
    buf_init(&text, 1 << 20);
    for (int i = 0; i < count; i++)
        hist_record(&hist, value(i));
    hist_encode(&hist, &text);
    load->latency.hdr = mem_copy_text(buf_text(&text));
    load->latency.count = (uint64_t)count + errors;
    buf_fini(&text);
    hist_fini(&hist);
}

static void print(const struct load_result *load, struct buf *out)
{
    buf_init(out, 1 << 16);
    spectrum_print(load, out);
}

static void golden(int64_t (*value)(int), int count, uint64_t errors, const char *file)
{
    struct load_result load;
    struct buf out;
    make(&load, value, count, errors);
    print(&load, &out);
    golden_check(file, buf_text(&out));
    buf_fini(&out);
    load_result_fini(&load);
}

/* Nines: one in ten takes 2 ms, one in a hundred 20 ms … of 0.2 ms at first. */
static int64_t nines(int i)
{
    int64_t ns = 200000;
    for (int every = 10; i % every == every - 1; every *= 10)
        ns *= 10;
    return ns + i % 1000;
}

static int64_t microsecond(int i)
{
    (void)i;
    return 1000;
}

static int64_t rising(int i)
{
    return i;
}

/* The line that begins with the name, or "". */
static const char *line_of(const struct buf *out, const char *name)
{
    static char text[256];
    const char *at = strstr(buf_text(out), name);
    snprintf(text, sizeof(text), "%.*s", at ? (int)strcspn(at, "\n") : 0, at ? at : "");
    return text;
}

static int bar_of(const struct buf *out, const char *name, char mark)
{
    int count = 0;
    for (const char *at = line_of(out, name); *at; at++)
        count += *at == mark;
    return count;
}

/* No percentile that fewer than ten values stand for; shares of a line are of decades. */
static void by_hand(void)
{
    struct load_result load;
    struct buf out;
    make(&load, nines, 10000, 0);
    print(&load, &out);
    TAP_OK(line_of(&out, "99.9%")[0] && !line_of(&out, "99.95%")[0],
           "of ten thousand, 99.9%% and no further");
    TAP_OK(strstr(buf_text(&out), "from 100 µs to 10.0 s\n"), "whole decades");
    TAP_OK(bar_of(&out, "50%", '#') == 3 && bar_of(&out, "95%", '#') == 14,
           "0.2 ms is 0.3 of 5 decades, 2 ms is 1.3");
    buf_fini(&out);
    load_result_fini(&load);
}

/* Errors are above all else: from 90 % on, with the time-out before them. */
static void errors(void)
{
    struct load_result load;
    struct buf out;
    make(&load, microsecond, 9000, 1000);
    print(&load, &out);
    TAP_OK(strstr(line_of(&out, "   95%"), " >5s "), "beyond the time-out");
    TAP_OK(bar_of(&out, "   95%", '>') > 50 && bar_of(&out, "   95%", '#') == 0,
           "… and the bar says so");
    TAP_OK(!strchr(line_of(&out, "   90%"), '>'), "90 %% were answered");
    TAP_OK(strchr(line_of(&out, "  max"), '>'), "the largest is an error");
    buf_fini(&out);
    load_result_fini(&load);
}

static void nothing(void)
{
    struct load_result load;
    struct buf out;
    race_load(&load);
    print(&load, &out);
    TAP_INT(out.len, 0, "without a histogram there is none");
    load.latency.hdr = mem_copy_text("HISTnonsense");
    spectrum_print(&load, &out);
    TAP_INT(out.len, 0, "nor with a broken one");
    buf_fini(&out);
    load_result_fini(&load);
}

int main(void)
{
    golden(nines, 1000000, 0, "spectrum.txt");
    golden(nines, 10000, 20, "spectrum_errors.txt");
    golden(microsecond, 1, 0, "spectrum_one.txt");
    golden(rising, 30, 0, "spectrum_few.txt");
    by_hand();
    errors();
    nothing();
    return tap_done();
}
