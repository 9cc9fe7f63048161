#include "device.h"

#include "print.h"

#include "enrich/tls.h"

#include <assert.h>
#include <errno.h>
#include <stdio.h>
#include <string.h>

/* FORMAT.md has the layout. */
#define VERSION 1u
#define SECTOR 16384u
#define STORE_SIZE (2 * SECTOR)
#define SIZE_MIN (SECTOR + STORE_SIZE + ENR_JOURNAL_SECTORS_MIN * SECTOR)
#define HEADER_LEN 64u
#define ID_AT 32u
#define ID_LEN 16u
#define TAG_AT 48u
#define TAG_LEN 16u

/* A wait that is shorter is none: something is to be done. */
#define SOON_MS 10

#define NOT_A_JOURNAL "is not a journal"

/* What opening has to do with. */
typedef struct {
    device_t *device;
    const options_t *options;
    problem_t *problem;
    uint8_t header[HEADER_LEN];
    uint8_t key[32]; /* of this file */
} opening_t;

static exit_code_t refuse(const opening_t *opening, const char *what, const char *hint)
{
    *opening->problem = (problem_t){.where = opening->options->journal, .what = what, .hint = hint};
    return EXIT_SETTING;
}

static exit_code_t refuse_status(const opening_t *opening, enr_status_t status)
{
    exit_code_t code = refuse(opening, enr_status_meaning(status), NULL);
    opening->problem->status = status;
    switch (status) {
    case ENR_E_BUSY:
        opening->problem->what = "another enrich has this journal open";
        break;
    case ENR_E_VERSION:
        opening->problem->what = "was written by a newer version of enrich; nothing was changed";
        break;
    case ENR_E_SEAL:
        opening->problem->what = "was made with another key; nothing was changed";
        opening->problem->hint = "name its key by --device-key FILE";
        break;
    case ENR_E_SETTING:
        opening->problem->what = NOT_A_JOURNAL;
        break;
    case ENR_E_FLASH:
        opening->problem->what = errno != 0 ? strerror(errno) : NOT_A_JOURNAL;
        break;
    default:
        break;
    }
    return code;
}

/* --- the file --- */

/* Bytes of a new file. */
static uint32_t wanted_size(const options_t *options)
{
    uint64_t kib = options->size_kib > 0 ? options->size_kib : DEVICE_SIZE_KIB;
    return (uint32_t)((kib * 1024 + SECTOR - 1) / SECTOR * SECTOR) + SECTOR + STORE_SIZE;
}

static enr_status_t open_as(opening_t *opening, uint32_t size, bool create)
{
    enr_posix_flash_config_t config = {
        .path = opening->options->journal, .size = size, .sector_size = SECTOR, .create = create};
    return enr_posix_flash_open(&opening->device->file, &config);
}

static bool is_erased(const uint8_t *bytes, size_t len)
{
    bool erased = true;
    for (size_t i = 0; i < len; i++) {
        erased = erased && bytes[i] == 0xff;
    }
    return erased;
}

/* Whether nothing at all is in the part behind the header. */
static enr_status_t is_blank(const enr_flash_t *flash, bool *out_blank)
{
    uint8_t chunk[4096];
    *out_blank = true;
    for (uint32_t at = HEADER_LEN; at < flash->size && *out_blank;) {
        uint32_t len = flash->size - at < sizeof chunk ? flash->size - at : (uint32_t)sizeof chunk;
        enr_status_t status = flash->read(flash->ctx, at, chunk, len);
        if (status != ENR_OK) {
            return status;
        }
        *out_blank = is_erased(chunk, len);
        at += len;
    }
    return ENR_OK;
}

/* Reads the header. *out_blank: there is none, nor anything else. ENR_E_SETTING: something else is there. */
static enr_status_t read_header(opening_t *opening, bool *out_blank)
{
    const enr_flash_t *flash = &opening->device->whole;
    *out_blank = false;
    enr_status_t status = flash->read(flash->ctx, 0, opening->header, HEADER_LEN);
    if (status != ENR_OK) {
        return status;
    }
    if (memcmp(opening->header, "ENRD", 4) == 0) {
        return opening->header[4] == VERSION ? ENR_OK : ENR_E_VERSION;
    }
    status = is_blank(flash, out_blank); /* but for what a making that was cut off left of the header */
    return status == ENR_OK && !*out_blank ? ENR_E_SETTING : status;
}

/* Opens what is there and reads its header; *out_new: there is nothing in it, and it is to be made a journal. */
static exit_code_t open_file(opening_t *opening, bool may_create, bool *out_new)
{
    device_t *device = opening->device;
    bool is_unmade = false;
    enr_status_t status = open_as(opening, 0, false);
    if (status == ENR_OK) {
        device->whole = enr_posix_flash(&device->file);
        errno = 0;
        status = read_header(opening, &is_unmade);
    } else {
        is_unmade = (status == ENR_E_FLASH && errno == ENOENT) || status == ENR_E_SETTING;
    }
    if (is_unmade && may_create) {
        enr_posix_flash_close(&device->file);
        status = open_as(opening, wanted_size(opening->options), true); /* or its making goes on */
        device->whole = enr_posix_flash(&device->file);
    } else if (is_unmade && status == ENR_OK) {
        status = ENR_E_SETTING;
    }
    *out_new = is_unmade;
    device->opened = true;
    return status == ENR_OK ? EXIT_DONE : refuse_status(opening, status);
}

