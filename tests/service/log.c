#include "log.h"

#include "ledger.h"

#include <inttypes.h>
#include <string.h>

static const char *error_word(sim_error_t error)
{
    switch (error) {
    case SIM_ERROR_KEY:
        return "key";
    case SIM_ERROR_NOT_FOUND:
        return "not_found";
    case SIM_ERROR_VALIDATION:
        return "validation";
    case SIM_ERROR_CONSENT:
        return "consent";
    case SIM_ERROR_CREDITS:
        return "credits";
    case SIM_ERROR_PLAN:
        return "plan";
    case SIM_ERROR_RATE:
        return "rate";
    case SIM_ERROR_REQUEST:
        break;
    }
    return "request";
}

/* Any bytes as a JSON string; what is no ASCII character is escaped by its byte. */
static void log_text(FILE *log, const char *name, const char *text, size_t length)
{
    (void)fprintf(log, ",\"%s\":\"", name);
    for (size_t i = 0; i < length; i++) {
        unsigned char byte = (unsigned char)text[i];
        if (byte == '"' || byte == '\\') {
            (void)fprintf(log, "\\%c", byte);
        } else if (byte < 0x20 || byte > 0x7E) {
            (void)fprintf(log, "\\u%04x", byte);
        } else {
            (void)fputc(byte, log);
        }
    }
    (void)fputc('"', log);
}

/* Words of our own, numbers and our own ids only: nothing that came with the request, unless asked (behaviours 49). */
void sim_log_request(const sim_log_t *log, uint64_t since_ms, const sim_http_request_t *http, sim_call_t call,
                     const sim_answer_t *answer, const char *body, bool fault)
{
    if (log->file == NULL) {
        return;
    }
    (void)fprintf(log->file, "{\"t\":%" PRIu64 ",\"call\":\"%s\",\"status\":%d", since_ms, sim_call_word(call),
                  answer->status);
    const char *id = answer->kind == SIM_ANSWER_BATCH ? answer->batch_id : answer->result.id;
    if (id != NULL) {
        (void)fprintf(log->file, ",\"id\":\"%s\"", id);
    }
    if (answer->kind == SIM_ANSWER_RESULT) {
        (void)fprintf(log->file, ",\"finished\":%s", answer->result.finished ? "true" : "false");
    }
    if (answer->kind == SIM_ANSWER_ERROR) {
        (void)fprintf(log->file, ",\"error\":\"%s\"", error_word(answer->error));
    }
    if (fault) {
        (void)fputs(",\"fault\":true", log->file);
    }
    if (log->bodies) {
        log_text(log->file, "method", http->method, strlen(http->method));
        log_text(log->file, "path", http->path, strlen(http->path));
        log_text(log->file, "asked", http->body, http->body_length);
        log_text(log->file, "answered", body, strlen(body));
    }
    (void)fputs("}\n", log->file);
    (void)fflush(log->file);
}
