#include "outcomes.h"

#define ACKNOWLEDGED ENR_EFFECT_ACKNOWLEDGED
#define BACK_OFF ENR_EFFECT_BACK_OFF
#define RETRY_AFTER ENR_EFFECT_RETRY_AFTER
#define FLAG ENR_EFFECT_FLAG
#define CLOSED ENR_EFFECT_CLOSED

/* clang-format off */
#define CELL(next, effects) {ENR_NEXT_##next, (effects), 0}
#define FLAGGED(next, effects, flag) {ENR_NEXT_##next, (effects) | FLAG, ENR_FLAG_##flag}
#define NEVER CELL(NEVER, 0)

/* The connection failed: nothing is known of the service. */
#define NO_ANSWER_FLAGGED(flag) {FLAGGED(READY, BACK_OFF, flag), FLAGGED(UNKNOWN, BACK_OFF, flag), FLAGGED(SAME, BACK_OFF, flag)}
/* The account is refused: the request stays as it is. Said of a single read, it is about that one id. */
#define ACCOUNT(flag) {FLAGGED(READY, 0, flag), NEVER, CELL(LATE, 0)}

/* Ways to end. Many statuses share one. */
enum {
    PENDING, FINISHED, VALIDATION, CREDITS, CONSENT, PLAN, UNAUTHORIZED, WRONG_SERVICE, RATE_LIMITED, NOT_FOUND, SERVER,
    IDENTITY, NOT_JSON, BAD_BODY, BAD_HTTP, NO_ANSWER, BAD_TLS, PORTAL, NO_TIME
};

static const enr_cell_t ways[][ENR_COLUMNS] = {
    /* { submit surely not accepted, submit accepted or perhaps, poll } */
    [PENDING] = {NEVER, CELL(PENDING, ACKNOWLEDGED), CELL(SAME_IN_TIME, ACKNOWLEDGED)},
    [FINISHED] = {NEVER, CELL(FINISHED, ACKNOWLEDGED), CELL(FINISHED, ACKNOWLEDGED)},

    /* the service has looked at the request */
    [VALIDATION] = {CELL(REJECTED, 0), NEVER, CELL(LATE, 0)},
    [CREDITS] = ACCOUNT(CREDITS),
    [CONSENT] = ACCOUNT(CONSENT),
    [PLAN] = ACCOUNT(PLAN),
    [UNAUTHORIZED] = {FLAGGED(READY, 0, UNAUTHORIZED), NEVER, FLAGGED(SAME, 0, UNAUTHORIZED)},
    [WRONG_SERVICE] = {FLAGGED(READY, 0, WRONG_SERVICE), FLAGGED(UNKNOWN, 0, WRONG_SERVICE), FLAGGED(SAME, 0, WRONG_SERVICE)},
    [RATE_LIMITED] = {CELL(READY, BACK_OFF | RETRY_AFTER), NEVER, CELL(SAME, BACK_OFF | RETRY_AFTER)},
    [NOT_FOUND] = {NEVER, NEVER, CELL(SAME_IN_GRACE, 0)},
    [SERVER] = {NEVER, CELL(UNKNOWN, BACK_OFF | RETRY_AFTER), CELL(SAME_IN_TIME, BACK_OFF | RETRY_AFTER)},

    /* an answer, but not the one that was asked for */
    [IDENTITY] = {NEVER, CELL(UNKNOWN, BACK_OFF | CLOSED), CELL(SAME_IN_TIME, BACK_OFF | CLOSED)},
    [NOT_JSON] = {NEVER, FLAGGED(UNKNOWN, BACK_OFF, WRONG_SERVICE), CELL(SAME_IN_TIME, BACK_OFF)},
    [BAD_BODY] = {NEVER, CELL(UNKNOWN, BACK_OFF), CELL(SAME_IN_TIME, BACK_OFF)}, /* a 2xx whose body is of no use */
    [BAD_HTTP] = {CELL(READY, BACK_OFF), CELL(UNKNOWN, BACK_OFF), CELL(SAME_IN_TIME, BACK_OFF)}, /* no HTTP answer */

    /* no answer */
    [NO_ANSWER] = {CELL(READY, BACK_OFF), CELL(UNKNOWN, BACK_OFF), CELL(SAME, BACK_OFF)},
    [BAD_TLS] = NO_ANSWER_FLAGGED(TLS),
    [PORTAL] = NO_ANSWER_FLAGGED(PORTAL),
    [NO_TIME] = NO_ANSWER_FLAGGED(NO_TIME),
};

