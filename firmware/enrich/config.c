#include "config.h"

#include "input.h"
#include "settings.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define WHERE_MAX (4096 + sizeof ":16384") /* the longest name that the system opens, and a line */

typedef struct {
    const char *key;
    const char *variable; /* wins over the file, or NULL */
    size_t offset;        /* of its member in options_t */
    enum { TEXT, NOTE, BASE, YES_NO, NUMBER, PIN } kind;
    uint32_t max; /* of a number */
} setting_t;

#define AT(member) offsetof(options_t, member)

static const setting_t SETTINGS[] = {
    {"async-base", ASYNC_BASE_VARIABLE, AT(async_base), BASE, 0},
    {"sync-base", SYNC_BASE_VARIABLE, AT(sync_base), BASE, 0},
    {"key-file", KEY_VARIABLE, AT(key_file), TEXT, 0},
    {"ca", NULL, AT(ca), TEXT, 0},
    {"allow-private", NULL, AT(allow_private), YES_NO, 0},
    {"pin", NULL, 0, PIN, 0},
    {"journal", NULL, AT(journal), TEXT, 0},
    {"device-key", NULL, AT(device_key), TEXT, 0},
    {"event", NULL, AT(event), NOTE, 0},
    {"device", NULL, AT(device), NOTE, 0},
    {"operator", NULL, AT(captured_by), NOTE, 0},
    {"profile", NULL, AT(profile), TEXT, 0},
    {"roster", NULL, AT(roster), TEXT, 0},
    {"notice", NULL, AT(notice), NOTE, 0},
    {"sheet", NULL, AT(sheet), NOTE, 0},
    {"keep-days", NULL, AT(keep_days), NUMBER, KEEP_MAX_DAYS},
    {"timeout", NULL, AT(timeout_s), NUMBER, TIMEOUT_MAX_S},
    {"dns-timeout", NULL, AT(dns_s), NUMBER, TIMEOUT_MAX_S},
    {"connect-timeout", NULL, AT(connect_s), NUMBER, TIMEOUT_MAX_S},
    {"handshake-timeout", NULL, AT(handshake_s), NUMBER, TIMEOUT_MAX_S},
    {"send-timeout", NULL, AT(send_s), NUMBER, TIMEOUT_MAX_S},
    {"answer-timeout", NULL, AT(answer_s), NUMBER, TIMEOUT_MAX_S},
    {"body-timeout", NULL, AT(body_s), NUMBER, TIMEOUT_MAX_S},
    {"poll", NULL, AT(poll_ms), NUMBER, POLL_MAX_MS},
    {"deadline", NULL, AT(deadline_s), NUMBER, DEADLINE_MAX_S},
};
#define SETTING_COUNT (sizeof SETTINGS / sizeof SETTINGS[0])

/* The file being read, and where a refusal goes. */
typedef struct {
    const char *path;
    unsigned line;
    options_t *options;
    problem_t *problem;
    bool seen[SETTING_COUNT];
    pins_t pins;
} reading_t;

static exit_code_t refuse(const reading_t *reading, const char *what, const char *hint)
{
    static char where[WHERE_MAX];
    (void)snprintf(where, sizeof where, "%s:%u", reading->path, reading->line);
    *reading->problem = (problem_t){.where = where, .what = what, .hint = hint};
    return EXIT_SETTING;
}

static exit_code_t take_text(const reading_t *reading, const setting_t *setting, const char *value)
{
    enr_url_t url;
    if (setting->kind == BASE) {
        enr_status_t status = settings_parse_base(value, &url);
        if (status != ENR_OK) {
            return refuse(reading, settings_base_fault(status), "it must be " SETTINGS_BASE_RULE);
        }
    }
    if (setting->kind == NOTE && options_note_fault(value) != NULL) {
        return refuse(reading, options_note_fault(value), NULL);
    }
    char *member = (char *)reading->options + setting->offset;
    const char *given;
    memcpy((void *)&given, member, sizeof given);
    if (given == NULL && (setting->variable == NULL || getenv(setting->variable) == NULL)) {
        memcpy(member, (const void *)&value, sizeof value);
    }
    return EXIT_DONE;
}

static exit_code_t take_yes_no(const reading_t *reading, const setting_t *setting, const char *value)
{
    bool yes = strcmp(value, "yes") == 0;
    if (!yes && strcmp(value, "no") != 0) {
        return refuse(reading, "must be yes or no", NULL);
    }
    if (yes) {
        memcpy((char *)reading->options + setting->offset, &yes, sizeof yes);
    }
    return EXIT_DONE;
}

