/* The station over an agent, a simulated flash and a virtual clock: what comes of payloads however their bytes are cut,
   of control codes, of the roster; and that nothing is lost while the flash makes it wait. */
#include "agent_rig.h"

#include "enrich/crc32.h"
#include "enrich/station.h"

#define TEODOR "MECARD:N:Lindqvist,Teodor;ORG:Acme Example;;"
#define INES "MECARD:N:Okonkwo-Varga,Ines;ORG:Acme Example;URL:https://www.linkedin.com/in/ines-example/;;"
#define GM65 "\x02\x00\x00\x01\x00\x33\x31"

static const enr_span_t line_ends[] = {{(const uint8_t *)"\r", 1}, {(const uint8_t *)"\n", 1}};
static const enr_frame_settings_t frame_settings = {
    .idle_ms = 100, .terminators = line_ends, .terminator_count = 2, .aim = true, .answer = {(const uint8_t *)GM65, 7}};

/* --- a roster in memory (lib/roster/FORMAT.md) --- */

static struct {
    uint8_t bytes[4096];
    uint32_t len;
    unsigned busy; /* so many of the next reads say that the part is erasing */
    enr_flash_t flash;
    enr_roster_t roster;
} list;

static void put(uint32_t at, uint64_t number, uint32_t len)
{
    for (uint32_t i = 0; i < len; i++) {
        list.bytes[at + i] = (uint8_t)(number >> 8 * i);
    }
}

static enr_status_t read_list(void *ctx, uint32_t offset, uint8_t *out, uint32_t len)
{
    (void)ctx;
    if (list.busy > 0) {
        list.busy--;
        return ENR_AGAIN;
    }
    memcpy(out, list.bytes + offset, len);
    return ENR_OK;
}

/* An entry with last name "L", first name "F" and company "Acme Example"; ids must come in their order. */
static void add_entry(uint32_t number, const char *id, bool no_scan)
{
    static const char fields[] = "\1\1\0F\2\1\0L\3\14\0Acme Example";
    uint32_t id_len = (uint32_t)strlen(id);
    uint32_t len = 4 + id_len + (uint32_t)sizeof fields - 1;
    put(64 + 4 * number, list.len, 4);
    put(list.len, len, 2);
    list.bytes[list.len + 2] = no_scan ? 1 : 0;
    list.bytes[list.len + 3] = (uint8_t)id_len;
    memcpy(list.bytes + list.len + 4, id, id_len);
    memcpy(list.bytes + list.len + 4 + id_len, fields, sizeof fields - 1);
    list.len += len;
}

/* "000012" is F L; "SB-7" does not want to be scanned. */
static const enr_roster_t *make_roster(int64_t expires)
{
    memset(&list, 0, sizeof list);
    list.len = 64 + 2 * 4;
    add_entry(0, "000012", false);
    add_entry(1, "SB-7", true);
    memcpy(list.bytes, "ENRROST\1", 8);
    put(8, list.len, 4);
    put(12, 2, 4);
    put(20, enr_crc32(0, (enr_span_t){list.bytes + 64, list.len - 64}), 4);
    put(32, (uint64_t)expires, 8);
    put(60, enr_crc32(0, (enr_span_t){list.bytes, 60}), 4);
    list.flash = (enr_flash_t){.size = sizeof list.bytes, .read = read_list};
    assert_int_equal(enr_roster_open(&list.flash, &list.roster), ENR_OK);
    enr_status_t status;
    while ((status = enr_roster_check(&list.roster)) == ENR_AGAIN) {
    }
    assert_int_equal(status, ENR_OK);
    return &list.roster;
}

/* --- a station --- */

static enr_station_t station;
static enr_station_config_t config;

static void start_station(rig_t *rig)
{
    config.agent = &rig->agent;
    config.frame = &frame_settings;
    config.clock = &rig->clock;
    config.types = config.types == 0 ? ENR_TYPE_EMAIL : config.types;
    enr_station_start(&station, &config);
}

