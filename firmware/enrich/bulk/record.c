#include "record.h"

#include "../input.h"

#include "enrich/json_writer.h"

#include <assert.h>
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define LINE_MAX_BYTES 256
#define KEY_DIGITS 16

static const char SENDING[] = "sending";
static const char LINE_START[] = "{\"row\":";

/* --- writing --- */

static void write_line(enr_buffer_t *out, const row_t *row, const char *outcome)
{
    char key[KEY_DIGITS + 1];
    (void)snprintf(key, sizeof key, "%016llx", (unsigned long long)row->key);
    enr_json_writer_t json;
    enr_json_writer_start(&json, out);
    enr_json_object_begin(&json);
    enr_json_key(&json, ENR_SPAN("row"));
    enr_json_write_integer(&json, row->number);
    enr_json_write_member(&json, ENR_SPAN("key"), enr_span_from_str(key));
    enr_json_write_member(&json, ENR_SPAN("outcome"), enr_span_from_str(outcome));
    enr_json_write_member(&json, ENR_SPAN("token"), (enr_span_t){row->token, sizeof row->token});
    if (row->id_len > 0) {
        enr_json_write_member(&json, row->in_batch ? ENR_SPAN("batch") : ENR_SPAN("id"),
                              (enr_span_t){row->id, row->id_len});
    }
    enr_json_object_end(&json);
    enr_status_t status = enr_json_writer_finish(&json);
    assert(status == ENR_OK); /* a line has its limit */
    (void)status;
    enr_buffer_append_byte(out, '\n');
}

static bool write_all(int fd, enr_span_t text)
{
    while (text.len > 0) {
        ssize_t put = write(fd, text.ptr, text.len);
        if (put < 0 && errno != EINTR) {
            return false;
        }
        text = enr_span_slice(text, put > 0 ? (size_t)put : 0, text.len);
    }
    return true;
}

/* All rows in one write. outcome NULL: each has its own. */
static bool append(record_t *record, row_t *const *rows, size_t count, const char *outcome)
{
    static uint8_t memory[ENR_BULK_MAX * LINE_MAX_BYTES];
    enr_buffer_t text = enr_buffer_over(memory, sizeof memory);
    for (size_t i = 0; i < count; i++) {
        write_line(&text, rows[i], outcome != NULL ? outcome : report_outcome_word(rows[i]->outcome));
    }
    record->empty = false;
    return write_all(record->fd, enr_buffer_span(&text));
}

bool record_sending(record_t *record, row_t *const *rows, size_t count)
{
    return record->path == NULL || (append(record, rows, count, SENDING) && fsync(record->fd) == 0);
}

bool record_outcome(record_t *record, row_t *const *rows, size_t count)
{
    return record->path == NULL || append(record, rows, count, NULL);
}

/* --- reading --- */

/* A line as it was read. Spans are views of it. */
typedef struct {
    uint64_t key;
    enr_span_t outcome;
    enr_span_t token;
    enr_span_t id;
    enr_span_t batch;
} line_t;

static bool take_string(const enr_json_reader_t *reader, const char *name, enr_span_t *out_text)
{
    enr_json_node_t node = enr_json_member(reader, ENR_JSON_ROOT, enr_span_from_str(name));
    enr_buffer_t no_scratch = enr_buffer_over(NULL, 0); /* what was written here has no escapes */
    return enr_json_string(reader, node, &no_scratch, out_text) == ENR_OK;
}

static bool take_key(const enr_json_reader_t *reader, uint64_t *out_key)
{
    enr_span_t digits = {0};
    if (!take_string(reader, "key", &digits) || digits.len != KEY_DIGITS) {
        return false;
    }
    *out_key = 0;
    for (size_t i = 0; i < digits.len; i++) {
        uint8_t digit = digits.ptr[i];
        if (!enr_is_digit(digit) && (digit < 'a' || digit > 'f')) {
            return false;
        }
        *out_key = *out_key << 4 | (uint64_t)(enr_is_digit(digit) ? digit - '0' : digit - 'a' + 10);
    }
    return true;
}

static bool read_line(enr_span_t text, line_t *out_line)
{
    static enr_json_reader_t reader;
    *out_line = (line_t){0};
    if (enr_json_parse(&reader, text) != ENR_OK || !take_key(&reader, &out_line->key) ||
        !take_string(&reader, "outcome", &out_line->outcome) || !take_string(&reader, "token", &out_line->token)) {
        return false;
    }
    (void)take_string(&reader, "id", &out_line->id);
    (void)take_string(&reader, "batch", &out_line->batch);
    enr_span_t id = out_line->batch.len > 0 ? out_line->batch : out_line->id;
    return out_line->token.len == ENR_TOKEN_LEN && (id.len == 0 || enr_id_valid(id));
}

static void keep_id(row_t *row, enr_span_t id, bool in_batch)
{
    memcpy(row->id, id.ptr, id.len);
    row->id_len = id.len;
    row->in_batch = in_batch;
}

/* What a line says of a row: it stands as it is, or counts as never sent. Anything but the known words is held for
 * sent. */
