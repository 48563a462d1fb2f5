/* Sentences: set, put in front, and cut where the room ends. */
#include "base/error.h"
#include "tap.h"

enum { FULL = ERROR_TEXT_BYTES - 1 };

/* len times c, for texts about as long as an error. */
static const char *line_of(char c, size_t len)
{
    static char text[2 * ERROR_TEXT_BYTES];
    memset(text, c, len);
    text[len] = '\0';
    return text;
}

/* An error with bytes behind it that must stay as they are. */
struct fenced {
    struct error err;
    char fence[64];
};

static bool fence_stands(const struct fenced *fenced)
{
    for (size_t i = 0; i < sizeof(fenced->fence); i++) {
        if (fenced->fence[i] != '#')
            return false;
    }
    return true;
}

static struct fenced fenced_new(void)
{
    struct fenced fenced = {.err = {""}};
    memset(fenced.fence, '#', sizeof(fenced.fence));
    return fenced;
}

static void sentences(void)
{
    struct error err;
    TAP_OK(!error_set(&err, "%s has %d lines", "plan", 7), "set returns false");
    TAP_TEXT(err.text, "plan has 7 lines", "the sentence");
    TAP_OK(!error_prefix(&err, "%s:%d: ", "race.yaml", 3), "prefix returns false");
    TAP_TEXT(err.text, "race.yaml:3: plan has 7 lines", "put in front");
    error_prefix(&err, "%s", "");
    TAP_TEXT(err.text, "race.yaml:3: plan has 7 lines", "nothing put in front");
    error_prefix(&err, "100%% ");
    TAP_TEXT(err.text, "100% race.yaml:3: plan has 7 lines", "twice put in front");
    error_set(&err, "%s", "5%s%n");
    error_prefix(&err, "a ");
    TAP_TEXT(err.text, "a 5%s%n", "what is there is not a format");
    error_set(&err, "new");
    TAP_TEXT(err.text, "new", "set anew forgets the old");
    error_set(&err, "%s", "");
    error_prefix(&err, "alone");
    TAP_TEXT(err.text, "alone", "in front of nothing");
}

static void set_cuts(void)
{
    for (size_t len = FULL - 1; len <= FULL + 2; len++) {
        struct fenced fenced = fenced_new();
        error_set(&fenced.err, "%s", line_of('s', len));
        size_t kept = len < FULL ? len : FULL;
        TAP_INT(strlen(fenced.err.text), kept, "set keeps what fits");
        TAP_OK(fence_stands(&fenced), "… and nothing is written behind it");
    }
}

/* Of prefix and sentence together the front is kept: where it happened, then what. */
static void prefix_cuts(void)
{
    static const size_t lengths[] = {1, 9, 10, 11, FULL - 1, FULL, FULL + 1};
    for (size_t i = 0; i < sizeof(lengths) / sizeof(lengths[0]); i++) {
        struct fenced fenced = fenced_new();
        error_set(&fenced.err, "%s", line_of('s', FULL - 10));
        error_prefix(&fenced.err, "%s", line_of('p', lengths[i]));
        size_t whole = FULL - 10 + lengths[i];
        size_t front = lengths[i] < FULL ? lengths[i] : FULL;
        TAP_INT(strlen(fenced.err.text), whole < FULL ? whole : FULL,
                "prefix keeps what fits");
        TAP_INT(strspn(fenced.err.text, "p"), front, "… the front of it");
        TAP_INT(strspn(fenced.err.text + front, "s"), strlen(fenced.err.text) - front,
                "… and then the sentence");
        TAP_OK(fence_stands(&fenced), "… and nothing is written behind it");
    }
}

int main(void)
{
    sentences();
    set_cuts();
    prefix_cuts();
    return tap_done();
}
