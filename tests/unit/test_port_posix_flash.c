/* Flash and key of the POSIX port: files that behave as NOR, belong to one process at a time and survive a kill. */
#define _DEFAULT_SOURCE

#include "enrich/store.h"
#include "enrich_posix.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include <cmocka.h>

#define SECTOR 4096u
#define COUNT(table) (sizeof(table) / sizeof((table)[0]))

static char folder[] = "/tmp/enrich_flash_XXXXXX";
static char flash_path[64];
static char key_path[64];

static int set_up(void **state)
{
    (void)state;
    if (mkdtemp(folder) == NULL) {
        return -1;
    }
    (void)snprintf(flash_path, sizeof flash_path, "%s/flash", folder);
    (void)snprintf(key_path, sizeof key_path, "%s/key", folder);
    return 0;
}

static int clean(void **state)
{
    (void)state;
    (void)unlink(flash_path);
    (void)unlink(key_path);
    return 0;
}

static int tear_down(void **state)
{
    return clean(state) == 0 && rmdir(folder) == 0 ? 0 : -1; /* nothing else was left there */
}

static enr_posix_flash_config_t config_of(uint32_t size, bool create)
{
    return (enr_posix_flash_config_t){.path = flash_path, .size = size, .sector_size = SECTOR, .create = create};
}

static void write_file(const char *path, const void *bytes, size_t len, mode_t mode)
{
    int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC, mode);
    assert_true(fd >= 0);
    assert_int_equal(fchmod(fd, mode), 0);
    assert_int_equal(write(fd, bytes, len), len);
    assert_int_equal(close(fd), 0);
}

static void read_file(const char *path, uint8_t *out, size_t len)
{
    int fd = open(path, O_RDONLY);
    struct stat about;
    assert_true(fd >= 0);
    assert_int_equal(fstat(fd, &about), 0);
    assert_int_equal(about.st_size, len);
    assert_int_equal(read(fd, out, len), len);
    assert_int_equal(close(fd), 0);
}

/* --- flash --- */

static void makes_an_erased_part(void **state)
{
    (void)state;
    enr_posix_flash_t part;
    enr_posix_flash_config_t config = config_of(3 * SECTOR, false);
    assert_int_equal(enr_posix_flash_open(&part, &config), ENR_E_FLASH);
    assert_int_equal(errno, ENOENT);
    config.create = true;
    assert_int_equal(enr_posix_flash_open(&part, &config), ENR_OK);
    enr_flash_t flash = enr_posix_flash(&part);
    assert_int_equal(flash.size, 3 * SECTOR);
    assert_int_equal(flash.sector_size, SECTOR);
    assert_int_equal(flash.page_size, 256);
    assert_int_equal(flash.program_unit, 1);
    assert_true(flash.reprogram);
    assert_int_equal(flash.erase_busy(flash.ctx), ENR_OK);
    enr_posix_flash_close(&part);
    enr_posix_flash_close(&part);
    uint8_t seen[3 * SECTOR];
    struct stat about;
    read_file(flash_path, seen, sizeof seen);
    for (size_t i = 0; i < sizeof seen; i++) {
        assert_int_equal(seen[i], 0xff);
    }
    assert_int_equal(stat(flash_path, &about), 0);
    assert_int_equal(about.st_mode & 0777, 0600);
}

