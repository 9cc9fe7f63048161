/* The kind of tls: chains of certificates, checked as a handshake would. */
#include "conformance.h"

#include <arpa/inet.h>
#include <gnutls/gnutls.h>
#include <gnutls/x509.h>
#include <stdlib.h>
#include <string.h>

#include "enrich/tls.h"
#include "enrich_posix.h"

static const char begin_line[] = "-----BEGIN CERTIFICATE-----";

typedef struct {
    enr_span_t *der;
    size_t count;
} pile_t;

static enr_status_t give_time(void *ctx, int64_t *out_seconds)
{
    *out_seconds = *(const int64_t *)ctx;
    return ENR_OK;
}

static uint32_t no_milliseconds(void *ctx)
{
    (void)ctx;
    return 0;
}

static char *next_block(char *text)
{
    return strstr(text, begin_line);
}

/* Every certificate of a PEM text (RFC 7468), each in an allocation of exactly its length. False: that is not PEM. */
static bool read_pem(enr_span_t pem, pile_t *out_pile)
{
    char *text = (char *)allocate(pem.len + 1);
    memcpy(text, pem.ptr, pem.len);
    text[pem.len] = '\0';
    size_t blocks = 0;
    for (char *at = next_block(text); at != NULL; at = next_block(at + 1)) {
        blocks++;
    }
    *out_pile = (pile_t){.der = (enr_span_t *)(void *)allocate(blocks * sizeof *out_pile->der)};
    for (char *at = next_block(text); at != NULL; at = next_block(at + 1)) {
        gnutls_datum_t block = {(unsigned char *)at, (unsigned int)strlen(at)};
        gnutls_datum_t decoded;
        if (gnutls_pem_base64_decode2("CERTIFICATE", &block, &decoded) != GNUTLS_E_SUCCESS) {
            break;
        }
        uint8_t *exact = allocate(decoded.size);
        memcpy(exact, decoded.data, decoded.size);
        out_pile->der[out_pile->count++] = (enr_span_t){exact, decoded.size};
        gnutls_free(decoded.data);
    }
    free(text);
    return out_pile->count == blocks;
}

static void free_pile(pile_t *pile)
{
    for (size_t i = 0; i < pile->count; i++) {
        free_span(pile->der[i]);
    }
    free(pile->der);
}

/* Whether the server's certificate is for this address, as an iPAddress. The product talks to names only, so such a
   case says nothing of what it asks about. Every other case with an address must be refused, and the product does that.
 */
static bool is_about_address(enr_span_t host, enr_span_t der)
{
    char text[INET6_ADDRSTRLEN] = "";
    unsigned char address[16];
    bool is_v4 = false;
    if (host.len < sizeof text) {
        memcpy(text, host.ptr, host.len);
        is_v4 = inet_pton(AF_INET, text, address) == 1;
    }
    if (!is_v4 && inet_pton(AF_INET6, text, address) != 1) {
        return false;
    }
    gnutls_x509_crt_t certificate;
    gnutls_datum_t datum = {(unsigned char *)(uintptr_t)der.ptr, (unsigned int)der.len};
    bool names = false;
    if (gnutls_x509_crt_init(&certificate) == GNUTLS_E_SUCCESS) {
        names = gnutls_x509_crt_import(certificate, &datum, GNUTLS_X509_FMT_DER) == GNUTLS_E_SUCCESS &&
                gnutls_x509_crt_check_ip(certificate, address, is_v4 ? 4 : 16, 0) != 0;
        gnutls_x509_crt_deinit(certificate);
    }
    return names;
}

static enr_status_t begin_tls(void)
{
    static const enr_tls_memory_t memory = {.take = enr_posix_take, .give = enr_posix_give};
    static enr_entropy_t entropy;
    static enr_status_t status = ENR_E_ENTROPY;
    if (status != ENR_OK) {
        entropy = enr_posix_entropy();
        status = enr_tls_init(&memory, &entropy);
    }
    return status;
}

static enr_status_t check(int64_t now, enr_span_t host, const pile_t *trusted, const pile_t *chain)
{
    enr_status_t status = begin_tls();
    if (status != ENR_OK) {
        return status;
    }
    enr_clock_t clock = {.ctx = &now, .monotonic_ms = no_milliseconds, .wall = give_time};
    enr_anchor_list_t anchors = {.der = trusted->der, .count = trusted->count};
    enr_tls_config_t config = {.clock = &clock, .anchors = enr_anchors_of_list(&anchors)};
    return enr_tls_check_chain(&config, host, chain->der, chain->count);
}

static void answer_x509(const case_t *input)
{
    enr_span_t host = decode_word(input, 1);
    enr_span_t trusted_pem = decode_word(input, 2);
    enr_span_t chain_pem = decode_word(input, 3);
    pile_t trusted;
    pile_t chain;
    bool read_trusted = read_pem(trusted_pem, &trusted);
    bool read_chain = read_pem(chain_pem, &chain);
    if (!read_trusted || !read_chain || chain.count == 0) {
        printf("broken not-PEM");
    } else if (is_about_address(host, chain.der[0])) {
        printf("skip");
    } else {
        enr_status_t status = check(number_word(input, 0), host, &trusted, &chain);
        printf("%s%s", status == ENR_OK ? "ok" : "error ", status == ENR_OK ? "" : enr_status_name(status));
    }
    free_pile(&chain);
    free_pile(&trusted);
    free_span(chain_pem);
    free_span(trusted_pem);
    free_span(host);
}

const kind_t x509_kinds[] = {
    {"x509", 4, answer_x509},
    {NULL, 0, NULL},
};