static rig_t *begin(void)
{
    config = (enr_station_config_t){.types = 0};
    rig_t *rig = rig_new();
    start_station(rig);
    return rig;
}

/* What came of payloads: one word each, "good:1" for a signal with the lead's number, "no_scan" for why. */
typedef struct {
    char text[2048];
    size_t len;
    size_t count;
    enr_scan_t last;
} told_t;

static void tell(told_t *told, const enr_scan_t *scan)
{
    int len = scan->kind == ENR_SCAN_REFUSED
                  ? snprintf(told->text + told->len, sizeof told->text - told->len, "%s ", scan->why)
                  : snprintf(told->text + told->len, sizeof told->text - told->len, "%s:%u ",
                             enr_signal_name(enr_scan_signal(scan)), (unsigned)scan->captured.number);
    assert_true(len > 0);
    told->len += (size_t)len;
    told->count++;
    told->last = *scan;
}

/* Hands over bytes, and lets the agent work while a payload is held. */
static void hand_over(rig_t *rig, enr_span_t bytes, told_t *told)
{
    enr_scan_t scan;
    for (int turns = 0; turns < 100000; turns++) {
        enr_status_t status = enr_station_take(&station, &bytes, rig->now_ms, &scan);
        if (status == ENR_OK) {
            tell(told, &scan);
        } else if (enr_station_is_held(&station)) {
            (void)rig_step(rig, rig->now_ms + 5);
        } else {
            assert_int_equal(bytes.len, 0);
            return;
        }
    }
    fail_msg("held for ever");
}

static const char *scan(rig_t *rig, const char *text)
{
    static told_t told;
    told = (told_t){.len = 0};
    hand_over(rig, enr_span_from_str(text), &told);
    return told.text;
}

static void walk(rig_t *rig)
{
    for (int turns = 0; enr_station_step(&station, rig->now_ms) == ENR_AGAIN; turns++) {
        assert_true(turns < 10000);
        (void)rig_step(rig, rig->now_ms + 5);
    }
}

static enr_lead_t lead_of(rig_t *rig, uint32_t number)
{
    static enr_record_t record;
    RIG_DO(rig, enr_agent_find(&rig->agent, number, &record));
    return record.lead;
}

static void assert_text(enr_span_t text, const char *wanted)
{
    assert_int_equal(text.len, strlen(wanted));
    assert_memory_equal(text.ptr, wanted, text.len);
}

/* --- payloads --- */

static const char stream[] = "000012\r\n" TEODOR "\r" GM65 "]Q1" INES "\r\nENR:R5\r"
                             "BEGIN:VCARD\r\nVERSION:3.0\r\nN:Abubakar;Maelle;;;\r\nORG:Acme\r\nEND:VCARD\r\n" TEODOR
                             "\rWIFI:T:WPA;S:net;P:secret;;\rENR:C+C\r" GM65 "https://www.linkedin.com/in/some-body/\n";
static const char stream_told[] = "good:1 good:2 good:3 good:3 good:4 duplicate:2 secret no_lead good:5 ";

/* domain 1.4: the same payloads come out however the bytes are cut; whole, byte by byte, and at every place. */
static void test_every_split(void **state)
{
    (void)state;
    const enr_span_t whole = {(const uint8_t *)stream, sizeof stream - 1};
    for (size_t cut = 0; cut <= whole.len; cut++) {
        rig_t *rig = begin();
        told_t told = {.len = 0};
        if (cut == 0) {
            for (size_t i = 0; i < whole.len; i++) {
                hand_over(rig, enr_span_slice(whole, i, i + 1), &told);
            }
        } else {
            hand_over(rig, enr_span_slice(whole, 0, cut), &told);
            hand_over(rig, enr_span_slice(whole, cut, whole.len), &told);
        }
        assert_string_equal(told.text, stream_told);
        rig_free(rig);
    }
}

