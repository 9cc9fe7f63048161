/* Several regions on one flash part: store, journal and roster, each with its own enr_flash_t (DESIGN 2). A part erases
   one sector at a time; this keeps the regions from starting two erases at once, and gives each the answer to its own.
 */
#ifndef ENRICH_FLASH_H
#define ENRICH_FLASH_H

#include "enrich/port.h"

struct enr_flash_region;

/* A part that is shared. Private. */
typedef struct {
    const enr_flash_t *whole;
    struct enr_flash_region *eraser; /* whose erase was started and not yet seen to be over */
} enr_flash_part_t;

/* One region. Private. */
typedef struct enr_flash_region {
    enr_flash_part_t *part;
    uint32_t offset;
    uint32_t size;
    enr_status_t erased; /* how its last erase ended */
} enr_flash_region_t;

/* Makes a part of a whole one's duty, which must outlive it and is used by nobody else. */
void enr_flash_part_start(enr_flash_part_t *part, const enr_flash_t *whole);

/* Makes a region of size bytes at an offset of a part. Asserts that both are multiples of the sector size, size is not
   0, and the region lies inside the part. That regions do not overlap is the caller's affair. Both must stay where they
   are. */
void enr_flash_region_start(enr_flash_region_t *region, enr_flash_part_t *part, uint32_t offset, uint32_t size);

/* The region's duty: as port.h says, counted from the region's own offset 0. erase_start gives ENR_AGAIN while another
   region's sector is being erased; read and program give what the part gives then. Asserts that no call leaves the
   region. */
enr_flash_t enr_flash_region(enr_flash_region_t *region);

#endif
