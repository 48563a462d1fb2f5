/*
 * Accept: any value is a weight or malformed, whichever type is asked for; a range that
 * is read alone is read in a list, too.
 */
#include "fuzz.h"
#include "wire/accept.h"

static int weight_of(struct str value, bool text)
{
    const struct accept_media media =
        text
            ? (struct accept_media){STR("text"), STR("plain"), STR("0.0.4"), STR("utf-8")}
            : (struct accept_media){STR("application"), STR("openmetrics-text"),
                                    STR("1.0.0"), STR("utf-8")};
    int weight = accept_weight(value, &media);
    FUZZ_HOLDS(weight >= ACCEPT_MALFORMED && weight <= ACCEPT_WEIGHT_MAX);
    return weight;
}

int LLVMFuzzerTestOneInput(const unsigned char *bytes, size_t len)
{
    char *text =
        mem_format("%.*s,text/plain;q=0.5", (int)len, len ? (const char *)bytes : "");
    size_t cut = strlen(text) - strlen(",text/plain;q=0.5");
    struct str alone = {text, cut}, listed = str_of(text);
    int weight = weight_of(alone, true);
    FUZZ_HOLDS((weight < 0) == (weight_of(alone, false) < 0));
    if (weight >= 0) {
        int with = weight_of(listed, true);
        FUZZ_HOLDS(with >= 0);
        FUZZ_HOLDS(weight_of(listed, false) == weight_of(alone, false));
    }
    weight_of((struct str){(const char *)bytes, len}, true); /* NULs and all */
    mem_free(text);
    return 0;
}
