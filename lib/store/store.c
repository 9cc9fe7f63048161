/* Which half counts, moving to the other one, and reading and writing items. */
#include "store_internal.h"

#include "enrich/crc32.h"

#include <assert.h>
#include <string.h>

_Static_assert(ENR_STORE_ITEM_MAX <= 0xffff, "the length of an item is two bytes");
_Static_assert(ENR_STORE_OVERHEAD == HEAD_LEN + ENR_SEAL_TAG_LEN, "what an item takes beside its own");

/* enr_store_t.state */
enum { ERASE, ERASING, OPEN, COPY, READY, FAILED };

/* A half is looked at so often before it is taken for sound. */
#define PASSES 8

#define HALF_MIN 1024u
#define FAILURES_MAX 2
#define COPY_TRIES 4

void store_wipe(enr_store_t *store, size_t len)
{
    enr_wipe(store->scratch + HEAD_LEN, len);
}

static uint32_t other_half(const enr_store_t *store, uint32_t base)
{
    return base == 0 ? log_half_size(store) : 0;
}

/* --- mount: which half counts --- */

/* What is in one half. */
typedef struct {
    uint32_t base;
    header_t header;
    uint32_t epoch;
    bool complete; /* the entry that ends the copies is there */
    bool appended; /* and so is one that was written after it */
} half_t;

/* Goes through the entries of a half: notes whether it is complete, and where the newest of each item lies. */
static enr_status_t survey(enr_store_t *store, half_t *half)
{
    nonce_t newest[ENR_STORE_ITEMS];
    entry_t entry;
    uint32_t at = half->base + HEADER_LEN;
    enr_status_t status;
    memset(newest, 0, sizeof newest);
    memset(store->items, 0, sizeof store->items);
    half->complete = false;
    half->appended = false;
    while ((status = log_next(store, half->base, &at, &entry)) == ENR_OK) {
        half->complete = half->complete || entry.item == COMPLETE;
        half->appended = half->appended || (entry.item != COMPLETE && entry.nonce.epoch == half->epoch);
        if (log_is_newer(entry.nonce, newest[entry.item])) {
            newest[entry.item] = entry.nonce;
            store->items[entry.item] = (enr_store_place_t){.at = entry.at, .size = entry.size};
        }
    }
    return status == ENR_END ? ENR_OK : status;
}

/* One look at the header and the copies of a half. ENR_E_SEAL: no header. */
static enr_status_t fingerprint(enr_store_t *store, uint32_t base, uint32_t *out_print)
{
    header_t header;
    uint32_t epoch;
    enr_status_t status = log_read_header(store, base, &header, &epoch);
    if (status == ENR_OK && header != HEADER_GOOD) {
        status = ENR_E_SEAL;
    }
    uint32_t at = base + HEADER_LEN;
    uint32_t print = epoch;
    while (status == ENR_OK) {
        entry_t entry;
        status = log_next(store, base, &at, &entry);
        if (status == ENR_OK && entry.nonce.epoch != epoch) {
            uint8_t bytes[8];
            enr_put_32(bytes, entry.at);
            enr_put_32(bytes + 4, entry.crc);
            print = enr_crc32(print, (enr_span_t){bytes, sizeof bytes});
        }
    }
    *out_print = print;
    return status == ENR_END ? ENR_OK : status;
}

/* Whether a half reads the same each time, as one whose erase was cut does not. */
static enr_status_t is_sound(enr_store_t *store, uint32_t base, bool *out_sound)
{
    uint32_t first = 0;
    *out_sound = true;
    for (unsigned pass = 0; pass < PASSES && *out_sound; pass++) {
        uint32_t print = 0;
        enr_status_t status = fingerprint(store, base, &print);
        if (status == ENR_AGAIN) {
            return status;
        }
        first = pass == 0 ? print : first;
        *out_sound = status == ENR_OK && print == first;
    }
    return ENR_OK;
}

