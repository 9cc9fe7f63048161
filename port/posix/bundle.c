#include "enrich_posix.h"

#include <assert.h>
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

static const char *const system_paths[] = {
    "/etc/ssl/certs/ca-certificates.crt", /* Debian, Alpine */
    "/etc/pki/tls/certs/ca-bundle.crt",   /* Fedora */
    "/etc/ssl/cert.pem",                  /* the BSDs, macOS */
};

/* --- one certificate --- */

/* The value of each base64 digit, from the space character to DEL, or -1 (RFC 4648 4). */
static const int8_t base64_digits[96] = {
    -1, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1, 62, -1, -1, -1, 63, 52, 53, 54, 55, 56, 57, 58, 59,
    60, 61, -1, -1, -1, -1, -1, -1, -1, 0,  1,  2,  3,  4,  5,  6,  7,  8,  9,  10, 11, 12, 13, 14,
    15, 16, 17, 18, 19, 20, 21, 22, 23, 24, 25, -1, -1, -1, -1, -1, -1, 26, 27, 28, 29, 30, 31, 32,
    33, 34, 35, 36, 37, 38, 39, 40, 41, 42, 43, 44, 45, 46, 47, 48, 49, 50, 51, -1, -1, -1, -1, -1,
};

static int base64_digit(uint8_t byte)
{
    return byte >= 0x20 && byte < 0x80 ? base64_digits[byte - 0x20] : -1;
}

/* Decodes the whole groups of four digits that stand at text[from] without a break; returns where they end. Nearly all
   of a bundle is that, and a handshake walks through all of it. */
static size_t decode_groups(enr_span_t text, size_t from, enr_buffer_t *out)
{
    while (text.len - from >= 4 && out->capacity - out->len >= 3) {
        const uint8_t *at = text.ptr + from;
        int a = base64_digit(at[0]);
        int b = base64_digit(at[1]);
        int c = base64_digit(at[2]);
        int d = base64_digit(at[3]);
        if ((a | b | c | d) < 0) {
            break;
        }
        uint8_t *bytes = out->ptr + out->len;
        bytes[0] = (uint8_t)(a << 2 | b >> 4);
        bytes[1] = (uint8_t)(b << 4 | c >> 2);
        bytes[2] = (uint8_t)(c << 6 | d);
        out->len += 3;
        from += 4;
    }
    return from;
}

static bool is_space(uint8_t byte)
{
    return byte == ' ' || byte == '\t' || byte == '\r' || byte == '\n';
}

/* Strict base64 (RFC 4648 4) with white space anywhere (RFC 7468 3): padding is required, ends the text, and its spare
   bits are zero. False also when the result does not fit. */
static bool base64_decode(enr_span_t text, enr_buffer_t *out)
{
    uint32_t bits = 0;
    unsigned digits = 0; /* of the group of four at hand */
    unsigned padding = 0;
    for (size_t i = 0; i < text.len; i++) {
        if (digits == 0 && padding == 0) {
            i = decode_groups(text, i, out);
            if (i == text.len) {
                break;
            }
        }
        uint8_t byte = text.ptr[i];
        int digit = base64_digit(byte);
        if (digit < 0 && is_space(byte)) {
            continue;
        }
        if (byte == '=' && digits + padding >= 2 && digits + padding < 4) {
            padding++;
            continue;
        }
        if (digit < 0 || padding > 0) {
            return false;
        }
        bits = bits << 6 | (uint32_t)digit;
        if (++digits == 4) {
            const uint8_t bytes[3] = {(uint8_t)(bits >> 16), (uint8_t)(bits >> 8), (uint8_t)bits};
            enr_buffer_append(out, (enr_span_t){bytes, sizeof bytes});
            bits = 0;
            digits = 0;
        }
    }
    if (digits == 3 && padding == 1 && (bits & 3u) == 0) {
        enr_buffer_append_byte(out, (uint8_t)(bits >> 10));
        enr_buffer_append_byte(out, (uint8_t)(bits >> 2));
    } else if (digits == 2 && padding == 2 && (bits & 15u) == 0) {
        enr_buffer_append_byte(out, (uint8_t)(bits >> 4));
    } else if (digits != 0) {
        return false;
    }
    return !out->full;
}

/* A certificate is one DER SEQUENCE (RFC 5280 4.1) and nothing after it: what was cut or glued is told apart here,
 * without parsing more. */
static bool is_one_sequence(enr_span_t der)
{
    if (der.len < 2 || der.ptr[0] != 0x30) {
        return false;
    }
    size_t length_bytes = 0;
    size_t content = der.ptr[1];
    if (content >= 0x80) {
        length_bytes = content & 0x7Fu;
        content = 0;
        if (length_bytes < 1 || length_bytes > 3 || der.len < 2 + length_bytes) {
            return false;
        }
        for (size_t i = 0; i < length_bytes; i++) {
            content = content << 8 | der.ptr[2 + i];
        }
    }
    return content == der.len - 2 - length_bytes;
}

