#include "draw.h"

#include "text.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define NAME_PART_MAX 24u /* letters of a name that go into an address */

/* The finaliser of SplitMix64: any change of the input changes every bit of the output with even chance. */
static uint64_t mix(uint64_t value)
{
    value += 0x9E3779B97F4A7C15u;
    value = (value ^ (value >> 30)) * 0xBF58476D1CE4E5B9u;
    value = (value ^ (value >> 27)) * 0x94D049BB133111EBu;
    return value ^ (value >> 31);
}

static uint64_t mix_text(uint64_t state, const char *text)
{
    for (; *text != '\0'; text++) {
        state = mix(state ^ (unsigned char)sim_lower(*text));
    }
    return mix(state);
}

/*
 * The last 48 bits hold the number under a mask that the first 60 free bits give, so that an id leads back to its
 * number without a table of ids.
 */
static uint64_t number_mask(uint64_t seed, uint64_t head)
{
    return mix(mix(seed) + head) & 0xFFFFFFFFFFFFu;
}

uint64_t sim_draw_number(uint64_t seed, uint64_t n)
{
    return mix(mix(seed) + n);
}

double sim_draw_percent(uint64_t seed, uint64_t n)
{
    return (double)(sim_draw_number(seed, n) >> 11) * (100.0 / 9007199254740992.0);
}

void sim_draw_id(uint64_t seed, uint64_t number, char out_id[SIM_ID_SIZE])
{
    uint64_t head = mix(mix(seed) ^ number) >> 4;
    uint64_t variant = 0x8000u | (mix(head) & 0x3FFFu);
    (void)snprintf(out_id, SIM_ID_SIZE, "%08" PRIx64 "-%04" PRIx64 "-4%03" PRIx64 "-%04" PRIx64 "-%012" PRIx64,
                   head >> 28, (head >> 12) & 0xFFFFu, head & 0xFFFu, variant, number ^ number_mask(seed, head));
}

uint64_t sim_id_number(uint64_t seed, const char *id)
{
    if (strlen(id) != SIM_ID_SIZE - 1) {
        return UINT64_MAX;
    }
    /* Whatever these make of a text that is no id, the id made from it is another one. */
    uint64_t head = (uint64_t)strtoull(id, NULL, 16) << 28 | (uint64_t)strtoull(id + 9, NULL, 16) << 12 |
                    (uint64_t)strtoull(id + 15, NULL, 16);
    uint64_t number = strtoull(id + 24, NULL, 16) ^ number_mask(seed, head);
    char expected[SIM_ID_SIZE];
    sim_draw_id(seed, number, expected);
    return strcmp(id, expected) == 0 ? number : UINT64_MAX;
}

/* One draw from 0 to limit - 1, the same for the same names and purpose. */
static unsigned draw(uint64_t seed, const sim_search_t *search, const char *purpose, unsigned limit)
{
    uint64_t state = mix_text(mix(seed), search->firstname != NULL ? search->firstname : "");
    state = mix_text(state, search->lastname != NULL ? search->lastname : "");
    return (unsigned)(mix_text(state, purpose) % limit);
}

/* The letters and digits of ASCII in text, in lower case; fallback when there are none. */
static void slug(const char *text, const char *fallback, char out_slug[NAME_PART_MAX + 1])
{
    size_t length = 0;
    for (; text != NULL && *text != '\0' && length < NAME_PART_MAX; text++) {
        char byte = sim_lower(*text);
        if ((byte >= 'a' && byte <= 'z') || (byte >= '0' && byte <= '9')) {
            out_slug[length++] = byte;
        }
    }
    out_slug[length] = '\0';
    if (length == 0) {
        (void)snprintf(out_slug, NAME_PART_MAX + 1, "%s", fallback);
    }
}

static void draw_email(uint64_t seed, const sim_search_t *search, sim_drawn_t *drawn)
{
    char first[NAME_PART_MAX + 1];
    char last[NAME_PART_MAX + 1];
    char company[NAME_PART_MAX + 1];
    slug(search->firstname, "contact", first);
    slug(search->lastname, "unnamed", last);
    slug(search->company_name, "company", company);
    if (draw(seed, search, "email", 4) > 0) {
        drawn->email = sim_blank(search->domain) ? sim_format("%s.%s@%s.example", first, last, company)
                                                 : sim_format("%s.%s@%s", first, last, search->domain);
    }
    if (draw(seed, search, "personal email", 2) > 0) {
        drawn->personal_email = sim_format("%s.%s@personal.example", first, last);
    }
}

static void draw_phones(uint64_t seed, const sim_search_t *search, sim_drawn_t *drawn)
{
    /* Kept for fiction by ARCEP (FR), Ofcom (GB) and PTS (SE): 0639 98xxxx, 07700 900xxx, 070 17406xx from 05. */
    static const struct {
        const char *prefix;
        int digits;
        unsigned first, count;
    } RANGES[] = {{"+3363998", 4, 0, 10000}, {"+447700900", 3, 0, 1000}, {"+467017406", 2, 5, 95}};

    if (draw(seed, search, "phone", 10) >= 6) {
        return;
    }
    unsigned range = draw(seed, search, "country", 3);
    unsigned number = draw(seed, search, "number", RANGES[range].count);
    drawn->person.phone_count = 1 + draw(seed, search, "phones", 3);
    for (size_t i = 0; i < drawn->person.phone_count; i++) {
        unsigned tail = RANGES[range].first + (number + (unsigned)i) % RANGES[range].count;
        drawn->phones[i] = sim_format("%s%0*u", RANGES[range].prefix, RANGES[range].digits, tail);
        drawn->person.phones[i] = drawn->phones[i];
    }
}

void sim_draw_person(uint64_t seed, const sim_search_t *search, sim_drawn_t *out_drawn)
{
    *out_drawn = (sim_drawn_t){0};
    draw_email(seed, search, out_drawn);
    draw_phones(seed, search, out_drawn);
    sim_person_t *person = &out_drawn->person;
    person->firstname = search->firstname != NULL ? search->firstname : "";
    person->lastname = search->lastname != NULL ? search->lastname : "";
    person->company_name = search->company_name != NULL ? search->company_name : "";
    person->domain = search->domain != NULL ? search->domain : "";
    person->linkedin_url = search->linkedin_url != NULL ? search->linkedin_url : "";
    person->email = out_drawn->email != NULL ? out_drawn->email : "";
    person->email_status = draw(seed, search, "status", 4) > 0 ? "deliverable" : "catch-all";
    person->personal_email = out_drawn->personal_email != NULL ? out_drawn->personal_email : "";
    person->personal_email_status = "valid";
}

void sim_drawn_free(sim_drawn_t *drawn)
{
    free(drawn->email);
    free(drawn->personal_email);
    for (size_t i = 0; i < SIM_PHONES_MAX; i++) {
        free(drawn->phones[i]);
    }
    *drawn = (sim_drawn_t){0};
}
