#include "enrich_script_flash.h"

#include <assert.h>
#include <string.h>

/* How a sector's last erase ended. */
typedef enum { SOUND, HALF_ERASED, UNSTABLE, WEAK } soundness_t;

typedef struct {
    uint32_t erases;
    soundness_t soundness;
    bool broken;
} sector_t;

static uint32_t sector_count(const enr_script_flash_config_t *config)
{
    return config->size / config->sector_size;
}

static size_t touched_bytes(const enr_script_flash_config_t *config)
{
    return (config->size / config->program_unit + 7) / 8;
}

static sector_t *sector_at(const enr_script_flash_t *flash, uint32_t offset)
{
    return (sector_t *)flash->sectors + offset / flash->config.sector_size;
}

/* xorshift64* */
static uint32_t draw(enr_script_flash_t *flash)
{
    flash->random ^= flash->random >> 12;
    flash->random ^= flash->random << 25;
    flash->random ^= flash->random >> 27;
    return (uint32_t)((flash->random * 0x2545f4914f6cdd1dull) >> 32);
}

static enr_status_t violate(enr_script_flash_t *flash, const char *what)
{
    flash->violations++;
    flash->violation = what;
    return ENR_E_FLASH;
}

/* --- units --- */

static bool is_touched(const enr_script_flash_t *flash, uint32_t offset)
{
    uint32_t unit = offset / flash->config.program_unit;
    return (flash->touched[unit / 8] >> unit % 8 & 1u) != 0;
}

static void set_touched(enr_script_flash_t *flash, uint32_t offset, bool touched)
{
    uint32_t unit = offset / flash->config.program_unit;
    uint8_t bit = (uint8_t)(1u << unit % 8);
    flash->touched[unit / 8] = (uint8_t)(touched ? flash->touched[unit / 8] | bit : flash->touched[unit / 8] & ~bit);
}

/* Takes the torn units from the offset on out of the list, `len` bytes of them. */
static void forget_torn(enr_script_flash_t *flash, uint32_t offset, uint32_t len)
{
    uint32_t kept = 0;
    for (uint32_t i = 0; i < flash->torn_count; i++) {
        if (flash->torn[i].offset - offset >= len) {
            flash->torn[kept++] = flash->torn[i];
        }
    }
    flash->torn_count = kept;
}

/* Programs some bytes of one unit, which may be a torn one. */
static void program_unit(enr_script_flash_t *flash, uint32_t offset, const uint8_t *bytes, uint32_t len)
{
    set_touched(flash, offset, true);
    for (uint32_t i = 0; i < len; i++) {
        flash->bytes[offset + i] &= bytes[i];
    }
    for (uint32_t i = 0; i < flash->torn_count; i++) {
        enr_script_torn_t *torn = &flash->torn[i];
        if (torn->offset != offset) {
            continue;
        }
        for (uint32_t k = 0; k < len; k++) {
            torn->before[k] &= bytes[k];
            torn->after[k] &= bytes[k];
        }
        if (memcmp(torn->before, torn->after, flash->config.program_unit) == 0) {
            forget_torn(flash, offset, 1);
            return;
        }
    }
}

static void tear_unit(enr_script_flash_t *flash, uint32_t offset, const uint8_t *bytes)
{
    uint32_t unit = flash->config.program_unit;
    enr_script_torn_t torn = {.offset = offset};
    memcpy(torn.before, flash->bytes + offset, unit);
    for (uint32_t i = 0; i < flash->torn_count; i++) {
        if (flash->torn[i].offset == offset) {
            memcpy(torn.before, flash->torn[i].before, unit);
        }
    }
    program_unit(flash, offset, bytes, unit);
    memcpy(torn.after, flash->bytes + offset, unit);
    forget_torn(flash, offset, 1);
    assert(flash->torn_count < ENR_SCRIPT_TORN_MAX);
    flash->torn[flash->torn_count++] = torn;
}

