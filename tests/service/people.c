#include "people.h"

#include "text.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

typedef enum {
    COLUMN_FIRSTNAME,
    COLUMN_LASTNAME,
    COLUMN_COMPANY_NAME,
    COLUMN_DOMAIN,
    COLUMN_LINKEDIN_URL,
    COLUMN_EMAIL,
    COLUMN_EMAIL_STATUS,
    COLUMN_PERSONAL_EMAIL,
    COLUMN_PERSONAL_EMAIL_STATUS,
    COLUMN_PHONES,
    COLUMN_COUNT
} column_t;

static const char *const COLUMN_NAMES[COLUMN_COUNT] = {
    "firstname",    "lastname",       "company_name",          "domain", "linkedin_url", "email",
    "email_status", "personal_email", "personal_email_status", "phones",
};

/* Fields are unescaped in place: the text that is written never overtakes the text that is read. */
typedef struct {
    char *next;  /* first byte not read */
    char *write; /* where the next field goes */
    char *empty; /* the field of a column that the file has not */
    unsigned line;
    char *error;
} reader_t;

typedef enum { FIELD_BAD, FIELD_MORE, FIELD_LAST } field_end_t;

static field_end_t refuse(reader_t *reader, const char *what)
{
    (void)snprintf(reader->error, SIM_PEOPLE_ERROR_SIZE, "line %u: %s", reader->line, what);
    return FIELD_BAD;
}

/* Length of the well-formed UTF-8 sequence at text, which ends with NUL; 0: none (RFC 3629 4). */
static size_t utf8_length(const unsigned char *text)
{
    static const struct {
        unsigned char first_low, first_high, second_low, second_high;
        size_t length;
    } FORMS[] = {
        {0x01, 0x7F, 0x00, 0xFF, 1}, {0xC2, 0xDF, 0x80, 0xBF, 2}, {0xE0, 0xE0, 0xA0, 0xBF, 3},
        {0xE1, 0xEC, 0x80, 0xBF, 3}, {0xED, 0xED, 0x80, 0x9F, 3}, {0xEE, 0xEF, 0x80, 0xBF, 3},
        {0xF0, 0xF0, 0x90, 0xBF, 4}, {0xF1, 0xF3, 0x80, 0xBF, 4}, {0xF4, 0xF4, 0x80, 0x8F, 4},
    };
    for (size_t i = 0; i < sizeof FORMS / sizeof FORMS[0]; i++) {
        if (text[0] < FORMS[i].first_low || text[0] > FORMS[i].first_high) {
            continue;
        }
        if (FORMS[i].length > 1 && (text[1] < FORMS[i].second_low || text[1] > FORMS[i].second_high)) {
            return 0;
        }
        for (size_t k = 2; k < FORMS[i].length; k++) {
            if (text[k] < 0x80 || text[k] > 0xBF) {
                return 0;
            }
        }
        return FORMS[i].length;
    }
    return 0;
}

/* Consumes the separator after a field. */
static field_end_t end_field(reader_t *reader)
{
    if (*reader->next == ',') {
        reader->next++;
        return FIELD_MORE;
    }
    if (*reader->next == '\r' && reader->next[1] == '\n') {
        reader->next++;
    }
    if (*reader->next == '\n') {
        reader->next++;
    } else if (*reader->next != '\0') {
        return refuse(reader, "text after a closing quote, or a lone carriage return");
    }
    return FIELD_LAST;
}

static field_end_t read_quoted(reader_t *reader)
{
    reader->next++;
    for (;;) {
        if (*reader->next == '\0') {
            return refuse(reader, "a quote is not closed");
        }
        if (*reader->next == '"') {
            if (reader->next[1] != '"') {
                break;
            }
            reader->next++;
        }
        if (*reader->next == '\n') {
            return refuse(reader, "a field holds a line break");
        }
        *reader->write++ = *reader->next++;
    }
    reader->next++;
    return end_field(reader);
}

static field_end_t read_bare(reader_t *reader)
{
    while (*reader->next != '\0' && strchr(",\r\n", *reader->next) == NULL) {
        if (*reader->next == '"') {
            return refuse(reader, "a quote inside a field that does not begin with one");
        }
        *reader->write++ = *reader->next++;
    }
    return end_field(reader);
}

