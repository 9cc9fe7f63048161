#include "badge_lead.h"

enr_status_t badge_lead(enr_span_t payload, enr_lead_t *lead)
{
    static enr_badge_t badge;
    lead->payload = payload;
    enr_status_t status = enr_badge_read(payload, NULL, &badge);
    if (status == ENR_OK && badge.secret) {
        lead->payload = (enr_span_t){NULL, 0};
        return ENR_E_CONTACT;
    }
    if (status == ENR_OK) {
        lead->contact = badge.contact;
        lead->email = badge.email;
        lead->phone = badge.phone;
        lead->title = badge.title;
        lead->attendee_id = badge.attendee_id;
    }
    return status;
}
