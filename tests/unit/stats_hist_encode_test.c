/*
 * The V2 encoding: known answers of other implementations, round trips, hostile input.
 * Packed bytes are compared after inflating: deflate's output differs between zlibs.
 */
#include <stdint.h>
#include <stdlib.h>
#include <zlib.h>

#include "base/buf.h"
#include "stats/hist.h"
#include "stats/rng.h"
#include "tap.h"

enum { TEXT_MAX = 1 << 20, BYTES_MAX = 1 << 20 };

/* What the known answers below hold. */
static const struct {
    int64_t value;
    int count;
} RECORDED[] = {
    {0, 1},    {1, 2},           {1000, 300},    {2047, 1},
    {2048, 5}, {1000000, 70000}, {123456789, 1}, {HIST_HIGHEST_NS, 2},
};
enum { RECORDED_LEN = sizeof(RECORDED) / sizeof(RECORDED[0]) };

/* Written by hdr-histogram-js 3 (which puts 1 into two header fields) and by hdrh 0.10
 * for Python, and the latter's payload. */
static const char JAVASCRIPT[] = "HISTFAAAAD14nJNpmSzMwMAgzsDAwMjAwMDMAAGMDAzMbgY7FjDA+E"
                                 "wsp/lvsKwWYOLa38f44CjHxzym+28YWQDyBQvk";
static const char PYTHON[] = "HISTFAAAADl4nJNpmSzMwMAgzgABzFCaEch0M9ixgMH+A0SAieU0/w2W1Q"
                             "JMXPv7GB8c5fiYx3T/DSMLABWJDRE=";
static const uint8_t PAYLOAD[] = {
    0x1c, 0x84, 0x93, 0x13, 0,    0,    0,    0x17, 0,    0,    0,    0,    0,
    0,    0,    3,    0,    0,    0,    0,    0,    0,    0,    1,    0,    0,
    0x03, 0x46, 0x30, 0xb8, 0xa0, 0,    0x3f, 0xf0, 0,    0,    0,    0,    0,
    0,    0x02, 0x04, 0xcb, 0x0f, 0xd8, 0x04, 0xab, 0x10, 0x02, 0x0a, 0xbf, 0x8e,
    0x01, 0xe0, 0xc5, 0x08, 0xf1, 0x6e, 0x02, 0xdf, 0xec, 0x01, 0x04,
};
enum { HEADER_BYTES = 40 };

static const char ALPHABET[] =
    "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

/* A second implementation of base64, by bits. */
static void to_base64(const uint8_t *bytes, size_t len, char *text)
{
    size_t bits = len * 8, count = 0;
    for (size_t bit = 0; bit < bits; bit += 6) {
        int value = 0;
        for (size_t b = bit; b < bit + 6; b++)
            value = value * 2 + (b < bits ? bytes[b / 8] >> (7 - b % 8) & 1 : 0);
        text[count++] = ALPHABET[value];
    }
    while (count % 4 != 0)
        text[count++] = '=';
    text[count] = '\0';
}

static size_t from_base64(const char *text, uint8_t *bytes)
{
    size_t bit = 0;
    memset(bytes, 0, strlen(text));
    for (; *text && *text != '='; text++) {
        int value = (int)(strchr(ALPHABET, *text) - ALPHABET);
        for (int b = 5; b >= 0; b--, bit++)
            bytes[bit / 8] |= (uint8_t)((value >> b & 1) << (7 - bit % 8));
    }
    return bit / 8;
}

/* The text whose inflated payload is the given one. */
static const char *wrapped(const uint8_t *payload, size_t len)
{
    static uint8_t packed[BYTES_MAX];
    static char text[TEXT_MAX * 2];
    uLongf packed_len = sizeof(packed) - 8;
    compress(packed + 8, &packed_len, payload, len);
    static const uint8_t cookie[] = {0x1c, 0x84, 0x93, 0x14};
    memcpy(packed, cookie, sizeof(cookie));
    for (int i = 0; i < 4; i++)
        packed[4 + i] = (uint8_t)(packed_len >> (24 - 8 * i));
    to_base64(packed, packed_len + 8, text);
    return text;
}

