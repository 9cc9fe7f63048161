#include "outcomes.h"

#define ACKNOWLEDGED ENR_EFFECT_ACKNOWLEDGED
#define BACK_OFF ENR_EFFECT_BACK_OFF
#define RETRY_AFTER ENR_EFFECT_RETRY_AFTER
#define FLAG ENR_EFFECT_FLAG
#define CLOSED ENR_EFFECT_CLOSED

#define CELL(next, effects)                                                                                            \
    {                                                                                                                  \
        ENR_NEXT_##next, (effects), 0                                                                                  \
    }
#define FLAGGED(next, effects, flag)                                                                                   \
    {                                                                                                                  \
        ENR_NEXT_##next, (effects) | FLAG, ENR_FLAG_##flag                                                             \
    }
#define NEVER CELL(NEVER, 0)

/* The connection failed: nothing is known of the service. */
#define NO_ANSWER(status)                                                                                              \
    {                                                                                                                  \
        ENR_E_##status, false,                                                                                         \
        {                                                                                                              \
            CELL(READY, BACK_OFF), CELL(UNKNOWN, BACK_OFF), CELL(SAME, BACK_OFF)                                       \
        }                                                                                                              \
    }
#define NO_ANSWER_FLAGGED(status, flag)                                                                                \
    {                                                                                                                  \
        ENR_E_##status, false,                                                                                         \
        {                                                                                                              \
            FLAGGED(READY, BACK_OFF, flag), FLAGGED(UNKNOWN, BACK_OFF, flag), FLAGGED(SAME, BACK_OFF, flag)            \
        }                                                                                                              \
    }
/* Bytes came back that are no HTTP answer. */
#define BAD_HTTP(status)                                                                                               \
    {                                                                                                                  \
        ENR_E_##status, false,                                                                                         \
        {                                                                                                              \
            CELL(READY, BACK_OFF), CELL(UNKNOWN, BACK_OFF), CELL(SAME_IN_TIME, BACK_OFF)                               \
        }                                                                                                              \
    }
/* A 2xx whose body is of no use. */
#define BAD_BODY(status)                                                                                               \
    {                                                                                                                  \
        ENR_E_##status, false,                                                                                         \
        {                                                                                                              \
            NEVER, CELL(UNKNOWN, BACK_OFF), CELL(SAME_IN_TIME, BACK_OFF)                                               \
        }                                                                                                              \
    }
/* The account is refused: the request stays as it is. Said of a single read, it is about that one id. */
#define ACCOUNT(status, flag)                                                                                          \
    {                                                                                                                  \
        ENR_E_##status, false,                                                                                         \
        {                                                                                                              \
            FLAGGED(READY, 0, flag), NEVER, CELL(LATE, 0)                                                              \
        }                                                                                                              \
    }

/* clang-format off */
const enr_outcome_t enr_outcomes[] = {
    /* status, finished, { submit surely not accepted, submit accepted or perhaps, poll } */
    {ENR_OK, false, {NEVER, CELL(PENDING, ACKNOWLEDGED), CELL(SAME_IN_TIME, ACKNOWLEDGED)}},
    {ENR_OK, true, {NEVER, CELL(FINISHED, ACKNOWLEDGED), CELL(FINISHED, ACKNOWLEDGED)}},

    /* the service has looked at the request */
    {ENR_E_VALIDATION, false, {CELL(REJECTED, 0), NEVER, CELL(LATE, 0)}},
    ACCOUNT(CREDITS, CREDITS),
    ACCOUNT(CONSENT, CONSENT),
    ACCOUNT(PLAN, PLAN),
    {ENR_E_UNAUTHORIZED, false, {FLAGGED(READY, 0, UNAUTHORIZED), NEVER, FLAGGED(SAME, 0, UNAUTHORIZED)}},
    {ENR_E_WRONG_SERVICE, false, {FLAGGED(READY, 0, WRONG_SERVICE), FLAGGED(UNKNOWN, 0, WRONG_SERVICE), FLAGGED(SAME, 0, WRONG_SERVICE)}},
    {ENR_E_RATE_LIMITED, false, {CELL(READY, BACK_OFF | RETRY_AFTER), NEVER, CELL(SAME, BACK_OFF | RETRY_AFTER)}},
    {ENR_E_NOT_FOUND, false, {NEVER, NEVER, CELL(SAME_IN_GRACE, 0)}},
    {ENR_E_SERVER, false, {NEVER, CELL(UNKNOWN, BACK_OFF | RETRY_AFTER), CELL(SAME_IN_TIME, BACK_OFF | RETRY_AFTER)}},

    /* an answer, but not the one that was asked for */
    {ENR_E_IDENTITY, false, {NEVER, CELL(UNKNOWN, BACK_OFF | CLOSED), CELL(SAME_IN_TIME, BACK_OFF | CLOSED)}},
    {ENR_E_NOT_JSON, false, {NEVER, FLAGGED(UNKNOWN, BACK_OFF, WRONG_SERVICE), CELL(SAME_IN_TIME, BACK_OFF)}},
    BAD_BODY(JSON_LIMIT),
    BAD_BODY(UNEXPECTED),
    BAD_BODY(LIMIT),
    BAD_HTTP(HTTP),
    BAD_HTTP(HTTP_LIMIT),
    BAD_HTTP(CONTENT_CODING),

    /* no answer */
    NO_ANSWER(DNS),
    NO_ANSWER(REFUSED),
    NO_ANSWER(UNREACHABLE),
    NO_ANSWER(RESET),
    NO_ANSWER(CLOSED),
    NO_ANSWER(TRUNCATED),
    NO_ANSWER(NETWORK),
    NO_ANSWER(TIMEOUT_DNS),
    NO_ANSWER(TIMEOUT_CONNECT),
    NO_ANSWER(TIMEOUT_HANDSHAKE),
    NO_ANSWER(TIMEOUT_SEND),
    NO_ANSWER(TIMEOUT_ANSWER),
    NO_ANSWER(TIMEOUT_BODY),
    NO_ANSWER(TIMEOUT_TOTAL),
    NO_ANSWER(SETTING),
    NO_ANSWER(ENTROPY),
    NO_ANSWER(TLS_MEMORY),
    NO_ANSWER(TLS_TRUNCATED),
    NO_ANSWER_FLAGGED(TLS_ALERT, TLS),
    NO_ANSWER_FLAGGED(TLS_PROTOCOL, TLS),
    NO_ANSWER_FLAGGED(TLS_RECORD, TLS),
    NO_ANSWER_FLAGGED(CERT_TRUST, TLS),
    NO_ANSWER_FLAGGED(CERT_EXPIRED, TLS),
    NO_ANSWER_FLAGGED(CERT_NOT_YET_VALID, TLS),
    NO_ANSWER_FLAGGED(CERT_USAGE, TLS),
    NO_ANSWER_FLAGGED(CERT_WEAK, TLS),
    NO_ANSWER_FLAGGED(CERT_PIN, TLS),
    NO_ANSWER_FLAGGED(CERT_NAME, PORTAL), /* behaviours 38 */
    NO_ANSWER_FLAGGED(PORTAL, PORTAL), /* no address, or 511 */
    NO_ANSWER_FLAGGED(NO_TIME, NO_TIME),
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
