#define _POSIX_C_SOURCE 200809L /* getline */

#include "conformance.h"

#include <errno.h>
#include <gnutls/crypto.h>
#include <gnutls/gnutls.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

static const kind_t *const tables[] = {json_kinds, http_kinds, x509_kinds, badge_kinds, frame_kinds};

static const char *case_id = "-";

_Noreturn void give_up(const char *reason)
{
    fprintf(stderr, "conformance: case %s: %s\n", case_id, reason);
    exit(2);
}

uint8_t *allocate(size_t len)
{
    uint8_t *memory = malloc(len);
    if (memory == NULL && len > 0) {
        give_up("out of memory");
    }
    return memory;
}

enr_span_t decode_word(const case_t *input, size_t index)
{
    const char *word = input->words[index];
    if (strcmp(word, "-") == 0) {
        return (enr_span_t){allocate(0), 0};
    }
    gnutls_datum_t text = {(unsigned char *)input->words[index], (unsigned int)strlen(word)};
    gnutls_datum_t decoded;
    if (gnutls_base64_decode2(&text, &decoded) != GNUTLS_E_SUCCESS) {
        give_up("not base64");
    }
    uint8_t *exact = allocate(decoded.size);
    memcpy(exact, decoded.data, decoded.size);
    gnutls_free(decoded.data);
    return (enr_span_t){exact, decoded.size};
}

int64_t number_word(const case_t *input, size_t index)
{
    char *end;
    errno = 0;
    int64_t number = strtoimax(input->words[index], &end, 10);
    if (errno != 0 || *end != '\0' || end == input->words[index]) {
        give_up("not a number");
    }
    return number;
}

void free_span(enr_span_t span)
{
    free((void *)(uintptr_t)span.ptr);
}

void print_base64(enr_span_t bytes)
{
    if (bytes.len == 0) {
        putchar('-');
        return;
    }
    gnutls_datum_t plain = {(unsigned char *)(uintptr_t)bytes.ptr, (unsigned int)bytes.len};
    gnutls_datum_t encoded;
    if (gnutls_base64_encode2(&plain, &encoded) != GNUTLS_E_SUCCESS) {
        give_up("out of memory");
    }
    printf("%.*s", (int)encoded.size, (const char *)encoded.data);
    gnutls_free(encoded.data);
}

void print_failure(enr_status_t status)
{
    printf("%s %s", status == ENR_E_LIMIT ? "limit" : "error", enr_status_name(status));
}

void print_sha256(enr_span_t bytes)
{
    uint8_t digest[32];
    if (gnutls_hash_fast(GNUTLS_DIG_SHA256, bytes.len > 0 ? (const void *)bytes.ptr : "", bytes.len, digest) != 0) {
        give_up("no SHA-256");
    }
    for (size_t i = 0; i < sizeof digest; i++) {
        printf("%02x", digest[i]);
    }
}

size_t split_next(split_t *split, size_t left)
{
    if (split->mode == SPLIT_WHOLE) {
        return left;
    }
    if (split->mode == SPLIT_BYTE) {
        return 1;
    }
    split->random = split->random * 6364136223846793005u + 1442695040888963407u;
    size_t most = (size_t)1 << (split->random >> 60); /* short pieces as often as long ones */
    size_t len = 1 + (size_t)(split->random >> 33) % most;
    return len < left ? len : left;
}

static bool read_split(const char *text, split_t *out_split)
{
    char *end;
    if (strcmp(text, "whole") == 0) {
        *out_split = (split_t){.mode = SPLIT_WHOLE};
    } else if (strcmp(text, "byte") == 0) {
        *out_split = (split_t){.mode = SPLIT_BYTE};
    } else if (strncmp(text, "random:", 7) == 0 && text[7] >= '0' && text[7] <= '9') {
        *out_split = (split_t){.mode = SPLIT_RANDOM, .random = strtoull(text + 7, &end, 10)};
        return *end == '\0';
    } else {
        return false;
    }
    return true;
}

static const kind_t *find_kind(const char *name)
{
    for (size_t i = 0; i < sizeof tables / sizeof tables[0]; i++) {
        for (const kind_t *kind = tables[i]; kind->name != NULL; kind++) {
            if (strcmp(kind->name, name) == 0) {
                return kind;
            }
        }
    }
    return NULL;
}

static int usage(void)
{
    fputs("usage: conformance KIND [--split whole|byte|random:SEED] < CASES > ANSWERS\nkinds:", stderr);
    for (size_t i = 0; i < sizeof tables / sizeof tables[0]; i++) {
        for (const kind_t *kind = tables[i]; kind->name != NULL; kind++) {
            fprintf(stderr, " %s", kind->name);
        }
    }
    fputc('\n', stderr);
    return 2;
}

/* Cuts the line into its words, in place. */
static void answer_line(const kind_t *kind, char *line, size_t len, split_t *split)
{
    char **words = (char **)(void *)allocate((len / 2 + 1) * sizeof *words);
    size_t count = 0;
    for (char *word = strtok(line, " \r\n"); word != NULL; word = strtok(NULL, " \r\n")) {
        words[count++] = word;
    }
    if (count > 0) {
        case_id = words[0];
        if (count - 1 < kind->words) {
            give_up("too few words");
        }
        printf("%s ", case_id);
        kind->answer(&(case_t){.id = case_id, .words = words + 1, .count = count - 1, .split = split});
        putchar('\n');
    }
    free(words);
}

int main(int argc, char **argv)
{
    split_t split = {.mode = SPLIT_WHOLE};
    const kind_t *kind = argc > 1 ? find_kind(argv[1]) : NULL;
    if (kind == NULL || argc == 3 || argc > 4) {
        return usage();
    }
    if (argc == 4 && (strcmp(argv[2], "--split") != 0 || !read_split(argv[3], &split))) {
        return usage();
    }
    char *line = NULL;
    size_t room = 0;
    ssize_t len;
    while ((len = getline(&line, &room, stdin)) >= 0) {
        answer_line(kind, line, (size_t)len, &split);
    }
    free(line);
    if (ferror(stdin) || fflush(stdout) != 0) {
        perror("conformance");
        return 2;
    }
    return 0;
}
