#include "enrich/roster.h"

#include "enrich/utf8.h"

#include <assert.h>
#include <string.h>

/* lib/roster/FORMAT.md says what stands where. */
enum { HEAD_LEN = 64, PLACE_LEN = 4, ENTRY_HEAD_LEN = 4, FIELD_HEAD_LEN = 3, ID_MAX = 255, NO_SCAN = 1 };

static const uint8_t mark[8] = {'E', 'N', 'R', 'R', 'O', 'S', 'T', 1};

static uint32_t number_at(const uint8_t *bytes, size_t len)
{
    uint32_t number = 0;
    for (size_t i = len; i-- > 0;) {
        number = number << 8 | bytes[i];
    }
    return number;
}

/* Four bits at a time: a table of 16 instead of 256. */
uint32_t enr_roster_crc(uint32_t before, enr_span_t bytes)
{
    static const uint32_t table[16] = {
        0x00000000, 0x1DB71064, 0x3B6E20C8, 0x26D930AC, 0x76DC4190, 0x6B6B51F4, 0x4DB26158, 0x5005713C,
        0xEDB88320, 0xF00F9344, 0xD6D6A3E8, 0xCB61B38C, 0x9B64C2B0, 0x86D3D2D4, 0xA00AE278, 0xBDBDF21C,
    };
    uint32_t crc = ~before;
    for (size_t i = 0; i < bytes.len; i++) {
        crc = table[(crc ^ bytes.ptr[i]) & 15] ^ crc >> 4;
        crc = table[(crc ^ bytes.ptr[i] >> 4) & 15] ^ crc >> 4;
    }
    return ~crc;
}

static enr_status_t read_at(const enr_roster_t *roster, uint32_t at, void *out, uint32_t len)
{
    enr_status_t status = roster->flash->read(roster->flash->ctx, at, out, len);
    return status == ENR_OK || status == ENR_AGAIN ? status : ENR_E_FLASH;
}

/* Where an entry is, and its first bytes. */
typedef struct {
    uint32_t at;
    uint32_t len;
    uint8_t flags;
    uint8_t id_len;
} entry_t;

/* The entry of a number. Its place, length and id lie in the list, if the status is ENR_OK. */
static enr_status_t find_entry(const enr_roster_t *roster, uint32_t number, entry_t *out_entry)
{
    uint8_t place[PLACE_LEN];
    uint8_t head[ENTRY_HEAD_LEN];
    enr_status_t status = read_at(roster, roster->index + number * PLACE_LEN, place, sizeof place);
    if (status != ENR_OK) {
        return status;
    }
    const uint32_t at = number_at(place, sizeof place);
    if (at < roster->entries || at > roster->end || roster->end - at < ENTRY_HEAD_LEN) {
        return ENR_E_SYNTAX;
    }
    status = read_at(roster, at, head, sizeof head);
    if (status != ENR_OK) {
        return status;
    }
    *out_entry = (entry_t){.at = at, .len = number_at(head, 2), .flags = head[2], .id_len = head[3]};
    bool good = out_entry->len <= ENR_ROSTER_ENTRY_MAX && out_entry->len <= roster->end - at && out_entry->id_len > 0 &&
                out_entry->len >= (uint32_t)ENTRY_HEAD_LEN + out_entry->id_len;
    return good ? ENR_OK : ENR_E_SYNTAX;
}

static enr_status_t read_id(const enr_roster_t *roster, const entry_t *entry, uint8_t *out)
{
    return read_at(roster, entry->at + ENTRY_HEAD_LEN, out, entry->id_len);
}

/* Negative, 0 or positive, as a stands before, at or behind b. */
static int compare(enr_span_t a, enr_span_t b)
{
    const size_t len = a.len < b.len ? a.len : b.len;
    const int order = memcmp(a.ptr, b.ptr, len);
    return order != 0 ? order : a.len < b.len ? -1 : a.len > b.len ? 1 : 0;
}

