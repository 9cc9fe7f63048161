#include "enrich/http_response.h"

#include <assert.h>
#include <string.h>

/* Where the parser is. What comes next in a well-formed response is the state's name. */
enum {
    VERSION,
    CODE,
    REASON_SPACE,
    REASON,
    STATUS_LF,
    FIELD,
    NAME,
    VALUE_SPACE,
    VALUE,
    VALUE_LF,
    FIELDS_LF,
    CHUNK_SIZE,
    CHUNK_SIZE_SPACE,
    CHUNK_EXTENSION,
    CHUNK_SIZE_LF,
    CHUNK_DATA_CR,
    CHUNK_DATA_LF,
    BODY_OF_LENGTH,
    BODY_OF_CHUNK,
    BODY_TO_CLOSE,
    COMPLETE,
    FAILED
};

/* What was learnt of this response. */
enum {
    STARTED = 1,      /* a byte has come */
    HEAD_REQUEST = 2, /* outlives the 1xx responses, like STARTED */
    CLOSES = 4,       /* the connection ends with this response; said by a 1xx it holds too (RFC 9112 9.6) */
    HAS_LENGTH = 8,
    CHUNKED = 16,
    TRAILERS = 32, /* the field lines read now come after the last chunk */
    HAS_TYPE = 64,
    JSON = 128,
    CODED = 256, /* Content-Encoding other than identity */
    HAS_RETRY = 512,
    OLD = 1024 /* HTTP/1.0 */
};

/* The fields that matter; all others are passed over. A media type goes on from CONTENT_TYPE to one of the subtypes. */
enum {
    OTHER,
    CONTENT_LENGTH,
    TRANSFER_ENCODING,
    CONTENT_ENCODING,
    CONTENT_TYPE,
    SUBTYPE,
    APPLICATION_SUBTYPE,
    CONNECTION,
    RETRY_AFTER
};

/* What a byte may be: part of a field name (tchar, RFC 9110 5.6.2), of a field value or reason (visible, space, TAB or
 * obs-text, RFC 9110 5.5). */
#define T 1u
#define V 2u
#define B (T | V)
static const uint8_t KINDS[256] = {
    0, 0, 0, 0, 0, 0, 0, 0, 0, V, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, /* 00 */
    V, B, V, B, B, B, B, B, V, V, B, B, V, B, B, V, B, B, B, B, B, B, B, B, B, B, V, V, V, V, V, V, /* 20 */
    V, B, B, B, B, B, B, B, B, B, B, B, B, B, B, B, B, B, B, B, B, B, B, B, B, B, B, V, V, V, B, B, /* 40 */
    B, B, B, B, B, B, B, B, B, B, B, B, B, B, B, B, B, B, B, B, B, B, B, B, B, B, B, V, B, V, B, 0, /* 60 */
    V, V, V, V, V, V, V, V, V, V, V, V, V, V, V, V, V, V, V, V, V, V, V, V, V, V, V, V, V, V, V, V, /* 80 */
    V, V, V, V, V, V, V, V, V, V, V, V, V, V, V, V, V, V, V, V, V, V, V, V, V, V, V, V, V, V, V, V, /* A0 */
    V, V, V, V, V, V, V, V, V, V, V, V, V, V, V, V, V, V, V, V, V, V, V, V, V, V, V, V, V, V, V, V, /* C0 */
    V, V, V, V, V, V, V, V, V, V, V, V, V, V, V, V, V, V, V, V, V, V, V, V, V, V, V, V, V, V, V, V, /* E0 */
};
#undef T
#undef V
#undef B
#define NAME_KIND 1u
#define VALUE_KIND 2u

_Static_assert(ENR_HTTP_FIELDS_MAX < UINT8_MAX && ENR_HTTP_INTERIM_MAX < UINT8_MAX, "counted in one byte");

static bool is_digit(uint8_t byte)
{
    return byte >= '0' && byte <= '9';
}

/* Right for letters and '-'. What else it changes stands in no name that matters. */
static uint8_t to_lower(uint8_t byte)
{
    return byte | 0x20;
}

static bool is_space(uint8_t byte)
{
    return byte == ' ' || byte == '\t';
}

