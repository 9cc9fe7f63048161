/* tls without a server: chains of certificates against their rules, what comes before a handshake, and memory that runs
   out. The handshake itself is held against other implementations in tests/interop. */
#include "enrich/limits.h"
#include "enrich/tls.h"
#include "enrich_script.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#define CERTIFICATES "tests/unit/certificates/certificates.txt"
#define CERTIFICATES_MAX 128
#define PILE_MAX 8
#define HOST "service.example.com"
#define NOW 1782864000         /* 2026-07-01, when most certificates are valid, and before ENR_CLOCK_FLOOR */
#define EARLY_BEGIN 1772323200 /* 2026-03-01 */
#define EARLY_END 1788220800   /* 2026-09-01 */
#define MIDDLE_EXPIRED_END 1772323200
#define LATE 2093040000 /* 2036-04-29, when all have expired */

/* --- memory --- */

static struct {
    size_t takes;   /* so far */
    size_t fail_at; /* the take that fails, counted from 1; 0: none */
    size_t in_use;  /* pieces */
} heap;

static void *heap_take(void *ctx, size_t count, size_t size)
{
    (void)ctx;
    heap.takes++;
    void *piece = heap.takes == heap.fail_at ? NULL : calloc(count, size);
    heap.in_use += piece != NULL;
    return piece;
}

static void heap_give(void *ctx, void *piece)
{
    (void)ctx;
    heap.in_use -= piece != NULL;
    free(piece);
}

static const enr_tls_memory_t memory = {.take = heap_take, .give = heap_give};

static void heap_begin(size_t fail_at)
{
    heap.takes = 0;
    heap.fail_at = fail_at;
}

/* --- certificates --- */

static struct {
    char name[64];
    enr_span_t der; /* in an allocation of exactly its length */
    uint8_t pin[32];
} certificates[CERTIFICATES_MAX];
static size_t certificate_count;

static void read_hex(const char *hex, size_t len, uint8_t *out)
{
    for (size_t i = 0; i < len; i++) {
        const char digits[] = {hex[2 * i], hex[2 * i + 1], '\0'};
        char *end;
        out[i] = (uint8_t)strtoul(digits, &end, 16);
        assert_true(*end == '\0');
    }
}

static int load_certificates(void **state)
{
    (void)state;
    static char line[16384];
    FILE *file = fopen(CERTIFICATES, "r");
    assert_non_null(file);
    while (fgets(line, sizeof line, file) != NULL) {
        const char *name = strtok(line, " ");
        const char *der = strtok(NULL, " ");
        const char *pin = strtok(NULL, "\n");
        assert_true(certificate_count < CERTIFICATES_MAX && pin != NULL && strlen(pin) == 64);
        size_t len = strlen(der) / 2;
        uint8_t *bytes = malloc(len);
        assert_non_null(bytes);
        read_hex(der, len, bytes);
        certificates[certificate_count].der = (enr_span_t){bytes, len};
        read_hex(pin, 32, certificates[certificate_count].pin);
        (void)snprintf(certificates[certificate_count++].name, sizeof certificates[0].name, "%s", name);
    }
    return fclose(file);
}

static int free_certificates(void **state)
{
    (void)state;
    for (size_t i = 0; i < certificate_count; i++) {
        free((void *)(uintptr_t)certificates[i].der.ptr);
    }
    return 0;
}

static size_t find(const char *name, size_t len)
{
    for (size_t i = 0; i < certificate_count; i++) {
        if (strlen(certificates[i].name) == len && memcmp(certificates[i].name, name, len) == 0) {
            return i;
        }
    }
    fail_msg("no certificate %.*s", (int)len, name);
    return 0;
}

typedef struct {
    enr_span_t der[PILE_MAX];
    size_t count;
} pile_t;

/* The certificates whose names stand in a text, parted by spaces. */
static pile_t pile_of(const char *names)
{
    pile_t pile = {.count = 0};
    for (const char *at = names; *at != '\0'; at += strspn(at, " ")) {
        size_t len = strcspn(at, " ");
        assert_true(pile.count < PILE_MAX);
        pile.der[pile.count++] = certificates[find(at, len)].der;
        at += len;
    }
    return pile;
}

/* --- checks --- */

static enr_status_t give_time(void *ctx, int64_t *out_seconds)
{
    const int64_t *now = ctx;
    *out_seconds = *now;
    return *now == 0 ? ENR_E_NO_TIME : ENR_OK;
}

