/* The kinds of badge, address and ndef. */
#include "conformance.h"

#include "../../firmware/enrich/badge_json.h"
#include "../../firmware/enrich/profile.h"

#include <stdlib.h>
#include <string.h>

#include "enrich/badge.h"
#include "enrich/ndef.h"

static enr_badge_t *new_badge(void)
{
    return (enr_badge_t *)(void *)allocate(sizeof(enr_badge_t));
}

static void print_badge(enr_status_t status, const enr_badge_t *badge)
{
    if (status != ENR_OK) {
        print_failure(status);
        return;
    }
    uint8_t *memory = allocate(BADGE_JSON_MAX);
    enr_span_t json = badge_json(badge, memory);
    (void)fwrite(json.ptr, 1, json.len, stdout);
    free(memory);
}

static void answer_badge(const case_t *input)
{
    static profile_t profile;
    enr_span_t payload = decode_word(input, 0);
    enr_badge_t *badge = new_badge();
    if (input->count == 1 && payload.len <= ENR_BADGE_MAX) {
        print_badge(enr_badge_read(payload, NULL, badge), badge);
    } else {
        enr_span_t text = input->count > 1 ? decode_word(input, 1) : (enr_span_t){allocate(0), 0};
        const char *fault = text.len > 0 ? profile_read(text, &profile) : NULL;
        if (fault != NULL) {
            printf("skip %s", fault);
        } else {
            print_badge(profile_read_badge(payload, text.len > 0 ? &profile : NULL, badge), badge);
        }
        free_span(text);
    }
    free(badge);
    free_span(payload);
}

static void answer_ndef(const case_t *input)
{
    enr_span_t bytes = decode_word(input, 1);
    enr_span_t message = bytes;
    enr_badge_t *badge = new_badge();
    enr_status_t status = ENR_OK;
    if (strcmp(input->words[0], "type2") == 0) {
        status = enr_ndef_find_message(bytes, &message);
    } else if (strcmp(input->words[0], "message") != 0) {
        give_up("neither message nor type2");
    }
    print_badge(status == ENR_OK ? enr_badge_read_ndef(message, NULL, badge) : status, badge);
    free(badge);
    free_span(bytes);
}

static void answer_linkedin(const case_t *input)
{
    enr_span_t text = decode_word(input, 0);
    size_t room = text.len + 64;
    enr_buffer_t out = enr_buffer_over(allocate(room), room);
    enr_status_t status = enr_linkedin_canonical(text, &out);
    if (status == ENR_E_LIMIT) {
        printf("broken no-room");
    } else {
        printf("ok %.*s", status == ENR_OK ? (int)out.len : 1, status == ENR_OK ? (const char *)out.ptr : "-");
    }
    free(out.ptr);
    free_span(text);
}

/* The domain comes by the way that a badge's goes: a card with nothing but this address or URL. */
static void answer_domain(const case_t *input)
{
    enr_span_t text = decode_word(input, 1);
    enr_span_t head = ENR_SPAN("BEGIN:VCARD\nVERSION:3.0\n");
    enr_span_t name = strcmp(input->words[0], "email") == 0 ? ENR_SPAN("EMAIL:") : ENR_SPAN("URL:");
    size_t room = head.len + name.len + 2 * text.len;
    enr_buffer_t card = enr_buffer_over(allocate(room), room);
    enr_badge_t *badge = new_badge();
    enr_buffer_append(&card, head);
    enr_buffer_append(&card, name);
    for (size_t i = 0; i < text.len; i++) {
        const uint8_t byte = text.ptr[i];
        const bool is_line_end = byte == '\r' || byte == '\n';
        if (byte == '\\' || is_line_end) {
            enr_buffer_append_byte(&card, '\\');
        }
        enr_buffer_append_byte(&card, is_line_end ? 'n' : byte);
    }
    enr_status_t status = enr_badge_read(enr_buffer_span(&card), NULL, badge);
    if (status != ENR_OK) {
        print_failure(status);
    } else {
        enr_span_t domain = badge->contact.domain.len > 0 ? badge->contact.domain : ENR_SPAN("-");
        printf("ok %.*s", (int)domain.len, (const char *)domain.ptr);
    }
    free(badge);
    free(card.ptr);
    free_span(text);
}

const kind_t badge_kinds[] = {
    {"badge", 1, answer_badge},
    {"linkedin", 1, answer_linkedin},
    {"domain", 2, answer_domain},
    {"ndef", 2, answer_ndef},
    {NULL, 0, NULL},
};
