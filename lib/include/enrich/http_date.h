/* HTTP-date and Retry-After. */
#ifndef ENRICH_HTTP_DATE_H
#define ENRICH_HTTP_DATE_H

#include "enrich/span.h"
#include "enrich/status.h"

/* Seconds since 1970-01-01T00:00:00Z of a date of the Gregorian calendar, UTC. The month counts from 1. No check:
   fields out of their ranges give a date that does not exist. */
int64_t enr_seconds_of_date(unsigned year, unsigned month, unsigned day, unsigned hour, unsigned minute,
                            unsigned second);

/* Whole days since 1970 of seconds since 1970, 0 to 2^39 - 1. */
uint32_t enr_day_of_seconds(int64_t seconds);

/* Seconds since 1970-01-01T00:00:00Z of an HTTP-date in any of its three forms (RFC 9110 5.6.7). `now` resolves the
   two-digit year of the RFC 850 form. ENR_OK, ENR_E_SYNTAX. */
ENR_NODISCARD enr_status_t enr_http_date_parse(enr_span_t text, int64_t now, int64_t *out_seconds);

/* Seconds to wait from now: delay-seconds, or an HTTP-date (one in the past gives 0) (RFC 9110 10.2.3). Not capped
   here: the caller's policy does that. A number too large for 32 bits gives UINT32_MAX. ENR_OK, ENR_E_SYNTAX. */
ENR_NODISCARD enr_status_t enr_retry_after_parse(enr_span_t text, int64_t now, uint32_t *out_seconds);

#endif