static void turns_ones_into_zeros_until_erased(void **state)
{
    (void)state;
    enr_posix_flash_t part;
    enr_posix_flash_config_t config = config_of(2 * SECTOR, true);
    assert_int_equal(enr_posix_flash_open(&part, &config), ENR_OK);
    enr_flash_t flash = enr_posix_flash(&part);
    const uint8_t bytes[3] = {0xf0, 0x00, 0x55};
    const uint8_t more[3] = {0x3f, 0xff, 0xaa};
    const uint8_t both[3] = {0x30, 0x00, 0x00};
    uint8_t seen[3];
    assert_int_equal(flash.program(flash.ctx, SECTOR - 3, bytes, 3), ENR_OK);
    assert_int_equal(flash.program(flash.ctx, SECTOR, bytes, 3), ENR_OK);
    assert_int_equal(flash.program(flash.ctx, SECTOR, more, 3), ENR_OK);
    enr_posix_flash_close(&part);

    config = config_of(0, false); /* the size is the file's */
    assert_int_equal(enr_posix_flash_open(&part, &config), ENR_OK);
    flash = enr_posix_flash(&part);
    assert_int_equal(flash.size, 2 * SECTOR);
    assert_int_equal(flash.read(flash.ctx, SECTOR, seen, 3), ENR_OK);
    assert_memory_equal(seen, both, 3);
    assert_int_equal(flash.erase_start(flash.ctx, SECTOR), ENR_OK);
    assert_int_equal(flash.erase_busy(flash.ctx), ENR_OK);
    assert_int_equal(flash.read(flash.ctx, SECTOR, seen, 3), ENR_OK);
    assert_int_equal(seen[0] & seen[1] & seen[2], 0xff);
    assert_int_equal(flash.read(flash.ctx, SECTOR - 3, seen, 3), ENR_OK);
    assert_memory_equal(seen, bytes, 3);
    enr_posix_flash_close(&part);
}

static void belongs_to_one_at_a_time(void **state)
{
    (void)state;
    enr_posix_flash_t part;
    enr_posix_flash_t other;
    enr_posix_flash_config_t config = config_of(SECTOR, true);
    assert_int_equal(enr_posix_flash_open(&part, &config), ENR_OK);
    assert_int_equal(enr_posix_flash_open(&other, &config), ENR_E_BUSY);
    pid_t child = fork();
    assert_true(child >= 0);
    if (child == 0) { /* a process of its own, without the open file */
        enr_posix_flash_close(&part);
        _exit(enr_posix_flash_open(&other, &config) == ENR_E_BUSY ? 0 : 1);
    }
    int ended;
    assert_int_equal(waitpid(child, &ended, 0), child);
    assert_true(WIFEXITED(ended) && WEXITSTATUS(ended) == 0);
    enr_posix_flash_close(&part);
    assert_int_equal(enr_posix_flash_open(&other, &config), ENR_OK);
    enr_posix_flash_close(&other);
}

static void refuses_another_size(void **state)
{
    (void)state;
    static uint8_t bytes[2 * SECTOR];
    enr_posix_flash_t part;
    const struct {
        uint32_t file, size, sector;
        bool create;
        enr_status_t status;
    } rows[] = {
        {2 * SECTOR, SECTOR, SECTOR, true, ENR_E_FLASH},
        {SECTOR, 2 * SECTOR, SECTOR, true, ENR_E_FLASH},
        {SECTOR, 2 * SECTOR, SECTOR, false, ENR_E_FLASH},
        {SECTOR + 1, 0, SECTOR, false, ENR_E_SETTING},
        {0, 0, SECTOR, true, ENR_E_SETTING},
        {SECTOR, SECTOR + 1, SECTOR, true, ENR_E_SETTING},
        {SECTOR, SECTOR, 0, true, ENR_E_SETTING},
        {SECTOR, SECTOR, 100, true, ENR_E_SETTING},
    };
    for (size_t i = 0; i < COUNT(rows); i++) {
        write_file(flash_path, bytes, rows[i].file, 0600);
        enr_posix_flash_config_t config = {
            .path = flash_path, .size = rows[i].size, .sector_size = rows[i].sector, .create = rows[i].create};
        errno = EIO;
        assert_int_equal(enr_posix_flash_open(&part, &config), rows[i].status);
        assert_int_equal(errno, 0);
        struct stat about;
        assert_int_equal(stat(flash_path, &about), 0);
        assert_int_equal(about.st_size, rows[i].file);
    }
    enr_posix_flash_config_t config = {.path = folder, .sector_size = SECTOR};
    assert_int_equal(enr_posix_flash_open(&part, &config), ENR_E_FLASH);
    assert_int_equal(errno, EISDIR);
}

