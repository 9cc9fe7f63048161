/* Leads as CSV (RFC 4180), safe to be opened by a spreadsheet. */
#ifndef CLI_LEADS_TABLE_H
#define CLI_LEADS_TABLE_H

#include "../record_json.h"

#include <stdio.h>

/* The first line. README.md says what stands in each column. */
#define TABLE_HEAD                                                                                                     \
    "number,first_seen,last_seen,scans,event,device,operator,firstname,lastname,company,domain,title,linkedin_url,"    \
    "captured_email,captured_phone,attendee_id,rating,answers,email_state,email,email_status,phone_state,phones,"      \
    "personal_email_state,personal_email,personal_email_status,first_seen_clock,last_seen_clock,consent_contact,"      \
    "consent_enrichment,consent_personal_email,consent_marketing,consent_method,notice\r\n"

/* The line of one lead. A value that a spreadsheet would take for a formula has an apostrophe before it (OWASP, CSV
   injection); the number of a phone has not: '+', digits, and marks between them. Control characters are spaces. */
void table_row(FILE *out, const full_record_t *full);

#endif
