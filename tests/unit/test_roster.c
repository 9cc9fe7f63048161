/* Lists of attendees, made here as lib/roster/FORMAT.md says: looked up, torn at every byte, forged with good
 * checksums. */
#include "enrich/roster.h"

#include "exact.h"

#include <stdio.h>

#define FILE_MAX (1 << 20)

/* A region of flash that holds a file, and how it is read. */
typedef struct {
    uint8_t *bytes;
    uint32_t len;
    uint32_t reads;
    uint32_t most;    /* bytes of one read */
    uint32_t fail_at; /* the read that fails, 0 for none */
} region_t;

static enr_status_t read_region(void *ctx, uint32_t offset, uint8_t *out, uint32_t len)
{
    region_t *region = ctx;
    assert_true(offset <= region->len && len <= region->len - offset); /* never beyond the file */
    region->reads++;
    region->most = len > region->most ? len : region->most;
    if (region->reads == region->fail_at) {
        return ENR_E_FLASH;
    }
    memcpy(out, region->bytes + offset, len);
    return ENR_OK;
}

static uint8_t file[FILE_MAX];

static void put(size_t at, uint64_t number, size_t len)
{
    for (size_t i = 0; i < len; i++) {
        file[at + i] = (uint8_t)(number >> (8 * i));
    }
}

/* Bit by bit, unlike the one that is tested. */
static uint32_t crc_of(const uint8_t *bytes, size_t len)
{
    uint32_t crc = 0xFFFFFFFF;
    for (size_t i = 0; i < len * 8; i++) {
        uint32_t bit = (bytes[i / 8] >> (i % 8)) & 1;
        crc = crc >> 1 ^ (((crc ^ bit) & 1) != 0 ? 0xEDB88320 : 0);
    }
    return ~crc;
}

/* Gives the file a head that fits, as a forger would. */
static void seal(size_t len, uint32_t count)
{
    memset(file, 0, 64);
    memcpy(file, "ENRROST\1", 8);
    put(8, len, 4);
    put(12, count, 4);
    put(16, 7, 4);
    put(20, crc_of(file + 64, len - 64), 4);
    put(32, 1800000000, 8);
    put(60, crc_of(file, 60), 4);
}

static size_t put_entry(size_t at, const char *id, uint8_t flags, const char *fields, size_t fields_len)
{
    size_t id_len = strlen(id);
    put(at, 4 + id_len + fields_len, 2);
    file[at + 2] = flags;
    file[at + 3] = (uint8_t)id_len;
    memcpy(file + at + 4, id, id_len);
    memcpy(file + at + 4 + id_len, fields, fields_len);
    return at + 4 + id_len + fields_len;
}

#define FIELDS(text) text, sizeof(text) - 1

/* Three attendees, one of them with every field and one that is not known here. */
static size_t put_three(void)
{
    size_t at = 64 + 12;
    put(64, at, 4);
    at = put_entry(at, "000012", 0,
                   FIELDS("\1\6\0Teodor"
                          "\2\x09\0Lindqvist"
                          "\3\4\0Acme"
                          "\4\x0C\0acme.example"
                          "\x5\x03\0url"
                          "\6\5\0t@a.b"
                          "\7\4\0+461"
                          "\x08\4\0Boss"
                          "\x63\2\0xy"));
    put(68, at, 4);
    at = put_entry(at, "SB", 1, FIELDS(""));
    put(72, at, 4);
    at = put_entry(at, "SB1", 0, FIELDS("\2\3\0L\xC3\xB6"));
    seal(at, 3);
    return at;
}

/* Opens and checks what the file holds, in a region of exactly this size. */
static enr_status_t open_file(size_t len, region_t *region, enr_flash_t *flash, enr_roster_t *roster)
{
    *region = (region_t){.bytes = (uint8_t *)(uintptr_t)exact(file, len).ptr, .len = (uint32_t)len};
    *flash = (enr_flash_t){.ctx = region, .size = (uint32_t)len, .read = read_region};
    enr_status_t status = enr_roster_open(flash, roster);
    for (status = status == ENR_OK ? ENR_AGAIN : status; status == ENR_AGAIN;) {
        status = enr_roster_check(roster);
    }
    return status;
}

