/* Rings: by hand, and against arrays that are kept in the same order. */
#include "ring.h"

#include "stats/rng.h"
#include "tap.h"

enum { RINGS = 3, MEMBERS = 20, STEPS = 20000 };

static struct ring heads[RINGS], members[MEMBERS];

/* The model: indices of members, the first in front. */
static struct {
    int members[MEMBERS];
    int count;
} model[RINGS];

/* The same in both directions, and whose first is NULL when there is none. */
static bool agrees(int ring)
{
    const struct ring *head = &heads[ring], *at = head, *back = head;
    int count = model[ring].count;
    for (int i = 0; i < count; i++) {
        at = at->next;
        back = back->prev;
        if (at != &members[model[ring].members[i]] ||
            back != &members[model[ring].members[count - 1 - i]])
            return false;
    }
    const struct ring *first = count > 0 ? &members[model[ring].members[0]] : NULL;
    return at->next == head && back->prev == head && ring_first(head) == first;
}

static bool model_remove(int member)
{
    for (int ring = 0; ring < RINGS; ring++) {
        for (int i = 0; i < model[ring].count; i++) {
            if (model[ring].members[i] != member)
                continue;
            int after = --model[ring].count - i;
            memmove(&model[ring].members[i], &model[ring].members[i + 1],
                    (size_t)after * sizeof(int));
            return true;
        }
    }
    return false;
}

static void begin(void)
{
    memset(members, 0, sizeof(members));
    memset(model, 0, sizeof(model));
    for (int ring = 0; ring < RINGS; ring++)
        ring_init(&heads[ring]);
}

static void by_hand(void)
{
    begin();
    TAP_OK(!ring_first(&heads[0]), "a new ring is empty");
    TAP_OK(!ring_holds(&members[0]), "a zeroed member is in no ring");
    ring_remove(&members[0]);
    TAP_OK(!ring_holds(&members[0]), "… and may be taken out all the same");
    ring_append(&heads[0], &members[0]);
    ring_append(&heads[0], &members[1]);
    TAP_OK(ring_first(&heads[0]) == &members[0], "the first in is the first");
    TAP_OK(ring_holds(&members[0]) && ring_holds(&members[1]), "… both are held");
    ring_append(&heads[0], &members[0]);
    TAP_OK(ring_first(&heads[0]) == &members[1], "appended again it is the last");
    ring_append(&heads[1], &members[1]);
    TAP_OK(ring_first(&heads[0]) == &members[0], "appended to another it has left");
    TAP_OK(ring_first(&heads[1]) == &members[1], "… and is there");
    ring_remove(&members[0]);
    TAP_OK(!ring_first(&heads[0]), "the last one leaves an empty ring");
    ring_append(&heads[0], &members[0]);
    ring_append(&heads[0], &members[0]);
    TAP_OK(ring_first(&heads[0]) == &members[0] && members[0].next == &heads[0],
           "the only one appended again is the only one");
}

static void random_steps(void)
{
    struct rng rng;
    int wrong = 0;
    begin();
    rng_init(&rng, 1, 0);
    for (int step = 0; step < STEPS; step++) {
        int ring = (int)rng_below(&rng, RINGS), member = (int)rng_below(&rng, MEMBERS);
        bool held = model_remove(member);
        wrong += ring_holds(&members[member]) != held;
        if (rng_below(&rng, 3) == 0) {
            ring_remove(&members[member]);
        } else {
            ring_append(&heads[ring], &members[member]);
            model[ring].members[model[ring].count++] = member;
        }
        for (int i = 0; i < RINGS; i++)
            wrong += !agrees(i);
    }
    TAP_INT(wrong, 0, "any order of appending and taking out is as the model has it");
}

int main(void)
{
    by_hand();
    random_steps();
    return tap_done();
}