/* --- walking the file --- */

/* The place of the first `wanted` at or behind `from`, or text.len. */
static size_t find(enr_span_t text, size_t from, enr_span_t wanted)
{
    while (from < text.len && text.len - from >= wanted.len) {
        const uint8_t *at = memchr(text.ptr + from, wanted.ptr[0], text.len - from - wanted.len + 1);
        if (at == NULL) {
            return text.len;
        }
        if (memcmp(at, wanted.ptr, wanted.len) == 0) {
            return (size_t)(at - text.ptr);
        }
        from = (size_t)(at - text.ptr) + 1;
    }
    return text.len;
}

/* Decodes the next usable certificate into der. After a broken one the search goes on right behind its BEGIN line, so
   that a missing END line costs no other certificate. */
static bool decode_next(enr_posix_bundle_t *bundle)
{
    const enr_span_t begin_line = ENR_SPAN("-----BEGIN CERTIFICATE-----");
    const enr_span_t end_line = ENR_SPAN("-----END CERTIFICATE-----");
    const enr_span_t dashes = ENR_SPAN("-----");
    enr_span_t text = {bundle->text, bundle->size};
    bundle->der_len = 0;
    for (;;) {
        size_t begin = find(text, bundle->place, begin_line);
        if (begin == text.len) {
            bundle->place = text.len;
            return false;
        }
        bundle->place = begin + begin_line.len;
        size_t end = find(text, bundle->place, dashes);
        bool ended = text.len - end >= end_line.len && memcmp(text.ptr + end, end_line.ptr, end_line.len) == 0;
        enr_buffer_t der = enr_buffer_over(bundle->der, sizeof bundle->der);
        if (ended && base64_decode(enr_span_slice(text, bundle->place, end), &der) &&
            is_one_sequence(enr_buffer_span(&der))) {
            bundle->der_len = der.len;
            bundle->next++;
            return true;
        }
        if (bundle->place > bundle->seen) {
            bundle->seen = bundle->place;
            bundle->skipped++;
        }
    }
}

enr_status_t enr_posix_bundle_get(void *ctx, size_t index, enr_span_t *out_der)
{
    enr_posix_bundle_t *bundle = ctx;
    assert(bundle->text != NULL);
    bool at_hand = index + 1 == bundle->next && bundle->der_len > 0;
    if (index < bundle->next && !at_hand) {
        bundle->place = 0;
        bundle->next = 0;
    }
    while (bundle->next <= index) {
        if (!decode_next(bundle)) {
            return ENR_END;
        }
    }
    *out_der = (enr_span_t){bundle->der, bundle->der_len};
    return ENR_OK;
}

/* --- the file --- */

static enr_status_t map(enr_posix_bundle_t *bundle, int fd)
{
    struct stat about;
    if (fstat(fd, &about) != 0) {
        return ENR_E_SETTING;
    }
    if (!S_ISREG(about.st_mode) || about.st_size == 0) {
        errno = 0;
        return ENR_E_SETTING;
    }
    void *text = mmap(NULL, (size_t)about.st_size, PROT_READ, MAP_PRIVATE, fd, 0);
    if (text == MAP_FAILED) {
        return ENR_E_SETTING;
    }
    bundle->text = text;
    bundle->size = (size_t)about.st_size;
    return ENR_OK;
}

static int open_file(const char *path)
{
    const int flags = O_RDONLY | O_CLOEXEC | O_NONBLOCK; /* not to hang on a FIFO */
    if (path != NULL) {
        return open(path, flags);
    }
    int fd = -1;
    for (size_t i = 0; i < sizeof system_paths / sizeof system_paths[0] && fd < 0; i++) {
        fd = open(system_paths[i], flags);
    }
    return fd;
}

enr_status_t enr_posix_bundle_open(enr_posix_bundle_t *bundle, const char *path)
{
    assert(bundle != NULL);
    *bundle = (enr_posix_bundle_t){0};
    int fd = open_file(path);
    if (fd < 0) {
        return ENR_E_SETTING;
    }
    enr_status_t status = map(bundle, fd);
    int error = errno;
    (void)close(fd);
    if (status != ENR_OK) {
        errno = error;
        return status;
    }
    enr_span_t first;
    if (enr_posix_bundle_get(bundle, 0, &first) != ENR_OK) {
        enr_posix_bundle_close(bundle);
        errno = 0;
        return ENR_E_SETTING;
    }
    return ENR_OK;
}

void enr_posix_bundle_close(enr_posix_bundle_t *bundle)
{
    if (bundle->text != NULL) {
        (void)munmap((void *)bundle->text, bundle->size);
        bundle->text = NULL;
    }
}
