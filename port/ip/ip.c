#include "enrich_ip.h"

#include <assert.h>
#include <string.h>

typedef struct {
    uint8_t bytes[16];
    uint8_t bits;
} prefix_t;

static const prefix_t private_v4[] = {
    {{0}, 8},         /* this network, RFC 1122 3.2.1.3 */
    {{10}, 8},        /* private, RFC 1918 */
    {{100, 64}, 10},  /* shared between a carrier and its customers, RFC 6598 */
    {{127}, 8},       /* loopback, RFC 1122 3.2.1.3 */
    {{169, 254}, 16}, /* link-local, RFC 3927 */
    {{172, 16}, 12},  /* private, RFC 1918 */
    {{192, 168}, 16}, /* private, RFC 1918 */
};

static const prefix_t private_v6[] = {
    {{0}, 128},                                              /* unspecified, RFC 4291 2.5.2 */
    {{0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1}, 128}, /* loopback, RFC 4291 2.5.3 */
    {{0xFE, 0x80}, 10},                                      /* link-local, RFC 4291 2.5.6 */
    {{0xFC}, 7},                                             /* unique local, RFC 4193 */
};

static const prefix_t mapped_v4 = {{0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xFF, 0xFF}, 96};

static bool has_prefix(const uint8_t *bytes, const prefix_t *prefix)
{
    size_t whole = prefix->bits / 8u;
    unsigned mask = 0xFF00u >> (prefix->bits % 8u) & 0xFFu;
    if (memcmp(bytes, prefix->bytes, whole) != 0) {
        return false;
    }
    return mask == 0 || (bytes[whole] & mask) == (prefix->bytes[whole] & mask);
}

static bool has_any_prefix(const uint8_t *bytes, const prefix_t *prefixes, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        if (has_prefix(bytes, &prefixes[i])) {
            return true;
        }
    }
    return false;
}

bool enr_ip_address_is_private(const enr_ip_address_t *address)
{
    assert(address != NULL && (address->len == 4 || address->len == 16));
    const uint8_t *v4 = address->bytes;
    if (address->len == 16) {
        if (!has_prefix(address->bytes, &mapped_v4)) {
            return has_any_prefix(address->bytes, private_v6, sizeof private_v6 / sizeof private_v6[0]);
        }
        v4 = address->bytes + 12;
    }
    return has_any_prefix(v4, private_v4, sizeof private_v4 / sizeof private_v4[0]);
}
