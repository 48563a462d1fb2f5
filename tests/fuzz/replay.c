/* Runs a fuzz target over the files that are named: no fuzzer is needed for that. */
#include "base/buf.h"
#include "fuzz.h"
#include "sys/file.h"

enum { FILE_MAX = 1 << 20 };

int main(int argc, char **argv)
{
    for (int i = 1; i < argc; i++) {
        struct buf bytes;
        struct error err;
        buf_init(&bytes, FILE_MAX);
        if (!file_read(argv[i], &bytes, &err)) {
            fprintf(stderr, "%s\n", err.text);
            return 1;
        }
        struct str all = buf_str(&bytes);
        LLVMFuzzerTestOneInput((const unsigned char *)all.ptr, all.len);
        buf_fini(&bytes);
    }
    printf("%d inputs\n", argc - 1);
    return argc > 1 ? 0 : 1;
}
