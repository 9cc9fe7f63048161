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
    return flash->read(flash->ctx, at, out, (uint32_t)len);
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

enr_seal_place_t view_place(const enr_journal_t *journal, uint32_t at)
{
    return (enr_seal_place_t){.epoch = journal->view.epoch, .offset = at, .salt = journal->view.salt};
}

enr_seal_place_t head_place(const enr_journal_t *journal, uint32_t at)
{
    return (enr_seal_place_t){.epoch = journal->head_epoch, .offset = at, .salt = journal->head_salt};
}

/* --- tags --- */

static void make_tag(enr_journal_t *journal, const proof_t *proof, uint8_t out[ENR_SEAL_TAG_LEN])
{
    enr_seal_place_t place = proof->place;
    if (proof->salt_at != 0) {
        place.epoch = enr_get_32(proof->bytes + BLOCK_EPOCH_AT);
        place.salt = enr_get_32(proof->bytes + proof->salt_at);
    }
    enr_status_t status = enr_seal_text(journal->config.seal, place, (enr_span_t){proof->bytes, proof->head_len},
                                        (enr_span_t){NULL, 0}, out);
    assert(status == ENR_OK);
    (void)status;
}

void prove(enr_journal_t *journal, const proof_t *proof)
{
    uint8_t tag[ENR_SEAL_TAG_LEN];
    make_tag(journal, proof, tag);
    memcpy(proof->bytes + proof->head_len, tag, proof->tag_len);
}

static bool tag_is_good(enr_journal_t *journal, const proof_t *proof)
{
    uint8_t tag[ENR_SEAL_TAG_LEN];
    make_tag(journal, proof, tag);
    return enr_span_equal_secret((enr_span_t){tag, proof->tag_len},
                                 (enr_span_t){proof->bytes + proof->head_len, proof->tag_len});
}

static void turn_bit(uint8_t *bytes, unsigned bit)
{
    bytes[bit / 8] ^= (uint8_t)(1u << bit % 8);
}

bool is_proven(enr_journal_t *journal, const proof_t *proof, unsigned from_bit, unsigned to_bit)
{
    if (tag_is_good(journal, proof)) {
        return true;
    }
    if (is_erased(proof->bytes + proof->head_len, proof->tag_len)) { /* cut: not worth trying */
        return false;
    }
    for (unsigned bit = from_bit; bit < to_bit; bit++) {
        turn_bit(proof->bytes, bit);
        if (tag_is_good(journal, proof)) {
            return true;
        }
        turn_bit(proof->bytes, bit);
    }
    return false;
}

/* --- headers and anchors --- */

#define VERSION 1u

static proof_t block_proof(const block_t *block, uint32_t at, uint8_t *bytes)
{
    return (proof_t){.place = {.offset = at},
                     .bytes = bytes,
                     .head_len = (uint8_t)(block->len - ENR_SEAL_TAG_LEN),
                     .tag_len = ENR_SEAL_TAG_LEN,
                     .salt_at = block->salt_at};
}

enr_status_t block_read(enr_journal_t *journal, const block_t *block, uint32_t at, uint8_t *bytes)
{
    const enr_flash_t *flash = journal->config.flash;
    enr_status_t status = flash_read(journal, at, bytes, block->len);
    if (status != ENR_OK) {
        return status;
    }
    if (is_erased(bytes, block->len)) {
        return ENR_END;
    }
    unsigned wrong = 0;
    for (unsigned i = 0; i < sizeof block->letters; i++) {
        wrong += bytes[i] != block->letters[i];
    }
    if (wrong > 1) {
        return ENR_E_SEAL;
    }
    proof_t proof = block_proof(block, at, bytes);
    if (!is_proven(journal, &proof, block->mend_from, block->mend_to)) {
        bool cut = is_erased(bytes + proof.head_len, proof.tag_len);
        return wrong == 0 && bytes[4] != VERSION && !cut ? ENR_E_VERSION : ENR_E_SEAL;
    }
    if (bytes[4] != VERSION) {
        return ENR_E_VERSION;
    }
    const uint8_t *sizes = bytes + block->sizes_at;
    bool same =
        bytes[5] == journal->align && enr_get_32(sizes) == flash->sector_size && enr_get_32(sizes + 4) == flash->size;
    return same ? ENR_OK : ENR_E_SETTING;
}

enr_status_t block_write(enr_journal_t *journal, const block_t *block, uint32_t at, uint32_t epoch, uint8_t *bytes)
{
    const enr_flash_t *flash = journal->config.flash;
    memcpy(bytes, block->letters, sizeof block->letters);
    bytes[4] = VERSION;
    bytes[5] = (uint8_t)journal->align;
    enr_put_32(bytes + BLOCK_EPOCH_AT, epoch);
    enr_put_32(bytes + block->salt_at, journal->config.salt);
    enr_put_32(bytes + block->sizes_at, flash->sector_size);
    enr_put_32(bytes + block->sizes_at + 4, flash->size);
    proof_t proof = block_proof(block, at, bytes);
    prove(journal, &proof);
    return flash_program(journal, at, bytes, block->len);
}

/* --- sealed text --- */

static enr_span_t bound_span(const uint8_t *bound, size_t head_len)
{
    return (enr_span_t){bound, head_len == MARK_HEAD_LEN ? PROOF_LEN : ENTRY_HEAD_LEN};
}

enr_status_t sealed_write(enr_journal_t *journal, const enr_seal_place_t *place, const uint8_t *bound, size_t head_len,
                          size_t text_len)
{
    uint8_t *text = journal->scratch + MARK_HEAD_LEN;
    uint8_t *start = text - head_len;
    size_t all = head_len == MARK_HEAD_LEN ? mark_len(text_len) : head_len + text_len + ENR_SEAL_TAG_LEN;
    size_t first = all < journal->align ? all : journal->align;
    enr_status_t status =
        enr_seal_text(journal->config.seal, *place, bound_span(bound, head_len), (enr_span_t){text, text_len}, text);
    assert(status == ENR_OK);
    status = flash_program(journal, place->offset, start, first);
    return status == ENR_OK ? flash_program(journal, place->offset + (uint32_t)first, start + first, all - first)
                            : status;
}

enr_status_t sealed_read(enr_journal_t *journal, uint32_t at, const uint8_t *bound, size_t head_len, size_t text_len)
{
    uint8_t *text = journal->scratch + MARK_HEAD_LEN;
    size_t len = text_len + ENR_SEAL_TAG_LEN;
    enr_status_t status = flash_read(journal, at + (uint32_t)head_len, text, len);
    return status == ENR_OK ? enr_seal_open(journal->config.seal, view_place(journal, at), bound_span(bound, head_len),
                                            (enr_span_t){text, len}, text)
                            : status;
}