static enr_status_t open_and_close(size_t len)
{
    region_t region;
    enr_flash_t flash;
    enr_roster_t roster;
    enr_status_t status = open_file(len, &region, &flash, &roster);
    free(region.bytes);
    return status;
}

static bool is_text(enr_span_t span, const char *text)
{
    return enr_span_equal(span, enr_span_from_str(text));
}

static void look_up(void **state)
{
    (void)state;
    region_t region;
    enr_flash_t flash;
    enr_roster_t roster;
    enr_roster_entry_t entry;
    uint8_t memory[128];
    assert_int_equal(open_file(put_three(), &region, &flash, &roster), ENR_OK);
    assert_true(roster.count == 3 && roster.version == 7 && roster.expires == 1800000000);
    assert_true(enr_roster_is_expired(&roster, 1800000000) && !enr_roster_is_expired(&roster, 1799999999));

    enr_buffer_t room = enr_buffer_over(memory, sizeof memory);
    assert_int_equal(enr_roster_find(&roster, ENR_SPAN("000012"), &room, &entry), ENR_OK);
    assert_true(is_text(entry.contact.firstname, "Teodor") && is_text(entry.contact.lastname, "Lindqvist"));
    assert_true(is_text(entry.contact.company_name, "Acme") && is_text(entry.contact.domain, "acme.example"));
    assert_true(is_text(entry.contact.linkedin_url, "url") && is_text(entry.email, "t@a.b"));
    assert_true(is_text(entry.phone, "+461") && is_text(entry.title, "Boss") && !entry.no_scan);

    room.len = 0;
    assert_int_equal(enr_roster_find(&roster, ENR_SPAN("SB"), &room, &entry), ENR_OK);
    assert_true(entry.no_scan && entry.contact.firstname.len == 0);
    assert_int_equal(enr_roster_find(&roster, ENR_SPAN("SB1"), &room, &entry), ENR_OK);
    assert_true(is_text(entry.contact.lastname, "Lö") && !entry.no_scan);

    static const char *const others[] = {"",  "0",   "00001", "0000123", "000013", "sb",
                                         "S", "SB0", "SB2",   "SB11",    "\xFF"};
    for (size_t i = 0; i < sizeof others / sizeof others[0]; i++) {
        enr_span_t id = exact(others[i], strlen(others[i]));
        assert_int_equal(enr_roster_find(&roster, id, &room, &entry), ENR_END);
        assert_true(entry.contact.lastname.len == 0 && !entry.no_scan);
        drop(id);
    }
    for (size_t size = 0; size < 76; size++) { /* the fields of the first one take 76 bytes */
        room = enr_buffer_over(memory, size);
        assert_int_equal(enr_roster_find(&roster, ENR_SPAN("000012"), &room, &entry), ENR_E_LIMIT);
        assert_true(room.len == 0 && entry.contact.firstname.len == 0);
    }
    room = enr_buffer_over(memory, 76);
    assert_int_equal(enr_roster_find(&roster, ENR_SPAN("000012"), &room, &entry), ENR_OK);
    free(region.bytes);
}

static void empty_list(void **state)
{
    (void)state;
    region_t region;
    enr_flash_t flash;
    enr_roster_t roster;
    enr_roster_entry_t entry;
    enr_buffer_t room = enr_buffer_over(file + 100, 10);
    seal(64, 0);
    assert_int_equal(open_file(64, &region, &flash, &roster), ENR_OK);
    assert_int_equal(enr_roster_find(&roster, ENR_SPAN("x"), &room, &entry), ENR_END);
    free(region.bytes);
}