/* Programs a whole call's bytes up to `done`, which may end inside a unit. */
static void program_bytes(enr_script_flash_t *flash, uint32_t offset, const uint8_t *bytes, uint32_t done)
{
    uint32_t unit = flash->config.program_unit;
    for (uint32_t at = 0; at < done; at += unit) {
        program_unit(flash, offset + at, bytes + at, done - at < unit ? done - at : unit);
    }
}

static void touch(enr_script_flash_t *flash, uint32_t offset, uint32_t len)
{
    for (uint32_t at = 0; at < len; at += flash->config.program_unit) {
        set_touched(flash, offset + at, true);
    }
}

/* --- sectors --- */

static void blank(enr_script_flash_t *flash, uint32_t offset, uint32_t len)
{
    memset(flash->bytes + offset, 0xff, len);
    forget_torn(flash, offset, len);
    for (uint32_t at = 0; at < len; at += flash->config.program_unit) {
        set_touched(flash, offset + at, false);
    }
}

static void finish_erase(enr_script_flash_t *flash, uint32_t offset)
{
    blank(flash, offset, flash->config.sector_size);
    sector_at(flash, offset)->soundness = SOUND;
    sector_at(flash, offset)->erases++;
}

static void cut_erase(enr_script_flash_t *flash, uint32_t offset)
{
    switch (flash->cut_kind) {
    case ENR_SCRIPT_CUT_BEFORE:
        break;
    case ENR_SCRIPT_CUT_HALF:
        blank(flash, offset, flash->config.sector_size / 2);
        sector_at(flash, offset)->soundness = HALF_ERASED;
        break;
    case ENR_SCRIPT_CUT_AFTER:
        finish_erase(flash, offset);
        break;
    case ENR_SCRIPT_CUT_TORN:
        sector_at(flash, offset)->soundness = UNSTABLE;
        break;
    case ENR_SCRIPT_CUT_TORN_BLANK:
        blank(flash, offset, flash->config.sector_size);
        sector_at(flash, offset)->soundness = WEAK;
        break;
    }
}

/* --- the cut --- */

/* Counts an operation. True: it is the one that is cut. */
static bool begin_operation(enr_script_flash_t *flash)
{
    flash->operations++;
    return flash->operations == flash->cut_at;
}

/* The power goes; what is being erased is hit as well. */
static enr_status_t end_power(enr_script_flash_t *flash)
{
    if (flash->erasing && !sector_at(flash, flash->erasing_sector)->broken) {
        cut_erase(flash, flash->erasing_sector);
    }
    flash->off = true;
    return ENR_E_FLASH;
}

static void cut_program(enr_script_flash_t *flash, uint32_t offset, const uint8_t *bytes, uint32_t len)
{
    uint32_t unit = flash->config.program_unit;
    uint32_t middle = len / unit / 2 * unit;
    switch (flash->cut_kind) {
    case ENR_SCRIPT_CUT_BEFORE:
        break;
    case ENR_SCRIPT_CUT_HALF:
        program_bytes(flash, offset, bytes, len / 2);
        break;
    case ENR_SCRIPT_CUT_AFTER:
        program_bytes(flash, offset, bytes, len);
        break;
    case ENR_SCRIPT_CUT_TORN:
        program_bytes(flash, offset, bytes, middle);
        touch(flash, offset + middle, len - middle);
        tear_unit(flash, offset + middle, bytes + middle);
        break;
    case ENR_SCRIPT_CUT_TORN_BLANK:
        touch(flash, offset, len);
        break;
    }
}

/* --- the duty --- */

/* What one look at a byte that is between two values shows. */
static uint8_t look(enr_script_flash_t *flash, uint32_t mood, uint8_t before, uint8_t after)
{
    uint8_t mask = mood == 0 ? 0 : mood == 1 ? 0xff : (uint8_t)draw(flash);
    return (uint8_t)((before & ~mask) | (after & mask));
}

static void read_torn(enr_script_flash_t *flash, uint32_t offset, uint8_t *out, uint32_t len)
{
    for (uint32_t i = 0; i < flash->torn_count; i++) {
        const enr_script_torn_t *torn = &flash->torn[i];
        uint32_t mood = draw(flash) % 3;
        for (uint32_t k = 0; k < flash->config.program_unit; k++) {
            if (torn->offset + k - offset < len) {
                out[torn->offset + k - offset] = look(flash, mood, torn->before[k], torn->after[k]);
            }
        }
    }
}

