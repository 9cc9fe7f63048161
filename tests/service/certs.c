#include "certs.h"

#include "file.h"
#include "text.h"

#include <errno.h>
#include <fcntl.h>
#include <gnutls/crypto.h>
#include <gnutls/gnutls.h>
#include <gnutls/x509.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <time.h>
#include <unistd.h>

#define CA_COMMON_NAME "enrich-sim test CA"
#define CA_NAME "CN=" CA_COMMON_NAME ",O=enrich-sim"
#define SERVER_NAME "CN=enrich-sim,O=enrich-sim"
#define DAY_SECONDS 86400
#define VALID_DAYS 730
#define RENEW_DAYS 7

static const char *const HOSTS[] = {"localhost", "app.prontohq.test", "api.prontohq.test", "app.pipecorn.test",
                                    "api.pipecorn.test"};
#define HOST_COUNT (sizeof HOSTS / sizeof HOSTS[0])

/* A key with its certificate. */
typedef struct {
    gnutls_x509_privkey_t key;
    gnutls_x509_crt_t certificate;
} identity_t;

static void check(int result, const char *what)
{
    if (result < 0) {
        sim_fail("%s: %s", what, gnutls_strerror(result));
    }
}

static void identity_init(identity_t *identity)
{
    check(gnutls_x509_privkey_init(&identity->key), "key");
    check(gnutls_x509_crt_init(&identity->certificate), "certificate");
}

static void identity_free(identity_t *identity)
{
    gnutls_x509_privkey_deinit(identity->key);
    gnutls_x509_crt_deinit(identity->certificate);
}

/* A new P-256 key and all of its certificate that CA and server have in common. */
static void identity_begin(identity_t *identity, const char *name)
{
    identity_init(identity);
    unsigned bits = GNUTLS_CURVE_TO_BITS(GNUTLS_ECC_CURVE_SECP256R1);
    check(gnutls_x509_privkey_generate2(identity->key, GNUTLS_PK_ECDSA, bits, 0, NULL, 0), "making a key");

    unsigned char serial[16];
    check(gnutls_rnd(GNUTLS_RND_NONCE, serial, sizeof serial), "serial number");
    serial[0] = (unsigned char)((serial[0] & 0x3F) | 0x40); /* positive and not zero */

    unsigned char key_id[20];
    size_t key_id_size = sizeof key_id;
    gnutls_x509_crt_t certificate = identity->certificate;
    check(gnutls_x509_crt_set_version(certificate, 3), "version");
    check(gnutls_x509_crt_set_serial(certificate, serial, sizeof serial), "serial number");
    check(gnutls_x509_crt_set_dn(certificate, name, NULL), "name");
    check(gnutls_x509_crt_set_key(certificate, identity->key), "key");
    check(gnutls_x509_crt_get_key_id(certificate, 0, key_id, &key_id_size), "key identifier");
    check(gnutls_x509_crt_set_subject_key_id(certificate, key_id, key_id_size), "key identifier");
    check(gnutls_x509_crt_set_activation_time(certificate, time(NULL) - DAY_SECONDS), "validity");
    check(gnutls_x509_crt_set_expiration_time(certificate, time(NULL) + (time_t)VALID_DAYS * DAY_SECONDS), "validity");
}

static void make_ca(identity_t *ca)
{
    identity_begin(ca, CA_NAME);
    check(gnutls_x509_crt_set_basic_constraints(ca->certificate, 1, 0), "basic constraints");
    check(gnutls_x509_crt_set_key_usage(ca->certificate, GNUTLS_KEY_KEY_CERT_SIGN), "key usage");
    check(gnutls_x509_crt_sign2(ca->certificate, ca->certificate, ca->key, GNUTLS_DIG_SHA256, 0), "signing the CA");
}