static void test_silence_ends_a_payload(void **state)
{
    (void)state;
    rig_t *rig = begin();
    uint32_t until_ms;
    assert_string_equal(scan(rig, "BEGIN:VCARD\r\nN:Abubakar;Maelle;;;\r\n"), "");
    assert_true(enr_station_waits(&station, &until_ms));
    assert_int_equal(until_ms, rig->now_ms + 100);
    rig->now_ms = until_ms;
    assert_string_equal(scan(rig, ""), "good:1 ");
    assert_false(enr_station_waits(&station, &until_ms));
    rig_free(rig);
}

/* While the program was busy with a handshake the module was not silent: what waited goes on with what was there. */
static void test_busy_is_no_silence(void **state)
{
    (void)state;
    uint32_t until_ms;
    for (int told = 0; told < 2; told++) {
        rig_t *rig = begin();
        assert_string_equal(scan(rig, "MECARD:N:Abubakar,Mae"), "");
        rig->now_ms += 900;
        if (told) {
            enr_station_busy(&station, 900);
        }
        assert_string_equal(scan(rig, "lle;;\r"), told ? "good:1 " : "good:1 good:2 ");
        assert_string_equal(scan(rig, "BEGIN:VCARD\r\n"), "");
        assert_true(enr_station_waits(&station, &until_ms));
        assert_int_equal(until_ms, rig->now_ms + 100);
        rig_free(rig);
    }
}

/* Bytes that an interrupt had no room for: the payload is thrown away whole, and no code speaks of the lead before. */
static void test_lost_bytes(void **state)
{
    (void)state;
    rig_t *rig = begin();
    assert_string_equal(scan(rig, TEODOR "\r" INES), "good:1 good:2 ");
    assert_string_equal(scan(rig, "0000"), "");
    enr_station_lose(&station);
    assert_string_equal(scan(rig, "12\r"), "");
    rig->now_ms += 100;
    assert_string_equal(scan(rig, "ENR:R5\r" TEODOR "\r"), "unreadable no_lead duplicate:1 ");
    rig_free(rig);
}

/* DESIGN 6: a rescan pays nothing, whatever became of the request. */
static void test_rescan_buys_nothing(void **state)
{
    (void)state;
    rig_t *rig = begin();
    assert_string_equal(scan(rig, TEODOR "\r"), "good:1 ");
    rig_until(rig, 1, ENR_TYPE_EMAIL, ENR_REQUEST_FINISHED, 60000);
    for (int i = 0; i < 5; i++) {
        rig_run(rig, 20000);
        assert_string_equal(scan(rig, TEODOR "\rENR:R2\r"), "duplicate:1 good:1 ");
    }
    rig_run(rig, 3600000);
    assert_int_equal(rig->service.entry_count, 1);
    assert_int_equal(lead_of(rig, 1).scans, 6);
    rig_take_all(rig);
    assert_string_equal(scan(rig, TEODOR "\rENR:R2\r"), "duplicate:0 no_lead ");
    rig_run(rig, 3600000);
    assert_int_equal(rig->service.entry_count, 1);
    rig_free(rig);
}

/* --- codes --- */

static void test_codes(void **state)
{
    (void)state;
    rig_t *rig = begin();
    config.notice = ENR_SPAN("2026-03 en");
    config.captured_by = ENR_SPAN("Zoe");
    start_station(rig);
    assert_string_equal(scan(rig, "ENR:R5\r"), "no_lead ");
    assert_string_equal(scan(rig, TEODOR "\rENR:R4\rENR:C+CEP\rENR:C-P\rENR:Q:SIZE:50\rENR:Q:a.b:x\rENR:Q:SIZE:9\r"),
                        "good:1 good:1 good:1 good:1 good:1 good:1 good:1 ");
    enr_lead_t lead = lead_of(rig, 1);
    assert_int_equal(lead.rating, 4);
    assert_int_equal(lead.scans, 1);
    assert_int_equal(lead.consent.asked, ENR_CONSENT_CONTACT | ENR_CONSENT_ENRICHMENT | ENR_CONSENT_PERSONAL_EMAIL);
    assert_int_equal(lead.consent.given, ENR_CONSENT_CONTACT | ENR_CONSENT_ENRICHMENT);
    assert_int_equal(lead.consent.method, ENR_CONSENT_BY_BARCODE);
    assert_text(lead.consent.notice, "2026-03 en");
    assert_text(lead.answers, "a.b=x;SIZE=9");
    assert_text(lead.captured_by, "Zoe");
    assert_string_equal(scan(rig, "ENR:BY:ANNA\r" INES "\rENR:BY:\r000012\r"), "good:0 good:2 good:0 good:3 ");
    assert_text(lead_of(rig, 2).captured_by, "ANNA");
    assert_text(lead_of(rig, 3).captured_by, "Zoe");
    rig_free(rig);
}

