/* memcpy and memset by words. picolibc's are shorter by 88 bytes and go byte by byte, with which a TLS handshake takes
   a fifth more instructions. Compiled without optimisation across files (CMakeLists.txt): the linker drops what only
   the compiler calls, and a loop must not become a call of itself. */
#include <stddef.h>
#include <stdint.h>
#include <string.h>

/* Four bytes wherever they lie: the processor loads and stores a word at any address (ARMv7-M A3.2.1). */
typedef struct {
    uint32_t bits;
} __attribute__((packed, may_alias)) word_t;

void *memcpy(void *restrict to, const void *restrict from, size_t len)
{
    uint8_t *out = to;
    const uint8_t *in = from;
    for (; len >= sizeof(word_t); len -= sizeof(word_t)) {
        *(word_t *)(void *)out = *(const word_t *)(const void *)in;
        out += sizeof(word_t);
        in += sizeof(word_t);
    }
    while (len-- > 0) {
        *out++ = *in++;
    }
    return to;
}

void *memset(void *to, int byte, size_t len)
{
    uint8_t *out = to;
    const word_t word = {(uint8_t)byte * 0x01010101u};
    for (; len >= sizeof word; len -= sizeof word) {
        *(word_t *)(void *)out = word;
        out += sizeof word;
    }
    while (len-- > 0) {
        *out++ = (uint8_t)byte;
    }
    return to;
}
