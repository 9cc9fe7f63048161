#include "scanner_ring.h"

#include "board.h"

_Static_assert((BOARD_SCANNER_RING & (BOARD_SCANNER_RING - 1)) == 0, "the ring's size is a power of two");

static struct {
    volatile uint32_t written; /* bytes ever put, the interrupt's */
    volatile uint32_t taken;   /* bytes ever taken, the main loop's */
    volatile uint32_t lost;
    uint8_t bytes[BOARD_SCANNER_RING];
} ring;

void scanner_ring_put(uint8_t byte)
{
    uint32_t written = ring.written;
    if (written - ring.taken == BOARD_SCANNER_RING) {
        scanner_ring_lost();
        return;
    }
    ring.bytes[written % BOARD_SCANNER_RING] = byte;
    __asm volatile("" ::: "memory"); /* the byte is there before it is counted */
    ring.written = written + 1;
}

void scanner_ring_lost(void)
{
    ring.lost = ring.lost + 1;
}

size_t board_scanner_read(uint8_t *out, size_t capacity)
{
    uint32_t taken = ring.taken;
    size_t len = 0;
    while (len < capacity && taken != ring.written) {
        out[len++] = ring.bytes[taken++ % BOARD_SCANNER_RING];
    }
    __asm volatile("" ::: "memory"); /* the bytes are out before their room is given back */
    ring.taken = taken;
    return len;
}

uint32_t board_scanner_overruns(void)
{
    return ring.lost;
}
