/*
 * file: whole files. A file appears under its name only when it is complete.
 */
#ifndef DRAGSTRIP_SYS_FILE_H
#define DRAGSTRIP_SYS_FILE_H

#include "base/buf.h"
#include "base/error.h"

/* Appends the file (at most the buffer's maximum; more is an error). */
bool file_read(const char *path, struct buf *out, struct error *err);

/* The last at most max_lines lines, 4 KiB, and what out (empty) may hold, for messages.
 * Empty if it cannot be read. */
void file_tail(const char *path, int max_lines, struct buf *out);

/* Writes path.tmp, syncs, renames; on failure removes the temporary file. Through links
 * it is the file itself that is replaced. What exists and is no regular file (a device, a
 * pipe) is written to as it is. */
bool file_write_atomic(const char *path, struct str content, struct error *err);

/* At the end of a file, which is made if need be, under a lock. Nothing is written when
 * the file would be longer than max_bytes. */
bool file_append(const char *path, struct str content, size_t max_bytes,
                 struct error *err);

/* Locks a file that is there against others who do the same, until the descriptor that is
 * returned is closed; -1 with err, at once, when another has it. */
int file_lock(const char *path, struct error *err);

/* All of content to an open file, which messages call by its name. */
bool file_write_all(int fd, const char *name, struct str content, struct error *err);

/* mkdir -p. */
bool file_make_directory(const char *path, struct error *err);

bool file_exists(const char *path);

/* Whether execvp would find the program: a path, or a name in PATH. */
bool file_is_program(const char *name);

/* Path of the program that runs, on the heap; NULL when it cannot be had. */
char *file_own_path(void);

/* Opens for writing, truncated, close-on-exec; -1 with err. */
int file_create(const char *path, struct error *err);

#endif
