#define _GNU_SOURCE /* timegm, strptime */

#include "options.h"

#include "enrich/utf8.h"

#include <stdio.h>
#include <string.h>
#include <time.h>

#define IN_SUBMIT (1u << COMMAND_SUBMIT)
#define IN_GET (1u << COMMAND_GET)
#define IN_BULK (1u << COMMAND_BULK)
#define IN_RUN (1u << COMMAND_RUN)
#define IN_LEADS (1u << COMMAND_LEADS)
#define IN_BADGE (1u << COMMAND_BADGE)
#define IN_ROSTER (1u << COMMAND_ROSTER)
#define IN_PROVISION (1u << COMMAND_PROVISION)
#define IN_WEBHOOK (1u << COMMAND_WEBHOOK)
#define IN_SERVICE (IN_SUBMIT | IN_GET | IN_BULK | IN_RUN | 1u << COMMAND_CREDITS) /* those that call the service */
#define IN_ALL (1u << COMMAND_NONE | IN_SERVICE | IN_LEADS | IN_BADGE | IN_ROSTER | IN_WEBHOOK | IN_PROVISION)

#define ARGUMENT_MAX 32768 /* bytes; a refusal may have to repeat one */

typedef struct {
    const char *name;
    unsigned commands;
    enum { FLAG, TEXT, NOTE, TOKEN, NUMBER, DAY, TYPE, RESEND, CUSTOM, COUNTRY, PIN } kind;
    size_t offset; /* of its member in options_t, for the first five */
    uint32_t max;  /* of a number */
} option_t;

#define AT(member) offsetof(options_t, member)