/* PAYLOAD's header with other counts; patches the payload's length. */
static const char *wrapped_counts(const uint8_t *counts, size_t len)
{
    static uint8_t payload[BYTES_MAX];
    memcpy(payload, PAYLOAD, HEADER_BYTES);
    memcpy(payload + HEADER_BYTES, counts, len);
    for (int i = 0; i < 4; i++)
        payload[4 + i] = (uint8_t)(len >> (24 - 8 * i));
    return wrapped(payload, HEADER_BYTES + len);
}

static void record_all(struct hist *hist)
{
    for (int i = 0; i < RECORDED_LEN; i++) {
        for (int j = 0; j < RECORDED[i].count; j++)
            hist_record(hist, RECORDED[i].value);
    }
}

static bool same_counts(const struct hist *a, const struct hist *b)
{
    return a->finite == b->finite &&
           memcmp(a->counts, b->counts, (size_t)HIST_COUNTS_LEN * sizeof(*a->counts)) ==
               0;
}

static void known_answers(void)
{
    struct hist ours, theirs = {0};
    struct buf text;
    static uint8_t bytes[BYTES_MAX], payload[BYTES_MAX];
    hist_init(&ours);
    record_all(&ours);
    hist_record_infinite(&ours);
    buf_init(&text, TEXT_MAX);
    hist_encode(&ours, &text);
    TAP_OK(strncmp(buf_text(&text), "HISTFAAAA", 9) == 0, "begins as they all do");
    size_t len = from_base64(buf_text(&text), bytes);
    uLongf payload_len = sizeof(payload);
    TAP_INT(bytes[6] << 8 | bytes[7], len - 8, "compressed length");
    TAP_INT(uncompress(payload, &payload_len, bytes + 8, len - 8), Z_OK, "inflates");
    TAP_OK(payload_len == sizeof(PAYLOAD) && memcmp(payload, PAYLOAD, payload_len) == 0,
           "encoded byte for byte as the Python implementation does");
    TAP_OK(hist_decode(&theirs, PYTHON) && same_counts(&ours, &theirs), "from Python");
    TAP_INT(theirs.infinite, 0, "infinite ones are not in the format");
    hist_record_infinite(&theirs);
    TAP_OK(hist_decode(&theirs, JAVASCRIPT) && same_counts(&ours, &theirs),
           "from JavaScript, over an old content");
    TAP_INT(theirs.infinite, 0, "the old content is gone");
    TAP_INT(theirs.min_ns, 0, "minimum: low end of the first bucket");
    TAP_INT(theirs.max_ns, 3601330077695, "maximum: high end of the last bucket");
    TAP_NEAR(theirs.sum_ns / ours.sum_ns, 1, 1e-3, "sum: middles of the buckets");
    buf_fini(&text);
    hist_fini(&ours);
    hist_fini(&theirs);
}

/* Encodes and decodes; the text is left in *text. */
static bool round_trip(const struct hist *hist, struct buf *text)
{
    struct hist back = {0};
    buf_clear(text);
    hist_encode(hist, text);
    bool good =
        !text->overflow && hist_decode(&back, buf_text(text)) &&
        same_counts(hist, &back) &&
        (hist->finite == 0 || (hist_index(back.min_ns) == hist_index(hist->min_ns) &&
                               hist_index(back.max_ns) == hist_index(hist->max_ns)));
    hist_fini(&back);
    return good;
}

