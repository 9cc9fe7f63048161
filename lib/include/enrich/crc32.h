/* A check sum for what lies on flash: tells torn from whole. It authenticates nothing (behaviours 45). */
#ifndef ENRICH_CRC32_H
#define ENRICH_CRC32_H

#include "enrich/span.h"

/* The CRC-32 of IEEE 802.3 (reflected, polynomial 0x04C11DB7) of bytes, going on from the CRC-32 of those before them;
   0 when there are none. */
uint32_t enr_crc32(uint32_t so_far, enr_span_t bytes);

#endif
