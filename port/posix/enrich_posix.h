/* The duties of port.h on POSIX: net, clock, entropy, flash, key; memory for TLS; the system's trust store; the wait of
   a main loop. All nets of a process belong to one thread: c-ares starts and ends without locks. */
#ifndef ENRICH_POSIX_H
#define ENRICH_POSIX_H

#include "enrich/limits.h"
#include "enrich/port.h"
#include "enrich/status.h"
#include "enrich_ip.h"

#include <poll.h>

/* --- net --- */

/* Addresses of one name that are tried; further ones are not. */
#define ENR_POSIX_ADDRESSES_MAX 16

/* How long one address may take to answer when the configuration does not say. */
#define ENR_POSIX_ADDRESS_MS 5000u

/* How connections are made. All zero is a sound choice. */
typedef struct {
    /* Milliseconds after which an address that does not answer is left for the next one, below 2^31; 0:
     * ENR_POSIX_ADDRESS_MS. */
    uint32_t address_ms;

    /* Private addresses of a public name are not tried: a captive portal or a rebinding resolver gives such (behaviours
       29, 38). localhost and the names below it are not public (RFC 6761 6.3). */
    bool refuse_private;

    /* DNS servers instead of the system's, as "address[:port],…"; NULL: the system's. For networks whose own resolver
       lies. It must outlive the net. */
    const char *dns_servers;
} enr_posix_net_config_t;

/* One TCP connection at a time. Its fields are private. It must not be moved once started. Memory is allocated by
   c-ares while a name is being resolved, and only then. */
typedef struct {
    enr_posix_net_config_t config;
    uint8_t state;
    int fd; /* the socket, or -1 */
    uint16_t port;
    void *resolver; /* c-ares's channel while it resolves, or NULL */
    bool resolved;  /* c-ares has answered, with resolve_status */
    enr_status_t resolve_status;
    enr_ip_address_t addresses[ENR_POSIX_ADDRESSES_MAX];
    bool tried[ENR_POSIX_ADDRESSES_MAX];
    size_t address_count;
    uint8_t last_len; /* of the address tried last */
    uint32_t address_since_ms;
    enr_status_t failure;
} enr_posix_net_t;

/* Makes a closed net; config is copied. Close it with its close function before its memory goes. */
void enr_posix_net_start(enr_posix_net_t *net, const enr_posix_net_config_t *config);

/* The net's functions, as port.h says. Of open:
   - names: localhost and names below it are the loopback addresses (RFC 6761 6.3); others come from /etc/hosts, then
   from DNS, each time anew and exactly as given: no search list, no alias file. IPv4 and IPv6 literals are taken as
   they are.
   - addresses are tried in the order of RFC 6724, the families in turn (RFC 8305 4).
   - its status is that of the last address, but for ENR_E_UNREACHABLE, which hides no other: a family that this host
   has no route for says nothing of the service.
   - further statuses: ENR_E_TIMEOUT_DNS, no DNS server answered; ENR_E_SETTING, dns_servers is malformed. A host that
   is empty, longer than ENR_HOST_MAX or has a NUL is ENR_E_DNS. */
enr_net_t enr_posix_net(enr_posix_net_t *net);

/* --- wait --- */

/* Most waiters and most extra descriptors of one wait. */
#define ENR_POSIX_WAITERS_MAX 64
#define ENR_POSIX_EXTRAS_MAX 16

/* What one stepped thing waits for. net is the connection that wait.events speaks of; NULL when it only waits for a
 * time. */
typedef struct {
    const enr_posix_net_t *net;
    enr_wait_t wait;
} enr_posix_waiter_t;

/* Sleeps until a waiter can go on: an event of its connection came (while a name is being resolved: one of the
   resolver's), or its time on enr_posix_clock has. Returns earlier when one of the extra descriptors is ready (a signal
   pipe, a terminal: fd and events from the caller, revents as poll(2) sets them) or a signal was handled. Either list
   may be NULL with count 0. Asserts the maxima, and that there is something to wait for. ENR_OK: step everything again.
   ENR_E_NETWORK: the system refused (errno). */
ENR_NODISCARD enr_status_t enr_posix_wait(const enr_posix_waiter_t *waiters, size_t waiter_count, struct pollfd *extras,
                                          size_t extra_count);

/* --- clock, entropy, memory --- */

/* CLOCK_MONOTONIC and CLOCK_REALTIME. The system's time is taken as it is: whether it can be believed is asked above
 * (DESIGN 4). */
enr_clock_t enr_posix_clock(void);

/* The system's generator; ENR_E_ENTROPY while it is not seeded. */
enr_entropy_t enr_posix_entropy(void);

