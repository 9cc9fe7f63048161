#include "badge.h"

#include "badge_json.h"
#include "commands.h"
#include "input.h"
#include "print.h"
#include "report.h"

#include <assert.h>
#include <errno.h>
#include <string.h>

/* A file that is larger than a badge may be a card with a photograph, which a frame leaves out. */
#define FILE_MAX 1048576

static const char TOO_LARGE[] = "a badge is at most " TEXT_OF(ENR_BADGE_MAX) " bytes (ENR_BADGE_MAX)";

static exit_code_t read_file(const char *path, const char *where, enr_span_t *out_bytes, problem_t *out_problem)
{
    static uint8_t memory[FILE_MAX + 1];
    size_t len = 0;
    unsigned mode = 0;
    switch (input_read(path, true, memory, FILE_MAX, &len, &mode)) {
    case INPUT_FAILED:
        return outcome_problem(out_problem, EXIT_SETTING, where, strerror(errno));
    case INPUT_TOO_LARGE:
        return outcome_problem(out_problem, EXIT_SETTING, where, TOO_LARGE);
    case INPUT_OK:
        break;
    }
    *out_bytes = (enr_span_t){memory, len};
    return EXIT_DONE;
}

exit_code_t badge_load_profile(const char *path, const profile_t **out_profile, problem_t *out_problem)
{
    static uint8_t text[PROFILE_MAX + 1];
    static profile_t profile;
    *out_profile = NULL;
    if (path == NULL) {
        return EXIT_DONE;
    }
    size_t len = 0;
    unsigned mode = 0;
    switch (input_read(path, false, text, PROFILE_MAX, &len, &mode)) {
    case INPUT_FAILED:
        return outcome_problem(out_problem, EXIT_SETTING, path, strerror(errno));
    case INPUT_TOO_LARGE:
        return outcome_problem(out_problem, EXIT_SETTING, path, "it is longer than " TEXT_OF(PROFILE_MAX) " bytes");
    case INPUT_OK:
        break;
    }
    const char *fault = profile_read((enr_span_t){text, len}, &profile);
    if (fault != NULL) {
        return outcome_problem(out_problem, EXIT_SETTING, path, fault);
    }
    *out_profile = &profile;
    return EXIT_DONE;
}

exit_code_t badge_load(const char *path, const char *profile_path, const enr_badge_t **out_badge,
                       problem_t *out_problem)
{
    static enr_badge_t badge;
    const char *where = strcmp(path, "-") == 0 ? "badge on standard input" : path;
    const profile_t *profile = NULL;
    enr_span_t bytes = {NULL, 0};
    exit_code_t code = badge_load_profile(profile_path, &profile, out_problem);
    code = code == EXIT_DONE ? read_file(path, where, &bytes, out_problem) : code;
    if (code != EXIT_DONE) {
        return code;
    }
    enr_status_t status = profile_read_badge(bytes, profile, &badge);
    if (status == ENR_E_LIMIT && bytes.len > ENR_BADGE_MAX) {
        return outcome_problem(out_problem, EXIT_SETTING, where, TOO_LARGE);
    }
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
        {ENR_REASON_SECRET, "it is a password or the like"},
        {ENR_REASON_UNREADABLE, "it is no text"},
        {ENR_REASON_OPAQUE_ID, "only the event's list says who this id is"},
        {ENR_REASON_URL_ONLY, "it is only a web address"},
        {ENR_REASON_NO_TEMPLATE, "it holds columns that no profile explains"},
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

static void print_badge_json(const enr_badge_t *badge)
{
    static uint8_t memory[BADGE_JSON_MAX];
    print_json(stdout, badge_json(badge, memory));
}

static void print_badge(const enr_badge_t *badge)
{
    (void)printf("kind:           %s\n", enr_badge_kind_name(badge->kind));
    for (enr_field_t field = ENR_FIELD_FIRSTNAME; field < ENR_FIELD_COUNT; field++) {
        const enr_span_t value = enr_badge_field(badge, field);
        if (value.len > 0) {
            const char *name = enr_field_name(field);
            (void)printf("%s:%*s", name, 15 - (int)strlen(name), "");
            print_text(stdout, value);
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
    report.code = badge_load(options->operand, options->profile, &badge, &report.problem);
    if (badge == NULL) {
        report.json = options->json;
    } else if (options->json) {
        print_badge_json(badge);
    } else {
        print_badge(badge);
    }
    return report_print(&report);
}
