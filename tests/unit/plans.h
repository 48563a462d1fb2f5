/*
 * plans: plans as texts: what a good one becomes, and the sentence for a bad one.
 */
#ifndef DRAGSTRIP_TESTS_PLANS_H
#define DRAGSTRIP_TESTS_PLANS_H

#include "run/plan.h"
#include "scratch.h"

/* The smallest plan, around what a row puts into it. */
#define SERVICE "services:\n  a:\n    url: http://127.0.0.1:1/\n"
#define LOAD "load:\n  rate: 10\n"
#define A_URL "    url: http://127.0.0.1:1/\n"

struct bad {
    const char *text;
    int line; /* 0: the sentence names none */
    /* {folder} stands for the plan's; with … at the end it is the sentence's beginning */
    const char *sentence;
};

/* Reads the text as FOLDER/plan.yaml; the file is gone afterwards. */
static inline bool read_text(const char *text, struct plan *out, struct error *err)
{
    char *path = scratch_path("plan.yaml");
    *err = (struct error){""};
    scratch_write("plan.yaml", str_of(text));
    bool good = plan_read(path, NULL, out, err);
    remove(path);
    mem_free(path);
    return good;
}

/* A plan that must be good; the program ends when it is not. */
static inline struct plan good_plan(const char *text)
{
    struct plan plan;
    struct error err;
    if (!read_text(text, &plan, &err)) {
        printf("Bail out! %s\n", err.text);
        scratch_fini();
        exit(1);
    }
    return plan;
}

static inline void check_list(const struct plan_list *list, const char *const *items,
                              const char *what)
{
    int count = 0;
    while (items[count])
        count++;
    TAP_INT(list->count, count, what);
    for (int i = 0; i < count && i < list->count; i++)
        TAP_TEXT(list->items[i], items[i], what);
    TAP_OK(list->items[list->count] == NULL, "%s: ends with NULL", what);
}

/* On the heap: FOLDER/plan.yaml:LINE: sentence. */
static inline char *expected_sentence(const struct bad *bad)
{
    static const char mark[] = "{folder}";
    const char *at = strstr(bad->sentence, mark);
    int before = at ? (int)(at - bad->sentence) : (int)strlen(bad->sentence);
    char place[16] = "";
    if (bad->line)
        snprintf(place, sizeof(place), ":%d", bad->line);
    return mem_format("%s/plan.yaml%s: %.*s%s%s", scratch_folder, place, before,
                      bad->sentence, at ? scratch_folder : "",
                      at ? at + sizeof(mark) - 1 : "");
}

static inline void check_bad(const struct bad *bad)
{
    struct plan plan, untouched;
    struct error err;
    memset(&plan, 0x5a, sizeof(plan));
    memset(&untouched, 0x5a, sizeof(untouched));
    if (!TAP_OK(!read_text(bad->text, &plan, &err), "refused: %s", bad->sentence)) {
        plan_fini(&plan);
        return;
    }
    char *expected = expected_sentence(bad);
    size_t len = strlen(expected), mark = strlen("…");
    if (len > mark && strcmp(expected + len - mark, "…") == 0) {
        expected[len - mark] = '\0';
        err.text[len - mark] = '\0';
    }
    TAP_TEXT(err.text, expected, "… in these words");
    if (memcmp(&plan, &untouched, sizeof(plan)) != 0)
        TAP_OK(false, "… and the plan is untouched");
    mem_free(expected);
}

#define CHECK_ALL(rows)                                                                  \
    for (size_t i = 0; i < sizeof(rows) / sizeof((rows)[0]); i++)                        \
    check_bad(&(rows)[i])

#endif
