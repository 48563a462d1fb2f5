/*
 * hist_encode: a histogram as text and back, in the format that every HdrHistogram reads
 * (V2, compressed), so that raw results can be checked with tools that are not ours.
 *
 *   base64( cookie | compressed length | zlib( header of 40 bytes | counts ) )
 *
 * Integers of both headers are big endian. Counts stand in index order up to the last
 * that is not 0, as ZigZag LEB128 of at most 9 bytes; -n is a run of n > 1 zeros. Java's
 * encoder ORs 0x10 into both cookies ("word size 9"), and so do all ports; so do we.
 *
 * Decoding takes nothing on trust: every length is checked against the bytes that are
 * there, the inflated size is bounded by what the layout can need (no zip bomb), and the
 * histogram is replaced only when everything was read. Two header fields are ignored:
 * the normalizing offset (counts are written in logical order whatever it is) and the
 * ratio to a double histogram; hdr-histogram-js writes both wrongly and is read here.
 */
#include <assert.h>
#include <string.h>
#include <zlib.h>

#include "base/buf.h"
#include "base/mem.h"
#include "stats/hist.h"

enum {
    OUTER_BYTES = 8,
    HEADER_BYTES = 40,
    LEB_BYTES_MAX = 9,
    DIGITS = 3,
};

static const uint32_t COOKIE_COMPRESSED = 0x1c849304;
static const uint32_t COOKIE_PAYLOAD = 0x1c849303;
static const uint32_t COOKIE_WORD_SIZE = 0x10; /* any value of the mask is read */
static const uint32_t COOKIE_WORD_MASK = 0xf0;
static const uint64_t RATIO_ONE = UINT64_C(0x3ff0000000000000); /* 1.0 */

static size_t payload_max(void)
{
    return HEADER_BYTES + (size_t)HIST_COUNTS_LEN * LEB_BYTES_MAX;
}

/* Big endian. Returns where the next field goes. */
static uint8_t *put(uint8_t *at, uint64_t value, int bytes)
{
    for (int i = bytes - 1; i >= 0; i--)
        *at++ = (uint8_t)(value >> (8 * i));
    return at;
}

static uint64_t get(const uint8_t *at, int bytes)
{
    uint64_t value = 0;
    for (int i = 0; i < bytes; i++)
        value = value << 8 | at[i];
    return value;
}

/* LEB128 whose ninth byte carries eight bits, so that 64 bits never need a tenth. */
static uint8_t *put_count(uint8_t *at, int64_t count)
{
    uint64_t zigzag = (uint64_t)count << 1 ^ (count < 0 ? UINT64_MAX : 0);
    for (int i = 1; i < LEB_BYTES_MAX && zigzag > 0x7f; i++) {
        *at++ = (uint8_t)(zigzag | 0x80);
        zigzag >>= 7;
    }
    *at++ = (uint8_t)zigzag;
    return at;
}

/* Returns the byte after the count, NULL when the bytes end inside of it. */
static const uint8_t *get_count(const uint8_t *at, const uint8_t *end, int64_t *out)
{
    uint64_t zigzag = 0;
    for (int i = 0; i < LEB_BYTES_MAX; i++) {
        if (at == end)
            return NULL;
        bool last = i == LEB_BYTES_MAX - 1 || *at < 0x80;
        zigzag |= (uint64_t)(last ? *at : *at & 0x7f) << (7 * i);
        at++;
        if (last)
            break;
    }
    *out = (int64_t)(zigzag >> 1) ^ -(int64_t)(zigzag & 1);
    return at;
}

/* At least one index is written, as HdrHistogram does for an empty histogram. */
static uint8_t *put_counts(uint8_t *at, const uint64_t *counts)
{
    int32_t limit = HIST_COUNTS_LEN;
    while (limit > 1 && counts[limit - 1] == 0)
        limit--;
    for (int32_t i = 0; i < limit;) {
        int32_t start = i;
        while (i < limit && counts[i] == 0)
            i++;
        if (i - start > 1) {
            at = put_count(at, -(int64_t)(i - start));
        } else {
            assert(counts[start] <= INT64_MAX);
            at = put_count(at, (int64_t)counts[start]);
            i = start + 1;
        }
    }
    return at;
}

/* Returns the length of the payload. */
static size_t put_payload(uint8_t *payload, const struct hist *hist)
{
    uint8_t *end = put_counts(payload + HEADER_BYTES, hist->counts);
    uint8_t *at = put(payload, COOKIE_PAYLOAD | COOKIE_WORD_SIZE, 4);
    at = put(at, (uint64_t)(end - payload) - HEADER_BYTES, 4);
    at = put(at, 0, 4); /* normalizing index offset */
    at = put(at, DIGITS, 4);
    at = put(at, 1, 8); /* lowest discernible value */
    at = put(at, HIST_HIGHEST_NS, 8);
    at = put(at, RATIO_ONE, 8);
    assert(at == payload + HEADER_BYTES);
    return (size_t)(end - payload);
}

static const char BASE64[] =
    "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

/* RFC 4648, section 4. */
static void put_base64(struct buf *out, const uint8_t *bytes, size_t len)
{
    for (size_t i = 0; i < len; i += 3) {
        size_t have = len - i < 3 ? len - i : 3;
        uint32_t group = 0;
        for (size_t j = 0; j < 3; j++)
            group = group << 8 | (j < have ? bytes[i + j] : 0u);
        char text[4];
        for (size_t j = 0; j < 4; j++)
            text[j] = j > have ? '=' : BASE64[group >> (18 - 6 * j) & 63];
        buf_add(out, (struct str){text, sizeof(text)});
    }
}