/* --- the key --- */

static exit_code_t open_key(opening_t *opening, bool create)
{
    device_t *device = opening->device;
    const char *given = opening->options->device_key;
    (void)snprintf(device->key_path, sizeof device->key_path, "%s%s", given != NULL ? given : opening->options->journal,
                   given != NULL ? "" : ".key");
    bool was_there = enr_posix_key_open(&device->key_file, device->key_path, false) == ENR_OK;
    enr_status_t status = was_there ? ENR_OK : enr_posix_key_open(&device->key_file, device->key_path, create);
    if (status == ENR_OK && !was_there) {
        (void)fputs("enrich: made the key ", stderr);
        print_string(stderr, device->key_path);
        (void)fputs(": without it nobody can read the journal, with it anybody; best keep it on another medium\n",
                    stderr);
    }
    if (status == ENR_OK) {
        return EXIT_DONE;
    }
    *opening->problem = (problem_t){
        .status = status,
        .where = device->key_path,
        .what = errno == EPERM    ? "others can read this key"
                : errno == EINVAL ? "is not a key: it has not 32 bytes"
                : errno != 0      ? strerror(errno)
                                  : enr_status_meaning(status),
        .hint = errno == EPERM ? "chmod 600 helps" : "name the journal's key by --device-key FILE",
    };
    return EXIT_SETTING;
}

static enr_status_t give_key(void *ctx, uint8_t out_key[32])
{
    memcpy(out_key, ctx, 32);
    return ENR_OK;
}

/* The header's tag, and the key that belongs to this file. */
static enr_status_t derive(opening_t *opening, uint8_t out_tag[ENR_SEAL_DIGEST_LEN])
{
    enr_key_t key = enr_posix_key(&opening->device->key_file);
    enr_seal_t seal;
    enr_status_t status = enr_seal_init(&seal, &key, ENR_SPAN("file"));
    if (status != ENR_OK) {
        return status;
    }
    status = enr_seal_digest(&seal, (enr_span_t){opening->header, TAG_AT}, out_tag);
    if (status == ENR_OK) {
        status = enr_seal_digest(&seal, (enr_span_t){opening->header + ID_AT, ID_LEN}, opening->key);
    }
    enr_seal_close(&seal);
    return status;
}

/* --- the header --- */

static enr_status_t write_header(opening_t *opening)
{
    const enr_flash_t *flash = &opening->device->whole;
    static const uint8_t magic[] = {'E', 'N', 'R', 'D'};
    uint8_t *header = opening->header;
    memset(header, 0, HEADER_LEN);
    memcpy(header, magic, sizeof magic);
    header[4] = VERSION;
    enr_put_32(header + 8, SECTOR);
    enr_put_32(header + 12, STORE_SIZE);
    enr_put_32(header + 16, flash->size - SECTOR - STORE_SIZE);
    uint8_t tag[ENR_SEAL_DIGEST_LEN];
    enr_status_t status = enr_tls_random(header + ID_AT, ID_LEN);
    if (status == ENR_OK) {
        status = derive(opening, tag);
    }
    if (status == ENR_OK) {
        memcpy(header + TAG_AT, tag, TAG_LEN);
        status = flash->erase_start(flash->ctx, 0); /* what a making that was cut off left there */
    }
    return status == ENR_OK ? flash->program(flash->ctx, 0, header, HEADER_LEN) : status;
}

static enr_status_t check_header(opening_t *opening)
{
    uint8_t tag[ENR_SEAL_DIGEST_LEN];
    enr_status_t status = derive(opening, tag);
    if (status != ENR_OK) {
        return status;
    }
    if (!enr_span_equal_secret((enr_span_t){tag, TAG_LEN}, (enr_span_t){opening->header + TAG_AT, TAG_LEN})) {
        return ENR_E_SEAL;
    }
    const uint8_t *header = opening->header;
    bool fits = enr_get_32(header + 8) == SECTOR && enr_get_32(header + 12) == STORE_SIZE &&
                enr_get_32(header + 16) == opening->device->whole.size - SECTOR - STORE_SIZE;
    return fits ? ENR_OK : ENR_E_SETTING;
}

static exit_code_t settle_header(opening_t *opening, bool is_new)
{
    if (!is_new && opening->options->size_kib > 0 && opening->device->whole.size != wanted_size(opening->options)) {
        return refuse(opening, "has another size than --size says, and keeps it", NULL);
    }
    errno = 0;
    enr_status_t status = is_new ? write_header(opening) : check_header(opening);
    opening->device->created = is_new;
    return status == ENR_OK ? EXIT_DONE : refuse_status(opening, status);
}

/* --- what is in it --- */

