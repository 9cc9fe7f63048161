/* What a journal's device was told by a provisioning code: settings that stand in for options that are not given. */
#ifndef CLI_TOLD_H
#define CLI_TOLD_H

#include "device.h"

#include "enrich/provision.h"
#include "enrich/settings.h"

/* All zero is: told nothing. Must not be moved while it is used. */
typedef struct told {
    enr_settings_t settings; /* views of bytes */
    bool has_secret;         /* a provisioning secret was made: codes can be taken */
    uint8_t bytes[ENR_STORE_ITEM_MAX];
    size_t len;
    char texts[5][ENR_URL_MAX + 1]; /* of the options: base, event, device, notice, sheet */
} told_t;

/* Reads what the device's store holds, and puts it into options where they have nothing; options->told points here
   afterwards. The device must be open. EXIT_DONE; EXIT_SETTING with the problem. */
exit_code_t told_load(told_t *told, device_t *device, options_t *options, problem_t *out_problem);

/* Takes over the settings of a code that the station has let through. ENR_OK; ENR_E_SETTING: *out_fault is wrong or
   missing in them, nothing was changed; otherwise as enr_provision_accept. */
ENR_NODISCARD enr_status_t told_accept(device_t *device, const enr_provision_t *provision, const char **out_fault);

#endif