/* Surveys the one that counts of two halves with a good header (FORMAT.md, "Which half counts"). */
static enr_status_t choose(enr_store_t *store, half_t *newer, half_t *older)
{
    bool counts = false;
    enr_status_t status = survey(store, newer);
    if (status == ENR_OK && newer->appended) {
        counts = true;
    } else if (status == ENR_OK && newer->complete) {
        status = is_sound(store, newer->base, &counts);
    } else if (status == ENR_OK) {
        status = is_sound(store, older->base, &counts);
        counts = !counts;
    }
    store->active = counts ? newer->base : older->base;
    return status == ENR_OK && !counts ? survey(store, older) : status;
}

/* No half has a good header: is it a region that was never used? Only its first header may have been torn. */
static enr_status_t check_fresh(enr_store_t *store)
{
    for (unsigned half = 0; half < 2; half++) {
        bool blank = false;
        enr_status_t status = log_is_blank(store, half * log_half_size(store), &blank);
        if (status != ENR_OK) {
            return status;
        }
        if (!blank) {
            return ENR_E_SEAL;
        }
    }
    return ENR_OK;
}

static enr_status_t read_headers(enr_store_t *store, half_t halves[2])
{
    bool other_geometry = false;
    for (unsigned i = 0; i < 2; i++) {
        halves[i] = (half_t){.base = i * log_half_size(store)};
        enr_status_t status = log_read_header(store, halves[i].base, &halves[i].header, &halves[i].epoch);
        if (status != ENR_OK) {
            return status;
        }
        if (halves[i].header == HEADER_NEWER) {
            return ENR_E_VERSION;
        }
        other_geometry = other_geometry || halves[i].header == HEADER_OTHER_GEOMETRY;
        store->epoch = halves[i].epoch > store->epoch ? halves[i].epoch : store->epoch;
    }
    return other_geometry ? ENR_E_SETTING : ENR_OK;
}

static enr_status_t find_half(enr_store_t *store)
{
    half_t halves[2];
    enr_status_t status = read_headers(store, halves);
    if (status != ENR_OK) {
        return status;
    }
    bool first = halves[0].header == HEADER_GOOD;
    bool second = halves[1].header == HEADER_GOOD;
    if (first && second) {
        unsigned newer = halves[1].epoch > halves[0].epoch ? 1 : 0;
        return choose(store, &halves[newer], &halves[1 - newer]);
    }
    half_t *half = first ? &halves[0] : &halves[1];
    store->active = half->base;
    return first || second ? survey(store, half) : check_fresh(store);
}

static bool divides(uint32_t part, uint32_t whole)
{
    return part != 0 && whole % part == 0;
}

static bool is_geometry_usable(const enr_flash_t *flash)
{
    return divides(flash->program_unit, 32) && divides(flash->program_unit, flash->page_size) &&
           divides(flash->page_size, flash->sector_size) && divides(flash->sector_size, flash->size) &&
           flash->size / flash->sector_size % 2 == 0 && flash->size / 2 >= HALF_MIN;
}

/* A move to the half that does not count begins with its erase, whatever it looks like: where a session's first act
   would be to program, the next one could not tell that it was cut, and would program the same place again. */
static void begin_move(enr_store_t *store)
{
    store->start = other_half(store, store->active);
    store->erasing_at = store->start;
    store->state = ERASE;
}

enr_status_t enr_store_mount(enr_store_t *store, const enr_store_config_t *config)
{
    assert(config->flash != NULL && config->seal != NULL);
    *store = (enr_store_t){.config = *config, .state = FAILED};
    if (!is_geometry_usable(config->flash)) {
        return ENR_E_SETTING;
    }
    enr_status_t status = find_half(store);
    if (status == ENR_OK) {
        begin_move(store);
    }
    return status;
}

/* --- moving --- */

static enr_status_t start_erase(enr_store_t *store)
{
    const enr_flash_t *flash = store->config.flash;
    enr_status_t status = flash->erase_start(flash->ctx, store->erasing_at);
    if (status == ENR_OK) {
        store->state = ERASING;
    }
    return status;
}

static enr_status_t await_erase(enr_store_t *store)
{
    const enr_flash_t *flash = store->config.flash;
    enr_status_t status = flash->erase_busy(flash->ctx);
    if (status == ENR_OK) {
        store->erasing_at += flash->sector_size;
        store->state = store->erasing_at == store->start + log_half_size(store) ? OPEN : ERASE;
    }
    return status;
}