static enr_status_t check_pinned(const pile_t *chain, const pile_t *anchors, const char *host, int64_t now,
                                 const uint8_t (*pins)[32], size_t pin_count)
{
    enr_anchor_list_t list = {.der = anchors->der, .count = anchors->count};
    enr_clock_t clock = {.ctx = &now, .wall = give_time};
    enr_tls_config_t config = {
        .clock = &clock, .anchors = enr_anchors_of_list(&list), .pins = pins, .pin_count = pin_count};
    size_t in_use = heap.in_use;
    enr_status_t status = enr_tls_check_chain(&config, enr_span_from_str(host), chain->der, chain->count);
    assert_int_equal(heap.in_use, in_use);
    return status;
}

static enr_status_t check(const char *chain, const char *anchors, const char *host, int64_t now)
{
    pile_t chain_pile = pile_of(chain);
    pile_t anchor_pile = pile_of(anchors);
    return check_pinned(&chain_pile, &anchor_pile, host, now, NULL, 0);
}

typedef struct {
    const char *chain;
    const char *anchors;
    const char *host;
    int64_t now;
    enr_status_t expected;
} row_t;

static void check_rows(const row_t *rows, size_t count)
{
    size_t wrong = 0;
    for (const row_t *row = rows; row < rows + count; row++) {
        enr_status_t got = check(row->chain, row->anchors, row->host, row->now);
        if (got != row->expected) {
            print_error("%s from %s for %s: %s instead of %s\n", row->chain, row->anchors, row->host,
                        enr_status_name(got), enr_status_name(row->expected));
            wrong++;
        }
    }
    assert_int_equal(wrong, 0);
}

#define CHECK_ROWS(rows) check_rows(rows, sizeof(rows) / sizeof(rows)[0])

/* --- the process --- */

/* behaviours 18. The first test: what it sets up the others need. */
static void test_no_entropy_no_tls(void **state)
{
    (void)state;
    static enr_script_t dry;
    static enr_script_t wet;
    static enr_entropy_t entropy;
    enr_script_start(&dry, &(enr_script_config_t){.entropy = ENR_E_ENTROPY});
    enr_script_start(&wet, &(enr_script_config_t){.seed = 1});
    uint8_t bytes[16];
    assert_int_equal(enr_tls_random(bytes, sizeof bytes), ENR_E_ENTROPY);
    entropy = enr_script_entropy(&dry);
    assert_int_equal(enr_tls_init(&memory, &entropy), ENR_E_ENTROPY);
    assert_int_equal(enr_tls_random(bytes, sizeof bytes), ENR_E_ENTROPY);
    assert_int_equal(heap.in_use, 0);
    entropy = enr_script_entropy(&wet);
    assert_int_equal(enr_tls_init(&memory, &entropy), ENR_OK);
    assert_int_equal(enr_tls_random(bytes, sizeof bytes), ENR_OK);
}

/* The generator gives at most 1,024 bytes at once: longer requests are put together. */
static void test_random_fills_every_byte(void **state)
{
    (void)state;
    static const size_t lengths[] = {1, 16, 1023, 1024, 1025, 3000};
    for (size_t i = 0; i < sizeof lengths / sizeof lengths[0]; i++) {
        size_t len = lengths[i];
        uint8_t *bytes = calloc(1, len);
        uint8_t *seen = calloc(1, len); /* the bits that were set in one of 64 draws: all, but for a chance of 2^-49 */
        assert_true(bytes != NULL && seen != NULL);
        for (int draw = 0; draw < 64; draw++) {
            assert_int_equal(enr_tls_random(bytes, len), ENR_OK);
            for (size_t j = 0; j < len; j++) {
                seen[j] |= bytes[j];
            }
        }
        for (size_t j = 0; j < len; j++) {
            assert_int_equal(seen[j], 0xFF);
        }
        free(seen);
        free(bytes);
    }
    assert_int_equal(enr_tls_random(NULL, 0), ENR_OK);
}

/* --- chains --- */

