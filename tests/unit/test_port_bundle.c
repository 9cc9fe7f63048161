/* The trust store of the POSIX port: PEM as it is found in the field, decoded one certificate at a time. */
#define _DEFAULT_SOURCE /* MAP_ANONYMOUS */

#include "enrich_posix.h"

#include <dirent.h>
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#define BEGIN_LINE "-----BEGIN CERTIFICATE-----"
#define END_LINE "-----END CERTIFICATE-----"

/* A text in the making, and the file it goes to. */
static char text[64 * 1024];
static size_t text_len;
static char path[] = "/tmp/enrich_bundle_XXXXXX";

static void add(const char *more)
{
    size_t len = strlen(more);
    assert_true(text_len + len <= sizeof text);
    memcpy(text + text_len, more, len);
    text_len += len;
}

static void new_text(void)
{
    text_len = 0;
}

/* A stand-in for a certificate: one DER SEQUENCE of `len` bytes, told apart by `mark`. */
static void make_der(uint8_t *der, size_t len, uint8_t mark)
{
    der[0] = 0x30;
    der[1] = 0x82;
    der[2] = (uint8_t)((len - 4) >> 8);
    der[3] = (uint8_t)(len - 4);
    for (size_t i = 4; i < len; i++) {
        der[i] = (uint8_t)(mark + i * 31);
    }
}

