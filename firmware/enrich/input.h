/* Files that a person names. */
#ifndef CLI_INPUT_H
#define CLI_INPUT_H

#include "enrich/span.h"

typedef enum { INPUT_OK, INPUT_TOO_LARGE, INPUT_FAILED } input_status_t;

/* Reads a whole file, or standard input when `standard` and the path is "-", into memory of max + 1 bytes.
   INPUT_TOO_LARGE: it holds more than max bytes. INPUT_FAILED: errno says why. *out_mode are the permission bits of a
   regular file, else 0. */
input_status_t input_read(const char *path, bool standard, uint8_t *memory, size_t max, size_t *out_len,
                          unsigned *out_mode);

/* The same from a descriptor that is open. */
input_status_t input_read_open(int fd, uint8_t *memory, size_t max, size_t *out_len);

#endif