static void test_trust(void **state)
{
    (void)state;
    static const row_t rows[] = {
        {"server middle", "root", HOST, NOW, ENR_OK},
        {"server middle root", "root", HOST, NOW, ENR_OK},
        {"server stranger middle", "root", HOST, NOW, ENR_OK},
        {"server middle", "stranger root", HOST, NOW, ENR_OK},
        {"server middle", "middle", HOST, NOW, ENR_OK},
        {"server", "middle", HOST, NOW, ENR_OK},
        {"server", "root", HOST, NOW, ENR_E_CERT_TRUST},
        {"server middle", "stranger", HOST, NOW, ENR_E_CERT_TRUST},
        {"server middle", "", HOST, NOW, ENR_E_CERT_TRUST},
        {"server middle root", "stranger", HOST, NOW, ENR_E_CERT_TRUST},
        {"server", "server", HOST, NOW, ENR_E_CERT_TRUST}, /* an anchor must be a CA */
        {"self", "root", HOST, NOW, ENR_E_CERT_TRUST},
        /* issuers that are none (RFC 5280 6.1.4 k, m, n) */
        {"below-server server middle", "root", HOST, NOW, ENR_E_CERT_TRUST},
        {"below-no-sign-ca no-sign-ca", "root", HOST, NOW, ENR_E_CERT_TRUST},
        {"below-no-sign-ca", "no-sign-ca", HOST, NOW, ENR_E_CERT_TRUST},
        {"below-last-ca last-ca", "root", HOST, NOW, ENR_OK},
        {"below-too-many ca-too-many last-ca", "root", HOST, NOW, ENR_E_CERT_TRUST},
        {"below-too-many ca-too-many", "last-ca", HOST, NOW, ENR_E_CERT_TRUST},
    };
    CHECK_ROWS(rows);
}

/* RFC 9525 6.3, DESIGN 7. */
static void test_names(void **state)
{
    (void)state;
    static const row_t rows[] = {
        {"server middle", "root", "Service.EXAMPLE.com", NOW, ENR_OK},
        {"several", "root", HOST, NOW, ENR_OK},
        {"server middle", "root", "other.example.com", NOW, ENR_E_CERT_NAME},
        {"server middle", "root", "example.com", NOW, ENR_E_CERT_NAME},
        {"server middle", "root", "a.service.example.com", NOW, ENR_E_CERT_NAME},
        {"server middle", "root", "service.example.co", NOW, ENR_E_CERT_NAME},
        {"wildcard", "root", HOST, NOW, ENR_OK},
        {"wildcard", "root", "xn--bcher-kva.example.com", NOW, ENR_OK},
        {"wildcard", "root", "example.com", NOW, ENR_E_CERT_NAME},
        {"wildcard", "root", "a.b.example.com", NOW, ENR_E_CERT_NAME},
        {"wildcard-alone", "root", HOST, NOW, ENR_E_CERT_NAME},
        {"wildcard-alone", "root", "localhost", NOW, ENR_E_CERT_NAME},
        {"wildcard-suffix", "root", "example.com", NOW, ENR_E_CERT_NAME},
        {"wildcard-part", "root", HOST, NOW, ENR_E_CERT_NAME},
        {"wildcard-twice", "root", HOST, NOW, ENR_E_CERT_NAME},
        {"wildcard-twice", "root", "a.example.com", NOW, ENR_E_CERT_NAME},
        {"service.example.com", "root", HOST, NOW, ENR_E_CERT_NAME}, /* its common name alone */
        {"other-kinds", "root", HOST, NOW, ENR_E_CERT_NAME},
        {"name-with-nul", "root", HOST, NOW, ENR_E_CERT_NAME},
    };
    CHECK_ROWS(rows);
}

static void test_hosts_that_are_no_names(void **state)
{
    (void)state;
    char long_host[ENR_HOST_MAX + 2];
    memset(long_host, 'a', sizeof long_host - 1);
    long_host[sizeof long_host - 1] = '\0';
    for (size_t dot = 1; dot < sizeof long_host - 1; dot += 2) {
        long_host[dot] = '.';
    }
    const row_t rows[] = {
        {"address-as-name", "root", "192.0.2.1", NOW, ENR_E_SETTING},
        {"other-kinds", "root", "192.0.2.1", NOW, ENR_E_SETTING},
        {"other-kinds", "root", "https://service.example.com", NOW, ENR_E_SETTING},
        {"server middle", "root", "https://service.example.com", NOW, ENR_E_SETTING},
        {"wildcard", "root", "*.example.com", NOW, ENR_E_SETTING},
        {"server middle", "root", "service.example.com.", NOW, ENR_E_SETTING},
        {"server middle", "root", "[::1]", NOW, ENR_E_SETTING},
        {"server middle", "root", "", NOW, ENR_E_SETTING},
        {"server middle", "root", long_host, NOW, ENR_E_SETTING},
    };
    CHECK_ROWS(rows);
}

