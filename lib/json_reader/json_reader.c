#include "enrich/json_reader.h"

#include <assert.h>
#include <limits.h>
#include <string.h>

#include "enrich/utf8.h"

_Static_assert(ENR_JSON_DEPTH_MAX > 0 && ENR_JSON_TOKENS_MAX > 0, "a text has at least one value");

/* It stands on one byte of the text and moves forward only. */
typedef struct {
    enr_span_t text;
    size_t at;
    size_t depth;
    bool in_object[ENR_JSON_DEPTH_MAX]; /* for each open container, from outside in: it is an object */
    enr_json_reader_t *reader;          /* where values and keys are noted, or NULL */
    enr_json_node_t parent;             /* of the next of them: the open container, or a key that waits for its value */
    size_t too_many_at;                 /* where one begins that there was no room for; 0: there was for all */
} walk_t;

/* The byte it stands on, or 0 at the end: no place of the grammar takes a NUL. */
static uint8_t here(const walk_t *walk)
{
    return walk->at < walk->text.len ? walk->text.ptr[walk->at] : 0;
}

static bool pass(walk_t *walk, uint8_t byte)
{
    if (here(walk) != byte) {
        return false;
    }
    walk->at++;
    return true;
}

static void pass_space(walk_t *walk)
{
    for (uint8_t byte = here(walk); byte == ' ' || byte == '\n' || byte == '\r' || byte == '\t'; byte = here(walk)) {
        walk->at++;
    }
}

static bool pass_digits(walk_t *walk)
{
    size_t start = walk->at;
    while (enr_is_digit(here(walk))) {
        walk->at++;
    }
    return walk->at > start;
}

/* RFC 8259 6 */
static bool pass_number(walk_t *walk)
{
    pass(walk, '-');
    if (!pass(walk, '0') && !pass_digits(walk)) {
        return false;
    }
    if (pass(walk, '.') && !pass_digits(walk)) {
        return false;
    }
    if (!pass(walk, 'e') && !pass(walk, 'E')) {
        return true;
    }
    if (!pass(walk, '+')) {
        pass(walk, '-');
    }
    return pass_digits(walk);
}

static bool pass_word(walk_t *walk, const char *word)
{
    while (*word != '\0' && pass(walk, (uint8_t)*word)) {
        word++;
    }
    return *word == '\0';
}

/* The value of the four hexadecimal digits at text[at], or -1. */
static int32_t hex4(enr_span_t text, size_t at)
{
    if (text.len < 4 || at > text.len - 4) {
        return -1;
    }
    int32_t value = 0;
    for (size_t i = at; i < at + 4; i++) {
        uint8_t byte = text.ptr[i];
        uint8_t letter = byte | 0x20;
        if (enr_is_digit(byte)) {
            value = value * 16 + (byte - '0');
        } else if (letter >= 'a' && letter <= 'f') {
            value = value * 16 + (letter - 'a' + 10);
        } else {
            return -1;
        }
    }
    return value;
}

/* Reads the escape at the start of text, a surrogate pair as one (RFC 8259 7). Returns its length, or 0 when it is
   malformed or a lone surrogate. */
static size_t read_escape(enr_span_t text, uint32_t *out_code_point)
{
    static const char letters[] = "\"\\/bfnrt";
    static const char meanings[] = "\"\\/\b\f\n\r\t";
    if (text.len < 2) {
        return 0;
    }
    if (text.ptr[1] != 'u') {
        const char *letter = memchr(letters, text.ptr[1], sizeof letters - 1);
        if (letter == NULL) {
            return 0;
        }
        *out_code_point = (uint8_t)meanings[letter - letters];
        return 2;
    }
    int32_t unit = hex4(text, 2);
    if (unit < 0xD800 || unit > 0xDFFF) {
        *out_code_point = (uint32_t)unit;
        return unit < 0 ? 0 : 6;
    }
    bool pair = unit < 0xDC00 && text.len >= 8 && text.ptr[6] == '\\' && text.ptr[7] == 'u';
    int32_t second = pair ? hex4(text, 8) : -1;
    if (second < 0xDC00 || second > 0xDFFF) {
        return 0;
    }
    *out_code_point = (uint32_t)(0x10000 + (unit - 0xD800) * 0x400 + (second - 0xDC00));
    return 12;
}

