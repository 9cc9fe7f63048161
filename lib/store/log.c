#include "store_internal.h"

#include "enrich/crc32.h"

#include <string.h>

#define VERSION 1u
#define CHUNK 64u

static const uint8_t magic[4] = {'E', 'N', 'R', 'S'};

/* --- reading and programming --- */

#define READ_TRIES 3

/* ENR_E_FLASH is for good: a part with error correction refuses a unit that a cut has torn each time. */
static enr_status_t read(const enr_store_t *store, uint32_t at, uint8_t *out, size_t len)
{
    const enr_flash_t *flash = store->config.flash;
    enr_status_t status = ENR_E_FLASH;
    for (unsigned tries = 0; tries < READ_TRIES && status == ENR_E_FLASH; tries++) {
        status = flash->read(flash->ctx, at, out, (uint32_t)len);
    }
    return status;
}

/* Programs any number of bytes, page by page. ENR_AGAIN only when none of them was programmed. */
static enr_status_t program(const enr_store_t *store, uint32_t at, const uint8_t *bytes, size_t len)
{
    const enr_flash_t *flash = store->config.flash;
    enr_status_t status = ENR_OK;
    for (size_t done = 0; done < len && status == ENR_OK;) {
        uint32_t place = at + (uint32_t)done;
        uint32_t piece = flash->page_size - place % flash->page_size;
        piece = piece < len - done ? piece : (uint32_t)(len - done);
        status = flash->program(flash->ctx, place, bytes + done, piece);
        if (status == ENR_AGAIN && done > 0) {
            status = ENR_E_FLASH;
        }
        done += piece;
    }
    return status;
}

static bool is_blank(const uint8_t *bytes, size_t len)
{
    for (size_t i = 0; i < len; i++) {
        if (bytes[i] != 0xff) {
            return false;
        }
    }
    return true;
}

/* --- sizes --- */

uint32_t log_alignment(const enr_flash_t *flash)
{
    return flash->program_unit > 16 ? 32 : 16;
}

uint32_t log_half_size(const enr_store_t *store)
{
    return store->config.flash->size / 2;
}

uint32_t log_entry_size(const enr_store_t *store, size_t len)
{
    uint32_t alignment = log_alignment(store->config.flash);
    uint32_t size = HEAD_LEN + (uint32_t)len + ENR_SEAL_TAG_LEN;
    return (size + alignment - 1) / alignment * alignment;
}

/* --- the header --- */

static void make_header(const enr_store_t *store, uint32_t epoch, uint8_t out[HEADER_LEN - ENR_SEAL_TAG_LEN])
{
    memset(out, 0, HEADER_LEN - ENR_SEAL_TAG_LEN);
    memcpy(out, magic, sizeof magic);
    out[4] = VERSION;
    out[5] = (uint8_t)~VERSION;
    out[6] = (uint8_t)log_alignment(store->config.flash);
    enr_put_32(out + 8, epoch);
    enr_put_32(out + 12, store->config.flash->size);
}

/* Of the 32 bytes each half is read by itself: where an erase was cut, each read may give something else. */
enr_status_t log_read_header(enr_store_t *store, uint32_t base, header_t *out_header, uint32_t *out_epoch)
{
    uint8_t header[HEADER_LEN];
    uint8_t wanted[HEADER_LEN - ENR_SEAL_TAG_LEN];
    *out_header = HEADER_NONE;
    *out_epoch = 0;
    enr_status_t status = read(store, base, header, sizeof wanted);
    if (status == ENR_OK) {
        status = read(store, base + sizeof wanted, header + sizeof wanted, ENR_SEAL_TAG_LEN);
    }
    if (status != ENR_OK || memcmp(header, magic, sizeof magic) != 0 || (header[4] ^ header[5]) != 0xff) {
        return status == ENR_AGAIN ? ENR_AGAIN : ENR_OK;
    }
    if (header[4] != VERSION) {
        *out_header = HEADER_NEWER;
        return ENR_OK;
    }
    uint32_t epoch = enr_get_32(header + 8);
    enr_span_t tag = {header + sizeof wanted, ENR_SEAL_TAG_LEN};
    enr_seal_place_t place = {.epoch = epoch, .offset = base};
    if (enr_seal_open(store->config.seal, place, (enr_span_t){header, sizeof wanted}, tag, header + sizeof wanted) !=
        ENR_OK) {
        return ENR_OK;
    }
    make_header(store, epoch, wanted);
    *out_header = memcmp(header, wanted, sizeof wanted) == 0 ? HEADER_GOOD : HEADER_OTHER_GEOMETRY;
    *out_epoch = epoch;
    return ENR_OK;
}

