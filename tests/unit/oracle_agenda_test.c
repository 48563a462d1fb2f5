/* The agenda against a plain list: any mix of adding, taking and forgetting. */
#include "agenda.h"
#include "stats/rng.h"
#include "tap.h"

enum { OWNERS = 200 };

static int owners[OWNERS];
static int64_t model[OWNERS]; /* due time, or -1 */

static int earliest(void)
{
    int first = -1;
    for (int i = 0; i < OWNERS; i++) {
        if (model[i] >= 0 && (first < 0 || model[i] < model[first]))
            first = i;
    }
    return first;
}

static bool step(struct agenda *agenda, struct rng *rng)
{
    int owner = (int)rng_below(rng, OWNERS);
    uint64_t what = rng_below(rng, 4);
    int first = earliest();
    if (agenda_next_ns(agenda) != (first < 0 ? INT64_MAX : model[first]))
        return false;
    if (what == 0 && first >= 0) {
        struct agenda_item item = agenda_take(agenda);
        int taken = (int)((int *)item.owner - owners);
        bool right = item.at_ns == model[first] && model[taken] == item.at_ns &&
                     item.status == taken;
        model[taken] = -1;
        return right;
    }
    if (what == 1) {
        agenda_forget(agenda, &owners[owner]);
        model[owner] = -1;
    } else if (model[owner] < 0) {
        model[owner] = (int64_t)rng_below(rng, 1000);
        agenda_add(agenda, (struct agenda_item){model[owner], &owners[owner], owner});
    }
    return true;
}

int main(void)
{
    struct agenda agenda = {0};
    struct rng rng;
    bool right = true;
    rng_init(&rng, 3, 0);
    for (int i = 0; i < OWNERS; i++)
        model[i] = -1;
    TAP_OK(agenda_next_ns(&agenda) == INT64_MAX, "empty: nothing is due");
    for (int i = 0; i < 200000 && right; i++)
        right = step(&agenda, &rng);
    TAP_OK(right, "200,000 steps as the list does them");
    int64_t last = 0;
    bool rising = true;
    while (agenda.count > 0) {
        int64_t at_ns = agenda_take(&agenda).at_ns;
        rising = rising && at_ns >= last;
        last = at_ns;
    }
    TAP_OK(rising && earliest() >= 0, "the rest comes out in order");
    agenda_fini(&agenda);
    agenda_fini(&agenda);
    return tap_done();
}
