/*
 * digest: SHA-256 (FIPS 180-4) of whole texts, by libcrypto. Names a plan by its content.
 */
#ifndef DRAGSTRIP_SYS_DIGEST_H
#define DRAGSTRIP_SYS_DIGEST_H

#include "base/str.h"

enum { DIGEST_HEX_BYTES = 65 };

/* 64 lower-case hexadecimal digits and NUL; "" when libcrypto refuses. Returns out. */
const char *digest_hex(struct str bytes, char out[DIGEST_HEX_BYTES]);

#endif