static void round_trips(void)
{
    struct hist hist;
    struct buf text;
    struct rng rng;
    hist_init(&hist);
    buf_init(&text, TEXT_MAX);
    rng_init(&rng, 3, 0);
    TAP_OK(round_trip(&hist, &text), "empty");
    hist_record(&hist, 1);
    TAP_OK(round_trip(&hist, &text), "one value");
    hist_record(&hist, 3);
    TAP_OK(round_trip(&hist, &text), "a single zero between");
    hist.counts[3] = INT64_MAX - 1;
    hist.finite = INT64_MAX;
    TAP_OK(round_trip(&hist, &text), "nine bytes of count");
    hist_clear(&hist);
    bool good = true;
    for (int i = 0; i < 60; i++) { /* sparse at first, then every index */
        for (int j = 0; j < 1 << i / 4; j++)
            hist_record(&hist, (int64_t)exp(rng_uniform(&rng) * 28.91));
        good = good && round_trip(&hist, &text);
    }
    TAP_OK(good, "random ones");
    for (int32_t i = 0; i <= hist_index(HIST_HIGHEST_NS); i++) {
        hist.counts[i] += UINT64_C(1) << i % 45;
        hist.finite += UINT64_C(1) << i % 45;
    }
    hist.min_ns = 0;
    hist.max_ns = HIST_HIGHEST_NS;
    TAP_OK(round_trip(&hist, &text), "every index, all sizes of count");
    buf_fini(&text);
    hist_fini(&hist);
}

/* Refused, and what was there before untouched. */
static bool refused(const char *text)
{
    struct hist hist;
    hist_init(&hist);
    hist_record(&hist, 42);
    bool good =
        !hist_decode(&hist, text) && hist.finite == 1 && hist_quantile(&hist, 1) == 42;
    hist_fini(&hist);
    return good;
}

static void broken_text(void)
{
    char text[sizeof(PYTHON)];
    bool good = true;
    for (size_t len = 0; len < sizeof(PYTHON) - 1; len++) {
        memcpy(text, PYTHON, len);
        text[len] = '\0';
        good = good && refused(text);
    }
    TAP_OK(good, "every truncation");
    good = true;
    for (size_t i = 0; i < sizeof(PYTHON) - 1; i++) {
        for (const char *c = "-=\n \x80"; *c; c++) {
            memcpy(text, PYTHON, sizeof(PYTHON));
            text[i] = *c;
            good = good && (strcmp(text, PYTHON) == 0 || refused(text));
        }
    }
    TAP_OK(good, "characters that are not base64");
    TAP_OK(refused("===="), "padding only");
    TAP_OK(refused("HISTFAAAAAA="), "nothing compressed");
}

static void broken_headers(void)
{
    static const struct {
        size_t offset;
        uint8_t value;
        const char *what;
    } cases[] = {
        {0, 0x1d, "payload cookie"},        {3, 0x14, "cookie of another level"},
        {7, 0x16, "payload length, short"}, {7, 0x18, "payload length, long"},
        {4, 0xff, "payload length, huge"},  {15, 2, "two digits"},
        {12, 0x80, "many digits"},          {23, 2, "lowest value 2"},
        {23, 0, "lowest value 0"},          {16, 0x80, "lowest value huge"},
    };
    uint8_t payload[sizeof(PAYLOAD)];
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        memcpy(payload, PAYLOAD, sizeof(PAYLOAD));
        payload[cases[i].offset] = cases[i].value;
        TAP_OK(refused(wrapped(payload, sizeof(payload))), "%s", cases[i].what);
    }
    TAP_OK(refused(wrapped(PAYLOAD, 39)), "short header");
    TAP_OK(!refused(wrapped(PAYLOAD, sizeof(PAYLOAD))), "unbroken, it is taken");

    uint8_t packed[256];
    char text[512];
    size_t len = from_base64(PYTHON, packed);
    packed[3] = 0x13;
    to_base64(packed, len, text);
    TAP_OK(refused(text), "outer cookie");
    packed[3] = 0x04;
    to_base64(packed, len, text);
    TAP_OK(!refused(text), "outer cookie without a word size is taken");
    packed[7]++;
    to_base64(packed, len, text);
    TAP_OK(refused(text), "compressed length too long");
    packed[7] = (uint8_t)(packed[7] - 2);
    to_base64(packed, len, text);
    TAP_OK(refused(text), "compressed length too short");
    packed[7] = (uint8_t)(packed[7] + 2);
    packed[len] = 0;
    to_base64(packed, len + 1, text);
    TAP_OK(refused(text), "bytes after the compressed ones");
    packed[len - 1] ^= 1;
    to_base64(packed, len, text);
    TAP_OK(refused(text), "checksum of the compressed bytes");
}

