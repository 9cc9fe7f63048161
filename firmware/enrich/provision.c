/* enrich provision: the secret of a journal's device, and codes for a device whose secret is known. */
#include "badge.h"
#include "commands.h"
#include "config.h"
#include "input.h"
#include "report.h"
#include "session.h"
#include "told.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

/* --- secret --- */

/* In groups of four. */
static void print_secret(const uint8_t secret[ENR_PROVISION_SECRET_LEN])
{
    uint8_t memory[ENR_PROVISION_SECRET_TEXT_LEN];
    enr_buffer_t text = enr_buffer_over(memory, sizeof memory);
    enr_base32_write((enr_span_t){secret, ENR_PROVISION_SECRET_LEN}, &text);
    for (size_t i = 0; i < text.len; i++) {
        (void)printf("%s%c", i > 0 && i % 4 == 0 ? " " : "", memory[i]);
    }
    (void)putchar('\n');
    enr_wipe(memory, sizeof memory);
}

static exit_code_t show_secret(const options_t *options, problem_t *out_problem)
{
    static device_t device;
    uint8_t secret[ENR_PROVISION_SECRET_LEN];
    exit_code_t code = device_open(&device, options, true, out_problem);
    if (code == EXIT_DONE) {
        enr_status_t status;
        while ((status = enr_provision_new_secret(&device.store, &device.store_seal, secret)) == ENR_AGAIN &&
               (status = enr_store_step(&device.store)) >= ENR_OK) {
        }
        if (status == ENR_OK) {
            print_secret(secret);
        } else {
            *out_problem = (problem_t){.status = status, .where = options->journal, .what = enr_status_meaning(status)};
            code = EXIT_SETTING;
        }
        enr_wipe(secret, sizeof secret);
    }
    device_close(&device);
    return code;
}

/* --- code --- */

/* What a code is made of. */
typedef struct {
    const options_t *options;
    problem_t *problem;
    service_t service;
    enr_buffer_t settings;
    uint8_t memory[ENR_STORE_ITEM_MAX];
} making_t;

static void put(making_t *making, enr_setting_t setting, enr_span_t value)
{
    if (value.len > 0) {
        enr_settings_append(&making->settings, setting, value);
    }
}

static void put_text(making_t *making, enr_setting_t setting, const char *value)
{
    put(making, setting, enr_span_from_str(value));
}

static void put_number(making_t *making, enr_setting_t setting, uint32_t number)
{
    char text[16];
    (void)snprintf(text, sizeof text, "%u", (unsigned)number);
    put_text(making, setting, number > 0 ? text : NULL);
}

static void put_types(making_t *making)
{
    uint8_t memory[64];
    enr_buffer_t text = enr_buffer_over(memory, sizeof memory);
    for (unsigned number = 0; number < ENR_TYPE_COUNT; number++) {
        enr_type_t type = enr_type_of_number(number);
        if ((making->options->types & type) != 0) {
            enr_buffer_append(&text, text.len > 0 ? ENR_SPAN(",") : (enr_span_t){0});
            enr_buffer_append(&text, enr_type_name(type));
        }
    }
    put(making, ENR_SETTING_TYPES, enr_buffer_span(&text));
}

/* The profile's keys that settings have. NULL, or what they have not. */
static const char *put_profile(making_t *making, const profile_t *profile)
{
    uint8_t memory[512];
    enr_buffer_t columns = enr_buffer_over(memory, sizeof memory);
    const enr_badge_profile_t *badge = &profile->badge;
    bool has_more = badge->delimiter_alias_count > 0 || badge->quote != 0 || badge->charset != ENR_CHARSET_WESTERN ||
                    badge->id_strip_prefix.len > 0 || profile->aim_given.len > 0;
    for (size_t i = 0; i < badge->field_count; i++) {
        enr_field_t field = badge->fields[i];
        enr_buffer_append(&columns, i > 0 ? ENR_SPAN(",") : (enr_span_t){0});
        enr_buffer_append(&columns, field == ENR_FIELD_SKIP ? ENR_SPAN("-") : enr_span_from_str(enr_field_name(field)));
    }
    put(making, ENR_SETTING_DELIMITER, badge->delimiter);
    put(making, ENR_SETTING_COLUMNS, enr_buffer_span(&columns));
    put(making, ENR_SETTING_PREFIX, badge->strip_prefix);
    put(making, ENR_SETTING_ID_URL, badge->id_url_prefix);
    put(making, ENR_SETTING_HOSTS, badge->other_hosts);
    return has_more ? "a code holds delimiter, fields, strip_prefix, id_url_prefix and other_hosts only" : NULL;
}

static exit_code_t put_anchors(making_t *making)
{
    enr_span_t der;
    if (making->options->ca == NULL) {
        return outcome_problem(making->problem, EXIT_USAGE, "provision",
                               "needs --ca FILE: the roots that the device trusts");
    }
    for (size_t i = 0; enr_posix_bundle_get(&making->service.bundle, i, &der) == ENR_OK; i++) {
        put(making, ENR_SETTING_ANCHOR, der);
    }
    return EXIT_DONE;
}

