/* What a badge makes of a lead. */
#ifndef CLI_BADGE_LEAD_H
#define CLI_BADGE_LEAD_H

#include "enrich/badge.h"
#include "enrich/lead.h"

/* Fills in the fields and the payload of a lead; the others stay. Its spans are views of the payload and of static
   memory, good until the next call. As enr_badge_read; after an error the lead has only the payload. ENR_E_CONTACT: it
   is a secret that was shown by mistake (enr_badge_t.secret); the lead does not have it. */
ENR_NODISCARD enr_status_t badge_lead(enr_span_t payload, enr_lead_t *lead);

#endif