/* Killed while it was being made: the file is too short, and all there is of it is erased. */
static void completes_an_interrupted_creation(void **state)
{
    (void)state;
    static uint8_t bytes[2 * SECTOR];
    memset(bytes, 0xff, sizeof bytes);
    for (size_t there = 0; there < sizeof bytes; there += 1000) {
        enr_posix_flash_t part;
        enr_posix_flash_config_t config = config_of(sizeof bytes, true);
        write_file(flash_path, bytes, there, 0600);
        assert_int_equal(enr_posix_flash_open(&part, &config), ENR_OK);
        enr_posix_flash_close(&part);
        uint8_t seen[sizeof bytes];
        read_file(flash_path, seen, sizeof seen);
        assert_memory_equal(seen, bytes, sizeof seen);
    }
}

/* --- a process that is killed --- */

static const enr_tls_memory_t memory = {.take = enr_posix_take, .give = enr_posix_give};
static enr_entropy_t entropy;
static enr_posix_flash_t part_at_work;
static enr_flash_t flash_at_work;
static enr_posix_key_t key_at_work;
static enr_seal_t seal;
static enr_store_t store;

static enr_status_t open_store(void)
{
    entropy = enr_posix_entropy();
    enr_posix_flash_config_t config = config_of(2 * SECTOR, true);
    enr_status_t status = enr_tls_init(&memory, &entropy);
    if (status == ENR_OK) {
        status = enr_posix_key_open(&key_at_work, key_path, true);
    }
    enr_key_t key = enr_posix_key(&key_at_work);
    if (status == ENR_OK) {
        status = enr_seal_init(&seal, &key, ENR_SPAN("store"));
    }
    if (status == ENR_OK) {
        status = enr_posix_flash_open(&part_at_work, &config);
    }
    if (status == ENR_OK) {
        flash_at_work = enr_posix_flash(&part_at_work);
        status = enr_store_mount(&store, &(enr_store_config_t){.flash = &flash_at_work, .seal = &seal});
    }
    while (status == ENR_OK && (status = enr_store_step(&store)) == ENR_AGAIN) {
        status = ENR_OK;
    }
    return status;
}

/* Counts for ever, and says each number once it is durable. */
static void count_for_ever(int say)
{
    uint32_t value = 0;
    enr_status_t status = open_store();
    while (status == ENR_OK) {
        status = enr_store_count(&store, ENR_COUNTER_STARTS, 1, &value);
        if (status == ENR_AGAIN) {
            while ((status = enr_store_step(&store)) == ENR_AGAIN) {
            }
        } else if (status == ENR_OK && write(say, &value, sizeof value) != (ssize_t)sizeof value) {
            status = ENR_E_NETWORK;
        }
    }
    _exit(1);
}

/* DESIGN 8 on a host: killed at any moment, at its start too, the last acknowledged number is there, or the next one.
 */
static void survives_a_kill(void **state)
{
    (void)state;
    uint32_t acknowledged = 0;
    assert_int_equal(enr_posix_key_open(&key_at_work, key_path, true), ENR_OK);
    srand(1);
    for (int kills = 0; kills < 40; kills++) {
        int ends[2];
        assert_int_equal(pipe(ends), 0);
        pid_t child = fork();
        assert_true(child >= 0);
        if (child == 0) {
            count_for_ever(ends[1]);
        }
        assert_int_equal(close(ends[1]), 0);
        struct timespec moment = {.tv_nsec = rand() % 40000000};
        (void)nanosleep(&moment, NULL);
        assert_int_equal(kill(child, SIGKILL), 0);
        int ended;
        assert_int_equal(waitpid(child, &ended, 0), child);
        assert_true(WIFSIGNALED(ended));
        uint32_t said;
        while (read(ends[0], &said, sizeof said) == (ssize_t)sizeof said) {
            acknowledged = said;
        }
        assert_int_equal(close(ends[0]), 0);

        uint32_t value = 0;
        assert_int_equal(open_store(), ENR_OK);
        assert_int_equal(enr_store_count(&store, ENR_COUNTER_STARTS, 0, &value), ENR_OK);
        assert_true(value == acknowledged || value == acknowledged + 1);
        acknowledged = value;
        enr_posix_flash_close(&part_at_work);
        enr_seal_close(&seal);
    }
    assert_true(acknowledged > 0);
}

