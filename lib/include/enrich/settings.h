/* What a device was told before it went out, as bytes: one item of the store, changed over a console or by a
   provisioning code (provision.h). The bytes are described in lib/settings/FORMAT.md. Pure functions. */
#ifndef ENRICH_SETTINGS_H
#define ENRICH_SETTINGS_H

#include "enrich/badge.h"
#include "enrich/lead.h"

/* Roots that a device trusts at most, and columns of a badge. */
#define ENR_SETTINGS_ANCHORS_MAX 4
#define ENR_SETTINGS_COLUMNS_MAX 16

/* A field's number stands on flash and in codes, and is never given to something else. */
typedef enum {
    ENR_SETTING_BASE = 1,
    ENR_SETTING_KEY = 2,
    ENR_SETTING_TIME = 3,
    ENR_SETTING_ANCHOR = 4, /* DER; the only one that may come more than once */
    ENR_SETTING_PRIVATE = 5,
    ENR_SETTING_EVENT = 6,
    ENR_SETTING_TYPES = 7,
    ENR_SETTING_RESEND = 8,
    ENR_SETTING_PERSONAL = 9,
    ENR_SETTING_SPREAD = 10,
    ENR_SETTING_DEVICE = 11,
    ENR_SETTING_NOTICE = 12,
    ENR_SETTING_SHEET = 13,
    ENR_SETTING_KEEP = 14,
    ENR_SETTING_DELIMITER = 15,
    ENR_SETTING_COLUMNS = 16,
    ENR_SETTING_PREFIX = 17,
    ENR_SETTING_ID_URL = 18,
    ENR_SETTING_HOSTS = 19,
    ENR_SETTINGS
} enr_setting_t;

/* Settings that were read: views of the bytes they came from. Must not be moved, since the profile points into it. */
typedef struct {
    enr_span_t base; /* of the asynchronous calls */
    enr_span_t api_key;
    enr_span_t time_server; /* empty: nobody is asked */
    enr_span_t event;
    enr_span_t device;
    enr_span_t notice;                            /* version of the text that people are shown */
    enr_span_t sheet;                             /* the word of the printed sheet of codes */
    enr_span_t anchors[ENR_SETTINGS_ANCHORS_MAX]; /* DER */
    size_t anchor_count;
    enr_badge_profile_t profile; /* how the event writes its badges */
    enr_field_t columns[ENR_SETTINGS_COLUMNS_MAX];
    bool allow_private;  /* private addresses of public names are tried: for a test rig */
    bool personal_email; /* this event allows personal_email */
    unsigned types;      /* wanted of every badge */
    uint16_t resend;     /* enr_agent_config_t, of all types */
    uint16_t spread_s;   /* enr_paces_t */
    uint16_t keep_days;  /* enr_agent_config_t */
    bool complete;       /* base, key and anchor are there: leads can be sent */
} enr_settings_t;

/* The name of a field as it is typed ("base"), a static string, or NULL; and its number by its name, or 0. */
const char *enr_setting_name(unsigned field);
unsigned enr_setting_of_name(enr_span_t name);

/* Appends a field: its number, the length of its value in 16 bits, least significant byte first, and the value. */
void enr_settings_append(enr_buffer_t *out, unsigned field, enr_span_t value);

/* Takes one field off *bytes. False at the end, and when the rest is malformed: *bytes is then not empty. */
bool enr_settings_next(enr_span_t *bytes, unsigned *out_field, enr_span_t *out_value);

/* Reads settings and checks them one by one and as a whole. No bytes are valid settings: badges are captured for
   `email`, and nothing is sent. ENR_OK; ENR_E_SETTING: *out_fault is the name of the field that is wrong or missing, a
   static string. */
ENR_NODISCARD enr_status_t enr_settings_read(enr_span_t bytes, enr_settings_t *out, const char **out_fault);

#endif