/* Makes ready for a status line: the first, or the one after a 1xx response. The budget of the head goes on. */
static void start_head(enr_http_response_t *response)
{
    response->state = VERSION;
    response->flags &= STARTED | HEAD_REQUEST | CLOSES;
    response->code = 0;
    response->fields = 0;
    response->retry_after_len = 0;
    response->count = 0;
}

void enr_http_response_start(enr_http_response_t *response, bool head_request)
{
    assert(response != NULL);
    *response = (enr_http_response_t){.budget = ENR_HTTP_HEAD_MAX, .flags = head_request ? HEAD_REQUEST : 0};
    start_head(response);
}

static enr_status_t fail(enr_http_response_t *response, enr_status_t status)
{
    response->state = FAILED;
    response->failure = (int8_t)status;
    return status;
}

static enr_status_t malformed(enr_http_response_t *response)
{
    return fail(response, ENR_E_HTTP);
}

static enr_status_t go(enr_http_response_t *response, uint8_t state)
{
    response->state = state;
    response->count = 0;
    return ENR_AGAIN;
}

/* --- status line (RFC 9112 4) --- */

static enr_status_t take_version(enr_http_response_t *response, uint8_t byte)
{
    static const char version[] = "HTTP/1.x ";
    uint8_t at = response->count++;
    if (at == 7) {
        response->flags |= byte == '0' ? OLD | CLOSES : 0;
        return byte == '0' || byte == '1' ? ENR_AGAIN : malformed(response);
    }
    if (byte != (uint8_t)version[at]) {
        return malformed(response);
    }
    return at == sizeof version - 2 ? go(response, CODE) : ENR_AGAIN;
}

static enr_status_t take_code(enr_http_response_t *response, uint8_t byte)
{
    if (!is_digit(byte)) {
        return malformed(response);
    }
    response->code = (uint16_t)(response->code * 10 + (byte - '0'));
    if (++response->count < 3) {
        return ENR_AGAIN;
    }
    return response->code >= 100 && response->code <= 599 ? go(response, REASON_SPACE) : malformed(response);
}

/* A reason may be empty, and some servers leave out the space before it as well. */
static enr_status_t take_reason(enr_http_response_t *response, uint8_t byte)
{
    if (byte == '\r') {
        return go(response, STATUS_LF);
    }
    bool good = response->state == REASON_SPACE ? byte == ' ' : (KINDS[byte] & VALUE_KIND) != 0;
    return good ? go(response, REASON) : malformed(response);
}

/* --- field lines (RFC 9112 5) --- */

static enr_status_t take_field_start(enr_http_response_t *response, uint8_t byte)
{
    if (byte == '\r') {
        return go(response, FIELDS_LF);
    }
    if ((KINDS[byte] & NAME_KIND) == 0) { /* white space here would be obs-fold: refused (RFC 9112 5.2) */
        return malformed(response);
    }
    if (++response->fields > ENR_HTTP_FIELDS_MAX) {
        return fail(response, ENR_E_HTTP_LIMIT);
    }
    response->state = NAME;
    response->text[0] = to_lower(byte);
    response->count = 1;
    return ENR_AGAIN;
}

static void begin_text(enr_http_response_t *response)
{
    response->count = 0;
    response->spaces = 0;
    response->overlong = false;
    response->spoilt = false;
}

/* The names that matter have each their own length. */
static uint8_t field_of(const uint8_t *name, size_t len)
{
    static const struct {
        char name[18];
        uint8_t len;
        uint8_t field;
    } known[] = {
        {"connection", 10, CONNECTION},
        {"retry-after", 11, RETRY_AFTER},
        {"content-type", 12, CONTENT_TYPE},
        {"content-length", 14, CONTENT_LENGTH},
        {"content-encoding", 16, CONTENT_ENCODING},
        {"transfer-encoding", 17, TRANSFER_ENCODING},
    };
    for (size_t i = 0; i < sizeof known / sizeof known[0]; i++) {
        if (known[i].len == len && memcmp(known[i].name, name, len) == 0) {
            return known[i].field;
        }
    }
    return OTHER;
}

