#include "result/answers.h"

#include <stdio.h>
#include <string.h>

#include "base/units.h"

const char *const answers_level_names[ANSWERS_LEVELS] = {"any", "status", "length",
                                                         "body"};

/* How one service answers one request form, over its trials. */
struct habit {
    const struct answer *first; /* NULL: never asked */
    bool varies[ANSWERS_LEVELS];
};

static bool is_same(const struct answer *a, const struct answer *b,
                    enum answers_level level)
{
    switch (level) {
    case ANSWERS_STATUS:
        return a->status == b->status;
    case ANSWERS_LENGTH:
        return a->length == b->length;
    case ANSWERS_BODY:
        return strcmp(a->digest, b->digest) == 0;
    case ANSWERS_ANY:
    case ANSWERS_LEVELS:
        break;
    }
    return true;
}

/* The answers that count: of last attempts, and those that came, if any did. */
static bool is_told(const struct trial *trial, int service, int request, bool any_came)
{
    return trial_counts(trial, service) && request < trial->answer_count &&
           (trial->answers[request].status || !any_came);
}

static bool any_came(const struct result *result, int service, int request)
{
    for (int i = 0; i < result->trial_count; i++) {
        if (is_told(&result->trials[i], service, request, true))
            return true;
    }
    return false;
}

static struct habit habit_of(const struct result *result, int service, int request)
{
    struct habit habit = {.first = NULL};
    bool came = any_came(result, service, request);
    for (int i = 0; i < result->trial_count; i++) {
        const struct trial *trial = &result->trials[i];
        if (!is_told(trial, service, request, came))
            continue;
        const struct answer *answer = &trial->answers[request];
        if (!habit.first)
            habit.first = answer;
        for (int level = ANSWERS_STATUS; level < ANSWERS_LEVELS; level++)
            habit.varies[level] |=
                !is_same(habit.first, answer, (enum answers_level)level);
    }
    return habit;
}

/* Whether the service ever gave this answer, as far as the level looks. */
static bool ever_gave(const struct result *result, int service, int request,
                      const struct answer *answer, enum answers_level level)
{
    bool came = any_came(result, service, request);
    for (int i = 0; i < result->trial_count; i++) {
        const struct trial *trial = &result->trials[i];
        if (is_told(trial, service, request, came) &&
            is_same(&trial->answers[request], answer, level))
            return true;
    }
    return false;
}

static int requests_of(const struct result *result, int service)
{
    int most = 0;
    for (int i = 0; i < result->trial_count; i++) {
        const struct trial *trial = &result->trials[i];
        if (trial->service == service && trial->answer_count > most)
            most = trial->answer_count;
    }
    return most;
}

static const char *status_text(int status, char out[16])
{
    if (status)
        snprintf(out, 16, "%d", status);
    else
        snprintf(out, 16, "nothing");
    return out;
}

static void say_difference(const struct result *result, const struct answer *answer,
                           const struct answer *baseline, int request,
                           enum answers_level level, struct service_finding *out)
{
    char ours[UNITS_TEXT_BYTES], theirs[UNITS_TEXT_BYTES];
    const char *name = result->services[result->baseline].name;
    if (level == ANSWERS_STATUS)
        snprintf(out->answers_why, sizeof(out->answers_why),
                 "request form %d is answered with %s, by %s with %s", request + 1,
                 status_text(answer->status, ours), name,
                 status_text(baseline->status, theirs));
    else if (level == ANSWERS_LENGTH)
        snprintf(out->answers_why, sizeof(out->answers_why),
                 "request form %d is answered with %s bytes, by %s with %s", request + 1,
                 units_format_count((double)answer->length, ours), name,
                 units_format_count((double)baseline->length, theirs));
    else
        snprintf(out->answers_why, sizeof(out->answers_why),
                 "the body answered to request form %d is not that of %s", request + 1,
                 name);
    out->answers_differ = true;
}

/*
 * The first level at which they differ. What changes on both sides cannot be compared;
 * where one side is steady, the other must at least have given that answer once.
 */
static void compare_request(const struct result *result, int service, int request,
                            struct service_finding *out)
{
    struct habit ours = habit_of(result, service, request);
    struct habit theirs = habit_of(result, result->baseline, request);
    for (int i = ANSWERS_STATUS; i <= (int)result->answers; i++) {
        enum answers_level level = (enum answers_level)i;
        out->answers_vary |= ours.varies[i];
        if (out->answers_differ || !ours.first || !theirs.first ||
            (ours.varies[i] && theirs.varies[i]))
            continue;
        bool given = theirs.varies[i]
                         ? ever_gave(result, result->baseline, request, ours.first, level)
                         : ever_gave(result, service, request, theirs.first, level);
        if (!given)
            say_difference(result, ours.first, theirs.first, request, level, out);
    }
}

void answers_compare(const struct result *result, int service,
                     struct service_finding *out)
{
    int count = requests_of(result, service);
    for (int request = 0; request < count; request++)
        compare_request(result, service, request, out);
}
