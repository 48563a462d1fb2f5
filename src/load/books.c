#include "load/books.h"

#include <assert.h>

#include "base/clock.h"

/* A poll that takes longer was interrupted, and somebody else had the CPU meanwhile. */
#define POLL_MAX_NS (10 * NS_PER_US)

void books_passed_init(struct books_passed *passed)
{
    *passed = (struct books_passed){.ok = 0};
    hist_init(&passed->latency);
}

void books_passed_fini(struct books_passed *passed)
{
    hist_fini(&passed->latency);
}

void books_init(struct books *books, int64_t duration_ns, size_t log_size)
{
    size_t windows = (size_t)((duration_ns + NS_PER_S - 1) / NS_PER_S);
    *books = (struct books){0};
    tally_init(&books->tally, windows, log_size);
    pthread_mutex_init(&books->live.mutex, NULL);
    books_passed_init(&books->live.passed);
    books_passed_init(&books->live.spare);
}

void books_fini(struct books *books)
{
    tally_fini(&books->tally);
    books_passed_fini(&books->live.passed);
    books_passed_fini(&books->live.spare);
}

static bool is_measured(const struct books *books, int64_t due_ns)
{
    return due_ns >= books->measure_ns && due_ns < books->end_ns;
}

static struct tally_window *window_of(struct books *books, int64_t due_ns)
{
    size_t second = (size_t)((due_ns - books->measure_ns) / NS_PER_S);
    assert(second < books->tally.window_count);
    return &books->tally.windows[second];
}

static void log_value(struct books *books, uint64_t index, uint16_t value)
{
    struct tally *tally = &books->tally;
    if (index < tally->log_capacity)
        tally->log[index] = value;
}

static void count_passed_ok(struct books *books, int64_t latency_ns)
{
    struct books_live *live = &books->live;
    pthread_mutex_lock(&live->mutex);
    hist_record(&live->passed.latency, latency_ns);
    live->passed.ok++;
    pthread_mutex_unlock(&live->mutex);
}

static void count_passed_error(struct books *books, enum tally_error kind)
{
    struct books_live *live = &books->live;
    pthread_mutex_lock(&live->mutex);
    hist_record_infinite(&live->passed.latency);
    live->passed.errors[kind]++;
    pthread_mutex_unlock(&live->mutex);
}

/* Whether the request ended by running out of time after it had to wait: that is what an
 * overloaded service does, and not a fault of its answers. */
static bool has_expired_waiting(const struct request *request, enum tally_error kind)
{
    return request->waited && (kind == TALLY_TIMEOUT || kind == TALLY_UNSENT);
}

/* Counts the request into the backlog of each mark that it outlived. */
static void count_backlog(struct books *books, const struct request *request,
                          int64_t end_ns, bool served)
{
    const int64_t marks_ns[TALLY_MARKS] = {
        books->measure_ns, books->measure_ns + (books->end_ns - books->measure_ns) / 2,
        books->end_ns};
    for (int i = 0; i < TALLY_MARKS; i++)
        books->tally.backlog[i] +=
            request->due_ns < marks_ns[i] && (!served || end_ns >= marks_ns[i]);
}

static void count_error(struct books *books, const struct request *request,
                        enum tally_error kind)
{
    count_passed_error(books, kind);
    if (!is_measured(books, request->due_ns))
        return;
    struct tally_window *window = window_of(books, request->due_ns);
    books->tally.errors[kind]++;
    window->errors++;
    hist_record_infinite(&window->latency);
    hist_record_infinite(&books->tally.less_lag);
    log_value(books, request->index, TALLY_INFINITE);
}

void books_error(struct books *books, const struct request *request,
                 enum tally_error kind, int64_t now_ns)
{
    bool expired = has_expired_waiting(request, kind);
    count_backlog(books, request, now_ns, !expired);
    books->tally.expired_waiting += expired && is_measured(books, request->due_ns);
    count_error(books, request, kind);
}

