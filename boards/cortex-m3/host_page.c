#include "host_page.h"

#include "board.h"
#include "start.h"

#include <string.h>

const host_page_t *host_page(void)
{
    const host_page_t *page = (const host_page_t *)(uintptr_t)BOARD_HOST_PAGE;
    return memcmp(page->magic, HOST_PAGE_MAGIC, sizeof page->magic) == 0 ? page : NULL;
}

/* QEMU loads the same page again at a restart, so what is handed out is told apart by the count of restarts and of
   calls: the generator that is seeded with it then never begins twice in the same state. More entropy than 64 bytes a
   power-on it does not get. */
static enr_status_t fill(void *ctx, uint8_t *out, size_t len)
{
    static uint32_t calls;
    (void)ctx;
    const host_page_t *page = host_page();
    if (page == NULL || len > sizeof page->seed) {
        return ENR_E_ENTROPY;
    }
    const uint32_t counts[2] = {start_count(), calls++};
    for (size_t i = 0; i < len; i++) {
        out[i] = page->seed[i] ^ (i < sizeof counts ? (uint8_t)(counts[i / 4] >> 8 * (i % 4)) : 0);
    }
    return ENR_OK;
}

enr_entropy_t board_entropy(void)
{
    return (enr_entropy_t){.fill = fill};
}

static enr_status_t get_key(void *ctx, uint8_t out_key[32])
{
    (void)ctx;
    const host_page_t *page = host_page();
    if (page == NULL) {
        return ENR_E_KEY;
    }
    memcpy(out_key, page->key, sizeof page->key);
    return ENR_OK;
}

enr_key_t board_key(void)
{
    return (enr_key_t){.get = get_key};
}
