#include "enrich/roster.h"

#include "enrich/crc32.h"
#include "enrich/utf8.h"

#include <assert.h>
#include <string.h>

/* lib/roster/FORMAT.md says what stands where. */
enum { HEAD_LEN = 64, PLACE_LEN = 4, ENTRY_HEAD_LEN = 4, FIELD_HEAD_LEN = 3, ID_MAX = 255, NO_SCAN = 1 };

static const uint8_t mark[8] = {'E', 'N', 'R', 'R', 'O', 'S', 'T', 1};

static enr_status_t read_at(const enr_roster_t *roster, uint32_t at, void *out, uint32_t len)
{
    enr_status_t status = roster->flash->read(roster->flash->ctx, at, out, len);
    return status == ENR_OK || status == ENR_AGAIN ? status : ENR_E_FLASH;
}

/* Where an entry is, and what it begins with. */
typedef struct {
    uint32_t at;
    uint32_t len;
    uint8_t flags;
    uint8_t id_len;
    uint8_t id[ID_MAX];
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
    const uint32_t at = enr_get_32(place);
    if (at < roster->entries || at > roster->end || roster->end - at < ENTRY_HEAD_LEN) {
        return ENR_E_SYNTAX;
    }
    status = read_at(roster, at, head, sizeof head);
    if (status != ENR_OK) {
        return status;
    }
    out_entry->at = at;
    out_entry->len = enr_get_16(head);
    out_entry->flags = head[2];
    out_entry->id_len = head[3];
    if (out_entry->len > ENR_ROSTER_ENTRY_MAX || out_entry->len > roster->end - at || out_entry->id_len == 0 ||
        out_entry->len < (uint32_t)ENTRY_HEAD_LEN + out_entry->id_len) {
        return ENR_E_SYNTAX;
    }
    return read_at(roster, at + ENTRY_HEAD_LEN, out_entry->id, out_entry->id_len);
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
    if (memcmp(head, mark, sizeof mark - 1) != 0 || enr_crc32(0, (enr_span_t){head, 60}) != enr_get_32(head + 60)) {
        return ENR_E_SYNTAX;
    }
    const uint32_t size = enr_get_32(head + 8);
    const uint32_t count = enr_get_32(head + 12);
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
        .crc_wanted = enr_get_32(head + 20),
        .crc_at = HEAD_LEN,
        .at = HEAD_LEN + count * PLACE_LEN,
        .count = count,
        .version = enr_get_32(head + 16),
        .expires = (int64_t)enr_get_64(head + 32),
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
    roster->crc = enr_crc32(roster->crc, (enr_span_t){bytes, len});
    roster->crc_at += len;
    return roster->crc_at < roster->end || roster->crc == roster->crc_wanted ? ENR_OK : ENR_E_SYNTAX;
}

/* The next entry must stand where the one before it ends, its id behind that one's. */
static enr_status_t check_entry(enr_roster_t *roster)
{
    entry_t entry;
    entry_t before;
    enr_status_t status = find_entry(roster, roster->number, &entry);
    before.id_len = 0;
    if (status == ENR_OK && roster->number > 0) {
        status = find_entry(roster, roster->number - 1, &before);
    }
    if (status != ENR_OK) {
        return status;
    }
    if (entry.at != roster->at ||
        compare((enr_span_t){before.id, before.id_len}, (enr_span_t){entry.id, entry.id_len}) >= 0) {
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
static enr_span_t *field_of(enr_roster_entry_t *entry, unsigned tag)
{
    static const uint8_t places[] = {
        offsetof(enr_roster_entry_t, contact.firstname),
        offsetof(enr_roster_entry_t, contact.lastname),
        offsetof(enr_roster_entry_t, contact.company_name),
        offsetof(enr_roster_entry_t, contact.domain),
        offsetof(enr_roster_entry_t, contact.linkedin_url),
        offsetof(enr_roster_entry_t, email),
        offsetof(enr_roster_entry_t, phone),
        offsetof(enr_roster_entry_t, title),
    };
    return tag >= 1 && tag <= sizeof places ? (enr_span_t *)(void *)((uint8_t *)entry + places[tag - 1]) : NULL;
}

static enr_status_t read_fields(enr_span_t fields, enr_roster_entry_t *out_entry)
{
    while (fields.len > 0) {
        const size_t len = fields.len >= FIELD_HEAD_LEN ? enr_get_16(fields.ptr + 1) : 0u;
        if (fields.len < FIELD_HEAD_LEN || len > fields.len - FIELD_HEAD_LEN) {
            return ENR_E_SYNTAX;
        }
        const enr_span_t text = enr_span_slice(fields, FIELD_HEAD_LEN, FIELD_HEAD_LEN + len);
        enr_span_t *field = field_of(out_entry, fields.ptr[0]);
        if (field != NULL) {
            if (!enr_utf8_is_text(text)) {
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
    *out_entry = (enr_roster_entry_t){.no_scan = false};
    uint32_t from = 0;
    uint32_t to = roster->count;
    while (from < to && id.len > 0) {
        const uint32_t middle = from + (to - from) / 2;
        entry_t entry;
        enr_status_t status = find_entry(roster, middle, &entry);
        if (status != ENR_OK) {
            return status;
        }
        const int order = compare(id, (enr_span_t){entry.id, entry.id_len});
        if (order == 0) {
            return read_entry(roster, &entry, memory, out_entry);
        }
        to = order < 0 ? middle : to;
        from = order < 0 ? from : middle + 1;
    }
    return ENR_END;
}