/* behaviours 16; RFC 5280 4.1.2.5: both ends belong to the period. */
static void test_dates(void **state)
{
    (void)state;
    static const row_t rows[] = {
        {"early", "root", HOST, EARLY_BEGIN - 1, ENR_E_CERT_NOT_YET_VALID},
        {"early", "root", HOST, EARLY_BEGIN, ENR_OK},
        {"early", "root", HOST, EARLY_END, ENR_OK},
        {"early", "root", HOST, EARLY_END + 1, ENR_E_CERT_EXPIRED},
        {"early", "root", HOST, 1, ENR_E_CERT_NOT_YET_VALID},
        {"early", "root", HOST, INT64_MIN, ENR_E_CERT_NOT_YET_VALID},
        {"early", "root", HOST, INT64_MAX, ENR_E_CERT_EXPIRED},
        {"server-of-expired middle-expired", "root", HOST, MIDDLE_EXPIRED_END, ENR_OK},
        {"server-of-expired middle-expired", "root", HOST, MIDDLE_EXPIRED_END + 1, ENR_E_CERT_EXPIRED},
        {"server middle", "root-expired", HOST, NOW, ENR_E_CERT_EXPIRED},
    };
    CHECK_ROWS(rows);
    pile_t chain = pile_of("server middle");
    pile_t anchors = pile_of("root");
    assert_int_equal(check_pinned(&chain, &anchors, HOST, 0, NULL, 0), ENR_E_NO_TIME);
    assert_true(NOW < ENR_CLOCK_FLOOR); /* the caller decides when */
}

/* behaviours 17: a renewed root has the name and the key of the old one. */
static void test_anchors_with_one_name(void **state)
{
    (void)state;
    static const row_t rows[] = {
        {"server middle", "root-expired root", HOST, NOW, ENR_OK},
        {"server middle", "root root-expired", HOST, NOW, ENR_OK},
        {"server middle root-expired", "root", HOST, NOW, ENR_OK},
        {"server middle", "root-expired root-expired stranger root", HOST, NOW, ENR_OK},
    };
    CHECK_ROWS(rows);
}

static void test_purposes(void **state)
{
    (void)state;
    static const row_t rows[] = {
        {"any-purpose", "root", HOST, NOW, ENR_OK},
        {"no-purpose", "root", HOST, NOW, ENR_OK},
        {"for-clients", "root", HOST, NOW, ENR_E_CERT_USAGE},
        {"agreement-only", "root", HOST, NOW, ENR_E_CERT_USAGE},
        {"server-and-ca", "root", HOST, NOW, ENR_E_CERT_USAGE},
        {"ca-without-sign", "root", HOST, NOW, ENR_E_CERT_USAGE},
        {"may-sign", "root", HOST, NOW, ENR_E_CERT_USAGE},
        {"self", "self", HOST, NOW, ENR_E_CERT_USAGE},
        {"server-of-mail-ca mail-ca", "root", HOST, NOW, ENR_E_CERT_USAGE},
        {"server-of-mail-ca", "mail-ca", HOST, NOW, ENR_E_CERT_USAGE},
    };
    CHECK_ROWS(rows);
}

static void test_weakness(void **state)
{
    (void)state;
    static const row_t rows[] = {
        {"rsa-1024", "root", HOST, NOW, ENR_E_CERT_WEAK},
        {"rsa-2048", "root", HOST, NOW, ENR_OK},
        {"rsa-4096", "root", HOST, NOW, ENR_OK},
        {"server-of-rsa", "rsa-root", HOST, NOW, ENR_OK},
        {"server-of-weak-ca weak-ca", "root", HOST, NOW, ENR_E_CERT_WEAK},
        {"server-of-weak-ca", "weak-ca", HOST, NOW, ENR_E_CERT_WEAK},
        {"sha384", "root", HOST, NOW, ENR_OK},
        {"sha1", "root", HOST, NOW, ENR_E_CERT_WEAK},
        {"p192", "root", HOST, NOW, ENR_E_CERT_WEAK},
        {"edwards", "root", HOST, NOW, ENR_E_CERT_WEAK},
        /* what is sent beside the path: of an unknown algorithm, or unreadable */
        {"server middle sha1", "root", HOST, NOW, ENR_OK},
        {"server middle p192", "root", HOST, NOW, ENR_E_CERT_WEAK},
    };
    CHECK_ROWS(rows);
}

