#include "internal.h"

#include <arpa/inet.h>
#include <string.h>

static void append(enr_posix_net_t *net, const uint8_t *bytes, size_t len)
{
    if (net->address_count == ENR_POSIX_ADDRESSES_MAX) {
        return;
    }
    net->tried[net->address_count] = false;
    enr_ip_address_t *address = &net->addresses[net->address_count++];
    memcpy(address->bytes, bytes, len);
    address->len = (uint8_t)len;
}

void enr_posix_address_add(enr_posix_net_t *net, const uint8_t *bytes, size_t len)
{
    enr_ip_address_t address = {.len = (uint8_t)len};
    memcpy(address.bytes, bytes, len);
    if (net->config.refuse_private && enr_ip_address_is_private(&address)) {
        return;
    }
    append(net, bytes, len);
}

static bool is_localhost(enr_span_t host)
{
    const enr_span_t name = ENR_SPAN("localhost");
    if (host.len > 0 && host.ptr[host.len - 1] == '.') {
        host.len--;
    }
    if (host.len < name.len || !enr_span_equal_ignore_case(enr_span_slice(host, host.len - name.len, host.len), name)) {
        return false;
    }
    return host.len == name.len || host.ptr[host.len - name.len - 1] == '.';
}

/* c-ares knows "localhost" but no name below it, and asks DNS about IPv4 literals when both families are wanted. */
bool enr_posix_address_known(enr_posix_net_t *net, const char *host)
{
    uint8_t bytes[16];
    if (inet_pton(AF_INET, host, bytes) == 1) {
        enr_posix_address_add(net, bytes, 4);
        return true;
    }
    if (inet_pton(AF_INET6, host, bytes) == 1) {
        enr_posix_address_add(net, bytes, 16);
        return true;
    }
    if (is_localhost(enr_span_from_str(host))) {
        append(net, (const uint8_t[4]){127, 0, 0, 1}, 4);
        append(net, (const uint8_t[16]){[15] = 1}, 16);
        return true;
    }
    return false;
}
