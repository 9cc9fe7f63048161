#include "settings.h"

#include "config.h"
#include "input.h"
#include "print.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

static void trim_line_end(enr_span_t *text)
{
    if (text->len > 0 && text->ptr[text->len - 1] == '\n') {
        text->len--;
    }
    if (text->len > 0 && text->ptr[text->len - 1] == '\r') {
        text->len--;
    }
}

static exit_code_t read_key_file(const char *path, settings_t *settings, problem_t *out_problem)
{
    size_t len = 0;
    unsigned mode = 0;
    switch (input_read(path, false, settings->key_memory, sizeof settings->key_memory - 1, &len, &mode)) {
    case INPUT_FAILED:
        return outcome_problem(out_problem, EXIT_SETTING, path, strerror(errno));
    case INPUT_TOO_LARGE:
        return outcome_problem(out_problem, EXIT_SETTING, path,
                               "the API key in it is longer than " TEXT_OF(ENR_API_KEY_MAX) " bytes");
    case INPUT_OK:
        break;
    }
    if ((mode & (S_IRGRP | S_IROTH)) != 0) {
        (void)fputs("enrich: warning: ", stderr);
        print_string(stderr, path);
        (void)fputs(": others can read this API key; chmod 600 helps\n", stderr);
    }
    settings->key = (enr_span_t){settings->key_memory, len};
    trim_line_end(&settings->key);
    return EXIT_DONE;
}

/* The rule that the key breaks, or NULL. The rules are those of enr_api_init. */
static const char *check_key(enr_span_t key)
{
    if (key.len == 0) {
        return "the API key is empty";
    }
    if (key.len > ENR_API_KEY_MAX) {
        return "the API key is longer than " TEXT_OF(ENR_API_KEY_MAX) " bytes";
    }
    for (size_t i = 0; i < key.len; i++) {
        if (key.ptr[i] < 0x21 || key.ptr[i] > 0x7e) {
            return "the API key holds a space, a control character or a letter outside ASCII";
        }
    }
    return NULL;
}

static exit_code_t load_key(const options_t *options, settings_t *settings, problem_t *out_problem)
{
    const char *variable = getenv(KEY_VARIABLE);
    const char *source = options->key_file != NULL ? options->key_file : KEY_VARIABLE;
    if (options->key_file != NULL) {
        exit_code_t code = read_key_file(options->key_file, settings, out_problem);
        if (code != EXIT_DONE) {
            return code;
        }
    } else if (variable != NULL) {
        settings->key = enr_span_from_str(variable);
    } else if (options->told != NULL) {
        settings->key = options->told->settings.api_key;
        print_hide(settings->key);
        return EXIT_DONE;
    } else {
        *out_problem = (problem_t){
            .where = "API key", .what = "none given", .hint = "set " KEY_VARIABLE " or give --key-file FILE"};
        return EXIT_SETTING;
    }
    const char *fault = check_key(settings->key);
    if (fault != NULL) {
        return outcome_problem(out_problem, EXIT_SETTING, source, fault);
    }
    print_hide(settings->key);
    return EXIT_DONE;
}

enr_status_t settings_parse_base(const char *text, enr_url_t *out_url)
{
    enr_status_t status = enr_url_parse(enr_span_from_str(text), out_url);
    if (status == ENR_OK && (!enr_host_is_name(out_url->host) || out_url->path.len != out_url->path_and_query.len)) {
        status = ENR_E_URL;
    }
    return status;
}

const char *settings_base_fault(enr_status_t status)
{
    return status == ENR_E_LIMIT ? "longer than " TEXT_OF(ENR_URL_MAX) " bytes" : enr_status_meaning(status);
}

/* One of the two addresses: never the other in its place, since the host alone picks the call (api-contract 1). */
typedef struct {
    const char *option;
    const char *given;
    const char *variable;
    const char *preset;
    const char *hint;
} base_t;

#define BASE_HINT "it must be " SETTINGS_BASE_RULE ", as "

