/* seal: known answers, every way of not being what was sealed here, and no need of memory (DESIGN 3, 8). */
#include "enrich/seal.h"

#include "enrich/tls.h"
#include "exact.h"

#define COUNT(table) (sizeof(table) / sizeof((table)[0]))

/* All of TLS's memory, which a test may take away. */
static _Alignas(8) uint8_t memory[4096];
static enr_arena_t arena;

static uint8_t device[32];
static enr_status_t device_status;

static enr_status_t get_key(void *ctx, uint8_t out_key[32])
{
    (void)ctx;
    memcpy(out_key, device, sizeof device);
    return device_status;
}

static const enr_key_t key = {.get = get_key};

/* Every piece of memory that is left. They stay taken. */
static void exhaust(void)
{
    for (size_t size = sizeof memory; size > 0; size = size > 8 ? size / 2 : size - 1) {
        while (enr_arena_take(&arena, 1, size) != NULL) {
        }
    }
}

static enr_status_t no_entropy(void *ctx, uint8_t *out, size_t len)
{
    (void)ctx;
    (void)out;
    (void)len;
    return ENR_E_ENTROPY;
}

/* There is never any entropy here: a kept seed must open before there is. */
static int set_up(void **state)
{
    (void)state;
    static enr_tls_memory_t hook;
    static const enr_entropy_t entropy = {.fill = no_entropy};
    enr_arena_init(&arena, memory, sizeof memory);
    hook = enr_tls_memory_of_arena(&arena);
    for (size_t i = 0; i < sizeof device; i++) {
        device[i] = (uint8_t)i;
    }
    return enr_tls_init(&hook, &entropy) == ENR_E_ENTROPY ? 0 : -1;
}

static enr_seal_t open_seal(enr_span_t purpose)
{
    enr_seal_t seal;
    assert_int_equal(enr_seal_init(&seal, &key, purpose), ENR_OK);
    return seal;
}

static void parse_hex(const char *hex, uint8_t *out)
{
    for (size_t i = 0; hex[2 * i] != '\0'; i++) {
        char byte[3] = {hex[2 * i], hex[2 * i + 1], '\0'};
        out[i] = (uint8_t)strtoul(byte, NULL, 16);
    }
}

/* Made by code that was written from RFC 8439 alone, checked against its example 2.8.2 and against OpenSSL; the keys by
   another implementation of HMAC-SHA-256. The device's key is 00 01 … 1f. */
#define SUNSCREEN                                                                                                      \
    "Ladies and Gentlemen of the class of '99: If I could offer you only one tip for the future, sunscreen would be "  \
    "it."

static void answers_as_others_do(void **state)
{
    (void)state;
    uint8_t rising[48];
    for (size_t i = 0; i < sizeof rising; i++) {
        rising[i] = (uint8_t)i;
    }
    const struct {
        enr_span_t purpose;
        enr_seal_place_t place;
        enr_span_t aad;
        enr_span_t plain;
        const char *sealed;
    } rows[] = {
        {ENR_SPAN("journal"),
         {0x04030201, 0x08070605, 0},
         ENR_SPAN("aad of 13 byt"),
         ENR_SPAN(SUNSCREEN),
         "cb9e17e21191cedf8ac01335cc7132d7f5d2d60a532729ac943838c0af49db8b1f295b20d42369d6d57d72f1d4d9d6821be8a7ccdfc8c"
         "e"
         "76996fcc4e3828308700aa41ad0d8e57409996f7fd49c5adfaada1090c954deb86e82509abe65e238bfbaff734370327ee5cbe10d42cc"
         "9"
         "60a080b1e0fb22cbc5a19abab7f53d50f5e6fa19"},
        {ENR_SPAN("journal"), {0x04030201, 0x08070605, 0}, {NULL, 0}, {NULL, 0}, "0483b374ca1199b8f6f75445e7d455bb"},
        {ENR_SPAN("journal"), {7, 32, 0xdeadbeef}, {rising, 48}, {NULL, 0}, "02c587dcac482debb899f9cd48fce54b"},
        {ENR_SPAN("store"), {0x04030201, 0x08070605, 0}, {NULL, 0}, {NULL, 0}, "d457f93c5b727d7b5fb66ba37c2080d6"},
    };
    for (size_t i = 0; i < COUNT(rows); i++) {
        enr_seal_t seal = open_seal(rows[i].purpose);
        uint8_t wanted[256];
        uint8_t sealed[256];
        uint8_t plain[256];
        parse_hex(rows[i].sealed, wanted);
        size_t len = rows[i].plain.len + ENR_SEAL_TAG_LEN;
        assert_int_equal(enr_seal_text(&seal, rows[i].place, rows[i].aad, rows[i].plain, sealed), ENR_OK);
        assert_memory_equal(sealed, wanted, len);
        assert_int_equal(enr_seal_open(&seal, rows[i].place, rows[i].aad, (enr_span_t){wanted, len}, plain), ENR_OK);
        if (rows[i].plain.len > 0) {
            assert_memory_equal(plain, rows[i].plain.ptr, rows[i].plain.len);
        }
        uint8_t place[256]; /* both once more, in place */
        memcpy(place, rows[i].plain.ptr == NULL ? plain : rows[i].plain.ptr, rows[i].plain.len);
        enr_span_t text = {place, rows[i].plain.len};
        assert_int_equal(enr_seal_text(&seal, rows[i].place, rows[i].aad, text, place), ENR_OK);
        assert_memory_equal(place, wanted, len);
        assert_int_equal(enr_seal_open(&seal, rows[i].place, rows[i].aad, (enr_span_t){place, len}, place), ENR_OK);
        assert_memory_equal(place, plain, text.len);
        enr_seal_close(&seal);
    }
}

