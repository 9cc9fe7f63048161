/* Codes that hold the device's settings, and what must be before they, or a wipe, may replace what is there. */
#include "station_internal.h"

/* Leads that one call looks at. */
#define LOOKS 16

/* Requests that no sink has got yet. */
static uint32_t undelivered(const enr_agent_status_t *status)
{
    uint32_t count = status->unreadable;
    for (unsigned state = ENR_REQUEST_READY; state < ENR_REQUEST_STATES; state++) {
        count += state == ENR_REQUEST_TAKEN || state == ENR_REQUEST_ERASED ? 0 : status->counts[state];
    }
    return count;
}

/* ENR_OK: every lead has stood in an export. ENR_END: one has not. ENR_AGAIN: not known yet. */
ENR_NOINLINE static enr_status_t look_for_unexported(enr_station_t *station)
{
    uint32_t exported = 0;
    enr_record_t record;
    enr_status_t status = enr_store_count(station->config.store, ENR_COUNTER_EXPORTED, 0, &exported);
    for (int i = 0; i < LOOKS && status == ENR_OK; i++) {
        status = enr_agent_next(station->config.agent, &station->looked, &record);
        if (status == ENR_E_SEAL || status == ENR_E_SYNTAX || status == ENR_E_VERSION) {
            status = ENR_OK; /* nobody can export it */
        }
        if (status == ENR_OK && record.number > exported) {
            station->looked = (enr_cursor_t){0};
            return ENR_END;
        }
    }
    if (status == ENR_END) {
        station->looked = (enr_cursor_t){0};
        return ENR_OK;
    }
    return status == ENR_OK ? ENR_AGAIN : status;
}

enr_status_t enr_station_may_wipe(enr_station_t *station, bool force, uint32_t now_ms)
{
    enr_agent_status_t status;
    enr_agent_status(station->config.agent, now_ms, &status);
    if (!status.counted) {
        return ENR_AGAIN;
    }
    if (undelivered(&status) == 0) {
        return ENR_OK;
    }
    return force ? look_for_unexported(station) : ENR_END;
}

enr_status_t enr_station_exported(enr_store_t *store, uint32_t number)
{
    uint32_t before = 0;
    enr_status_t status = enr_store_count(store, ENR_COUNTER_EXPORTED, 0, &before);
    if (status == ENR_OK && number > before) {
        status = enr_store_count(store, ENR_COUNTER_EXPORTED, number - before, &before);
    }
    return status;
}

/* Makes the seal of this device's codes. ENR_END: no secret was made. */
static enr_status_t open_seal(const enr_station_config_t *config, enr_seal_t *seal)
{
    uint8_t secret[ENR_PROVISION_SECRET_LEN];
    enr_status_t status = enr_provision_secret(config->store, config->device_seal, secret);
    if (status == ENR_OK) {
        status = enr_provision_seal(seal, secret);
        status = status == ENR_E_TLS_MEMORY ? ENR_AGAIN : status; /* a handshake has all of it */
    }
    enr_wipe(secret, sizeof secret);
    return status;
}

/* A device without settings takes its first ones whatever it has captured. */
static enr_status_t may_replace(enr_station_t *station, bool force, uint32_t now_ms)
{
    size_t len = 0;
    uint8_t none[1];
    enr_status_t status = enr_store_get(station->config.store, ENR_STORE_SETTINGS, none, 0, &len);
    if (status == ENR_AGAIN || status == ENR_END) {
        return status == ENR_END ? ENR_OK : status;
    }
    return enr_station_may_wipe(station, force, now_ms);
}

/* Opens the code once, in place, and remembers what it holds. ENR_AGAIN: nothing was done. */
static enr_status_t open_code(enr_station_t *station, enr_span_t text)
{
    uint32_t before = 0;
    enr_seal_t seal;
    enr_status_t status = enr_store_count(station->config.store, ENR_COUNTER_PROVISIONED, 0, &before);
    status = status == ENR_OK ? open_seal(&station->config, &seal) : status;
    if (status == ENR_END) {
        return ENR_E_SEAL;
    }
    if (status != ENR_OK) {
        return status;
    }
    uint8_t *bytes = station->memory + (text.ptr - station->memory);
    status = enr_provision_read(&seal, bytes, text.len, &station->provision);
    enr_seal_close(&seal);
    status = status == ENR_E_SYNTAX ? ENR_E_SEAL : status;
    return status == ENR_OK && station->provision.number <= before ? ENR_END : status;
}

ENR_NOINLINE enr_status_t provision(enr_station_t *station, enr_span_t text, uint32_t now_ms, enr_scan_t *out)
{
    enr_status_t status = ENR_OK;
    if (station->config.store == NULL) {
        return station_refuse(out, ENR_WHY_UNKNOWN_CODE, ENR_OK);
    }
    if (station->provision.number == 0) {
        status = open_code(station, text);
    }
    if (status == ENR_E_SEAL || status == ENR_END) {
        return station_refuse(out, status == ENR_END ? ENR_WHY_OLD_CODE : ENR_WHY_FORGED, ENR_OK);
    }
    status = status == ENR_OK ? may_replace(station, station->provision.force, now_ms) : status;
    if (status == ENR_END) {
        return station_refuse(out, ENR_WHY_UNDELIVERED, ENR_OK);
    }
    if (status == ENR_OK) {
        *out = (enr_scan_t){.kind = ENR_SCAN_PROVISION, .provision = station->provision};
    }
    return status == ENR_OK || status == ENR_AGAIN ? status : station_not_kept(out, status);
}
