/* Whole files, for a program that stops when it cannot have them. */
#ifndef SERVICE_FILE_H
#define SERVICE_FILE_H

#include <stdbool.h>
#include <stddef.h>

/* Says `enrich-sim: …` on stderr and ends the program with status 1. */
_Noreturn void sim_fail(const char *format, ...) __attribute__((format(printf, 1, 2)));

/* The content with a NUL behind it, to be freed. A missing file is NULL if optional, else the end of the program. */
char *sim_file_read(const char *path, bool optional, size_t *out_length);

/* Replaces the file in one step: a reader, or a start after a crash, finds the old content or the new one. */
void sim_file_write(const char *path, unsigned mode, const void *content, size_t length);

/* Makes a directory and what is missing above it, for this user only. */
void sim_directory_make(const char *path);

#endif