/* Appends base64 of its own making (RFC 4648 4), 64 digits a line. */
static void add_base64(const uint8_t *bytes, size_t len, const char *line_end)
{
    static const char digits[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    size_t column = 0;
    for (size_t i = 0; i < len; i += 3) {
        unsigned long group = (unsigned long)bytes[i] << 16;
        group |= i + 1 < len ? (unsigned long)bytes[i + 1] << 8 : 0;
        group |= i + 2 < len ? bytes[i + 2] : 0;
        const char four[] = {digits[group >> 18 & 63], digits[group >> 12 & 63],
                             i + 1 < len ? digits[group >> 6 & 63] : '=', i + 2 < len ? digits[group & 63] : '=', '\0'};
        add(four);
        column += 4;
        if (column == 64) {
            add(line_end);
            column = 0;
        }
    }
    if (column > 0) {
        add(line_end);
    }
}

static void add_certificate(size_t len, uint8_t mark, const char *line_end)
{
    uint8_t der[2 * ENR_POSIX_CERTIFICATE_MAX];
    make_der(der, len, mark);
    add(BEGIN_LINE);
    add(line_end);
    add_base64(der, len, line_end);
    add(END_LINE);
    add(line_end);
}

static void write_file(void)
{
    FILE *file = fopen(path, "wb");
    assert_non_null(file);
    assert_int_equal(fwrite(text, 1, text_len, file), text_len);
    assert_int_equal(fclose(file), 0);
}

static void open_text(enr_posix_bundle_t *bundle)
{
    write_file();
    assert_int_equal(enr_posix_bundle_open(bundle, path), ENR_OK);
}

static void expect_der(enr_posix_bundle_t *bundle, size_t index, size_t len, uint8_t mark)
{
    uint8_t expected[ENR_POSIX_CERTIFICATE_MAX];
    enr_span_t der;
    make_der(expected, len, mark);
    assert_int_equal(enr_posix_bundle_get(bundle, index, &der), ENR_OK);
    assert_int_equal(der.len, len);
    assert_memory_equal(der.ptr, expected, len);
}

static void expect_end(enr_posix_bundle_t *bundle, size_t index)
{
    enr_span_t der;
    assert_int_equal(enr_posix_bundle_get(bundle, index, &der), ENR_END);
}

/* True: the text holds no certificate at all. */
static bool is_refused(void)
{
    enr_posix_bundle_t bundle;
    write_file();
    enr_status_t status = enr_posix_bundle_open(&bundle, path);
    if (status == ENR_OK) {
        enr_posix_bundle_close(&bundle);
        return false;
    }
    return status == ENR_E_SETTING && errno == 0;
}

static int make_file(void **state)
{
    (void)state;
    int fd = mkstemp(path);
    return fd < 0 ? -1 : close(fd);
}

static int remove_file(void **state)
{
    (void)state;
    return unlink(path);
}

static void the_systems_bundle_is_walked_whole(void **state)
{
    (void)state;
    enr_posix_bundle_t bundle;
    if (enr_posix_bundle_open(&bundle, NULL) != ENR_OK) {
        skip();
    }
    /* Counted in another way: lines that hold BEGIN. */
    size_t expected = 0;
    for (size_t i = 0; i + 5 <= bundle.size; i++) {
        expected += memcmp(bundle.text + i, "BEGIN", 5) == 0;
    }
    size_t count = 0;
    enr_span_t der;
    while (enr_posix_bundle_get(&bundle, count, &der) == ENR_OK) {
        assert_true(der.len > 300);
        assert_int_equal(der.ptr[0], 0x30);
        count++;
    }
    assert_true(count > 0);
    assert_int_equal(count, expected);
    assert_int_equal(bundle.skipped, 0);
    enr_posix_bundle_close(&bundle);
    enr_posix_bundle_close(&bundle);
}

/* Lengths of every padding, and of short and long DER lengths. */
static void certificates_are_decoded_exactly(void **state)
{
    (void)state;
    new_text();
    for (size_t i = 0; i < 12; i++) {
        add_certificate(300 + i, (uint8_t)i, "\n");
    }
    add_certificate(ENR_POSIX_CERTIFICATE_MAX, 99, "\n");
    const uint8_t short_form[] = {0x30, 0x03, 1, 2, 3};
    const uint8_t one_byte_form[] = {0x30, 0x81, 0x02, 1, 2};
    add(BEGIN_LINE "\n");
    add_base64(short_form, sizeof short_form, "\n");
    add(END_LINE "\n" BEGIN_LINE "\n");
    add_base64(one_byte_form, sizeof one_byte_form, "\n");
    add(END_LINE "\n");
    enr_posix_bundle_t bundle;
    open_text(&bundle);
    for (size_t i = 0; i < 12; i++) {
        expect_der(&bundle, i, 300 + i, (uint8_t)i);
    }
    expect_der(&bundle, 12, ENR_POSIX_CERTIFICATE_MAX, 99);
    enr_span_t der;
    assert_int_equal(enr_posix_bundle_get(&bundle, 13, &der), ENR_OK);
    assert_true(enr_span_equal(der, (enr_span_t){short_form, sizeof short_form}));
    assert_int_equal(enr_posix_bundle_get(&bundle, 14, &der), ENR_OK);
    assert_true(enr_span_equal(der, (enr_span_t){one_byte_form, sizeof one_byte_form}));
    expect_end(&bundle, 15);
    assert_int_equal(bundle.skipped, 0);
    enr_posix_bundle_close(&bundle);
}

static void certificates_come_in_any_order(void **state)
{
    (void)state;
    new_text();
    for (size_t i = 0; i < 5; i++) {
        add_certificate(400, (uint8_t)(i * 10), "\n");
    }
    add(BEGIN_LINE "\nMAMB\n" END_LINE "\n"); /* cut */
    enr_posix_bundle_t bundle;
    open_text(&bundle);
    const size_t order[] = {4, 0, 0, 3, 2, 1, 4, 4, 1, 0};
    for (size_t i = 0; i < sizeof order / sizeof order[0]; i++) {
        expect_der(&bundle, order[i], 400, (uint8_t)(order[i] * 10));
    }
    /* The last certificate again, after the end was met behind it and something broken was decoded on the way. */
    expect_der(&bundle, 4, 400, 40);
    expect_end(&bundle, 5);
    expect_der(&bundle, 4, 400, 40);
    expect_end(&bundle, 5);
    expect_end(&bundle, SIZE_MAX);
    expect_der(&bundle, 0, 400, 0);
    assert_int_equal(bundle.skipped, 1);
    enr_posix_bundle_close(&bundle);
}

/* RFC 7468 3, and what editors leave behind */
static void line_ends_and_text_between_do_not_matter(void **state)
{
    (void)state;
    new_text();
    add("\xEF\xBB\xBF"); /* byte order mark */
    add_certificate(301, 1, "\r\n");
    add("# a comment - with -- dashes ----- in it\r\nsubject=/CN=Some CA\n\x01\xFF garbage");
    text[text_len++] = '\0';
    add_certificate(302, 2, "\n");
    add_certificate(303, 3, " \t\n \n");
    add("-----BEGIN RSA PRIVATE KEY-----\nMAMBAgM=\n-----END RSA PRIVATE KEY-----\n");
    add_certificate(304, 4, ""); /* all on one line */
    add("\n");
    add_certificate(305, 5, "\n");
    text_len--; /* no final newline */
    enr_posix_bundle_t bundle;
    open_text(&bundle);
    for (size_t i = 0; i < 5; i++) {
        expect_der(&bundle, i, 301 + i, (uint8_t)(i + 1));
    }
    expect_end(&bundle, 5);
    assert_int_equal(bundle.skipped, 0);
    enr_posix_bundle_close(&bundle);
}

static void broken_certificates_are_skipped_and_counted_once(void **state)
{
    (void)state;
    static const char *const broken[] = {
        "MAMBAg?=\n" END_LINE,     /* no digit */
        "MAMBAgM\n" END_LINE,      /* padding missing */
        "MAMBAgM==\n" END_LINE,    /* too much of it */
        "MAMBAgN=\n" END_LINE,     /* spare bits set */
        "MAIBAi==\n" END_LINE,     /* spare bits of a shorter end set */
        "MAMBAgM=MAMB\n" END_LINE, /* more after the padding */
        "MAQBAgM=E\n" END_LINE,
        "MAMB=AgM\n" END_LINE,          /* padding inside */
        "====\n" END_LINE,              /* nothing but padding */
        "M\n" END_LINE,                 /* one digit */
        "\n" END_LINE,                  /* nothing */
        "MAMBAg==\n" END_LINE,          /* cut: the SEQUENCE says 3 bytes */
        "MAMBAgME\n" END_LINE,          /* one byte too many */
        "MYMBAgM=\n" END_LINE,          /* not a SEQUENCE */
        "MIABAgMAAA==\n" END_LINE,      /* indefinite length, which DER has not */
        "MIQAAAABAQ==\n" END_LINE,      /* a length of four bytes */
        "MIL/\n" END_LINE,              /* cut inside its length */
        "MA==\n" END_LINE,              /* one byte */
        "MAMBAgM=\n-----END CERT-----", /* another END line */
        "MAMBAgM=\n",                   /* no END line: the next BEGIN line follows */
        "Proc-Type: 4,ENCRYPTED\n\nMAMBAgM=\n" END_LINE,
    };
    for (size_t i = 0; i < sizeof broken / sizeof broken[0]; i++) {
        new_text();
        add_certificate(300, 1, "\n");
        add(BEGIN_LINE "\n");
        add(broken[i]);
        add("\n");
        add_certificate(301, 2, "\n");
        enr_posix_bundle_t bundle;
        open_text(&bundle);
        for (int walk = 0; walk < 3; walk++) {
            expect_der(&bundle, 0, 300, 1);
            expect_der(&bundle, 1, 301, 2);
            expect_end(&bundle, 2);
            assert_int_equal(bundle.skipped, 1);
        }
        enr_posix_bundle_close(&bundle);
    }
}

static void the_control_of_the_broken_ones_is_whole(void **state)
{
    (void)state;
    static const char *const whole[] = {"MAMBAgM=", "MAIBAg==", "MAQBAgME", "MIECAQI=", "MA M\tB\r\nAgM="};
    for (size_t i = 0; i < sizeof whole / sizeof whole[0]; i++) {
        new_text();
        add(BEGIN_LINE "\n");
        add(whole[i]);
        add("\n" END_LINE "\n");
        assert_false(is_refused());
    }
}

static void a_too_large_certificate_is_skipped(void **state)
{
    (void)state;
    new_text();
    add_certificate(ENR_POSIX_CERTIFICATE_MAX + 1, 1, "\n");
    /* One that fits, with so much glued to it that the whole does not. */
    uint8_t der[ENR_POSIX_CERTIFICATE_MAX + 1] = {0};
    make_der(der, ENR_POSIX_CERTIFICATE_MAX - ENR_POSIX_CERTIFICATE_MAX % 3, 3);
    add(BEGIN_LINE "\n");
    add_base64(der, sizeof der, "\n");
    add(END_LINE "\n");
    add_certificate(300, 2, "\n");
    enr_posix_bundle_t bundle;
    open_text(&bundle);
    expect_der(&bundle, 0, 300, 2);
    expect_end(&bundle, 1);
    assert_int_equal(bundle.skipped, 2);
    enr_posix_bundle_close(&bundle);
}

/* The text ends where a page without access begins, so that a byte read behind it would end the test. */
static void nothing_is_read_behind_the_text(void **state)
{
    (void)state;
    static const char *const tails[] = {"-",
                                        "-----",
                                        "-----BEGIN CERTIFICATE----",
                                        BEGIN_LINE,
                                        BEGIN_LINE "\nMAMBAgM=\n",
                                        BEGIN_LINE "\nMAMBAgM=\n-----",
                                        BEGIN_LINE "\nMAMBAgM=\n-----END CERTIFICATE----"};
    const size_t page = 64 * 1024; /* of any machine */
    uint8_t *room = mmap(NULL, 2 * page, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    assert_true(room != MAP_FAILED);
    assert_int_equal(mprotect(room + page, page, PROT_NONE), 0);
    for (size_t i = 0; i < sizeof tails / sizeof tails[0]; i++) {
        new_text();
        add_certificate(300, 1, "\n");
        add(tails[i]);
        enr_posix_bundle_t bundle;
        open_text(&bundle);
        const uint8_t *mapped = bundle.text;
        memcpy(room + page - text_len, text, text_len);
        bundle.text = room + page - text_len;
        expect_der(&bundle, 0, 300, 1);
        expect_end(&bundle, 1);
        bundle.text = mapped;
        enr_posix_bundle_close(&bundle);
    }
    assert_int_equal(munmap(room, 2 * page), 0);
}

static void every_cut_of_a_file_is_safe(void **state)
{
    (void)state;
    new_text();
    add_certificate(60, 1, "\r\n");
    add_certificate(61, 2, "\n");
    size_t whole = text_len;
    text_len--;
    assert_false(is_refused());
    new_text();
    add_certificate(60, 1, "\r\n");
    size_t first = text_len - 2; /* its line end does not matter */
    for (size_t len = 0; len <= whole; len++) {
        new_text();
        add_certificate(60, 1, "\r\n");
        add_certificate(61, 2, "\n");
        text_len = len;
        assert_int_equal(is_refused(), len < first);
    }
}

static void a_file_without_certificates_is_a_wrong_setting(void **state)
{
    (void)state;
    new_text();
    assert_true(is_refused()); /* empty */
    add("hello\n");
    assert_true(is_refused());
    add(BEGIN_LINE "\nMAMB\n" END_LINE "\n");
    assert_true(is_refused());
}

static size_t open_descriptors(void)
{
    DIR *folder = opendir("/proc/self/fd");
    assert_non_null(folder);
    size_t count = 0;
    while (readdir(folder) != NULL) {
        count++;
    }
    (void)closedir(folder);
    return count;
}

static void a_file_that_cannot_be_read_says_why(void **state)
{
    (void)state;
    size_t before = open_descriptors();
    enr_posix_bundle_t bundle;
    assert_int_equal(enr_posix_bundle_open(&bundle, "/nonexistent/bundle.pem"), ENR_E_SETTING);
    assert_int_equal(errno, ENOENT);
    assert_int_equal(enr_posix_bundle_open(&bundle, "/tmp"), ENR_E_SETTING);
    assert_int_equal(errno, 0);
    assert_int_equal(unlink(path), 0);
    assert_int_equal(mkfifo(path, 0600), 0);
    assert_int_equal(enr_posix_bundle_open(&bundle, path), ENR_E_SETTING);
    assert_int_equal(unlink(path), 0);
    new_text();
    add_certificate(300, 1, "\n");
    open_text(&bundle);
    enr_posix_bundle_close(&bundle);
    assert_int_equal(open_descriptors(), before);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_systems_bundle_is_walked_whole),
        cmocka_unit_test(certificates_are_decoded_exactly),
        cmocka_unit_test(certificates_come_in_any_order),
        cmocka_unit_test(line_ends_and_text_between_do_not_matter),
        cmocka_unit_test(broken_certificates_are_skipped_and_counted_once),
        cmocka_unit_test(the_control_of_the_broken_ones_is_whole),
        cmocka_unit_test(a_too_large_certificate_is_skipped),
        cmocka_unit_test(nothing_is_read_behind_the_text),
        cmocka_unit_test(every_cut_of_a_file_is_safe),
        cmocka_unit_test(a_file_without_certificates_is_a_wrong_setting),
        cmocka_unit_test(a_file_that_cannot_be_read_says_why),
    };
    return cmocka_run_group_tests_name("port/posix bundle", tests, make_file, remove_file);
}
