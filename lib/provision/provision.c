#include "enrich/provision.h"

#include <assert.h>
#include <string.h>

#define VERSION 1u
#define HEAD_LEN 13u
#define FLAGS_LEN 1u
#define FORCE 1u

static const char digits[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567";

/* --- base32 --- */

void enr_base32_write(enr_span_t bytes, enr_buffer_t *out)
{
    uint32_t bits = 0;
    unsigned count = 0;
    for (size_t i = 0; i < bytes.len; i++) {
        bits = (bits << 8 | bytes.ptr[i]) & 0xfff;
        for (count += 8; count >= 5; count -= 5) {
            enr_buffer_append_byte(out, (uint8_t)digits[bits >> (count - 5) & 31]);
        }
    }
    if (count > 0) {
        enr_buffer_append_byte(out, (uint8_t)digits[bits << (5 - count) & 31]);
    }
}

/* 0 to 31; 32: not a digit. */
static unsigned value_of(uint8_t byte)
{
    if (byte >= 'A' && byte <= 'Z') {
        return byte - 'A';
    }
    return byte >= '2' && byte <= '7' ? byte - '2' + 26u : 32;
}

bool enr_base32_read(uint8_t *text, size_t len, size_t *out_len)
{
    uint32_t bits = 0;
    unsigned count = 0;
    *out_len = 0;
    for (size_t i = 0; i < len; i++) {
        unsigned value = value_of(text[i]);
        if (value > 31) {
            return false;
        }
        bits = (bits << 5 | value) & 0xfff;
        count += 5;
        if (count >= 8) {
            count -= 8;
            text[(*out_len)++] = (uint8_t)(bits >> count);
        }
    }
    return count < 5 && (bits & ((1u << count) - 1)) == 0;
}

/* --- the secret --- */

/* The secret of the number that the store counts, after `more` are added. ENR_END: none was made yet. */
static enr_status_t secret_of(enr_store_t *store, const enr_seal_t *device, uint32_t more,
                              uint8_t out_secret[ENR_PROVISION_SECRET_LEN])
{
    static const char words[] = "provision secret";
    uint8_t text[sizeof words - 1 + 4];
    uint8_t digest[ENR_SEAL_DIGEST_LEN];
    uint32_t number = 0;
    enr_status_t status = enr_store_count(store, ENR_COUNTER_SECRETS, more, &number);
    if (status != ENR_OK || number == 0) {
        return status == ENR_OK ? ENR_END : status;
    }
    memcpy(text, words, sizeof words - 1);
    enr_put_32(text + sizeof words - 1, number);
    status = enr_seal_digest(device, (enr_span_t){text, sizeof text}, digest);
    memcpy(out_secret, digest, ENR_PROVISION_SECRET_LEN);
    enr_wipe(digest, sizeof digest);
    return status;
}

enr_status_t enr_provision_new_secret(enr_store_t *store, const enr_seal_t *device,
                                      uint8_t out_secret[ENR_PROVISION_SECRET_LEN])
{
    return secret_of(store, device, 1, out_secret);
}

enr_status_t enr_provision_secret(enr_store_t *store, const enr_seal_t *device,
                                  uint8_t out_secret[ENR_PROVISION_SECRET_LEN])
{
    return secret_of(store, device, 0, out_secret);
}

static enr_status_t give_secret(void *ctx, uint8_t out_key[32])
{
    memcpy(out_key, ctx, ENR_PROVISION_SECRET_LEN);
    memset(out_key + ENR_PROVISION_SECRET_LEN, 0, 32 - ENR_PROVISION_SECRET_LEN);
    return ENR_OK;
}

enr_status_t enr_provision_seal(enr_seal_t *seal, const uint8_t secret[ENR_PROVISION_SECRET_LEN])
{
    uint8_t copy[ENR_PROVISION_SECRET_LEN];
    memcpy(copy, secret, sizeof copy);
    const enr_key_t key = {.ctx = copy, .get = give_secret};
    enr_status_t status = enr_seal_init(seal, &key, ENR_SPAN("provision"));
    enr_wipe(copy, sizeof copy);
    return status;
}

/* --- the code --- */

static enr_seal_place_t place_of(const uint8_t head[HEAD_LEN])
{
    return (enr_seal_place_t){
        .epoch = enr_get_32(head + 1), .offset = enr_get_32(head + 5), .salt = enr_get_32(head + 9)};
}

enr_status_t enr_provision_write(const enr_seal_t *seal, const enr_provision_t *provision, const uint8_t random[8],
                                 uint8_t *memory, enr_buffer_t *out)
{
    enr_span_t settings = provision->settings;
    if (settings.len > ENR_STORE_ITEM_MAX) {
        return ENR_E_LIMIT;
    }
    uint8_t *plain = memory + HEAD_LEN;
    memory[0] = VERSION;
    enr_put_32(memory + 1, provision->number);
    memcpy(memory + 5, random, 8);
    plain[0] = provision->force ? FORCE : 0;
    memcpy(plain + FLAGS_LEN, settings.ptr, settings.len);
    size_t plain_len = FLAGS_LEN + settings.len;
    enr_status_t status =
        enr_seal_text(seal, place_of(memory), (enr_span_t){memory, HEAD_LEN}, (enr_span_t){plain, plain_len}, plain);
    if (status != ENR_OK) {
        return status;
    }
    enr_buffer_append(out, ENR_SPAN(ENR_PROVISION_PREFIX));
    enr_base32_write((enr_span_t){memory, HEAD_LEN + plain_len + ENR_SEAL_TAG_LEN}, out);
    return out->full ? ENR_E_LIMIT : ENR_OK;
}

enr_status_t enr_provision_read(const enr_seal_t *seal, uint8_t *text, size_t len, enr_provision_t *out_provision)
{
    size_t bytes_len = 0;
    *out_provision = (enr_provision_t){.number = 0};
    if (!enr_base32_read(text, len, &bytes_len) || bytes_len < HEAD_LEN + FLAGS_LEN + ENR_SEAL_TAG_LEN ||
        text[0] != VERSION) {
        return ENR_E_SYNTAX;
    }
    uint8_t *plain = text + HEAD_LEN;
    const enr_span_t sealed = {plain, bytes_len - HEAD_LEN};
    enr_status_t status = enr_seal_open(seal, place_of(text), (enr_span_t){text, HEAD_LEN}, sealed, plain);
    if (status != ENR_OK) {
        return status;
    }
    if ((plain[0] & ~FORCE) != 0) {
        return ENR_E_SYNTAX; /* of a later version */
    }
    *out_provision = (enr_provision_t){
        .number = enr_get_32(text + 1),
        .force = (plain[0] & FORCE) != 0,
        .settings = {plain + FLAGS_LEN, sealed.len - ENR_SEAL_TAG_LEN - FLAGS_LEN},
    };
    return ENR_OK;
}

enr_status_t enr_provision_accept(enr_store_t *store, const enr_provision_t *provision, bool *in_use)
{
    uint32_t before = 0;
    enr_status_t status = ENR_OK;
    if (!*in_use) {
        status = enr_store_count(store, ENR_COUNTER_PROVISIONED, 0, &before);
        if (status == ENR_OK && provision->number <= before) {
            return ENR_END;
        }
        if (status == ENR_OK) {
            status = enr_store_count(store, ENR_COUNTER_PROVISIONED, provision->number - before, &before);
        }
        *in_use = status == ENR_OK;
    }
    return *in_use ? enr_store_put(store, ENR_STORE_SETTINGS, provision->settings) : status;
}
