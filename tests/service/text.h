/* Text on the heap for a test program: without memory it aborts. */
#ifndef SERVICE_TEXT_H
#define SERVICE_TEXT_H

#include <stdbool.h>
#include <stddef.h>

/* As calloc and realloc, but never NULL. */
void *sim_alloc(size_t count, size_t size);
void *sim_resize(void *memory, size_t count, size_t size);

/* A copy to be freed; NULL stays NULL. */
char *sim_copy(const char *text);

/* Formatted text to be freed. */
char *sim_format(const char *format, ...) __attribute__((format(printf, 1, 2)));

/* Lower case of an ASCII letter; any other byte unchanged. */
char sim_lower(char byte);

/* Equal but for the case of ASCII letters. */
bool sim_same(const char *left, const char *right);

/* NULL, empty or white space only. */
bool sim_blank(const char *text);

#endif
