/* This board has no NOR flash under QEMU. A file of the host stands for one, nor.bin in QEMU's working directory, by
   way of semihosting; what a part would refuse, this one refuses too. Its geometry is that of a flash with error
   correction: units of 8 bytes, each programmed once between erases (behaviours 43). */
#include "parts.h"

#include "board.h"

#include <assert.h>
#include <string.h>

#define PART_SIZE (1u << 20)
#define SECTOR 4096u
#define PAGE 256u
#define UNIT 8u
#define ERASE_MS 20u

/* Semihosting for AArch32, 6: operations and modes of opening. */
#define SYS_OPEN 0x01u
#define SYS_WRITE 0x05u
#define SYS_READ 0x06u
#define SYS_SEEK 0x0Au
#define SYS_FLEN 0x0Cu
#define OPEN_UPDATE 3u /* "r+b" */
#define OPEN_CREATE 7u /* "w+b" */

static struct {
    bool present;
    uint32_t file;
    bool erasing;
    uint32_t erase_since_ms;
} part;

static uint32_t host_call(uint32_t operation, const uint32_t *arguments)
{
    register uint32_t r0 __asm("r0") = operation;
    register const uint32_t *r1 __asm("r1") = arguments;
    __asm volatile("bkpt 0xAB" : "+r"(r0) : "r"(r1) : "memory");
    return r0;
}

static uint32_t address_of(const void *memory)
{
    return (uint32_t)(uintptr_t)memory;
}

static bool open_file(uint32_t mode)
{
    static const char name[] = "nor.bin";
    part.file = host_call(SYS_OPEN, (const uint32_t[]){address_of(name), mode, sizeof name - 1});
    return part.file != UINT32_MAX;
}

/* Reads or writes; both operations tell how many bytes are missing. */
static bool move(uint32_t operation, uint32_t offset, const void *memory, uint32_t len)
{
    return host_call(SYS_SEEK, (const uint32_t[]){part.file, offset}) == 0 &&
           host_call(operation, (const uint32_t[]){part.file, address_of(memory), len}) == 0;
}

static bool erase(uint32_t offset)
{
    uint8_t page[PAGE];
    memset(page, 0xFF, sizeof page);
    for (uint32_t at = 0; at < SECTOR; at += PAGE) {
        if (!move(SYS_WRITE, offset + at, page, PAGE)) {
            return false;
        }
    }
    return true;
}

void file_nor_ready(void)
{
    part.present = open_file(OPEN_UPDATE) && host_call(SYS_FLEN, (const uint32_t[]){part.file}) == PART_SIZE;
    if (part.present || !open_file(OPEN_CREATE)) {
        return;
    }
    part.present = true;
    for (uint32_t offset = 0; offset < PART_SIZE && part.present; offset += SECTOR) {
        part.present = erase(offset);
    }
}

static bool inside(const board_region_t *region, uint32_t offset, uint32_t len)
{
    return offset <= region->flash.size && len <= region->flash.size - offset;
}

static enr_status_t erase_busy(void *ctx)
{
    (void)ctx;
    if (part.erasing && board_ms(NULL) - part.erase_since_ms < ERASE_MS) {
        return ENR_AGAIN;
    }
    part.erasing = false;
    return ENR_OK;
}

static enr_status_t read(void *ctx, uint32_t offset, uint8_t *out, uint32_t len)
{
    const board_region_t *region = ctx;
    assert(inside(region, offset, len));
    if (erase_busy(NULL) == ENR_AGAIN) {
        return ENR_AGAIN;
    }
    return move(SYS_READ, region->offset + offset, out, len) ? ENR_OK : ENR_E_FLASH;
}

static enr_status_t program(void *ctx, uint32_t offset, const uint8_t *bytes, uint32_t len)
{
    const board_region_t *region = ctx;
    uint8_t before[PAGE];
    assert(inside(region, offset, len) && len > 0);
    assert(offset % UNIT == 0 && len % UNIT == 0 && offset % PAGE + len <= PAGE);
    if (erase_busy(NULL) == ENR_AGAIN) {
        return ENR_AGAIN;
    }
    if (!move(SYS_READ, region->offset + offset, before, len)) {
        return ENR_E_FLASH;
    }
    for (uint32_t i = 0; i < len; i++) {
        if (before[i] != 0xFF) {
            return ENR_E_FLASH; /* programmed already: the part's error correction would be wrong from now on */
        }
    }
    return move(SYS_WRITE, region->offset + offset, bytes, len) ? ENR_OK : ENR_E_FLASH;
}

static enr_status_t erase_start(void *ctx, uint32_t offset)
{
    const board_region_t *region = ctx;
    assert(offset % SECTOR == 0 && inside(region, offset, SECTOR));
    if (erase_busy(NULL) == ENR_AGAIN) {
        return ENR_AGAIN;
    }
    if (!erase(region->offset + offset)) {
        return ENR_E_FLASH;
    }
    part.erasing = true;
    part.erase_since_ms = board_ms(NULL);
    return ENR_OK;
}

uint32_t board_flash_size(void)
{
    return part.present ? PART_SIZE : 0;
}

enr_status_t board_flash_region(board_region_t *region, uint32_t offset, uint32_t size)
{
    assert(offset % SECTOR == 0 && size % SECTOR == 0);
    if (!part.present || offset > PART_SIZE || size > PART_SIZE - offset) {
        return ENR_E_FLASH;
    }
    region->offset = offset;
    region->flash = (enr_flash_t){.ctx = region,
                                  .size = size,
                                  .sector_size = SECTOR,
                                  .page_size = PAGE,
                                  .program_unit = UNIT,
                                  .reprogram = false,
                                  .read = read,
                                  .program = program,
                                  .erase_start = erase_start,
                                  .erase_busy = erase_busy};
    return ENR_OK;
}
