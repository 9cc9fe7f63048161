/* How an event writes its badges, from a JSON file. */
#ifndef CLI_PROFILE_H
#define CLI_PROFILE_H

#include "enrich/badge.h"

#define PROFILE_MAX 8192 /* bytes of the file */
#define PROFILE_ALIASES_MAX 16
#define PROFILE_COLUMNS_MAX 32

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
   it says about the charset is taken into account. A card larger than ENR_BADGE_MAX goes without its notes and
   pictures, as frame leaves them out. The badge's fields are valid until the next call. */
enr_status_t profile_read_badge(enr_span_t bytes, const profile_t *profile, enr_badge_t *out_badge);

#endif
