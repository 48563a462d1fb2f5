/*
 * chars: classes of bytes that the parsers of this room share. Private to src/wire.
 */
#ifndef DRAGSTRIP_WIRE_CHARS_H
#define DRAGSTRIP_WIRE_CHARS_H

#include "base/str.h"

#include <endian.h>

#ifdef __SSE2__
#include <emmintrin.h>
#endif

/* The byte repeated in all eight places of a word. */
#define CHARS_EIGHT(byte) (UINT64_C(0x0101010101010101) * (byte))

/* Eight bytes as a word whose lowest byte comes first in memory. */
static inline uint64_t chars_load(const char *at)
{
    uint64_t word;
    memcpy(&word, at, sizeof(word));
    return le64toh(word);
}

/*
 * Marks, in bit 7 of each byte, the bytes that are less than `limit` (at most 128), not
 * counting those from 128 on. A borrow can mark a byte too many, but only above one that
 * is rightly marked: "none" is exact, and so is the lowest mark.
 */
static inline uint64_t chars_below(uint64_t word, uint8_t limit)
{
    return (word - CHARS_EIGHT(limit)) & ~word & CHARS_EIGHT(0x80);
}

/* tchar of RFC 9110 5.6.2: ! # $ % & ' * + - . ^ _ ` | ~ digits and letters. */
static inline bool chars_is_token(char c)
{
    static const uint64_t bits[4] = {UINT64_C(0x03ff6cfa00000000),
                                     UINT64_C(0x57ffffffc7fffffe), 0, 0};
    uint8_t byte = (uint8_t)c;
    return bits[byte >> 6] >> (byte & 63) & 1;
}

/* What uri-host [":" port] may hold: unreserved, sub-delims, '%' of RFC 3986 2, and the
 * colon and brackets. */
static inline bool chars_is_host(char c)
{
    static const uint64_t bits[4] = {UINT64_C(0x2fff7ff200000000),
                                     UINT64_C(0x47fffffeaffffffe), 0, 0};
    uint8_t byte = (uint8_t)c;
    return bits[byte >> 6] >> (byte & 63) & 1;
}

/* What no field value may hold (RFC 9110 5.5): controls other than the tab, and DEL. */
static inline bool chars_is_control(char c)
{
    return ((uint8_t)c < 0x20 && c != '\t') || c == 0x7f;
}

#ifdef __SSE2__
/* Those of 16 bytes, a bit each. */
static inline unsigned chars_controls_of_16(const char *at)
{
    __m128i bytes = _mm_loadu_si128((const __m128i *)(const void *)at);
    __m128i low = _mm_cmpeq_epi8(_mm_min_epu8(bytes, _mm_set1_epi8(0x1f)), bytes);
    __m128i tab = _mm_cmpeq_epi8(bytes, _mm_set1_epi8('\t'));
    __m128i del = _mm_cmpeq_epi8(bytes, _mm_set1_epi8(0x7f));
    return (unsigned)_mm_movemask_epi8(_mm_or_si128(_mm_andnot_si128(tab, low), del));
}
#endif

/* The first of them from `at` on, or end. */
static inline const char *chars_find_control(const char *at, const char *end)
{
#ifdef __SSE2__
    while (end - at >= 16) {
        unsigned marks = chars_controls_of_16(at);
        if (marks)
            return at + __builtin_ctz(marks);
        at += 16;
    }
#endif
    while (at < end && !chars_is_control(*at))
        at++;
    return at;
}

/* Value of a hexadecimal digit, -1 for others. */
static inline int chars_hex(char c)
{
    if (c >= '0' && c <= '9')
        return c - '0';
    if (c >= 'a' && c <= 'f')
        return c - 'a' + 10;
    if (c >= 'A' && c <= 'F')
        return c - 'A' + 10;
    return -1;
}

#endif
