#include "events.h"

#include "../print.h"
#include "../progress.h"
#include "../record_json.h"

#include <assert.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

static uint8_t memory[RECORD_JSON_MAX];
static enr_buffer_t text;
static enr_json_writer_t writer;
static const char *fault;

enr_json_writer_t *event_begin(const char *name)
{
    text = enr_buffer_over(memory, sizeof memory);
    enr_json_writer_start(&writer, &text);
    enr_json_object_begin(&writer);
    enr_json_write_member(&writer, ENR_SPAN("event"), enr_span_from_str(name));
    return &writer;
}

void event_number(enr_json_writer_t *json, const char *key, uint32_t number)
{
    enr_json_key(json, enr_span_from_str(key));
    enr_json_write_integer(json, number);
}

static void note_fault(void)
{
    if (fault == NULL) {
        fault = errno != 0 ? strerror(errno) : "cannot be written";
    }
}

/* The line as it is printed, in memory of its own. */
static char *render(size_t *out_len)
{
    char *line = NULL;
    FILE *stream = open_memstream(&line, out_len);
    if (stream == NULL) {
        return NULL;
    }
    print_json(stream, enr_buffer_span(&text));
    bool good = ferror(stream) == 0;
    good = fclose(stream) == 0 && good;
    if (!good) {
        free(line);
        line = NULL;
    }
    return line;
}

void event_end(enr_hash_t *hash)
{
    enr_json_object_end(&writer);
    enr_status_t status = enr_json_writer_finish(&writer);
    assert(status == ENR_OK);
    (void)status;
    size_t len = 0;
    errno = 0;
    char *line = render(&len);
    if (line == NULL) {
        note_fault();
        return;
    }
    if (hash != NULL) {
        enr_hash_add(hash, (enr_span_t){(const uint8_t *)line, len});
    }
    progress_clear();
    if (fwrite(line, 1, len, stdout) != len || fflush(stdout) != 0) {
        note_fault();
    }
    enr_wipe(line, len);
    free(line);
    enr_wipe(memory, text.len);
}

const char *events_fault(void)
{
    return fault;
}