static enr_status_t mount(opening_t *opening)
{
    device_t *device = opening->device;
    enr_flash_part_start(&device->part, &device->whole);
    enr_flash_region_start(&device->store_region, &device->part, SECTOR, STORE_SIZE);
    enr_flash_region_start(&device->journal_region, &device->part, SECTOR + STORE_SIZE,
                           device->whole.size - SECTOR - STORE_SIZE);
    device->store_flash = enr_flash_region(&device->store_region);
    device->journal_flash = enr_flash_region(&device->journal_region);
    enr_key_t key = {.ctx = opening->key, .get = give_key};
    uint32_t salt = 0;
    enr_status_t status = enr_tls_random((uint8_t *)&salt, sizeof salt);
    if (status == ENR_OK) {
        status = enr_seal_init(&device->store_seal, &key, ENR_SPAN("store"));
    }
    if (status == ENR_OK) {
        status = enr_seal_init(&device->journal_seal, &key, ENR_SPAN("journal"));
    }
    if (status == ENR_OK) {
        enr_store_config_t store = {.flash = &device->store_flash, .seal = &device->store_seal};
        status = enr_store_mount(&device->store, &store);
    }
    if (status == ENR_OK) {
        enr_journal_config_t journal = {.flash = &device->journal_flash, .seal = &device->journal_seal, .salt = salt};
        status = enr_journal_mount(&device->journal, &journal);
    }
    return status;
}

exit_code_t device_open(device_t *device, const options_t *options, bool may_create, problem_t *out_problem)
{
    static char least[48];
    opening_t opening = {.device = device, .options = options, .problem = out_problem};
    bool is_new = false;
    if (options->journal == NULL) {
        *out_problem = (problem_t){.where = "journal", .what = "none given", .hint = "name its file by --journal FILE"};
        return EXIT_SETTING;
    }
    if (wanted_size(options) < SIZE_MIN) {
        (void)snprintf(least, sizeof least, "a journal has at least %u KiB", ENR_JOURNAL_SECTORS_MIN * SECTOR / 1024);
        return outcome_problem(out_problem, EXIT_SETTING, "--size", least);
    }
    exit_code_t code = open_file(&opening, may_create, &is_new);
    if (code == EXIT_DONE) {
        code = open_key(&opening, is_new);
    }
    if (code == EXIT_DONE) {
        code = settle_header(&opening, is_new);
    }
    if (code == EXIT_DONE) {
        errno = 0;
        enr_status_t status = mount(&opening);
        code = status == ENR_OK ? EXIT_DONE : refuse_status(&opening, status);
    }
    enr_wipe(opening.key, sizeof opening.key);
    device->clock = enr_posix_clock();
    return code;
}

/* --- what is done with it --- */

uint32_t device_now(const device_t *device)
{
    return device->clock.monotonic_ms(device->clock.ctx);
}

exit_code_t device_start(device_t *device, const enr_agent_config_t *config, problem_t *out_problem)
{
    enr_agent_config_t full = *config;
    full.journal = &device->journal;
    full.store = &device->store;
    full.seal = &device->journal_seal;
    full.clock = &device->clock;
    enr_status_t status = enr_tls_random((uint8_t *)&full.seed, sizeof full.seed);
    if (status == ENR_OK) {
        status = enr_agent_init(&device->agent, &full, device_now(device));
    }
    if (status != ENR_OK) {
        *out_problem = (problem_t){.status = status, .where = "agent", .what = enr_status_meaning(status)};
        return EXIT_SETTING;
    }
    return EXIT_DONE;
}

exit_code_t device_stats(device_t *device, enr_journal_stats_t *out_stats, problem_t *out_problem)
{
    enr_status_t status = ENR_AGAIN;
    *out_stats = (enr_journal_stats_t){0};
    while (!out_stats->counted && (status == ENR_OK || status == ENR_AGAIN)) {
        status = enr_journal_step(&device->journal, 0);
        enr_journal_stats(&device->journal, out_stats);
    }
    if (!out_stats->counted) {
        *out_problem = (problem_t){.status = status, .where = "journal", .what = enr_status_meaning(status)};
        return EXIT_SETTING;
    }
    return EXIT_DONE;
}

void device_work(device_t *device)
{
    enr_wait_t wait;
    enr_agent_step(&device->agent, device_now(device), &wait);
}

bool device_has_unpurged(const device_t *device)
{
    enr_journal_stats_t stats;
    enr_journal_stats(&device->journal, &stats);
    return !stats.counted || stats.unpurged > 0;
}

bool device_settle(device_t *device)
{
    enr_wait_t wait;
    uint32_t now_ms;
    do {
        now_ms = device_now(device);
        enr_agent_step(&device->agent, now_ms, &wait);
    } while ((int32_t)(wait.until_ms - now_ms) < SOON_MS);
    return !device_has_unpurged(device);
}

void device_close(device_t *device)
{
    if (device->opened) {
        enr_seal_close(&device->store_seal);
        enr_seal_close(&device->journal_seal);
        enr_posix_flash_close(&device->file);
        device->opened = false;
    }
}

uint32_t device_pending(const enr_agent_status_t *status)
{
    return status->counts[ENR_REQUEST_READY] + status->counts[ENR_REQUEST_SENDING] +
           status->counts[ENR_REQUEST_PENDING];
}
