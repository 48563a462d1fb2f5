/*
 * observe: what two texts of metrics pages say about the time between them.
 */
#ifndef DRAGSTRIP_TESTS_OBSERVE_H
#define DRAGSTRIP_TESTS_OBSERVE_H

#include <stdlib.h>

#include "result/observed.h"
#include "tap.h"

static inline struct page observe_read(const char *text)
{
    struct page page;
    struct error err;
    enum prom_format format;
    prom_format_of(STR(""), str_of(text), &format);
    if (!page_read(&page, str_of(text), format, &err)) {
        printf("Bail out! a page of the test is wrong: %s\n", err.text);
        exit(1);
    }
    return page;
}

static inline struct observed observe(const char *before, const char *after,
                                      double seconds, const struct observed_rules *rules)
{
    static const struct observed_rules none;
    struct observed observed;
    struct page first = observe_read(before), second = observe_read(after);
    observed_between(&first, &second, seconds, rules ? rules : &none, &observed);
    page_fini(&first);
    page_fini(&second);
    return observed;
}

/* Whether some note has these words. */
static inline bool observe_says(const struct observed *observed, const char *words)
{
    for (int i = 0; i < observed->note_count; i++) {
        if (strstr(observed->notes[i], words))
            return true;
    }
    return false;
}

static inline void observe_show(const struct observed *observed)
{
    for (int i = 0; i < observed->note_count; i++)
        printf("# note: %s\n", observed->notes[i]);
}

#endif
