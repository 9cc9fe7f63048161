/* Transcripts of scanner modules to payloads (domain 1.4), each also cut at every place. */
#include "enrich/frame.h"

#include "exact.h"

#include <stdio.h>

#define IDLE 50
#define CRLF "\r\n"

static const enr_span_t lines[] = {{(const uint8_t *)"\r", 1}, {(const uint8_t *)"\n", 1}};
static const enr_span_t crlf_only[] = {{(const uint8_t *)CRLF, 2}};
static const enr_span_t tab[] = {{(const uint8_t *)"\t", 1}};
static const enr_span_t suffix[] = {{(const uint8_t *)"##", 2}};

/* By name, so that a row of the table can point to one. */
static const enr_frame_settings_t by_line = {.idle_ms = IDLE, .terminators = lines, .terminator_count = 2};
static const enr_frame_settings_t by_crlf = {.idle_ms = IDLE, .terminators = crlf_only, .terminator_count = 1};
static const enr_frame_settings_t by_tab = {.idle_ms = IDLE, .terminators = tab, .terminator_count = 1};
static const enr_frame_settings_t by_suffix = {.idle_ms = IDLE, .terminators = suffix, .terminator_count = 1};
static const enr_frame_settings_t by_silence = {.idle_ms = IDLE};
static const enr_frame_settings_t with_prefix = {
    .idle_ms = IDLE, .terminators = lines, .terminator_count = 2, .prefix = {(const uint8_t *)"\x02P1", 3}};
static const enr_frame_settings_t with_aim = {
    .idle_ms = IDLE, .terminators = lines, .terminator_count = 2, .prefix = {(const uint8_t *)">", 1}, .aim = true};
static const enr_frame_settings_t gm65 = {.idle_ms = IDLE,
                                          .terminators = lines,
                                          .terminator_count = 2,
                                          .answer = {(const uint8_t *)"\x02\x00\x00\x01\x00\x33\x31", 7}};
static const enr_frame_settings_t looping = {
    .idle_ms = IDLE, .terminators = lines, .terminator_count = 2, .answer = {(const uint8_t *)"aabaa!", 6}};

#define ACK "\x02\x00\x00\x01\x00\x33\x31"
#define CARD "BEGIN:VCARD" CRLF "N:Lindqvist;Teodor" CRLF "END:VCARD"

/* What comes of a transcript: payloads with '|' behind each, "!" for one that was thrown away. */
typedef struct {
    const char *name;
    const enr_frame_settings_t *settings;
    const char *bytes;
    size_t len;
    const char *wanted;
} row_t;

#define ROW(name, settings, bytes, wanted)                                                                             \
    {                                                                                                                  \
        name, &(settings), bytes, sizeof(bytes) - 1, wanted                                                            \
    }

