/* A list of attendees on flash: as it is, and with checksums that fit, as somebody would forge it. */
#include "fuzz.h"

#include <stdlib.h>
#include <string.h>

#include "enrich/crc32.h"
#include "enrich/roster.h"

static enr_status_t read_region(void *ctx, uint32_t offset, uint8_t *out, uint32_t len)
{
    const enr_span_t *region = ctx;
    MUST(offset <= region->len && len <= region->len - offset && len <= ENR_ROSTER_ENTRY_MAX);
    memcpy(out, region->ptr + offset, len);
    return ENR_OK;
}

static void put(uint8_t *at, uint32_t number)
{
    for (size_t i = 0; i < 4; i++) {
        at[i] = (uint8_t)(number >> (8 * i));
    }
}

/* Mark, size and checksums as they have to be. */
static void forge(uint8_t *bytes, size_t len)
{
    if (len >= 64) {
        memcpy(bytes, "ENRROST\1", 8);
        put(bytes + 8, (uint32_t)len);
        put(bytes + 20, enr_crc32(0, (enr_span_t){bytes + 64, len - 64}));
        put(bytes + 60, enr_crc32(0, (enr_span_t){bytes, 60}));
    }
}

static void check_entry(const enr_roster_t *roster, enr_span_t id, bool must_be_there)
{
    uint8_t *memory = fuzz_allocate(ENR_ROSTER_ENTRY_MAX);
    enr_buffer_t room = enr_buffer_over(memory, ENR_ROSTER_ENTRY_MAX);
    enr_roster_entry_t entry;
    enr_status_t status = enr_roster_find(roster, id, &room, &entry);
    MUST(status == ENR_OK || status == ENR_END || status == ENR_E_SYNTAX);
    MUST(!must_be_there || status != ENR_END);
    const enr_span_t fields[] = {entry.contact.firstname,
                                 entry.contact.lastname,
                                 entry.contact.company_name,
                                 entry.contact.linkedin_url,
                                 entry.contact.domain,
                                 entry.email,
                                 entry.phone,
                                 entry.title};
    for (size_t i = 0; i < sizeof fields / sizeof fields[0]; i++) {
        MUST(status == ENR_OK || fields[i].len == 0);
        MUST(fuzz_is_printable(fields[i]) && fuzz_lies_in(fields[i], enr_buffer_span(&room)));
    }
    free(memory);
}

/* What is taken is a list: every id that its index leads to is found. */
static void check_list(const enr_roster_t *roster, enr_span_t bytes)
{
    for (uint32_t i = 0; i < roster->count && i < 64; i++) {
        const uint8_t *place = bytes.ptr + 64 + 4 * i;
        const size_t at = place[0] | (size_t)place[1] << 8 | (size_t)place[2] << 16 | (size_t)place[3] << 24;
        MUST(at + 4 <= bytes.len && at + 4 + bytes.ptr[at + 3] <= bytes.len);
        check_entry(roster, enr_span_slice(bytes, at + 4, at + 4 + bytes.ptr[at + 3]), true);
    }
    check_entry(roster, ENR_SPAN("000012"), false);
    check_entry(roster, ENR_SPAN(""), false);
}

static void check_file(enr_span_t bytes)
{
    const enr_flash_t flash = {.ctx = &bytes, .size = (uint32_t)bytes.len, .read = read_region};
    enr_roster_t roster;
    enr_status_t status = enr_roster_open(&flash, &roster);
    MUST(status == ENR_OK || status == ENR_E_SYNTAX || status == ENR_E_LIMIT);
    if (status != ENR_OK) {
        return;
    }
    status = ENR_AGAIN;
    for (size_t turns = 0; status == ENR_AGAIN; turns++) {
        MUST(turns <= bytes.len);
        status = enr_roster_check(&roster);
    }
    MUST(status == ENR_OK || status == ENR_E_SYNTAX);
    if (status == ENR_OK) {
        check_list(&roster, bytes);
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    enr_span_t bytes = fuzz_copy((enr_span_t){data, size});
    check_file(bytes);
    forge((uint8_t *)(uintptr_t)bytes.ptr, size);
    check_file(bytes);
    fuzz_free(bytes);
    return 0;
}