static const option_t OPTIONS[] = {
    {"--help", IN_ALL, FLAG, AT(help), 0},
    {"-h", IN_ALL, FLAG, AT(help), 0},
    {"--version", 1u << COMMAND_NONE, FLAG, AT(version), 0},
    {"--json", (IN_SERVICE & ~IN_RUN) | IN_LEADS | IN_BADGE | IN_WEBHOOK, FLAG, AT(json), 0},
    {"--wait", IN_SUBMIT | IN_GET | IN_BULK, FLAG, AT(wait), 0},
    {"--sync", IN_SUBMIT, FLAG, AT(sync), 0},
    {"--badge", IN_SUBMIT | IN_LEADS, TEXT, AT(badge), 0},
    {"--profile", IN_SUBMIT | IN_BADGE | IN_RUN | IN_PROVISION, TEXT, AT(profile), 0},
    {"--firstname", IN_SUBMIT, TEXT, AT(firstname), 0},
    {"--lastname", IN_SUBMIT, TEXT, AT(lastname), 0},
    {"--company", IN_SUBMIT, TEXT, AT(company), 0},
    {"--domain", IN_SUBMIT, TEXT, AT(domain), 0},
    {"--linkedin", IN_SUBMIT, TEXT, AT(linkedin), 0},
    {"--webhook", IN_SUBMIT | IN_BULK, TEXT, AT(webhook), 0},
    {"--custom", IN_SUBMIT, CUSTOM, 0, 0},
    {"--country", IN_SUBMIT | IN_BULK | IN_RUN, COUNTRY, 0, 0},
    {"--type", IN_SUBMIT | IN_BULK | IN_RUN | IN_LEADS | IN_PROVISION, TYPE, 0, 0},
    {"--allow-multi", IN_SUBMIT, FLAG, AT(allow_multi), 0},
    {"--record", IN_BULK, TEXT, AT(record), 0},
    {"-o", IN_ROSTER, TEXT, AT(output), 0},
    {"--list-version", IN_ROSTER, NUMBER, AT(list_version), UINT32_MAX},
    {"--expires", IN_ROSTER, DAY, AT(expires), 0},
    {"--journal", IN_RUN | IN_LEADS | IN_PROVISION, TEXT, AT(journal), 0},
    {"--device-key", IN_RUN | IN_LEADS | IN_PROVISION, TEXT, AT(device_key), 0},
    {"--size", IN_RUN, NUMBER, AT(size_kib), SIZE_MAX_KIB},
    {"--resend", IN_RUN | IN_PROVISION, RESEND, 0, 0},
    {"--event", IN_RUN | IN_LEADS | IN_PROVISION, NOTE, AT(event), 0},
    {"--device", IN_RUN | IN_PROVISION, NOTE, AT(device), 0},
    {"--operator", IN_RUN, NOTE, AT(captured_by), 0},
    {"--roster", IN_RUN, TEXT, AT(roster), 0},
    {"--notice", IN_RUN | IN_PROVISION, NOTE, AT(notice), 0},
    {"--sheet", IN_RUN | IN_PROVISION, NOTE, AT(sheet), 0},
    {"--keep-days", IN_RUN | IN_PROVISION, NUMBER, AT(keep_days), KEEP_MAX_DAYS},
    {"--personal-email-ok", IN_RUN | IN_PROVISION, FLAG, AT(personal_email_ok), 0},
    {"--ack-fd", IN_RUN, NUMBER, AT(ack_fd), 1023},
    {"--spread", IN_RUN | IN_PROVISION, NUMBER, AT(spread_ms), SPREAD_MAX_MS},
    {"--secret-file", IN_PROVISION, TEXT, AT(secret_file), 0},
    {"--time-server", IN_PROVISION, TEXT, AT(time_server), 0},
    {"--force", IN_PROVISION, FLAG, AT(force), 0},
    {"--vcard", IN_LEADS, FLAG, AT(vcard), 0},
    {"--state", IN_LEADS, TEXT, AT(state), 0},
    {"--token", IN_WEBHOOK, TOKEN, AT(token), 0},
    {"--config", IN_SERVICE | IN_LEADS | IN_PROVISION, TEXT, AT(config), 0},
    {"--key-file", IN_SERVICE | IN_PROVISION, TEXT, AT(key_file), 0},
    {"--async-base", IN_SERVICE | IN_PROVISION, TEXT, AT(async_base), 0},
    {"--sync-base", IN_SUBMIT, TEXT, AT(sync_base), 0},
    {"--ca", IN_SERVICE | IN_PROVISION, TEXT, AT(ca), 0},
    {"--pin", IN_SERVICE, PIN, 0, 0},
    {"--allow-private", IN_SERVICE | IN_PROVISION, FLAG, AT(allow_private), 0},
    {"--timeout", IN_SERVICE, NUMBER, AT(timeout_s), TIMEOUT_MAX_S},
    {"--dns-timeout", IN_SERVICE, NUMBER, AT(dns_s), TIMEOUT_MAX_S},
    {"--connect-timeout", IN_SERVICE, NUMBER, AT(connect_s), TIMEOUT_MAX_S},
    {"--handshake-timeout", IN_SERVICE, NUMBER, AT(handshake_s), TIMEOUT_MAX_S},
    {"--send-timeout", IN_SERVICE, NUMBER, AT(send_s), TIMEOUT_MAX_S},
    {"--answer-timeout", IN_SERVICE, NUMBER, AT(answer_s), TIMEOUT_MAX_S},
    {"--body-timeout", IN_SERVICE, NUMBER, AT(body_s), TIMEOUT_MAX_S},
    {"--poll", IN_SUBMIT | IN_GET | IN_BULK | IN_RUN, NUMBER, AT(poll_ms), POLL_MAX_MS},
    {"--deadline", IN_SUBMIT | IN_GET | IN_BULK | IN_RUN, NUMBER, AT(deadline_s), DEADLINE_MAX_S},
};
#define OPTION_COUNT (sizeof OPTIONS / sizeof OPTIONS[0])

static const struct {
    const char *word;
    command_t command;
} COMMANDS[] = {
    {"submit", COMMAND_SUBMIT},   {"get", COMMAND_GET},
    {"bulk", COMMAND_BULK},       {"run", COMMAND_RUN},
    {"leads", COMMAND_LEADS},     {"credits", COMMAND_CREDITS},
    {"badge", COMMAND_BADGE},     {"roster", COMMAND_ROSTER},
    {"webhook", COMMAND_WEBHOOK}, {"provision", COMMAND_PROVISION},
};

/* What is being read: the arguments, and where a refusal goes. */
typedef struct {
    char **argv;
    int argc;
    int at;
    options_t *options;
    problem_t *problem;
    const option_t *option; /* the one being taken */
    bool seen[OPTION_COUNT];
} reading_t;

static exit_code_t refuse(reading_t *reading, const char *what)
{
    return outcome_problem(reading->problem, EXIT_USAGE, reading->option->name, what);
}