enr_status_t enr_roster_open(const enr_flash_t *flash, enr_roster_t *out_roster)
{
    assert(flash != NULL && out_roster != NULL);
    uint8_t head[HEAD_LEN];
    *out_roster = (enr_roster_t){.flash = flash};
    if (flash->size < sizeof head) {
        return ENR_E_SYNTAX;
    }
    enr_status_t status = read_at(out_roster, 0, head, sizeof head);
    if (status != ENR_OK) {
        return status;
    }
    if (memcmp(head, mark, sizeof mark - 1) != 0 ||
        enr_roster_crc(0, (enr_span_t){head, 60}) != number_at(head + 60, 4)) {
        return ENR_E_SYNTAX;
    }
    const uint32_t size = number_at(head + 8, 4);
    const uint32_t count = number_at(head + 12, 4);
    if (head[7] != mark[7] || size > flash->size) {
        return ENR_E_LIMIT;
    }
    if (size < HEAD_LEN || count > (size - HEAD_LEN) / PLACE_LEN) {
        return ENR_E_SYNTAX;
    }
    *out_roster = (enr_roster_t){
        .flash = flash,
        .index = HEAD_LEN,
        .entries = HEAD_LEN + count * PLACE_LEN,
        .end = size,
        .crc_wanted = number_at(head + 20, 4),
        .crc_at = HEAD_LEN,
        .at = HEAD_LEN + count * PLACE_LEN,
        .count = count,
        .version = number_at(head + 16, 4),
        .expires = (int64_t)((uint64_t)number_at(head + 36, 4) << 32 | number_at(head + 32, 4)),
    };
    return ENR_OK;
}

/* Takes the next bytes behind the head into the checksum. */
static enr_status_t check_bytes(enr_roster_t *roster)
{
    uint8_t bytes[64];
    const uint32_t left = roster->end - roster->crc_at;
    const uint32_t len = left < sizeof bytes ? left : (uint32_t)sizeof bytes;
    enr_status_t status = read_at(roster, roster->crc_at, bytes, len);
    if (status != ENR_OK) {
        return status;
    }
    roster->crc = enr_roster_crc(roster->crc, (enr_span_t){bytes, len});
    roster->crc_at += len;
    return roster->crc_at < roster->end || roster->crc == roster->crc_wanted ? ENR_OK : ENR_E_SYNTAX;
}

/* The next entry must stand where the one before it ends, its id behind that one's. */
static enr_status_t check_entry(enr_roster_t *roster)
{
    uint8_t ids[2][ID_MAX];
    entry_t entry;
    entry_t before = {.id_len = 0};
    enr_status_t status = find_entry(roster, roster->number, &entry);
    if (status == ENR_OK) {
        status = read_id(roster, &entry, ids[0]);
    }
    if (status == ENR_OK && roster->number > 0) {
        status = find_entry(roster, roster->number - 1, &before);
    }
    if (status == ENR_OK && roster->number > 0) {
        status = read_id(roster, &before, ids[1]);
    }
    if (status != ENR_OK) {
        return status;
    }
    const enr_span_t id = {ids[0], entry.id_len};
    const enr_span_t id_before = {ids[1], before.id_len};
    if (entry.at != roster->at || compare(id_before, id) >= 0) {
        return ENR_E_SYNTAX;
    }
    roster->number++;
    roster->at += entry.len;
    return ENR_OK;
}

enr_status_t enr_roster_check(enr_roster_t *roster)
{
    enum { STEPS = 16 };
    assert(roster != NULL && roster->flash != NULL);
    for (unsigned step = 0; step < STEPS && !roster->is_ready; step++) {
        enr_status_t status = ENR_OK;
        if (roster->crc_at < roster->end) {
            status = check_bytes(roster);
        } else if (roster->number < roster->count) {
            status = check_entry(roster);
        } else {
            roster->is_ready = true;
            status = roster->at == roster->end && (roster->end > HEAD_LEN || roster->crc_wanted == 0) ? ENR_OK
                                                                                                      : ENR_E_SYNTAX;
        }
        if (status == ENR_AGAIN) {
            return status;
        }
        if (status != ENR_OK) {
            *roster = (enr_roster_t){.flash = NULL};
            return status;
        }
    }
    return roster->is_ready ? ENR_OK : ENR_AGAIN;
}

