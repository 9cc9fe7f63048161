/* json_reader: what is JSON and what is not, to the byte; the limits at their edges; finding one's way in a parsed
 * text. */
#include "enrich/json_reader.h"

#include <limits.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "enrich/json_writer.h"

#include "exact.h"

#define COUNT(table) (sizeof(table) / sizeof((table)[0]))

/* A parsed text in heap allocations of exact size. */
typedef struct {
    enr_json_reader_t *reader;
    enr_span_t text;
    enr_status_t status;
    size_t offset;
} parsed_t;

/* Validates and parses. Both must come to the same end at the same place, but for the number of tokens. */
static parsed_t parse(const void *bytes, size_t len)
{
    parsed_t parsed = {.reader = malloc(sizeof *parsed.reader), .text = exact(bytes, len)};
    enr_status_t valid = enr_json_validate(parsed.text, &parsed.offset);
    parsed.status = enr_json_parse(parsed.reader, parsed.text);
    if (parsed.status != ENR_E_JSON_LIMIT || valid != ENR_OK) {
        assert_int_equal(parsed.status, valid);
    }
    if (valid != ENR_OK) {
        assert_int_equal(parsed.reader->error_offset, parsed.offset);
    }
    assert_true(parsed.offset <= len);
    return parsed;
}

static parsed_t parse_good(const char *text)
{
    parsed_t parsed = parse(text, strlen(text));
    if (parsed.status != ENR_OK) {
        fail_msg("%s: %s at %zu", text, enr_status_name(parsed.status), parsed.offset);
    }
    return parsed;
}

static void done(parsed_t *parsed)
{
    free(parsed->reader);
    drop(parsed->text);
}

static enr_status_t verdict(const void *bytes, size_t len)
{
    parsed_t parsed = parse(bytes, len);
    enr_status_t status = parsed.status;
    done(&parsed);
    return status;
}

static void assert_span(enr_span_t span, const char *text)
{
    if (span.len != strlen(text) || (span.len > 0 && memcmp(span.ptr, text, span.len) != 0)) {
        fail_msg("'%.*s' is not '%s'", (int)span.len, (const char *)span.ptr, text);
    }
}

static void test_valid(void **state)
{
    (void)state;
    static const char *const texts[] = {
        /* any value may be the text, with white space around it (RFC 8259 2) */
        "null",
        "true",
        "false",
        "0",
        "\"\"",
        "[]",
        "{}",
        " \t\r\nnull \t\r\n",
        " [ ] ",
        " { } ",
        "[ null , null ]",
        "{ \"a\" : null , \"b\" : null }",
        /* numbers (RFC 8259 6) */
        "-0",
        "10",
        "-10",
        "0.0",
        "0.10",
        "-0.5",
        "1e1",
        "1E1",
        "1e+1",
        "1e-1",
        "1e00",
        "0e0",
        "1.5e10",
        "123456789012345678901234567890",
        "[1]",
        /* strings (RFC 8259 7) */
        "\"/\"",
        "\"\x7F\"",
        "\"\\\"\\\\\\/\\b\\f\\n\\r\\t\"",
        "\"\\u0000\"",
        "\"\\uaBcD\"",
        "\"\\uD834\\uDD1E\"",
        "\"\\uDBFF\\uDFFF\"",
        "\"\\ud7ff\\ue000\"",
        "\"\\uFFFF\"",
        "\"\xC3\xA9\xE2\x82\xAC\xF0\x9F\x98\x80\"",
        "\"\xEF\xBF\xBF\"",
        "\"0123456789abcdef\\n\"",
        /* containers */
        "[[]]",
        "[{}]",
        "{\"a\":{}}",
        "{\"a\":[]}",
        "{\"\":\"\"}",
        "[[],[[]],{}]",
        "{\"a\":1,\"a\":2}",
        "[\"\",\"\"]",
    };
    for (size_t i = 0; i < COUNT(texts); i++) {
        parsed_t parsed = parse_good(texts[i]);
        assert_int_equal(parsed.offset, strlen(texts[i]));
        done(&parsed);
    }
}

