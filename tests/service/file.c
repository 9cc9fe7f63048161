#include "file.h"

#include "text.h"

#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define FILE_MAX ((size_t)64 * 1024 * 1024)

void sim_fail(const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    (void)fputs("enrich-sim: ", stderr);
    (void)vfprintf(stderr, format, arguments);
    (void)fputc('\n', stderr);
    va_end(arguments);
    exit(1);
}

char *sim_file_read(const char *path, bool optional, size_t *out_length)
{
    FILE *file = fopen(path, "rb");
    if (file == NULL && optional && errno == ENOENT) {
        return NULL;
    }
    if (file == NULL) {
        sim_fail("%s: %s", path, strerror(errno));
    }
    char *content = NULL;
    size_t length = 0;
    size_t got = 0;
    do {
        content = sim_resize(content, length + 65536 + 1, 1);
        got = fread(content + length, 1, 65536, file);
        length += got;
    } while (got > 0 && length <= FILE_MAX);
    if (ferror(file) != 0) {
        sim_fail("%s: %s", path, strerror(errno));
    }
    if (length > FILE_MAX) {
        sim_fail("%s: longer than %zu bytes", path, FILE_MAX);
    }
    (void)fclose(file);
    content[length] = '\0';
    if (out_length != NULL) {
        *out_length = length;
    }
    return content;
}

void sim_file_write(const char *path, unsigned mode, const void *content, size_t length)
{
    char *temporary = sim_format("%s.%ld", path, (long)getpid());
    (void)unlink(temporary);
    int file = open(temporary, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, (mode_t)mode);
    if (file < 0) {
        sim_fail("%s: %s", temporary, strerror(errno));
    }
    if (write(file, content, length) != (ssize_t)length || fsync(file) != 0 || close(file) != 0 ||
        rename(temporary, path) != 0) {
        int reason = errno;
        (void)unlink(temporary);
        sim_fail("%s: cannot be written: %s", path, strerror(reason));
    }
    free(temporary);
}

void sim_directory_make(const char *path)
{
    char *partial = sim_copy(path);
    for (char *end = partial + 1; *end != '\0'; end++) {
        if (*end == '/') {
            *end = '\0';
            (void)mkdir(partial, 0700); /* what cannot be made shows below */
            *end = '/';
        }
    }
    if (mkdir(partial, 0700) != 0 && errno != EEXIST) {
        sim_fail("%s: %s", path, strerror(errno));
    }
    free(partial);
}