static field_end_t read_field(reader_t *reader, char **out_field)
{
    *out_field = reader->write;
    field_end_t end = *reader->next == '"' ? read_quoted(reader) : read_bare(reader);
    if (end != FIELD_BAD) {
        *reader->write++ = '\0'; /* takes the place of the separator */
    }
    return end;
}

/* Fills columns with what stands where; out_count is the number of columns in the file. */
static bool read_header(reader_t *reader, column_t columns[COLUMN_COUNT], size_t *out_count)
{
    bool seen[COLUMN_COUNT] = {false};
    field_end_t end = FIELD_MORE;
    *out_count = 0;
    while (end == FIELD_MORE) {
        char *name = NULL;
        end = read_field(reader, &name);
        size_t column = 0;
        while (end != FIELD_BAD && column < COLUMN_COUNT && strcmp(name, COLUMN_NAMES[column]) != 0) {
            column++;
        }
        if (end == FIELD_BAD) {
            return false;
        }
        if (column == COLUMN_COUNT || seen[column]) {
            (void)refuse(reader,
                         "a column is unknown or named twice; known are firstname, lastname, company_name, "
                         "domain, linkedin_url, email, email_status, personal_email, personal_email_status, phones");
            return false;
        }
        seen[column] = true;
        columns[(*out_count)++] = (column_t)column;
    }
    if (!seen[COLUMN_FIRSTNAME] || !seen[COLUMN_LASTNAME]) {
        (void)refuse(reader, "the columns firstname and lastname must be there");
        return false;
    }
    return true;
}

/* Splits the numbers in place. */
static bool split_phones(reader_t *reader, char *phones, sim_person_t *person)
{
    for (char *phone = phones + strspn(phones, " "); *phone != '\0'; phone += strspn(phone, " ")) {
        if (person->phone_count == SIM_PHONES_MAX) {
            (void)refuse(reader, "more than 8 phones");
            return false;
        }
        person->phones[person->phone_count++] = phone;
        phone += strcspn(phone, " ");
        if (*phone != '\0') {
            *phone++ = '\0';
        }
    }
    return true;
}

static bool make_person(reader_t *reader, char *const fields[COLUMN_COUNT], sim_person_t *person)
{
    *person = (sim_person_t){
        .firstname = fields[COLUMN_FIRSTNAME],
        .lastname = fields[COLUMN_LASTNAME],
        .company_name = fields[COLUMN_COMPANY_NAME],
        .domain = fields[COLUMN_DOMAIN],
        .linkedin_url = fields[COLUMN_LINKEDIN_URL],
        .email = fields[COLUMN_EMAIL],
        .email_status = fields[COLUMN_EMAIL_STATUS],
        .personal_email = fields[COLUMN_PERSONAL_EMAIL],
        .personal_email_status = fields[COLUMN_PERSONAL_EMAIL_STATUS],
    };
    if (sim_blank(person->firstname) || sim_blank(person->lastname)) {
        (void)refuse(reader, "firstname and lastname must not be empty");
        return false;
    }
    if (person->email_status[0] == '\0') {
        person->email_status = "deliverable";
    }
    if (person->personal_email_status[0] == '\0') {
        person->personal_email_status = "valid";
    }
    return split_phones(reader, fields[COLUMN_PHONES], person);
}

static bool read_person(reader_t *reader, const column_t *columns, size_t column_count, sim_person_t *person)
{
    char *fields[COLUMN_COUNT];
    for (size_t i = 0; i < COLUMN_COUNT; i++) {
        fields[i] = reader->empty;
    }
    size_t count = 0;
    field_end_t end = FIELD_MORE;
    while (end == FIELD_MORE) {
        if (count == column_count) {
            (void)refuse(reader, "more fields than the header has columns");
            return false;
        }
        end = read_field(reader, &fields[columns[count++]]);
    }
    if (end == FIELD_BAD) {
        return false;
    }
    if (count < column_count) {
        (void)refuse(reader, "fewer fields than the header has columns");
        return false;
    }
    return make_person(reader, fields, person);
}

static bool check_bytes(reader_t *reader, size_t length)
{
    if (memchr(reader->next, '\0', length) != NULL) {
        (void)snprintf(reader->error, SIM_PEOPLE_ERROR_SIZE, "the file holds a NUL byte");
        return false;
    }
    const unsigned char *text = (const unsigned char *)reader->next;
    while (*text != '\0') {
        size_t step = utf8_length(text);
        if (step == 0) {
            (void)refuse(reader, "not UTF-8");
            return false;
        }
        reader->line += *text == '\n' ? 1 : 0;
        text += step;
    }
    reader->line = 1;
    return true;
}

