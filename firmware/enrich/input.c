#include "input.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

input_status_t input_read_open(int fd, uint8_t *memory, size_t max, size_t *out_len)
{
    size_t len = 0;
    while (len <= max) {
        ssize_t got = read(fd, memory + len, max + 1 - len);
        if (got == 0) {
            *out_len = len;
            return INPUT_OK;
        }
        if (got > 0) {
            len += (size_t)got;
        } else if (errno != EINTR) {
            return INPUT_FAILED;
        }
    }
    return INPUT_TOO_LARGE;
}

input_status_t input_read(const char *path, bool standard, uint8_t *memory, size_t max, size_t *out_len,
                          unsigned *out_mode)
{
    *out_len = 0;
    *out_mode = 0;
    bool is_standard = standard && strcmp(path, "-") == 0;
    int fd = is_standard ? STDIN_FILENO : open(path, O_RDONLY | O_CLOEXEC);
    if (fd < 0) {
        return INPUT_FAILED;
    }
    struct stat about;
    if (fstat(fd, &about) == 0 && S_ISREG(about.st_mode)) {
        *out_mode = about.st_mode & 07777;
    }
    input_status_t status = input_read_open(fd, memory, max, out_len);
    int why = errno;
    if (!is_standard) {
        (void)close(fd);
    }
    errno = why;
    return status;
}
