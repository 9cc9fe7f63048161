#include "internal.h"

#include <assert.h>
#include <string.h>

bool is_erased(const uint8_t *bytes, size_t len)
{
    for (size_t i = 0; i < len; i++) {
        if (bytes[i] != 0xff) {
            return false;
        }
    }
    return true;
}

enr_status_t flash_read(enr_journal_t *journal, uint32_t at, uint8_t *out, size_t len)
{
    const enr_flash_t *flash = journal->config.flash;
    return len == 0 ? ENR_OK : flash->read(flash->ctx, at, out, (uint32_t)len);
}

/* Whether the region holds these bytes (behaviours 44). */
static enr_status_t compare(enr_journal_t *journal, uint32_t at, const uint8_t *bytes, size_t len)
{
    uint8_t there[64];
    for (size_t done = 0; done < len; done += sizeof there) {
        size_t piece = len - done < sizeof there ? len - done : sizeof there;
        enr_status_t status = flash_read(journal, at + (uint32_t)done, there, piece);
        if (status != ENR_OK) {
            return status;
        }
        if (memcmp(there, bytes + done, piece) != 0) {
            return ENR_E_FLASH;
        }
    }
    return ENR_OK;
}

enr_status_t flash_program(enr_journal_t *journal, uint32_t at, const uint8_t *bytes, size_t len)
{
    const enr_flash_t *flash = journal->config.flash;
    while (len > 0) {
        uint8_t last[UNIT_MAX];
        size_t page_rest = flash->page_size - at % flash->page_size;
        size_t taken = len < page_rest ? len : page_rest;
        size_t whole = taken - taken % flash->program_unit;
        const uint8_t *from = bytes;
        if (whole > 0) {
            taken = whole;
        } else {
            whole = flash->program_unit;
            memset(last, 0xff, sizeof last);
            memcpy(last, bytes, taken);
            from = last;
        }
        enr_status_t status = flash->program(flash->ctx, at, from, (uint32_t)whole);
        if (status == ENR_OK) {
            status = compare(journal, at, from, whole);
        }
        if (status != ENR_OK) {
            return status;
        }
        at += (uint32_t)whole;
        bytes += taken;
        len -= taken;
    }
    return ENR_OK;
}

enr_status_t flash_zero(enr_journal_t *journal, uint32_t from, uint32_t to)
{
    static const uint8_t zeros[64] = {0};
    while (to > from) {
        uint8_t there[sizeof zeros];
        uint32_t len = to - from < sizeof zeros ? to - from : sizeof zeros;
        to -= len;
        enr_status_t status = flash_read(journal, to, there, len);
        if (status == ENR_OK && !is_erased(there, len) && memcmp(there, zeros, len) != 0) {
            status = flash_program(journal, to, zeros, len);
        }
        if (status != ENR_OK) {
            return status;
        }
    }
    return ENR_OK;
}

uint32_t padded(const enr_journal_t *journal, size_t len)
{
    return (uint32_t)(len + journal->align - 1) / journal->align * journal->align;
}

enr_seal_place_t place_of(const enr_sector_t *sector, uint32_t at)
{
    return (enr_seal_place_t){.epoch = sector->epoch, .offset = at, .salt = sector->salt};
}

static void make_tag(enr_journal_t *journal, enr_seal_place_t place, enr_span_t head, uint8_t out[ENR_SEAL_TAG_LEN])
{
    enr_status_t status = enr_seal_text(journal->config.seal, place, head, (enr_span_t){NULL, 0}, out);
    assert(status == ENR_OK);
    (void)status;
}

void prove(enr_journal_t *journal, enr_seal_place_t place, uint8_t *bytes, size_t head_len, size_t tag_len)
{
    uint8_t tag[ENR_SEAL_TAG_LEN];
    make_tag(journal, place, (enr_span_t){bytes, head_len}, tag);
    memcpy(bytes + head_len, tag, tag_len);
}

bool is_proven(enr_journal_t *journal, enr_seal_place_t place, const uint8_t *bytes, size_t head_len, size_t tag_len)
{
    uint8_t tag[ENR_SEAL_TAG_LEN];
    make_tag(journal, place, (enr_span_t){bytes, head_len}, tag);
    return enr_span_equal_secret((enr_span_t){tag, tag_len}, (enr_span_t){bytes + head_len, tag_len});
}

bool is_mended(enr_journal_t *journal, enr_seal_place_t place, uint8_t *bytes, size_t head_len, size_t tag_len)
{
    for (size_t bit = 0; bit < 8 * (head_len + tag_len); bit++) {
        turn_bit(bytes, bit);
        if (is_proven(journal, place, bytes, head_len, tag_len)) {
            return true;
        }
        turn_bit(bytes, bit);
    }
    return false;
}
