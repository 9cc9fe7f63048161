/* Division of 64-bit numbers, bit by bit: libgcc's is made for speed and takes 700 bytes. The name is libgcc's, whose
   entries for all kinds of such divisions call it; the linker finds this one first. */
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

uint64_t __udivmoddi4(uint64_t number, uint64_t divisor, uint64_t *out_rest);

uint64_t __udivmoddi4(uint64_t number, uint64_t divisor, uint64_t *out_rest)
{
    uint64_t rest = 0;
    for (unsigned bit = 0; bit < 64; bit++) {
        bool is_longer = rest >> 63 != 0; /* than 64 bits, and so than the divisor */
        rest = rest << 1 | number >> 63;
        number <<= 1;
        if (is_longer || rest >= divisor) {
            rest -= divisor;
            number |= 1;
        }
    }
    if (out_rest != NULL) {
        *out_rest = rest;
    }
    return number;
}
