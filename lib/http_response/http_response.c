#include "enrich/http_response.h"

#include <assert.h>
#include <string.h>

/* Where the parser is. What comes next in a well-formed response is the state's name. The bodies stand behind all that
 * is framing. */
enum {
    VERSION,
    CODE,
    REASON_SPACE,
    TEXT, /* a reason, or a value that does not matter, up to the line's end */
    FIELD,
    NAME,
    NAME_REST, /* of a name that comes in parts */
    VALUE_SPACE,
    VALUE,
    LINE_LF, /* of a status line or a field line */
    FIELDS_LF,
    CHUNK_SIZE,
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

/* The fields that matter, in the order of their names; all others are passed over. A media type goes on from
 * CONTENT_TYPE to SUBTYPE. */
enum { OTHER, CONNECTION, CONTENT_ENCODING, CONTENT_LENGTH, CONTENT_TYPE, RETRY_AFTER, TRANSFER_ENCODING, SUBTYPE };

/* Their names in lower case, how many characters of it the one before begins with as well, the one word that is looked
 * for in their values, and what ends that part of the value. */
static const struct {
    char name[18];
    uint8_t shared;
    uint8_t separator;
    char word[12];
} FIELDS[] = {
    [CONNECTION] = {"connection", 0, ',', "close"},
    [CONTENT_ENCODING] = {"content-encoding", 3, 0, "identity"},
    [CONTENT_LENGTH] = {"content-length", 8, 0, ""},
    [CONTENT_TYPE] = {"content-type", 8, ';', "application"},
    [RETRY_AFTER] = {"retry-after", 0, 0, ""},
    [TRANSFER_ENCODING] = {"transfer-encoding", 0, 0, "chunked"},
    [SUBTYPE] = {"", 0, ';', "+json"},
};

/* Instead of a count of characters that match: something else has come. */
#define MISMATCH UINT8_MAX

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

/* Right for letters and '-'. What else it changes stands in nothing that is looked for. */
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

static void fail(enr_http_response_t *response, enr_status_t status)
{
    response->state = FAILED;
    response->failure = (int8_t)status;
}

static void malformed(enr_http_response_t *response)
{
    fail(response, ENR_E_HTTP);
}

static void go(enr_http_response_t *response, uint8_t state)
{
    response->state = state;
    response->count = 0;
}

/* Passes over bytes of one kind. Four in a row, because most of a head's time is spent here. */
static inline const uint8_t *skip(const uint8_t *at, const uint8_t *end, unsigned kind)
{
    for (size_t fours = (size_t)(end - at) / 4; fours > 0; fours--, at += 4) {
        if ((KINDS[at[0]] & kind) == 0) {
            return at;
        }
        if ((KINDS[at[1]] & kind) == 0) {
            return at + 1;
        }
        if ((KINDS[at[2]] & kind) == 0) {
            return at + 2;
        }
        if ((KINDS[at[3]] & kind) == 0) {
            return at + 3;
        }
    }
    while (at < end && (KINDS[*at] & kind) != 0) {
        at++;
    }
    return at;
}

/* True when each byte is visible ASCII or a space. A smaller byte borrows into its own top bit, DEL carries into it,
 * and the larger ones have it. */
static inline bool is_plain(size_t bytes)
{
    const size_t ones = SIZE_MAX / UINT8_MAX;
    return ((bytes | (bytes + ones) | (bytes - ones * 0x20)) & (ones * 0x80)) == 0;
}

/* Passes over bytes of a field value or a reason, a machine word at a time while they are plain. */
static const uint8_t *skip_value(const uint8_t *at, const uint8_t *end)
{
    size_t bytes = 0;
    for (; (size_t)(end - at) >= sizeof bytes; at += sizeof bytes) {
        memcpy(&bytes, at, sizeof bytes);
        if (!is_plain(bytes)) {
            break;
        }
    }
    return skip(at, end, VALUE_KIND);
}

/* Each take_ function takes bytes from [at, end), which is not empty, and returns where it stopped. This one takes the
 * one byte that may come here. */
static const uint8_t *take_one(enr_http_response_t *response, const uint8_t *at, uint8_t expected, uint8_t next)
{
    if (*at == expected) {
        go(response, next);
    } else {
        malformed(response);
    }
    return at + 1;
}

/* Takes CRLF, or the CR of it where the bytes end. */
static const uint8_t *take_line_end(enr_http_response_t *response, const uint8_t *at, const uint8_t *end)
{
    if (*at != '\r' || end - at < 2) {
        return take_one(response, at, '\r', LINE_LF);
    }
    return take_one(response, at + 1, '\n', FIELD);
}

/* --- status line (RFC 9112 4) --- */

static const uint8_t *take_version(enr_http_response_t *response, const uint8_t *at, const uint8_t *end)
{
    static const char version[] = "HTTP/1.x ";
    for (uint8_t place = response->count; at < end; at++) {
        if (place == 7 && *at == '0') {
            response->flags |= OLD | CLOSES;
        } else if (place == 7 ? *at != '1' : *at != (uint8_t)version[place]) {
            malformed(response);
            return at;
        }
        response->count = ++place;
        if (place == sizeof version - 1) {
            go(response, CODE);
            return at + 1;
        }
    }
    return at;
}

static const uint8_t *take_code(enr_http_response_t *response, const uint8_t *at, const uint8_t *end)
{
    while (at < end && response->state == CODE) {
        uint8_t byte = *at++;
        response->code = (uint16_t)(response->code * 10 + (byte - '0'));
        if (!enr_is_digit(byte)) {
            malformed(response);
        } else if (++response->count == 3) {
            go(response, REASON_SPACE);
        }
    }
    if (response->state == REASON_SPACE && (response->code < 100 || response->code > 599)) {
        malformed(response);
    }
    return at;
}

/* A reason may be empty, and some servers leave out the space before it as well. */
static const uint8_t *take_reason_space(enr_http_response_t *response, const uint8_t *at)
{
    return *at == '\r' ? take_one(response, at, '\r', LINE_LF) : take_one(response, at, ' ', TEXT);
}

static const uint8_t *take_text(enr_http_response_t *response, const uint8_t *at, const uint8_t *end)
{
    at = skip_value(at, end);
    return at < end ? take_line_end(response, at, end) : at;
}

/* --- values that matter --- */

/* True when the value, or this part of it, is the field's word and nothing else. */
static bool is_word(const enr_http_response_t *response)
{
    return response->count > 0 && response->count != MISMATCH && FIELDS[response->field].word[response->count] == 0;
}

/* Compares the next characters of a token with the field's word. */
static const uint8_t *take_token(enr_http_response_t *response, const uint8_t *at, const uint8_t *end)
{
    const char *word = FIELDS[response->field].word;
    while (at < end && response->count != MISMATCH && to_lower(*at) == (uint8_t)word[response->count]) {
        at++;
        response->count++;
    }
    if (at < end && (KINDS[*at] & NAME_KIND) != 0) {
        response->count = MISMATCH;
        at = skip(at, end, NAME_KIND);
    }
    return at;
}

/* The same for a subtype, of which only the end counts. */
static const uint8_t *take_subtype(enr_http_response_t *response, const uint8_t *at, const uint8_t *end)
{
    const char *word = FIELDS[SUBTYPE].word;
    for (; at < end && (KINDS[*at] & NAME_KIND) != 0; at++) {
        bool next = to_lower(*at) == (uint8_t)word[response->count];
        uint8_t first = *at == (uint8_t)word[0] ? 1 : 0;
        response->count = next ? (uint8_t)(response->count + 1) : first;
    }
    return at;
}

static void take_digit(enr_http_response_t *response, uint8_t byte)
{
    uint32_t digit = (uint32_t)byte - '0';
    if (!enr_is_digit(byte) || response->count == MISMATCH) {
        response->count = MISMATCH;
    } else if (response->left > (UINT32_MAX - digit) / 10) {
        fail(response, ENR_E_HTTP_LIMIT);
    } else {
        response->left = response->left * 10 + digit;
        response->count = 1;
    }
}

static void end_type(enr_http_response_t *response, bool json)
{
    bool first = (response->flags & HAS_TYPE) == 0;
    response->flags |= HAS_TYPE;
    if (json && first) {
        response->flags |= JSON;
    } else if (!json) {
        response->flags &= (uint16_t)~JSON; /* of two that differ none is believed */
    }
    go(response, TEXT);
}

/* A byte of a media type that is in none of its tokens: type "/" subtype (RFC 9110 8.3.1). Behind "application/" the
 * '+' of a suffix is as good as there. */
static void take_type_byte(enr_http_response_t *response, uint8_t byte)
{
    if (byte == '/' && response->field == CONTENT_TYPE && response->count > 0) {
        response->count = is_word(response) ? 1 : 0;
        response->field = SUBTYPE;
    } else {
        end_type(response, false);
    }
}

static void take_retry_after_byte(enr_http_response_t *response, uint8_t byte, uint8_t spaces)
{
    if (response->count == MISMATCH || spaces >= sizeof response->retry_after - response->retry_after_len) {
        response->count = MISMATCH;
        return;
    }
    memset(response->retry_after + response->retry_after_len, ' ', spaces);
    response->retry_after_len = (uint8_t)(response->retry_after_len + spaces);
    response->retry_after[response->retry_after_len++] = byte;
}

/* The end of a value, or of that part of it which the separator ends. */
static void end_part(enr_http_response_t *response)
{
    bool good = true;
    switch (response->field) {
    case CONTENT_LENGTH: /* once (behaviours 2) */
        good = response->count == 1 && (response->flags & HAS_LENGTH) == 0;
        response->flags |= HAS_LENGTH;
        break;
    case TRANSFER_ENCODING: /* only `chunked`, once and alone (behaviours 3) */
        good = is_word(response) && (response->flags & CHUNKED) == 0;
        response->flags |= CHUNKED;
        break;
    case CONTENT_ENCODING:
        response->flags |= is_word(response) ? 0 : CODED;
        break;
    case CONTENT_TYPE:
    case SUBTYPE:
        end_type(response, response->field == SUBTYPE && is_word(response));
        break;
    case CONNECTION:
        response->flags |= is_word(response) ? CLOSES : 0;
        break;
    case RETRY_AFTER:
        response->retry_after_len = response->count == MISMATCH ? 0 : response->retry_after_len;
        response->flags |= HAS_RETRY;
        break;
    default:
        break;
    }
    if (!good) {
        malformed(response);
    }
}

/* White space at the ends of a value is nothing (RFC 9110 5.5); inside it makes another value of all but a date. A TAB
 * is valid in no date and counts as more spaces than there is room for. */
static void take_value_byte(enr_http_response_t *response, uint8_t byte)
{
    if (is_space(byte)) {
        response->spaces = byte == ' ' && response->spaces < UINT8_MAX ? (uint8_t)(response->spaces + 1) : UINT8_MAX;
        return;
    }
    uint8_t spaces = response->spaces;
    response->spaces = 0;
    if (byte == FIELDS[response->field].separator) {
        end_part(response);
        if (response->field == CONNECTION) {
            go(response, VALUE_SPACE);
        }
    } else if (response->field == RETRY_AFTER) {
        take_retry_after_byte(response, byte, spaces);
    } else if (response->field == CONTENT_TYPE || response->field == SUBTYPE) {
        take_type_byte(response, spaces == 0 ? byte : ' ');
    } else if (response->field == CONTENT_LENGTH && spaces == 0) {
        take_digit(response, byte);
    } else {
        response->count = MISMATCH;
    }
}

static bool has_word(uint8_t field)
{
    return FIELDS[field].word[0] != 0;
}

static const uint8_t *take_value(enr_http_response_t *response, const uint8_t *at, const uint8_t *end)
{
    while (at < end && (KINDS[*at] & VALUE_KIND) != 0) {
        if ((KINDS[*at] & NAME_KIND) != 0 && response->spaces == 0 && has_word(response->field)) {
            at = response->field == SUBTYPE ? take_subtype(response, at, end) : take_token(response, at, end);
        } else {
            take_value_byte(response, *at++);
        }
        if (response->state != VALUE) { /* the next of a list, or what does not matter any more */
            return at;
        }
    }
    if (at == end) {
        return at;
    }
    end_part(response);
    return response->state == FAILED ? at : take_line_end(response, at, end);
}

static const uint8_t *take_value_space(enr_http_response_t *response, const uint8_t *at, const uint8_t *end)
{
    while (at < end && is_space(*at)) {
        at++;
    }
    if (at < end) {
        go(response, VALUE);
    }
    return at;
}

/* --- field lines (RFC 9112 5) --- */

/* Four characters, letters in lower case. */
static uint32_t load_lower(const void *characters)
{
    uint32_t four = 0;
    memcpy(&four, characters, sizeof four);
    return four | 0x20202020;
}

/* True when a name is `known` in any case. Both have `len` characters, 4 or more: the first four may be compared twice.
 */
static bool same_name(const uint8_t *name, const char *known, size_t len)
{
    while (len > 4 && load_lower(name + len - 4) == load_lower(known + len - 4)) {
        len = len > 8 ? len - 4 : 4;
    }
    return len == 4 && load_lower(name) == load_lower(known);
}

/* The names that matter have each their own length. */
static uint8_t field_of(enr_span_t name)
{
    static const uint8_t by_length[] = {[10] = CONNECTION,     [11] = RETRY_AFTER,      [12] = CONTENT_TYPE,
                                        [14] = CONTENT_LENGTH, [16] = CONTENT_ENCODING, [17] = TRANSFER_ENCODING};
    uint8_t field = name.len < sizeof by_length ? by_length[name.len] : OTHER;
    return field != OTHER && same_name(name.ptr, FIELDS[field].name, name.len) ? field : OTHER;
}

static void begin_value(enr_http_response_t *response, uint8_t field)
{
    bool again = field == RETRY_AFTER && (response->flags & HAS_RETRY) != 0; /* the first one counts */
    if (field == OTHER || again || (response->flags & TRAILERS) != 0) {
        go(response, TEXT); /* trailers change nothing of the framing (RFC 9110 6.5.1) */
        return;
    }
    if (field == CONTENT_LENGTH) {
        response->left = 0;
    }
    response->field = field;
    response->spaces = 0;
    go(response, VALUE_SPACE);
}

static const uint8_t *take_name_end(enr_http_response_t *response, const uint8_t *at, uint8_t field)
{
    if (*at == ':') {
        begin_value(response, field);
    } else {
        malformed(response);
    }
    return at + 1;
}

/* The next field, after `field`, whose name has the same first `count` characters and then another one. */
static uint8_t next_field(uint8_t field, uint8_t count)
{
    do {
        field++;
    } while (field < SUBTYPE && FIELDS[field].shared > count);
    return field < SUBTYPE && FIELDS[field].shared == count ? field : OTHER;
}

/* A name in parts is compared as it comes: `field` is the first that it may still be. */
static const uint8_t *take_name_rest(enr_http_response_t *response, const uint8_t *at, const uint8_t *end)
{
    while (response->field != OTHER) {
        const char *name = FIELDS[response->field].name;
        uint8_t count = response->count;
        while (at < end && (KINDS[*at] & NAME_KIND) != 0 && to_lower(*at) == (uint8_t)name[count]) {
            at++;
            count++;
        }
        response->count = count;
        if (at == end) {
            return at;
        }
        if (*at == ':' && name[count] == 0) {
            break;
        }
        response->field = next_field(response->field, count);
    }
    at = skip(at, end, NAME_KIND);
    return at < end ? take_name_end(response, at, response->field) : at;
}

static const uint8_t *take_name(enr_http_response_t *response, const uint8_t *at, const uint8_t *end)
{
    const uint8_t *colon = skip(at, end, NAME_KIND);
    if (colon < end) {
        return take_name_end(response, colon, field_of((enr_span_t){at, (size_t)(colon - at)}));
    }
    go(response, NAME_REST);
    response->field = CONNECTION;
    return take_name_rest(response, at, end);
}

/* The head's end, or the first byte of a name, which is left to take_name. */
static const uint8_t *take_field(enr_http_response_t *response, const uint8_t *at)
{
    if (*at == '\r') {
        return take_one(response, at, '\r', FIELDS_LF);
    }
    if ((KINDS[*at] & NAME_KIND) == 0) { /* white space here would be obs-fold: refused (RFC 9112 5.2) */
        malformed(response);
    } else if (++response->fields > ENR_HTTP_FIELDS_MAX) {
        fail(response, ENR_E_HTTP_LIMIT);
    } else {
        go(response, NAME);
    }
    return at;
}

/* --- body framing (RFC 9112 6, 7) --- */

static void end_interim(enr_http_response_t *response)
{
    if (response->code == 101) {
        malformed(response); /* nobody asked to switch protocols (RFC 9110 15.2.2) */
    } else if (++response->interims > ENR_HTTP_INTERIM_MAX) {
        fail(response, ENR_E_HTTP_LIMIT);
    } else {
        start_head(response);
    }
}

/* RFC 9112 6.3, in its order. */
static void end_head(enr_http_response_t *response)
{
    bool has_length = (response->flags & HAS_LENGTH) != 0;
    bool chunked = (response->flags & CHUNKED) != 0;
    if (chunked && (has_length || (response->flags & OLD) != 0)) {
        malformed(response); /* behaviours 1; HTTP/1.0 has no transfer codings (RFC 9112 6.1) */
    } else if (response->code < 200) {
        end_interim(response);
    } else if ((response->flags & HEAD_REQUEST) != 0 || response->code == 204 || response->code == 304) {
        go(response, COMPLETE);
    } else if ((response->flags & CODED) != 0) {
        fail(response, ENR_E_CONTENT_CODING);
    } else if (chunked) {
        response->budget = ENR_HTTP_CHUNK_OVERHEAD_MAX;
        response->left = 0;
        go(response, CHUNK_SIZE);
    } else if (has_length) {
        go(response, response->left == 0 ? COMPLETE : BODY_OF_LENGTH);
    } else {
        response->flags |= CLOSES;
        go(response, BODY_TO_CLOSE);
    }
}

static const uint8_t *take_fields_end(enr_http_response_t *response, const uint8_t *at)
{
    if (*at != '\n') {
        malformed(response);
    } else if ((response->flags & TRAILERS) != 0) {
        go(response, COMPLETE);
    } else {
        end_head(response);
    }
    return at + 1;
}

static int hex_value(uint8_t byte)
{
    uint8_t letter = byte | 0x20;
    return enr_is_digit(byte) ? byte - '0' : letter >= 'a' && letter <= 'f' ? letter - 'a' + 10 : -1;
}

/* Where in chunk extensions the bytes end so far, RFC 9112 7.1.1:
 *( BWS ";" BWS chunk-ext-name [ BWS "=" BWS ( token / quoted-string ) ] ) CR */
enum {
    NOWHERE, /* it may not stand there */
    AFTER_VALUE,
    BEFORE_SEMICOLON, /* white space has come, so that no CR may */
    BEFORE_NAME,
    IN_NAME,
    AFTER_NAME, /* the same */
    BEFORE_VALUE,
    IN_TOKEN,
    IN_QUOTES,
    IN_ESCAPE,
    AT_END
};

/* The place behind the next byte. */
static uint8_t next_place(uint8_t place, uint8_t byte)
{
    bool token = (KINDS[byte] & NAME_KIND) != 0;
    bool text = (KINDS[byte] & VALUE_KIND) != 0;
    switch (place) {
    case BEFORE_NAME:
        return is_space(byte) ? BEFORE_NAME : token ? IN_NAME : NOWHERE;
    case BEFORE_VALUE:
        return is_space(byte) ? BEFORE_VALUE : token ? IN_TOKEN : byte == '"' ? IN_QUOTES : NOWHERE;
    case IN_QUOTES:
        return byte == '"' ? AFTER_VALUE : byte == '\\' ? IN_ESCAPE : text ? IN_QUOTES : NOWHERE;
    case IN_ESCAPE:
        return text ? IN_QUOTES : NOWHERE;
    default:
        break;
    }
    if (token && (place == IN_NAME || place == IN_TOKEN)) {
        return place;
    }
    bool behind_name = place == IN_NAME || place == AFTER_NAME;
    bool behind_space = place == BEFORE_SEMICOLON || place == AFTER_NAME;
    switch (byte) {
    case ' ':
    case '\t':
        return behind_name ? AFTER_NAME : BEFORE_SEMICOLON;
    case ';':
        return BEFORE_NAME;
    case '=':
        return behind_name ? BEFORE_VALUE : NOWHERE;
    default:
        return byte == '\r' && !behind_space ? AT_END : NOWHERE;
    }
}

/* Digits of a chunk's size, leading zeros included: 2^32-1 bytes (behaviours 4). A last chunk may have more zeros. */
enum { CHUNK_SIZE_DIGITS = 8 };

static const uint8_t *take_chunk_size(enr_http_response_t *response, const uint8_t *at, const uint8_t *end)
{
    for (int digit = 0; at < end && (digit = hex_value(*at)) >= 0; at++) {
        if (response->count < CHUNK_SIZE_DIGITS) {
            response->count++;
        } else if (response->left > 0 || digit > 0) {
            fail(response, ENR_E_HTTP_LIMIT);
            return at;
        }
        response->left = response->left * 16 + (uint32_t)digit;
    }
    if (at == end) {
        return at;
    }
    if (response->count == 0) {
        malformed(response);
        return at;
    }
    if (*at == '\r') {
        return take_one(response, at, '\r', CHUNK_SIZE_LF);
    }
    go(response, CHUNK_EXTENSION);
    response->field = AFTER_VALUE;
    return at;
}

/* Extensions are held to their grammar and passed over; where one is, stands in `field`. */
static const uint8_t *take_chunk_extension(enr_http_response_t *response, const uint8_t *at, const uint8_t *end)
{
    for (; at < end; at++) {
        response->field = next_place(response->field, *at);
        if (response->field == NOWHERE) {
            malformed(response);
            return at;
        }
        if (response->field == AT_END) {
            return take_one(response, at, '\r', CHUNK_SIZE_LF);
        }
    }
    return at;
}

static const uint8_t *take_chunk_size_end(enr_http_response_t *response, const uint8_t *at)
{
    if (*at == '\n' && response->left == 0) {
        response->flags |= TRAILERS;
        response->fields = 0;
        return take_one(response, at, '\n', FIELD);
    }
    return take_one(response, at, '\n', BODY_OF_CHUNK);
}

/* Takes some bytes that are not body. A field line goes on from part to part as long as there are bytes. */
static const uint8_t *take(enr_http_response_t *response, const uint8_t *at, const uint8_t *end)
{
    switch (response->state) {
    case VERSION:
        return take_version(response, at, end);
    case CODE:
        return take_code(response, at, end);
    case REASON_SPACE:
        return take_reason_space(response, at);
    case TEXT:
        return take_text(response, at, end);
    case LINE_LF:
        return take_one(response, at, '\n', FIELD);
    case FIELD:
        at = take_field(response, at);
        if (response->state != NAME) {
            return at;
        } /* fallthrough */
    case NAME:
        at = take_name(response, at, end);
        if (response->state != VALUE_SPACE || at == end) {
            return at;
        } /* fallthrough */
    case VALUE_SPACE:
        at = take_value_space(response, at, end);
        if (response->state != VALUE) {
            return at;
        } /* fallthrough */
    case VALUE:
        return take_value(response, at, end);
    case NAME_REST:
        return take_name_rest(response, at, end);
    case CHUNK_SIZE:
        return take_chunk_size(response, at, end);
    case CHUNK_EXTENSION:
        return take_chunk_extension(response, at, end);
    case CHUNK_SIZE_LF:
        return take_chunk_size_end(response, at);
    case CHUNK_DATA_CR:
        return take_one(response, at, '\r', CHUNK_DATA_LF);
    default:
        assert(response->state == CHUNK_DATA_LF);
        return take_one(response, at, '\n', CHUNK_SIZE);
    }
}

/* Takes head and chunked framing up to the body, the end of the response, or the end of the bytes. */
static const uint8_t *take_framing(enr_http_response_t *response, const uint8_t *at, const uint8_t *end)
{
    while (at < end && response->state < BODY_OF_LENGTH) {
        if (response->budget == 0) {
            fail(response, ENR_E_HTTP_LIMIT);
            break;
        }
        if (response->state == FIELDS_LF) {
            response->budget--; /* before the end of the head sets a new one */
            at = take_fields_end(response, at);
            continue;
        }
        const uint8_t *begin = at;
        const uint8_t *stop = (size_t)(end - at) > response->budget ? at + response->budget : end;
        do {
            at = take(response, at, stop);
        } while (at < stop && response->state < BODY_OF_LENGTH && response->state != FIELDS_LF);
        response->budget -= (uint32_t)(at - begin);
    }
    return at;
}

/* Hands out body bytes; returns how many. */
static size_t take_body(enr_http_response_t *response, size_t len)
{
    if (response->state == BODY_TO_CLOSE) {
        return len;
    }
    len = response->left < len ? response->left : len;
    response->left -= (uint32_t)len;
    if (response->left == 0) {
        go(response, response->state == BODY_OF_LENGTH ? COMPLETE : CHUNK_DATA_CR);
    }
    return len;
}

static enr_status_t status_of(const enr_http_response_t *response)
{
    if (response->state == FAILED) {
        return (enr_status_t)response->failure;
    }
    return response->state == COMPLETE ? ENR_OK : ENR_AGAIN;
}

enr_status_t enr_http_response_feed(enr_http_response_t *response, enr_span_t in, size_t *out_used,
                                    enr_span_t *out_body)
{
    assert(response != NULL && out_used != NULL && out_body != NULL);
    *out_used = 0;
    *out_body = (enr_span_t){NULL, 0};
    if (in.len == 0) {
        return status_of(response);
    }
    response->flags |= STARTED;
    const uint8_t *end = in.ptr + in.len;
    const uint8_t *at = take_framing(response, in.ptr, end);
    if (at < end && response->state < COMPLETE) {
        *out_body = (enr_span_t){at, take_body(response, (size_t)(end - at))};
        at += out_body->len;
    }
    *out_used = (size_t)(at - in.ptr);
    return status_of(response);
}

enr_status_t enr_http_response_end(enr_http_response_t *response)
{
    if (response->state == BODY_TO_CLOSE) {
        go(response, COMPLETE);
    } else if (response->state < COMPLETE) {
        fail(response, (response->flags & STARTED) != 0 ? ENR_E_TRUNCATED : ENR_E_CLOSED);
    }
    return status_of(response);
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
