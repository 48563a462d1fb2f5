/*
 * jread_plain: runs of characters of JSON strings that need no look: all but the quote,
 * the backslash, controls, and bytes from 128 on. 16 bytes at a time where there is SSE2,
 * otherwise eight. Private to src/wire.
 */
#ifndef DRAGSTRIP_WIRE_JREAD_PLAIN_H
#define DRAGSTRIP_WIRE_JREAD_PLAIN_H

#include "wire/chars.h"

/*
 * Marks, in bit 7 of each byte, what needs a look. A borrow can mark a byte too many, but
 * only above one that is rightly marked: "none" is exact, and so is the lowest mark.
 */
static inline uint64_t jread_specials_of_8(uint64_t word)
{
    return ((word - CHARS_EIGHT(0x20)) | ((word ^ CHARS_EIGHT('"')) - CHARS_EIGHT(1)) |
            ((word ^ CHARS_EIGHT('\\')) - CHARS_EIGHT(1)) | word) &
           CHARS_EIGHT(0x80);
}

#ifdef __SSE2__
/* The same of 16 bytes, a bit each, all of them exact. As signed numbers the bytes from
 * 128 on are below the space, too. */
static inline unsigned jread_specials_of_16(const char *at)
{
    __m128i bytes = _mm_loadu_si128((const __m128i *)(const void *)at);
    __m128i low = _mm_cmplt_epi8(bytes, _mm_set1_epi8(0x20));
    __m128i quote = _mm_cmpeq_epi8(bytes, _mm_set1_epi8('"'));
    __m128i backslash = _mm_cmpeq_epi8(bytes, _mm_set1_epi8('\\'));
    return (unsigned)_mm_movemask_epi8(_mm_or_si128(low, _mm_or_si128(quote, backslash)));
}
#endif

/* The first character from `at` on that needs a look, or end. */
static inline const char *jread_plain(const char *at, const char *end)
{
#ifdef __SSE2__
    while (end - at >= 16) {
        unsigned marks = jread_specials_of_16(at);
        if (marks)
            return at + __builtin_ctz(marks);
        at += 16;
    }
#endif
    while (end - at >= 8) {
        uint64_t marks = jread_specials_of_8(chars_load(at));
        if (marks)
            return at + __builtin_ctzll(marks) / 8;
        at += 8;
    }
    while (at < end && (uint8_t)*at >= 0x20 && (uint8_t)*at < 0x80 && *at != '"' &&
           *at != '\\')
        at++;
    return at;
}

/* `at` is behind a string's closing quote: past all strings that follow as `,"text"`,
 * with plain characters and no white space. */
const char *jread_plain_strings(const char *at, const char *end);

#endif
