#include "load/tally.h"

#include <string.h>

#include "base/mem.h"

void tally_init(struct tally *tally, size_t window_count, size_t log_capacity)
{
    *tally = (struct tally){.window_count = window_count, .log_capacity = log_capacity};
    tally->windows = mem_new(window_count, sizeof(*tally->windows));
    for (size_t i = 0; i < window_count; i++)
        hist_init(&tally->windows[i].latency);
    hist_init(&tally->service_time);
    hist_init(&tally->wait);
    hist_init(&tally->lag);
    hist_init(&tally->first_byte);
    hist_init(&tally->less_lag);
    if (log_capacity) {
        tally->log = mem_new(log_capacity, sizeof(*tally->log));
        tally->gaps = mem_new(TALLY_GAPS_MAX, sizeof(*tally->gaps));
        tally->gap_stride = log_capacity / TALLY_GAPS_MAX + 1;
    }
}

void tally_fini(struct tally *tally)
{
    for (size_t i = 0; i < tally->window_count; i++)
        hist_fini(&tally->windows[i].latency);
    mem_free(tally->windows);
    hist_fini(&tally->service_time);
    hist_fini(&tally->wait);
    hist_fini(&tally->lag);
    hist_fini(&tally->first_byte);
    hist_fini(&tally->less_lag);
    mem_free(tally->log);
    mem_free(tally->gaps);
    *tally = (struct tally){0};
}

static void merge_gaps(struct tally *to, const struct tally *from)
{
    if (from->gap_count == 0)
        return;
    to->gaps = mem_resize(to->gaps, to->gap_count + from->gap_count, sizeof(*to->gaps));
    memcpy(to->gaps + to->gap_count, from->gaps, from->gap_count * sizeof(*to->gaps));
    to->gap_count += from->gap_count;
}

void tally_merge(struct tally *to, const struct tally *from)
{
    for (size_t i = 0; i < to->window_count && i < from->window_count; i++) {
        hist_merge(&to->windows[i].latency, &from->windows[i].latency);
        to->windows[i].ok += from->windows[i].ok;
        to->windows[i].errors += from->windows[i].errors;
    }
    hist_merge(&to->service_time, &from->service_time);
    hist_merge(&to->wait, &from->wait);
    hist_merge(&to->lag, &from->lag);
    hist_merge(&to->first_byte, &from->first_byte);
    hist_merge(&to->less_lag, &from->less_lag);
    to->due += from->due;
    to->sent += from->sent;
    to->ok += from->ok;
    to->answered += from->answered;
    to->answered_in_time += from->answered_in_time;
    to->ok_in_time += from->ok_in_time;
    to->expired_waiting += from->expired_waiting;
    for (int i = 0; i < TALLY_MARKS; i++)
        to->backlog[i] += from->backlog[i];
    for (int i = 0; i < TALLY_ERRORS; i++)
        to->errors[i] += from->errors[i];
    merge_gaps(to, from);
    to->reconnects += from->reconnects;
    to->bytes_received += from->bytes_received;
    to->peak_in_flight += from->peak_in_flight;
}