static void make_server(const identity_t *ca, identity_t *server)
{
    unsigned char key_id[20];
    size_t key_id_size = sizeof key_id;
    identity_begin(server, SERVER_NAME);
    check(gnutls_x509_crt_set_basic_constraints(server->certificate, 0, -1), "basic constraints");
    check(gnutls_x509_crt_set_key_usage(server->certificate, GNUTLS_KEY_DIGITAL_SIGNATURE), "key usage");
    check(gnutls_x509_crt_set_key_purpose_oid(server->certificate, GNUTLS_KP_TLS_WWW_SERVER, 0), "key purpose");
    check(gnutls_x509_crt_get_subject_key_id(ca->certificate, key_id, &key_id_size, NULL), "key identifier");
    check(gnutls_x509_crt_set_authority_key_id(server->certificate, key_id, key_id_size), "key identifier");
    for (size_t i = 0; i < HOST_COUNT; i++) {
        check(gnutls_x509_crt_set_subject_alt_name(server->certificate, GNUTLS_SAN_DNSNAME, HOSTS[i],
                                                   (unsigned)strlen(HOSTS[i]),
                                                   i == 0 ? GNUTLS_FSAN_SET : GNUTLS_FSAN_APPEND),
              "host name");
    }
    check(gnutls_x509_crt_sign2(server->certificate, ca->certificate, ca->key, GNUTLS_DIG_SHA256, 0),
          "signing the server's certificate");
}

static void write_certificate(const char *path, gnutls_x509_crt_t certificate)
{
    gnutls_datum_t pem;
    check(gnutls_x509_crt_export2(certificate, GNUTLS_X509_FMT_PEM, &pem), path);
    sim_file_write(path, 0644, pem.data, pem.size);
    gnutls_free(pem.data);
}

static void write_key(const char *path, gnutls_x509_privkey_t key)
{
    gnutls_datum_t pem;
    check(gnutls_x509_privkey_export2_pkcs8(key, GNUTLS_X509_FMT_PEM, NULL, GNUTLS_PKCS_PLAIN, &pem), path);
    sim_file_write(path, 0600, pem.data, pem.size);
    gnutls_memset(pem.data, 0, pem.size);
    gnutls_free(pem.data);
}

typedef struct {
    char *ca;
    char *chain;
    char *key;
} paths_t;

/* ca.pem goes first: as long as the others are the old ones, the set does not hold together and is made again. */
static void make_all(const paths_t *paths)
{
    identity_t ca;
    identity_t server;
    make_ca(&ca);
    make_server(&ca, &server);
    write_certificate(paths->ca, ca.certificate);
    write_key(paths->key, server.key);
    write_certificate(paths->chain, server.certificate);
    identity_free(&server);
    identity_free(&ca);
}

static bool read_certificate(const char *path, gnutls_x509_crt_t certificate)
{
    size_t length = 0;
    char *pem = sim_file_read(path, true, &length);
    if (pem == NULL) {
        return false;
    }
    gnutls_datum_t datum = {.data = (unsigned char *)pem, .size = (unsigned)length};
    bool good = gnutls_x509_crt_import(certificate, &datum, GNUTLS_X509_FMT_PEM) == GNUTLS_E_SUCCESS;
    free(pem);
    return good;
}

static bool read_key(const char *path, gnutls_x509_privkey_t key)
{
    size_t length = 0;
    char *pem = sim_file_read(path, true, &length);
    if (pem == NULL) {
        return false;
    }
    gnutls_datum_t datum = {.data = (unsigned char *)pem, .size = (unsigned)length};
    bool good = gnutls_x509_privkey_import2(key, &datum, GNUTLS_X509_FMT_PEM, NULL, 0) == GNUTLS_E_SUCCESS;
    gnutls_memset(pem, 0, length);
    free(pem);
    return good;
}

static bool key_fits(const identity_t *identity)
{
    unsigned char of_key[20];
    unsigned char of_certificate[20];
    size_t key_size = sizeof of_key;
    size_t certificate_size = sizeof of_certificate;
    return gnutls_x509_privkey_get_key_id(identity->key, 0, of_key, &key_size) == GNUTLS_E_SUCCESS &&
           gnutls_x509_crt_get_key_id(identity->certificate, 0, of_certificate, &certificate_size) ==
               GNUTLS_E_SUCCESS &&
           key_size == certificate_size && memcmp(of_key, of_certificate, key_size) == 0;
}

static bool lasts(gnutls_x509_crt_t certificate)
{
    return gnutls_x509_crt_get_expiration_time(certificate) > time(NULL) + (time_t)RENEW_DAYS * DAY_SECONDS;
}

static bool names_all_hosts(gnutls_x509_crt_t certificate)
{
    for (size_t i = 0; i < HOST_COUNT; i++) {
        if (gnutls_x509_crt_check_hostname(certificate, HOSTS[i]) == 0) {
            return false;
        }
    }
    return true;
}

