/*
 * Masked JSON: what comes out is JSON again, masking it once more changes nothing, and a
 * text is refused exactly when the reader refuses it.
 */
#include "fuzz.h"
#include "wire/jmask.h"
#include "wire/jread.h"

static bool is_json(struct str text)
{
    struct jread json;
    jread_init(&json, text);
    return jread_skip(&json) && jread_end(&json);
}

int LLVMFuzzerTestOneInput(const unsigned char *bytes, size_t len)
{
    static const struct jmask mask = {{"a", "b.c", "time"}, 3};
    struct str text = {(const char *)bytes, len};
    struct buf once, twice;
    buf_init(&once, 8 * len + 64);
    buf_init(&twice, 8 * len + 64);
    bool good = jmask_write(&mask, text, &once);
    FUZZ_HOLDS(good == is_json(text));
    if (good) {
        FUZZ_HOLDS(!once.overflow && is_json(buf_str(&once)));
        FUZZ_HOLDS(jmask_write(&mask, buf_str(&once), &twice));
        FUZZ_HOLDS(str_eq(buf_str(&once), buf_str(&twice)));
    }
    buf_fini(&once);
    buf_fini(&twice);
    return 0;
}