static exit_code_t load_base(const base_t *base, enr_span_t *out_base, enr_url_t *out_url, problem_t *out_problem)
{
    const char *variable = getenv(base->variable);
    const char *text = base->given != NULL ? base->given : variable != NULL ? variable : base->preset;
    *out_base = enr_span_from_str(text);
    enr_status_t status = settings_parse_base(text, out_url);
    if (status != ENR_OK) {
        *out_problem = (problem_t){
            .status = status,
            .where = base->given != NULL ? base->option : base->variable,
            .what = settings_base_fault(status),
            .hint = base->hint,
        };
        return EXIT_SETTING;
    }
    return EXIT_DONE;
}

static exit_code_t load_bases(const options_t *options, settings_t *settings, problem_t *out_problem)
{
    const base_t async = {"--async-base", options->async_base, ASYNC_BASE_VARIABLE, ENR_ASYNC_BASE_DEFAULT,
                          BASE_HINT ENR_ASYNC_BASE_DEFAULT};
    const base_t sync = {"--sync-base", options->sync_base, SYNC_BASE_VARIABLE, ENR_SYNC_BASE_DEFAULT,
                         BASE_HINT ENR_SYNC_BASE_DEFAULT};
    enr_url_t async_url;
    enr_url_t sync_url;
    exit_code_t code = load_base(&async, &settings->async_base, &async_url, out_problem);
    if (code == EXIT_DONE) {
        code = load_base(&sync, &settings->sync_base, &sync_url, out_problem);
    }
    if (code == EXIT_DONE) {
        const enr_url_t *url = options->sync ? &sync_url : &async_url;
        (void)snprintf(settings->where, sizeof settings->where, "%.*s:%u", (int)url->host.len,
                       (const char *)url->host.ptr, (unsigned)url->port);
    }
    return code;
}

static uint32_t smaller(uint32_t a, uint32_t b)
{
    return a < b ? a : b;
}

/* One time for the whole request: no phase's cap is longer, and the answer may take all of it. Then the phases that
   were given one by one. */
static enr_timeouts_t timeouts_of(const options_t *options)
{
    enr_timeouts_t timeouts = ENR_TIMEOUTS_DEFAULT;
    if (options->timeout_s > 0) {
        timeouts.total_ms = options->timeout_s * 1000u;
        timeouts.answer_ms = timeouts.total_ms;
    }
    const struct {
        uint32_t given_s;
        uint32_t *cap_ms;
    } phases[] = {
        {options->dns_s, &timeouts.dns_ms},
        {options->connect_s, &timeouts.connect_ms},
        {options->handshake_s, &timeouts.handshake_ms},
        {options->send_s, &timeouts.send_ms},
        {options->answer_s, &timeouts.answer_ms},
        {options->body_s, &timeouts.body_ms},
    };
    for (size_t i = 0; i < sizeof phases / sizeof phases[0]; i++) {
        *phases[i].cap_ms =
            phases[i].given_s > 0 ? phases[i].given_s * 1000u : smaller(*phases[i].cap_ms, timeouts.total_ms);
    }
    return timeouts;
}

exit_code_t settings_load(const options_t *options, settings_t *out_settings, problem_t *out_problem)
{
    *out_settings = (settings_t){0};
    options_t all = *options;
    exit_code_t code = options->config != NULL ? config_read(options->config, &all, out_problem) : EXIT_DONE;
    if (code != EXIT_DONE) {
        return code;
    }
    out_settings->timeouts = timeouts_of(&all);
    out_settings->ca = all.ca;
    if (all.ca == NULL && all.told != NULL) {
        out_settings->anchors = (enr_anchor_list_t){all.told->settings.anchors, all.told->settings.anchor_count};
    }
    out_settings->pins = all.pins;
    out_settings->allow_private = all.allow_private;
    out_settings->poll_ms = all.poll_ms > 0 ? all.poll_ms : 2000; /* api-contract 13 */
    out_settings->deadline_s = all.deadline_s > 0 ? all.deadline_s : 900;
    code = load_key(&all, out_settings, out_problem);
    return code == EXIT_DONE ? load_bases(&all, out_settings, out_problem) : code;
}

void settings_wipe(settings_t *settings)
{
    print_hide((enr_span_t){0});
    enr_wipe(settings->key_memory, sizeof settings->key_memory);
}