/* Whether what was read belongs together and will do for a while. */
static bool set_is_good(gnutls_x509_crt_t ca, const identity_t *server)
{
    unsigned status = 0;
    return gnutls_x509_crt_verify(server->certificate, &ca, 1, 0, &status) == GNUTLS_E_SUCCESS && status == 0 &&
           key_fits(server) && lasts(ca) && lasts(server->certificate) && names_all_hosts(server->certificate);
}

static bool is_our_ca(gnutls_x509_crt_t ca)
{
    char name[64];
    size_t size = sizeof name;
    return gnutls_x509_crt_get_dn_by_oid(ca, GNUTLS_OID_X520_COMMON_NAME, 0, 0, name, &size) == GNUTLS_E_SUCCESS &&
           strcmp(name, CA_COMMON_NAME) == 0;
}

static bool any_exists(const paths_t *paths)
{
    return access(paths->ca, F_OK) == 0 || access(paths->chain, F_OK) == 0 || access(paths->key, F_OK) == 0;
}

static void make_if_needed(const char *directory, const paths_t *paths)
{
    gnutls_x509_crt_t ca;
    identity_t server;
    check(gnutls_x509_crt_init(&ca), "certificate");
    identity_init(&server);
    bool ours = read_certificate(paths->ca, ca) && is_our_ca(ca);
    bool good = ours && read_certificate(paths->chain, server.certificate) && read_key(paths->key, server.key) &&
                set_is_good(ca, &server);
    identity_free(&server);
    gnutls_x509_crt_deinit(ca);
    if (!ours && any_exists(paths)) {
        sim_fail("%s: holds ca.pem, server.pem or server-key.pem that are not enrich-sim's own; "
                 "give another directory with --state",
                 directory);
    }
    if (!good) {
        make_all(paths);
    }
}

/* Waits until no other enrich-sim is at work in the directory. */
static int lock_directory(const char *directory)
{
    int handle = open(directory, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (handle < 0 || flock(handle, LOCK_EX) != 0) {
        sim_fail("%s: %s", directory, strerror(errno));
    }
    return handle;
}

void sim_certs_prepare(const char *directory, sim_certs_t *out_certs)
{
    sim_directory_make(directory);
    char *absolute = realpath(directory, NULL);
    if (absolute == NULL) {
        sim_fail("%s: %s", directory, strerror(errno));
    }
    paths_t paths = {
        .ca = sim_format("%s/ca.pem", absolute),
        .chain = sim_format("%s/server.pem", absolute),
        .key = sim_format("%s/server-key.pem", absolute),
    };
    int lock = lock_directory(absolute);
    make_if_needed(absolute, &paths);
    sim_certs_load(paths.chain, paths.key, out_certs);
    (void)close(lock);
    out_certs->ca = paths.ca;
    free(paths.chain);
    free(paths.key);
    free(absolute);
}

void sim_certs_load(const char *chain_path, const char *key_path, sim_certs_t *out_certs)
{
    size_t chain_length = 0;
    size_t key_length = 0;
    *out_certs = (sim_certs_t){
        .chain = sim_file_read(chain_path, false, &chain_length),
        .key = sim_file_read(key_path, false, &key_length),
    };
    gnutls_datum_t chain = {.data = (unsigned char *)out_certs->chain, .size = (unsigned)chain_length};
    gnutls_datum_t key = {.data = (unsigned char *)out_certs->key, .size = (unsigned)key_length};
    gnutls_certificate_credentials_t credentials;
    check(gnutls_certificate_allocate_credentials(&credentials), "credentials");
    int result = gnutls_certificate_set_x509_key_mem2(credentials, &chain, &key, GNUTLS_X509_FMT_PEM, NULL, 0);
    if (result < 0) {
        sim_fail("%s with %s: %s", chain_path, key_path, gnutls_strerror(result));
    }
    gnutls_certificate_free_credentials(credentials);
}

void sim_certs_free(sim_certs_t *certs)
{
    free(certs->chain);
    if (certs->key != NULL) {
        gnutls_memset(certs->key, 0, strlen(certs->key));
    }
    free(certs->key);
    free(certs->ca);
}