bool options_number(const char *text, uint32_t max, uint32_t *out_number)
{
    uint64_t number = 0;
    for (const char *digit = text; *digit != '\0'; digit++) {
        if (*digit < '0' || *digit > '9' || number > max) {
            return false;
        }
        number = number * 10 + (uint64_t)(*digit - '0');
    }
    *out_number = (uint32_t)number;
    return number >= 1 && number <= max;
}

static int digit_value(char digit)
{
    static const char DIGITS[] = "0123456789abcdef0123456789ABCDEF";
    const char *at = digit == '\0' ? NULL : strchr(DIGITS, digit);
    return at == NULL ? -1 : (int)(at - DIGITS) % 16;
}

const char *options_add_pin(pins_t *pins, const char *digits)
{
    uint8_t digest[32] = {0};
    for (size_t i = 0; i < sizeof digest * 2; i++) {
        int value = digit_value(digits[i]);
        if (value < 0) {
            return "must be 64 hexadecimal digits";
        }
        digest[i / 2] = (uint8_t)(digest[i / 2] << 4 | value);
    }
    if (digits[sizeof digest * 2] != '\0') {
        return "must be 64 hexadecimal digits";
    }
    for (size_t i = 0; i < pins->count; i++) {
        if (memcmp(pins->digests[i], digest, sizeof digest) == 0) {
            return "gives a pin twice";
        }
    }
    if (pins->count == PINS_MAX) {
        return "is given more than " TEXT_OF(PINS_MAX) " times";
    }
    memcpy(pins->digests[pins->count++], digest, sizeof digest);
    return NULL;
}

static exit_code_t take_pin(reading_t *reading, const char *value)
{
    const char *fault = options_add_pin(&reading->options->pins, value);
    return fault == NULL ? EXIT_DONE : refuse(reading, fault);
}

static exit_code_t take_number(reading_t *reading, const char *value)
{
    static char what[48];
    uint32_t number = 0;
    if (!options_number(value, reading->option->max, &number)) {
        (void)snprintf(what, sizeof what, "must be a number from 1 to %u", (unsigned)reading->option->max);
        return refuse(reading, what);
    }
    memcpy((char *)reading->options + reading->option->offset, &number, sizeof number);
    return EXIT_DONE;
}

/* A day, YYYY-MM-DD: the list is good to its end, UTC. */
static exit_code_t take_day(reading_t *reading, const char *value)
{
    struct tm day = {.tm_sec = 0};
    const char *end = strptime(value, "%Y-%m-%d", &day);
    const int64_t seconds = end != NULL && *end == '\0' ? (int64_t)timegm(&day) + 86400 : 0;
    if (seconds <= 86400 || seconds > UINT32_MAX) {
        return refuse(reading, "must be a day such as 2026-11-30");
    }
    memcpy((char *)reading->options + reading->option->offset, &seconds, sizeof seconds);
    return EXIT_DONE;
}

static exit_code_t take_type(reading_t *reading, const char *value)
{
    enr_type_t type = ENR_TYPE_EMAIL;
    if (enr_type_parse(enr_span_from_str(value), &type) != ENR_OK) {
        return refuse(reading, "must be email, phone or personal_email");
    }
    if ((reading->options->types & type) != 0) {
        return refuse(reading, "names a type twice");
    }
    reading->options->types |= type;
    return EXIT_DONE;
}

/* TYPE=K */
static exit_code_t take_resend(reading_t *reading, const char *value)
{
    const char *sign = strchr(value, '=');
    enr_type_t type = ENR_TYPE_EMAIL;
    enr_span_t word = {(const uint8_t *)value, sign != NULL ? (size_t)(sign - value) : 0};
    uint32_t times = 0;
    if (sign == NULL || enr_type_parse(word, &type) != ENR_OK || !options_number(sign + 1, RESEND_MAX, &times)) {
        return refuse(reading, "must be TYPE=K, K from 1 to " TEXT_OF(RESEND_MAX));
    }
    uint32_t *member = &reading->options->resend[enr_type_number(type)];
    if (*member != 0) {
        return refuse(reading, "names a type twice");
    }
    *member = times;
    return EXIT_DONE;
}

