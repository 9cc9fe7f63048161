/* One badge: bench_badge SHAPE SIZE CALLS. Shapes: note (a card with a note that fills it), lines (a card of as many
   addresses as it holds), qp (the same in quoted-printable, folded at every 20th byte), text (words), columns.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "enrich/badge.h"

static uint8_t payload[ENR_BADGE_MAX];
static size_t len;
static size_t size;

static void put(const char *text)
{
    size_t more = strlen(text);
    more = len + more <= size ? more : size - len;
    memcpy(payload + len, text, more);
    len += more;
}

/* Repeats a text, up to `behind` bytes before the end. */
static void fill(const char *text, size_t behind)
{
    while (len + strlen(text) + behind <= size) {
        put(text);
    }
}

static const enr_badge_profile_t *make(const char *shape)
{
    static const enr_field_t fields[] = {ENR_FIELD_ATTENDEE_ID, ENR_FIELD_FIRSTNAME, ENR_FIELD_LASTNAME,
                                         ENR_FIELD_COMPANY,     ENR_FIELD_EMAIL,     ENR_FIELD_TITLE};
    static const enr_badge_profile_t profile = {
        .delimiter = {(const uint8_t *)"|", 1}, .fields = fields, .field_count = sizeof fields / sizeof fields[0]};
    static const char head[] = "BEGIN:VCARD\r\nVERSION:3.0\r\nN:Lindqvist;Teodor;;;\r\nORG:Acme Example\r\n"
                               "EMAIL;TYPE=WORK:t.lindqvist@acme.example\r\nTEL;TYPE=CELL:+46 8 555 01 23\r\n";
    static const char tail[] = "END:VCARD\r\n";
    if (strcmp(shape, "columns") == 0) {
        put("000012|Teodor|Lindqvist|Acme|t@acme.example|");
        fill("Head of Measurement ", 0);
        return &profile;
    }
    if (strcmp(shape, "text") == 0) {
        put("t@acme.example ");
        fill("met at the stand, wants a device; ", 0);
        return NULL;
    }
    put(strcmp(shape, "qp") == 0 ? "BEGIN:VCARD\r\nVERSION:2.1\r\nN;QUOTED-PRINTABLE:Lindqvist;Teodor\r\nORG:Acme\r\n"
                                 : head);
    if (strcmp(shape, "note") == 0) {
        put("NOTE:");
        fill("met at the stand, ", sizeof tail + 2);
        put("\r\n");
    } else if (strcmp(shape, "lines") == 0) {
        fill("EMAIL;TYPE=HOME:teodor@mail.acme.example\r\n", sizeof tail);
    } else {
        put("NOTE;ENCODING=QUOTED-PRINTABLE:");
        fill("Head=20of=20=C3=A8=\r\n ", sizeof tail + 2);
        put("\r\n");
    }
    put(tail);
    return NULL;
}

int main(int argc, char **argv)
{
    static enr_badge_t badge;
    if (argc != 4) {
        return 2;
    }
    size = strtoul(argv[2], NULL, 10);
    unsigned long calls = strtoul(argv[3], NULL, 10);
    const enr_badge_profile_t *profile = make(argv[1]);
    bool is_text = strcmp(argv[1], "text") == 0;
    if (size > sizeof payload || enr_badge_read((enr_span_t){payload, len}, profile, &badge) != ENR_OK ||
        (is_text ? badge.email.len == 0 : badge.enrichable != ENR_TYPE_EMAIL)) {
        (void)fprintf(stderr, "bench_badge: %s of %zu bytes is not read as it should be\n", argv[1], size);
        return 1;
    }
    for (unsigned long i = 0; i < calls; i++) {
        if (enr_badge_read((enr_span_t){payload, len}, profile, &badge) != ENR_OK) {
            return 1;
        }
    }
    return 0;
}
