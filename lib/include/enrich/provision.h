/* Settings on a QR code, for one device: sealed with a secret that only this device and its operator know, so that a
   photo of the code tells nothing, a stranger's code changes nothing, and an old one is worth nothing (domain 3, 6).
   The text and its bytes are described in lib/provision/FORMAT.md. */
#ifndef ENRICH_PROVISION_H
#define ENRICH_PROVISION_H

#include "enrich/seal.h"
#include "enrich/store.h"

/* Bytes of the secret, and characters of it in base32. */
#define ENR_PROVISION_SECRET_LEN 16u
#define ENR_PROVISION_SECRET_TEXT_LEN 26u

/* What the text of a code begins with, and bytes of the longest text. */
#define ENR_PROVISION_PREFIX "ENR1:"
#define ENR_PROVISION_TEXT_MAX (sizeof ENR_PROVISION_PREFIX - 1 + ((ENR_STORE_ITEM_MAX + 30u) * 8u + 4u) / 5u)

/* What a code holds. */
typedef struct {
    uint32_t number;     /* grows from code to code of one device: the time of its making, seconds since 1970 */
    bool force;          /* take it although leads are undelivered */
    enr_span_t settings; /* their bytes (settings.h) */
} enr_provision_t;

/* Base32 (RFC 4648 6) without '=': appends the digits. */
void enr_base32_write(enr_span_t bytes, enr_buffer_t *out);

/* Reads digits, capitals, in place: text[0 … *out_len) are then the bytes. False: it holds something else, or bits that
   make no byte are not zero. */
bool enr_base32_read(uint8_t *text, size_t len, size_t *out_len);

/* Makes a new secret of the device; the one before, and all codes made with it, are worth nothing from now on. To be
   shown once, to who provisions the device. device: a seal under the device's own key; the number of the secret is kept
   in the store (ENR_COUNTER_SECRETS). ENR_OK: durable; otherwise as enr_store_count. */
ENR_NODISCARD enr_status_t enr_provision_new_secret(enr_store_t *store, const enr_seal_t *device,
                                                    uint8_t out_secret[ENR_PROVISION_SECRET_LEN]);

/* The secret that was made last. ENR_END: none was. Otherwise as enr_store_count. */
ENR_NODISCARD enr_status_t enr_provision_secret(enr_store_t *store, const enr_seal_t *device,
                                                uint8_t out_secret[ENR_PROVISION_SECRET_LEN]);

/* The seal of codes under a secret; enr_seal_close ends it. As enr_seal_init. */
ENR_NODISCARD enr_status_t enr_provision_seal(enr_seal_t *seal, const uint8_t secret[ENR_PROVISION_SECRET_LEN]);

/* Appends the text of a code. random: 8 random bytes, so that two codes of one number have different nonces. memory:
   for its bytes, settings.len + 30 of them. ENR_OK; ENR_E_LIMIT: settings are longer than ENR_STORE_ITEM_MAX, or there
   is no room; ENR_E_SEAL. */
ENR_NODISCARD enr_status_t enr_provision_write(const enr_seal_t *seal, const enr_provision_t *provision,
                                               const uint8_t random[8], uint8_t *memory, enr_buffer_t *out);

/* Opens a code, in place: text is what follows ENR_PROVISION_PREFIX. out_provision->settings is a view of it. ENR_OK.
   ENR_E_SYNTAX: not base32, too short, or of another version. ENR_E_SEAL: not sealed with this secret; text is then
   wiped. Who takes the settings over compares the number first (enr_provision_accept). */
ENR_NODISCARD enr_status_t enr_provision_read(const enr_seal_t *seal, uint8_t *text, size_t len,
                                              enr_provision_t *out_provision);

/* Takes settings over that were read and checked: the code is used up first, so that neither it nor an older one is
   ever taken again, wherever the power is cut; then the settings are in the store, for the next start. ENR_OK: durable.
   ENR_END: a code with this number or a later one was taken before; nothing was changed. ENR_AGAIN: step the store, and
   ask again with the same arguments until it gives something else. Otherwise as enr_store_put: the code may be used up.
   *in_use: false at first. */
ENR_NODISCARD enr_status_t enr_provision_accept(enr_store_t *store, const enr_provision_t *provision, bool *in_use);

#endif