enr_status_t log_write_header(enr_store_t *store, uint32_t base)
{
    uint8_t header[HEADER_LEN];
    make_header(store, store->epoch, header);
    enr_span_t front = {header, HEADER_LEN - ENR_SEAL_TAG_LEN};
    enr_seal_place_t place = {.epoch = store->epoch, .offset = base};
    enr_status_t status =
        enr_seal_text(store->config.seal, place, front, (enr_span_t){NULL, 0}, header + HEADER_LEN - ENR_SEAL_TAG_LEN);
    if (status == ENR_OK) {
        status = program(store, base, header, sizeof header);
    }
    header_t seen = HEADER_NONE;
    uint32_t epoch = 0;
    if (status == ENR_OK) {
        status = log_read_header(store, base, &seen, &epoch);
    }
    return status == ENR_OK && (seen != HEADER_GOOD || epoch != store->epoch) ? ENR_E_FLASH : status;
}

/* --- entries --- */

/* The CRC of an entry: all but the CRC itself and what fills it up. Goes on over the sealed text from that of the head.
 */
static uint32_t crc_of_head(const uint8_t head[HEAD_LEN])
{
    return enr_crc32(0, (enr_span_t){head, HEAD_LEN - 4});
}

/* Fills the entry from its head. False: it is none that could stand here. */
static bool parse_head(const enr_store_t *store, uint32_t base, uint32_t at, const uint8_t head[HEAD_LEN],
                       entry_t *out_entry)
{
    out_entry->item = head[0];
    out_entry->len = enr_get_16(head + 2);
    out_entry->nonce.epoch = enr_get_32(head + 4);
    out_entry->nonce.offset = enr_get_32(head + 8);
    out_entry->crc = enr_get_32(head + 12);
    out_entry->at = at;
    out_entry->size = log_entry_size(store, out_entry->len);
    return out_entry->item < ENR_STORE_ITEMS && head[1] == 0 && out_entry->len <= ENR_STORE_ITEM_MAX &&
           out_entry->size <= base + log_half_size(store) - at;
}

enr_status_t log_look(enr_store_t *store, uint32_t base, uint32_t at, entry_t *out_entry)
{
    uint8_t chunk[CHUNK];
    enr_status_t status = read(store, at, chunk, HEAD_LEN);
    if (status != ENR_OK) {
        return status == ENR_AGAIN ? ENR_AGAIN : ENR_E_SEAL;
    }
    if (is_blank(chunk, HEAD_LEN)) {
        return ENR_END;
    }
    if (!parse_head(store, base, at, chunk, out_entry)) {
        return ENR_E_SEAL;
    }
    uint32_t crc = crc_of_head(chunk);
    uint32_t left = out_entry->len + ENR_SEAL_TAG_LEN;
    for (uint32_t place = at + HEAD_LEN; left > 0 && status == ENR_OK;) {
        uint32_t piece = left < CHUNK ? left : CHUNK;
        status = read(store, place, chunk, piece);
        crc = enr_crc32(crc, (enr_span_t){chunk, piece});
        place += piece;
        left -= piece;
    }
    if (status == ENR_AGAIN) {
        return ENR_AGAIN;
    }
    return status == ENR_OK && crc == out_entry->crc ? ENR_OK : ENR_E_SEAL;
}

