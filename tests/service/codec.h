/* HTTP and JSON on one side, the rules' typed requests and answers on the other. No sockets. */
#ifndef SERVICE_CODEC_H
#define SERVICE_CODEC_H

#include "rules.h"
#include "variants.h"

#include <jansson.h>

#define SIM_BODY_MAX ((size_t)1024 * 1024) /* bytes of a request body */

/* A request as it came over HTTP, borrowed. */
typedef struct {
    const char *method;
    const char *path;         /* percent-decoded, without the query */
    const char *host;         /* value of Host; NULL: not there */
    const char *api_key;      /* value of X-API-KEY; NULL: not there */
    const char *content_type; /* NULL: not there */
    const char *body;
    size_t body_length;
    bool body_too_long; /* more than SIM_BODY_MAX; body is not to be read */
} sim_http_request_t;

/* A typed request and what its pointers point to. It points into itself: do not copy it. */
typedef struct {
    sim_request_t request;
    const char *allow; /* value of the Allow header when the method is wrong, else NULL */
    sim_faults_t faults;
    json_t *root;
    sim_contact_t *contacts;
    char **customs;
    const char **types;
    const char **country_codes;
} sim_decoded_t;

/*
 * Makes a typed request of any HTTP request: one that is none of the calls, or whose body cannot be read, becomes
 * SIM_CALL_NONE with the status to answer it with. A path below /api/v2 is one on the app host, a path below /v2 one on
 * the api host (api-contract 1). out_decoded borrows from http and is to be given to sim_decoded_free.
 */
void sim_decode(const sim_http_request_t *http, const sim_variants_t *variants, sim_decoded_t *out_decoded);

void sim_decoded_free(sim_decoded_t *decoded);

/* The body of an answer, to be freed. */
char *sim_encode(const sim_answer_t *answer, const sim_variants_t *variants);

/* The body of a callback, to be freed: what a read would show (api-contract 6). */
char *sim_encode_callback(const sim_result_t *result, const sim_variants_t *variants);

#endif
