#include "told.h"

#include <string.h>

static enr_status_t settle(enr_store_t *store)
{
    enr_status_t status;
    while ((status = enr_store_step(store)) == ENR_AGAIN) {
    }
    return status;
}

/* Gives a text to an option that has none, with a NUL behind it. */
static void stand_in(const char **option, enr_span_t text, char out[ENR_URL_MAX + 1])
{
    if (*option == NULL && text.len > 0 && text.len <= ENR_URL_MAX) {
        memcpy(out, text.ptr, text.len);
        out[text.len] = '\0';
        *option = out;
    }
}

static void stand_in_for_all(told_t *told, options_t *options)
{
    const enr_settings_t *settings = &told->settings;
    stand_in(&options->async_base, settings->base, told->texts[0]);
    stand_in(&options->event, settings->event, told->texts[1]);
    stand_in(&options->device, settings->device, told->texts[2]);
    stand_in(&options->notice, settings->notice, told->texts[3]);
    stand_in(&options->sheet, settings->sheet, told->texts[4]);
    options->allow_private = options->allow_private || settings->allow_private;
    options->personal_email_ok = options->personal_email_ok || settings->personal_email;
    options->keep_days = options->keep_days > 0 ? options->keep_days : settings->keep_days;
    options->spread_ms = options->spread_ms > 0 ? options->spread_ms : settings->spread_s * 1000u;
    if (options->types == 0) {
        options->types = settings->types;
        for (unsigned number = 0; number < ENR_TYPE_COUNT; number++) {
            options->resend[number] = (settings->types & enr_type_of_number(number)) != 0 ? settings->resend : 0;
        }
    }
}

exit_code_t told_load(told_t *told, device_t *device, options_t *options, problem_t *out_problem)
{
    const char *fault = NULL;
    uint32_t secrets = 0;
    enr_status_t status = settle(&device->store);
    if (status == ENR_OK) {
        status = enr_store_count(&device->store, ENR_COUNTER_SECRETS, 0, &secrets);
    }
    told->has_secret = status == ENR_OK && secrets > 0;
    if (status == ENR_OK) {
        status = enr_store_get(&device->store, ENR_STORE_SETTINGS, told->bytes, sizeof told->bytes, &told->len);
    }
    options->told = told->has_secret ? told : NULL;
    if (status == ENR_END) { /* it waits for its code, and keeps badges meanwhile */
        options->types = options->types == 0 && told->has_secret ? ENR_TYPE_EMAIL : options->types;
        return EXIT_DONE;
    }
    if (status == ENR_OK) {
        status = enr_settings_read((enr_span_t){told->bytes, told->len}, &told->settings, &fault);
    }
    if (status != ENR_OK) {
        *out_problem = (problem_t){.status = status,
                                   .where = options->journal,
                                   .what = fault != NULL ? fault : "its provisioned settings cannot be read",
                                   .hint = "provision it again"};
        return EXIT_SETTING;
    }
    stand_in_for_all(told, options);
    return EXIT_DONE;
}

enr_status_t told_accept(device_t *device, const enr_provision_t *provision, const char **out_fault)
{
    static enr_settings_t checked;
    bool in_use = false;
    enr_status_t status = enr_settings_read(provision->settings, &checked, out_fault);
    if (status == ENR_OK && provision->settings.len == 0) {
        *out_fault = enr_setting_name(ENR_SETTING_BASE);
        status = ENR_E_SETTING;
    }
    if (status != ENR_OK) {
        return status;
    }
    while ((status = enr_provision_accept(&device->store, provision, &in_use)) == ENR_AGAIN) {
        status = settle(&device->store);
        if (status != ENR_OK) {
            return status;
        }
    }
    return status;
}