/* None of these is a badge, and none changes anything. */
static void test_malformed_codes(void **state)
{
    (void)state;
    static const char *const codes[] = {
        "ENR:",
        "ENR:R",
        "ENR:R0",
        "ENR:R6",
        "ENR:R55",
        "ENR:r5",
        "ENR:C",
        "ENR:C+",
        "ENR:C-",
        "ENR:C*C",
        "ENR:C+X",
        "ENR:C+CC",
        "ENR:Q",
        "ENR:Q:",
        "ENR:Q:A",
        "ENR:Q:A:",
        "ENR:Q::B",
        "ENR:Q:A:B;C",
        "ENR:Q:A=B:C",
        "ENR:BY",
        "ENR:Z",
        "ENR: R5",
        "ENR:R5 ",
        "ENR:Q:A:B:C",
        "ENR:BY:\xff\xfe",
        "ENR:Q:A:123456789012345678901234567890123",
        "ENR:BY:12345678901234567890123456789012345678901234567890123456789012345",
    };
    rig_t *rig = begin();
    for (size_t i = 0; i < sizeof codes / sizeof codes[0]; i++) {
        char text[256];
        (void)snprintf(text, sizeof text, TEODOR "\r%s\r", codes[i]);
        told_t told = {.len = 0};
        hand_over(rig, enr_span_from_str(text), &told);
        if (told.last.kind != ENR_SCAN_REFUSED || strcmp(told.last.why, ENR_WHY_UNKNOWN_CODE) != 0) {
            fail_msg("%s: %s", codes[i], told.text);
        }
    }
    enr_lead_t lead = lead_of(rig, 1);
    assert_int_equal(lead.rating, 0);
    assert_int_equal(lead.consent.asked, 0);
    assert_int_equal(lead.answers.len, 0);
    rig_free(rig);
}

/* A stranger's code on a badge does not speak for the person before. */
static void test_word_of_the_sheet(void **state)
{
    (void)state;
    rig_t *rig = begin();
    config.sheet = ENR_SPAN("K7");
    start_station(rig);
    assert_string_equal(scan(rig, TEODOR "\rENR:C+P\r" TEODOR "\rENR:K8:C+P\r" TEODOR "\rENR:K7:C+C\rENR:K7:K7:R1\r"),
                        "good:1 unknown_code duplicate:1 unknown_code duplicate:1 good:1 unknown_code ");
    assert_int_equal(lead_of(rig, 1).consent.asked, ENR_CONSENT_CONTACT);
    rig_free(rig);
}

/* A code speaks of a lead for a minute, also across the wrap of the clock (behaviours 25). */
static void test_codes_have_their_time(void **state)
{
    (void)state;
    rig_t *rig = begin();
    rig->now_ms = UINT32_MAX - 30000;
    rig_restart(rig);
    start_station(rig);
    assert_string_equal(scan(rig, TEODOR "\r"), "good:1 ");
    rig->now_ms += 59999;
    assert_string_equal(scan(rig, "ENR:R5\r"), "good:1 ");
    rig->now_ms += 59999;
    assert_string_equal(scan(rig, "ENR:R4\r"), "good:1 ");
    rig->now_ms += 60000;
    assert_string_equal(scan(rig, "ENR:R3\r"), "no_lead ");
    assert_int_equal(lead_of(rig, 1).rating, 4);
    rig_free(rig);
}

