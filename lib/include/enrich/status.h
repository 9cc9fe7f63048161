/* One enum for every outcome of every function. */
#ifndef ENRICH_STATUS_H
#define ENRICH_STATUS_H

#if defined(__GNUC__) || defined(__clang__)
#define ENR_NODISCARD __attribute__((warn_unused_result))
#define ENR_NOINLINE __attribute__((noinline)) /* of a large frame that must not lie below what others call */
#else
#define ENR_NODISCARD
#define ENR_NOINLINE
#endif

/* X(name, value, "what it means"). 0 is success, positive values are progress and not errors, negative values are
   errors. A value, once released, keeps its meaning: scripts and journals hold them. */
#define ENR_STATUS_LIST(X)                                                                                             \
    X(OK, 0, "done")                                                                                                   \
    X(AGAIN, 1, "not done yet: call again when what it waits for has come")                                            \
    X(READY, 2, "the request is ready and waits for commit; no byte of it was sent")                                   \
    X(END, 3, "the other side ended the stream in an orderly way, or a list has no more entries")                      \
    /* local */                                                                                                        \
    X(E_LIMIT, -1, "larger than a documented limit")                                                                   \
    X(E_UTF8, -2, "text is not valid UTF-8")                                                                           \
    X(E_CONTACT, -3, "the local check refused the request")                                                            \
    X(E_SETTING, -4, "a setting is malformed")                                                                         \
    X(E_URL, -5, "not a usable URL")                                                                                   \
    X(E_SYNTAX, -6, "text does not follow its grammar")                                                                \
    X(E_FLASH, -7, "the flash failed")                                                                                 \
    X(E_KEY, -8, "the device has no key")                                                                              \
    X(E_FULL, -9, "the journal is full: nothing was overwritten")                                                      \
    X(E_VERSION, -10, "stored by a newer format: nothing was changed")                                                 \
    X(E_SEAL, -11, "stored data do not open: another key, or damage")                                                  \
    X(E_BUSY, -12, "in use by another program")                                                                        \
    /* network */                                                                                                      \
    X(E_DNS, -20, "the host name does not resolve")                                                                    \
    X(E_REFUSED, -21, "connection refused")                                                                            \
    X(E_UNREACHABLE, -22, "host or network unreachable")                                                               \
    X(E_RESET, -23, "connection reset")                                                                                \
    X(E_CLOSED, -24, "connection closed before an answer began")                                                       \
    X(E_TRUNCATED, -25, "connection closed inside the answer")                                                         \
    X(E_PORTAL, -26, "captive portal suspected: a private address for a public name, or HTTP 511")                     \
    X(E_NETWORK, -27, "network failure of another kind")                                                               \
    X(E_TIMEOUT_DNS, -30, "timeout while resolving the host name")                                                     \
    X(E_TIMEOUT_CONNECT, -31, "timeout while connecting")                                                              \
    X(E_TIMEOUT_HANDSHAKE, -32, "timeout in the TLS handshake")                                                        \
    X(E_TIMEOUT_SEND, -33, "timeout while sending the request")                                                        \
    X(E_TIMEOUT_ANSWER, -34, "timeout while waiting for the answer to begin")                                          \
    X(E_TIMEOUT_BODY, -35, "timeout inside the answer")                                                                \
    X(E_TIMEOUT_TOTAL, -36, "the deadline of the whole attempt has passed")                                            \
    /* TLS */                                                                                                          \
    X(E_TLS_ALERT, -40, "the server ended TLS with an alert")                                                          \
    X(E_TLS_PROTOCOL, -41, "TLS protocol error")                                                                       \
    X(E_TLS_RECORD, -42, "a TLS record or handshake message is larger than the input buffer")                          \
    X(E_TLS_MEMORY, -43, "out of TLS memory")                                                                          \
    X(E_TLS_TRUNCATED, -44, "connection ended without close_notify")                                                   \
    X(E_CERT_TRUST, -45, "the certificate does not lead to a trusted root")                                            \
    X(E_CERT_NAME, -46, "the certificate is for another name")                                                         \
    X(E_CERT_EXPIRED, -47, "the certificate has expired")                                                              \
    X(E_CERT_NOT_YET_VALID, -48, "the certificate is not valid yet")                                                   \
    X(E_CERT_USAGE, -49, "the certificate is not meant for a TLS server")                                              \
    X(E_CERT_WEAK, -50, "the certificate uses a weak key or hash")                                                     \
    X(E_CERT_PIN, -53, "the certificate does not lead to a pinned key")                                                \
    X(E_NO_TIME, -51, "no believable time, so no certificate can be checked")                                          \
    X(E_ENTROPY, -52, "no entropy, so no TLS")                                                                         \
    /* HTTP and JSON */                                                                                                \
    X(E_HTTP, -60, "the answer is not valid HTTP/1.1")                                                                 \
    X(E_HTTP_LIMIT, -61, "the answer exceeds a documented HTTP limit")                                                 \
    X(E_CONTENT_CODING, -62, "the answer has a content coding that was not asked for")                                 \
    X(E_NOT_JSON, -63, "the answer is not JSON")                                                                       \
    X(E_JSON_LIMIT, -64, "the JSON text exceeds a documented limit")                                                   \
    X(E_UNEXPECTED, -65, "the answer is JSON without the expected members")                                            \
    /* the service */                                                                                                  \
    X(E_IDENTITY, -80, "the answer belongs to another request")                                                        \
    X(E_WRONG_SERVICE, -81, "the address does not answer as the service does")                                         \
    X(E_UNAUTHORIZED, -82, "the API key was refused")                                                                  \
    X(E_CREDITS, -83, "not enough credits")                                                                            \
    X(E_CONSENT, -84, "the account has not consented to personal e-mail enrichment")                                   \
    X(E_PLAN, -85, "the account's plan does not allow it")                                                             \
    X(E_VALIDATION, -86, "the service refused the request's data")                                                     \
    X(E_RATE_LIMITED, -87, "too many requests")                                                                        \
    X(E_NOT_FOUND, -88, "the service knows no such id")                                                                \
    X(E_SERVER, -89, "the service failed")

typedef enum {
#define ENR_STATUS_ENUM(name, value, meaning) ENR_##name = (value),
    ENR_STATUS_LIST(ENR_STATUS_ENUM)
#undef ENR_STATUS_ENUM
} enr_status_t;

/* The name of a status without its prefix ("E_DNS"), or "?" for a value that is none. A static string. */
const char *enr_status_name(enr_status_t status);

/* The meaning of a status as a short English phrase ("the host name does not resolve"), or "?". A static string. */
const char *enr_status_meaning(enr_status_t status);

#endif
