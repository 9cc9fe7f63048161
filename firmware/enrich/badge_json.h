/* What a badge says, as JSON. */
#ifndef CLI_BADGE_JSON_H
#define CLI_BADGE_JSON_H

#include "enrich/badge.h"

/* Bytes of the largest such object: a field is at most the whole payload and holds no control character, so that an
   escape makes two bytes of one. */
#define BADGE_JSON_MAX (ENR_FIELD_COUNT * 2 * (ENR_BADGE_MAX + ENR_BADGE_TEXT_MAX) + 2048)

/* Writes the object of "enrich badge --json" (README.md) into memory of BADGE_JSON_MAX bytes and gives a view of it. */
enr_span_t badge_json(const enr_badge_t *badge, uint8_t *memory);

#endif