static void test_answers_have_a_limit(void **state)
{
    (void)state;
    rig_t *rig = begin();
    char text[64];
    assert_string_equal(scan(rig, TEODOR "\r"), "good:1 ");
    for (int i = 0; i < 16; i++) {
        (void)snprintf(text, sizeof text, "ENR:Q:k%02d:123456789012\r", i); /* 16 bytes, and one between */
        assert_string_equal(scan(rig, text), i < 15 ? "good:1 " : "unreadable ");
    }
    assert_int_equal(lead_of(rig, 1).answers.len, 15 * 17 - 1);
    rig_free(rig);
}

/* domain 5: personal_email needs the event's leave and that person's consent; one that is withdrawn in time counts. */
static void test_personal_email_by_consent(void **state)
{
    (void)state;
    for (int allowed = 0; allowed <= 1; allowed++) {
        rig_t *rig = begin();
        rig->config.personal_email = allowed == 1;
        rig_restart(rig);
        config.types = ENR_TYPE_PERSONAL_EMAIL;
        start_station(rig);
        (void)scan(rig, INES "\r");
        assert_int_equal(rig_state(rig, 1, ENR_TYPE_PERSONAL_EMAIL), ENR_REQUEST_REFUSED);
        assert_string_equal(scan(rig, "ENR:C+CEM\r"), "good:1 ");
        rig_run(rig, 600000);
        assert_int_equal(rig->service.entry_count, 0);
        assert_string_equal(scan(rig, INES "\rENR:C+P\rENR:C-P\r"), "duplicate:1 good:1 good:1 ");
        rig_run(rig, 600000);
        assert_int_equal(rig->service.entry_count, 0);
        assert_string_equal(scan(rig, INES "\rENR:C+P\r"), "duplicate:1 good:1 ");
        rig_run(rig, 600000);
        assert_int_equal(rig->service.entry_count, allowed);
        rig_free(rig);
    }
}

/* --- roster --- */

static void test_roster(void **state)
{
    (void)state;
    rig_t *rig = begin();
    config.roster = make_roster(INT64_MAX);
    start_station(rig);
    told_t told = {.len = 0};
    hand_over(rig, ENR_SPAN("000012\r"), &told);
    assert_true(told.last.listed);
    assert_int_equal(told.last.captured.states[0], ENR_REQUEST_READY);
    assert_string_equal(scan(rig, "000013\rSB-7\rENR:R1\r"), "good:2 no_scan no_lead ");
    assert_text(lead_of(rig, 1).contact.company_name, "Acme Example");
    assert_int_equal(rig_state(rig, 2, ENR_TYPE_EMAIL), ENR_REQUEST_CAPTURED);
    rig_free(rig);
}

/* Memory is what the payload leaves: who does not fit stays an id, and no_scan counts all the same. */
static void test_roster_entry_that_does_not_fit(void **state)
{
    (void)state;
    rig_t *rig = begin();
    char text[ENR_BADGE_MAX];
    config.roster = make_roster(INT64_MAX);
    start_station(rig);
    for (int i = 0; i < 2; i++) {
        (void)snprintf(text, sizeof text, "MECARD:UID:%s;NOTE:%0*d;;\r", i == 0 ? "SB-7" : "000012", ENR_BADGE_MAX - 40,
                       0);
        assert_string_equal(scan(rig, text), i == 0 ? "no_scan " : "good:1 ");
    }
    assert_int_equal(lead_of(rig, 1).contact.lastname.len, 0);
    rig_free(rig);
}

/* What the badge says itself counts; a name is one field. */
static void test_roster_fills_gaps_only(void **state)
{
    (void)state;
    rig_t *rig = begin();
    config.roster = make_roster(INT64_MAX);
    start_station(rig);
    assert_string_equal(scan(rig, "MECARD:N:Lindqvist,Teodor;UID:000012;;\r"), "good:1 ");
    enr_lead_t lead = lead_of(rig, 1);
    assert_text(lead.contact.firstname, "Teodor");
    assert_text(lead.contact.lastname, "Lindqvist");
    assert_text(lead.contact.company_name, "Acme Example");
    rig_free(rig);
}

