#include "enrich/crc32.h"

uint32_t enr_crc32(uint32_t so_far, enr_span_t bytes)
{
    uint32_t crc = ~so_far;
    for (size_t i = 0; i < bytes.len; i++) {
        crc ^= bytes.ptr[i];
        for (int bit = 0; bit < 8; bit++) {
            crc = crc >> 1 ^ (0xedb88320u & (0u - (crc & 1u)));
        }
    }
    return ~crc;
}