static void count_ok(struct books *books, const struct request *request)
{
    int64_t latency_ns = request->done_ns - request->due_ns;
    count_passed_ok(books, latency_ns);
    if (!is_measured(books, request->due_ns))
        return;
    struct tally_window *window = window_of(books, request->due_ns);
    books->tally.ok++;
    window->ok++;
    hist_record(&window->latency, latency_ns);
    hist_record(&books->tally.less_lag, request->done_ns - request->noticed_ns);
    hist_record(&books->tally.service_time, request->done_ns - request->sent_ns);
    hist_record(&books->tally.first_byte, request->first_byte_ns - request->sent_ns);
    log_value(books, request->index, (uint16_t)hist_index(latency_ns));
}

void books_answer(struct books *books, const struct request *request,
                  enum expect_verdict verdict)
{
    bool ok = verdict == EXPECT_GOOD;
    bool in_time =
        request->done_ns >= books->measure_ns && request->done_ns < books->end_ns;
    count_backlog(books, request, request->done_ns, true);
    if (is_measured(books, request->due_ns))
        books->tally.answered++;
    books->tally.answered_in_time += in_time;
    books->tally.ok_in_time += in_time && ok;
    if (ok)
        count_ok(books, request);
    else
        count_error(books, request,
                    verdict == EXPECT_WRONG_STATUS ? TALLY_STATUS : TALLY_BODY);
}

/* A reader may take the numbers between the two steps: no need for the mutex. */
static void note_due(struct books_live *live, int64_t lag_ns)
{
    atomic_fetch_add_explicit(&live->due, 1, memory_order_relaxed);
    if (lag_ns > atomic_load_explicit(&live->lag_max_ns, memory_order_relaxed))
        atomic_store_explicit(&live->lag_max_ns, lag_ns, memory_order_relaxed);
}

void books_due(struct books *books, int64_t due_ns, int64_t now_ns)
{
    note_due(&books->live, now_ns - due_ns);
    if (!is_measured(books, due_ns))
        return;
    books->tally.due++;
    hist_record(&books->tally.lag, now_ns - due_ns);
}

static void keep_gap(struct books *books, int64_t sent_ns)
{
    struct tally *tally = &books->tally;
    int64_t last_ns = books->last_sent_ns;
    books->last_sent_ns = sent_ns;
    if (tally->gap_stride > 0 && last_ns > 0 && tally->sent % tally->gap_stride == 0 &&
        tally->gap_count < TALLY_GAPS_MAX)
        tally->gaps[tally->gap_count++] =
            (struct tally_gap){last_ns - books->measure_ns, sent_ns - books->measure_ns};
}

void books_sent(struct books *books, const struct request *request)
{
    if (!is_measured(books, request->due_ns))
        return;
    keep_gap(books, request->sent_ns);
    books->tally.sent++;
    hist_record(&books->tally.wait,
                request->waited ? request->sent_ns - request->due_ns : 0);
}

void books_spun(struct books *books, int64_t from_ns, int64_t to_ns)
{
    int64_t step_ns = to_ns - from_ns;
    if (from_ns >= books->measure_ns && to_ns < books->end_ns)
        books->spun_ns += step_ns < POLL_MAX_NS ? step_ns : POLL_MAX_NS;
}

void books_close(struct books *books, uint64_t log_count)
{
    struct tally *tally = &books->tally;
    uint64_t errors = 0;
    for (int i = 0; i < TALLY_ERRORS; i++)
        errors += tally->errors[i];
    assert(tally->due == tally->ok + errors);
    tally->log_count = log_count < tally->log_capacity ? log_count : tally->log_capacity;
}

void books_take_passed(struct books *books, struct books_passed *sum)
{
    struct books_live *live = &books->live;
    pthread_mutex_lock(&live->mutex);
    struct books_passed taken = live->passed;
    live->passed = live->spare;
    pthread_mutex_unlock(&live->mutex);
    hist_merge(&sum->latency, &taken.latency);
    sum->ok += taken.ok;
    for (int i = 0; i < TALLY_ERRORS; i++)
        sum->errors[i] += taken.errors[i];
    hist_clear(&taken.latency);
    live->spare = (struct books_passed){.latency = taken.latency};
}

uint64_t books_take_due(struct books *books, int64_t *lag_max_ns)
{
    int64_t lag_ns = atomic_exchange(&books->live.lag_max_ns, 0);
    if (lag_ns > *lag_max_ns)
        *lag_max_ns = lag_ns;
    return atomic_exchange(&books->live.due, 0);
}