const char *options_note_fault(const char *value)
{
    enr_span_t text = enr_span_from_str(value);
    if (text.len == 0 || text.len > NOTE_MAX || !enr_utf8_valid(text)) {
        return "must be 1 to " TEXT_OF(NOTE_MAX) " bytes of UTF-8";
    }
    return NULL;
}

static exit_code_t take_custom(reading_t *reading, const char *value)
{
    const char *sign = strchr(value, '=');
    if (sign == NULL) {
        return refuse(reading, "must be KEY=VALUE");
    }
    if (reading->options->custom_count == ENR_CUSTOM_MAX) {
        return refuse(reading, "is given more than " TEXT_OF(ENR_CUSTOM_MAX) " times");
    }
    enr_span_t pair = enr_span_from_str(value);
    size_t key_len = (size_t)(sign - value);
    reading->options->custom[reading->options->custom_count++] = (enr_custom_t){
        .key = enr_span_slice(pair, 0, key_len),
        .value = enr_span_slice(pair, key_len + 1, pair.len),
    };
    return EXIT_DONE;
}

static exit_code_t take_country(reading_t *reading, const char *value)
{
    if (reading->options->country_count == ENR_COUNTRIES_MAX) {
        return refuse(reading, "is given more than " TEXT_OF(ENR_COUNTRIES_MAX) " times");
    }
    reading->options->countries[reading->options->country_count++] = enr_span_from_str(value);
    return EXIT_DONE;
}

static exit_code_t take_value(reading_t *reading, const char *value)
{
    switch (reading->option->kind) {
    case TYPE:
        return take_type(reading, value);
    case CUSTOM:
        return take_custom(reading, value);
    case COUNTRY:
        return take_country(reading, value);
    case DAY:
        return take_day(reading, value);
    case NUMBER:
        return take_number(reading, value);
    case PIN:
        return take_pin(reading, value);
    case RESEND:
        return take_resend(reading, value);
    case NOTE:
        if (options_note_fault(value) != NULL) {
            return refuse(reading, options_note_fault(value));
        }
        break;
    case TOKEN:
        if (strlen(value) != ENR_TOKEN_LEN || strspn(value, "0123456789abcdef") != ENR_TOKEN_LEN) {
            return refuse(reading, "must be " TEXT_OF(ENR_TOKEN_LEN) " lower-case hexadecimal digits");
        }
        break;
    default:
        break;
    }
    memcpy((char *)reading->options + reading->option->offset, (const void *)&value, sizeof value);
    return EXIT_DONE;
}

/* The option that these len bytes name, if the command has it, or NULL. */
static const option_t *find_option(const reading_t *reading, const char *name, size_t len)
{
    for (size_t i = 0; i < OPTION_COUNT; i++) {
        const option_t *option = &OPTIONS[i];
        if (strlen(option->name) == len && memcmp(option->name, name, len) == 0 &&
            (option->commands & 1u << reading->options->command) != 0) {
            return option;
        }
    }
    return NULL;
}

/* A value is not repeated: it may be a key that somebody tries to give this way. */
static exit_code_t refuse_unknown(reading_t *reading, const char *name, size_t len)
{
    static char shown[40];
    (void)snprintf(shown, sizeof shown, "%.*s", len < sizeof shown ? (int)len : 2, name);
    return outcome_problem(reading->problem, EXIT_USAGE, shown, "no such option here");
}

/* --name, --name=value or --name value. */
static exit_code_t take_option(reading_t *reading)
{
    const char *name = reading->argv[reading->at++];
    size_t len = strcspn(name, "=");
    const char *value = name[len] == '=' ? name + len + 1 : NULL;
    const option_t *option = find_option(reading, name, len);
    if (option == NULL) {
        return refuse_unknown(reading, name, len);
    }
    reading->option = option;
    bool once = option->kind <= DAY;
    if (once && reading->seen[option - OPTIONS]) {
        return refuse(reading, "is given twice");
    }
    reading->seen[option - OPTIONS] = true;
    if (option->kind == FLAG) {
        const bool yes = true;
        memcpy((char *)reading->options + option->offset, &yes, sizeof yes);
        return value == NULL ? EXIT_DONE : refuse(reading, "takes no value");
    }
    if (value == NULL && reading->at == reading->argc) {
        return refuse(reading, "needs a value");
    }
    return take_value(reading, value != NULL ? value : reading->argv[reading->at++]);
}