static exit_code_t put_all(making_t *making)
{
    const options_t *options = making->options;
    const settings_t *settings = &making->service.settings;
    const profile_t *profile = NULL;
    exit_code_t code = badge_load_profile(options->profile, &profile, making->problem);
    if (code != EXIT_DONE) {
        return code;
    }
    const char *fault = profile != NULL ? put_profile(making, profile) : NULL;
    if (fault != NULL) {
        return outcome_problem(making->problem, EXIT_SETTING, options->profile, fault);
    }
    put(making, ENR_SETTING_BASE, settings->async_base);
    put(making, ENR_SETTING_KEY, settings->key);
    put_text(making, ENR_SETTING_TIME, options->time_server);
    put_text(making, ENR_SETTING_PRIVATE, settings->allow_private ? "yes" : NULL);
    put_text(making, ENR_SETTING_EVENT, options->event);
    put_types(making);
    put_number(making, ENR_SETTING_RESEND, options->resend[0]);
    put_text(making, ENR_SETTING_PERSONAL, options->personal_email_ok ? "yes" : NULL);
    put_number(making, ENR_SETTING_SPREAD, options->spread_ms / 1000);
    put_text(making, ENR_SETTING_DEVICE, options->device);
    put_text(making, ENR_SETTING_NOTICE, options->notice);
    put_text(making, ENR_SETTING_SHEET, options->sheet);
    put_number(making, ENR_SETTING_KEEP, options->keep_days);
    return put_anchors(making);
}

/* The secret as it was shown: spaces, hyphens and line ends do not count. */
static exit_code_t read_secret(making_t *making, uint8_t out_secret[ENR_PROVISION_SECRET_LEN])
{
    uint8_t text[257];
    size_t len = 0;
    size_t digits = 0;
    unsigned mode = 0;
    const char *path = making->options->secret_file;
    switch (input_read(path, true, text, sizeof text - 1, &len, &mode)) {
    case INPUT_FAILED:
        return outcome_problem(making->problem, EXIT_SETTING, path, strerror(errno));
    case INPUT_TOO_LARGE:
        len = 0;
        break;
    case INPUT_OK:
        break;
    }
    for (size_t i = 0; i < len; i++) {
        bool is_between = text[i] == ' ' || text[i] == '-' || text[i] == '\r' || text[i] == '\n';
        uint8_t byte = text[i];
        text[digits] = byte >= 'a' && byte <= 'z' ? (uint8_t)(byte - 'a' + 'A') : byte;
        digits += is_between ? 0 : 1;
    }
    bool good = enr_base32_read(text, digits, &len) && len == ENR_PROVISION_SECRET_LEN;
    memcpy(out_secret, text, ENR_PROVISION_SECRET_LEN);
    enr_wipe(text, sizeof text);
    return good ? EXIT_DONE
                : outcome_problem(making->problem, EXIT_SETTING, path,
                                  "holds no device's secret: 26 letters and digits");
}

static exit_code_t print_code(const making_t *making, const uint8_t secret[ENR_PROVISION_SECRET_LEN])
{
    static uint8_t memory[ENR_STORE_ITEM_MAX + 30];
    static uint8_t text[ENR_PROVISION_TEXT_MAX];
    enr_buffer_t out = enr_buffer_over(text, sizeof text);
    uint8_t random[8];
    enr_seal_t seal;
    const enr_provision_t provision = {.number = (uint32_t)time(NULL),
                                       .force = making->options->force,
                                       .settings = enr_buffer_span(&making->settings)};
    enr_status_t status = enr_tls_random(random, sizeof random);
    if (status == ENR_OK) {
        status = enr_provision_seal(&seal, secret);
    }
    if (status == ENR_OK) {
        status = enr_provision_write(&seal, &provision, random, memory, &out);
        enr_seal_close(&seal);
    }
    if (status != ENR_OK) {
        *making->problem = (problem_t){.status = status, .where = "provision", .what = enr_status_meaning(status)};
        return EXIT_SETTING;
    }
    (void)printf("%.*s\n", (int)out.len, (const char *)text);
    return EXIT_DONE;
}

static exit_code_t make(making_t *making)
{
    enr_settings_t checked;
    const char *fault = NULL;
    uint8_t secret[ENR_PROVISION_SECRET_LEN];
    exit_code_t code = put_all(making);
    if (code != EXIT_DONE) {
        return code;
    }
    if (making->settings.full) {
        return outcome_problem(making->problem, EXIT_SETTING, "provision",
                               "all settings together are longer than " TEXT_OF(ENR_STORE_ITEM_MAX) " bytes");
    }
    if (enr_settings_read(enr_buffer_span(&making->settings), &checked, &fault) != ENR_OK) {
        *making->problem = (problem_t){.where = fault, .what = "is missing or wrong for a device"};
        return EXIT_SETTING;
    }
    code = read_secret(making, secret);
    if (code == EXIT_DONE) {
        code = print_code(making, secret);
    }
    enr_wipe(secret, sizeof secret);
    return code;
}

int provision_run(const options_t *options)
{
    static making_t making;
    static options_t all;
    report_t report = {.command = "provision", .options = options};
    all = *options;
    making = (making_t){.options = &all, .problem = &report.problem};
    making.settings = enr_buffer_over(making.memory, sizeof making.memory);
    if (strcmp(options->operand, "secret") == 0) {
        report.code = service_ready_tls(&report.problem);
        report.code = report.code == EXIT_DONE ? show_secret(options, &report.problem) : report.code;
    } else {
        report.code = options->config != NULL ? config_read(options->config, &all, &report.problem) : EXIT_DONE;
        report.code = report.code == EXIT_DONE ? service_open(&making.service, &all, &report.problem) : report.code;
        report.code = report.code == EXIT_DONE ? make(&making) : report.code;
    }
    int code = report_print(&report);
    service_close(&making.service);
    enr_wipe(making.memory, sizeof making.memory);
    return code;
}
