/* The arguments of enrich. */
#ifndef CLI_OPTIONS_H
#define CLI_OPTIONS_H

#include "outcome.h"

#include "enrich/lead.h"

/* The largest values of numbers. */
#define TIMEOUT_MAX_S 3600
#define POLL_MAX_MS 600000
#define DEADLINE_MAX_S 86400
#define SPREAD_MAX_MS 600000
#define SIZE_MAX_KIB 1048576
#define RESEND_MAX 9
#define KEEP_MAX_DAYS 3650
#define NOTE_MAX 64 /* bytes of what --event, --device and --operator say */

typedef enum {
    COMMAND_NONE,
    COMMAND_SUBMIT,
    COMMAND_GET,
    COMMAND_BULK,
    COMMAND_RUN,
    COMMAND_LEADS,
    COMMAND_CREDITS,
    COMMAND_BADGE,
    COMMAND_ROSTER,
    COMMAND_PROVISION,
    COMMAND_WEBHOOK
} command_t;

#define PINS_MAX 8

/* SHA-256 of the public keys of CAs, see enr_tls_config_t. */
typedef struct {
    uint8_t digests[PINS_MAX][32];
    size_t count;
} pins_t;

/* The arguments as they were given; texts point into them. NULL, 0: not given. */
typedef struct {
    command_t command;
    const char
        *operand; /* the id of get, the file of bulk, badge and webhook, what leads, roster or provision is to do */
    const char *argument; /* of leads: a number or a digest */
    const char *file;     /* of roster: the table or the roster */
    const char *id;       /* of roster show: an attendee, or NULL */
    bool help;
    bool version;
    bool json;
    bool wait;
    bool sync;  /* the synchronous call */
    bool vcard; /* the form of an export */
    bool force; /* of provision make: the code is taken although leads are undelivered, once they were exported */
    bool personal_email_ok; /* the event allows it, for those who consent */

    const char *token;  /* that a callback must carry */
    const char *record; /* of what bulk has sent */

    /* of roster build */
    const char *output;
    uint32_t list_version;
    int64_t expires; /* seconds since 1970 */

    /* of provision */
    const char *secret_file;
    const char *time_server;
    const struct told *told; /* of run: what the device was told by a code, or NULL */

    /* the journal, and what stands in each lead */
    const char *journal;
    const char *device_key;
    uint32_t size_kib; /* of a new one */
    const char *event;
    const char *device;
    const char *captured_by;
    const char *roster;              /* the event's list of attendees */
    const char *notice;              /* version of the text that people are shown */
    const char *sheet;               /* the word of the printed sheet of codes */
    uint32_t keep_days;              /* leads are erased so long after their last scan; 0: never by themselves */
    uint32_t resend[ENR_TYPE_COUNT]; /* by type number: so often an unknown request is sent again */
    uint32_t ack_fd;                 /* where acknowledgements come from; 0: from nowhere */
    uint32_t spread_ms;              /* the first request goes within this */
    const char *state;               /* only leads with a request in this state */

    /* the person and the request */
    const char *badge;
    const char *profile; /* of the event's badges */
    const char *firstname;
    const char *lastname;
    const char *company;
    const char *domain;
    const char *linkedin;
    const char *webhook;
    enr_custom_t custom[ENR_CUSTOM_MAX];
    size_t custom_count;
    enr_span_t countries[ENR_COUNTRIES_MAX];
    size_t country_count;
    unsigned types;
    bool allow_multi;

    /* the way to the service */
    const char *config;
    const char *key_file;
    const char *async_base;
    const char *sync_base;
    const char *ca;
    pins_t pins;
    bool allow_private;
    uint32_t timeout_s; /* of one request */
    uint32_t dns_s;     /* of its phases */
    uint32_t connect_s;
    uint32_t handshake_s;
    uint32_t send_s;
    uint32_t answer_s;
    uint32_t body_s;
    uint32_t poll_ms;    /* the first gap between two reads */
    uint32_t deadline_s; /* of waiting for the result */
} options_t;

/* Reads the arguments. EXIT_DONE; EXIT_USAGE with the problem. */
exit_code_t options_read(int argc, char **argv, options_t *out_options, problem_t *out_problem);

/* Adds a pin of 64 hexadecimal digits. NULL, or the rule that it breaks. */
const char *options_add_pin(pins_t *pins, const char *digits);

/* The rule that a text for --event, --device or --operator breaks, or NULL. */
const char *options_note_fault(const char *value);

/* A number of digits only, 1 to max; false: it is none. */
bool options_number(const char *text, uint32_t max, uint32_t *out_number);

#endif
