#include "ledger.h"

#include <inttypes.h>

const char *sim_call_word(sim_call_t call)
{
    switch (call) {
    case SIM_CALL_SUBMIT:
        return "submit";
    case SIM_CALL_READ:
        return "read";
    case SIM_CALL_BATCH:
        return "batch";
    case SIM_CALL_SYNC:
        return "sync";
    case SIM_CALL_CREDITS:
        return "credits";
    case SIM_CALL_ACCOUNT:
        return "account";
    case SIM_CALL_NONE:
        break;
    }
    return "none";
}

/* custom is JSON already. It is the caller's own text, there to tell contacts apart. */
static void write_accepted(FILE *file, const sim_entry_t *entry)
{
    (void)fprintf(file, "{\"event\":\"accepted\",\"t\":%" PRIu64 ",\"call\":\"%s\",\"id\":\"%s\"", entry->time_ms,
                  sim_call_word(entry->call), entry->id);
    if (entry->batch_id != NULL) {
        (void)fprintf(file, ",\"batch\":\"%s\",\"index\":%zu", entry->batch_id, entry->index);
    }
    (void)fprintf(file, ",\"person\":\"%016" PRIx64 "\",\"types\":[", entry->person);
    const char *comma = "";
    static const char *const WORDS[] = {"email", "phone", "personal_email"};
    for (unsigned i = 0; i < 3; i++) {
        if ((entry->types & (1u << i)) != 0) {
            (void)fprintf(file, "%s\"%s\"", comma, WORDS[i]);
            comma = ",";
        }
    }
    (void)fputs("]", file);
    if (entry->custom != NULL) {
        (void)fprintf(file, ",\"custom\":%s", entry->custom);
    }
}

static void write_billed(FILE *file, const sim_entry_t *entry)
{
    (void)fprintf(file,
                  "{\"event\":\"billed\",\"t\":%" PRIu64 ",\"id\":\"%s\",\"emails\":%zu,\"phones\":%zu,"
                  "\"personal_emails\":%zu,\"credits\":%" PRId64 ",\"balance\":%" PRId64,
                  entry->time_ms, entry->id, entry->emails, entry->phones, entry->personal_emails, entry->price,
                  entry->balance);
}

void sim_ledger_write(void *file, const sim_entry_t *entry)
{
    if (entry->finished) {
        write_billed(file, entry);
    } else {
        write_accepted(file, entry);
    }
    (void)fputs("}\n", file);
    (void)fflush(file);
}
