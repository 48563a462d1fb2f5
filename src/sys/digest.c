#include "sys/digest.h"

#include <openssl/evp.h>
#include <stdio.h>

const char *digest_hex(struct str bytes, char out[DIGEST_HEX_BYTES])
{
    unsigned char digest[EVP_MAX_MD_SIZE];
    unsigned len = 0;
    out[0] = '\0';
    if (EVP_Digest(bytes.ptr, bytes.len, digest, &len, EVP_sha256(), NULL) != 1)
        return out;
    for (unsigned i = 0; i < len && 2 * i + 2 < DIGEST_HEX_BYTES; i++)
        snprintf(out + 2 * i, 3, "%02x", digest[i]);
    return out;
}