enr_status_t log_next(enr_store_t *store, uint32_t base, uint32_t *at, entry_t *out_entry)
{
    uint32_t alignment = log_alignment(store->config.flash);
    while (*at < base + log_half_size(store)) {
        enr_status_t status = log_look(store, base, *at, out_entry);
        if (status == ENR_OK) {
            *at += out_entry->size;
        }
        if (status != ENR_E_SEAL) {
            return status;
        }
        *at += alignment; /* torn or damaged: there may be more behind it */
    }
    return ENR_END;
}

bool log_is_newer(nonce_t a, nonce_t b)
{
    return a.epoch != b.epoch ? a.epoch > b.epoch : a.offset > b.offset;
}

/* Programs the entry in the scratch, filled up, and reads it back. */
static enr_status_t write_entry(enr_store_t *store, uint32_t base, uint32_t at)
{
    uint8_t *head = store->scratch;
    size_t len = HEAD_LEN + enr_get_16(head + 2) + ENR_SEAL_TAG_LEN;
    uint32_t size = log_entry_size(store, len - HEAD_LEN - ENR_SEAL_TAG_LEN);
    memset(head + len, 0, size - len);
    enr_status_t status = program(store, at, head, size);
    if (status != ENR_OK) {
        return status;
    }
    entry_t seen;
    bool good = log_look(store, base, at, &seen) == ENR_OK && seen.crc == enr_get_32(head + 12);
    return good ? ENR_OK : ENR_E_FLASH;
}

enr_status_t log_write(enr_store_t *store, uint32_t base, uint32_t at, uint8_t item, size_t len)
{
    uint8_t *head = store->scratch;
    uint8_t *text = head + HEAD_LEN;
    memset(head, 0, HEAD_LEN);
    head[0] = item;
    enr_put_16(head + 2, (uint16_t)len);
    enr_put_32(head + 4, store->epoch);
    enr_put_32(head + 8, at);
    enr_seal_place_t place = {.epoch = store->epoch, .offset = at};
    if (enr_seal_text(store->config.seal, place, (enr_span_t){head, HEAD_LEN - 4}, (enr_span_t){text, len}, text) !=
        ENR_OK) {
        store_wipe(store, len);
        return ENR_E_FLASH;
    }
    enr_put_32(head + 12, enr_crc32(crc_of_head(head), (enr_span_t){text, len + ENR_SEAL_TAG_LEN}));
    return write_entry(store, base, at);
}

enr_status_t log_copy(enr_store_t *store, const entry_t *entry, uint32_t base, uint32_t at)
{
    uint8_t *head = store->scratch;
    size_t sealed = entry->len + ENR_SEAL_TAG_LEN;
    enr_status_t status = read(store, entry->at, head, HEAD_LEN + sealed);
    if (status != ENR_OK) {
        return status == ENR_AGAIN ? ENR_AGAIN : ENR_END;
    }
    entry_t seen;
    uint32_t crc = enr_crc32(crc_of_head(head), (enr_span_t){head + HEAD_LEN, sealed});
    if (!parse_head(store, base, at, head, &seen) || seen.crc != entry->crc || crc != entry->crc) {
        return ENR_END;
    }
    return write_entry(store, base, at);
}

enr_status_t log_is_blank(enr_store_t *store, uint32_t base, bool *out_blank)
{
    uint8_t chunk[CHUNK];
    uint32_t end = base + log_half_size(store);
    *out_blank = true;
    for (uint32_t at = base + HEADER_LEN; at < end && *out_blank;) {
        uint32_t piece = end - at < CHUNK ? end - at : CHUNK;
        enr_status_t status = read(store, at, chunk, piece);
        if (status != ENR_OK) {
            return status;
        }
        *out_blank = is_blank(chunk, piece);
        at += piece;
    }
    return ENR_OK;
}