static enr_status_t take_name(enr_http_response_t *response, uint8_t byte)
{
    if ((KINDS[byte] & NAME_KIND) != 0) {
        if (response->count < sizeof response->text) {
            response->text[response->count++] = to_lower(byte);
        }
        return ENR_AGAIN;
    }
    if (byte != ':') {
        return malformed(response);
    }
    bool counts = (response->flags & TRAILERS) == 0; /* RFC 9110 6.5.1: trailers change nothing of the framing */
    response->field = counts ? field_of(response->text, response->count) : OTHER;
    begin_text(response);
    return go(response, VALUE_SPACE);
}

/* --- values that matter --- */

static enr_span_t text_of(const enr_http_response_t *response)
{
    return (enr_span_t){response->text, response->count};
}

/* True when the value is `known` and nothing else. */
static bool text_is(const enr_http_response_t *response, enr_span_t known)
{
    return !response->overlong && !response->spoilt && enr_span_equal_ignore_case(text_of(response), known);
}

static bool text_ends_with(const enr_http_response_t *response, enr_span_t end)
{
    enr_span_t text = text_of(response);
    return !response->spoilt && text.len > end.len &&
           enr_span_equal_ignore_case(enr_span_slice(text, text.len - end.len, text.len), end);
}

static bool read_length(enr_http_response_t *response)
{
    uint64_t length = 0;
    for (size_t i = 0; i < response->count; i++) {
        uint8_t digit = (uint8_t)(response->text[i] - '0');
        if (digit > 9) {
            return false;
        }
        length = length * 10 + digit;
    }
    bool repeated = (response->flags & HAS_LENGTH) != 0;
    response->flags |= HAS_LENGTH;
    response->left = length;
    return response->count > 0 && !response->overlong && !response->spoilt && !repeated;
}

/* Only `chunked`, once and alone (behaviours 3). */
static bool read_transfer_encoding(enr_http_response_t *response)
{
    bool repeated = (response->flags & CHUNKED) != 0;
    response->flags |= CHUNKED;
    return !repeated && text_is(response, ENR_SPAN("chunked"));
}

static void read_content_type(enr_http_response_t *response)
{
    bool json = (response->field == APPLICATION_SUBTYPE && text_is(response, ENR_SPAN("json"))) ||
                (response->field != CONTENT_TYPE && text_ends_with(response, ENR_SPAN("+json")));
    bool first = (response->flags & HAS_TYPE) == 0;
    response->flags |= HAS_TYPE;
    if (json && first) {
        response->flags |= JSON;
    } else if (!json) {
        response->flags &= (uint16_t)~JSON; /* of two that differ none is believed */
    }
}

static void read_connection_option(enr_http_response_t *response)
{
    if (text_is(response, ENR_SPAN("close"))) {
        response->flags |= CLOSES;
    }
    begin_text(response);
}

/* The value's end, or the end of that part of it that counts. */
static enr_status_t end_value(enr_http_response_t *response)
{
    bool good = true;
    switch (response->field) {
    case CONTENT_LENGTH:
        good = read_length(response);
        break;
    case TRANSFER_ENCODING:
        good = read_transfer_encoding(response);
        break;
    case CONTENT_ENCODING:
        response->flags |= text_is(response, ENR_SPAN("identity")) ? 0 : CODED;
        break;
    case CONTENT_TYPE:
    case SUBTYPE:
    case APPLICATION_SUBTYPE:
        read_content_type(response);
        break;
    case CONNECTION:
        read_connection_option(response);
        break;
    case RETRY_AFTER:
        response->retry_after_len = response->overlong ? 0 : response->retry_after_len;
        response->flags |= HAS_RETRY;
        break;
    default:
        break;
    }
    response->field = OTHER;
    return good ? ENR_AGAIN : malformed(response);
}

/* Appends a byte to the value's memory. A longer value loses its start, so that a suffix can still be told, and is
 * marked. */
static void keep(enr_http_response_t *response, uint8_t byte)
{
    if (response->count == sizeof response->text) {
        memmove(response->text, response->text + 1, sizeof response->text - 1);
        response->count--;
        response->overlong = true;
    }
    response->text[response->count++] = byte;
}

