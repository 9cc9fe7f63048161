#include "outcome.h"

#include <assert.h>

#define PORTAL "a captive portal or an inspecting proxy shows this: open a web page on this network first"

typedef struct {
    enr_status_t status;
    exit_code_t code;
    bool passes; /* may be over in a moment */
    const char *hint;
} outcome_t;

static const outcome_t OUTCOMES[] = {
    {ENR_OK, EXIT_DONE, false, NULL},
    {ENR_AGAIN, EXIT_ANSWER, false, NULL}, /* these three end no call */
    {ENR_READY, EXIT_ANSWER, false, NULL},
    {ENR_END, EXIT_ANSWER, false, NULL},

    {ENR_E_LIMIT, EXIT_ANSWER, false, NULL},
    {ENR_E_UTF8, EXIT_REFUSED_HERE, false, NULL},
    {ENR_E_CONTACT, EXIT_REFUSED_HERE, false, NULL},
    {ENR_E_SETTING, EXIT_SETTING, false, NULL},
    {ENR_E_URL, EXIT_SETTING, false, NULL},
    {ENR_E_SYNTAX, EXIT_REFUSED_HERE, false, NULL},
    {ENR_E_FLASH, EXIT_SETTING, false, NULL},
    {ENR_E_KEY, EXIT_SETTING, false, NULL},
    {ENR_E_FULL, EXIT_SETTING, false, NULL},
    {ENR_E_VERSION, EXIT_SETTING, false, NULL},
    {ENR_E_SEAL, EXIT_SETTING, false, NULL},
    {ENR_E_BUSY, EXIT_SETTING, false, NULL},

    {ENR_E_DNS, EXIT_NETWORK, true, "check the host name and the network"},
    {ENR_E_REFUSED, EXIT_NETWORK, true, "nothing listens there: check host and port"},
    {ENR_E_UNREACHABLE, EXIT_NETWORK, true, "check the network"},
    {ENR_E_RESET, EXIT_NETWORK, true, NULL},
    {ENR_E_CLOSED, EXIT_NETWORK, true, NULL},
    {ENR_E_TRUNCATED, EXIT_NETWORK, true, NULL},
    {ENR_E_PORTAL, EXIT_NETWORK, false,
     "open a web page on this network first; if the address is meant, say --allow-private"},
    {ENR_E_NETWORK, EXIT_NETWORK, true, "check the network"},
    {ENR_E_TIMEOUT_DNS, EXIT_NETWORK, true, "check the network"},
    {ENR_E_TIMEOUT_CONNECT, EXIT_NETWORK, true, "check host, port and firewall"},
    {ENR_E_TIMEOUT_HANDSHAKE, EXIT_NETWORK, true, NULL},
    {ENR_E_TIMEOUT_SEND, EXIT_NETWORK, true, NULL},
    {ENR_E_TIMEOUT_ANSWER, EXIT_NETWORK, true, NULL},
    {ENR_E_TIMEOUT_BODY, EXIT_NETWORK, true, NULL},
    {ENR_E_TIMEOUT_TOTAL, EXIT_NETWORK, true, NULL},

    {ENR_E_TLS_ALERT, EXIT_TLS, false, NULL},
    {ENR_E_TLS_PROTOCOL, EXIT_TLS, false, "check that host and port speak https"},
    {ENR_E_TLS_RECORD, EXIT_TLS, false, NULL},
    {ENR_E_TLS_MEMORY, EXIT_TLS, false, NULL},
    {ENR_E_TLS_TRUNCATED, EXIT_NETWORK, true, NULL},
    {ENR_E_CERT_TRUST, EXIT_TLS, false, "if the server is yours, name its CA by --ca FILE; " PORTAL},
    {ENR_E_CERT_NAME, EXIT_TLS, false, "check the host name; " PORTAL},
    {ENR_E_CERT_EXPIRED, EXIT_TLS, false, "check this computer's clock; if it is right, the server's owner must act"},
    {ENR_E_CERT_NOT_YET_VALID, EXIT_TLS, false, "check this computer's clock"},
    {ENR_E_CERT_USAGE, EXIT_TLS, false, "the server's owner must act"},
    {ENR_E_CERT_WEAK, EXIT_TLS, false, "the server's owner must act"},
    {ENR_E_CERT_PIN, EXIT_TLS, false, "check the pinned keys; " PORTAL},
    {ENR_E_NO_TIME, EXIT_TLS, false, "set this computer's clock"},
    {ENR_E_ENTROPY, EXIT_TLS, false, NULL},

    {ENR_E_HTTP, EXIT_ANSWER, false, "check that this is the service's address"},
    {ENR_E_HTTP_LIMIT, EXIT_ANSWER, false, NULL},
    {ENR_E_CONTENT_CODING, EXIT_ANSWER, false, NULL},
    {ENR_E_NOT_JSON, EXIT_ANSWER, false, "a proxy, a portal or another server may have answered"},
    {ENR_E_JSON_LIMIT, EXIT_ANSWER, false, NULL},
    {ENR_E_UNEXPECTED, EXIT_ANSWER, false, NULL},

    {ENR_E_IDENTITY, EXIT_ANSWER, false, NULL},
    {ENR_E_WRONG_SERVICE, EXIT_ANSWER, false, "check the base URL; a redirect is never followed"},
    {ENR_E_UNAUTHORIZED, EXIT_KEY_REFUSED, false, "check the key that --key-file or ENRICH_API_KEY gives"},
    {ENR_E_CREDITS, EXIT_ACCOUNT, false, "top up the account"},
    {ENR_E_CONSENT, EXIT_ACCOUNT, false, "its owner must accept the terms in the web application"},
    {ENR_E_PLAN, EXIT_ACCOUNT, false, NULL},
    {ENR_E_VALIDATION, EXIT_REFUSED_THERE, false, NULL},
    {ENR_E_RATE_LIMITED, EXIT_RATE_LIMITED, true, NULL},
    {ENR_E_NOT_FOUND, EXIT_NO_SUCH_ID, false, "check the id"},
    {ENR_E_SERVER, EXIT_NETWORK, true, NULL},
};

#define VALUE(name, value, meaning) ENR_##name,
_Static_assert(sizeof OUTCOMES / sizeof OUTCOMES[0] == sizeof((int[]){ENR_STATUS_LIST(VALUE)}) / sizeof(int),
               "every status has its row");
#undef VALUE

static const outcome_t *find(enr_status_t status)
{
    size_t i = 0;
    while (OUTCOMES[i].status != status) {
        i++;
        assert(i < sizeof OUTCOMES / sizeof OUTCOMES[0]);
    }
    return &OUTCOMES[i];
}

exit_code_t outcome_exit(enr_status_t status)
{
    return find(status)->code;
}

const char *outcome_hint(enr_status_t status)
{
    return find(status)->hint;
}

bool outcome_passes(enr_status_t status)
{
    return find(status)->passes;
}

exit_code_t outcome_problem(problem_t *out_problem, exit_code_t code, const char *where, const char *what)
{
    *out_problem = (problem_t){.status = ENR_OK, .where = where, .what = what};
    return code;
}
