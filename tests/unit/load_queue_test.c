/* The queue of due requests against a list that remembers everything. */
#include <stdlib.h>

#include "base/clock.h"
#include "load/queue.h"
#include "rates.h"
#include "stats/rng.h"
#include "tap.h"

enum { REQUESTS = 20000, PROMPT_NS = 20 * NS_PER_US };

#define START_NS (INT64_C(1000) * NS_PER_S)

static struct queue queue;
static struct books books;
static int64_t noticed_ns[REQUESTS]; /* by index; what queue_take should say of it */
static int64_t late_ns[REQUESTS];    /* when it was noticed, however late */
static int noticed;

static void begin(enum arrivals arrivals)
{
    struct schedule schedule;
    schedule_init(&schedule, arrivals, rate_of(10000), 2 * NS_PER_S, 3, 0, 1);
    queue_init(&queue, &schedule);
    queue.start_ns = START_NS;
    books_init(&books, 2 * NS_PER_S, 0);
    books.measure_ns = START_NS;
    books.end_ns = START_NS + 2 * NS_PER_S;
    noticed = 0;
}

/* Notices what is due by now, and remembers it. */
static void notice(int64_t now_ns)
{
    struct schedule due = queue.noticed;
    int64_t first_ns = START_NS + schedule_peek(&due);
    for (;
         schedule_peek(&due) != SCHEDULE_OVER && START_NS + schedule_peek(&due) <= now_ns;
         schedule_advance(&due)) {
        bool late = now_ns - first_ns > PROMPT_NS;
        noticed_ns[noticed] = late ? now_ns : START_NS + schedule_peek(&due);
        late_ns[noticed++] = now_ns;
    }
    queue_notice(&queue, now_ns, &books);
}

/* Takes the oldest; false when it is not what the list says. */
static bool take(int index, int64_t now_ns, int64_t due_ns)
{
    struct request request = queue_take(&queue, now_ns);
    return request.index == (uint64_t)index && request.due_ns == due_ns &&
           request.sent_ns == now_ns && request.noticed_ns == noticed_ns[index];
}

static void empty(void)
{
    begin(ARRIVALS_CONSTANT);
    TAP_INT(queue_next_due(&queue), START_NS, "the first is due at the start");
    notice(START_NS - 1);
    TAP_INT(gauge_read(&queue.length), 0, "… and not before");
    notice(START_NS);
    TAP_INT(gauge_read(&queue.length), 1, "due and noticed");
    TAP_INT(queue_oldest_due(&queue), START_NS, "… it is the oldest");
    TAP_INT(queue_next_due(&queue), START_NS + 100000, "… the next is to come");
    TAP_OK(take(0, START_NS + 5, START_NS), "… it is taken");
    TAP_INT(gauge_read(&queue.length), 0, "… and none is left");
    books_fini(&books);
}

/* A prompt look, a late one, a prompt one: each request has the time of its own. */
static void by_hand(void)
{
    begin(ARRIVALS_CONSTANT);
    notice(START_NS + 10000);      /* 0: prompt */
    notice(START_NS + 450000);     /* 1 to 4: late */
    notice(START_NS + 500000);     /* 5: prompt */
    notice(START_NS + 2 * 500000); /* 6 to 10: late */
    static const int64_t expected[] = {0,       450000,  450000,  450000,  450000, 500000,
                                       1000000, 1000000, 1000000, 1000000, 1000000};
    TAP_INT(gauge_read(&queue.length), 11, "eleven are due");
    for (int i = 0; i < 11; i++) {
        struct request request = queue_take(&queue, START_NS + NS_PER_S);
        TAP_INT(request.noticed_ns - START_NS, expected[i], "noticed when it was");
    }
    TAP_INT(books.tally.due, 11, "the books have them");
    TAP_INT(books.tally.lag.max_ns, 400000, "… and the longest lag");
    books_fini(&books);
}

/* Looks of any lateness, and takes in between. */
static void model(enum arrivals arrivals)
{
    struct rng rng;
    struct schedule due;
    int64_t now_ns = START_NS;
    int taken = 0, wrong = 0;
    begin(arrivals);
    due = queue.sending;
    rng_init(&rng, 8, 0);
    while (queue_next_due(&queue) != SCHEDULE_OVER) {
        now_ns += (int64_t)(rng_below(&rng, 3) ? rng_below(&rng, 30000)
                                               : rng_below(&rng, 900000));
        notice(now_ns);
        wrong += gauge_read(&queue.length) != (uint64_t)(noticed - taken);
        for (uint64_t n = rng_below(&rng, 9); n > 0 && taken < noticed; n--) {
            wrong += !take(taken++, now_ns, START_NS + schedule_peek(&due));
            schedule_advance(&due);
        }
    }
    TAP_OK(wrong == 0 && taken > 10000, "%d requests in order, with their times", taken);
    TAP_INT(books.tally.due, noticed, "the books have all of them");
    books_fini(&books);
}

/* More late looks than are remembered, and nothing is sent meanwhile: what is told of the
 * others is off by a little, but no request was noticed before it was due. */
static void endless_lateness(void)
{
    int negative = 0;
    int64_t worst_ns = 0;
    begin(ARRIVALS_CONSTANT);
    for (int look = 1; look <= 3 * LATE_MAX; look++)
        notice(START_NS + look * INT64_C(100000) + 50000);
    for (int i = 0; i < noticed; i++) {
        struct request request = queue_take(&queue, START_NS + NS_PER_S);
        int64_t off_ns = llabs(request.noticed_ns - late_ns[i]);
        negative += request.noticed_ns < request.due_ns;
        worst_ns = off_ns > worst_ns ? off_ns : worst_ns;
    }
    TAP_INT(negative, 0, "none was noticed before it was due");
    TAP_OK(worst_ns <= NS_PER_MS, "lags are right but for %lld µs",
           (long long)(worst_ns / NS_PER_US));
    books_fini(&books);
}

static void cut(void)
{
    begin(ARRIVALS_CONSTANT);
    notice(START_NS + 1000000);
    queue_cut(&queue, START_NS + 1200000);
    TAP_INT(queue_next_due(&queue), START_NS + 1100000, "one is due before the cut");
    notice(START_NS + NS_PER_S);
    TAP_INT(gauge_read(&queue.length), 12, "… and the last");
    TAP_OK(queue_next_due(&queue) == SCHEDULE_OVER, "then it is over");
    int taken = 0;
    for (; gauge_read(&queue.length) > 0; taken++)
        queue_take(&queue, START_NS + NS_PER_S);
    TAP_INT(taken, 12, "all of them can be taken");
    books_fini(&books);
}

int main(void)
{
    empty();
    by_hand();
    model(ARRIVALS_CONSTANT);
    model(ARRIVALS_POISSON);
    endless_lateness();
    cut();
    return tap_done();
}