static void test_extensions(void **state)
{
    (void)state;
    static const row_t rows[] = {
        {"unknown", "root", HOST, NOW, ENR_OK},
        {"unknown-critical", "root", HOST, NOW, ENR_E_CERT_TRUST},
        {"server middle unknown-critical", "root", HOST, NOW, ENR_E_CERT_TRUST},
        {"unknown-critical-root-server", "unknown-critical-root", HOST, NOW, ENR_E_CERT_TRUST},
        {"server middle", "unknown-critical-root root", HOST, NOW, ENR_OK},
        {"critical-key-id", "root", HOST, NOW, ENR_E_CERT_TRUST},
        {"constrained-server", "root", HOST, NOW, ENR_E_CERT_TRUST},
    };
    CHECK_ROWS(rows);
}

/* RFC 5280 4.2.1.10. Of each pair the certificate differs in the constraints of its issuer alone. */
static void test_name_constraints(void **state)
{
    (void)state;
    static const row_t rows[] = {
        {"permits-server permits", "root", HOST, NOW, ENR_OK},
        {"permits-server", "permits", HOST, NOW, ENR_OK},
        {"permits-all-server permits-all", "root", HOST, NOW, ENR_OK},
        {"permits-other-server permits-other", "root", HOST, NOW, ENR_E_CERT_TRUST}, /* "vice" is no label */
        {"permits-other-server", "permits-other", HOST, NOW, ENR_E_CERT_TRUST},
        {"permits-others-too-server permits-others-too", "root", HOST, NOW, ENR_OK},
        {"permits-one-of-server permits-one-of", "root", HOST, NOW, ENR_E_CERT_TRUST},
        {"permits-address-server permits-address", "root", HOST, NOW, ENR_OK},
        {"excludes-server excludes", "root", HOST, NOW, ENR_E_CERT_TRUST},
        {"excludes-all-server excludes-all", "root", HOST, NOW, ENR_E_CERT_TRUST},
        {"excludes-other-server excludes-other", "root", HOST, NOW, ENR_OK},
        {"excludes-under-wildcard-server excludes-under-wildcard", "root", HOST, NOW, ENR_E_CERT_TRUST},
        {"excludes-deeper-server excludes-deeper", "root", HOST, NOW, ENR_OK},
        {"permits-and-excludes-server permits-and-excludes", "root", HOST, NOW, ENR_E_CERT_TRUST},
        {"permits-wildcard-server permits-wildcard", "root", HOST, NOW, ENR_E_CERT_TRUST}, /* no such base */
        {"excludes-wildcard-server excludes-wildcard", "root", HOST, NOW, ENR_E_CERT_TRUST},
        {"permits-point-server permits-point", "root", HOST, NOW, ENR_E_CERT_TRUST},
        {"empty-server empty", "root", HOST, NOW, ENR_E_CERT_TRUST},
        {"empty-lists-server empty-lists", "root", HOST, NOW, ENR_E_CERT_TRUST},
        {"with-minimum-server with-minimum", "root", HOST, NOW, ENR_E_CERT_TRUST},
        {"with-tail-server with-tail", "root", HOST, NOW, ENR_E_CERT_TRUST},
        /* every issuer's count */
        {"narrows-server narrows permits", "root", HOST, NOW, ENR_E_CERT_TRUST},
        {"widens-server widens permits-other", "root", HOST, NOW, ENR_E_CERT_TRUST},
        {"named-ca-server named-ca permits", "root", HOST, NOW, ENR_E_CERT_TRUST},
        {"next-key-server next-key permits", "root", HOST, NOW, ENR_OK},
        {"self-issued-server permits-other", "root", HOST, NOW, ENR_E_CERT_TRUST},
        {"level-2-server level-2 level-1 permits", "root", HOST, NOW, ENR_OK},
        {"level-3-server level-3 level-2 level-1 permits", "root", HOST, NOW, ENR_E_CERT_TRUST},
        /* critical */
        {"permits-critical-server permits-critical", "root", HOST, NOW, ENR_E_CERT_TRUST},
        {"permits-critical-server", "permits-critical", HOST, NOW, ENR_OK},
        {"constrained-root-server", "constrained-root", HOST, NOW, ENR_OK},
        {"constrained-root-other", "constrained-root", "service.example.net", NOW, ENR_E_CERT_TRUST},
    };
    CHECK_ROWS(rows);
}