/* Each with the place where the text goes wrong. */
static void test_invalid(void **state)
{
    (void)state;
    static const struct {
        const char *rule;
        const char *text;
        size_t len;
        size_t offset;
    } rows[] = {
#define ROW(rule, text, offset) {rule, text, sizeof(text) - 1, offset}
        ROW("no value", "", 0),
        ROW("white space only", " \r\n\t", 4),
        ROW("byte order mark", "\xEF\xBB\xBFnull", 0),
        ROW("NUL", "\0", 0),
        ROW("NUL after the value", "null\0", 4),
        ROW("VT is no white space", "\vnull", 0),
        ROW("FF is no white space", "null\f", 4),
        ROW("two values", "null null", 5),
        ROW("two containers", "{}{}", 2),
        ROW("comma after the value", "null,", 4),
        ROW("bracket after the value", "[]]", 2),
        ROW("brace after the value", "{}}", 2),
        ROW("comment", "null//", 4),
        /* words */
        ROW("short word", "nul", 3),
        ROW("wrong case", "True", 0),
        ROW("wrong case inside", "nUll", 1),
        ROW("word too long", "nulll", 4),
        ROW("NaN", "NaN", 0),
        ROW("Infinity", "-Infinity", 1),
        ROW("bare word", "[a]", 1),
        /* numbers */
        ROW("minus alone", "-", 1),
        ROW("plus", "+1", 0),
        ROW("leading zero", "01", 1),
        ROW("leading zero after minus", "-01", 2),
        ROW("no digit before the point", ".5", 0),
        ROW("no digit after the point", "1.", 2),
        ROW("no digit between point and exponent", "1.e1", 2),
        ROW("no exponent", "1e", 2),
        ROW("no exponent after the sign", "1e+", 3),
        ROW("two signs", "1e+-1", 3),
        ROW("point in the exponent", "1e1.5", 3),
        ROW("two points", "1.2.3", 3),
        ROW("exponent of zero", "[0e]", 3), /* az_json takes these */
        ROW("exponent of a fraction", "[1.0e]", 5),
        ROW("hexadecimal", "0x1F", 1),
        ROW("space after minus", "- 1", 1),
        ROW("two numbers", "[1 2]", 3),
        ROW("fullwidth digit", "[\xEF\xBC\x91]", 1),
        /* strings */
        ROW("not ended", "\"", 1),
        ROW("not ended, with text", "\"abc", 4),
        ROW("ended by an escaped quote", "\"\\\"", 3),
        ROW("single quotes", "'a'", 0),
        ROW("NUL in a string", "\"a\0b\"", 2),
        ROW("line feed in a string", "\"a\nb\"", 2),
        ROW("TAB in a string", "\"\t\"", 1),
        ROW("1F in a string", "\"0123456789\x1F\"", 11),
        ROW("unknown escape", "\"\\a\"", 1),
        ROW("escape of NUL", "\"\\\0\"", 1),
        ROW("upper-case escape", "\"\\N\"", 1),
        ROW("backslash at the end", "\"\\", 1),
        ROW("short \\u", "\"\\u123\"", 1),
        ROW("\\u at the end", "\"\\u", 1),
        ROW("\\u with a letter beyond F", "\"\\u00G0\"", 1),
        ROW("\\u with '@', one below 'A'", "\"\\u000@\"", 1),
        ROW("\\u with '`', one below 'a'", "\"\\u000`\"", 1),
        ROW("\\u with a sign", "\"\\u+123\"", 1),
        ROW("\\U", "\"\\U0041\"", 1),
        ROW("\\x", "\"\\x41\"", 1),
        /* surrogates (RFC 8259 8.2) */
        ROW("high surrogate alone", "\"\\uD800\"", 1),
        ROW("low surrogate alone", "\"\\uDC00\"", 1),
        ROW("last low surrogate alone", "\"\\uDFFF\"", 1),
        ROW("two low surrogates", "\"\\uDC00\\uDC00\"", 1),
        ROW("high surrogate before text", "\"\\uD800abcdef\"", 1),
        ROW("high surrogate before another escape", "\"\\uD800\\n1234\"", 1),
        ROW("two high surrogates", "\"\\uD800\\uD800\"", 1),
        ROW("surrogates in the wrong order", "\"\\uDC00\\uD800\"", 1),
        ROW("high surrogate before a character", "\"\\uDBFF\\uE000\"", 1),
        ROW("second half cut", "\"\\uD834\\uDD1", 1),
        ROW("second half without u", "\"\\uD834\\dD1E1\"", 1),
        /* UTF-8 (RFC 8259 8.1) */
        ROW("Latin-1", "\"\xE9\"", 1),
        ROW("overlong quote", "\"\xC0\xA2\"", 1),
        ROW("surrogate as UTF-8", "\"\xED\xA0\x80\"", 1),
        ROW("above U+10FFFF", "\"\xF4\x90\x80\x80\"", 1),
        ROW("character cut by the quote", "\"\xE2\x82\"", 1),
        ROW("continuation alone, in a key", "{\"\x80\":1}", 2),
        ROW("no-break space outside a string",
            "[1,\xC2\xA0"
            "2]",
            3),
        /* arrays */
        ROW("array not ended", "[", 1),
        ROW("array not ended after a value", "[1", 2),
        ROW("array not ended after a comma", "[1,", 3),
        ROW("comma first", "[,1]", 1),
        ROW("comma last", "[1,]", 3),
        ROW("two commas", "[1,,2]", 3),
        ROW("comma alone", "[,]", 1),
        ROW("array ended as an object", "[1}", 2),
        ROW("empty array ended as an object", "[}", 1),
        ROW("colon in an array", "[\"a\":1]", 4),
        /* objects */
        ROW("object not ended", "{", 1),
        ROW("object not ended after a key", "{\"a\"", 4),
        ROW("object not ended after a colon", "{\"a\":", 5),
        ROW("object not ended after a member", "{\"a\":1", 6),
        ROW("comma first in an object", "{,\"a\":1}", 1),
        ROW("comma last in an object", "{\"a\":1,}", 7),
        ROW("two commas in an object", "{\"a\":1,,\"b\":2}", 7),
        ROW("no colon", "{\"a\" 1}", 5),
        ROW("two colons", "{\"a\"::1}", 5),
        ROW("no value for a key", "{\"a\":}", 5),
        ROW("comma for a colon", "{\"a\",1}", 4),
        ROW("key without quotes", "{a:1}", 1),
        ROW("number as a key", "{1:1}", 1),
        ROW("object as a key", "{{}:1}", 1),
        ROW("array as a key", "{[]:1}", 1),
        ROW("null as a key", "{null:1}", 1),
        ROW("object ended as an array", "{\"a\":1]", 6),
        ROW("empty object ended as an array", "{]", 1),
        ROW("string without a colon", "{\"a\"}", 4),
        ROW("value after a value", "{\"a\":1 2}", 7),
        ROW("nested in the wrong order", "{\"a\":[}]", 6),
#undef ROW
    };
    for (size_t i = 0; i < COUNT(rows); i++) {
        parsed_t parsed = parse(rows[i].text, rows[i].len);
        if (parsed.status != ENR_E_NOT_JSON || parsed.offset != rows[i].offset) {
            fail_msg("%s: %s at %zu", rows[i].rule, enr_status_name(parsed.status), parsed.offset);
        }
        done(&parsed);
    }
}

