#include "enrich_ip.h"

#include <assert.h>
#include <string.h>

/* A network: the first bytes of its addresses, and how many bits of them count. */
static const struct {
    uint8_t bytes[4];
    uint8_t bits;
} private_v4[] = {
    {{0}, 8},         /* this network, RFC 1122 3.2.1.3 */
    {{10}, 8},        /* private, RFC 1918 */
    {{100, 64}, 10},  /* shared between a carrier and its customers, RFC 6598 */
    {{127}, 8},       /* loopback, RFC 1122 3.2.1.3 */
    {{169, 254}, 16}, /* link-local, RFC 3927 */
    {{172, 16}, 12},  /* private, RFC 1918 */
    {{192, 168}, 16}, /* private, RFC 1918 */
};

static const struct {
    uint8_t bytes[16];
    uint8_t bits;
} private_v6[] = {
    {{0}, 128},         /* unspecified, RFC 4291 2.5.2 */
    {{[15] = 1}, 128},  /* loopback, RFC 4291 2.5.3 */
    {{0xFE, 0x80}, 10}, /* link-local, RFC 4291 2.5.6 */
    {{0xFC}, 7},        /* unique local, RFC 4193 */
};

static const uint8_t mapped_v4[16] = {[10] = 0xFF, [11] = 0xFF};

static bool is_in(const uint8_t *address, const uint8_t *network, unsigned bits)
{
    size_t whole = bits / 8u;
    unsigned mask = 0xFF00u >> (bits % 8u) & 0xFFu;
    if (memcmp(address, network, whole) != 0) {
        return false;
    }
    return mask == 0 || (address[whole] & mask) == (network[whole] & mask);
}

static bool is_private_v4(const uint8_t *address)
{
    for (size_t i = 0; i < sizeof private_v4 / sizeof private_v4[0]; i++) {
        if (is_in(address, private_v4[i].bytes, private_v4[i].bits)) {
            return true;
        }
    }
    return false;
}

bool enr_ip_address_is_private(const enr_ip_address_t *address)
{
    assert(address != NULL && (address->len == 4 || address->len == 16));
    if (address->len == 4) {
        return is_private_v4(address->bytes);
    }
    if (is_in(address->bytes, mapped_v4, 96)) {
        return is_private_v4(address->bytes + 12);
    }
    for (size_t i = 0; i < sizeof private_v6 / sizeof private_v6[0]; i++) {
        if (is_in(address->bytes, private_v6[i].bytes, private_v6[i].bits)) {
            return true;
        }
    }
    return false;
}