static void read_unstable(enr_script_flash_t *flash, uint32_t offset, uint8_t *out, uint32_t len)
{
    uint32_t mood = draw(flash) % 3;
    for (uint32_t i = 0; i < len; i++) {
        if (sector_at(flash, offset + i)->soundness == UNSTABLE) {
            out[i] = look(flash, mood, out[i], 0xff);
        }
    }
}

static bool touches_unstable(const enr_script_flash_t *flash, uint32_t offset, uint32_t len)
{
    const sector_t *last = sector_at(flash, offset + len - 1);
    for (const sector_t *sector = sector_at(flash, offset); sector <= last; sector++) {
        if (sector->soundness == UNSTABLE) {
            return true;
        }
    }
    return false;
}

static bool in_range(const enr_script_flash_t *flash, uint32_t offset, uint32_t len)
{
    return len > 0 && offset < flash->config.size && len <= flash->config.size - offset;
}

static bool meets_erase(const enr_script_flash_t *flash, uint32_t offset, uint32_t len)
{
    return flash->erasing && offset < flash->erasing_sector + flash->config.sector_size &&
           flash->erasing_sector < offset + len;
}

static enr_status_t read(void *ctx, uint32_t offset, uint8_t *out, uint32_t len)
{
    enr_script_flash_t *flash = ctx;
    if (flash->off) {
        return ENR_E_FLASH;
    }
    if (!in_range(flash, offset, len)) {
        return violate(flash, "read out of range");
    }
    if (flash->erasing && !flash->config.suspends) {
        return ENR_AGAIN;
    }
    if (meets_erase(flash, offset, len)) {
        return violate(flash, "read of the sector that is being erased");
    }
    flash->reads++;
    flash->read_bytes += len;
    memcpy(out, flash->bytes + offset, len);
    if (flash->torn_count > 0) {
        read_torn(flash, offset, out, len);
    }
    if (touches_unstable(flash, offset, len)) {
        read_unstable(flash, offset, out, len);
    }
    return ENR_OK;
}

/* What a program call breaks, or NULL. */
static const char *fault_of_program(const enr_script_flash_t *flash, uint32_t offset, const uint8_t *bytes,
                                    uint32_t len)
{
    const enr_script_flash_config_t *config = &flash->config;
    if (!in_range(flash, offset, len)) {
        return "program out of range";
    }
    if (offset % config->program_unit != 0 || len % config->program_unit != 0) {
        return "program not in whole units";
    }
    if (offset / config->page_size != (offset + len - 1) / config->page_size) {
        return "program across a page";
    }
    if (meets_erase(flash, offset, len)) {
        return "program in the sector that is being erased";
    }
    if (sector_at(flash, offset)->soundness != SOUND) {
        return "program in a sector whose erase was cut";
    }
    for (uint32_t i = 0; i < len; i++) {
        if (!config->reprogram && is_touched(flash, offset + i)) {
            return "program of a unit that was touched before";
        }
        if (bytes[i] != 0xff && (bytes[i] & ~flash->bytes[offset + i]) != 0) {
            return "program of a one where there is a zero";
        }
    }
    return NULL;
}

static enr_status_t program(void *ctx, uint32_t offset, const uint8_t *bytes, uint32_t len)
{
    enr_script_flash_t *flash = ctx;
    if (flash->off) {
        return ENR_E_FLASH;
    }
    if (flash->erasing && !flash->config.suspends) {
        return ENR_AGAIN;
    }
    bool cut = begin_operation(flash);
    const char *fault = fault_of_program(flash, offset, bytes, len);
    bool able = fault == NULL && !sector_at(flash, offset)->broken;
    if (fault != NULL) {
        (void)violate(flash, fault);
    }
    if (cut) {
        if (able) {
            cut_program(flash, offset, bytes, len);
        }
        return end_power(flash);
    }
    if (!able) {
        return ENR_E_FLASH;
    }
    flash->programs++;
    flash->program_bytes += len;
    program_bytes(flash, offset, bytes, len);
    return ENR_OK;
}

