#define _DEFAULT_SOURCE /* flock */

#include "internal.h"

#include <assert.h>
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#define PAGE 256u
#define CHUNK 4096u

/* --- whole pieces of the file --- */

/* False: errno says why; 0: the file ends before. */
static bool read_all(int fd, uint32_t offset, uint8_t *out, uint32_t len)
{
    while (len > 0) {
        ssize_t got = pread(fd, out, len, (off_t)offset);
        if (got == 0) {
            errno = 0;
            return false;
        }
        if (got < 0 && errno != EINTR) {
            return false;
        }
        if (got > 0) {
            out += got;
            offset += (uint32_t)got;
            len -= (uint32_t)got;
        }
    }
    return true;
}

static bool write_all(int fd, uint32_t offset, const uint8_t *bytes, uint32_t len)
{
    while (len > 0) {
        ssize_t taken = pwrite(fd, bytes, len, (off_t)offset);
        if (taken < 0 && errno != EINTR) {
            return false;
        }
        if (taken > 0) {
            bytes += taken;
            offset += (uint32_t)taken;
            len -= (uint32_t)taken;
        }
    }
    return true;
}

/* Fills [from, to) with erased bytes, in rising order. */
static bool write_erased(int fd, uint32_t from, uint32_t to)
{
    uint8_t erased[CHUNK];
    memset(erased, 0xff, sizeof erased);
    while (from < to) {
        uint32_t piece = to - from < CHUNK ? to - from : CHUNK;
        if (!write_all(fd, from, erased, piece)) {
            return false;
        }
        from += piece;
    }
    return true;
}

/* --- the duty --- */

static bool is_inside(const enr_posix_flash_t *flash, uint32_t offset, uint32_t len)
{
    return offset <= flash->size && len <= flash->size - offset;
}

static enr_status_t read_flash(void *ctx, uint32_t offset, uint8_t *out, uint32_t len)
{
    const enr_posix_flash_t *flash = ctx;
    assert(is_inside(flash, offset, len));
    return read_all(flash->fd, offset, out, len) ? ENR_OK : ENR_E_FLASH;
}

static enr_status_t program_flash(void *ctx, uint32_t offset, const uint8_t *bytes, uint32_t len)
{
    const enr_posix_flash_t *flash = ctx;
    assert(is_inside(flash, offset, len) && offset % PAGE + len <= PAGE);
    uint8_t page[PAGE];
    if (!read_all(flash->fd, offset, page, len)) {
        return ENR_E_FLASH;
    }
    for (uint32_t i = 0; i < len; i++) {
        page[i] &= bytes[i];
    }
    return write_all(flash->fd, offset, page, len) && fdatasync(flash->fd) == 0 ? ENR_OK : ENR_E_FLASH;
}

static enr_status_t start_erase(void *ctx, uint32_t offset)
{
    enr_posix_flash_t *flash = ctx;
    assert(is_inside(flash, offset, flash->sector_size) && offset % flash->sector_size == 0);
    bool good = write_erased(flash->fd, offset, offset + flash->sector_size) && fdatasync(flash->fd) == 0;
    flash->erased = good ? ENR_OK : ENR_E_FLASH;
    return flash->erased;
}

static enr_status_t ask_erase(void *ctx)
{
    const enr_posix_flash_t *flash = ctx;
    return flash->erased;
}

enr_flash_t enr_posix_flash(enr_posix_flash_t *flash)
{
    return (enr_flash_t){.ctx = flash,
                         .size = flash->size,
                         .sector_size = flash->sector_size,
                         .page_size = PAGE,
                         .program_unit = 1,
                         .reprogram = true,
                         .read = read_flash,
                         .program = program_flash,
                         .erase_start = start_erase,
                         .erase_busy = ask_erase};
}

/* --- opening --- */

/* A new file grows from its beginning in erased bytes, so one that is too short and holds nothing else is a creation
   that was interrupted. False: it is something else (errno is 0), or the system refused. */
static bool complete(int fd, uint32_t from, uint32_t to)
{
    uint8_t chunk[CHUNK];
    for (uint32_t at = 0; at < from; at += CHUNK) {
        uint32_t piece = from - at < CHUNK ? from - at : CHUNK;
        if (!read_all(fd, at, chunk, piece)) {
            return false;
        }
        for (uint32_t i = 0; i < piece; i++) {
            if (chunk[i] != 0xff) {
                errno = 0;
                return false;
            }
        }
    }
    return write_erased(fd, from, to) && fsync(fd) == 0;
}

/* Takes the size from the file, or makes it have the one that is wanted. */
static enr_status_t settle_size(enr_posix_flash_t *flash, const enr_posix_flash_config_t *config)
{
    struct stat about;
    if (fstat(flash->fd, &about) != 0) {
        return ENR_E_FLASH;
    }
    errno = 0;
    if (!S_ISREG(about.st_mode) || about.st_size > UINT32_MAX) {
        return ENR_E_FLASH;
    }
    uint32_t there = (uint32_t)about.st_size;
    flash->size = config->size != 0 ? config->size : there;
    if (flash->size == 0 || flash->size % flash->sector_size != 0) {
        return ENR_E_SETTING;
    }
    if (there == flash->size) {
        return ENR_OK;
    }
    return there < flash->size && config->create && complete(flash->fd, there, flash->size) ? ENR_OK : ENR_E_FLASH;
}

static enr_status_t open_file(enr_posix_flash_t *flash, const enr_posix_flash_config_t *config)
{
    flash->fd = open(config->path, O_RDWR | O_CLOEXEC | (config->create ? O_CREAT : 0), S_IRUSR | S_IWUSR);
    if (flash->fd < 0) {
        return ENR_E_FLASH;
    }
    int locked;
    do {
        locked = flock(flash->fd, LOCK_EX | LOCK_NB);
    } while (locked != 0 && errno == EINTR);
    if (locked != 0) {
        return errno == EWOULDBLOCK ? ENR_E_BUSY : ENR_E_FLASH;
    }
    enr_status_t status = settle_size(flash, config);
    return status == ENR_OK && config->create && !enr_posix_sync_folder(config->path) ? ENR_E_FLASH : status;
}

enr_status_t enr_posix_flash_open(enr_posix_flash_t *flash, const enr_posix_flash_config_t *config)
{
    *flash = (enr_posix_flash_t){.fd = -1, .sector_size = config->sector_size, .erased = ENR_OK};
    errno = 0;
    if (config->sector_size == 0 || config->sector_size % PAGE != 0 || config->size % config->sector_size != 0) {
        return ENR_E_SETTING;
    }
    enr_status_t status = open_file(flash, config);
    if (status != ENR_OK) {
        int reason = errno;
        enr_posix_flash_close(flash);
        errno = reason;
    }
    return status;
}

void enr_posix_flash_close(enr_posix_flash_t *flash)
{
    if (flash->fd >= 0) {
        (void)close(flash->fd);
        flash->fd = -1;
    }
}
