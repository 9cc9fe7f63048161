/* The settings of a connection to the service, from options, variables and files; each checked here. */
#ifndef CLI_SETTINGS_H
#define CLI_SETTINGS_H

#include "told.h"

#include "enrich/tls.h"
#include "enrich/url.h"

#define KEY_VARIABLE "ENRICH_API_KEY"
#define ASYNC_BASE_VARIABLE "ENRICH_ASYNC_BASE"
#define SYNC_BASE_VARIABLE "ENRICH_SYNC_BASE"

typedef struct {
    enr_span_t key; /* empty: of a device that waits to be provisioned; nothing is sent */
    enr_span_t async_base;
    enr_span_t sync_base;
    enr_timeouts_t timeouts;
    const char *ca;            /* NULL: the system's trust store … */
    enr_anchor_list_t anchors; /* … or these, if there are any */
    pins_t pins;
    bool allow_private;
    uint32_t poll_ms;                           /* the first gap between two reads */
    uint32_t deadline_s;                        /* of waiting for the result */
    char where[ENR_HOST_MAX + sizeof ":65535"]; /* host:port of the base in use, for a person */
    uint8_t key_memory[ENR_API_KEY_MAX + 3];    /* with a line end, and one byte more to see that it is longer */
} settings_t;

/* Takes the settings together: an option wins over its variable, both win over the settings file. They must not be
   moved. From now on nothing prints the key. EXIT_DONE, or EXIT_SETTING with the problem. A key file that others may
   read is warned of on standard error. */
exit_code_t settings_load(const options_t *options, settings_t *out_settings, problem_t *out_problem);

#define SETTINGS_BASE_RULE "https, with a host name (not an IP address; for this machine: localhost) and no query"

/* Parses a base URL by the rules of enr_api_init. ENR_OK, ENR_E_URL, ENR_E_LIMIT (ENR_URL_MAX). */
ENR_NODISCARD enr_status_t settings_parse_base(const char *text, enr_url_t *out_url);

/* What such a status says to a person. */
const char *settings_base_fault(enr_status_t status);

/* Forgets the key. */
void settings_wipe(settings_t *settings);

#endif