/* White space inside a date is kept. A TAB is valid nowhere in it and counts as more spaces than there is room for. */
static void keep_of_retry_after(enr_http_response_t *response, uint8_t byte)
{
    size_t spaces = response->retry_after_len > 0 ? response->spaces : 0;
    response->spaces = 0;
    if (response->overlong || spaces >= sizeof response->retry_after - response->retry_after_len) {
        response->overlong = true;
        return;
    }
    memset(response->retry_after + response->retry_after_len, ' ', spaces);
    response->retry_after_len = (uint8_t)(response->retry_after_len + spaces);
    response->retry_after[response->retry_after_len++] = byte;
}

/* type "/" subtype (RFC 9110 8.3.1): a byte that can stand in neither spoils the value. */
static void keep_of_type(enr_http_response_t *response, uint8_t byte)
{
    if (byte == '/' && response->field == CONTENT_TYPE && response->count > 0 && !response->spoilt) {
        response->field = text_is(response, ENR_SPAN("application")) ? APPLICATION_SUBTYPE : SUBTYPE;
        begin_text(response);
        return;
    }
    response->spoilt |= (KINDS[byte] & NAME_KIND) == 0;
    keep(response, byte);
}

/* A byte of a value that matters, with the white space before it: at the ends of a value that is nothing (RFC
 * 9110 5.5), inside it makes another value of all but a date. */
static void keep_with_space(enr_http_response_t *response, uint8_t byte)
{
    if (response->field == RETRY_AFTER) {
        keep_of_retry_after(response, byte);
        return;
    }
    response->spoilt |= response->count > 0 && response->spaces > 0;
    response->spaces = 0;
    if (response->field >= CONTENT_TYPE && response->field <= APPLICATION_SUBTYPE) {
        keep_of_type(response, byte);
    } else {
        keep(response, byte);
    }
}

static enr_status_t take_value(enr_http_response_t *response, uint8_t byte)
{
    if (byte == '\r') {
        enr_status_t status = end_value(response);
        return status == ENR_AGAIN ? go(response, VALUE_LF) : status;
    }
    if ((KINDS[byte] & VALUE_KIND) == 0) {
        return malformed(response);
    }
    if (response->field == CONNECTION && byte == ',') {
        read_connection_option(response);
    } else if (response->field >= CONTENT_TYPE && response->field <= APPLICATION_SUBTYPE && byte == ';') {
        return end_value(response);
    } else if (is_space(byte)) {
        response->spaces = byte == ' ' && response->spaces < UINT8_MAX ? (uint8_t)(response->spaces + 1) : UINT8_MAX;
    } else if (response->field != OTHER) {
        keep_with_space(response, byte);
    }
    return ENR_AGAIN;
}

static enr_status_t take_value_start(enr_http_response_t *response, uint8_t byte)
{
    if (is_space(byte)) {
        return ENR_AGAIN;
    }
    if (response->field == RETRY_AFTER && (response->flags & HAS_RETRY) != 0) {
        response->field = OTHER; /* the first one counts */
    }
    response->state = VALUE;
    return take_value(response, byte);
}

/* --- body framing (RFC 9112 6, 7) --- */

static enr_status_t complete(enr_http_response_t *response)
{
    response->state = COMPLETE;
    return ENR_OK;
}

static enr_status_t end_interim(enr_http_response_t *response)
{
    if (response->code == 101) {
        return malformed(response); /* nobody asked to switch protocols (RFC 9110 15.2.2) */
    }
    if (++response->interims > ENR_HTTP_INTERIM_MAX) {
        return fail(response, ENR_E_HTTP_LIMIT);
    }
    start_head(response);
    return ENR_AGAIN;
}

