#include "settings.h"

#include "input.h"
#include "print.h"

#include "enrich/url.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#define KEY_VARIABLE "ENRICH_API_KEY"

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

/* One of the two addresses: never the other in its place, since the host alone picks the call (api-contract 1). */
typedef struct {
    const char *option;
    const char *given;
    const char *variable;
    const char *preset;
    const char *hint;
} base_t;

#define BASE_HINT                                                                                                      \
    "it must be https, with a host name (not an IP address; for this machine: localhost) and no query, as "

static exit_code_t load_base(const base_t *base, enr_span_t *out_base, enr_url_t *out_url, problem_t *out_problem)
{
    const char *variable = getenv(base->variable);
    const char *text = base->given != NULL ? base->given : variable != NULL ? variable : base->preset;
    *out_base = enr_span_from_str(text);
    enr_status_t status = enr_url_parse(*out_base, out_url);
    if (status == ENR_OK && (!enr_host_is_name(out_url->host) || out_url->path.len != out_url->path_and_query.len)) {
        status = ENR_E_URL;
    }
    if (status != ENR_OK) {
        *out_problem = (problem_t){
            .status = status,
            .where = base->given != NULL ? base->option : base->variable,
            .what = status == ENR_E_LIMIT ? "longer than " TEXT_OF(ENR_URL_MAX) " bytes" : enr_status_meaning(status),
            .hint = base->hint,
        };
        return EXIT_SETTING;
    }
    return EXIT_DONE;
}

static exit_code_t load_bases(const options_t *options, settings_t *settings, problem_t *out_problem)
{
    const base_t async = {"--async-base", options->async_base, "ENRICH_ASYNC_BASE", ENR_ASYNC_BASE_DEFAULT,
                          BASE_HINT ENR_ASYNC_BASE_DEFAULT};
    const base_t sync = {"--sync-base", options->sync_base, "ENRICH_SYNC_BASE", ENR_SYNC_BASE_DEFAULT,
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

/* One time for the whole request; the other phases keep their caps, and the answer may take all of it. */
static enr_timeouts_t timeouts_of(uint32_t seconds)
{
    enr_timeouts_t timeouts = ENR_TIMEOUTS_DEFAULT;
    if (seconds > 0) {
        timeouts.total_ms = seconds * 1000u;
        timeouts.answer_ms = timeouts.total_ms;
        uint32_t *others[] = {&timeouts.dns_ms, &timeouts.connect_ms, &timeouts.handshake_ms, &timeouts.send_ms,
                              &timeouts.body_ms};
        for (size_t i = 0; i < sizeof others / sizeof others[0]; i++) {
            *others[i] = smaller(*others[i], timeouts.total_ms);
        }
    }
    return timeouts;
}

exit_code_t settings_load(const options_t *options, settings_t *out_settings, problem_t *out_problem)
{
    *out_settings = (settings_t){
        .timeouts = timeouts_of(options->timeout_s),
        .ca = options->ca,
        .allow_private = options->allow_private,
    };
    exit_code_t code = load_key(options, out_settings, out_problem);
    return code == EXIT_DONE ? load_bases(options, out_settings, out_problem) : code;
}

void settings_wipe(settings_t *settings)
{
    print_hide((enr_span_t){0});
    enr_wipe(settings->key_memory, sizeof settings->key_memory);
}
