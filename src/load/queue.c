#include "load/queue.h"

#include <assert.h>

#include "base/clock.h"

#define LATE_NS (20 * NS_PER_US) /* less than this is not worth remembering */

void queue_init(struct queue *queue, const struct schedule *schedule)
{
    *queue = (struct queue){.noticed = *schedule, .sending = *schedule};
}

int64_t queue_next_due(const struct queue *queue)
{
    int64_t due_ns = schedule_peek(&queue->noticed);
    return due_ns == SCHEDULE_OVER ? SCHEDULE_OVER : queue->start_ns + due_ns;
}

int64_t queue_oldest_due(const struct queue *queue)
{
    return queue->start_ns + schedule_peek(&queue->sending);
}

/*
 * Requests that have to wait are noticed now and sent later, so when they were noticed is
 * remembered, for passes that were late: a handful even after a long stop. When the ring
 * is full the last entry grows, which gives its new requests no lag, or a little less
 * than they had.
 */
static void remember_late(struct late_ring *late, uint64_t first, uint64_t end,
                          int64_t now_ns)
{
    if (late->count == LATE_MAX) {
        late->passes[(late->from + late->count - 1) % LATE_MAX].end = end;
        return;
    }
    late->passes[(late->from + late->count++) % LATE_MAX] =
        (struct late_pass){first, end, now_ns};
}

/* When the request was noticed: later than due_ns if its pass was late. */
static int64_t noticed_at(struct late_ring *late, uint64_t index, int64_t due_ns)
{
    while (late->count > 0 && late->passes[late->from].end <= index) {
        late->from = (late->from + 1) % LATE_MAX;
        late->count--;
    }
    const struct late_pass *pass = &late->passes[late->from];
    bool was_late = late->count > 0 && pass->first <= index;
    return was_late && pass->noticed_ns > due_ns ? pass->noticed_ns : due_ns;
}

void queue_notice(struct queue *queue, int64_t now_ns, struct books *books)
{
    uint64_t first = queue->noticed.index;
    int64_t first_due_ns = queue_next_due(queue);
    for (int64_t due_ns = first_due_ns; due_ns <= now_ns;
         due_ns = queue_next_due(queue)) {
        gauge_add(&queue->length, 1);
        books_due(books, due_ns, now_ns);
        schedule_advance(&queue->noticed);
    }
    if (now_ns - first_due_ns > LATE_NS)
        remember_late(&queue->late, first, queue->noticed.index, now_ns);
}

struct request queue_take(struct queue *queue, int64_t now_ns)
{
    struct request request = {.due_ns = queue_oldest_due(queue),
                              .sent_ns = now_ns,
                              .index = queue->sending.index};
    assert(gauge_read(&queue->length) > 0);
    request.noticed_ns = noticed_at(&queue->late, request.index, request.due_ns);
    schedule_advance(&queue->sending);
    gauge_add(&queue->length, -1);
    return request;
}

void queue_cut(struct queue *queue, int64_t end_ns)
{
    schedule_cut(&queue->noticed, end_ns - queue->start_ns);
    schedule_cut(&queue->sending, end_ns - queue->start_ns);
}
