/* A page that the host loads into the image's memory before the start (QEMU: -device loader,force-raw=on): what a
   product would have in a random generator and in protected memory. A stand-in, and the only place that knows it.
   boards/host_page writes one. */
#ifndef HOST_PAGE_H
#define HOST_PAGE_H

#include <stdint.h>

#define HOST_PAGE_MAGIC "ENRHOST1"
#define HOST_PAGE_SIZE 112u /* at BOARD_HOST_PAGE, see the board's CMakeLists.txt */

typedef struct {
    uint8_t magic[8];   /* HOST_PAGE_MAGIC without its NUL, or there is no page */
    uint8_t address[6]; /* MAC address */
    uint8_t unused[2];
    uint8_t key[32];  /* the device's key */
    uint8_t seed[64]; /* entropy, fresh for every start of QEMU */
} host_page_t;

_Static_assert(sizeof(host_page_t) == HOST_PAGE_SIZE, "as boards/host_page writes it");

/* The page, or NULL. */
const host_page_t *host_page(void);

#endif
