/* What this device was told before it went out: kept in the store as one sealed item, changed over the console
   (provision.h). */
#ifndef SETTINGS_H
#define SETTINGS_H

#include "enrich/lead.h"
#include "enrich/limits.h"

/* Roots that a device trusts at most. */
#define ANCHORS_MAX 4

/* A field's number stands on flash and is never given to something else. */
enum {
    FIELD_BASE = 1,
    FIELD_KEY = 2,
    FIELD_TIME = 3,
    FIELD_ANCHOR = 4, /* DER; the only one that may come more than once */
    FIELD_PRIVATE = 5,
    FIELD_EVENT = 6,
    FIELD_TYPES = 7,
    FIELD_RESEND = 8,
    FIELD_PERSONAL = 9,
    FIELD_SPREAD = 10,
    FIELD_DEVICE = 11,
    FIELD_COUNT
};

/* Views of the bytes they were read from. */
typedef struct {
    enr_span_t base; /* of the asynchronous calls */
    enr_span_t api_key;
    enr_span_t event;
    enr_span_t device;
    char time_server[ENR_HOST_MAX + 1]; /* empty: nobody is asked */
    enr_span_t anchors[ANCHORS_MAX];    /* DER */
    size_t anchor_count;
    bool allow_private;  /* private addresses of public names are tried: for a test rig */
    bool personal_email; /* this event allows personal_email */
    unsigned types;      /* wanted of every badge */
    uint8_t resend;      /* enr_agent_config_t, of all types */
    uint16_t spread_s;   /* enr_paces_t */
    bool complete;       /* base, key and anchor are there: leads can be sent */
} settings_t;

/* The name of a field as it is typed ("base"), or NULL; and its number by its name, or 0. */
const char *settings_name(unsigned field);
unsigned settings_field(enr_span_t name);

/* Appends a field: its number, the length of its value in 16 bits, least significant byte first, and the value. */
void settings_append(enr_buffer_t *out, unsigned field, enr_span_t value);

/* Takes one field off *bytes. False at the end, and when the rest is malformed: *bytes is then not empty. */
bool settings_next(enr_span_t *bytes, unsigned *out_field, enr_span_t *out_value);

/* Reads settings and checks them one by one and as a whole. No bytes are valid settings: badges are captured and
   nothing is sent. ENR_OK; ENR_E_SETTING: *out_fault is the name of the field that is wrong or missing. */
ENR_NODISCARD enr_status_t settings_read(enr_span_t bytes, settings_t *out, const char **out_fault);

#endif
