#include "desk.h"

#include <assert.h>

#include "base/clock.h"
#include "base/mem.h"

void desk_init(struct desk *desk, const struct serve_settings *settings)
{
    *desk = (struct desk){0};
    serve_init(&desk->serve, settings);
    desk->input = mem_new(DESK_INPUT_BYTES, 1);
    /* Beyond the largest answer, room for a pipeline of small ones. */
    desk->out.capacity = serve_room(settings) + (256 << 10);
    desk->out.ptr = mem_new(desk->out.capacity, 1);
}

void desk_fini(struct desk *desk)
{
    mem_free(desk->input);
    mem_free(desk->out.ptr);
    pool_fini(&desk->pool);
    serve_fini(&desk->serve);
}

bool desk_has_room(const struct desk *desk)
{
    size_t room = desk->out.capacity - desk->out.len;
    return desk->batch_count < DESK_BATCH && room >= serve_room(desk->serve.settings);
}

struct metrics_record *desk_record(struct desk *desk, int64_t since_ns)
{
    assert(desk->batch_count < DESK_BATCH);
    struct metrics_record *record = &desk->batch[desk->batch_count++];
    record->since_ns = since_ns;
    return record;
}

void desk_clear(struct desk *desk)
{
    int64_t now_ns = clock_now_ns();
    for (int i = 0; i < desk->batch_count; i++)
        metrics_count(&desk->metrics, &desk->batch[i], now_ns);
    desk->batch_count = 0;
    desk->out.len = 0;
}
