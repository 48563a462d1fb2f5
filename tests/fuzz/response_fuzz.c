/*
 * The generator's reading of answers: heads and bodies. However a stream is cut into
 * pieces, the same answers come out of it, and every view lies in the bytes that were
 * given.
 */
#include "fuzz.h"
#include "wire/http.h"

struct reading { /* what came out of a stream */
    int answers, last_status;
    uint64_t payload;  /* bytes of all bodies */
    uint64_t checksum; /* of their content */
    bool bad;
};

static void take_payload(struct reading *reading, struct str data)
{
    reading->payload += data.len;
    for (size_t i = 0; i < data.len; i++)
        reading->checksum = reading->checksum * 31 + (unsigned char)data.ptr[i];
}

/* The body at the front of the stream, in pieces of at most `piece` bytes; how many bytes
 * it took, or the stream's length when it is not over. */
static size_t read_body(struct str stream, size_t piece,
                        const struct http_response *response, struct reading *reading)
{
    struct http_body body;
    size_t at = 0;
    http_body_init(&body, response->framing, response->content_length);
    for (;;) {
        size_t len = stream.len - at < piece ? stream.len - at : piece;
        struct str in = {stream.ptr + at, len}, data = {NULL, 0};
        enum http_status status = http_body_feed(&body, &in, &data);
        FUZZ_HOLDS(in.ptr >= stream.ptr + at && in.ptr + in.len == stream.ptr + at + len);
        FUZZ_HOLDS(data.len == 0 ||
                   (data.ptr >= stream.ptr + at && data.ptr + data.len <= in.ptr));
        take_payload(reading, data);
        at += len - in.len;
        if (status == HTTP_OK) {
            reading->answers++;
            return at;
        }
        reading->bad |= status != HTTP_PARTIAL;
        if (reading->bad || at == stream.len)
            return stream.len;
    }
}

/* The length of the head, found as it grows by `piece` bytes. */
static size_t find_head(struct str stream, size_t piece)
{
    for (size_t seen = 0, len = 0; seen < stream.len; seen = len) {
        len = stream.len - seen < piece ? stream.len : seen + piece;
        size_t head = http_head_length((struct str){stream.ptr, len}, seen);
        FUZZ_HOLDS(head <= len);
        if (head > 0)
            return head;
    }
    return 0;
}

static struct reading read_stream(struct str stream, size_t piece)
{
    struct reading reading = {.bad = false};
    while (stream.len > 0 && !reading.bad) {
        struct http_response response;
        size_t head = find_head(stream, piece);
        if (head == 0)
            break;
        reading.bad =
            http_parse_response((struct str){stream.ptr, head}, &response) != HTTP_OK;
        if (reading.bad)
            break;
        FUZZ_HOLDS(response.status >= 100 && response.status <= 599);
        reading.last_status = response.status;
        stream = (struct str){stream.ptr + head, stream.len - head};
        size_t body = read_body(stream, piece, &response, &reading);
        stream = (struct str){stream.ptr + body, stream.len - body};
    }
    return reading;
}

int LLVMFuzzerTestOneInput(const unsigned char *bytes, size_t len)
{
    struct str stream = {(const char *)bytes, len};
    struct reading whole = read_stream(stream, len ? len : 1);
    for (size_t piece = 1; piece <= 3; piece++) {
        struct reading cut = read_stream(stream, piece);
        FUZZ_HOLDS(cut.answers == whole.answers && cut.last_status == whole.last_status);
        FUZZ_HOLDS(cut.bad == whole.bad);
        FUZZ_HOLDS(whole.bad ||
                   (cut.payload == whole.payload && cut.checksum == whole.checksum));
    }
    return 0;
}
