/* What the files of the station room share. */
#ifndef ENRICH_STATION_INTERNAL_H
#define ENRICH_STATION_INTERNAL_H

#include "enrich/station.h"

/* Nothing is kept. Both give ENR_OK: something came of the payload. */
enr_status_t station_refuse(enr_scan_t *scan, const char *why, enr_status_t status);
enr_status_t station_not_kept(enr_scan_t *scan, enr_status_t status);

/* The memory behind the payload, for use until the next payload. */
enr_buffer_t station_scratch(enr_station_t *station);

/* Takes a word off the beginning of a text. False: it does not begin so. */
bool station_take_word(enr_span_t *text, const char *word);

/* Does what a code says; `code` is what follows "ENR:" (control.c). ENR_AGAIN: not yet. */
enr_status_t control(enr_station_t *station, enr_span_t code, uint32_t now_ms, enr_scan_t *out);

/* Opens a provisioning code; `text` is what follows its prefix (provision.c). ENR_AGAIN: not yet. */
enr_status_t provision(enr_station_t *station, enr_span_t text, uint32_t now_ms, enr_scan_t *out);

/* Has the roster fill in what a lead does not say itself (fill.c). ENR_OK, also when there is no roster, or nobody in
   it with the lead's id, or payload and entry do not fit the memory together; *out_listed: it was filled in.
   ENR_AGAIN. */
enr_status_t roster_fill(enr_station_t *station, enr_lead_t *lead, bool *out_no_scan, bool *out_listed);

#endif