/* clang-format off */
static const row_t rows[] = {
    ROW("CR", by_line, "12\r34\r", "12|34|"),
    ROW("LF", by_line, "12\n34\n", "12|34|"),
    ROW("CRLF", by_line, "12\r\n34\r\n", "12|34|"),
    ROW("CRLF as one terminator", by_crlf, "1\r2\r\n34\r\n", "1\r2|34|"),
    ROW("TAB", by_tab, "12\t34\t", "12|34|"),
    ROW("a suffix", by_suffix, "1#2##34##", "1#2|34|"),
    ROW("nothing but silence", by_silence, "12\r\n34\r\n", "12\r\n34|"),
    ROW("no terminator at the end", by_line, "12\r34", "12|34|"),
    ROW("empty payloads are none", by_line, "\r\n\r\n12\r\r\n\n", "12|"),
    ROW("empty payloads between TABs", by_tab, "\t\t12\t\t", "12|"),
    ROW("STX and ETX", by_silence, "\x02" "12\x03\x02" "34\x03", "12|34|"),
    ROW("STX, ETX and a line end", by_line, "\x02" "12\x03\r\n\x02" "34\x03\r\n", "12|34|"),
    ROW("a TAB inside", by_line, "1\t2\r", "1\t2|"),
    ROW("white space stays", by_line, " 12 \r", " 12 |"),

    ROW("prefix", with_prefix, "\x02P1" "12\r\x02P1" "34\r", "12|34|"),
    ROW("prefix absent", with_prefix, "12\rP1" "34\r", "12|P134|"),
    ROW("prefix begun only", with_prefix, "\x02P2\r", "\x02P2|"),
    ROW("prefix and nothing", with_prefix, "\x02P1\r\x02P1" "34\r", "34|"),
    ROW("prefix before a card", with_prefix, "\x02P1" CARD CRLF "34\r", CARD "|34|"),

    ROW("AIM", with_aim, "]Q112\r>]C034\r", "12|34|"),
    ROW("AIM absent", with_aim, "12\r>34\r", "12|34|"),
    ROW("AIM begun only", with_aim, "]Q\r]\r]Q\r]Q1\r>\r5\r", "]Q|]|]Q|5|"),
    ROW("AIM is none", with_aim, "]1Q2\r]Q!3\r", "]1Q2|]Q!3|"),
    ROW("AIM with ECI 26", with_aim, "]Q2\\000026a\\\\b\r", "a\\b|"),
    ROW("AIM with ECI inside, and what is none", with_aim, "]Q4a\\000003b\\00000c\\\r", "ab\\00000c\\|"),
    ROW("AIM without escapes", with_aim, "]Q1\\000026a\\\\b\r", "\\000026a\\\\b|"),
    ROW("AIM of PDF417, Data Matrix, Aztec that escape", with_aim, "]L1a\\\\b\r]d4a\\\\b\r]zAa\\\\b\r", "a\\b|a\\b|a\\b|"),
    ROW("AIM of the same that do not", with_aim, "]L2a\\\\b\r]d1a\\\\b\r]z0a\\\\b\r", "a\\\\b|a\\\\b|a\\\\b|"),
    ROW("AIM before a card and a MECARD", with_aim, ">]Q1" CARD CRLF "]Q1MECARD:N:a;\r;;", CARD "|MECARD:N:a;\r;;|"),

    ROW("answer alone", gm65, ACK, ""),
    ROW("answer, then a scan", gm65, ACK "12\r", "12|"),
    ROW("answer glued behind a scan", gm65, "12" ACK "\r34\r", "12|34|"),
    ROW("answer inside a scan", gm65, "1" ACK "2\r", "12|"),
    ROW("two answers", gm65, ACK ACK "12\r" ACK, "12|"),
    ROW("half an answer before STX", gm65, "\x02\x00\x02" "12\r", "\x00"), /* see below */
    ROW("STX of a scan is no answer", gm65, "\x02" "12\x03", "12|"),
    ROW("answer inside a card", gm65, "BEGIN:VCARD" CRLF "N:a" ACK CRLF "END:VCARD", "BEGIN:VCARD" CRLF "N:a" CRLF "END:VCARD|"),
    ROW("what begins like an answer that repeats itself", looping, "aabaabaa!b\raaabaa!c\raabaac\r", "aabb|ac|aabaac|"),

    ROW("card", by_line, CARD CRLF "12\r", CARD "|12|"),
    ROW("card without a line end behind it", by_silence, CARD, CARD "|"),
    ROW("two cards", by_line, CARD CRLF CARD CRLF, CARD "|" CARD "|"),
    ROW("card in small letters, CR", by_line, "begin:vcard\rn:a\rend:vcard\r12\r", "begin:vcard\rn:a\rend:vcard|12|"),
    ROW("card behind a byte order mark", by_line, "\xEF\xBB\xBF" CARD CRLF, "\xEF\xBB\xBF" CARD "|"),
    ROW("card without END", by_line, "BEGIN:VCARD\rN:a\r", "BEGIN:VCARD\rN:a|"),
    ROW("card with a TAB fold", by_tab, "BEGIN:VCARD\nN:a\n\tb\nEND:VCARD\t12\t", "BEGIN:VCARD\nN:a\n\tb\nEND:VCARD|12|"),
    ROW("card in a card", by_line, "BEGIN:VCARD\nAGENT:\nBEGIN:VCARD\nN:a\nEND:VCARD\nN:b\nEND:VCARD\n12\n",
        "BEGIN:VCARD\nAGENT:\nBEGIN:VCARD\nN:a\nEND:VCARD\nN:b\nEND:VCARD|12|"),
    ROW("card in its property's line", by_line, "BEGIN:VCARD\nAGENT;X=y:BEGIN:VCARD\nN:a\nEND:VCARD\nN:b\nEND:VCARD\n12\n",
        "BEGIN:VCARD\nAGENT;X=y:BEGIN:VCARD\nN:a\nEND:VCARD\nN:b\nEND:VCARD|12|"),
    ROW("END and BEGIN inside a value", by_line, "BEGIN:VCARD\nNOTE:END:VCARD\nNOTE:BEGIN:VCARD\n END:VCARD\nEND:VCARD\n12\n",
        "BEGIN:VCARD\nNOTE:END:VCARD\nNOTE:BEGIN:VCARD\n END:VCARD\nEND:VCARD|12|"),
    ROW("card ended by ETX", by_line, "\x02" "BEGIN:VCARD\nN:a\n\x03" "12\n", "BEGIN:VCARD\nN:a|12|"),
    ROW("BEGIN without a card", by_line, "BEGIN:VCALENDAR\n12\n", "BEGIN:VCALENDAR|12|"),

    ROW("MECARD", by_line, "MECARD:N:a;;\r\n12\r", "MECARD:N:a;;|12|"),
    ROW("MECARD in lines", by_line, "MECARD:N:a;\r\nTEL:1;;\r\n12\r", "MECARD:N:a;\r\nTEL:1;;|12|"),
    ROW("MECARD with an escaped semicolon", by_line, "MECARD:N:a\\;;TEL:1;;12\r", "MECARD:N:a\\;;TEL:1;;|12|"),
    ROW("MECARD with an escaped backslash", by_line, "MECARD:N:a\\\\;;12\r", "MECARD:N:a\\\\;;|12|"),
    ROW("MECARD without its end", by_line, "mecard:n:a;\r", "mecard:n:a;|"),
    ROW("BIZCARD is like any other", by_line, "BIZCARD:N:a;;\r12\r", "BIZCARD:N:a;;|12|"),
};

