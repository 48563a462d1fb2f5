/*
 * Strings of an array, 64 bytes at a time. One after the other they would be a chain:
 * where a string begins is known when the one before it has ended, some 15 cycles each.
 * Here the quotes of a block are a word of bits, and what is within a string follows from
 * the parity of the quotes before (prefix_xor); a chain is left of one step a block.
 *
 * The idea is that of Langdale and Lemire, "Parsing gigabytes of JSON per second", VLDB
 * Journal 28 (2019), section 3.1, for the only form that is worth it here.
 */
#include "wire/jread_plain.h"

#ifdef __SSE2__

enum { BLOCK_BYTES = 64 };

/* Of a block, a bit a byte. */
struct marks {
    uint64_t quotes, commas;
    uint64_t others; /* what may not be passed over unseen */
};

static inline uint64_t bits(__m128i matches)
{
    return (uint64_t)(unsigned)_mm_movemask_epi8(matches);
}

static inline struct marks marks_of(const char *at)
{
    struct marks marks = {0, 0, 0};
    for (int i = 0; i < BLOCK_BYTES; i += 16) {
        __m128i bytes = _mm_loadu_si128((const __m128i *)(const void *)(at + i));
        __m128i low = _mm_cmplt_epi8(bytes, _mm_set1_epi8(0x20));
        __m128i backslash = _mm_cmpeq_epi8(bytes, _mm_set1_epi8('\\'));
        marks.quotes |= bits(_mm_cmpeq_epi8(bytes, _mm_set1_epi8('"'))) << i;
        marks.commas |= bits(_mm_cmpeq_epi8(bytes, _mm_set1_epi8(','))) << i;
        marks.others |= bits(_mm_or_si128(low, backslash)) << i;
    }
    return marks;
}

/* Bit i is the parity of bits 0 to i. */
static inline uint64_t prefix_xor(uint64_t word)
{
    for (int shift = 1; shift < BLOCK_BYTES; shift *= 2)
        word ^= word << shift;
    return word;
}

/* What a block hands on to the next one. */
struct carry {
    uint64_t inside; /* all bits set: it begins within a string */
    uint64_t comma;  /* 1: with the comma behind a string */
    uint64_t quote;  /* 1: with the quote behind that */
};

/* The bits that are not as `,"text","text"` has them; *closing are the closing quotes.
 * All bits below the first bad one are right. */
static inline uint64_t bad_bits(const struct marks *marks, struct carry *carry,
                                uint64_t *closing)
{
    /* From an opening quote on, up to the closing one and without it. */
    uint64_t inside = prefix_xor(marks->quotes) ^ carry->inside;
    uint64_t opening = marks->quotes & inside;
    *closing = marks->quotes & ~inside;
    uint64_t commas = *closing << 1 | carry->comma;
    uint64_t quotes = commas << 1 | carry->quote;
    carry->inside = (uint64_t)((int64_t)inside >> 63);
    carry->comma = *closing >> 63;
    carry->quote = commas >> 63;
    /* Behind a closing quote stands a comma, and behind that an opening one. */
    return marks->others | (commas & ~marks->commas) | (opening ^ quotes);
}

static const char *skip_blocks(const char *at, const char *end)
{
    struct carry carry = {0, 1, 0};
    const char *good = at; /* behind the last string that is known to be right */
    for (; end - at >= BLOCK_BYTES; at += BLOCK_BYTES) {
        uint64_t closing;
        struct marks marks = marks_of(at);
        uint64_t bad = bad_bits(&marks, &carry, &closing);
        uint64_t before = bad ? (bad & -bad) - 1 : UINT64_MAX;
        closing &= before;
        if (closing)
            good = at + BLOCK_BYTES - __builtin_clzll(closing);
        if (bad)
            return good;
    }
    return good;
}

#else

static const char *skip_blocks(const char *at, const char *end)
{
    (void)end;
    return at;
}

#endif

const char *jread_plain_strings(const char *at, const char *end)
{
    at = skip_blocks(at, end);
    while (end - at > 2 && at[0] == ',' && at[1] == '"') {
        const char *quote = jread_plain(at + 2, end);
        if (quote == end || *quote != '"')
            break;
        at = quote + 1;
    }
    return at;
}
