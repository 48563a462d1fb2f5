/*
 * mem: the only place that calls the allocator. These functions do not fail: when memory
 * is exhausted they print one line to stderr and exit with status 1, because no caller
 * of a benchmark can do better, and nothing is allocated while a measurement runs.
 */
#ifndef DRAGSTRIP_BASE_MEM_H
#define DRAGSTRIP_BASE_MEM_H

#include <stddef.h>

/* count * size zeroed bytes; the caller frees with mem_free. */
void *mem_new(size_t count, size_t size);

/* Grows or shrinks a block of mem_new; new bytes are not zeroed. */
void *mem_resize(void *block, size_t count, size_t size);

/* A NUL-terminated copy of text or of len bytes. */
char *mem_copy_text(const char *text);
char *mem_copy_bytes(const char *bytes, size_t len);

/* Formatted text on the heap. */
char *mem_format(const char *format, ...) __attribute__((format(printf, 1, 2)));

/* NULL is allowed. */
void mem_free(void *block);

/* A block that the one who asked for it shows to others as constant. */
void mem_free_constant(const void *block);

#endif