static void test_nothing(void **state)
{
    (void)state;
    enr_json_reader_t reader;
    size_t offset = 1;
    assert_int_equal(enr_json_validate((enr_span_t){NULL, 0}, &offset), ENR_E_NOT_JSON);
    assert_int_equal(offset, 0);
    assert_int_equal(enr_json_parse(&reader, (enr_span_t){NULL, 0}), ENR_E_NOT_JSON);
}

/* No start of an object is JSON, wherever it is cut: an answer that lost its end is never taken. */
static void test_every_cut(void **state)
{
    (void)state;
    static const char text[] = "{\"id\":\"5b0f\",\"n\":[0,-1.5e+3,true,false,null,{}],\"\\u00e9\\uD834\\uDD1E\":"
                               "{\"\xE2\x82\xAC\":\"\xF0\x9F\x98\x80\\n\",\"e\":[],\"s\":\"\"}} ";
    for (size_t len = 0; len < sizeof text - 2; len++) {
        assert_int_equal(verdict(text, len), ENR_E_NOT_JSON);
    }
    assert_int_equal(verdict(text, sizeof text - 2), ENR_OK);
    assert_int_equal(verdict(text, sizeof text - 1), ENR_OK);
}

/* `times` copies of a text. */
static void repeat(enr_buffer_t *out, enr_span_t text, size_t times)
{
    for (size_t i = 0; i < times; i++) {
        enr_buffer_append(out, text);
    }
    assert_false(out->full);
}

static enr_span_t nested(uint8_t *room, size_t size, size_t depth, enr_span_t open, enr_span_t innermost,
                         enr_span_t close)
{
    enr_buffer_t text = enr_buffer_over(room, size);
    repeat(&text, open, depth);
    enr_buffer_append(&text, innermost);
    repeat(&text, close, depth);
    return enr_buffer_span(&text);
}

/* behaviours 13: the depth limit, exactly, for arrays, objects, both in turn, and unended ones. */
static void test_depth(void **state)
{
    (void)state;
    static const struct {
        const char *open, *innermost, *close;
        size_t levels; /* of one `open` */
        size_t last;   /* place of the last bracket in one `open` */
    } rows[] = {
        {"[", "", "]", 1, 0},
        {"[", "1", "]", 1, 0},
        {" [ ", "", " ] ", 1, 1},
        {"{\"a\":", "1", "}", 1, 0},
        {"[{\"a\":", "\"\"", "}]", 2, 1},
    };
    for (size_t i = 0; i < COUNT(rows); i++) {
        uint8_t room[512];
        enr_span_t open = enr_span_from_str(rows[i].open);
        enr_span_t close = enr_span_from_str(rows[i].close);
        enr_span_t inside = enr_span_from_str(rows[i].innermost);
        size_t times = ENR_JSON_DEPTH_MAX / rows[i].levels;
        enr_span_t text = nested(room, sizeof room, times, open, inside, close);
        assert_int_equal(verdict(text.ptr, text.len), ENR_OK);

        text = nested(room, sizeof room, times, open, inside, ENR_SPAN(""));
        assert_int_equal(verdict(text.ptr, text.len), ENR_E_NOT_JSON);

        text = nested(room, sizeof room, times + 1, open, inside, close);
        parsed_t parsed = parse(text.ptr, text.len);
        assert_int_equal(parsed.status, ENR_E_JSON_LIMIT);
        assert_int_equal(parsed.offset, rows[i].levels == 1 ? times * open.len + rows[i].last : times * open.len);
        done(&parsed);
    }
}