static void apply(const line_t *line, row_t *row)
{
    bool accepted = enr_span_equal(line->outcome, enr_span_from_str(report_outcome_word(OUTCOME_ACCEPTED)));
    bool open = enr_span_equal(line->outcome, enr_span_from_str(report_outcome_word(OUTCOME_NOT_SENT))) ||
                enr_span_equal(line->outcome, enr_span_from_str(report_outcome_word(OUTCOME_NOT_ACCEPTED)));
    row->before = !open;
    row->outcome = open ? OUTCOME_NOT_SENT : accepted ? OUTCOME_ACCEPTED : OUTCOME_UNKNOWN;
    memcpy(row->token, line->token.ptr, sizeof row->token);
    row->id_len = 0;
    if (accepted) {
        keep_id(row, line->batch.len > 0 ? line->batch : line->id, line->batch.len > 0);
    }
}

static exit_code_t refuse_line(const record_t *record, unsigned number, problem_t *out_problem)
{
    static char where[4096 + sizeof ":4294967295"];
    (void)snprintf(where, sizeof where, "%s:%u", record->path, number);
    *out_problem = (problem_t){.where = where,
                               .what = "is not a line of a record of what was sent",
                               .hint = "name the right file by --record, or another one for a new record"};
    return EXIT_SETTING;
}

/* True for what a cut can leave of a line. */
static bool is_start_of_line(enr_span_t rest)
{
    size_t len = rest.len < sizeof LINE_START - 1 ? rest.len : sizeof LINE_START - 1;
    return memcmp(rest.ptr, LINE_START, len) == 0;
}

static exit_code_t apply_lines(record_t *record, const rows_t *rows, enr_span_t text, problem_t *out_problem)
{
    size_t whole = 0; /* bytes of complete lines */
    for (unsigned number = 1; whole < text.len; number++) {
        enr_span_t rest = enr_span_slice(text, whole, text.len);
        const uint8_t *end = memchr(rest.ptr, '\n', rest.len);
        line_t line;
        if (end == NULL && is_start_of_line(rest)) {
            break;
        }
        if (end == NULL || !read_line(enr_span_slice(rest, 0, (size_t)(end - rest.ptr)), &line)) {
            return refuse_line(record, number, out_problem);
        }
        row_t *row = rows_find(rows, line.key);
        if (row != NULL) {
            apply(&line, row);
        }
        whole += (size_t)(end - rest.ptr) + 1;
    }
    record->empty = whole == 0;
    if (whole < text.len && ftruncate(record->fd, (off_t)whole) != 0) {
        return outcome_problem(out_problem, EXIT_SETTING, record->path, strerror(errno));
    }
    return EXIT_DONE;
}

static exit_code_t read_record(record_t *record, const rows_t *rows, problem_t *out_problem)
{
    struct stat about = {0};
    if (fstat(record->fd, &about) != 0) {
        return outcome_problem(out_problem, EXIT_SETTING, record->path, strerror(errno));
    }
    if (!S_ISREG(about.st_mode)) {
        return outcome_problem(out_problem, EXIT_SETTING, record->path, "is not a regular file");
    }
    size_t size = (size_t)about.st_size;
    size_t len = 0;
    uint8_t *memory = malloc(size + 1);
    bool read = memory != NULL && input_read_open(record->fd, memory, size, &len) == INPUT_OK;
    exit_code_t code = read ? apply_lines(record, rows, (enr_span_t){memory, len}, out_problem)
                            : outcome_problem(out_problem, EXIT_SETTING, record->path, strerror(errno));
    free(memory);
    return code;
}

/* --- open and close --- */

static bool lock(int fd)
{
    struct flock whole = {.l_type = F_WRLCK, .l_whence = SEEK_SET};
    return fcntl(fd, F_SETLK, &whole) == 0;
}

/* A new file is there after a power cut only if its folder was written, too. */
static void sync_folder(const char *path)
{
    char folder[4096];
    const char *slash = strrchr(path, '/');
    size_t len = slash != NULL ? (size_t)(slash - path) + 1 : 0;
    (void)snprintf(folder, sizeof folder, "%.*s.", (int)len, path);
    int fd = open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (fd >= 0) {
        (void)fsync(fd);
        (void)close(fd);
    }
}

exit_code_t record_open(record_t *record, const char *path, const rows_t *rows, problem_t *out_problem)
{
    if (path == NULL) {
        return EXIT_DONE;
    }
    record->fd = open(path, O_RDWR | O_CREAT | O_APPEND | O_CLOEXEC, S_IRUSR | S_IWUSR);
    if (record->fd < 0) {
        *out_problem = (problem_t){.where = path,
                                   .what = strerror(errno),
                                   .hint = "the record of what was sent goes there; --record names another place"};
        return EXIT_SETTING;
    }
    record->path = path;
    sync_folder(path);
    if (!lock(record->fd)) {
        return outcome_problem(out_problem, EXIT_SETTING, path,
                               errno == EACCES || errno == EAGAIN ? "another enrich is writing this record"
                                                                  : strerror(errno));
    }
    return read_record(record, rows, out_problem);
}

void record_close(record_t *record)
{
    if (record->path == NULL) {
        return;
    }
    if (record->empty) {
        (void)unlink(record->path);
    }
    (void)close(record->fd);
    record->path = NULL;
}
