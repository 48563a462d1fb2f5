#include "base/mem.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static void out_of_memory(void)
{
    static const char text[] = "out of memory; free some, or ask for a smaller run\n";
    ssize_t ignored = write(STDERR_FILENO, text, sizeof(text) - 1);
    (void)ignored;
    _exit(1);
}

void *mem_new(size_t count, size_t size)
{
    void *block = calloc(count ? count : 1, size ? size : 1);
    if (!block)
        out_of_memory();
    return block;
}

void *mem_resize(void *block, size_t count, size_t size)
{
    void *moved = reallocarray(block, count ? count : 1, size ? size : 1);
    if (!moved)
        out_of_memory();
    return moved;
}

char *mem_copy_bytes(const char *bytes, size_t len)
{
    char *copy = mem_new(len + 1, 1);
    if (len)
        memcpy(copy, bytes, len);
    return copy;
}

char *mem_copy_text(const char *text)
{
    return mem_copy_bytes(text, strlen(text));
}

char *mem_format(const char *format, ...)
{
    char *text = NULL;
    va_list args;
    va_start(args, format);
    int len = vasprintf(&text, format, args);
    va_end(args);
    if (len < 0)
        out_of_memory();
    return text;
}

void mem_free(void *block)
{
    free(block);
}

void mem_free_constant(const void *block)
{
    void *own;
    memcpy(&own, &block, sizeof(own));
    mem_free(own);
}