/* The depth falls again: more containers than the limit, one after the other, are no depth. */
static void test_depth_falls(void **state)
{
    (void)state;
    uint8_t room[512];
    enr_buffer_t text = enr_buffer_over(room, sizeof room);
    enr_buffer_append(&text, ENR_SPAN("[{}"));
    repeat(&text, ENR_SPAN(",[{}]"), ENR_JSON_DEPTH_MAX + 1);
    enr_buffer_append(&text, ENR_SPAN("]"));
    assert_int_equal(verdict(text.ptr, text.len), ENR_OK);
}

/* The token limit, exactly, whatever the last tokens are; the error names the place of the one too many. */
static void test_tokens(void **state)
{
    (void)state;
    static const struct {
        const char *end;
        size_t tokens; /* in it */
        size_t last;   /* where the last of them begins */
    } rows[] = {
        {"7", 1, 0},          {"\"\"", 1, 0},     {"\"\\u0041\"", 1, 0},        {"null", 1, 0},
        {"[]", 1, 0},         {"{}", 1, 0},       {"{\"a\":1}", 3, 5},          {"{\"a\":\"\"}", 3, 5},
        {"{\"a\":{}}", 3, 5}, {"[[\"\"]]", 3, 2}, {"{\"a\":1,\"b\":2}", 5, 11},
    };
    for (size_t i = 0; i < COUNT(rows); i++) {
        for (size_t more = 0; more < 2; more++) {
            uint8_t room[3 * ENR_JSON_TOKENS_MAX];
            enr_buffer_t text = enr_buffer_over(room, sizeof room);
            enr_buffer_append(&text, ENR_SPAN("["));
            repeat(&text, ENR_SPAN("7,"), ENR_JSON_TOKENS_MAX - 1 - rows[i].tokens + more);
            size_t at = text.len;
            enr_buffer_append(&text, enr_span_from_str(rows[i].end));
            enr_buffer_append(&text, ENR_SPAN("]"));
            assert_false(text.full);
            parsed_t parsed = parse(text.ptr, text.len);
            if (more == 0) {
                assert_int_equal(parsed.status, ENR_OK);
            } else {
                assert_int_equal(parsed.status, ENR_E_JSON_LIMIT);
                assert_int_equal(parsed.reader->error_offset, at + rows[i].last);
            }
            done(&parsed);
        }
    }
}

/* Offsets are ints inside: a longer text is refused unread. */
static void test_length(void **state)
{
    (void)state;
    if (SIZE_MAX > INT_MAX) {
        enr_json_reader_t reader;
        assert_int_equal(enr_json_parse(&reader, (enr_span_t){(const uint8_t *)"1", (size_t)INT_MAX + 1}),
                         ENR_E_JSON_LIMIT);
    }
}

/* A failed parse after a good one leaves nothing of the good one. */
static void test_parse_again(void **state)
{
    (void)state;
    enr_json_reader_t reader;
    enr_span_t text = ENR_SPAN("[1]");
    assert_int_equal(enr_json_parse(&reader, text), ENR_OK);
    assert_int_equal(reader.count, 2);
    assert_int_equal(enr_json_parse(&reader, ENR_SPAN("[1")), ENR_E_NOT_JSON);
    assert_int_equal(reader.count, 0);
    assert_int_equal(enr_json_parse(&reader, text), ENR_OK);
    assert_int_equal(reader.count, 2);
}

/* Writes a value again as the walk sees it, all white space gone. */
static void walk(const enr_json_reader_t *reader, enr_json_node_t node, enr_buffer_t *out, int *nodes)
{
    enr_json_type_t type = enr_json_type(reader, node);
    ++*nodes;
    if (type != ENR_JSON_ARRAY && type != ENR_JSON_OBJECT) {
        assert_int_equal(enr_json_first(reader, node), ENR_JSON_NONE);
        enr_buffer_append(out, enr_json_raw(reader, node));
        return;
    }
    const char *separator = "";
    enr_buffer_append_byte(out, type == ENR_JSON_OBJECT ? '{' : '[');
    for (enr_json_node_t at = enr_json_first(reader, node); at != ENR_JSON_NONE; at = enr_json_next(reader, at)) {
        enr_buffer_append(out, enr_span_from_str(separator));
        separator = ",";
        if (type == ENR_JSON_OBJECT) {
            ++*nodes;
            enr_buffer_append(out, enr_json_raw(reader, at));
            enr_buffer_append_byte(out, ':');
            walk(reader, enr_json_value(reader, at), out, nodes);
        } else {
            walk(reader, at, out, nodes);
        }
    }
    enr_buffer_append_byte(out, type == ENR_JSON_OBJECT ? '}' : ']');
}