/* clang-format on */

static char got[4096];
static size_t got_len;

static void add(const void *bytes, size_t len)
{
    assert_true(got_len + len < sizeof got);
    memcpy(got + got_len, bytes, len);
    got_len += len;
}

/* Hands bytes over and adds what comes of them. */
static void hand_over(enr_frame_t *frame, enr_span_t bytes, uint32_t now)
{
    enr_span_t payload;
    enr_status_t status = enr_frame_take(frame, &bytes, now, &payload);
    for (; status != ENR_AGAIN; status = enr_frame_take(frame, &bytes, now, &payload)) {
        assert_true(status == ENR_OK || status == ENR_E_LIMIT);
        if (status == ENR_OK) {
            add(payload.ptr, payload.len);
        }
        add(status == ENR_OK ? "|" : "!", 1);
    }
    assert_int_equal(bytes.len, 0);
}

/* Two pieces, the second just before silence would end the first; then silence. */
static void run(const enr_frame_settings_t *settings, enr_span_t bytes, size_t cut, size_t capacity)
{
    enr_frame_t frame;
    uint8_t *room = malloc(capacity);
    assert_non_null(room);
    enr_span_t first = exact(bytes.ptr, cut);
    enr_span_t second = exact(bytes.ptr + cut, bytes.len - cut);
    uint32_t until = 0;
    enr_frame_start(&frame, settings, room, capacity);
    got_len = 0;
    hand_over(&frame, first, UINT32_MAX - 10);
    hand_over(&frame, second, UINT32_MAX - 10 + IDLE - 1);
    if (enr_frame_waits(&frame, &until)) {
        hand_over(&frame, (enr_span_t){NULL, 0}, until - 1);
        assert_true(enr_frame_waits(&frame, &until));
    }
    hand_over(&frame, (enr_span_t){NULL, 0}, until);
    assert_false(enr_frame_waits(&frame, &until));
    drop(second);
    drop(first);
    free(room);
}