static enr_span_t rest(const walk_t *walk)
{
    return enr_span_slice(walk->text, walk->at, walk->text.len);
}

static bool pass_string(walk_t *walk)
{
    if (!pass(walk, '"')) {
        return false;
    }
    for (;;) {
        walk->at += enr_utf8_json_run(rest(walk));
        if (here(walk) != '\\') {
            return pass(walk, '"');
        }
        uint32_t code_point;
        size_t len = read_escape(rest(walk), &code_point);
        if (len == 0) {
            return false;
        }
        walk->at += len;
    }
}

static bool pass_scalar(walk_t *walk)
{
    switch (here(walk)) {
    case '"':
        return pass_string(walk);
    case 't':
        return pass_word(walk, "true");
    case 'f':
        return pass_word(walk, "false");
    case 'n':
        return pass_word(walk, "null");
    default:
        return pass_number(walk);
    }
}

/* Notes that a value or key begins here. */
static enr_json_node_t note(walk_t *walk)
{
    enr_json_reader_t *reader = walk->reader;
    if (reader == NULL) {
        return ENR_JSON_NONE;
    }
    if (reader->count == ENR_JSON_TOKENS_MAX) {
        walk->too_many_at = walk->at;
        walk->reader = NULL; /* the rest is only validated */
        return ENR_JSON_NONE;
    }
    reader->tokens[reader->count] = (enr_json_token_t){.start = (uint32_t)walk->at, .parent = walk->parent};
    return reader->count++;
}

static void note_end(const walk_t *walk, enr_json_node_t node)
{
    if (walk->reader != NULL) {
        walk->reader->tokens[node].end = (uint32_t)walk->at;
    }
}

/* A value is over, and with it the member that it may be of. */
static void leave_member(walk_t *walk)
{
    if (walk->reader != NULL && walk->depth > 0 && walk->in_object[walk->depth - 1]) {
        walk->parent = walk->reader->tokens[walk->parent].parent;
    }
}

/* What may stand at the next byte that is no white space. */
typedef enum { VALUE, FIRST_ELEMENT_OR_END, KEY, FIRST_KEY_OR_END, COMMA_OR_END } place_t;

static bool pass_key(walk_t *walk)
{
    enr_json_node_t key = note(walk);
    if (!pass_string(walk)) {
        return false;
    }
    note_end(walk, key);
    walk->parent = key;
    pass_space(walk);
    return pass(walk, ':');
}

static bool pass_end(walk_t *walk)
{
    if (!pass(walk, walk->in_object[walk->depth - 1] ? '}' : ']')) {
        return false;
    }
    walk->depth--;
    note_end(walk, walk->parent);
    if (walk->reader != NULL) {
        walk->parent = walk->reader->tokens[walk->parent].parent;
    }
    leave_member(walk);
    return true;
}

/* Passes a scalar, or the opening of a container. */
static enr_status_t pass_value(walk_t *walk, place_t *place)
{
    uint8_t byte = here(walk);
    bool is_container = byte == '{' || byte == '[';
    if (is_container && walk->depth == ENR_JSON_DEPTH_MAX) {
        return ENR_E_JSON_LIMIT;
    }
    enr_json_node_t value = note(walk);
    if (!is_container) {
        if (!pass_scalar(walk)) {
            return ENR_E_NOT_JSON;
        }
        note_end(walk, value);
        leave_member(walk);
        *place = COMMA_OR_END;
        return ENR_OK;
    }
    walk->parent = value;
    walk->in_object[walk->depth++] = byte == '{';
    walk->at++;
    *place = byte == '{' ? FIRST_KEY_OR_END : FIRST_ELEMENT_OR_END;
    return ENR_OK;
}

/* Passes one step of the grammar; on an error the walk stands where the text went wrong or too deep. */
static enr_status_t pass_step(walk_t *walk, place_t *place)
{
    bool may_end = *place != VALUE && *place != KEY;
    if (may_end && pass_end(walk)) {
        *place = COMMA_OR_END;
        return ENR_OK;
    }
    switch (*place) {
    case COMMA_OR_END:
        *place = walk->in_object[walk->depth - 1] ? KEY : VALUE;
        return pass(walk, ',') ? ENR_OK : ENR_E_NOT_JSON;
    case KEY:
    case FIRST_KEY_OR_END:
        *place = VALUE;
        return pass_key(walk) ? ENR_OK : ENR_E_NOT_JSON;
    default:
        return pass_value(walk, place);
    }
}