static void test_expired_roster_only_forbids(void **state)
{
    (void)state;
    rig_t *rig = begin();
    config.roster = make_roster(1793500000);
    start_station(rig);
    assert_string_equal(scan(rig, "000012\rSB-7\r"), "good:1 no_scan ");
    walk(rig);
    assert_int_equal(rig_state(rig, 1, ENR_TYPE_EMAIL), ENR_REQUEST_CAPTURED);
    rig_free(rig);
}

/* Without a time nobody knows whether the list counts; once there is one, what was captured meanwhile is filled in. */
static void test_roster_without_time(void **state)
{
    (void)state;
    rig_t *rig = begin();
    rig->wall_s = 0;
    config.roster = make_roster(1893500000);
    start_station(rig);
    walk(rig);
    assert_string_equal(scan(rig, "000012\rSB-7\r"), "good:1 no_scan ");
    walk(rig);
    assert_int_equal(rig_state(rig, 1, ENR_TYPE_EMAIL), ENR_REQUEST_CAPTURED);
    rig->wall_s = 1793500000;
    walk(rig);
    assert_int_not_equal(rig_state(rig, 1, ENR_TYPE_EMAIL), ENR_REQUEST_CAPTURED);
    assert_int_equal(station.filled, 1);
    rig_free(rig);
}

/* A roster that comes later resolves who was scanned before, and removes who did not want it; but nothing of which
   something was sent, and nothing of another event. It writes no lead twice. */
static void test_roster_that_comes_later(void **state)
{
    (void)state;
    rig_t *rig = begin();
    config.event = ENR_SPAN("e26");
    start_station(rig);
    assert_string_equal(scan(rig, "000012\rSB-7\r000013\r"), "good:1 good:2 good:3 ");
    config.event = ENR_SPAN("e27");
    start_station(rig);
    assert_string_equal(scan(rig, "SB-7\r000012\rMECARD:N:L,F;ORG:Acme Example;UID:SB-7;;\r"),
                        "good:4 good:5 duplicate:4 ");
    rig_until(rig, 4, ENR_TYPE_EMAIL, ENR_REQUEST_FINISHED, 600000);
    config.event = ENR_SPAN("e26");
    config.roster = make_roster(INT64_MAX);
    start_station(rig);
    walk(rig);
    assert_int_not_equal(rig_state(rig, 1, ENR_TYPE_EMAIL), ENR_REQUEST_CAPTURED);
    assert_int_equal(rig_state(rig, 2, ENR_TYPE_EMAIL), ENR_REQUEST_ERASED);
    assert_int_equal(rig_state(rig, 3, ENR_TYPE_EMAIL), ENR_REQUEST_CAPTURED);
    assert_int_equal(rig_state(rig, 4, ENR_TYPE_EMAIL), ENR_REQUEST_FINISHED);
    assert_int_equal(rig_state(rig, 5, ENR_TYPE_EMAIL), ENR_REQUEST_CAPTURED);
    assert_int_equal(station.filled, 1);
    assert_int_equal(station.removed, 1);
    rig_until(rig, 1, ENR_TYPE_EMAIL, ENR_REQUEST_FINISHED, 600000);
    config.event = ENR_SPAN("e27");
    start_station(rig);
    walk(rig);
    assert_int_equal(rig_state(rig, 4, ENR_TYPE_EMAIL), ENR_REQUEST_FINISHED);
    assert_int_equal(station.removed, 0);
    uint64_t programs = rig->flash.programs;
    start_station(rig);
    walk(rig);
    assert_int_equal(station.filled, 0);
    assert_true(rig->flash.programs - programs < 4); /* the exchange's own marks at most */
    rig_free(rig);
}

