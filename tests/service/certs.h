/* The certificate and key that enrich-sim shows to its clients. */
#ifndef SERVICE_CERTS_H
#define SERVICE_CERTS_H

typedef struct {
    char *chain; /* PEM, the server's certificate first */
    char *key;   /* PEM */
    char *ca;    /* path of the CA's certificate for clients to trust; NULL: the user's own certificate */
} sim_certs_t;

/*
 * Takes ca.pem, server.pem and server-key.pem from the directory when they belong together and have more than a week
 * to go; else makes them anew, for two years from yesterday. The CA is EC P-256; its key is thrown away once it has
 * signed, so nobody can sign another certificate with it. Two programs may start at once. Ends the program with a
 * sentence when it cannot, and rather than to overwrite a ca.pem that is not its own.
 */
void sim_certs_prepare(const char *directory, sim_certs_t *out_certs);

/* Takes the user's own. Ends the program with a sentence when they cannot be used. */
void sim_certs_load(const char *chain_path, const char *key_path, sim_certs_t *out_certs);

void sim_certs_free(sim_certs_t *certs);

#endif