static enr_status_t pass_text(walk_t *walk)
{
    place_t place = VALUE;
    enr_status_t status;
    do {
        pass_space(walk);
        status = pass_step(walk, &place);
    } while (status == ENR_OK && (walk->depth > 0 || place != COMMA_OR_END));
    if (status == ENR_OK) {
        pass_space(walk);
        status = walk->at == walk->text.len ? ENR_OK : ENR_E_NOT_JSON;
    }
    return status;
}

enr_status_t enr_json_validate(enr_span_t text, size_t *out_offset)
{
    walk_t walk = {.text = text};
    enr_status_t status = pass_text(&walk);
    *out_offset = walk.at;
    return status;
}

enr_status_t enr_json_parse(enr_json_reader_t *reader, enr_span_t text)
{
    reader->text = text;
    reader->count = 0;
    reader->error_offset = 0;
    if (text.len > INT_MAX) {
        return ENR_E_JSON_LIMIT;
    }
    walk_t walk = {.text = text, .reader = reader, .parent = ENR_JSON_NONE};
    enr_status_t status = pass_text(&walk);
    reader->error_offset = walk.at;
    if (status == ENR_OK && walk.too_many_at > 0) {
        reader->error_offset = walk.too_many_at;
        status = ENR_E_JSON_LIMIT;
    }
    if (status != ENR_OK) {
        reader->count = 0;
    }
    return status;
}

static const enr_json_token_t *token_of(const enr_json_reader_t *reader, enr_json_node_t node)
{
    assert(node >= 0 && node < reader->count);
    return &reader->tokens[node];
}

enr_json_type_t enr_json_type(const enr_json_reader_t *reader, enr_json_node_t node)
{
    if (node == ENR_JSON_NONE) {
        return ENR_JSON_NULL;
    }
    switch (reader->text.ptr[token_of(reader, node)->start]) {
    case '{':
        return ENR_JSON_OBJECT;
    case '[':
        return ENR_JSON_ARRAY;
    case '"':
        return ENR_JSON_STRING;
    case 'n':
        return ENR_JSON_NULL;
    case 't':
    case 'f':
        return ENR_JSON_BOOL;
    default:
        return ENR_JSON_NUMBER;
    }
}

static bool is_key(const enr_json_reader_t *reader, enr_json_node_t node)
{
    return enr_json_type(reader, token_of(reader, node)->parent) == ENR_JSON_OBJECT;
}

enr_json_node_t enr_json_first(const enr_json_reader_t *reader, enr_json_node_t container)
{
    enr_json_type_t type = enr_json_type(reader, container);
    enr_json_node_t first = container + 1;
    bool has_any = (type == ENR_JSON_OBJECT || type == ENR_JSON_ARRAY) && first < reader->count &&
                   token_of(reader, first)->parent == container;
    return has_any ? first : ENR_JSON_NONE;
}

enr_json_node_t enr_json_next(const enr_json_reader_t *reader, enr_json_node_t node)
{
    enr_json_node_t parent = token_of(reader, node)->parent;
    enr_json_node_t last = is_key(reader, node) ? node + 1 : node;
    uint32_t end = token_of(reader, last)->end;
    enr_json_node_t next = last + 1;
    while (next < reader->count && token_of(reader, next)->start < end) {
        next++;
    }
    return next < reader->count && token_of(reader, next)->parent == parent ? next : ENR_JSON_NONE;
}

enr_json_node_t enr_json_value(const enr_json_reader_t *reader, enr_json_node_t key)
{
    (void)reader; /* only the assertion asks it */
    assert(is_key(reader, key));
    return key + 1;
}

/* The text between a string's quotes, escapes and all. */
static enr_span_t inner(const enr_json_reader_t *reader, enr_json_node_t node)
{
    enr_span_t raw = enr_json_raw(reader, node);
    return enr_span_slice(raw, 1, raw.len - 1);
}

/* Decodes the escape at text[at] of a string's inside, which the validator has accepted. Returns where it ends;
 *out_len is its length decoded. */
static size_t decode_escape(enr_span_t text, size_t at, uint8_t out[4], size_t *out_len)
{
    uint32_t code_point = 0;
    size_t len = read_escape(enr_span_slice(text, at, text.len), &code_point);
    *out_len = enr_utf8_encode(code_point, out);
    return at + len;
}