/* What a person should hear first. */
static void test_the_first_reason_is_told(void **state)
{
    (void)state;
    static const row_t rows[] = {
        {"for-clients", "stranger", "other.example.com", LATE, ENR_E_CERT_TRUST},
        {"for-clients", "root", "other.example.com", LATE, ENR_E_CERT_NAME},
        {"for-clients", "root", HOST, LATE, ENR_E_CERT_EXPIRED},
        {"rsa-1024", "stranger", "other.example.com", LATE, ENR_E_CERT_WEAK},
    };
    CHECK_ROWS(rows);
}

/* DESIGN 7, RFC 7469 2.6: a pin is one more condition. */
static void test_pins(void **state)
{
    (void)state;
    static const struct {
        const char *pins[2];
        const char *anchors;
        const char *host;
        enr_status_t expected;
    } rows[] = {
        {{"root", "stranger"}, "root", HOST, ENR_OK},
        {{"stranger", "middle"}, "root", HOST, ENR_OK},
        {{"stranger", "self"}, "root", HOST, ENR_E_CERT_PIN},
        {{"server", "self"}, "root", HOST, ENR_E_CERT_PIN}, /* of CAs only */
        {{"root", "middle"}, "stranger", HOST, ENR_E_CERT_TRUST},
        {{"root", "middle"}, "root", "other.example.com", ENR_E_CERT_NAME},
    };
    pile_t chain = pile_of("server middle");
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        uint8_t pins[2][32];
        for (size_t j = 0; j < 2; j++) {
            memcpy(pins[j], certificates[find(rows[i].pins[j], strlen(rows[i].pins[j]))].pin, 32);
        }
        pile_t anchors = pile_of(rows[i].anchors);
        assert_int_equal(check_pinned(&chain, &anchors, rows[i].host, NOW, (const uint8_t(*)[32])(const void *)pins, 2),
                         rows[i].expected);
    }
}

static bool is_about_certificate(enr_status_t status)
{
    return (status <= ENR_E_CERT_TRUST && status >= ENR_E_CERT_WEAK) || status == ENR_E_CERT_PIN;
}

/* Certificate number `place` of a chain with its anchor behind it, cut to len bytes or changed in one bit of byte `at`.
 */
static enr_status_t check_damaged(const pile_t *whole, size_t place, size_t len, size_t at)
{
    pile_t chain = *whole;
    chain.count--;
    pile_t anchor = {.der = {whole->der[chain.count]}, .count = 1};
    uint8_t *damaged = malloc(len);
    assert_true(damaged != NULL || len == 0);
    memcpy(damaged, whole->der[place].ptr, len);
    if (at < len) {
        damaged[at] ^= (uint8_t)(1u << at % 8);
    }
    *(place < chain.count ? &chain.der[place] : &anchor.der[0]) = (enr_span_t){damaged, len};
    enr_status_t status = check_pinned(&chain, &anchor, HOST, NOW, NULL, 0);
    free(damaged);
    return status;
}

/* Every certificate of a chain, its anchor included, cut at every point and with every byte changed: never taken, and
   always called a matter of certificates. But nobody checks an anchor's own signature. */
static void test_damage(void **state)
{
    (void)state;
    static const char *const chains[] = {"permits-server permits root", "constrained-root-server constrained-root",
                                         "server-of-rsa rsa-root"};
    for (size_t i = 0; i < sizeof chains / sizeof chains[0]; i++) {
        pile_t whole = pile_of(chains[i]);
        for (size_t place = 0; place < whole.count; place++) {
            for (size_t at = 0; at < whole.der[place].len; at++) {
                enr_status_t cut = check_damaged(&whole, place, at, at);
                enr_status_t changed = check_damaged(&whole, place, whole.der[place].len, at);
                bool may_pass = place + 1 == whole.count && changed == ENR_OK;
                if (!is_about_certificate(cut) || !(is_about_certificate(changed) || may_pass)) {
                    fail_msg("%s: certificate %zu cut at %zu: %s, changed there: %s", chains[i], place, at,
                             enr_status_name(cut), enr_status_name(changed));
                }
            }
        }
    }
}

/* --- memory that runs out --- */