/* The part is erasing for the journal, and the list cannot be read for a while: the payload waits. */
static void test_roster_on_a_busy_part(void **state)
{
    (void)state;
    rig_t *rig = begin();
    config.roster = make_roster(INT64_MAX);
    start_station(rig);
    list.busy = 50;
    enr_scan_t out;
    enr_span_t bytes = ENR_SPAN("SB-7\r000012\r");
    assert_int_equal(enr_station_take(&station, &bytes, rig->now_ms, &out), ENR_AGAIN);
    assert_true(enr_station_is_held(&station));
    assert_int_equal(bytes.len, 7);
    told_t told = {.len = 0};
    hand_over(rig, bytes, &told);
    assert_string_equal(told.text, "no_scan good:1 ");
    assert_true(told.last.listed);
    rig_free(rig);
}

/* --- what cannot be kept --- */

static const enr_script_flash_config_t small_part = {
    .size = 16 * 4096, .sector_size = 4096, .page_size = 256, .program_unit = 16, .suspends = true};

/* A part that refuses everything is told to the person in bounded time. */
static void test_failed(void **state)
{
    (void)state;
    rig_t *rig = rig_new_on(&small_part);
    config = (enr_station_config_t){.types = 0};
    start_station(rig);
    rig->refuse = 1000000;
    assert_string_equal(scan(rig, TEODOR "\r"), "failed ");
    assert_true(rig->now_ms <= 31000);
    assert_int_equal(station.lead, 0);
    rig_free(rig);
}

/* behaviours 42: a full journal says so at once, and nothing is overwritten. */
static void test_full(void **state)
{
    (void)state;
    rig_t *rig = rig_new_on(&small_part);
    config = (enr_station_config_t){.types = 0};
    start_station(rig);
    unsigned kept = 0;
    char text[128];
    for (bool is_full = false; !is_full; kept += is_full ? 0 : 1) {
        (void)snprintf(text, sizeof text, "id-%u\r", kept);
        is_full = strcmp(scan(rig, text), "full ") == 0;
        assert_true(is_full || kept < 1000);
    }
    assert_true(kept > 10);
    assert_string_equal(scan(rig, "one-more\r"), "full ");
    rig_run(rig, 60000);
    assert_int_equal(rig_status(rig).counts[ENR_REQUEST_CAPTURED], kept);
    rig_free(rig);
}

/* What a payload leaves in memory goes with the next call. */
static void test_wipes_what_it_held(void **state)
{
    (void)state;
    rig_t *rig = begin();
    config.roster = make_roster(INT64_MAX);
    start_station(rig);
    (void)scan(rig, TEODOR "\r000012\rWIFI:T:WPA;S:net;P:secret;;\r\r");
    for (size_t i = 0; i < sizeof station.memory; i++) {
        assert_true(station.memory[i] == 0 || station.memory[i] == '\r');
    }
    for (size_t i = 0; i < sizeof station.badge.text; i++) {
        assert_int_equal(station.badge.text[i], 0);
    }
    rig_free(rig);
}

int main(void)
{
    rig_prepare();
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_every_split),
        cmocka_unit_test(test_silence_ends_a_payload),
        cmocka_unit_test(test_busy_is_no_silence),
        cmocka_unit_test(test_lost_bytes),
        cmocka_unit_test(test_rescan_buys_nothing),
        cmocka_unit_test(test_codes),
        cmocka_unit_test(test_malformed_codes),
        cmocka_unit_test(test_word_of_the_sheet),
        cmocka_unit_test(test_codes_have_their_time),
        cmocka_unit_test(test_answers_have_a_limit),
        cmocka_unit_test(test_personal_email_by_consent),
        cmocka_unit_test(test_roster),
        cmocka_unit_test(test_roster_entry_that_does_not_fit),
        cmocka_unit_test(test_roster_fills_gaps_only),
        cmocka_unit_test(test_expired_roster_only_forbids),
        cmocka_unit_test(test_roster_without_time),
        cmocka_unit_test(test_roster_that_comes_later),
        cmocka_unit_test(test_roster_on_a_busy_part),
        cmocka_unit_test(test_failed),
        cmocka_unit_test(test_full),
        cmocka_unit_test(test_wipes_what_it_held),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
