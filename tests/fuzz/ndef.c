/* The memory of a tag, or its message, and a badge made of it. The first byte says which. */
#include "fuzz.h"

#include <stdlib.h>

#include "enrich/badge.h"
#include "enrich/ndef.h"

/* Records lie in the message, one behind the other; a message ends, and stays at its end. */
static void check_records(enr_span_t message)
{
    enr_span_t rest = message;
    enr_ndef_record_t record;
    size_t before = rest.len + 1;
    enr_status_t status;
    while ((status = enr_ndef_next(&rest, &record)) == ENR_OK) {
        MUST(fuzz_lies_in(record.payload, message) && fuzz_lies_in(rest, message));
        MUST(rest.len + 3 <= before && record.kind <= ENR_NDEF_OTHER && record.uri_prefix != NULL);
        MUST(record.kind == ENR_NDEF_URI || record.uri_prefix[0] == '\0');
        before = rest.len;
    }
    MUST((status == ENR_END || status == ENR_E_SYNTAX) && rest.len == 0);
    MUST(enr_ndef_next(&rest, &record) == ENR_END);
}

static void check_badge(enr_span_t message)
{
    enr_badge_t *badge = fuzz_allocate(sizeof *badge);
    enr_status_t status = enr_badge_read_ndef(message, NULL, badge);
    MUST(status == ENR_OK || status == ENR_E_LIMIT || status == ENR_E_SYNTAX);
    size_t all = 0;
    for (enr_field_t field = 0; field < ENR_FIELD_COUNT; field++) {
        enr_span_t text = enr_badge_field(badge, field);
        MUST(fuzz_is_printable(text) && enr_span_trim(text).len == text.len);
        MUST(fuzz_lies_in(text, message) || fuzz_lies_in(text, (enr_span_t){badge->text, sizeof badge->text}));
        MUST((text.len > 0) == (badge->sources[field] != ENR_SOURCE_NONE));
        all += text.len;
    }
    MUST(status == ENR_OK || all == 0);
    if (status == ENR_OK) {
        MUST(badge->kind == ENR_BADGE_NDEF && (badge->enrichable == 0) == (badge->reason != NULL));
        MUST(badge->contact.domain.len == 0 || enr_domain_valid(badge->contact.domain));
    }
    free(badge);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    enr_span_t input = {data, size};
    const bool is_memory = fuzz_choice(&input) % 2 == 1;
    enr_span_t bytes = fuzz_copy(input);
    enr_span_t message = bytes;
    enr_status_t status = is_memory ? enr_ndef_find_message(bytes, &message) : ENR_OK;
    MUST(status == ENR_OK || (status == ENR_E_SYNTAX && message.len == 0));
    MUST(fuzz_lies_in(message, bytes) && (status != ENR_OK || !is_memory || message.len > 0));
    check_records(message);
    check_badge(message);
    fuzz_free(bytes);
    return 0;
}
