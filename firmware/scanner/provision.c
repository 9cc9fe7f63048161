#include "provision.h"

#include "base64.h"
#include "board.h"
#include "console.h"
#include "durable.h"
#include "enrich/provision.h"
#include "enrich/settings.h"
#include "service.h"

#include <string.h>

static struct {
    bool open;
    enr_buffer_t bytes;
    bool in_pem;
    size_t pem_at; /* of the anchor's field in the draft */
    base64_t digits;
} draft;

/* The agent is stopped first, so that the api's memory is free; it goes on after the restart that ends a draft. */
static bool begin(void)
{
    if (draft.open) {
        return true;
    }
    if (enr_agent_stop(service_agent()) != ENR_OK) {
        console_say("set", "a request is under way: again in a moment");
        return false;
    }
    draft.bytes = service_scratch();
    if (draft.bytes.capacity > ENR_STORE_ITEM_MAX) {
        draft.bytes.capacity = ENR_STORE_ITEM_MAX;
    }
    enr_buffer_append(&draft.bytes, service_settings_bytes());
    draft.open = true;
    console_say("set", "a draft is open and nothing is sent: end with set apply or set cancel");
    return true;
}

static void remove_field(unsigned unwanted)
{
    enr_span_t rest = enr_buffer_span(&draft.bytes);
    size_t kept = 0;
    unsigned field;
    enr_span_t value;
    const uint8_t *from = rest.ptr;
    while (enr_settings_next(&rest, &field, &value)) {
        size_t len = (size_t)(value.ptr + value.len - from);
        if (field != unwanted) {
            memmove(draft.bytes.ptr + kept, from, len);
            kept += len;
        }
        from += len;
    }
    draft.bytes.len = kept;
}

static void change(unsigned field, enr_span_t value)
{
    if (!begin()) {
        return;
    }
    remove_field(field);
    if (value.len > 0 && field != ENR_SETTING_ANCHOR) {
        if (draft.bytes.capacity - draft.bytes.len < value.len + 3) {
            console_say("set", "no room: all settings together are too large");
            return;
        }
        enr_settings_append(&draft.bytes, field, value);
    }
    console_say("set", "%s %s", enr_setting_name(field),
                value.len > 0 && field != ENR_SETTING_ANCHOR ? "noted" : "removed");
}

static void show(void)
{
    enr_span_t rest = draft.open ? enr_buffer_span(&draft.bytes) : service_settings_bytes();
    unsigned field;
    enr_span_t value;
    console_say("set", draft.open ? "the draft:" : "in force:");
    while (enr_settings_next(&rest, &field, &value)) {
        console_line_t line;
        console_begin(&line, "set");
        console_put(&line, "%s ", field < ENR_SETTINGS ? enr_setting_name(field) : "?");
        if (field == ENR_SETTING_KEY || field == ENR_SETTING_ANCHOR) {
            console_put(&line, "%lu bytes", (uint32_t)value.len);
        } else {
            console_put_foreign(&line, value);
        }
        console_end(&line);
    }
}

static _Noreturn void end(const char *why)
{
    enr_wipe(draft.bytes.ptr, draft.bytes.len);
    console_say("set", "%s", why);
    board_restart();
}

static void apply(void)
{
    enr_settings_t checked;
    const char *fault;
    uint32_t provisioned;
    if (!draft.open || draft.in_pem) {
        console_say("set", draft.open ? "a certificate is not ended" : "there is no draft");
        return;
    }
    if (enr_settings_read(enr_buffer_span(&draft.bytes), &checked, &fault) != ENR_OK) {
        console_say("set", "not taken over: missing or wrong: %s", fault);
        return;
    }
    durable_settle();
    enr_status_t status;
    while ((status = enr_store_put(durable_store(), ENR_STORE_SETTINGS, enr_buffer_span(&draft.bytes))) == ENR_AGAIN) {
        durable_settle();
    }
    if (status == ENR_OK) {
        durable_settle();
        status = enr_store_count(durable_store(), ENR_COUNTER_PROVISIONED, 1, &provisioned);
        end(status == ENR_OK ? "taken over" : "taken over, not counted");
    }
    console_say_status("set", "not taken over: ", status);
}

static void say_names(void)
{
    console_line_t line;
    console_begin(&line, "set");
    for (unsigned field = 1; field < ENR_SETTINGS; field++) {
        console_put(&line, "%s ", enr_setting_name(field));
    }
    console_put(&line, "apply or cancel");
    console_end(&line);
}

void provision_set(enr_span_t words)
{
    enr_span_t value = words;
    unsigned field = enr_setting_of_name(enr_span_take(&value, ' '));
    if (words.len == 0) {
        show();
    } else if (enr_span_is(words, "apply")) {
        apply();
    } else if (enr_span_is(words, "cancel") && draft.open) {
        end("dropped");
    } else if (field != 0) {
        change(field, enr_span_trim(value));
    } else {
        say_names();
    }
}

static void pem_begin(void)
{
    if (begin()) {
        draft.in_pem = true;
        draft.pem_at = draft.bytes.len;
        draft.digits = (base64_t){0};
        enr_settings_append(&draft.bytes, ENR_SETTING_ANCHOR, (enr_span_t){0});
    }
}

static void pem_end(void)
{
    size_t len = draft.bytes.len - draft.pem_at - 3;
    draft.in_pem = false;
    if (draft.bytes.full) {
        draft.bytes.full = false;
        draft.bytes.len = draft.pem_at;
        console_say("set", "no room: all settings together are too large");
        return;
    }
    enr_put_16(draft.bytes.ptr + draft.pem_at + 1, (uint16_t)len);
    console_say("set", "anchor noted");
}

bool provision_take_line(enr_span_t line)
{
    line = enr_span_trim(line);
    if (enr_span_is(line, "-----BEGIN CERTIFICATE-----")) {
        if (draft.in_pem) {
            draft.bytes.len = draft.pem_at;
        }
        pem_begin();
        return true;
    }
    if (!draft.in_pem) {
        return false;
    }
    if (enr_span_is(line, "-----END CERTIFICATE-----")) {
        pem_end();
        return true;
    }
    for (size_t i = 0; i < line.len; i++) {
        uint8_t byte;
        if (base64_take(&draft.digits, line.ptr[i], &byte)) {
            enr_buffer_append_byte(&draft.bytes, byte);
        }
    }
    return true;
}

void provision_new_secret(void)
{
    uint8_t secret[ENR_PROVISION_SECRET_LEN];
    console_line_t line;
    durable_settle();
    enr_status_t status = enr_provision_new_secret(durable_store(), durable_store_seal(), secret);
    console_begin(&line, "secret");
    if (status == ENR_OK) {
        enr_base32_write((enr_span_t){secret, sizeof secret}, &line.text);
    } else {
        console_put_status(&line, status);
    }
    console_end(&line);
    enr_wipe(secret, sizeof secret);
    enr_wipe(&line, sizeof line);
}
