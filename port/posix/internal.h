/* What the files of this folder share. */
#ifndef ENRICH_POSIX_INTERNAL_H
#define ENRICH_POSIX_INTERNAL_H

#include "enrich_posix.h"

/* enr_posix_net_t.state */
enum { NET_CLOSED, NET_RESOLVING, NET_CONNECTING, NET_OPEN };

/* Sockets of one resolver at most. */
#define RESOLVER_SOCKETS_MAX 16

/* Puts the addresses that need no resolver into the net: those of a literal or of localhost. False: host is neither. */
bool enr_posix_address_known(enr_posix_net_t *net, const char *host);

/* Adds an address to those to be tried, if the configuration allows it and there is room. */
void enr_posix_address_add(enr_posix_net_t *net, const uint8_t *bytes, size_t len);

/* Begins to resolve a name. ENR_OK: go on with the step. ENR_E_SETTING, ENR_E_NETWORK. */
ENR_NODISCARD enr_status_t enr_posix_resolve_start(enr_posix_net_t *net, const char *host);

/* Goes on. ENR_OK: at least one address, or it is known to have none that may be tried. ENR_AGAIN; ENR_E_DNS,
   ENR_E_TIMEOUT_DNS, ENR_E_NETWORK. */
ENR_NODISCARD enr_status_t enr_posix_resolve_step(enr_posix_net_t *net, uint32_t now_ms, enr_wait_t *out_wait);

/* The resolver's sockets, with what it waits for on each. out has RESOLVER_SOCKETS_MAX places; gives how many were
 * used. */
size_t enr_posix_resolve_sockets(const enr_posix_net_t *net, struct pollfd *out);

/* Frees the resolver, if there is one. */
void enr_posix_resolve_end(enr_posix_net_t *net);

/* Puts the entry of a file in its folder on the medium. False: errno says why. */
bool enr_posix_sync_folder(const char *path);

/* Makes a descriptor non-blocking and not inherited by programs. */
bool enr_posix_prepare_fd(int fd);

#endif