static const char *const walks[] = {
    "null",
    "\"\"",
    "{}",
    "[]",
    "[[]]",
    "[{}]",
    "[\"\"]",
    "[\"\",\"\"]",
    "[[],[]]",
    "[{},{}]",
    "[[[]],[]]",
    "[[],[[]],1]",
    "[[],{},\"\",[\"\"],{\"\":\"\"},0]",
    "{\"\":\"\"}",
    "{\"\":\"\",\"\":\"\"}",
    "{\"a\":{},\"b\":[],\"c\":\"\",\"d\":0}",
    "{\"a\":\"\",\"b\":{\"\":\"\"},\"c\":[\"\"],\"\":[]}",
    "{\"a\":{\"a\":{\"a\":{}}},\"b\":{}}",
    "{\"a\":[[],[],[[1]]],\"b\":[{\"c\":[]},{\"c\":[{}]}],\"c\":1}",
    "{\"a\":[1,2,3],\"b\":\"]}\",\"c\":\"\\\"}\"}",
    "[{\"a\":1,\"b\":[2]},{\"a\":3},[],4]",
    "[\"a:b\",\"[\",\"{\",\",\",\"\\\\\"]",
};

/* first, next and value meet every value once, in order, and end where their container ends: with and without white
 * space. */
static void test_walk(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT(walks); i++) {
        size_t len = strlen(walks[i]);
        char spaced[256];
        size_t to = 0;
        bool quoted = false;
        for (size_t at = 0; at < len; at++) {
            quoted ^= walks[i][at] == '"' && (at == 0 || walks[i][at - 1] != '\\' || walks[i][at - 2] == '\\');
            spaced[to++] = walks[i][at];
            if (!quoted && strchr("[]{},:\"", walks[i][at]) != NULL) {
                spaced[to++] = '\n';
            }
        }
        for (size_t way = 0; way < 2; way++) {
            parsed_t parsed = way == 0 ? parse(walks[i], len) : parse(spaced, to);
            enr_buffer_t out = enr_buffer_over(malloc(len), len);
            int nodes = 0;
            assert_int_equal(parsed.status, ENR_OK);
            walk(parsed.reader, ENR_JSON_ROOT, &out, &nodes);
            assert_span(enr_buffer_span(&out), walks[i]);
            assert_false(out.full);
            assert_int_equal(nodes, parsed.reader->count);
            free(out.ptr);
            done(&parsed);
        }
    }
}

/* Every byte of some texts exchanged for every other byte: validator and tokeniser agree, and whatever is taken can be
   walked through to its end. */
static void test_every_byte_exchanged(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT(walks); i++) {
        size_t len = strlen(walks[i]);
        for (size_t at = 0; at < len; at++) {
            for (int byte = 0; byte < 256; byte++) {
                char text[256];
                memcpy(text, walks[i], len);
                text[at] = (char)byte;
                parsed_t parsed = parse(text, len);
                if (parsed.status == ENR_OK) {
                    uint8_t room[256];
                    enr_buffer_t out = enr_buffer_over(room, sizeof room);
                    int nodes = 0;
                    walk(parsed.reader, ENR_JSON_ROOT, &out, &nodes);
                    assert_int_equal(nodes, parsed.reader->count);
                }
                done(&parsed);
            }
        }
    }
}

static void test_types(void **state)
{
    (void)state;
    static const struct {
        const char *text;
        enr_json_type_t type;
    } rows[] = {
        {"null", ENR_JSON_NULL},   {"true", ENR_JSON_BOOL}, {"false", ENR_JSON_BOOL},
        {"0", ENR_JSON_NUMBER},    {"-1", ENR_JSON_NUMBER}, {"\"true\"", ENR_JSON_STRING},
        {"\"\"", ENR_JSON_STRING}, {" []", ENR_JSON_ARRAY}, {" {}", ENR_JSON_OBJECT},
    };
    for (size_t i = 0; i < COUNT(rows); i++) {
        parsed_t parsed = parse_good(rows[i].text);
        assert_int_equal(enr_json_type(parsed.reader, ENR_JSON_ROOT), rows[i].type);
        assert_span(enr_json_raw(parsed.reader, ENR_JSON_ROOT), rows[i].text + (rows[i].text[0] == ' '));
        assert_int_equal(enr_json_next(parsed.reader, ENR_JSON_ROOT), ENR_JSON_NONE);
        done(&parsed);
    }
    parsed_t parsed = parse_good("{}");
    assert_int_equal(enr_json_type(parsed.reader, ENR_JSON_NONE), ENR_JSON_NULL);
    assert_int_equal(enr_json_first(parsed.reader, ENR_JSON_NONE), ENR_JSON_NONE);
    done(&parsed);
}

