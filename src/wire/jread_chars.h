/*
 * jread_chars: single characters of JSON strings. Private to src/wire.
 */
#ifndef DRAGSTRIP_WIRE_JREAD_CHARS_H
#define DRAGSTRIP_WIRE_JREAD_CHARS_H

#include "wire/chars.h"

/* Length of the UTF-8 sequence (RFC 3629: shortest form, no surrogates, up to U+10FFFF)
 * at the front of left >= 1 bytes, 0 if it is none. */
size_t jread_utf8_length(const char *at, size_t left);

/* Length of the escape at the front of left >= 1 bytes (6 for \u0041, 12 for a surrogate
 * pair), 0 if it is malformed or half a pair. *code is the character it stands for. */
size_t jread_escape(const char *at, size_t left, uint32_t *code);

#endif