/* behaviours 23: at whichever allocation memory ends, it is called what it is, and nothing is left behind. */
static void run_out(const char *chain, const char *anchors, enr_status_t otherwise)
{
    heap_begin(0);
    assert_int_equal(check(chain, anchors, HOST, NOW), otherwise);
    size_t takes = heap.takes;
    assert_true(takes > 0);
    for (size_t fail_at = 1; fail_at <= takes; fail_at++) {
        heap_begin(fail_at);
        enr_status_t status = check(chain, anchors, HOST, NOW);
        if (status != ENR_E_TLS_MEMORY) {
            fail_msg("%s, allocation %zu of %zu fails: %s", chain, fail_at, takes, enr_status_name(status));
        }
    }
    heap_begin(0);
    assert_int_equal(check(chain, anchors, HOST, NOW), otherwise);
}

static void test_memory_that_runs_out(void **state)
{
    (void)state;
    run_out("server middle", "stranger root-expired root", ENR_OK);
    run_out("server-of-rsa", "rsa-root", ENR_OK);
    run_out("server", "root", ENR_E_CERT_TRUST);
    run_out("sha1", "root", ENR_E_CERT_WEAK);
}

/* --- the stream before and without a handshake --- */

typedef struct {
    enr_script_t script;
    enr_net_t net;
    enr_clock_t clock;
    pile_t anchors;
    enr_anchor_list_t list;
    enr_tls_t tls;
    enr_stream_t stream;
} rig_t;

static void rig_start(rig_t *rig, const enr_script_connection_t *connection, int64_t wall, enr_status_t clock)
{
    enr_script_start(
        &rig->script,
        &(enr_script_config_t){.connections = connection, .connection_count = 1, .wall_s = wall, .wall = clock});
    rig->net = enr_script_net(&rig->script);
    rig->clock = enr_script_clock(&rig->script);
    rig->anchors = pile_of("root");
    rig->list = (enr_anchor_list_t){.der = rig->anchors.der, .count = rig->anchors.count};
    enr_tls_start(&rig->tls, &(enr_tls_config_t){
                                 .net = &rig->net, .clock = &rig->clock, .anchors = enr_anchors_of_list(&rig->list)});
    rig->stream = enr_tls_stream(&rig->tls);
}

/* Opens until the stream says something else than again, or waits for what never comes (ENR_AGAIN). */
static enr_status_t rig_open(rig_t *rig, const char *host)
{
    enr_status_t status = ENR_AGAIN;
    for (int i = 0; i < 100 && status == ENR_AGAIN; i++) {
        enr_phase_t phase;
        enr_wait_t wait;
        status = rig->stream.open(rig->stream.ctx, enr_span_from_str(host), 443, rig->script.now_ms, &phase, &wait);
    }
    return status;
}

/* behaviours 16, DESIGN 7: nothing is sent, nobody is asked for the name. */
static void test_refused_before_the_net(void **state)
{
    (void)state;
    static const struct {
        const char *host;
        int64_t wall;
        enr_status_t clock;
        enr_status_t expected;
    } rows[] = {
        {HOST, ENR_CLOCK_FLOOR - 1, ENR_OK, ENR_E_NO_TIME},
        {HOST, ENR_CLOCK_FLOOR, ENR_E_NO_TIME, ENR_E_NO_TIME},
        {"192.0.2.1", ENR_CLOCK_FLOOR, ENR_OK, ENR_E_SETTING},
        {"::1", ENR_CLOCK_FLOOR, ENR_OK, ENR_E_SETTING},
        {"https://service.example.com", ENR_CLOCK_FLOOR, ENR_OK, ENR_E_SETTING},
    };
    static const enr_script_connection_t silent = {0};
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        rig_t rig;
        rig_start(&rig, &silent, rows[i].wall, rows[i].clock);
        assert_int_equal(rig_open(&rig, rows[i].host), rows[i].expected);
        assert_int_equal(rig.script.opened, 0);
    }
}

static void test_a_time_at_the_floor_is_enough(void **state)
{
    (void)state;
    static const enr_script_connection_t silent = {0};
    rig_t rig;
    rig_start(&rig, &silent, ENR_CLOCK_FLOOR, ENR_OK);
    assert_int_equal(rig_open(&rig, HOST), ENR_AGAIN);
    assert_int_equal(rig.script.opened, 1);
    assert_true(rig.script.sent_count > 0); /* its hello */
    rig.stream.close(rig.stream.ctx);
    assert_false(rig.script.is_open);
}