/* behaviours 13: unknown members are stepped over, whatever they hold; of duplicate keys the first counts. */
static void test_member(void **state)
{
    (void)state;
    static const struct {
        const char *rule, *text;
        const char *key;
        size_t key_len;
        const char *value; /* its own text, NULL for none */
    } rows[] = {
#define ROW(rule, text, key, value) {rule, text, key, sizeof(key) - 1, value}
        ROW("only member", "{\"a\":1}", "a", "1"),
        ROW("no member", "{}", "a", NULL),
        ROW("no such member", "{\"b\":1}", "a", NULL),
        ROW("keys that begin alike", "{\"status_code\":1,\"stat\":2,\"status\":3}", "status", "3"),
        ROW("key longer than all", "{\"stat\":1}", "status", NULL),
        ROW("case counts", "{\"A\":1,\"a\":2}", "a", "2"),
        ROW("first of duplicates", "{\"a\":1,\"a\":2}", "a", "1"),
        ROW("first of duplicates, one with escapes", "{\"\\u0061\":1,\"a\":2}", "a", "1"),
        ROW("a value is no key", "{\"b\":\"a\",\"a\":1}", "a", "1"),
        ROW("an element is no key", "{\"b\":[\"a\",2],\"a\":1}", "a", "1"),
        ROW("a key inside is not ours", "{\"b\":{\"a\":2},\"a\":1}", "a", "1"),
        ROW("a key inside only", "{\"b\":{\"a\":2}}", "a", NULL),
        ROW("after empty things", "{\"b\":\"\",\"c\":{},\"d\":[],\"e\":[[],{}],\"\":\"\",\"a\":1}", "a", "1"),
        ROW("empty key", "{\"a\":1,\"\":2}", "", "2"),
        ROW("no empty key", "{\"a\":1}", "", NULL),
        ROW("empty key before", "{\"\":1,\"a\":2}", "a", "2"),
        ROW("key with NUL", "{\"a\":1,\"a\\u0000\":2,\"a\\u0000b\":3}", "a\0b", "3"),
        ROW("escapes decode to the key", "{\"\\u00e9\\uD834\\uDD1E\\n\\/\":1}", "\xC3\xA9\xF0\x9D\x84\x9E\n/", "1"),
        ROW("characters as they are", "{\"\xC3\xA9\":1}", "\xC3\xA9", "1"),
        ROW("escape is a start only", "{\"\\u00e9\":1}", "\xC3\xA9x", NULL),
        ROW("escape goes on", "{\"\\u00e9x\":1}", "\xC3\xA9", NULL),
        ROW("escape goes on beyond the key", "{\"\\u00e9\":1}", "\xC3", NULL),
        ROW("backslash of an escape is no backslash", "{\"\\n\":1}", "\\n", NULL),
        ROW("escaped backslash", "{\"\\\\n\":1}", "\\n", "1"),
        ROW("escaped quote", "{\"\\\"\":1}", "\"", "1"),
        ROW("not an object: array", "[\"a\",1]", "a", NULL),
        ROW("not an object: string", "\"a\"", "a", NULL),
        ROW("not an object: null", "null", "a", NULL),
        ROW("value is a container", "{\"a\":[{}, \"\"],\"b\":1}", "a", "[{}, \"\"]"),
        ROW("value is an empty string", "{\"a\":\"\",\"b\":1}", "a", "\"\""),
#undef ROW
    };
    for (size_t i = 0; i < COUNT(rows); i++) {
        parsed_t parsed = parse_good(rows[i].text);
        enr_span_t key = exact(rows[i].key, rows[i].key_len);
        enr_json_node_t node = enr_json_member(parsed.reader, ENR_JSON_ROOT, key);
        if ((node == ENR_JSON_NONE) != (rows[i].value == NULL)) {
            fail_msg("%s", rows[i].rule);
        }
        if (rows[i].value != NULL) {
            assert_span(enr_json_raw(parsed.reader, node), rows[i].value);
        }
        assert_int_equal(enr_json_member(parsed.reader, ENR_JSON_NONE, key), ENR_JSON_NONE);
        drop(key);
        done(&parsed);
    }
}

/* A string's text, and what of a scratch of exactly that size it takes; every smaller scratch is ENR_E_LIMIT and stays
   as it was. */
static void test_string(void **state)
{
    (void)state;
    static const struct {
        const char *literal, *text;
        size_t len;
    } rows[] = {
#define ROW(literal, text) {literal, text, sizeof(text) - 1}
        ROW("\"\\n\"", "\n"),
        ROW("\"\\\"\\\\\\/\\b\\f\\n\\r\\t\"", "\"\\/\b\f\n\r\t"),
        ROW("\"\\u0000\"", "\0"),
        ROW("\"a\\u0000b\"", "a\0b"),
        ROW("\"\\u0041\\u007F\"", "A\x7F"),
        ROW("\"\\u0080\\u07ff\"", "\xC2\x80\xDF\xBF"),
        ROW("\"\\u0800\\uD7FF\\ue000\\uffff\"", "\xE0\xA0\x80\xED\x9F\xBF\xEE\x80\x80\xEF\xBF\xBF"),
        ROW("\"\\uD800\\uDC00\\udbff\\udfff\"", "\xF0\x90\x80\x80\xF4\x8F\xBF\xBF"),
        ROW("\"\\uD834\\uDD1E!\"", "\xF0\x9D\x84\x9E!"),
        ROW("\"\xE2\x82\xAC\\u20ac\xE2\x82\xAC\"", "\xE2\x82\xAC\xE2\x82\xAC\xE2\x82\xAC"),
        ROW("\"\\\\u0041\"", "\\u0041"),
        ROW("\"\\\\\\u0041\"", "\\A"),
        ROW("\"0123456789abcdef\\t\"", "0123456789abcdef\t"),
#undef ROW
    };
    for (size_t i = 0; i < COUNT(rows); i++) {
        parsed_t parsed = parse_good(rows[i].literal);
        for (size_t before = 0; before < 3; before++) {
            for (size_t room = 0; room <= rows[i].len + 1; room++) {
                enr_buffer_t scratch = enr_buffer_over(malloc(before + room), before + room);
                enr_buffer_append(&scratch, enr_span_slice(ENR_SPAN("xy"), 0, before));
                enr_span_t text = {NULL, 0};
                enr_status_t status = enr_json_string(parsed.reader, ENR_JSON_ROOT, &scratch, &text);
                bool fits = room >= rows[i].len;
                assert_int_equal(status, fits ? ENR_OK : ENR_E_LIMIT);
                assert_int_equal(scratch.len, before + (fits ? rows[i].len : 0));
                assert_false(scratch.full);
                assert_memory_equal(scratch.ptr, "xy", before);
                if (fits) {
                    assert_ptr_equal(text.ptr, scratch.ptr + before);
                    assert_int_equal(text.len, rows[i].len);
                    assert_memory_equal(text.ptr, rows[i].text, text.len);
                }
                free(scratch.ptr);
            }
        }
        done(&parsed);
    }
}