/* --- key --- */

static void makes_a_key_once(void **state)
{
    (void)state;
    enr_posix_key_t file;
    uint8_t first[32];
    uint8_t again[32];
    struct stat about;
    assert_int_equal(enr_posix_key_open(&file, key_path, false), ENR_E_KEY);
    assert_int_equal(errno, ENOENT);
    assert_int_equal(enr_posix_key_open(&file, key_path, true), ENR_OK);
    assert_int_equal(stat(key_path, &about), 0);
    assert_int_equal(about.st_mode & 07777, 0600);
    assert_int_equal(about.st_size, 32);
    assert_int_equal(about.st_nlink, 1);
    enr_key_t key = enr_posix_key(&file);
    assert_int_equal(key.get(key.ctx, first), ENR_OK);
    assert_int_equal(enr_posix_key_open(&file, key_path, true), ENR_OK);
    assert_int_equal(key.get(key.ctx, again), ENR_OK);
    assert_memory_equal(first, again, 32);
    assert_int_equal(unlink(key_path), 0);
    assert_int_equal(key.get(key.ctx, again), ENR_E_KEY);
    assert_int_equal(enr_posix_key_open(&file, key_path, true), ENR_OK);
    assert_int_equal(key.get(key.ctx, again), ENR_OK);
    assert_memory_not_equal(first, again, 32);
}

static void refuses_a_key_that_is_none(void **state)
{
    (void)state;
    static const uint8_t bytes[33] = {1};
    const struct {
        size_t len;
        mode_t mode;
        int reason; /* 0: it is taken */
    } rows[] = {{32, 0600, 0},     {32, 0400, 0},     {31, 0600, EINVAL}, {33, 0600, EINVAL}, {0, 0600, EINVAL},
                {32, 0640, EPERM}, {32, 0604, EPERM}, {32, 0620, EPERM},  {32, 0602, EPERM},  {32, 0666, EPERM}};
    for (size_t i = 0; i < COUNT(rows); i++) {
        enr_posix_key_t file;
        uint8_t seen[32];
        write_file(key_path, bytes, rows[i].len, rows[i].mode);
        enr_status_t wanted = rows[i].reason == 0 ? ENR_OK : ENR_E_KEY;
        assert_int_equal(enr_posix_key_open(&file, key_path, true), wanted);
        assert_true(wanted == ENR_OK || errno == rows[i].reason);
        enr_key_t key = enr_posix_key(&file);
        assert_int_equal(key.get(key.ctx, seen), wanted);
        assert_true(wanted != ENR_OK || memcmp(seen, bytes, 32) == 0);
        assert_int_equal(unlink(key_path), 0);
    }
    enr_posix_key_t file;
    assert_int_equal(enr_posix_key_open(&file, folder, true), ENR_E_KEY);
    assert_int_equal(errno, EINVAL);
    assert_int_equal(enr_posix_key_open(&file, "/nowhere/at/all", true), ENR_E_KEY);
    assert_int_equal(errno, ENOENT);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_teardown(makes_an_erased_part, clean),
        cmocka_unit_test_teardown(turns_ones_into_zeros_until_erased, clean),
        cmocka_unit_test_teardown(belongs_to_one_at_a_time, clean),
        cmocka_unit_test_teardown(refuses_another_size, clean),
        cmocka_unit_test_teardown(completes_an_interrupted_creation, clean),
        cmocka_unit_test_teardown(survives_a_kill, clean),
        cmocka_unit_test_teardown(makes_a_key_once, clean),
        cmocka_unit_test_teardown(refuses_a_key_that_is_none, clean),
    };
    return cmocka_run_group_tests(tests, set_up, tear_down);
}