/* RFC 9112 6.3, in its order. */
static enr_status_t end_head(enr_http_response_t *response)
{
    bool has_length = (response->flags & HAS_LENGTH) != 0;
    bool chunked = (response->flags & CHUNKED) != 0;
    if (chunked && (has_length || (response->flags & OLD) != 0)) {
        return malformed(response); /* behaviours 1; HTTP/1.0 has no transfer codings (RFC 9112 6.1) */
    }
    if (response->code < 200) {
        return end_interim(response);
    }
    if ((response->flags & HEAD_REQUEST) != 0 || response->code == 204 || response->code == 304) {
        return complete(response);
    }
    if ((response->flags & CODED) != 0) {
        return fail(response, ENR_E_CONTENT_CODING);
    }
    if (chunked) {
        response->budget = ENR_HTTP_CHUNK_OVERHEAD_MAX;
        response->left = 0;
        return go(response, CHUNK_SIZE);
    }
    if (!has_length) {
        response->flags |= CLOSES;
        return go(response, BODY_TO_CLOSE);
    }
    return response->left == 0 ? complete(response) : go(response, BODY_OF_LENGTH);
}

static enr_status_t end_fields(enr_http_response_t *response, uint8_t byte)
{
    if (byte != '\n') {
        return malformed(response);
    }
    return (response->flags & TRAILERS) != 0 ? complete(response) : end_head(response);
}

static int hex_value(uint8_t byte)
{
    uint8_t letter = byte | 0x20;
    return is_digit(byte) ? byte - '0' : letter >= 'a' && letter <= 'f' ? letter - 'a' + 10 : -1;
}

/* Digits of a chunk's size, leading zeros included: 2^32-1 bytes (behaviours 4). A last chunk may have more zeros. */
enum { CHUNK_SIZE_DIGITS = 8 };

static enr_status_t take_chunk_size(enr_http_response_t *response, uint8_t byte)
{
    int digit = hex_value(byte);
    if (digit >= 0) {
        response->left = response->left * 16 + (uint64_t)digit;
        response->count = response->count > CHUNK_SIZE_DIGITS ? response->count : (uint8_t)(response->count + 1);
        return response->count > CHUNK_SIZE_DIGITS && response->left > 0 ? malformed(response) : ENR_AGAIN;
    }
    if (response->count == 0) {
        return malformed(response);
    }
    if (is_space(byte)) {
        return go(response, CHUNK_SIZE_SPACE);
    }
    if (byte == ';') {
        return go(response, CHUNK_EXTENSION);
    }
    return byte == '\r' ? go(response, CHUNK_SIZE_LF) : malformed(response);
}

/* White space after a size is there for the sake of an extension (RFC 9112 7.1.1), and for nothing else. */
static enr_status_t take_chunk_space(enr_http_response_t *response, uint8_t byte)
{
    if (is_space(byte)) {
        return ENR_AGAIN;
    }
    return byte == ';' ? go(response, CHUNK_EXTENSION) : malformed(response);
}

static enr_status_t take_chunk_extension(enr_http_response_t *response, uint8_t byte)
{
    if (byte == '\r') {
        return go(response, CHUNK_SIZE_LF);
    }
    return (KINDS[byte] & VALUE_KIND) != 0 ? ENR_AGAIN : malformed(response);
}

static enr_status_t end_chunk_size(enr_http_response_t *response, uint8_t byte)
{
    if (byte != '\n') {
        return malformed(response);
    }
    if (response->left > 0) {
        return go(response, BODY_OF_CHUNK);
    }
    response->flags |= TRAILERS;
    response->fields = 0;
    return go(response, FIELD);
}

static enr_status_t expect(enr_http_response_t *response, uint8_t byte, uint8_t expected, uint8_t next)
{
    return byte == expected ? go(response, next) : malformed(response);
}

/* Takes one byte that is not body. */
static enr_status_t take(enr_http_response_t *response, uint8_t byte)
{
    switch (response->state) {
    case VERSION:
        return take_version(response, byte);
    case CODE:
        return take_code(response, byte);
    case REASON_SPACE:
    case REASON:
        return take_reason(response, byte);
    case STATUS_LF:
    case VALUE_LF:
        return expect(response, byte, '\n', FIELD);
    case FIELD:
        return take_field_start(response, byte);
    case NAME:
        return take_name(response, byte);
    case VALUE_SPACE:
        return take_value_start(response, byte);
    case VALUE:
        return take_value(response, byte);
    case FIELDS_LF:
        return end_fields(response, byte);
    case CHUNK_SIZE:
        return take_chunk_size(response, byte);
    case CHUNK_SIZE_SPACE:
        return take_chunk_space(response, byte);
    case CHUNK_EXTENSION:
        return take_chunk_extension(response, byte);
    case CHUNK_SIZE_LF:
        return end_chunk_size(response, byte);
    case CHUNK_DATA_CR:
        return expect(response, byte, '\r', CHUNK_DATA_LF);
    default:
        assert(response->state == CHUNK_DATA_LF);
        return expect(response, byte, '\n', CHUNK_SIZE);
    }
}