/* Without escapes the text is where it was, and the scratch is not asked for. */
static void test_string_in_place(void **state)
{
    (void)state;
    static const char *const literals[] = {"\"\"", "\"a\"", "\"\xE2\x82\xAC/\""};
    for (size_t i = 0; i < COUNT(literals); i++) {
        parsed_t parsed = parse_good(literals[i]);
        enr_buffer_t scratch = enr_buffer_over(NULL, 0);
        enr_span_t text = {NULL, 0};
        assert_int_equal(enr_json_string(parsed.reader, ENR_JSON_ROOT, &scratch, &text), ENR_OK);
        assert_ptr_equal(text.ptr, parsed.text.ptr + 1);
        assert_int_equal(text.len, parsed.text.len - 2);
        assert_int_equal(scratch.len, 0);
        done(&parsed);
    }
}

/* A scratch without memory, and one that has refused before, take nothing. */
static void test_string_no_scratch(void **state)
{
    (void)state;
    parsed_t parsed = parse_good("\"\\n\"");
    enr_buffer_t scratch = enr_buffer_over(NULL, 0);
    enr_span_t text = {NULL, 0};
    assert_int_equal(enr_json_string(parsed.reader, ENR_JSON_ROOT, &scratch, &text), ENR_E_LIMIT);

    uint8_t room[4];
    scratch = enr_buffer_over(room, sizeof room);
    enr_buffer_append(&scratch, ENR_SPAN("12345"));
    assert_int_equal(enr_json_string(parsed.reader, ENR_JSON_ROOT, &scratch, &text), ENR_E_LIMIT);
    assert_int_equal(scratch.len, 0);
    done(&parsed);
}

static void test_string_of_others(void **state)
{
    (void)state;
    static const char *const texts[] = {"null", "true", "1", "[\"a\"]", "{\"a\":\"b\"}"};
    for (size_t i = 0; i < COUNT(texts); i++) {
        parsed_t parsed = parse_good(texts[i]);
        uint8_t room[8];
        enr_buffer_t scratch = enr_buffer_over(room, sizeof room);
        enr_span_t text;
        assert_int_equal(enr_json_string(parsed.reader, ENR_JSON_ROOT, &scratch, &text), ENR_E_UNEXPECTED);
        assert_int_equal(enr_json_string(parsed.reader, ENR_JSON_NONE, &scratch, &text), ENR_E_UNEXPECTED);
        done(&parsed);
    }
}

/* behaviours 13: no number becomes a float; what is none by its digits, or does not fit, is said. */
static void test_integer(void **state)
{
    (void)state;
    static const struct {
        const char *text;
        enr_status_t status;
        int64_t number;
    } rows[] = {
        {"0", ENR_OK, 0},
        {"-0", ENR_OK, 0},
        {"7", ENR_OK, 7},
        {"-7", ENR_OK, -7},
        {"10", ENR_OK, 10},
        {"4294967296", ENR_OK, 4294967296},
        {"9007199254740993", ENR_OK, 9007199254740993}, /* 2^53 + 1: a double would lose it */
        {"9223372036854775799", ENR_OK, 9223372036854775799},
        {"9223372036854775806", ENR_OK, 9223372036854775806},
        {"9223372036854775807", ENR_OK, INT64_MAX},
        {"9223372036854775808", ENR_E_LIMIT, 0},
        {"9223372036854775810", ENR_E_LIMIT, 0},
        {"-9223372036854775807", ENR_OK, -INT64_MAX},
        {"-9223372036854775808", ENR_OK, INT64_MIN},
        {"-9223372036854775809", ENR_E_LIMIT, 0},
        {"-9223372036854775810", ENR_E_LIMIT, 0},
        {"18446744073709551616", ENR_E_LIMIT, 0}, /* 2^64 */
        {"18446744073709551617", ENR_E_LIMIT, 0},
        {"92233720368547758070", ENR_E_LIMIT, 0},
        {"100000000000000000000000000000000000000001", ENR_E_LIMIT, 0},
        {"1.0", ENR_E_UNEXPECTED, 0},
        {"-0.0", ENR_E_UNEXPECTED, 0},
        {"1e2", ENR_E_UNEXPECTED, 0},
        {"1E2", ENR_E_UNEXPECTED, 0},
        {"0e0", ENR_E_UNEXPECTED, 0},
        {"99999999999999999999.5", ENR_E_UNEXPECTED, 0},
        {"\"1\"", ENR_E_UNEXPECTED, 0},
        {"true", ENR_E_UNEXPECTED, 0},
        {"null", ENR_E_UNEXPECTED, 0},
        {"[1]", ENR_E_UNEXPECTED, 0},
    };
    for (size_t i = 0; i < COUNT(rows); i++) {
        parsed_t parsed = parse_good(rows[i].text);
        int64_t number = 0;
        enr_status_t status = enr_json_integer(parsed.reader, ENR_JSON_ROOT, &number);
        if (status != rows[i].status || number != rows[i].number) {
            fail_msg("%s: %s", rows[i].text, enr_status_name(status));
        }
        assert_int_equal(enr_json_integer(parsed.reader, ENR_JSON_NONE, &number), ENR_E_UNEXPECTED);
        done(&parsed);
    }
}

