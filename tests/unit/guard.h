/*
 * guard: lays bytes against a page that cannot be touched, so that reading or writing one
 * byte too many is a crash at that instruction. Between two such pages lies the room:
 *
 *     | untouchable |first ... room ...| untouchable |
 *
 * GUARD_BEHIND puts the last byte at the end of the room and finds what runs past the end
 * (of empty bytes: any access at all), GUARD_AHEAD the first byte at its start.
 *
 * Also here, as every test of a parser wants them: lists of inputs in one text, and
 * inputs as a line of TAP can show them.
 */
#ifndef DRAGSTRIP_TESTS_GUARD_H
#define DRAGSTRIP_TESTS_GUARD_H

#include "base/str.h"

#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <unistd.h>

enum guard_edge { GUARD_AHEAD, GUARD_BEHIND, GUARD_EDGES };

struct guard {
    char *first;
    size_t room; /* whole pages */
};

static inline size_t guard_page(void)
{
    return (size_t)sysconf(_SC_PAGESIZE);
}

/* room_bytes is rounded up to pages. */
static inline void guard_init(struct guard *guard, size_t room_bytes)
{
    size_t page = guard_page();
    guard->room = (room_bytes + page - 1) / page * page;
    char *map =
        mmap(NULL, guard->room + 2 * page, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (map == MAP_FAILED ||
        mprotect(map + page, guard->room, PROT_READ | PROT_WRITE) != 0) {
        printf("Bail out! no memory for guard pages\n");
        exit(1);
    }
    guard->first = map + page;
}

static inline void guard_fini(struct guard *guard)
{
    size_t page = guard_page();
    munmap(guard->first - page, guard->room + 2 * page);
}

/* Room for size bytes against the edge; valid until the next use of the guard. */
static inline char *guard_room(const struct guard *guard, enum guard_edge edge,
                               size_t size)
{
    if (size > guard->room) {
        printf("Bail out! %zu bytes do not fit between guard pages\n", size);
        exit(1);
    }
    return edge == GUARD_AHEAD ? guard->first : guard->first + guard->room - size;
}

/* A copy against the edge; bytes may lie in the room already. */
static inline struct str guard_place(const struct guard *guard, enum guard_edge edge,
                                     struct str bytes)
{
    char *to = guard_room(guard, edge, bytes.len);
    if (bytes.len > 0)
        memmove(to, bytes.ptr, bytes.len);
    return (struct str){to, bytes.len};
}

/* The next of many inputs in one text, '~' between them; *rest, which is NULL after the
 * last, loses it. False when there is none. */
static inline bool guard_next(const char **rest, struct str *input)
{
    if (!*rest)
        return false;
    *input = (struct str){*rest, strcspn(*rest, "~")};
    *rest = (*rest)[input->len] ? *rest + input->len + 1 : NULL;
    return true;
}

/* Bytes as a test's line can show them, cut when long; valid until the next but three. */
static inline const char *guard_shown(struct str bytes)
{
    static char texts[4][100];
    static unsigned turn;
    char *text = texts[turn++ % 4];
    size_t len = 0;
    text[0] = '\0';
    for (size_t i = 0; i < bytes.len && len < sizeof(texts[0]) - 8; i++) {
        unsigned char byte = (unsigned char)bytes.ptr[i];
        bool plain = byte >= 0x20 && byte < 0x7f && byte != '#' && byte != '\\';
        len += (size_t)snprintf(text + len, sizeof(texts[0]) - len,
                                plain ? "%c" : "\\x%02x", byte);
    }
    return text;
}

#endif