static bool skip_empty_line(reader_t *reader)
{
    size_t length = *reader->next == '\r' ? 1 : 0;
    if (reader->next[length] != '\n') {
        return false;
    }
    reader->next += length + 1;
    return true;
}

static bool read_people(reader_t *reader, sim_people_t *people)
{
    column_t columns[COLUMN_COUNT];
    size_t column_count = 0;
    if (!read_header(reader, columns, &column_count)) {
        return false;
    }
    size_t capacity = 0;
    while (*reader->next != '\0') {
        reader->line++;
        if (skip_empty_line(reader)) {
            continue;
        }
        if (people->count == capacity) {
            capacity = capacity > 0 ? 2 * capacity : 16;
            people->list = sim_resize(people->list, capacity, sizeof *people->list);
        }
        if (!read_person(reader, columns, column_count, &people->list[people->count])) {
            return false;
        }
        people->count++;
    }
    return true;
}

bool sim_people_parse(const char *csv, size_t length, sim_people_t *out_people, char out_error[SIM_PEOPLE_ERROR_SIZE])
{
    static const char BYTE_ORDER_MARK[] = "\xEF\xBB\xBF";

    *out_people = (sim_people_t){.text = sim_alloc(length + 2, 1)};
    memcpy(out_people->text, csv, length);
    reader_t reader = {
        .next = out_people->text,
        .write = out_people->text,
        .empty = out_people->text + length + 1,
        .line = 1,
        .error = out_error,
    };
    if (strncmp(reader.next, BYTE_ORDER_MARK, 3) == 0) {
        reader.next += 3;
        length -= 3;
    }
    if (check_bytes(&reader, length) && read_people(&reader, out_people)) {
        return true;
    }
    sim_people_free(out_people);
    return false;
}

void sim_people_free(sim_people_t *people)
{
    free(people->list);
    free(people->text);
    *people = (sim_people_t){0};
}

/* The part of a profile URL that tells people apart. */
static const char *profile_start(const char *url, size_t *out_length)
{
    static const char *const PREFIXES[] = {"https://", "http://", "www."};
    for (size_t i = 0; i < sizeof PREFIXES / sizeof PREFIXES[0]; i++) {
        size_t k = 0;
        while (PREFIXES[i][k] != '\0' && sim_lower(url[k]) == PREFIXES[i][k]) {
            k++;
        }
        url += PREFIXES[i][k] == '\0' ? k : 0;
    }
    *out_length = strcspn(url, "?#");
    while (*out_length > 0 && url[*out_length - 1] == '/') {
        (*out_length)--;
    }
    return url;
}

static bool same_profile(const char *left, const char *right)
{
    size_t left_length = 0;
    size_t right_length = 0;
    left = profile_start(left, &left_length);
    right = profile_start(right, &right_length);
    if (left_length == 0 || left_length != right_length) {
        return false;
    }
    for (size_t i = 0; i < left_length; i++) {
        if (sim_lower(left[i]) != sim_lower(right[i])) {
            return false;
        }
    }
    return true;
}

static bool same_names(const sim_person_t *person, const sim_search_t *search)
{
    return sim_same(person->firstname, search->firstname) && sim_same(person->lastname, search->lastname);
}

static bool given_and_same(const char *asked, const char *known)
{
    return !sim_blank(asked) && sim_same(asked, known);
}

const sim_person_t *sim_people_find(const sim_people_t *people, const sim_search_t *search)
{
    bool by_profile = !sim_blank(search->linkedin_url);
    for (size_t i = 0; by_profile && i < people->count; i++) {
        if (same_profile(people->list[i].linkedin_url, search->linkedin_url)) {
            return &people->list[i];
        }
    }
    if (sim_blank(search->firstname) || sim_blank(search->lastname)) {
        return NULL;
    }
    bool names_only = !by_profile && sim_blank(search->domain) && sim_blank(search->company_name);
    for (size_t i = 0; i < people->count; i++) {
        const sim_person_t *person = &people->list[i];
        bool same_company = given_and_same(search->domain, person->domain) ||
                            given_and_same(search->company_name, person->company_name);
        if (same_names(person, search) && (names_only || same_company)) {
            return person;
        }
    }
    return NULL;
}