/* The erase under way is over. */
static enr_status_t end_erase(enr_script_flash_t *flash)
{
    flash->erasing = false;
    if (sector_at(flash, flash->erasing_sector)->broken) {
        flash->last_erase = ENR_E_FLASH;
    } else {
        finish_erase(flash, flash->erasing_sector);
        flash->last_erase = ENR_OK;
    }
    return flash->last_erase;
}

static enr_status_t erase_start(void *ctx, uint32_t offset)
{
    enr_script_flash_t *flash = ctx;
    if (flash->off) {
        return ENR_E_FLASH;
    }
    bool cut = begin_operation(flash);
    bool sound = !flash->erasing && offset < flash->config.size && offset % flash->config.sector_size == 0;
    if (sound) {
        flash->erasing = true;
        flash->erasing_sector = offset;
        flash->polls = flash->config.erase_polls;
    } else {
        (void)violate(flash, flash->erasing ? "erase during an erase" : "erase of what is no sector");
    }
    if (cut) {
        return end_power(flash);
    }
    if (!sound) {
        return ENR_E_FLASH;
    }
    flash->erases++;
    if (flash->polls == 0) {
        (void)end_erase(flash);
    }
    return ENR_OK;
}

static enr_status_t erase_busy(void *ctx)
{
    enr_script_flash_t *flash = ctx;
    if (flash->off) {
        return ENR_E_FLASH;
    }
    if (!flash->erasing) {
        return flash->last_erase;
    }
    if (flash->polls > 0) {
        flash->polls--;
        return ENR_AGAIN;
    }
    return end_erase(flash);
}

/* --- the test's side --- */

size_t enr_script_flash_memory(const enr_script_flash_config_t *config)
{
    assert(config->program_unit >= 1 && config->program_unit <= 32);
    assert(config->page_size >= config->program_unit && config->page_size % config->program_unit == 0);
    assert(config->sector_size >= config->page_size && config->sector_size % config->page_size == 0);
    assert(config->size >= config->sector_size && config->size % config->sector_size == 0);
    return sector_count(config) * sizeof(sector_t) + config->size + touched_bytes(config);
}

void enr_script_flash_start(enr_script_flash_t *flash, const enr_script_flash_config_t *config, void *memory)
{
    memset(memory, 0, enr_script_flash_memory(config));
    *flash = (enr_script_flash_t){.config = *config, .sectors = memory, .last_erase = ENR_OK};
    flash->bytes = (uint8_t *)memory + sector_count(config) * sizeof(sector_t);
    flash->touched = flash->bytes + config->size;
    enr_script_flash_seed(flash, config->seed);
    memset(flash->bytes, 0xff, config->size);
}

void enr_script_flash_seed(enr_script_flash_t *flash, uint64_t seed)
{
    flash->random = seed * 0x9e3779b97f4a7c15ull | 1u;
}

enr_flash_t enr_script_flash(enr_script_flash_t *flash)
{
    return (enr_flash_t){.ctx = flash,
                         .size = flash->config.size,
                         .sector_size = flash->config.sector_size,
                         .page_size = flash->config.page_size,
                         .program_unit = flash->config.program_unit,
                         .reprogram = flash->config.reprogram,
                         .read = read,
                         .program = program,
                         .erase_start = erase_start,
                         .erase_busy = erase_busy};
}

void enr_script_flash_power_on(enr_script_flash_t *flash)
{
    flash->off = false;
    flash->erasing = false;
    flash->last_erase = ENR_OK;
    flash->cut_at = 0;
}

void enr_script_flash_break(enr_script_flash_t *flash, uint32_t sector)
{
    assert(sector < sector_count(&flash->config));
    ((sector_t *)flash->sectors)[sector].broken = true;
}

uint32_t enr_script_flash_erase_count(const enr_script_flash_t *flash, uint32_t sector)
{
    assert(sector < sector_count(&flash->config));
    return ((const sector_t *)flash->sectors)[sector].erases;
}
