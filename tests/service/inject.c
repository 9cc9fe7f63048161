#include "inject.h"

#include "draw.h"
#include "text.h"

#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const char HTML[] = "<!DOCTYPE html><html><head><title>502</title></head><body>Bad gateway</body></html>";
static const char PORTAL[] = "<!DOCTYPE html><html><head><title>Welcome to our Wi-Fi</title></head>"
                             "<body><form action=\"/login\"><input name=\"room\"></form></body></html>";

typedef struct {
    json_t *object;
    const char *fault; /* the first one; NULL: none so far */
    size_t used;       /* members that were asked for and there */
} reader_t;

static const json_t *member(reader_t *reader, const char *name)
{
    const json_t *value = json_object_get(reader->object, name);
    reader->used += value != NULL ? 1 : 0;
    return value;
}

static uint64_t number(reader_t *reader, const char *name, uint64_t otherwise, uint64_t most)
{
    const json_t *value = member(reader, name);
    if (value == NULL) {
        return otherwise;
    }
    if (!json_is_integer(value) || json_integer_value(value) < 0 || (uint64_t)json_integer_value(value) > most) {
        reader->fault = name;
        return otherwise;
    }
    return (uint64_t)json_integer_value(value);
}

/* A copy; NULL when it is not there. */
static char *text(reader_t *reader, const char *name)
{
    const json_t *value = member(reader, name);
    if (value != NULL && !json_is_string(value)) {
        reader->fault = name;
    }
    return value != NULL ? sim_copy(json_string_value(value)) : NULL;
}

/* The index of the member's word; otherwise when it is not there. */
static int word(reader_t *reader, const char *name, const char *const *words, int count, int otherwise)
{
    const char *value = json_string_value(member(reader, name));
    for (int i = 0; value != NULL && i < count; i++) {
        if (strcmp(value, words[i]) == 0) {
            return i;
        }
    }
    if (json_object_get(reader->object, name) != NULL) {
        reader->fault = name;
    }
    return otherwise;
}

static void read_which(reader_t *reader, sim_injection_t *rule)
{
    static const char *const CALLS[] = {"submit", "read", "batch", "sync", "credits", "account", "none"};
    rule->call = word(reader, "call", CALLS, 7, -1);
    rule->skip = number(reader, "skip", 0, INT32_MAX);
    rule->times = number(reader, "times", UINT64_MAX, INT32_MAX);
    const json_t *rate = member(reader, "rate");
    rule->rate = rate != NULL ? json_number_value(rate) : 100;
    if (rate != NULL && (!json_is_number(rate) || rule->rate < 0 || rule->rate > 100)) {
        reader->fault = "rate";
    }
}

static void read_header(reader_t *reader, sim_injection_t *rule)
{
    rule->header_name = text(reader, "header");
    if (rule->header_name == NULL) {
        return;
    }
    char *colon = strstr(rule->header_name, ": ");
    if (colon == NULL || strpbrk(rule->header_name, "\r\n") != NULL) {
        reader->fault = "header";
        return;
    }
    *colon = '\0';
    rule->header_value = sim_copy(colon + 2);
}

static void read_answer(reader_t *reader, sim_injection_t *rule)
{
    static const char *const TAMPERS[] = {"as is", "wrong", "missing"};
    static const char *const PAGES[] = {"html", "portal"};
    rule->status = (int)number(reader, "status", 0, 599);
    if (rule->status != 0 && rule->status < 200) {
        reader->fault = "status";
    }
    rule->delay_ms = number(reader, "delay_ms", 0, INT32_MAX);
    rule->body = text(reader, "body");
    rule->type = text(reader, "type");
    if (rule->type != NULL && strpbrk(rule->type, "\r\n") != NULL) {
        reader->fault = "type";
    }
    int page = word(reader, "page", PAGES, 2, -1);
    if (page >= 0) {
        free(rule->body);
        free(rule->type);
        rule->body = sim_copy(page == 0 ? HTML : PORTAL);
        rule->type = sim_copy("text/html; charset=utf-8");
    }
    read_header(reader, rule);
    rule->id = (sim_tamper_t)word(reader, "id", TAMPERS, 3, SIM_AS_IS);
    rule->token = (sim_tamper_t)word(reader, "token", TAMPERS, 3, SIM_AS_IS);
    rule->oversize = number(reader, "oversize", 0, (uint64_t)64 * 1024 * 1024);
}

/* Code points of one byte each. */
static char *latin(const char *utf8, size_t *out_length)
{
    char *bytes = sim_alloc(strlen(utf8) + 1, 1);
    *out_length = 0;
    for (const unsigned char *at = (const unsigned char *)utf8; *at != '\0'; at++) {
        if (*at < 0x80) {
            bytes[(*out_length)++] = (char)*at;
        } else if (*at == 0xC2 || *at == 0xC3) {
            at++;
            bytes[(*out_length)++] = (char)(unsigned char)((at[-1] & 3u) << 6 | (*at & 0x3Fu));
        } else {
            free(bytes);
            return NULL;
        }
    }
    return bytes;
}

