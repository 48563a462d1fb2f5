/* Characters of strings: validated by the reader, unescaped for comparisons, written. */
#include "wire/jread_chars.h"

#include "wire/jread.h"

/* Table 3-7 of the Unicode standard: the second byte's range depends on the first. */
size_t jread_utf8_length(const char *at, size_t left)
{
    uint8_t lead = (uint8_t)at[0];
    if (lead < 0x80)
        return 1;
    if (lead < 0xc2 || lead > 0xf4)
        return 0;
    size_t len = lead < 0xe0 ? 2 : lead < 0xf0 ? 3 : 4;
    uint8_t low = lead == 0xe0 ? 0xa0 : lead == 0xf0 ? 0x90 : 0x80;
    uint8_t high = lead == 0xed ? 0x9f : lead == 0xf4 ? 0x8f : 0xbf;
    if (left < len || (uint8_t)at[1] < low || (uint8_t)at[1] > high)
        return 0;
    for (size_t i = 2; i < len; i++) {
        if (((uint8_t)at[i] & 0xc0) != 0x80)
            return 0;
    }
    return len;
}

/* The four digits of \uXXXX; false when it is not that. */
static bool unit(const char *at, size_t left, uint32_t *out)
{
    uint32_t value = 0;
    if (left < 6 || at[0] != '\\' || at[1] != 'u')
        return false;
    for (int i = 2; i < 6; i++) {
        int digit = chars_hex(at[i]);
        if (digit < 0)
            return false;
        value = value << 4 | (uint32_t)digit;
    }
    *out = value;
    return true;
}

static size_t unicode_escape(const char *at, size_t left, uint32_t *code)
{
    uint32_t high, low;
    if (!unit(at, left, &high))
        return 0;
    *code = high;
    if (high < 0xd800 || high > 0xdfff)
        return 6;
    if (high > 0xdbff || !unit(at + 6, left - 6, &low) || low < 0xdc00 || low > 0xdfff)
        return 0;
    *code = 0x10000 + ((high - 0xd800) << 10) + (low - 0xdc00);
    return 12;
}

size_t jread_escape(const char *at, size_t left, uint32_t *code)
{
    static const char letters[] = "\"\\/bfnrt", values[] = "\"\\/\b\f\n\r\t";
    if (left < 2)
        return 0;
    if (at[1] == 'u')
        return unicode_escape(at, left, code);
    const char *found = memchr(letters, at[1], sizeof(letters) - 1);
    if (!found)
        return 0;
    *code = (uint8_t)values[found - letters];
    return 2;
}

static size_t encode_utf8(uint32_t code, char out[4])
{
    if (code < 0x80) {
        out[0] = (char)code;
        return 1;
    }
    size_t len = code < 0x800 ? 2 : code < 0x10000 ? 3 : 4;
    static const uint8_t leads[] = {0, 0, 0xc0, 0xe0, 0xf0};
    for (size_t i = len - 1; i > 0; i--) {
        out[i] = (char)(0x80 | (code & 0x3f));
        code >>= 6;
    }
    out[0] = (char)(leads[len] | code);
    return len;
}

bool jread_raw_equals(struct str raw, struct str text)
{
    size_t at = 0, done = 0;
    if (raw.len == 0 || !memchr(raw.ptr, '\\', raw.len))
        return str_eq(raw, text);
    while (at < raw.len) {
        char bytes[4] = {raw.ptr[at]};
        size_t len = 1, step = 1;
        if (raw.ptr[at] == '\\') {
            uint32_t code = 0;
            step = jread_escape(raw.ptr + at, raw.len - at, &code);
            len = encode_utf8(code, bytes);
        }
        if (step == 0 || text.len - done < len ||
            memcmp(text.ptr + done, bytes, len) != 0)
            return false;
        at += step;
        done += len;
    }
    return done == text.len;
}

/* How a byte is written within a string: the text in out, its length returned. */
static size_t escape_byte(char c, char out[6])
{
    static const char plain[] = "\"\\\b\f\n\r\t", letters[] = "\"\\bfnrt";
    static const char digits[] = "0123456789abcdef";
    const char *found = memchr(plain, c, sizeof(plain) - 1);
    if (found) {
        out[0] = '\\';
        out[1] = letters[found - plain];
        return 2;
    }
    if ((uint8_t)c < 0x20) {
        memcpy(out, "\\u00", 4);
        out[4] = digits[(uint8_t)c >> 4];
        out[5] = digits[(uint8_t)c & 15];
        return 6;
    }
    out[0] = c;
    return 1;
}

size_t jread_write_string(char *out, size_t size, struct str text)
{
    size_t len = 1;
    if (size < 2)
        return 0;
    out[0] = '"';
    for (size_t i = 0; i < text.len; i++) {
        char bytes[6];
        size_t n = escape_byte(text.ptr[i], bytes);
        if (size - len < n + 1)
            return 0;
        memcpy(out + len, bytes, n);
        len += n;
    }
    out[len] = '"';
    return len + 1;
}
