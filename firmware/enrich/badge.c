#include "badge.h"

#include "commands.h"
#include "input.h"
#include "print.h"
#include "report.h"

#include "enrich/json_writer.h"

#include <assert.h>
#include <errno.h>
#include <string.h>

#define FIELDS 9

/* A field is at most the whole payload and holds no control character, so that an escape makes two bytes of one. */
#define JSON_MAX (FIELDS * 2 * (ENR_BADGE_MAX + ENR_BADGE_TEXT_MAX) + 512)

exit_code_t badge_load(const char *path, const enr_badge_t **out_badge, problem_t *out_problem)
{
    static uint8_t payload[ENR_BADGE_MAX + 1];
    static enr_badge_t badge;
    const char *where = strcmp(path, "-") == 0 ? "badge on standard input" : path;
    size_t len = 0;
    unsigned mode = 0;
    switch (input_read(path, true, payload, ENR_BADGE_MAX, &len, &mode)) {
    case INPUT_FAILED:
        return outcome_problem(out_problem, EXIT_SETTING, where, strerror(errno));
    case INPUT_TOO_LARGE:
        return outcome_problem(out_problem, EXIT_SETTING, where,
                               "a badge is at most " TEXT_OF(ENR_BADGE_MAX) " bytes (ENR_BADGE_MAX)");
    case INPUT_OK:
        break;
    }
    enr_status_t status = enr_badge_read((enr_span_t){payload, len}, &badge);
    if (status != ENR_OK) {
        *out_problem = (problem_t){
            .status = status,
            .where = where,
            .what = status == ENR_E_LIMIT
                        ? "the badge's fields exceed " TEXT_OF(ENR_BADGE_TEXT_MAX) " bytes (ENR_BADGE_TEXT_MAX)"
                        : "the badge is empty or has nothing that can be read",
        };
        return EXIT_SETTING;
    }
    *out_badge = &badge;
    return EXIT_DONE;
}

const char *badge_phrase(const char *reason)
{
    static const struct {
        const char *reason;
        const char *phrase;
    } PHRASES[] = {
        {ENR_REASON_OPAQUE_ID, "only the event's list says who this id is"},
        {ENR_REASON_URL_ONLY, "it is only a web address"},
        {ENR_REASON_NO_NAME, "it gives no name"},
        {ENR_REASON_NO_FIRSTNAME, "it gives no first name"},
        {ENR_REASON_NO_LASTNAME, "it gives no last name"},
        {ENR_REASON_NO_COMPANY, "it gives no company, domain or LinkedIn profile"},
        {ENR_REASON_REFUSED, "one of its fields is not usable"},
    };
    size_t i = 0;
    while (strcmp(PHRASES[i].reason, reason) != 0) {
        i++;
        assert(i < sizeof PHRASES / sizeof PHRASES[0]);
    }
    return PHRASES[i].phrase;
}

static const enr_type_t TYPES[] = {ENR_TYPE_EMAIL, ENR_TYPE_PHONE, ENR_TYPE_PERSONAL_EMAIL};
#define TYPE_COUNT (sizeof TYPES / sizeof TYPES[0])

/* A field of a badge as a person and a machine see it. */
typedef struct {
    const char *name;
    enr_span_t value;
} field_t;

static void list_fields(const enr_badge_t *badge, field_t out_fields[FIELDS])
{
    const field_t fields[FIELDS] = {
        {"firstname", badge->contact.firstname},
        {"lastname", badge->contact.lastname},
        {"company", badge->contact.company_name},
        {"domain", badge->contact.domain},
        {"email", badge->email},
        {"phone", badge->phone},
        {"title", badge->title},
        {"linkedin_url", badge->contact.linkedin_url},
        {"attendee_id", badge->attendee_id},
    };
    memcpy(out_fields, fields, sizeof fields);
}

static void print_badge_json(const enr_badge_t *badge)
{
    static uint8_t memory[JSON_MAX];
    enr_buffer_t text = enr_buffer_over(memory, sizeof memory);
    field_t fields[FIELDS];
    list_fields(badge, fields);
    enr_json_writer_t json;
    enr_json_writer_start(&json, &text);
    enr_json_object_begin(&json);
    enr_json_write_member(&json, ENR_SPAN("kind"), enr_span_from_str(enr_badge_kind_name(badge->kind)));
    for (size_t i = 0; i < FIELDS; i++) {
        enr_json_key(&json, enr_span_from_str(fields[i].name));
        if (fields[i].value.len > 0) {
            enr_json_write_string(&json, fields[i].value);
        } else {
            enr_json_write_null(&json);
        }
    }
    enr_json_key(&json, ENR_SPAN("enrichable"));
    enr_json_write_bool(&json, badge->enrichable != 0);
    enr_json_key(&json, ENR_SPAN("types"));
    enr_json_array_begin(&json);
    for (size_t i = 0; i < TYPE_COUNT; i++) {
        if ((badge->enrichable & TYPES[i]) != 0) {
            enr_json_write_string(&json, enr_type_name(TYPES[i]));
        }
    }
    enr_json_array_end(&json);
    enr_json_key(&json, ENR_SPAN("reason"));
    if (badge->reason != NULL) {
        enr_json_write_string(&json, enr_span_from_str(badge->reason));
    } else {
        enr_json_write_null(&json);
    }
    enr_json_object_end(&json);
    enr_status_t status = enr_json_writer_finish(&json);
    assert(status == ENR_OK);
    (void)status;
    print_json(stdout, enr_buffer_span(&text));
}

static void print_badge(const enr_badge_t *badge)
{
    field_t fields[FIELDS];
    list_fields(badge, fields);
    (void)printf("kind:           %s\n", enr_badge_kind_name(badge->kind));
    for (size_t i = 0; i < FIELDS; i++) {
        if (fields[i].value.len > 0) {
            (void)printf("%s:%*s", fields[i].name, 15 - (int)strlen(fields[i].name), "");
            print_text(stdout, fields[i].value);
            (void)fputc('\n', stdout);
        }
    }
    (void)fputs("enrichable:    ", stdout);
    for (size_t i = 0; i < TYPE_COUNT; i++) {
        if ((badge->enrichable & TYPES[i]) != 0) {
            (void)fputc(' ', stdout);
            print_text(stdout, enr_type_name(TYPES[i]));
        }
    }
    if (badge->enrichable == 0) {
        (void)printf(" no (%s)", badge->reason);
    }
    (void)fputc('\n', stdout);
}

int badge_run(const options_t *options)
{
    report_t report = {.command = "badge"};
    const enr_badge_t *badge = NULL;
    report.code = badge_load(options->operand, &badge, &report.problem);
    if (badge == NULL) {
        report.json = options->json;
    } else if (options->json) {
        print_badge_json(badge);
    } else {
        print_badge(badge);
    }
    return report_print(&report);
}
