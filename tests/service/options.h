/* The command line of enrich-sim. */
#ifndef SERVICE_OPTIONS_H
#define SERVICE_OPTIONS_H

#include "rules.h"
#include "server.h"

#include <stdbool.h>
#include <stdint.h>

/* The key that is accepted when none is given. */
#define SIM_DEFAULT_KEY "sim-key"

/* Paths and keys point into the arguments. */
typedef struct {
    const char *address;
    uint16_t port;
    char *state;            /* directory of the certificates, to be freed */
    const char *chain_file; /* NULL: certificates of our own */
    const char *key_file;
    const char *people_file; /* NULL: the seed decides who is found */
    const char *log_file;    /* NULL: no log; "-": stdout */
    const char *ledger_file; /* NULL: no ledger */
    bool log_bodies;         /* the log shows what was asked and answered, personal data included */
    bool until_eof;
    sim_variants_t variants;
    sim_webhook_settings_t webhook; /* its seed and log are not set */
    const char *faults_file;        /* NULL: no faults */
    const char *admin_key;          /* NULL: no admin calls */
    sim_retry_after_t retry_after;
    char *countries;            /* text of --country, to be freed; rules.country_codes point into it */
    const char **country_codes; /* to be freed */
    const char **api_keys;      /* to be freed */
    sim_settings_t rules;       /* its keys are api_keys; its people are not set */
} sim_options_t;

/* Ends the program: with status 0 after --help, with 2 and a sentence when an argument is wrong. */
void sim_options_read(int argc, char **argv, sim_options_t *out_options);

void sim_options_free(sim_options_t *options);

#endif