static exit_code_t take_word(reading_t *reading)
{
    const char *word = reading->argv[reading->at++];
    options_t *options = reading->options;
    for (size_t i = 0; options->command == COMMAND_NONE && i < sizeof COMMANDS / sizeof COMMANDS[0]; i++) {
        if (strcmp(word, COMMANDS[i].word) == 0) {
            options->command = COMMANDS[i].command;
            return EXIT_DONE;
        }
    }
    if (options->command == COMMAND_NONE) {
        return outcome_problem(reading->problem, EXIT_USAGE, word, "no such command");
    }
    if (options->command == COMMAND_ROSTER && options->operand != NULL && options->id == NULL) {
        *(options->file == NULL ? &options->file : &options->id) = word;
        return EXIT_DONE;
    }
    if (options->command == COMMAND_LEADS && options->operand != NULL && options->argument == NULL) {
        options->argument = word;
        return EXIT_DONE;
    }
    bool takes_none =
        options->command == COMMAND_SUBMIT || options->command == COMMAND_CREDITS || options->command == COMMAND_RUN;
    if (takes_none || options->operand != NULL) {
        return outcome_problem(reading->problem, EXIT_USAGE, word, "one argument too many");
    }
    options->operand = word;
    return EXIT_DONE;
}

static bool names_somebody(const options_t *options)
{
    return options->badge != NULL || options->firstname != NULL || options->lastname != NULL ||
           options->company != NULL || options->domain != NULL || options->linkedin != NULL;
}

/* What has no meaning beside --sync (api-contract 8). */
static exit_code_t check_submit(const options_t *options, problem_t *out_problem)
{
    if (!names_somebody(options)) {
        return outcome_problem(out_problem, EXIT_USAGE, "submit",
                               "needs a person (--badge FILE, or --firstname, --lastname and --domain, "
                               "--company or --linkedin) and --type");
    }
    if (options->sync && options->wait) {
        return outcome_problem(out_problem, EXIT_USAGE, "--wait", "is not for --sync: its answer is the result");
    }
    if (options->sync && options->webhook != NULL) {
        return outcome_problem(out_problem, EXIT_USAGE, "--webhook", "is not for --sync: its answer is the result");
    }
    return EXIT_DONE;
}

static exit_code_t check_bulk(const options_t *options, problem_t *out_problem)
{
    if (options->operand == NULL) {
        return outcome_problem(out_problem, EXIT_USAGE, "bulk", "needs a file of contacts, or - for standard input");
    }
    if (options->types == 0 || (options->types & (options->types - 1)) != 0) {
        return outcome_problem(out_problem, EXIT_USAGE, "bulk", "needs one --type: email, phone or personal_email");
    }
    if (options->wait && options->webhook != NULL) {
        return outcome_problem(out_problem, EXIT_USAGE, "--wait", "is not for --webhook: the results go there");
    }
    return EXIT_DONE;
}

static exit_code_t check_roster(const options_t *options, problem_t *out_problem)
{
    const bool is_build = options->operand != NULL && strcmp(options->operand, "build") == 0;
    const bool is_show = options->operand != NULL && strcmp(options->operand, "show") == 0;
    if ((!is_build && !is_show) || options->file == NULL) {
        return outcome_problem(out_problem, EXIT_USAGE, "roster", "needs build TABLE -o FILE, or show FILE [ID]");
    }
    if (is_build && options->output == NULL) {
        return outcome_problem(out_problem, EXIT_USAGE, "roster", "needs -o FILE to build");
    }
    if (is_build && options->id != NULL) {
        return outcome_problem(out_problem, EXIT_USAGE, options->id, "one argument too many");
    }
    if (is_show && (options->output != NULL || options->list_version > 0 || options->expires > 0)) {
        return outcome_problem(out_problem, EXIT_USAGE, "roster",
                               "shows a file as it is: -o, --list-version and "
                               "--expires are for build");
    }
    return EXIT_DONE;
}

static exit_code_t check_provision(const options_t *options, problem_t *out_problem)
{
    const bool is_secret = options->operand != NULL && strcmp(options->operand, "secret") == 0;
    const bool is_make = options->operand != NULL && strcmp(options->operand, "make") == 0;
    if (!is_secret && !is_make) {
        return outcome_problem(out_problem, EXIT_USAGE, "provision", "needs secret, or make");
    }
    if (is_make && options->secret_file == NULL) {
        return outcome_problem(out_problem, EXIT_USAGE, "provision", "needs --secret-file FILE to make a code");
    }
    if (is_make && options->ca == NULL && options->config == NULL) {
        return outcome_problem(out_problem, EXIT_USAGE, "provision",
                               "needs --ca FILE to make a code: the roots that the device trusts");
    }
    return EXIT_DONE;
}

