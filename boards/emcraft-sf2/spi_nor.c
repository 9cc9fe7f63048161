/* The kit's serial NOR flash, a Spansion S25FL128 of 16 MB, on SPI 0: sectors of 64 KB, pages of 256 bytes. UG0331,
   chapter SPI; the part's data sheet for the commands. */
#include "parts.h"

#include "board.h"
#include "registers.h"

#include <assert.h>

#define SPI(offset) REGISTER(0x40001000u + (offset))
#define CONTROL SPI(0x00u)
#define CONTROL_ENABLE 0x1u
#define CONTROL_MASTER 0x2u
#define CONTROL_FRAMES(count) ((uint32_t)(count) << 8)
#define CONTROL_SELECT_HELD 0x04000000u /* SPS: the part stays selected until all frames have gone */
#define CONTROL_BIG_FIFO 0x20000000u
#define FRAME_SIZE SPI(0x04u)
#define STATUS SPI(0x08u)
#define STATUS_NOTHING_RECEIVED 0x40u
#define RECEIVED SPI(0x10u)
#define SEND SPI(0x14u)
#define CLOCK_DIVISOR SPI(0x18u)
#define SELECT SPI(0x1Cu)

#define PART_ID 0x012018u /* Spansion, 16 MB */
#define PART_SIZE (16u << 20)
#define SECTOR 65536u
#define PAGE 256u

#define READ_ID 0x9Fu
#define READ_STATUS 0x05u
#define STATUS_BUSY 0x01u
#define STATUS_FAILED 0x60u /* P_ERR, E_ERR */
#define CLEAR_STATUS 0x30u
#define WRITE_ENABLE 0x06u
#define READ 0x03u
#define PROGRAM 0x02u
#define ERASE_SECTOR 0xD8u

/* A page takes 1.5 ms at most (data sheet, tPP is 0.75 ms). */
#define PROGRAM_MS 10u

/* Frames of one transaction that the controller counts; more than a page with its command. */
#define CHUNK 1024u

static bool present;
static bool erasing; /* begun, and not yet seen to be over */

/* One transaction: a command of head_len bytes, then len bytes out of `out` or into `in`. */
static void transfer(const uint8_t *head, size_t head_len, const uint8_t *out, uint8_t *in, size_t len)
{
    CONTROL = CONTROL_MASTER | CONTROL_SELECT_HELD | CONTROL_BIG_FIFO;
    FRAME_SIZE = 8;
    CONTROL = CONTROL_FRAMES(head_len + len) | CONTROL_ENABLE | CONTROL_MASTER | CONTROL_SELECT_HELD | CONTROL_BIG_FIFO;
    for (size_t i = 0; i < head_len + len; i++) {
        SEND = i < head_len ? head[i] : out != NULL ? out[i - head_len] : 0xFFu;
        while ((STATUS & STATUS_NOTHING_RECEIVED) != 0) {
        }
        uint8_t byte = (uint8_t)RECEIVED;
        if (i >= head_len && in != NULL) {
            in[i - head_len] = byte;
        }
    }
}

static uint8_t read_status(void)
{
    uint8_t status;
    transfer((const uint8_t[]){READ_STATUS}, 1, NULL, &status, 1);
    return status;
}

static void command_at(uint8_t command, uint32_t address, const uint8_t *out, uint8_t *in, size_t len)
{
    const uint8_t head[] = {command, (uint8_t)(address >> 16), (uint8_t)(address >> 8), (uint8_t)address};
    transfer(head, sizeof head, out, in, len);
}

void spi_nor_ready(void)
{
    uint8_t id[3];
    CLOCK_DIVISOR = 1;
    SELECT = 1;
    transfer((const uint8_t[]){READ_ID}, 1, NULL, id, sizeof id);
    present = ((uint32_t)id[0] << 16 | (uint32_t)id[1] << 8 | id[2]) == PART_ID;
}

static enr_status_t status_of_part(uint8_t status)
{
    if ((status & STATUS_BUSY) != 0) {
        return ENR_AGAIN;
    }
    if ((status & STATUS_FAILED) != 0) {
        transfer((const uint8_t[]){CLEAR_STATUS}, 1, NULL, NULL, 0);
        return ENR_E_FLASH;
    }
    return ENR_OK;
}

/* The part answers nothing but its status while it erases: it is not told to suspend. */
static bool is_erasing(void)
{
    erasing = erasing && (read_status() & STATUS_BUSY) != 0;
    return erasing;
}

static enr_status_t read(void *ctx, uint32_t offset, uint8_t *out, uint32_t len)
{
    const board_region_t *region = ctx;
    assert(offset <= region->flash.size && len <= region->flash.size - offset);
    if (is_erasing()) {
        return ENR_AGAIN;
    }
    while (len > 0) {
        uint32_t now = len < CHUNK ? len : CHUNK;
        command_at(READ, region->offset + offset, NULL, out, now);
        offset += now;
        out += now;
        len -= now;
    }
    return ENR_OK;
}

static enr_status_t program(void *ctx, uint32_t offset, const uint8_t *bytes, uint32_t len)
{
    const board_region_t *region = ctx;
    assert(len > 0 && offset <= region->flash.size && len <= region->flash.size - offset);
    assert(offset % PAGE + len <= PAGE);
    if (is_erasing()) {
        return ENR_AGAIN;
    }
    transfer((const uint8_t[]){WRITE_ENABLE}, 1, NULL, NULL, 0);
    command_at(PROGRAM, region->offset + offset, bytes, NULL, len);
    uint32_t since_ms = board_ms(NULL);
    enr_status_t status;
    while ((status = status_of_part(read_status())) == ENR_AGAIN) {
        if (board_ms(NULL) - since_ms > PROGRAM_MS) {
            return ENR_E_FLASH;
        }
    }
    return status;
}

static enr_status_t erase_start(void *ctx, uint32_t offset)
{
    const board_region_t *region = ctx;
    assert(offset % SECTOR == 0 && offset < region->flash.size);
    if (is_erasing()) {
        return ENR_AGAIN;
    }
    transfer((const uint8_t[]){WRITE_ENABLE}, 1, NULL, NULL, 0);
    command_at(ERASE_SECTOR, region->offset + offset, NULL, NULL, 0);
    erasing = true;
    return ENR_OK;
}

static enr_status_t erase_busy(void *ctx)
{
    (void)ctx;
    return status_of_part(read_status());
}

uint32_t board_flash_size(void)
{
    return present ? PART_SIZE : 0;
}

enr_status_t board_flash_region(board_region_t *region, uint32_t offset, uint32_t size)
{
    assert(offset % SECTOR == 0 && size % SECTOR == 0);
    if (!present || offset > PART_SIZE || size > PART_SIZE - offset) {
        return ENR_E_FLASH;
    }
    region->offset = offset;
    region->flash = (enr_flash_t){.ctx = region,
                                  .size = size,
                                  .sector_size = SECTOR,
                                  .page_size = PAGE,
                                  .program_unit = 1,
                                  .reprogram = true,
                                  .read = read,
                                  .program = program,
                                  .erase_start = erase_start,
                                  .erase_busy = erase_busy};
    return ENR_OK;
}
