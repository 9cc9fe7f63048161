/* A provisioning code: text that anybody may print, and settings that were sealed with the device's secret. */
#include "fuzz.h"

#include <stdlib.h>
#include <string.h>

#include "enrich/provision.h"
#include "enrich/settings.h"
#include "enrich_script.h"

static enr_seal_t seal;

static void *take(void *ctx, size_t count, size_t size)
{
    (void)ctx;
    return calloc(count, size);
}

static void give(void *ctx, void *piece)
{
    (void)ctx;
    free(piece);
}

static void ready(void)
{
    static const enr_tls_memory_t memory = {NULL, take, give};
    static const uint8_t secret[ENR_PROVISION_SECRET_LEN] = "a device's one.";
    static enr_script_t script;
    static enr_entropy_t entropy;
    static bool is_ready;
    if (!is_ready) {
        enr_script_start(&script, &(enr_script_config_t){.seed = 7});
        entropy = enr_script_entropy(&script);
        MUST(enr_tls_init(&memory, &entropy) == ENR_OK);
        MUST(enr_provision_seal(&seal, secret) == ENR_OK);
        is_ready = true;
    }
}

/* What a device takes from a stranger: nothing. What is base32 is so in one way only. */
static void check_text(enr_span_t input)
{
    enr_span_t text = fuzz_copy(input);
    uint8_t *bytes = (uint8_t *)(uintptr_t)text.ptr;
    size_t len = 0;
    enr_provision_t provision;
    enr_status_t status = enr_provision_read(&seal, bytes, text.len, &provision);
    MUST(status == ENR_E_SYNTAX || status == ENR_E_SEAL);
    MUST(provision.settings.len == 0 && provision.number == 0);
    memcpy(bytes, input.ptr, input.len);
    if (enr_base32_read(bytes, text.len, &len)) {
        uint8_t *again = fuzz_allocate(input.len);
        enr_buffer_t out = enr_buffer_over(again, input.len);
        enr_base32_write((enr_span_t){bytes, len}, &out);
        MUST(!out.full && enr_span_equal(enr_buffer_span(&out), input));
        free(again);
    }
    MUST(len <= input.len);
    fuzz_free(text);
}

static void check_settings(enr_span_t bytes)
{
    enr_settings_t settings;
    const char *fault = NULL;
    enr_status_t status = enr_settings_read(bytes, &settings, &fault);
    MUST((status == ENR_OK) == (fault == NULL));
    MUST(status == ENR_OK || (status == ENR_E_SETTING && fault[0] != '\0'));
    if (status != ENR_OK) {
        return;
    }
    const enr_badge_profile_t *profile = &settings.profile;
    const enr_span_t texts[] = {
        settings.base,   settings.api_key, settings.time_server,  settings.event,         settings.device,
        settings.notice, settings.sheet,   profile->strip_prefix, profile->id_url_prefix, profile->other_hosts};
    for (size_t i = 0; i < sizeof texts / sizeof texts[0]; i++) {
        MUST(fuzz_lies_in(texts[i], bytes) && fuzz_is_printable(texts[i]));
    }
    for (size_t i = 0; i < settings.anchor_count; i++) {
        MUST(fuzz_lies_in(settings.anchors[i], bytes));
    }
    MUST(settings.complete || bytes.len == 0);
    MUST(settings.types != 0 && settings.types <= 7 && settings.resend <= 9 && settings.spread_s <= 3600);
    MUST(profile->field_count <= ENR_SETTINGS_COLUMNS_MAX && settings.anchor_count <= ENR_SETTINGS_ANCHORS_MAX);
}

/* Who has the secret may seal anything; a device reads back the same, at each place of damage nothing. */
static void check_sealed(enr_span_t input, bool force, uint8_t damage)
{
    uint8_t *memory = fuzz_allocate(input.len + 30);
    size_t capacity = (input.len + 30) * 8 / 5 + 8;
    uint8_t *text = fuzz_allocate(capacity);
    enr_buffer_t out = enr_buffer_over(text, capacity);
    const enr_provision_t made = {.number = 7, .force = force, .settings = input};
    enr_provision_t read;
    MUST(enr_provision_write(&seal, &made, (const uint8_t[8]){1, 2, 3}, memory, &out) == ENR_OK);
    enr_span_t code = fuzz_copy(enr_span_slice(enr_buffer_span(&out), sizeof ENR_PROVISION_PREFIX - 1, out.len));
    MUST(enr_provision_read(&seal, (uint8_t *)(uintptr_t)code.ptr, code.len, &read) == ENR_OK);
    MUST(read.number == 7 && read.force == force && enr_span_equal(read.settings, input));
    check_settings(read.settings);
    memcpy((uint8_t *)(uintptr_t)code.ptr, text + sizeof ENR_PROVISION_PREFIX - 1, code.len);
    uint8_t *at = (uint8_t *)(uintptr_t)code.ptr + damage * code.len / 256;
    *at = *at == 'A' ? 'B' : 'A';
    MUST(enr_provision_read(&seal, (uint8_t *)(uintptr_t)code.ptr, code.len, &read) != ENR_OK);
    fuzz_free(code);
    free(text);
    free(memory);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    enr_span_t input = {data, size};
    ready();
    uint8_t choice = fuzz_choice(&input);
    if (choice < 64) {
        check_text(input);
    } else if (input.len <= ENR_STORE_ITEM_MAX) {
        enr_span_t copy = fuzz_copy(input);
        check_settings(copy);
        fuzz_free(copy);
        check_sealed(input, (choice & 1) != 0, choice);
    }
    return 0;
}