static exit_code_t check_run(const options_t *options, problem_t *out_problem)
{
    if ((options->types & ENR_TYPE_PERSONAL_EMAIL) != 0 && !options->personal_email_ok) {
        return outcome_problem(out_problem, EXIT_USAGE, "--type",
                               "personal_email needs --personal-email-ok: the event allows it, for those who consent");
    }
    for (unsigned i = 0; i < ENR_TYPE_COUNT; i++) {
        if (options->resend[i] > 0 && (options->types & enr_type_of_number(i)) == 0) {
            return outcome_problem(out_problem, EXIT_USAGE, "--resend", "is for a type that is not asked for");
        }
    }
    if (options->ack_fd > 0 && options->ack_fd <= 2) {
        return outcome_problem(out_problem, EXIT_USAGE, "--ack-fd", "must be 3 or more: 0 to 2 are taken");
    }
    return EXIT_DONE;
}

static exit_code_t check_complete(const options_t *options, problem_t *out_problem)
{
    if (options->help || options->version) {
        return EXIT_DONE;
    }
    if (options->pins.count == 1) {
        return outcome_problem(out_problem, EXIT_USAGE, "--pin",
                               "is given once: none or at least two, so that one may change");
    }
    switch (options->command) {
    case COMMAND_NONE:
        return outcome_problem(out_problem, EXIT_USAGE, "arguments",
                               "name a command: submit, get, bulk, run, leads, credits, badge, roster, provision "
                               "or webhook");
    case COMMAND_GET:
        return options->operand != NULL ? EXIT_DONE
                                        : outcome_problem(out_problem, EXIT_USAGE, "get", "needs the id to read");
    case COMMAND_BULK:
        return check_bulk(options, out_problem);
    case COMMAND_RUN:
        return check_run(options, out_problem);
    case COMMAND_LEADS: /* leads/ checks its own */
    case COMMAND_CREDITS:
        return EXIT_DONE;
    case COMMAND_BADGE:
        return options->operand != NULL
                   ? EXIT_DONE
                   : outcome_problem(out_problem, EXIT_USAGE, "badge", "needs a file, or - for standard input");
    case COMMAND_PROVISION:
        return check_provision(options, out_problem);
    case COMMAND_ROSTER:
        return check_roster(options, out_problem);
    case COMMAND_WEBHOOK:
        return options->operand != NULL
                   ? EXIT_DONE
                   : outcome_problem(out_problem, EXIT_USAGE, "webhook", "needs a file, or - for standard input");
    default:
        return check_submit(options, out_problem);
    }
}

exit_code_t options_read(int argc, char **argv, options_t *out_options, problem_t *out_problem)
{
    *out_options = (options_t){0};
    *out_problem = (problem_t){0};
    reading_t reading = {.argv = argv, .argc = argc, .at = 1, .options = out_options, .problem = out_problem};
    bool only_words = false;
    for (int i = 1; i < argc; i++) {
        if (strlen(argv[i]) > ARGUMENT_MAX) {
            return outcome_problem(out_problem, EXIT_USAGE, "arguments",
                                   "one is longer than " TEXT_OF(ARGUMENT_MAX) " bytes");
        }
    }
    while (reading.at < argc) {
        const char *argument = argv[reading.at];
        exit_code_t code = EXIT_DONE;
        if (!only_words && strcmp(argument, "--") == 0) {
            only_words = true;
            reading.at++;
        } else if (!only_words &&
                   (strncmp(argument, "--", 2) == 0 || strcmp(argument, "-h") == 0 || strcmp(argument, "-o") == 0)) {
            code = take_option(&reading);
        } else if (!only_words && argument[0] == '-' && argument[1] != '\0') {
            code = refuse_unknown(&reading, argument, 2);
        } else {
            code = take_word(&reading);
        }
        if (code != EXIT_DONE) {
            return code;
        }
    }
    return check_complete(out_options, out_problem);
}