void hist_encode(const struct hist *hist, struct buf *out)
{
    uint8_t *payload = mem_new(payload_max(), 1);
    size_t payload_len = put_payload(payload, hist);
    uLongf packed_len = compressBound(payload_len);
    uint8_t *packed = mem_new(OUTER_BYTES + packed_len, 1);
    int status = compress(packed + OUTER_BYTES, &packed_len, payload, payload_len);
    assert(status == Z_OK); /* the bound was given; otherwise memory is exhausted */
    (void)status;
    put(put(packed, COOKIE_COMPRESSED | COOKIE_WORD_SIZE, 4), packed_len, 4);
    put_base64(out, packed, OUTER_BYTES + packed_len);
    mem_free(packed);
    mem_free(payload);
}

/* Value of one character, -1 for one that is not of the alphabet. */
static int sextet(char c)
{
    const char *found = c ? strchr(BASE64, c) : NULL;
    return found ? (int)(found - BASE64) : -1;
}

/* The bytes (the caller frees them), NULL when text is not whole padded base64. */
static uint8_t *get_base64(const char *text, size_t *out_len)
{
    size_t len = strlen(text), padding = 0;
    while (padding < 2 && padding < len && text[len - 1 - padding] == '=')
        padding++;
    if (len % 4 != 0)
        return NULL;
    uint8_t *bytes = mem_new(len / 4 * 3, 1);
    for (size_t i = 0; i < len; i += 4) {
        uint32_t group = 0;
        for (size_t j = i; j < i + 4; j++) {
            int value = j >= len - padding ? 0 : sextet(text[j]);
            if (value < 0) {
                mem_free(bytes);
                return NULL;
            }
            group = group << 6 | (uint32_t)value;
        }
        put(bytes + i / 4 * 3, group, 3);
    }
    *out_len = len / 4 * 3 - padding;
    return bytes;
}

/* Inflates into payload[payload_max()]; returns its length, 0 for anything wrong. */
static size_t unpack(uint8_t *payload, const uint8_t *packed, size_t len)
{
    if (len < OUTER_BYTES ||
        (get(packed, 4) & ~(uint64_t)COOKIE_WORD_MASK) != COOKIE_COMPRESSED)
        return 0;
    uLong packed_len = len - OUTER_BYTES, taken = packed_len;
    uLongf payload_len = payload_max();
    if (get(packed + 4, 4) != packed_len)
        return 0;
    int status = uncompress2(payload, &payload_len, packed + OUTER_BYTES, &taken);
    return status == Z_OK && taken == packed_len ? payload_len : 0;
}

static bool header_is_ours(const uint8_t *payload, size_t len)
{
    return len >= HEADER_BYTES &&
           (get(payload, 4) & ~(uint64_t)COOKIE_WORD_MASK) == COOKIE_PAYLOAD &&
           get(payload + 4, 4) == len - HEADER_BYTES && get(payload + 12, 4) == DIGITS &&
           get(payload + 16, 8) == 1;
}

/*
 * Adds count values of one index. Their exact values are not known any more: the bucket's
 * ends bound the minimum and maximum, its middle stands for each in the sum. Indices are
 * added in ascending order. False when the total would overflow.
 */
static bool add_index(struct hist *hist, int32_t index, int64_t count)
{
    if (count == 0)
        return true;
    if (count > INT64_MAX - (int64_t)hist->finite)
        return false;
    int64_t lowest = index > 0 ? hist_index_highest(index - 1) + 1 : 0;
    int64_t highest = hist_index_highest(index);
    int32_t stored = hist_index(lowest); /* lower for indices above our highest value */
    hist->counts[stored] += (uint64_t)count;
    if (hist->finite == 0)
        hist->min_ns = lowest;
    hist->max_ns = highest;
    hist->finite += (uint64_t)count;
    hist->sum_ns += (double)count * (double)(lowest + (highest - lowest + 1) / 2);
    return true;
}

/* hist is empty. */
static bool get_counts(struct hist *hist, const uint8_t *at, const uint8_t *end)
{
    int32_t index = 0;
    while (at != end) {
        int64_t count = 0;
        at = get_count(at, end, &count);
        if (!at || index == HIST_COUNTS_LEN)
            return false;
        if (count < 0) {
            if (count < index - HIST_COUNTS_LEN)
                return false;
            index -= (int32_t)count;
        } else if (!add_index(hist, index++, count)) {
            return false;
        }
    }
    return true;
}

bool hist_decode(struct hist *hist, const char *base64)
{
    size_t packed_len = 0;
    uint8_t *packed = get_base64(base64, &packed_len);
    if (!packed)
        return false;
    uint8_t *payload = mem_new(payload_max(), 1);
    size_t len = unpack(payload, packed, packed_len);
    struct hist read;
    hist_init(&read);
    bool good = header_is_ours(payload, len) &&
                get_counts(&read, payload + HEADER_BYTES, payload + len);
    if (good) {
        hist_fini(hist);
        *hist = read;
    } else {
        hist_fini(&read);
    }
    mem_free(payload);
    mem_free(packed);
    return good;
}