/* Every bit turned, every length it may be cut to, erased flash, a larger region around it. */
static void torn(void **state)
{
    (void)state;
    const size_t len = put_three();
    for (size_t i = 0; i < len; i++) {
        for (unsigned bit = 1; bit < 256; bit <<= 1) {
            file[i] ^= (uint8_t)bit;
            assert_int_not_equal(open_and_close(len), ENR_OK);
            file[i] ^= (uint8_t)bit;
        }
        assert_int_not_equal(open_and_close(i), ENR_OK);
    }
    memset(file + len, 0xFF, 100);
    assert_int_equal(open_and_close(len), ENR_OK);
    assert_int_equal(open_and_close(len + 100), ENR_OK);
    memset(file + 64 + (len - 64) / 2, 0xFF, len); /* written to the half when the power went */
    assert_int_equal(open_and_close(len + 100), ENR_E_SYNTAX);
    put_three();
    memset(file, 0xFF, 64); /* before the head was written */
    assert_int_equal(open_and_close(len), ENR_E_SYNTAX);
}

static void later_format(void **state)
{
    (void)state;
    const size_t len = put_three();
    file[7] = 2;
    put(60, crc_of(file, 60), 4);
    assert_int_equal(open_and_close(len), ENR_E_LIMIT);
    put_three();
    put(8, len + 1, 4);
    put(60, crc_of(file, 60), 4);
    assert_int_equal(open_and_close(len), ENR_E_LIMIT);
}

/* What a list of good checksums may get wrong. */
static void forged(void **state)
{
    (void)state;
    const size_t first = 64 + 12;
    static const struct {
        const char *name;
        size_t at; /* from the index on; what is written there */
        uint64_t number;
        size_t len;
    } cases[] = {
        {"a place before the entries", 0, 64, 4},
        {"a place in the middle of an entry", 0, 64 + 13, 4},
        {"a place behind the end", 8, 0xFFFFFFFF, 4},
        {"a place too near to the end", 8, 0, 4}, /* set below */
        {"an entry shorter than its head", 12, 3, 2},
        {"an entry longer than the file", 12, 2000, 2},
        {"an entry longer than allowed", 12, 2049, 2},
        {"an id longer than its entry", 15, 255, 1},
        {"an id of no length", 15, 0, 1},
        {"ids out of order", 16, 'Z', 1},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        const size_t len = put_three();
        put(64 + cases[i].at, i == 3 ? len - 3 : cases[i].number, cases[i].len);
        seal(len, 3);
        if (open_and_close(len) != ENR_E_SYNTAX) {
            fail_msg("%s", cases[i].name);
        }
    }
    /* numbers of entries that do not fit */
    static const uint32_t counts[] = {0, 1, 2, 4, 1000, 0x40000000, 0xFFFFFFFF};
    for (size_t i = 0; i < sizeof counts / sizeof counts[0]; i++) {
        const size_t len = put_three();
        seal(len, counts[i]);
        assert_int_equal(open_and_close(len), ENR_E_SYNTAX);
    }
    /* the same id twice, and bytes behind the last entry */
    size_t len = put_three();
    memcpy(file + first + 4, "SB0000", 6);
    put_entry(first, "SB", 0, "", 0);
    seal(len, 3);
    assert_int_equal(open_and_close(len), ENR_E_SYNTAX);
    len = put_three();
    seal(len + 1, 3);
    assert_int_equal(open_and_close(len + 1), ENR_E_SYNTAX);
}

/* A single entry whose fields are these. */
static enr_status_t find_with(const char *fields, size_t fields_len)
{
    region_t region;
    enr_flash_t flash;
    enr_roster_t roster;
    enr_roster_entry_t entry;
    uint8_t memory[64];
    enr_buffer_t room = enr_buffer_over(memory, sizeof memory);
    put(64, 68, 4);
    size_t len = put_entry(68, "x", 0, fields, fields_len);
    seal(len, 1);
    assert_int_equal(open_file(len, &region, &flash, &roster), ENR_OK);
    enr_status_t status = enr_roster_find(&roster, ENR_SPAN("x"), &room, &entry);
    assert_true(status == ENR_OK || (entry.contact.firstname.len == 0 && room.len == 0));
    free(region.bytes);
    return status;
}