/* Where a number stands in a text makes no difference to its end. */
static void test_integer_in_place(void **state)
{
    (void)state;
    static const char *const texts[] = {"{\"n\":12}", "{\"n\":12,\"m\":3}", "{\"n\": 12 }", "{\"m\":3,\"n\":12\n}"};
    for (size_t i = 0; i < COUNT(texts); i++) {
        parsed_t parsed = parse_good(texts[i]);
        int64_t number = 0;
        assert_int_equal(
            enr_json_integer(parsed.reader, enr_json_member(parsed.reader, ENR_JSON_ROOT, ENR_SPAN("n")), &number),
            ENR_OK);
        assert_int_equal(number, 12);
        done(&parsed);
    }
}

/* Every code point that json_writer writes comes back, as it is and as an escape. */
static void test_every_code_point(void **state)
{
    (void)state;
    enr_json_reader_t reader;
    for (uint32_t point = 0; point <= 0x10FFFF; point += point < 0x3000 || point >= 0xFF00 ? 1 : 0x55) {
        if (point >= 0xD800 && point <= 0xDFFF) {
            continue;
        }
        char literal[16];
        uint8_t room[4];
        uint32_t over = point - 0x10000;
        if (point < 0x10000) {
            (void)snprintf(literal, sizeof literal, "\"\\u%04x\"", point);
        } else {
            (void)snprintf(literal, sizeof literal, "\"\\u%04X\\u%04x\"", 0xD800 + (over >> 10),
                           0xDC00 + (over & 0x3FF));
        }
        enr_buffer_t scratch = enr_buffer_over(room, sizeof room);
        enr_span_t text = {NULL, 0};
        assert_true(enr_json_parse(&reader, enr_span_from_str(literal)) == ENR_OK);
        assert_true(enr_json_string(&reader, ENR_JSON_ROOT, &scratch, &text) == ENR_OK);

        uint8_t written[8];
        enr_buffer_t out = enr_buffer_over(written, sizeof written);
        enr_json_writer_t writer;
        enr_json_writer_start(&writer, &out);
        enr_json_write_string(&writer, text);
        assert_true(enr_json_writer_finish(&writer) == ENR_OK);
        uint8_t again_room[4];
        enr_buffer_t again_scratch = enr_buffer_over(again_room, sizeof again_room);
        enr_span_t again = {NULL, 0};
        assert_true(enr_json_parse(&reader, enr_buffer_span(&out)) == ENR_OK);
        assert_true(enr_json_string(&reader, ENR_JSON_ROOT, &again_scratch, &again) == ENR_OK);
        assert_true(enr_span_equal(again, text));
        assert_true(text.len == (point < 0x80 ? 1u : point < 0x800 ? 2u : point < 0x10000 ? 3u : 4u));
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_valid),
        cmocka_unit_test(test_invalid),
        cmocka_unit_test(test_nothing),
        cmocka_unit_test(test_every_cut),
        cmocka_unit_test(test_depth),
        cmocka_unit_test(test_depth_falls),
        cmocka_unit_test(test_tokens),
        cmocka_unit_test(test_length),
        cmocka_unit_test(test_parse_again),
        cmocka_unit_test(test_walk),
        cmocka_unit_test(test_every_byte_exchanged),
        cmocka_unit_test(test_types),
        cmocka_unit_test(test_member),
        cmocka_unit_test(test_string),
        cmocka_unit_test(test_string_in_place),
        cmocka_unit_test(test_string_no_scratch),
        cmocka_unit_test(test_string_of_others),
        cmocka_unit_test(test_integer),
        cmocka_unit_test(test_integer_in_place),
        cmocka_unit_test(test_every_code_point),
    };
    return cmocka_run_group_tests_name("json_reader", tests, NULL, NULL);
}