const enr_outcome_t enr_outcomes[] = {
    {ENR_OK, PENDING, false},
    {ENR_OK, FINISHED, true},
    {ENR_E_VALIDATION, VALIDATION, false},
    {ENR_E_CREDITS, CREDITS, false},
    {ENR_E_CONSENT, CONSENT, false},
    {ENR_E_PLAN, PLAN, false},
    {ENR_E_UNAUTHORIZED, UNAUTHORIZED, false},
    {ENR_E_WRONG_SERVICE, WRONG_SERVICE, false},
    {ENR_E_RATE_LIMITED, RATE_LIMITED, false},
    {ENR_E_NOT_FOUND, NOT_FOUND, false},
    {ENR_E_SERVER, SERVER, false},

    {ENR_E_IDENTITY, IDENTITY, false},
    {ENR_E_NOT_JSON, NOT_JSON, false},
    {ENR_E_JSON_LIMIT, BAD_BODY, false},
    {ENR_E_UNEXPECTED, BAD_BODY, false},
    {ENR_E_LIMIT, BAD_BODY, false},
    {ENR_E_HTTP, BAD_HTTP, false},
    {ENR_E_HTTP_LIMIT, BAD_HTTP, false},
    {ENR_E_CONTENT_CODING, BAD_HTTP, false},

    {ENR_E_DNS, NO_ANSWER, false},
    {ENR_E_REFUSED, NO_ANSWER, false},
    {ENR_E_UNREACHABLE, NO_ANSWER, false},
    {ENR_E_RESET, NO_ANSWER, false},
    {ENR_E_CLOSED, NO_ANSWER, false},
    {ENR_E_TRUNCATED, NO_ANSWER, false},
    {ENR_E_NETWORK, NO_ANSWER, false},
    {ENR_E_TIMEOUT_DNS, NO_ANSWER, false},
    {ENR_E_TIMEOUT_CONNECT, NO_ANSWER, false},
    {ENR_E_TIMEOUT_HANDSHAKE, NO_ANSWER, false},
    {ENR_E_TIMEOUT_SEND, NO_ANSWER, false},
    {ENR_E_TIMEOUT_ANSWER, NO_ANSWER, false},
    {ENR_E_TIMEOUT_BODY, NO_ANSWER, false},
    {ENR_E_TIMEOUT_TOTAL, NO_ANSWER, false},
    {ENR_E_SETTING, NO_ANSWER, false},
    {ENR_E_ENTROPY, NO_ANSWER, false},
    {ENR_E_TLS_MEMORY, NO_ANSWER, false},
    {ENR_E_TLS_TRUNCATED, NO_ANSWER, false},
    {ENR_E_TLS_ALERT, BAD_TLS, false},
    {ENR_E_TLS_PROTOCOL, BAD_TLS, false},
    {ENR_E_TLS_RECORD, BAD_TLS, false},
    {ENR_E_CERT_TRUST, BAD_TLS, false},
    {ENR_E_CERT_EXPIRED, BAD_TLS, false},
    {ENR_E_CERT_NOT_YET_VALID, BAD_TLS, false},
    {ENR_E_CERT_USAGE, BAD_TLS, false},
    {ENR_E_CERT_WEAK, BAD_TLS, false},
    {ENR_E_CERT_PIN, BAD_TLS, false},
    {ENR_E_CERT_NAME, PORTAL, false}, /* behaviours 38 */
    {ENR_E_PORTAL, PORTAL, false}, /* no address, or 511 */
    {ENR_E_NO_TIME, NO_TIME, false},
};
/* clang-format on */
const size_t enr_outcome_count = sizeof enr_outcomes / sizeof enr_outcomes[0];

const enr_outcome_t *enr_outcome_of(enr_status_t status, bool finished)
{
    const enr_outcome_t *network = enr_outcomes;
    for (size_t i = 0; i < enr_outcome_count; i++) {
        const enr_outcome_t *row = &enr_outcomes[i];
        if ((enr_status_t)row->status == status && row->finished == (status == ENR_OK && finished)) {
            return row;
        }
        if (row->status == ENR_E_NETWORK) {
            network = row;
        }
    }
    return network;
}

const enr_cell_t *enr_outcome_cells(const enr_outcome_t *outcome)
{
    return ways[outcome->way];
}