static void transcripts(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        const row_t *row = &rows[i];
        const bool is_half_answer = row->wanted[0] == '\0' && row->bytes[2] == '\x02'; /* a NUL in the payload */
        const size_t len = is_half_answer ? 5 : strlen(row->wanted);
        const char *wanted = is_half_answer ? "\0\x02"
                                              "12|"
                                            : row->wanted;
        for (size_t cut = 0; cut <= row->len; cut++) {
            run(row->settings, (enr_span_t){(const uint8_t *)row->bytes, row->len}, cut, 256);
            if (got_len != len || memcmp(got, wanted, len) != 0) {
                fail_msg("%s, cut at %zu: \"%.*s\"", row->name, cut, (int)got_len, got);
            }
        }
    }
}

/* domain 1.4: the time runs from the last byte, not from the first. At 9,600 baud 1 kB takes 1 s. */
static void silence(void **state)
{
    (void)state;
    uint8_t room[256];
    enr_frame_t frame;
    uint32_t until = 0;
    enr_frame_start(&frame, &by_silence, room, sizeof room);
    assert_false(enr_frame_waits(&frame, &until));
    got_len = 0;
    uint32_t now = UINT32_MAX - 100;
    for (int i = 0; i < 10; i++) {
        hand_over(&frame, ENR_SPAN("a"), now);
        assert_true(enr_frame_waits(&frame, &until) && until == now + IDLE);
        now += IDLE - 1;
    }
    assert_int_equal(got_len, 0);
    hand_over(&frame, ENR_SPAN("b"), now + 1); /* too late by one: the first is whole, and this begins another */
    assert_int_equal(got_len, 11);
    assert_memory_equal(got, "aaaaaaaaaa|", 11);
    hand_over(&frame, ENR_SPAN(""), now + 1 + IDLE);
    assert_memory_equal(got, "aaaaaaaaaa|b|", 13);
}

/* What an answer began with and did not end is text once there is silence. */
static void half_answers(void **state)
{
    (void)state;
    uint8_t room[256];
    enr_frame_t frame;
    for (size_t len = 1; len < 6; len++) {
        got_len = 0;
        enr_frame_start(&frame, &looping, room, sizeof room);
        hand_over(&frame, enr_span_slice(looping.answer, 0, len), 0);
        assert_int_equal(got_len, 0);
        hand_over(&frame, ENR_SPAN("aabaa!xy\r"), IDLE);
        assert_int_equal(got_len, len + 4);
        assert_memory_equal(got, looping.answer.ptr, len);
        assert_memory_equal(got + len, "|xy|", 4);
    }
}

static void aim_is_reported(void **state)
{
    (void)state;
    uint8_t room[256];
    enr_frame_t frame;
    enr_span_t payload;
    enr_span_t bytes = ENR_SPAN("]Q2\\000026a\\000003b\r12\r");
    enr_frame_start(&frame, &with_aim, room, sizeof room);
    assert_int_equal(enr_frame_take(&frame, &bytes, 0, &payload), ENR_OK);
    assert_true(frame.aim.code == 'Q' && frame.aim.modifier == '2' && frame.aim.has_eci && frame.aim.eci == 26);
    assert_int_equal(enr_frame_take(&frame, &bytes, 0, &payload), ENR_OK);
    assert_true(frame.aim.code == 0 && !frame.aim.has_eci);

    enr_aim_t aim;
    uint8_t text[] = "]L1\\000002x\\\\y";
    assert_int_equal(enr_aim_strip(text, sizeof text - 1, &aim), 3);
    assert_memory_equal(text, "x\\y", 3);
    assert_true(aim.code == 'L' && aim.has_eci && aim.eci == 2);
    assert_int_equal(enr_aim_strip(text, 2, &aim), 2);
    assert_true(aim.code == 0 && !aim.has_eci);
}