static enr_status_t open_half(enr_store_t *store)
{
    store->epoch++;
    enr_status_t status = log_write_header(store, store->start);
    if (status == ENR_OK) {
        memset(store->moved, 0, sizeof store->moved);
        store->end = store->start + HEADER_LEN;
        store->item = 1;
        store->state = COPY;
    }
    if (status == ENR_AGAIN) {
        store->epoch--;
    }
    return status;
}

/* Looks for the newest value of an item in the half that counts, leaving out the one that was thought to be it. */
static enr_status_t find_another(enr_store_t *store, unsigned item)
{
    nonce_t newest = {0};
    enr_store_place_t found = {0};
    entry_t entry;
    uint32_t at = store->active + HEADER_LEN;
    enr_status_t status;
    while ((status = log_next(store, store->active, &at, &entry)) == ENR_OK) {
        if (entry.item == item && entry.at != store->items[item].at && log_is_newer(entry.nonce, newest)) {
            newest = entry.nonce;
            found = (enr_store_place_t){.at = entry.at, .size = entry.size};
        }
    }
    if (status == ENR_END) {
        store->items[item] = found;
    }
    return status == ENR_END ? ENR_OK : status;
}

/* Copies one entry to the end of the new half. ENR_END: it is not what it was. */
static enr_status_t copy_entry(enr_store_t *store, const entry_t *entry)
{
    uint32_t place = store->end;
    if (entry->size > store->start + log_half_size(store) - place) {
        return ENR_E_FLASH;
    }
    enr_status_t status = log_copy(store, entry, store->start, place);
    if (status == ENR_OK) {
        store->moved[entry->item] = (enr_store_place_t){.at = place, .size = entry->size};
        store->end += entry->size;
    }
    return status;
}

/* Copies the newest value of an item. One that was torn may read well at the mount and badly now: then the one before
   it is taken. */
static enr_status_t copy_item(enr_store_t *store, unsigned item)
{
    for (unsigned tries = 0; tries < COPY_TRIES; tries++) {
        if (store->items[item].at == 0) {
            return ENR_OK;
        }
        entry_t entry;
        enr_status_t status = log_look(store, store->active, store->items[item].at, &entry);
        if (status == ENR_OK && entry.item == item) {
            status = entry.len == 0 ? ENR_OK : copy_entry(store, &entry);
            if (status != ENR_END) {
                return status;
            }
        }
        if (status != ENR_AGAIN) {
            status = find_another(store, item);
        }
        if (status != ENR_OK) {
            return status;
        }
    }
    return ENR_E_FLASH;
}

/* From here on the new half counts. */
static enr_status_t complete(enr_store_t *store)
{
    uint32_t size = log_entry_size(store, 0);
    if (size > store->start + log_half_size(store) - store->end) {
        return ENR_E_FLASH;
    }
    enr_status_t status = log_write(store, store->start, store->end, COMPLETE, 0);
    if (status == ENR_OK) {
        store->end += size;
        store->active = store->start;
        memcpy(store->items, store->moved, sizeof store->items);
        store->settled = true;
        store->failures = 0;
        store->state = READY;
    }
    return status;
}

static enr_status_t step_copy(enr_store_t *store)
{
    if (store->item == ENR_STORE_ITEMS) {
        return complete(store);
    }
    enr_status_t status = copy_item(store, store->item);
    if (status == ENR_OK) {
        store->item++;
    }
    return status;
}

enr_status_t enr_store_step(enr_store_t *store)
{
    enr_status_t status = ENR_OK;
    switch (store->state) {
    case ERASE:
        status = start_erase(store);
        break;
    case ERASING:
        status = await_erase(store);
        break;
    case OPEN:
        status = open_half(store);
        break;
    case COPY:
        status = step_copy(store);
        break;
    case READY:
        return ENR_OK;
    case FAILED:
        return ENR_E_FLASH;
    }
    if (status < ENR_OK) {
        store->failures++;
        if (store->failures == FAILURES_MAX) {
            store->settled = true;
            store->state = FAILED;
            return ENR_E_FLASH;
        }
        begin_move(store);
    }
    return store->state == READY ? ENR_OK : ENR_AGAIN;
}