/* The next byte that matters: passes over the rest of a value or reason that nobody needs. */
static const uint8_t *skip(const enr_http_response_t *response, const uint8_t *at, const uint8_t *end)
{
    if (response->state == REASON || (response->state == VALUE && response->field == OTHER)) {
        end = (size_t)(end - at) < response->budget ? end : at + response->budget;
        while (at < end && (KINDS[*at] & VALUE_KIND) != 0) {
            at++;
        }
    }
    return at;
}

/* Hands out body bytes; returns how many. */
static size_t take_body(enr_http_response_t *response, enr_span_t in)
{
    if (response->state == BODY_TO_CLOSE) {
        return in.len;
    }
    size_t len = response->left < in.len ? (size_t)response->left : in.len;
    response->left -= len;
    if (response->left == 0) {
        response->state = response->state == BODY_OF_LENGTH ? COMPLETE : CHUNK_DATA_CR;
    }
    return len;
}

static bool in_body(const enr_http_response_t *response)
{
    return response->state >= BODY_OF_LENGTH && response->state <= BODY_TO_CLOSE;
}

enr_status_t enr_http_response_feed(enr_http_response_t *response, enr_span_t in, size_t *out_used,
                                    enr_span_t *out_body)
{
    assert(response != NULL && out_used != NULL && out_body != NULL);
    *out_used = 0;
    *out_body = (enr_span_t){NULL, 0};
    if (response->state == FAILED) {
        return (enr_status_t)response->failure;
    }
    if (response->state == COMPLETE) {
        return ENR_OK;
    }
    if (in.len == 0) {
        return ENR_AGAIN;
    }
    response->flags |= STARTED;
    const uint8_t *at = in.ptr;
    const uint8_t *end = in.ptr + in.len;
    enr_status_t status = ENR_AGAIN;
    while (status == ENR_AGAIN && at < end && !in_body(response)) {
        const uint8_t *next = skip(response, at, end);
        response->budget -= (uint32_t)(next - at);
        at = next;
        if (at == end) {
            break;
        }
        if (response->budget == 0) {
            status = fail(response, ENR_E_HTTP_LIMIT);
            break;
        }
        response->budget--;
        status = take(response, *at++);
    }
    *out_used = (size_t)(at - in.ptr);
    if (status == ENR_AGAIN && at < end) {
        size_t len = take_body(response, (enr_span_t){at, (size_t)(end - at)});
        *out_body = (enr_span_t){at, len};
        *out_used += len;
        status = response->state == COMPLETE ? ENR_OK : ENR_AGAIN;
    }
    return status;
}

enr_status_t enr_http_response_end(enr_http_response_t *response)
{
    switch (response->state) {
    case FAILED:
        return (enr_status_t)response->failure;
    case COMPLETE:
        return ENR_OK;
    case BODY_TO_CLOSE:
        return complete(response);
    default:
        return fail(response, (response->flags & STARTED) != 0 ? ENR_E_TRUNCATED : ENR_E_CLOSED);
    }
}

unsigned enr_http_response_code(const enr_http_response_t *response)
{
    bool head_complete = response->state > FIELDS_LF || (response->flags & TRAILERS) != 0;
    return head_complete && response->state != FAILED ? response->code : 0;
}

bool enr_http_response_reusable(const enr_http_response_t *response)
{
    return response->state == COMPLETE && (response->flags & CLOSES) == 0;
}

bool enr_http_response_is_json(const enr_http_response_t *response)
{
    return (response->flags & JSON) != 0;
}

enr_span_t enr_http_response_retry_after(const enr_http_response_t *response)
{
    return (enr_span_t){response->retry_after, response->retry_after_len};
}