static void digests_as_others_do(void **state)
{
    (void)state;
    enr_seal_t seal = open_seal(ENR_SPAN("journal"));
    uint8_t wanted[ENR_SEAL_DIGEST_LEN];
    uint8_t digest[ENR_SEAL_DIGEST_LEN];
    parse_hex("9d8eeb0f5578c112364b91fc036b518faaa9fc5b9cacf92a686c84864176aa3f", wanted);
    assert_int_equal(enr_seal_digest(&seal, ENR_SPAN("token"), digest), ENR_OK);
    assert_memory_equal(digest, wanted, sizeof wanted);
    parse_hex("7355a31489dd8e93b49f532631fd7c031223a37b60e502c3e5d67aca0c96ab7b", wanted);
    assert_int_equal(enr_seal_digest(&seal, (enr_span_t){NULL, 0}, digest), ENR_OK);
    assert_memory_equal(digest, wanted, sizeof wanted);
    enr_seal_close(&seal);
}

/* Opens it in memory of exact size. Refused: what there is to see is zeros. */
static enr_status_t open_exactly(const enr_seal_t *seal, enr_seal_place_t place, enr_span_t aad, const uint8_t *sealed,
                                 size_t len)
{
    enr_span_t view = exact(sealed, len);
    size_t plain_len = len - ENR_SEAL_TAG_LEN;
    uint8_t *plain = malloc(plain_len);
    assert_non_null(plain);
    memset(plain, 0xA5, plain_len);
    enr_status_t status = enr_seal_open(seal, place, aad, view, plain);
    for (size_t i = 0; status != ENR_OK && i < plain_len; i++) {
        assert_int_equal(plain[i], 0);
    }
    free(plain);
    drop(view);
    return status;
}