static void expect(const enr_frame_settings_t *settings, const char *bytes, size_t capacity, const char *wanted)
{
    enr_span_t text = enr_span_from_str(bytes);
    for (size_t cut = 0; cut <= text.len; cut++) {
        run(settings, text, cut, capacity);
        if (got_len != strlen(wanted) || memcmp(got, wanted, got_len) != 0) {
            fail_msg("%s, cut at %zu in %zu bytes: \"%.*s\"", bytes, cut, capacity, (int)got_len, got);
        }
    }
}

/* What does not fit is thrown away to its end, says so once, and the next one is whole. */
static void overflow(void **state)
{
    (void)state;
    expect(&by_line, "12345678\r12\r", 9, "12345678|12|");
    expect(&by_line, "123456789\r12\r", 9, "!12|");
    expect(&by_line, "12345678901234567890123456789\r12\r", 9, "!12|");
    expect(&by_line, "12345678901234567", 9, "!");
    expect(&by_crlf, "12345678\r\n12\r\n", 10, "12345678|12|");
    expect(&by_crlf, "123456789\r\n12\r\n", 10, "!12|");
    expect(&by_crlf, "123456789", 10, "!"); /* silence makes no exception */
    expect(&by_crlf, "1234567890123456\r\n12\r\n", 10, "!12|");
    expect(&by_suffix, "12345678901234567890#1##12##", 11, "!12|");
    expect(&with_prefix,
           "\x02P1"
           "12345678\r\x02P1"
           "123456789\r3\r",
           9, "12345678|!3|");
    expect(&by_line, "MECARD:N:a;\rTEL:1;;12\r", 13, "!12|");
    expect(&by_line, "MECARD:N:aaaaaaaaaaaaaa\\;;;12\r", 13, "!12|");
    expect(&by_line, "MECARD:N:a;;12\r", 13, "MECARD:N:a;;|12|");
}

/* A card that does not fit is thrown away to its END, not to the end of a line. */
static void overflow_of_cards(void **state)
{
    (void)state;
    expect(&by_line, "BEGIN:VCARD\nN:12345678901234567890\nORG:x\nEND:VCARD\n12\n", 31, "!12|");
    expect(&by_line, "BEGIN:VCARD\nN:12345678901234567890123456789012345678901234567890END:VCARD\nEND:VCARD\n12\n", 31,
           "!12|");
    expect(&by_line, "BEGIN:VCARD\nAGENT:\nBEGIN:VCARD\nN:12345678901234567890\nEND:VCARD\nX:y\nEND:VCARD\n12\n", 31,
           "!12|");
    expect(&by_line, "BEGIN:VCARD\nN:1234567890\n\nEND:VCARD\n12\n", 36, "BEGIN:VCARD\nN:1234567890\n\nEND:VCARD|12|");
    expect(&by_line, "BEGIN:VCARD\nN:1234567890\n\nEND:VCARD\n12\n", 35, "!12|");
    expect(&by_line, "BEGIN:VCARD\nN:12345678901234567890123456789", 31, "!");
}