bool enr_roster_is_expired(const enr_roster_t *roster, int64_t now)
{
    assert(roster != NULL);
    return now >= roster->expires;
}

/* Where a field of this tag goes; NULL: it is none that is known here. */
static enr_span_t *field_of(enr_roster_entry_t *entry, uint8_t tag)
{
    enr_span_t *const fields[] = {
        &entry->contact.firstname,
        &entry->contact.lastname,
        &entry->contact.company_name,
        &entry->contact.domain,
        &entry->contact.linkedin_url,
        &entry->email,
        &entry->phone,
        &entry->title,
    };
    return tag >= 1 && tag <= sizeof fields / sizeof fields[0] ? fields[tag - 1] : NULL;
}

static enr_status_t read_fields(enr_span_t fields, enr_roster_entry_t *out_entry)
{
    while (fields.len > 0) {
        const size_t len = fields.len >= FIELD_HEAD_LEN ? number_at(fields.ptr + 1, 2) : 0;
        if (fields.len < FIELD_HEAD_LEN || len > fields.len - FIELD_HEAD_LEN) {
            return ENR_E_SYNTAX;
        }
        const enr_span_t text = enr_span_slice(fields, FIELD_HEAD_LEN, FIELD_HEAD_LEN + len);
        enr_span_t *field = field_of(out_entry, fields.ptr[0]);
        if (field != NULL) {
            if (!enr_utf8_valid(text) || enr_utf8_has_control(text)) {
                return ENR_E_SYNTAX;
            }
            *field = text;
        }
        fields = enr_span_slice(fields, FIELD_HEAD_LEN + len, fields.len);
    }
    return ENR_OK;
}

static enr_status_t read_entry(const enr_roster_t *roster, const entry_t *entry, enr_buffer_t *memory,
                               enr_roster_entry_t *out_entry)
{
    const uint32_t head_len = (uint32_t)ENTRY_HEAD_LEN + entry->id_len;
    const uint32_t len = entry->len - head_len;
    out_entry->no_scan = (entry->flags & NO_SCAN) != 0;
    if (memory->full || len > memory->capacity - memory->len) {
        return ENR_E_LIMIT;
    }
    uint8_t *bytes = memory->ptr + memory->len;
    enr_status_t status = read_at(roster, entry->at + head_len, bytes, len);
    if (status != ENR_OK) {
        return status;
    }
    status = read_fields((enr_span_t){bytes, len}, out_entry);
    if (status == ENR_OK) {
        memory->len += len;
    } else {
        *out_entry = (enr_roster_entry_t){.no_scan = false};
    }
    return status;
}

enr_status_t enr_roster_find(const enr_roster_t *roster, enr_span_t id, enr_buffer_t *memory,
                             enr_roster_entry_t *out_entry)
{
    assert(roster != NULL && roster->is_ready && memory != NULL && out_entry != NULL);
    uint8_t found_id[ID_MAX];
    *out_entry = (enr_roster_entry_t){.no_scan = false};
    uint32_t from = 0;
    uint32_t to = roster->count;
    while (from < to && id.len > 0) {
        const uint32_t middle = from + (to - from) / 2;
        entry_t entry;
        enr_status_t status = find_entry(roster, middle, &entry);
        if (status == ENR_OK) {
            status = read_id(roster, &entry, found_id);
        }
        if (status != ENR_OK) {
            return status;
        }
        const int order = compare(id, (enr_span_t){found_id, entry.id_len});
        if (order == 0) {
            return read_entry(roster, &entry, memory, out_entry);
        }
        to = order < 0 ? middle : to;
        from = order < 0 ? from : middle + 1;
    }
    return ENR_END;
}