static void opens_only_what_was_sealed_here(void **state)
{
    (void)state;
    enr_seal_t seal = open_seal(ENR_SPAN("journal"));
    enr_seal_t other = open_seal(ENR_SPAN("store"));
    uint8_t sealed[5 + ENR_SEAL_TAG_LEN];
    enr_seal_place_t place = {9, 4096, 0};
    enr_span_t aad = ENR_SPAN("entry");
    assert_int_equal(enr_seal_text(&seal, place, aad, ENR_SPAN("Lopez"), sealed), ENR_OK);
    assert_int_equal(open_exactly(&seal, place, aad, sealed, sizeof sealed), ENR_OK);
    assert_int_equal(open_exactly(&other, place, aad, sealed, sizeof sealed), ENR_E_SEAL);

    const enr_seal_place_t elsewhere[] = {
        {8, 4096, 0}, {9, 4097, 0}, {9, 4096, 1}, {4096, 9, 0}, {0x01000009, 4096, 0}};
    for (size_t i = 0; i < COUNT(elsewhere); i++) {
        assert_int_equal(open_exactly(&seal, elsewhere[i], aad, sealed, sizeof sealed), ENR_E_SEAL);
    }
    const enr_span_t other_aads[] = {{NULL, 0}, ENR_SPAN("entrY"), ENR_SPAN("entry "), ENR_SPAN("entr")};
    for (size_t i = 0; i < COUNT(other_aads); i++) {
        assert_int_equal(open_exactly(&seal, place, other_aads[i], sealed, sizeof sealed), ENR_E_SEAL);
    }
    for (size_t bit = 0; bit < 8 * sizeof sealed; bit++) {
        sealed[bit / 8] ^= (uint8_t)(1u << bit % 8);
        assert_int_equal(open_exactly(&seal, place, aad, sealed, sizeof sealed), ENR_E_SEAL);
        sealed[bit / 8] ^= (uint8_t)(1u << bit % 8);
    }
    for (size_t len = ENR_SEAL_TAG_LEN; len < sizeof sealed; len++) {
        assert_int_equal(open_exactly(&seal, place, aad, sealed, len), ENR_E_SEAL);
    }
    assert_int_equal(open_exactly(&seal, place, aad, sealed, sizeof sealed), ENR_OK);
    enr_seal_close(&other);
    enr_seal_close(&seal);
}

static void another_device_opens_nothing(void **state)
{
    (void)state;
    uint8_t sealed[5 + ENR_SEAL_TAG_LEN];
    uint8_t digest[ENR_SEAL_DIGEST_LEN];
    uint8_t other_digest[ENR_SEAL_DIGEST_LEN];
    enr_seal_t seal = open_seal(ENR_SPAN("journal"));
    assert_int_equal(enr_seal_text(&seal, (enr_seal_place_t){1, 0, 0}, ENR_SPAN(""), ENR_SPAN("Lopez"), sealed),
                     ENR_OK);
    assert_int_equal(enr_seal_digest(&seal, ENR_SPAN("Lopez"), digest), ENR_OK);
    enr_seal_close(&seal);
    device[31] ^= 1;
    seal = open_seal(ENR_SPAN("journal"));
    device[31] ^= 1;
    assert_int_equal(open_exactly(&seal, (enr_seal_place_t){1, 0, 0}, ENR_SPAN(""), sealed, sizeof sealed), ENR_E_SEAL);
    assert_int_equal(enr_seal_digest(&seal, ENR_SPAN("Lopez"), other_digest), ENR_OK);
    assert_memory_not_equal(digest, other_digest, sizeof digest);
    enr_seal_close(&seal);
}

static void without_a_key_there_is_no_seal(void **state)
{
    (void)state;
    enr_seal_t seal;
    uint8_t sealed[ENR_SEAL_TAG_LEN];
    uint8_t digest[ENR_SEAL_DIGEST_LEN];
    device_status = ENR_E_KEY;
    assert_int_equal(enr_seal_init(&seal, &key, ENR_SPAN("journal")), ENR_E_KEY);
    device_status = ENR_OK;
    assert_int_equal(enr_seal_text(&seal, (enr_seal_place_t){0}, ENR_SPAN(""), ENR_SPAN(""), sealed), ENR_E_SEAL);

    seal = open_seal(ENR_SPAN("journal"));
    enr_seal_close(&seal);
    enr_seal_close(&seal);
    assert_int_equal(enr_seal_text(&seal, (enr_seal_place_t){0}, ENR_SPAN(""), ENR_SPAN(""), sealed), ENR_E_SEAL);
    assert_int_equal(enr_seal_digest(&seal, ENR_SPAN(""), digest), ENR_E_SEAL);
}