/* --- items --- */

enr_status_t store_load(enr_store_t *store, unsigned item, enr_span_t *out_value)
{
    if (!store->settled) {
        return ENR_AGAIN;
    }
    uint32_t at = store->items[item].at;
    if (at == 0) {
        return ENR_END;
    }
    entry_t entry;
    enr_status_t status = log_look(store, store->active, at, &entry);
    if (status != ENR_OK || entry.item != item) {
        return status == ENR_AGAIN ? ENR_AGAIN : ENR_E_SEAL;
    }
    if (entry.len == 0) {
        return ENR_END;
    }
    const enr_flash_t *flash = store->config.flash;
    status = flash->read(flash->ctx, at, store->scratch, HEAD_LEN + entry.len + ENR_SEAL_TAG_LEN);
    if (status != ENR_OK) {
        return status;
    }
    uint8_t *text = store->scratch + HEAD_LEN;
    enr_seal_place_t place = {.epoch = entry.nonce.epoch, .offset = entry.nonce.offset};
    *out_value = (enr_span_t){text, entry.len};
    return enr_seal_open(store->config.seal, place, (enr_span_t){store->scratch, HEAD_LEN - 4},
                         (enr_span_t){text, entry.len + ENR_SEAL_TAG_LEN}, text);
}

enr_status_t enr_store_get(enr_store_t *store, enr_store_item_t item, uint8_t *out, size_t capacity, size_t *out_len)
{
    assert(item > 0 && item < ENR_STORE_ITEMS);
    enr_span_t value;
    enr_status_t status = store_load(store, item, &value);
    if (status != ENR_OK) {
        return status;
    }
    if (value.len <= capacity) {
        memcpy(out, value.ptr, value.len);
        *out_len = value.len;
    } else {
        status = ENR_E_LIMIT;
    }
    store_wipe(store, value.len);
    return status;
}

/* Whether an item's new value may be written: see enr_store_put. */
static bool has_room(const enr_store_t *store, unsigned item, uint32_t size)
{
    uint32_t half = log_half_size(store);
    uint32_t all = HEADER_LEN + log_entry_size(store, 0) + size;
    for (unsigned i = 1; i < ENR_STORE_ITEMS; i++) {
        all += store->items[i].size;
    }
    return all <= half && all - store->items[item].size <= half / 4 * 3;
}

enr_status_t store_save(enr_store_t *store, unsigned item, enr_span_t head, enr_span_t body)
{
    size_t len = head.len + body.len;
    if (len > ENR_STORE_ITEM_MAX) {
        return ENR_E_LIMIT;
    }
    if (store->state != READY) {
        return store->state == FAILED ? ENR_E_FLASH : ENR_AGAIN;
    }
    uint32_t size = log_entry_size(store, len);
    if (len == 0 && store->items[item].size <= size) {
        return ENR_OK; /* it is not there, or empty already */
    }
    if (!has_room(store, item, size)) {
        return ENR_E_LIMIT;
    }
    if (size > store->active + log_half_size(store) - store->end) {
        begin_move(store);
        return ENR_AGAIN;
    }
    uint8_t *text = store->scratch + HEAD_LEN;
    if (head.len > 0) {
        memcpy(text, head.ptr, head.len);
    }
    if (body.len > 0) {
        memcpy(text + head.len, body.ptr, body.len);
    }
    enr_status_t status = log_write(store, store->active, store->end, (uint8_t)item, len);
    if (status == ENR_OK) {
        store->items[item] = (enr_store_place_t){.at = store->end, .size = size};
        store->end += size;
    } else if (status != ENR_AGAIN) {
        store->end = store->active + log_half_size(store); /* nothing is written here any more */
    }
    return status;
}

enr_status_t enr_store_put(enr_store_t *store, enr_store_item_t item, enr_span_t value)
{
    assert(item > 0 && item < ENR_STORE_ITEMS);
    return store_save(store, item, value, (enr_span_t){NULL, 0});
}
