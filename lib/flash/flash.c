#include "enrich/flash.h"

#include <assert.h>

static const enr_flash_t *whole_of(const enr_flash_region_t *region)
{
    return region->part->whole;
}

static bool is_inside(const enr_flash_region_t *region, uint32_t offset, uint32_t len)
{
    return offset <= region->size && len <= region->size - offset;
}

static enr_status_t read(void *ctx, uint32_t offset, uint8_t *out, uint32_t len)
{
    const enr_flash_region_t *region = ctx;
    assert(is_inside(region, offset, len));
    return whole_of(region)->read(whole_of(region)->ctx, region->offset + offset, out, len);
}

static enr_status_t program(void *ctx, uint32_t offset, const uint8_t *bytes, uint32_t len)
{
    const enr_flash_region_t *region = ctx;
    assert(is_inside(region, offset, len));
    return whole_of(region)->program(whole_of(region)->ctx, region->offset + offset, bytes, len);
}

/* Asks after the erase under way, if there is one, and keeps the answer for whose it is. ENR_AGAIN: it goes on. */
static enr_status_t ask(enr_flash_part_t *part)
{
    if (part->eraser == NULL) {
        return ENR_OK;
    }
    enr_status_t status = part->whole->erase_busy(part->whole->ctx);
    if (status == ENR_AGAIN) {
        return ENR_AGAIN;
    }
    part->eraser->erased = status;
    part->eraser = NULL;
    return ENR_OK;
}

static enr_status_t erase_start(void *ctx, uint32_t offset)
{
    enr_flash_region_t *region = ctx;
    assert(is_inside(region, offset, whole_of(region)->sector_size));
    if (ask(region->part) == ENR_AGAIN) {
        return ENR_AGAIN;
    }
    enr_status_t status = whole_of(region)->erase_start(whole_of(region)->ctx, region->offset + offset);
    if (status == ENR_OK) {
        region->part->eraser = region;
    }
    return status;
}

static enr_status_t erase_busy(void *ctx)
{
    enr_flash_region_t *region = ctx;
    if (region->part->eraser == region && ask(region->part) == ENR_AGAIN) {
        return ENR_AGAIN;
    }
    return region->erased;
}

void enr_flash_part_start(enr_flash_part_t *part, const enr_flash_t *whole)
{
    *part = (enr_flash_part_t){.whole = whole};
}

void enr_flash_region_start(enr_flash_region_t *region, enr_flash_part_t *part, uint32_t offset, uint32_t size)
{
    uint32_t sector = part->whole->sector_size;
    assert(offset % sector == 0 && size % sector == 0 && size > 0);
    assert(offset <= part->whole->size && size <= part->whole->size - offset);
    (void)sector;
    *region = (enr_flash_region_t){.part = part, .offset = offset, .size = size, .erased = ENR_OK};
}

enr_flash_t enr_flash_region(enr_flash_region_t *region)
{
    enr_flash_t flash = *whole_of(region);
    flash.ctx = region;
    flash.size = region->size;
    flash.read = read;
    flash.program = program;
    flash.erase_start = erase_start;
    flash.erase_busy = erase_busy;
    return flash;
}