/* A key, which may be written with escapes, against plain text. */
static bool key_is(const enr_json_reader_t *reader, enr_json_node_t node, enr_span_t key)
{
    enr_span_t text = inner(reader, node);
    size_t at = 0;
    size_t same = 0; /* bytes of key that text[0 .. at] stands for */
    for (;;) {
        while (at < text.len && same < key.len && text.ptr[at] == key.ptr[same] && text.ptr[at] != '\\') {
            at++;
            same++;
        }
        if (at == text.len || text.ptr[at] != '\\') {
            return at == text.len && same == key.len;
        }
        uint8_t bytes[4];
        size_t len = 0;
        at = decode_escape(text, at, bytes, &len);
        if (len > key.len - same || memcmp(bytes, key.ptr + same, len) != 0) {
            return false;
        }
        same += len;
    }
}

enr_json_node_t enr_json_member(const enr_json_reader_t *reader, enr_json_node_t node, enr_span_t key)
{
    if (enr_json_type(reader, node) != ENR_JSON_OBJECT) {
        return ENR_JSON_NONE;
    }
    for (enr_json_node_t at = enr_json_first(reader, node); at != ENR_JSON_NONE; at = enr_json_next(reader, at)) {
        if (key_is(reader, at, key)) {
            return enr_json_value(reader, at);
        }
    }
    return ENR_JSON_NONE;
}

/* Where the first escape at or after text[at] begins, or the end. */
static size_t plain_end(enr_span_t text, size_t at)
{
    const uint8_t *escape = at < text.len ? memchr(text.ptr + at, '\\', text.len - at) : NULL;
    return escape == NULL ? text.len : (size_t)(escape - text.ptr);
}

enr_status_t enr_json_string(const enr_json_reader_t *reader, enr_json_node_t node, enr_buffer_t *scratch,
                             enr_span_t *out_text)
{
    if (enr_json_type(reader, node) != ENR_JSON_STRING) {
        return ENR_E_UNEXPECTED;
    }
    enr_span_t text = inner(reader, node);
    size_t at = plain_end(text, 0);
    if (at == text.len) {
        *out_text = text;
        return ENR_OK;
    }
    enr_buffer_t decoded = *scratch;
    enr_buffer_append(&decoded, enr_span_slice(text, 0, at));
    while (at < text.len) {
        uint8_t bytes[4];
        size_t len = 0;
        at = decode_escape(text, at, bytes, &len);
        enr_buffer_append(&decoded, (enr_span_t){bytes, len});
        size_t end = plain_end(text, at);
        enr_buffer_append(&decoded, enr_span_slice(text, at, end));
        at = end;
    }
    if (decoded.full) {
        return ENR_E_LIMIT;
    }
    *out_text = enr_span_slice(enr_buffer_span(&decoded), scratch->len, decoded.len);
    scratch->len = decoded.len;
    return ENR_OK;
}

enr_status_t enr_json_integer(const enr_json_reader_t *reader, enr_json_node_t node, int64_t *out_number)
{
    if (enr_json_type(reader, node) != ENR_JSON_NUMBER) {
        return ENR_E_UNEXPECTED;
    }
    enr_span_t digits = enr_json_raw(reader, node);
    bool negative = digits.ptr[0] == '-';
    uint64_t most = negative ? (uint64_t)INT64_MAX + 1 : INT64_MAX;
    uint64_t value = 0;
    bool fits = true;
    for (size_t i = negative ? 1 : 0; i < digits.len; i++) {
        if (!enr_is_digit(digits.ptr[i])) {
            return ENR_E_UNEXPECTED;
        }
        uint64_t digit = (uint64_t)(digits.ptr[i] - '0');
        fits = fits && value <= (most - digit) / 10;
        value = fits ? value * 10 + digit : value;
    }
    if (!fits) {
        return ENR_E_LIMIT;
    }
    *out_number = negative ? (int64_t)(0 - value) : (int64_t)value;
    return ENR_OK;
}

enr_span_t enr_json_raw(const enr_json_reader_t *reader, enr_json_node_t node)
{
    const enr_json_token_t *token = token_of(reader, node);
    return enr_span_slice(reader->text, token->start, token->end);
}