static void forged_fields(void **state)
{
    (void)state;
    assert_int_equal(find_with(FIELDS("\1\1\0A\2\1\0B")), ENR_OK);
    assert_int_equal(find_with(FIELDS("\1\0\0")), ENR_OK);
    assert_int_equal(find_with(FIELDS("\1\1\0A\2")), ENR_E_SYNTAX);
    assert_int_equal(find_with(FIELDS("\1\1\0A\2\1")), ENR_E_SYNTAX);
    assert_int_equal(find_with(FIELDS("\1\1\0A\2\2\0B")), ENR_E_SYNTAX);
    assert_int_equal(find_with(FIELDS("\1\xFF\xFF"
                                      "A")),
                     ENR_E_SYNTAX);
    assert_int_equal(find_with(FIELDS("\1\1\0\xC3")), ENR_E_SYNTAX);
    assert_int_equal(find_with(FIELDS("\1\1\0\n")), ENR_E_SYNTAX);
    assert_int_equal(find_with(FIELDS("\1\2\0\xC2\x85")), ENR_E_SYNTAX);
    assert_int_equal(find_with(FIELDS("\x09\1\0\xFF\0\1\0\xFF")), ENR_OK); /* tags that are not known: passed over */
}

/* 20,000 attendees: every one is found by some 15 looks of two or three short reads, and nothing is loaded. */
static void many(void **state)
{
    (void)state;
    enum { COUNT = 20000 };
    region_t region;
    enr_flash_t flash;
    enr_roster_t roster;
    enr_roster_entry_t entry;
    uint8_t memory[64];
    char id[16];
    size_t at = 64 + 4 * COUNT;
    for (unsigned i = 0; i < COUNT; i++) {
        (void)snprintf(id, sizeof id, "%06u", i * 7);
        put(64 + 4 * i, at, 4);
        at = put_entry(at, id, i % 3 == 0, FIELDS("\2\x09\0Lindqvist"));
    }
    assert_true(at <= FILE_MAX);
    seal(at, COUNT);
    assert_int_equal(open_file(at, &region, &flash, &roster), ENR_OK);
    uint32_t most = 0;
    for (unsigned i = 0; i < COUNT * 7; i++) {
        enr_buffer_t room = enr_buffer_over(memory, sizeof memory);
        (void)snprintf(id, sizeof id, "%06u", i);
        region.reads = 0;
        enr_status_t status = enr_roster_find(&roster, enr_span_from_str(id), &room, &entry);
        assert_int_equal(status, i % 7 == 0 ? ENR_OK : ENR_END);
        assert_true(status != ENR_OK || (entry.no_scan == (i / 7 % 3 == 0) && entry.contact.lastname.len == 9));
        most = region.reads > most ? region.reads : most;
    }
    assert_true(most <= 3 * 15 + 1 && region.most <= 255);
    free(region.bytes);
}

/* A flash that fails at any read fails the call, and gives nothing. */
static void failing_flash(void **state)
{
    (void)state;
    const size_t len = put_three();
    for (uint32_t fail_at = 1;; fail_at++) {
        region_t region = {.bytes = file, .len = (uint32_t)len, .fail_at = fail_at};
        enr_flash_t flash = {.ctx = &region, .size = (uint32_t)len, .read = read_region};
        enr_roster_t roster;
        enr_roster_entry_t entry;
        uint8_t memory[128];
        enr_buffer_t room = enr_buffer_over(memory, sizeof memory);
        enr_status_t status = enr_roster_open(&flash, &roster);
        for (status = status == ENR_OK ? ENR_AGAIN : status; status == ENR_AGAIN;) {
            status = enr_roster_check(&roster);
        }
        if (status == ENR_OK) {
            status = enr_roster_find(&roster, ENR_SPAN("000012"), &room, &entry);
            assert_true(status == ENR_OK || entry.contact.firstname.len == 0);
        }
        if (status == ENR_OK) {
            assert_true(fail_at > 10);
            return;
        }
        assert_int_equal(status, ENR_E_FLASH);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(look_up),      cmocka_unit_test(empty_list),    cmocka_unit_test(torn),
        cmocka_unit_test(later_format), cmocka_unit_test(forged),        cmocka_unit_test(forged_fields),
        cmocka_unit_test(many),         cmocka_unit_test(failing_flash),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
