#include "run/ask.h"

#include "base/mem.h"
#include "run/fetch.h"
#include "sys/digest.h"

/* The body with its masked values left out; as it is when it is not JSON. */
static struct str masked(const struct jmask *mask, struct str body, struct buf *scratch)
{
    if (mask->count == 0 || !jmask_write(mask, body, scratch))
        return body;
    return buf_str(scratch);
}

static bool ask(const struct target *target, const struct requests *requests, int i,
                const struct jmask *mask, int64_t timeout_ns, struct answer *out)
{
    struct buf body, scratch;
    struct error why;
    struct fetched head;
    buf_init(&body, EXPECT_BODY_MAX);
    buf_init(&scratch, EXPECT_BODY_MAX);
    bool answered = fetch_exchange(target, buf_str(&requests->items[i]),
                                   requests->head_method, timeout_ns, &head, &body, &why);
    if (answered) {
        out->status = head.status;
        struct str kept = masked(mask, buf_str(&body), &scratch);
        out->length = kept.len;
        digest_hex(kept, out->digest);
    }
    buf_fini(&scratch);
    buf_fini(&body);
    return answered;
}

void ask_all(const struct generate_spec *spec, const struct target *target,
             const struct jmask *mask, struct trial *out)
{
    struct requests requests;
    struct error why;
    if (!generate_requests(spec, target, &requests, &why))
        return; /* the generator will refuse the same, and say so */
    out->answers = mem_new((size_t)requests.count, sizeof(*out->answers));
    bool answered = true;
    while (answered && out->answer_count < requests.count) {
        int i = out->answer_count++;
        answered = ask(target, &requests, i, mask, spec->timeout_ns, &out->answers[i]);
    }
    requests_fini(&requests);
}