/* Memory from the system's allocator in the shape that TLS asks for: zeroed, or NULL; give takes NULL too. ctx is not
 * used. */
void *enr_posix_take(void *ctx, size_t count, size_t size);
void enr_posix_give(void *ctx, void *piece);

/* --- trust store --- */

/* Bytes of one certificate as DER. A larger one is skipped and counted. */
#ifndef ENR_POSIX_CERTIFICATE_MAX
#define ENR_POSIX_CERTIFICATE_MAX 8192
#endif

/* A PEM file of certificates (RFC 7468), mapped into memory and decoded one certificate at a time. skipped may be read;
   the other fields are private. */
typedef struct {
    size_t skipped; /* broken or too large certificates met so far, each counted once */
    const uint8_t *text;
    size_t size;
    size_t place; /* where the search for certificate number `next` begins */
    size_t next;
    size_t seen;    /* up to here skipped ones were counted */
    size_t der_len; /* of certificate number next - 1; 0: not at hand */
    uint8_t der[ENR_POSIX_CERTIFICATE_MAX];
} enr_posix_bundle_t;

/* Opens a bundle; path NULL: the system's, from the first of the usual places that exists. The file must not be cut
   while it is open; replacing it by another is harmless. Only its first certificate is decoded. ENR_OK. ENR_E_SETTING:
   it cannot be read (errno says why), or holds no usable certificate (errno is 0). It is then closed. */
ENR_NODISCARD enr_status_t enr_posix_bundle_open(enr_posix_bundle_t *bundle, const char *path);

/* Certificate number index, from 0, skipped ones not counted; ctx is the bundle. ENR_OK: *out_der is valid until the
   next call. ENR_END: there are no more. In rising order a whole walk reads the file once. */
ENR_NODISCARD enr_status_t enr_posix_bundle_get(void *ctx, size_t index, enr_span_t *out_der);

/* Closes a bundle. Closing twice is allowed. */
void enr_posix_bundle_close(enr_posix_bundle_t *bundle);

/* --- flash --- */

/* A file that behaves as a NOR flash. */
typedef struct {
    const char *path;
    uint32_t size;        /* bytes of the part, a multiple of sector_size; 0: what the file has */
    uint32_t sector_size; /* a multiple of 256 */
    bool create;          /* make the file when there is none, readable and writable by its owner only */
} enr_posix_flash_config_t;

/* One open file. Its fields are private. */
typedef struct {
    int fd; /* or -1 */
    uint32_t size;
    uint32_t sector_size;
    enr_status_t erased; /* how the last erase ended */
} enr_posix_flash_t;

/* Opens a file, which nobody else can open by this function until it is closed or the process has ended. A creation
   that was interrupted is completed. ENR_OK. ENR_E_BUSY: another one has it open. ENR_E_SETTING: a sector size that is
   no multiple of 256, or a size that is 0 or no multiple of it; errno is 0. ENR_E_FLASH: it cannot be opened, read or
   created (errno says why), or is no file of this size (errno is 0). After an error it is closed. */
ENR_NODISCARD enr_status_t enr_posix_flash_open(enr_posix_flash_t *flash, const enr_posix_flash_config_t *config);

/* The duty: pages of 256 bytes, units of 1 byte that may be programmed again. Programming turns ones into zeros and
   nothing back; a call across a page, or out of range, is an assertion. What was programmed or erased is on the medium
   when the call returns (fdatasync), and a process that is killed leaves each byte old or new. Erasing is over when
   erase_start returns. flash must stay where it is. */
enr_flash_t enr_posix_flash(enr_posix_flash_t *flash);

/* Closes the file. Closing twice is allowed. */
void enr_posix_flash_close(enr_posix_flash_t *flash);

/* --- key --- */

/* A device's key in a file of 32 bytes. It must not lie on the medium that it seals (DESIGN 2): on a host that is up to
   the user. */
typedef struct {
    const char *path; /* must outlive it */
} enr_posix_key_t;

/* Checks a key file; with `create`, makes one from the system's generator when there is none: at once whole, readable
   and writable by its owner only, and on the medium before this returns. ENR_OK. ENR_E_ENTROPY. ENR_E_KEY, with errno:
   EPERM: its mode lets others than its owner read or write it; EINVAL: it is no file of 32 bytes; otherwise what the
   system says, such as ENOENT. */
ENR_NODISCARD enr_status_t enr_posix_key_open(enr_posix_key_t *key, const char *path, bool create);

/* The duty: reads the file each time, with the same checks. */
enr_key_t enr_posix_key(enr_posix_key_t *key);

#endif
