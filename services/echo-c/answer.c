#include "answer.h"

#include "wire/http.h"

static void put_status_line(struct out *out, int status)
{
    char digits[OUT_U64_DIGITS];
    if (status == 200) {
        out_put(out, STR("HTTP/1.1 200 OK\r\n"));
        return;
    }
    out_put(out, STR("HTTP/1.1 "));
    out_put(out, out_u64((uint64_t)status, digits));
    out_put(out, STR(" "));
    out_put(out, str_of(http_reason(status)));
    out_put(out, STR("\r\n"));
}

void answer_head(struct out *out, const struct stamp *stamp, const struct answer *answer,
                 size_t length)
{
    char digits[OUT_U64_DIGITS];
    put_status_line(out, answer->status);
    out_put(out, (struct str){stamp->date, stamp->date_len});
    out_put(out, answer->type);
    if (answer->allow) {
        out_put(out, STR("Allow: "));
        out_put(out, str_of(answer->allow));
        out_put(out, STR("\r\n"));
    }
    if (answer->life == ANSWER_CLOSE)
        out_put(out, STR("Connection: close\r\n"));
    else if (answer->life == ANSWER_KEEP_ALIVE)
        out_put(out, STR("Connection: keep-alive\r\n"));
    out_put(out, STR("Content-Length: "));
    out_put(out, out_u64(length, digits));
    out_put(out, STR("\r\n\r\n"));
}