static void broken_counts(void)
{
    static const struct {
        uint8_t bytes[12];
        size_t len;
        bool taken;
        const char *what;
    } cases[] = {
        {{0x02}, 1, true, "one count"},
        {{0x80}, 1, false, "ends inside of a count"},
        {{2, 255, 255, 255, 255, 255, 255, 255, 255}, 9, false, "ends before the ninth"},
        {{254, 255, 255, 255, 255, 255, 255, 255, 255}, 9, true, "largest count"},
        {{254, 255, 255, 255, 255, 255, 255, 255, 255, 2}, 10, false, "total overflows"},
        {{255, 255, 255, 255, 255, 255, 255, 255, 255}, 9, false, "longest run of zeros"},
        {{0xff, 0x8f, 0x04}, 3, true, "run of zeros to the end"},
        {{0x81, 0x90, 0x04}, 3, false, "run of zeros beyond the end"},
        {{0xff, 0x8f, 0x04, 0x02}, 4, false, "a count beyond the end"},
        {{0xff, 0x8f, 0x04, 0x01}, 4, false, "a run beyond the end"},
        {{0xfd, 0x8f, 0x04, 0x02}, 4, true, "a count at the end"},
        {{0x02, 0xff, 0x8f, 0x04}, 4, false, "a run from 1 beyond the end"},
    };
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        const char *text = wrapped_counts(cases[i].bytes, cases[i].len);
        TAP_OK(refused(text) == !cases[i].taken, "%s", cases[i].what);
    }
    static uint8_t zeros[BYTES_MAX / 2];
    TAP_OK(refused(wrapped_counts(zeros, 33793)), "one index too many");
    TAP_OK(!refused(wrapped_counts(zeros, 33792)), "as many as there are");
    TAP_OK(refused(wrapped_counts(zeros, sizeof(zeros))), "inflates beyond any layout");
}

static void beyond_our_highest(void)
{
    /* 33,791 zeros, then 1: the last index of the array, above our highest value. */
    static const uint8_t counts[] = {0xfd, 0x8f, 0x04, 0x02};
    struct hist hist = {0};
    TAP_OK(hist_decode(&hist, wrapped_counts(counts, sizeof(counts))), "decoded");
    TAP_INT(hist.counts[hist_index(HIST_HIGHEST_NS)], 1, "in the bucket of the highest");
    TAP_INT(hist_quantile(&hist, 1), (INT64_C(1) << 42) - 1, "with its own maximum");
    hist_fini(&hist);
}

/* Random damage inside of the compressed layer: no crash (sanitizers), counts coherent.
 */
static void random_damage(void)
{
    uint8_t payload[sizeof(PAYLOAD)];
    struct rng rng;
    bool good = true;
    int taken = 0;
    rng_init(&rng, 4, 0);
    for (int i = 0; i < 5000; i++) {
        struct hist hist = {0};
        memcpy(payload, PAYLOAD, sizeof(PAYLOAD));
        for (uint64_t j = rng_below(&rng, 4) + 1; j > 0; j--) {
            uint64_t at = HEADER_BYTES + rng_below(&rng, sizeof(payload) - HEADER_BYTES);
            payload[at] = (uint8_t)rng_next(&rng);
        }
        if (hist_decode(&hist, wrapped(payload, sizeof(payload)))) {
            uint64_t sum = 0;
            for (int32_t k = 0; k < HIST_COUNTS_LEN; k++)
                sum += hist.counts[k];
            good = good && sum == hist.finite && hist_quantile(&hist, 1) == hist.max_ns;
            taken++;
        }
        hist_fini(&hist);
    }
    TAP_OK(good && taken > 100 && taken < 4900, "random damage, %d times readable",
           taken);
}

int main(void)
{
    known_answers();
    round_trips();
    broken_text();
    broken_headers();
    broken_counts();
    beyond_our_highest();
    random_damage();
    return tap_done();
}