static void read_bytes(reader_t *reader, sim_injection_t *rule)
{
    static const char *const ENDS[] = {"close", "fin", "reset"};
    char *raw = text(reader, "raw");
    if (raw != NULL) {
        rule->raw = latin(raw, &rule->raw_length);
        reader->fault = rule->raw == NULL ? "raw" : reader->fault;
    }
    free(raw);
    rule->garbage = number(reader, "garbage", 0, (uint64_t)64 * 1024 * 1024);
    rule->cut = number(reader, "cut", SIM_NOWHERE, INT32_MAX);
    rule->stall_at = number(reader, "stall_at", SIM_NOWHERE, INT32_MAX);
    rule->stall_ms = number(reader, "stall_ms", 60000, INT32_MAX);
    rule->drip_ms = number(reader, "drip_ms", 0, INT32_MAX);
    int end = word(reader, "end", ENDS, 3, -1);
    rule->end = end < 0 ? SIM_END_CLOSE : (sim_end_t)end;
    rule->is_raw = rule->raw != NULL || rule->garbage > 0 || rule->cut != SIM_NOWHERE ||
                   rule->stall_at != SIM_NOWHERE || rule->drip_ms > 0 || end >= 0;
}

static void free_rule(sim_injection_t *rule)
{
    free(rule->body);
    free(rule->type);
    free(rule->header_name);
    free(rule->header_value);
    free(rule->raw);
}

/* False: out_error says why. */
static bool read_rule(const char *line, size_t length, sim_injection_t *rule, char *out_error)
{
    static const char *const WHEN[] = {"before", "after"};
    json_error_t error;
    reader_t reader = {.object = json_loadb(line, length, JSON_REJECT_DUPLICATES, &error)};
    if (!json_is_object(reader.object)) {
        (void)snprintf(out_error, SIM_INJECT_ERROR_SIZE, "not a JSON object");
        json_decref(reader.object);
        return false;
    }
    read_which(&reader, rule);
    read_answer(&reader, rule);
    read_bytes(&reader, rule);
    bool replaces = rule->status >= 300 && !rule->is_raw && rule->body == NULL;
    rule->before = word(&reader, "when", WHEN, 2, replaces ? 0 : 1) == 0;
    if (reader.fault == NULL && reader.used != json_object_size(reader.object)) {
        reader.fault = "a member that is not known";
    }
    if (reader.fault != NULL) {
        (void)snprintf(out_error, SIM_INJECT_ERROR_SIZE, "wrong: %s", reader.fault);
        free_rule(rule);
    }
    json_decref(reader.object);
    return reader.fault == NULL;
}

bool sim_inject_add(sim_injections_t *injections, const char *text_, size_t length,
                    char out_error[SIM_INJECT_ERROR_SIZE])
{
    size_t before = injections->count;
    const char *end = text_ + length;
    unsigned line = 1;
    for (const char *at = text_; at < end; line++) {
        const char *newline = memchr(at, '\n', (size_t)(end - at));
        size_t size = (size_t)((newline != NULL ? newline : end) - at);
        bool empty = strspn(at, " \t\r\n") >= size || *at == '#';
        sim_injection_t rule = {0};
        char why[SIM_INJECT_ERROR_SIZE];
        if (!empty && !read_rule(at, size, &rule, why)) {
            (void)snprintf(out_error, SIM_INJECT_ERROR_SIZE, "line %u: %.120s", line, why);
            while (injections->count > before) {
                free_rule(&injections->list[--injections->count]);
            }
            return false;
        }
        if (!empty) {
            injections->list = sim_resize(injections->list, injections->count + 1, sizeof rule);
            injections->list[injections->count++] = rule;
        }
        at += size + 1;
    }
    return true;
}

void sim_inject_clear(sim_injections_t *injections)
{
    for (size_t i = 0; i < injections->count; i++) {
        free_rule(&injections->list[i]);
    }
    free(injections->list);
    injections->list = NULL;
    injections->count = 0;
}

const sim_injection_t *sim_inject_take(sim_injections_t *injections, sim_call_t call)
{
    for (size_t i = 0; i < injections->count; i++) {
        sim_injection_t *rule = &injections->list[i];
        if ((rule->call >= 0 && rule->call != (int)call) || rule->times == 0) {
            continue;
        }
        if (rule->skip > 0) {
            rule->skip--;
            continue;
        }
        if (rule->rate < 100 && sim_draw_percent(injections->seed, injections->drawn++) >= rule->rate) {
            continue;
        }
        rule->times -= rule->times != UINT64_MAX ? 1 : 0;
        return rule;
    }
    return NULL;
}