/* behaviours 22: of what was derived, only PSA's copies stay, and close gives their memory back. */
static void gives_everything_back(void **state)
{
    (void)state;
    size_t before = arena.in_use;
    enr_seal_t seal = open_seal(ENR_SPAN("journal"));
    assert_true(arena.in_use > before);
    enr_seal_close(&seal);
    assert_int_equal(arena.in_use, before);

    size_t room = arena.size - arena.in_use;
    for (size_t left = 8; left <= 160; left += 8) { /* every step of init meets the end of the memory once */
        void *rest = enr_arena_take(&arena, 1, room - left - 8);
        assert_non_null(rest);
        size_t taken = arena.in_use;
        enr_status_t status = enr_seal_init(&seal, &key, ENR_SPAN("journal"));
        assert_true(status == ENR_OK || status == ENR_E_TLS_MEMORY);
        assert_int_equal(status == ENR_OK, left >= 120);
        enr_seal_close(&seal);
        assert_int_equal(arena.in_use, taken);
        enr_arena_give(&arena, rest);
    }
}

/* FIPS 180-4's examples, whole and byte by byte. */
static void hashes_as_others_do(void **state)
{
    (void)state;
    static const struct {
        const char *text;
        const uint8_t start[4];
    } rows[] = {{"", {0xe3, 0xb0, 0xc4, 0x42}},
                {"abc", {0xba, 0x78, 0x16, 0xbf}},
                {"abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq", {0x24, 0x8d, 0x6a, 0x61}}};
    for (size_t i = 0; i < COUNT(rows); i++) {
        enr_span_t text = enr_span_from_str(rows[i].text);
        uint8_t whole[ENR_SEAL_DIGEST_LEN];
        uint8_t parts[ENR_SEAL_DIGEST_LEN];
        enr_hash_t hash;
        enr_hash_start(&hash);
        enr_hash_add(&hash, text);
        enr_hash_finish(&hash, whole);
        enr_hash_start(&hash);
        for (size_t k = 0; k < text.len; k++) {
            enr_hash_add(&hash, enr_span_slice(text, k, k + 1));
        }
        enr_hash_finish(&hash, parts);
        assert_memory_equal(whole, rows[i].start, sizeof rows[i].start);
        assert_memory_equal(whole, parts, sizeof whole);
    }
}

/* DESIGN 3: capture never needs the arena. Last, since the memory stays taken. */
static void works_without_memory(void **state)
{
    (void)state;
    enr_seal_t seal = open_seal(ENR_SPAN("journal"));
    exhaust();
    assert_null(enr_arena_take(&arena, 1, 1));
    size_t refused = arena.failures;

    static const size_t lengths[] = {0, 1, 63, 64, 65, 500, 2048};
    static uint8_t plain[2048];
    static uint8_t sealed[2048 + ENR_SEAL_TAG_LEN];
    uint8_t digest[ENR_SEAL_DIGEST_LEN];
    memset(plain, 'x', sizeof plain);
    for (size_t i = 0; i < COUNT(lengths); i++) {
        enr_span_t text = {plain, lengths[i]};
        enr_seal_place_t place = {1, (uint32_t)i, 0};
        size_t sealed_len = lengths[i] + ENR_SEAL_TAG_LEN;
        assert_int_equal(enr_seal_text(&seal, place, ENR_SPAN("aad"), text, sealed), ENR_OK);
        assert_int_equal(open_exactly(&seal, place, ENR_SPAN("aad"), sealed, sealed_len), ENR_OK);
        sealed[0] ^= 1;
        assert_int_equal(open_exactly(&seal, place, ENR_SPAN("aad"), sealed, sealed_len), ENR_E_SEAL);
        assert_int_equal(enr_seal_digest(&seal, text, digest), ENR_OK);
    }
    enr_hash_t hash;
    enr_hash_start(&hash);
    enr_hash_add(&hash, (enr_span_t){plain, sizeof plain});
    enr_hash_finish(&hash, digest);
    assert_int_equal(arena.failures, refused);
    assert_int_equal(enr_seal_init(&(enr_seal_t){0}, &key, ENR_SPAN("store")), ENR_E_TLS_MEMORY);
    enr_seal_close(&seal);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(answers_as_others_do),
        cmocka_unit_test(digests_as_others_do),
        cmocka_unit_test(opens_only_what_was_sealed_here),
        cmocka_unit_test(another_device_opens_nothing),
        cmocka_unit_test(without_a_key_there_is_no_seal),
        cmocka_unit_test(gives_everything_back),
        cmocka_unit_test(hashes_as_others_do),
        cmocka_unit_test(works_without_memory),
    };
    return cmocka_run_group_tests(tests, set_up, NULL);
}
