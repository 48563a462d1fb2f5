/* Percentile files: four values by hand, and what errors do to them. */
#include "golden.h"
#include "race.h"
#include "report/hgrm.h"
#include "stats/hist.h"

static void of_four(uint64_t errors, struct load_result *load)
{
    struct hist hist;
    struct buf text;
    race_load(load);
    hist_init(&hist);
    buf_init(&text, 1 << 16);
    for (int64_t i = 1; i <= 4; i++)
        hist_record(&hist, i * 1000000);
    hist_encode(&hist, &text);
    mem_free(load->latency.hdr);
    load->latency.hdr = mem_copy_text(buf_text(&text));
    load->latency.count = 4 + errors;
    load->latency.max = errors ? (double)INFINITY : 4e6;
    buf_fini(&text);
    hist_fini(&hist);
}

static void check(uint64_t errors, const char *file)
{
    struct load_result load;
    struct buf out;
    of_four(errors, &load);
    buf_init(&out, 1 << 16);
    TAP_OK(hgrm_print(&load, &out), "it is printed");
    golden_check(file, buf_text(&out));
    buf_fini(&out);
    load_result_fini(&load);
}

static void nothing(void)
{
    struct load_result load;
    struct buf out;
    race_load(&load);
    buf_init(&out, 1 << 16);
    mem_free(load.latency.hdr);
    load.latency.hdr = NULL;
    TAP_OK(!hgrm_print(&load, &out) && out.len == 0, "without a histogram there is none");
    load.latency.hdr = mem_copy_text("HISTnonsense");
    TAP_OK(!hgrm_print(&load, &out) && out.len == 0, "nor with a broken one");
    buf_fini(&out);
    load_result_fini(&load);
}

int main(void)
{
    check(0, "four.hgrm");
    check(4, "four_of_eight.hgrm");
    nothing();
    return tap_done();
}
