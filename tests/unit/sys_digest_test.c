/* SHA-256 against the examples of FIPS 180-4 and of NIST's test vectors. */
#include <stdlib.h>

#include "sys/digest.h"
#include "tap.h"

static void known_answers(void)
{
    static const struct {
        const char *what;
        struct str bytes;
        const char *digest;
    } cases[] = {
        {"nothing",
         {"", 0},
         "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"},
        {"no address either",
         {NULL, 0},
         "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"},
        {"abc",
         {"abc", 3},
         "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"},
        {"448 bits: padding takes a block of its own",
         {"abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq", 56},
         "248d6a61d20638b8e5c026930c3e6039a33ce45964ff2167f6ecedd419db06c1"},
        {"one byte above 127",
         {"\xbd", 1},
         "68325720aabd7c82f30f554b313d0570c95accbb7dc4b5aae11204c08ffe732b"},
        {"four NUL bytes",
         {"\0\0\0\0", 4},
         "df3f619804a92fdb4057192dc43dd748ea778adc52bc498ce80524c014b81119"},
    };
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        char hex[DIGEST_HEX_BYTES];
        TAP_OK(digest_hex(cases[i].bytes, hex) == hex, "returns its place");
        TAP_TEXT(hex, cases[i].digest, cases[i].what);
    }
}

static void million(void)
{
    enum { COUNT = 1000000 };
    char *bytes = malloc(COUNT), hex[DIGEST_HEX_BYTES];
    memset(bytes, 'a', COUNT);
    TAP_TEXT(digest_hex((struct str){bytes, COUNT}, hex),
             "cdc76e5c9914fb9281a1c7e284d73e67f1809a48a497200e046d39ccc7112cd0",
             "a million times a");
    free(bytes);
}

int main(void)
{
    known_answers();
    million();
    return tap_done();
}
