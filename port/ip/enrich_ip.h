/* Network addresses, for every port. */
#ifndef ENRICH_IP_H
#define ENRICH_IP_H

#include <stdbool.h>
#include <stdint.h>

/* One network address: 4 bytes of IPv4 or 16 of IPv6, in network order. */
typedef struct {
    uint8_t bytes[16];
    uint8_t len;
} enr_ip_address_t;

/* True for an address that no public host has: unspecified, private (RFC 1918), shared (RFC 6598), loopback, link-local
   and unique local (RFC 4193) ones, an IPv4 one also when mapped into IPv6 (RFC 4291 2.5.5.2). Asserts that len is 4
   or 16. */
bool enr_ip_address_is_private(const enr_ip_address_t *address);

#endif