/* domain, must-have lists (c): a card may hold a photograph that does not fit. */
static void thinning(void **state)
{
    (void)state;
#define HEAD "BEGIN:VCARD\nN:Lindqvist;Teodor\n"
#define TAIL "ORG:Acme\nEND:VCARD"
    const char *thin = HEAD TAIL "|12|";
    const size_t room = sizeof(HEAD TAIL) + 21;
    expect(&by_line, HEAD "PHOTO;ENCODING=b:AAAAAAAAAAAAAAAAAAAA\n BBBBBBBBBBBBBBBBBBBBBBBBBB\n\tCCCC\n" TAIL "\n12\n",
           room, thin);
    expect(&by_line,
           HEAD "item1.LOGO:AAAAAAAAAAAAAAAAAAAAAAA\nSOUND:BBBBBBBBBBBBBBBBBBBBBBBBBB\nkey:CCCC\n" TAIL "\n12\n", room,
           thin);
    expect(&by_line, HEAD "NOTE;X=\"a:b\":AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA\n" TAIL "\n12\n", room, thin);
    /* base64 of 2.1 without folds: lines without a colon */
    expect(&by_line, HEAD "PHOTO;BASE64:\nAAAAAAAAAAAAAAAAAAA\nBBBBBBBBBBBBBBBBBBB\nCCCC==\n" TAIL "\n12\n", room,
           thin);
    /* soft breaks: what stands behind one is a part of the note, up to an empty line */
    expect(&by_line,
           HEAD "NOTE;ENCODING=QUOTED-PRINTABLE:AAAAAAAAAAAAAAAAAAAAA=\nN:wrong;BBBBBBB=\nORG:wrong\n" TAIL "\n12\n",
           room + 30, thin);
    expect(&by_line, HEAD "NOTE;QUOTED-PRINTABLE:AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=\r\n\r\n" TAIL "\n12\n", room + 20,
           thin);
    /* what ends in '=' and is not quoted-printable ends with its line */
    expect(&by_line, HEAD "PHOTO;ENCODING=b:AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA==\n" TAIL "\n12\n", room, thin);
    /* one that fits is left as it is; other properties are never dropped */
    expect(&by_line, HEAD "NOTE:hi\n" TAIL "\n12\n", room, HEAD "NOTE:hi\n" TAIL "|12|");
    expect(&by_line, HEAD "X-NOTE:AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA\n" TAIL "\n12\n", room, "!12|");
    expect(&by_line, HEAD "NOTES:AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA\n" TAIL "\n12\n", room, "!12|");
    /* lines without a colon elsewhere stay: a name may go on there behind a soft break */
    expect(&by_line, HEAD "TITLE;QUOTED-PRINTABLE:a=\nb\nNOTE:AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA\n" TAIL "\n12\n",
           room + 20, HEAD "TITLE;QUOTED-PRINTABLE:a=\nb\n" TAIL "|12|");
}

static void thinning_is_reported(void **state)
{
    (void)state;
    uint8_t room[64];
    enr_frame_t frame;
    enr_span_t payload;
    enr_span_t bytes =
        ENR_SPAN("BEGIN:VCARD\nNOTE:AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA\nN:a\nEND:VCARD\n" CARD);
    enr_frame_start(&frame, &by_line, room, sizeof room);
    assert_int_equal(enr_frame_take(&frame, &bytes, 0, &payload), ENR_OK);
    assert_true(frame.dropped && enr_span_equal(payload, ENR_SPAN("BEGIN:VCARD\nN:a\nEND:VCARD")));
    assert_int_equal(enr_frame_take(&frame, &bytes, 0, &payload), ENR_OK);
    assert_false(frame.dropped);
}

/* Lost bytes: the payload under way is thrown away, and all behind it up to silence. */
static void losses(void **state)
{
    (void)state;
    uint8_t room[64];
    enr_frame_t frame;
    uint32_t until = 0;
    enr_frame_start(&frame, &by_line, room, sizeof room);
    got_len = 0;
    hand_over(&frame, ENR_SPAN("12\r3"), 0);
    enr_frame_lose(&frame);
    hand_over(&frame, ENR_SPAN("4\r56\r"), 10);
    assert_true(enr_frame_waits(&frame, &until) && until == 10 + IDLE);
    hand_over(&frame, ENR_SPAN("78\r"), 10 + IDLE);
    enr_frame_lose(&frame);
    hand_over(&frame, ENR_SPAN(""), 10 + 2 * IDLE);
    hand_over(&frame, ENR_SPAN("9\r"), 10 + 2 * IDLE);
    assert_int_equal(got_len, 10);
    assert_memory_equal(got, "12|!78|!9|", 10);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(transcripts),  cmocka_unit_test(silence),
        cmocka_unit_test(half_answers), cmocka_unit_test(aim_is_reported),
        cmocka_unit_test(overflow),     cmocka_unit_test(overflow_of_cards),
        cmocka_unit_test(thinning),     cmocka_unit_test(thinning_is_reported),
        cmocka_unit_test(losses),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