/* The key that is offered in the hello is of the group that every server must have (RFC 8446 9.1). */
static void test_the_hello_offers_p256(void **state)
{
    (void)state;
    static const enr_script_connection_t silent = {0};
    static const uint8_t share[] = {0x00, 0x17, 0x00, 0x41, 0x04}; /* secp256r1, 65 bytes, uncompressed */
    uint8_t sent[1024];
    rig_t rig;
    rig_start(&rig, &silent, ENR_CLOCK_FLOOR, ENR_OK);
    rig.script.config.sent = sent;
    rig.script.sent = enr_buffer_over(sent, sizeof sent);
    assert_int_equal(rig_open(&rig, HOST), ENR_AGAIN);
    bool found = false;
    for (size_t i = 0; i + sizeof share <= rig.script.sent.len; i++) {
        found = found || memcmp(sent + i, share, sizeof share) == 0;
    }
    assert_true(found);
    rig.stream.close(rig.stream.ctx);
}

/* A server that speaks no TLS, or ends before it did. Afterwards the net is closed and the memory given back. */
static void test_no_handshake(void **state)
{
    (void)state;
    static const struct {
        enr_script_connection_t connection;
        enr_status_t expected;
    } rows[] = {
        {{.open = ENR_E_DNS}, ENR_E_DNS},
        {{.open = ENR_E_PORTAL}, ENR_E_PORTAL},
        {{.send_limit = 10, .send_end = ENR_E_RESET}, ENR_E_RESET},
        {{.end = ENR_E_RESET}, ENR_E_RESET},
        {{.end = ENR_END}, ENR_E_CLOSED},
        {{.turns = {{.after_sent = 1, .bytes = {(const uint8_t *)"\x15\3\3\0\2\2\x28", 7}}}}, ENR_E_TLS_ALERT},
        {{.turns = {{.after_sent = 1, .bytes = {(const uint8_t *)"HTTP/1.1 400 Bad Request\r\n\r\n", 28}}}},
         ENR_E_TLS_PROTOCOL},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        size_t in_use = heap.in_use;
        rig_t rig;
        rig_start(&rig, &rows[i].connection, ENR_CLOCK_FLOOR, ENR_OK);
        assert_int_equal(rig_open(&rig, HOST), rows[i].expected);
        assert_false(rig.script.is_open);
        assert_int_equal(heap.in_use, in_use);
    }
}

/* behaviours 23, at every allocation up to the hello. */
static void test_memory_that_runs_out_at_the_hello(void **state)
{
    (void)state;
    static const enr_script_connection_t silent = {0};
    rig_t rig;
    heap_begin(0);
    size_t in_use = heap.in_use;
    rig_start(&rig, &silent, ENR_CLOCK_FLOOR, ENR_OK);
    assert_int_equal(rig_open(&rig, HOST), ENR_AGAIN);
    size_t takes = heap.takes;
    rig.stream.close(rig.stream.ctx);
    assert_true(takes > 10);
    for (size_t fail_at = 1; fail_at <= takes; fail_at++) {
        heap_begin(fail_at);
        rig_start(&rig, &silent, ENR_CLOCK_FLOOR, ENR_OK);
        assert_int_equal(rig_open(&rig, HOST), ENR_E_TLS_MEMORY);
        assert_false(rig.script.is_open);
        assert_int_equal(heap.in_use, in_use);
    }
    heap_begin(0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_no_entropy_no_tls),
        cmocka_unit_test(test_random_fills_every_byte),
        cmocka_unit_test(test_trust),
        cmocka_unit_test(test_names),
        cmocka_unit_test(test_hosts_that_are_no_names),
        cmocka_unit_test(test_dates),
        cmocka_unit_test(test_anchors_with_one_name),
        cmocka_unit_test(test_purposes),
        cmocka_unit_test(test_weakness),
        cmocka_unit_test(test_extensions),
        cmocka_unit_test(test_name_constraints),
        cmocka_unit_test(test_the_first_reason_is_told),
        cmocka_unit_test(test_pins),
        cmocka_unit_test(test_damage),
        cmocka_unit_test(test_memory_that_runs_out),
        cmocka_unit_test(test_refused_before_the_net),
        cmocka_unit_test(test_a_time_at_the_floor_is_enough),
        cmocka_unit_test(test_the_hello_offers_p256),
        cmocka_unit_test(test_no_handshake),
        cmocka_unit_test(test_memory_that_runs_out_at_the_hello),
    };
    return cmocka_run_group_tests_name("tls", tests, load_certificates, free_certificates);
}