static exit_code_t take_number(const reading_t *reading, const setting_t *setting, const char *value)
{
    static char what[48];
    uint32_t number = 0;
    if (!options_number(value, setting->max, &number)) {
        (void)snprintf(what, sizeof what, "must be a number from 1 to %u", (unsigned)setting->max);
        return refuse(reading, what, NULL);
    }
    char *member = (char *)reading->options + setting->offset;
    uint32_t given = 0;
    memcpy(&given, member, sizeof given);
    if (given == 0) {
        memcpy(member, &number, sizeof number);
    }
    return EXIT_DONE;
}

static exit_code_t take_pin(reading_t *reading, const char *value)
{
    const char *fault = options_add_pin(&reading->pins, value);
    return fault == NULL ? EXIT_DONE : refuse(reading, fault, NULL);
}

static exit_code_t take_setting(reading_t *reading, const char *key, const char *value)
{
    if (strcmp(key, "key") == 0 || strcmp(key, "api-key") == 0) {
        return refuse(reading, "the API key itself does not stand here", "name the file that holds it by key-file");
    }
    size_t i = 0;
    while (i < SETTING_COUNT && strcmp(SETTINGS[i].key, key) != 0) {
        i++;
    }
    if (i == SETTING_COUNT) {
        return refuse(reading, "no such setting", NULL);
    }
    if (reading->seen[i] && SETTINGS[i].kind != PIN) {
        return refuse(reading, "this setting is given twice", NULL);
    }
    reading->seen[i] = true;
    if (value[0] == '\0') {
        return refuse(reading, "this setting needs a value", NULL);
    }
    switch (SETTINGS[i].kind) {
    case YES_NO:
        return take_yes_no(reading, &SETTINGS[i], value);
    case PIN:
        return take_pin(reading, value);
    case NUMBER:
        return take_number(reading, &SETTINGS[i], value);
    default:
        return take_text(reading, &SETTINGS[i], value);
    }
}

static bool is_blank(char c)
{
    return c == ' ' || c == '\t';
}

/* Cuts white space off both ends, in place. */
static char *trim(char *text, char *end)
{
    while (text < end && is_blank(*text)) {
        text++;
    }
    while (end > text && is_blank(end[-1])) {
        end--;
    }
    *end = '\0';
    return text;
}

/* One line without its end; *end may be written. */
static exit_code_t take_line(reading_t *reading, char *line, char *end)
{
    if (end > line && end[-1] == '\r') {
        end--;
    }
    for (const char *at = line; at < end; at++) {
        if (((unsigned char)*at < 0x20 && *at != '\t') || *at == 0x7f) {
            return refuse(reading, "the line holds a control character", NULL);
        }
    }
    line = trim(line, end);
    if (line[0] == '\0' || line[0] == '#') {
        return EXIT_DONE;
    }
    char *sign = strchr(line, '=');
    if (sign == NULL) {
        return refuse(reading, "the line is not KEY = VALUE", NULL);
    }
    char *value = trim(sign + 1, sign + 1 + strlen(sign + 1));
    return take_setting(reading, trim(line, sign), value);
}

exit_code_t config_read(const char *path, options_t *options, problem_t *out_problem)
{
    static uint8_t memory[CONFIG_MAX + 1];
    size_t len = 0;
    unsigned mode = 0;
    switch (input_read(path, false, memory, CONFIG_MAX, &len, &mode)) {
    case INPUT_FAILED:
        return outcome_problem(out_problem, EXIT_SETTING, path, strerror(errno));
    case INPUT_TOO_LARGE:
        return outcome_problem(out_problem, EXIT_SETTING, path,
                               "a settings file is at most " TEXT_OF(CONFIG_MAX) " bytes");
    case INPUT_OK:
        break;
    }
    reading_t reading = {.path = path, .options = options, .problem = out_problem};
    char *end = (char *)memory + len;
    for (char *line = (char *)memory; line < end;) {
        char *line_end = memchr(line, '\n', (size_t)(end - line));
        line_end = line_end != NULL ? line_end : end;
        reading.line++;
        exit_code_t code = take_line(&reading, line, line_end);
        if (code != EXIT_DONE) {
            return code;
        }
        line = line_end + 1;
    }
    if (reading.pins.count == 1) {
        return outcome_problem(out_problem, EXIT_SETTING, path,
                               "holds one pin: none or at least two, so that one may change");
    }
    if (options->pins.count == 0) {
        options->pins = reading.pins;
    }
    return EXIT_DONE;
}
