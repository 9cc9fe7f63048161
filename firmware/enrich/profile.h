/* How an event writes its badges, from a JSON file. */
#ifndef CLI_PROFILE_H
#define CLI_PROFILE_H

#include "enrich/badge.h"
#include "enrich/frame.h"

#define PROFILE_MAX 8192 /* bytes of the file */
#define PROFILE_ALIASES_MAX 16
#define PROFILE_COLUMNS_MAX 32
#define PROFILE_AIM_LEN 3

/* A profile and what it points to: it must not be copied or moved while it is used. */
typedef struct {
    enr_badge_profile_t badge;
    bool has_aim;         /* payloads begin with an AIM identifier */
    enr_span_t aim_given; /* or were read with this one, "]Q2" */
    enr_span_t aliases[PROFILE_ALIASES_MAX];
    enr_field_t columns[PROFILE_COLUMNS_MAX];
    uint8_t text[PROFILE_MAX];
    size_t text_len;
} profile_t;

/* Reads a profile: an object with none, some or all of the keys in README.md. NULL, or what is wrong with it, a static
   text; the profile then has no use. The JSON text must stay. */
const char *profile_read(enr_span_t json, profile_t *out_profile);

/* Reads a badge by the profile, or without one (NULL): as enr_badge_read, after an AIM identifier is taken off and what
   it says about the charset is taken into account. payload is changed, and has room for PROFILE_AIM_LEN bytes more. */
enr_status_t profile_read_badge(uint8_t *payload, size_t len, const profile_t *profile, enr_badge_t *out_badge);

#endif
