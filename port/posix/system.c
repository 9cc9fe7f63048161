#include "internal.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#include <time.h>
#include <unistd.h>

static uint32_t monotonic_ms(void *ctx)
{
    (void)ctx;
    struct timespec now = {0};
    (void)clock_gettime(CLOCK_MONOTONIC, &now);
    return (uint32_t)((uint64_t)now.tv_sec * 1000u + (uint64_t)now.tv_nsec / 1000000u);
}

static enr_status_t wall(void *ctx, int64_t *out_seconds)
{
    (void)ctx;
    struct timespec now;
    if (clock_gettime(CLOCK_REALTIME, &now) != 0) {
        return ENR_E_NO_TIME;
    }
    *out_seconds = now.tv_sec;
    return ENR_OK;
}

enr_clock_t enr_posix_clock(void)
{
    return (enr_clock_t){.ctx = NULL, .monotonic_ms = monotonic_ms, .wall = wall};
}

static enr_status_t fill(void *ctx, uint8_t *out, size_t len)
{
    (void)ctx;
    size_t filled = 0;
    while (filled < len) {
        ssize_t got = getrandom(out + filled, len - filled, GRND_NONBLOCK);
        if (got > 0) {
            filled += (size_t)got;
        } else if (errno != EINTR) {
            return ENR_E_ENTROPY;
        }
    }
    return ENR_OK;
}

enr_entropy_t enr_posix_entropy(void)
{
    return (enr_entropy_t){.ctx = NULL, .fill = fill};
}

void *enr_posix_take(void *ctx, size_t count, size_t size)
{
    (void)ctx;
    return calloc(count, size);
}

void enr_posix_give(void *ctx, void *piece)
{
    (void)ctx;
    free(piece);
}

bool enr_posix_sync_folder(const char *path)
{
    char folder[PATH_MAX];
    const char *slash = strrchr(path, '/');
    size_t len = slash == NULL ? 0 : slash == path ? 1 : (size_t)(slash - path);
    if (len >= sizeof folder) {
        errno = ENAMETOOLONG;
        return false;
    }
    memcpy(folder, path, len);
    memcpy(folder + len, len == 0 ? "." : "", len == 0 ? 2 : 1);
    int fd = open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    bool good = fd >= 0 && fsync(fd) == 0;
    if (fd >= 0) {
        (void)close(fd);
    }
    return good;
}
