#define _DEFAULT_SOURCE /* mkstemp */

#include "internal.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define KEY_LEN 32u

/* Reads the 32 bytes of an open file, if it is what a key file must be. */
static bool read_key(int fd, uint8_t out_key[KEY_LEN])
{
    struct stat about;
    if (fstat(fd, &about) != 0) {
        return false;
    }
    if (!S_ISREG(about.st_mode) || about.st_size != KEY_LEN) {
        errno = EINVAL;
        return false;
    }
    if ((about.st_mode & (S_IRWXG | S_IRWXO)) != 0) {
        errno = EPERM;
        return false;
    }
    ssize_t got;
    do {
        got = pread(fd, out_key, KEY_LEN, 0);
    } while (got < 0 && errno == EINTR);
    if (got >= 0 && got != KEY_LEN) {
        errno = EINVAL;
    }
    return got == KEY_LEN;
}

static enr_status_t get(void *ctx, uint8_t out_key[KEY_LEN])
{
    const enr_posix_key_t *key = ctx;
    int fd = open(key->path, O_RDONLY | O_CLOEXEC);
    if (fd < 0) {
        return ENR_E_KEY;
    }
    bool good = read_key(fd, out_key);
    int reason = errno;
    (void)close(fd);
    errno = reason;
    return good ? ENR_OK : ENR_E_KEY;
}

/* Writes the bytes to a new file beside `path` and gives it that name, unless somebody else has meanwhile. */
static bool write_beside(const char *path, const uint8_t key[KEY_LEN])
{
    char beside[PATH_MAX];
    int len = snprintf(beside, sizeof beside, "%s.XXXXXX", path);
    if (len < 0 || (size_t)len >= sizeof beside) {
        errno = ENAMETOOLONG;
        return false;
    }
    int fd = mkstemp(beside); /* mode 0600 */
    if (fd < 0) {
        return false;
    }
    bool good = write(fd, key, KEY_LEN) == (ssize_t)KEY_LEN && fsync(fd) == 0;
    good = close(fd) == 0 && good;
    good = good && (link(beside, path) == 0 || errno == EEXIST) && enr_posix_sync_folder(path);
    int reason = errno;
    (void)unlink(beside);
    errno = reason;
    return good;
}

static enr_status_t create(const char *path)
{
    uint8_t bytes[KEY_LEN];
    enr_entropy_t entropy = enr_posix_entropy();
    enr_status_t status = entropy.fill(entropy.ctx, bytes, sizeof bytes);
    if (status == ENR_OK && !write_beside(path, bytes)) {
        status = ENR_E_KEY;
    }
    enr_wipe(bytes, sizeof bytes);
    return status;
}

enr_status_t enr_posix_key_open(enr_posix_key_t *key, const char *path, bool create_it)
{
    *key = (enr_posix_key_t){.path = path};
    uint8_t bytes[KEY_LEN];
    enr_status_t status = get(key, bytes);
    if (status == ENR_E_KEY && errno == ENOENT && create_it) {
        status = create(path);
        status = status == ENR_OK ? get(key, bytes) : status;
    }
    enr_wipe(bytes, sizeof bytes);
    return status;
}

enr_key_t enr_posix_key(enr_posix_key_t *key)
{
    return (enr_key_t){.ctx = key, .get = get};
}
