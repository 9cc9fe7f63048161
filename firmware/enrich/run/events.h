/* What happens, one JSON object a line on standard output; README.md has the schema. */
#ifndef CLI_RUN_EVENTS_H
#define CLI_RUN_EVENTS_H

#include "enrich/json_writer.h"
#include "enrich/seal.h"

/* Begins an event with its name; its members are the caller's. One at a time. */
enr_json_writer_t *event_begin(const char *name);

/* Ends it and writes the line. hash: the line's bytes, with its end, are added to it; NULL: they are not. */
void event_end(enr_hash_t *hash);

/* A member that is a number. */
void event_number(enr_json_writer_t *json, const char *key, uint32_t number);

/* Why standard output cannot be written; NULL: it could be so far. */
const char *events_fault(void);

#endif
