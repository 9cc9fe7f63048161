/* The table of badges in tests/badges/vectors (README.md there says how it is written): each payload gives exactly the
   fields that stand behind it, read as it is, and handed over by a scanner module in two pieces cut at every place. */
#define _POSIX_C_SOURCE 200809L /* getline */

#include "../../firmware/enrich/profile.h"
#include "exact.h"

#include "enrich/frame.h"
#include "enrich/ndef.h"

#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define VECTORS_MIN 300
#define VECTORS_MAX 1000
#define BLOCK_MAX 12288

/* One vector of a file. */
typedef struct {
    char *name;
    uint8_t payload[ENR_BADGE_MAX + 2];
    size_t len;
    enum { PAYLOAD, MESSAGE, TYPE2 } kind;
    bool has_profile;
    char *profile_text;
    profile_t profile;
    char wanted[BLOCK_MAX];
} vector_t;

static vector_t *vectors[VECTORS_MAX];
static size_t vector_count;

static void *reserve(size_t len)
{
    void *memory = calloc(1, len);
    assert_non_null(memory);
    return memory;
}

/* Appends text in which \r, \n, \t, \\ and \xNN stand for bytes. */
static void append_escaped(vector_t *vector, const char *text)
{
    for (const char *at = text; *at != '\0'; at++) {
        char byte = *at;
        if (byte == '\\') {
            at++;
            byte = *at == 'r' ? '\r' : *at == 'n' ? '\n' : *at == 't' ? '\t' : *at;
            if (*at == 'x') {
                char digits[3] = {at[1], at[2], '\0'};
                char *end = NULL;
                byte = (char)strtoul(digits, &end, 16);
                assert_true(end == digits + 2);
                at += 2;
            } else {
                assert_non_null(strchr("rnt\\", *at));
            }
        }
        assert_true(vector->len < ENR_BADGE_MAX);
        vector->payload[vector->len++] = (uint8_t)byte;
    }
}

static void append_plain(vector_t *vector, const char *text)
{
    assert_true(vector->len + strlen(text) <= ENR_BADGE_MAX);
    memcpy(vector->payload + vector->len, text, strlen(text));
    vector->len += strlen(text);
}

static void set_profile(vector_t *vector, char *json)
{
    const char *fault = profile_read(enr_span_from_str(json), &vector->profile);
    if (fault != NULL) {
        fail_msg("[%s] profile: %s", vector->name, fault);
    }
    vector->profile_text = json;
    vector->has_profile = true;
}

static void append_wanted(vector_t *vector, const char *line)
{
    size_t len = strlen(vector->wanted);
    assert_true((size_t)snprintf(vector->wanted + len, BLOCK_MAX - len, "%s\n", line) < BLOCK_MAX - len);
}

static vector_t *new_vector(const char *line)
{
    assert_true(vector_count < VECTORS_MAX && line[strlen(line) - 1] == ']');
    vector_t *vector = reserve(sizeof *vector);
    vector->name = strndup(line + 1, strlen(line) - 2);
    vectors[vector_count++] = vector;
    return vector;
}

/* One line of a file; *card is true while a card is open. */
static void take_line(vector_t *vector, char *line, bool *card)
{
    if (*card && strncmp(line, "| ", 2) != 0) {
        append_plain(vector, "END:VCARD\r\n");
        *card = false;
    }
    if (strncmp(line, "card ", 5) == 0) {
        append_plain(vector, "BEGIN:VCARD\r\nVERSION:");
        append_plain(vector, line + 5);
        append_plain(vector, "\r\n");
        *card = true;
    } else if (strncmp(line, "| ", 2) == 0) {
        assert_true(*card);
        append_escaped(vector, line + 2);
        append_plain(vector, "\r\n");
    } else if (strncmp(line, "> ", 2) == 0) {
        append_escaped(vector, line + 2);
    } else if (strcmp(line, "ndef message") == 0) {
        vector->kind = MESSAGE;
    } else if (strcmp(line, "ndef type2") == 0) {
        vector->kind = TYPE2;
    } else if (strncmp(line, "profile ", 8) == 0) {
        set_profile(vector, strdup(line + 8));
    } else {
        append_wanted(vector, line);
    }
}

static void load_file(const char *name)
{
    char path[256];
    (void)snprintf(path, sizeof path, "tests/badges/vectors/%s", name);
    FILE *file = fopen(path, "rb");
    assert_non_null(file);
    char *line = NULL;
    size_t room = 0;
    ssize_t len;
    vector_t *vector = NULL;
    bool card = false;
    while ((len = getline(&line, &room, file)) > 0) {
        line[len - 1] = '\0';
        if (line[0] == '[') {
            vector = new_vector(line);
        } else if (line[0] != '\0' && line[0] != '#') {
            assert_non_null(vector);
            take_line(vector, line, &card);
        }
    }
    free(line);
    assert_int_equal(fclose(file), 0);
}

static int load(void **state)
{
    (void)state;
    DIR *folder = opendir("tests/badges/vectors");
    assert_non_null(folder);
    for (const struct dirent *entry = readdir(folder); entry != NULL; entry = readdir(folder)) {
        size_t len = strlen(entry->d_name);
        if (len > 4 && strcmp(entry->d_name + len - 4, ".txt") == 0) {
            load_file(entry->d_name);
        }
    }
    return closedir(folder);
}

static void add(char *out, const char *name, enr_span_t value)
{
    size_t len = strlen(out);
    if (value.len > 0) {
        (void)snprintf(out + len, BLOCK_MAX - len, "%s: %.*s\n", name, (int)value.len, (const char *)value.ptr);
    }
}

static void add_sources(char *out, const enr_badge_t *badge)
{
    char text[512] = "";
    for (enr_field_t field = 0; field < ENR_FIELD_COUNT; field++) {
        size_t len = strlen(text);
        if (badge->sources[field] != ENR_SOURCE_NONE) {
            (void)snprintf(text + len, sizeof text - len, "%s%s %s", len > 0 ? ", " : "", enr_field_name(field),
                           enr_source_name(badge->sources[field]));
        }
    }
    add(out, "sources", enr_span_from_str(text));
}

/* What a badge says, as it stands in the files. */
static const char *block_of(const enr_badge_t *badge, bool with_sources)
{
    static char out[BLOCK_MAX];
    out[0] = '\0';
    add(out, "kind", enr_span_from_str(enr_badge_kind_name(badge->kind)));
    for (enr_field_t field = 0; field < ENR_FIELD_COUNT; field++) {
        add(out, enr_field_name(field), enr_badge_field(badge, field));
        assert_true((enr_badge_field(badge, field).len > 0) == (badge->sources[field] != ENR_SOURCE_NONE));
    }
    char types[64] = "";
    for (unsigned type = ENR_TYPE_EMAIL; type <= ENR_TYPE_PERSONAL_EMAIL; type <<= 1) {
        if ((badge->enrichable & type) != 0) {
            (void)strcat(strcat(types, types[0] != '\0' ? " " : ""), (const char *)enr_type_name(type).ptr);
        }
    }
    add(out, "verdict", enr_span_from_str(badge->reason != NULL ? badge->reason : types));
    add(out, "undecoded", enr_span_from_str(badge->undecoded ? "yes" : ""));
    add(out, "secret", enr_span_from_str(badge->secret ? "yes" : ""));
    if (with_sources) {
        add_sources(out, badge);
    }
    return out;
}

static bool is_as_wanted(const vector_t *vector, enr_status_t status, const enr_badge_t *badge, const char *how)
{
    const char *got = status == ENR_OK ? block_of(badge, strstr(vector->wanted, "sources: ") != NULL) : "an error\n";
    if (strcmp(got, vector->wanted) == 0) {
        return true;
    }
    print_error("[%s] %s\nread as:\n%swanted:\n%s\n", vector->name, how, got, vector->wanted);
    return false;
}

static enr_status_t read_tag(const vector_t *vector, enr_span_t bytes, enr_badge_t *badge)
{
    enr_span_t message = bytes;
    enr_status_t status = vector->kind == TYPE2 ? enr_ndef_find_message(bytes, &message) : ENR_OK;
    const enr_badge_profile_t *profile = vector->has_profile ? &vector->profile.badge : NULL;
    return status == ENR_OK ? enr_badge_read_ndef(message, profile, badge) : status;
}

static void read_as_they_are(void **state)
{
    (void)state;
    size_t wrong = 0;
    for (size_t i = 0; i < vector_count; i++) {
        const vector_t *vector = vectors[i];
        enr_badge_t *badge = reserve(sizeof *badge);
        memset(badge, 0xA5, sizeof *badge); /* nothing may be left unset */
        enr_status_t status;
        enr_span_t bytes = exact(vector->payload, vector->len);
        if (vector->kind != PAYLOAD) {
            status = read_tag(vector, bytes, badge);
            wrong += is_as_wanted(vector, status, badge, "as a tag") ? 0 : 1;
        } else if (vector->profile.has_aim || vector->profile.aim_given.len > 0) {
            status = profile_read_badge(bytes, &vector->profile, badge);
            wrong += is_as_wanted(vector, status, badge, "with AIM identifier") ? 0 : 1;
        } else {
            status = enr_badge_read(bytes, vector->has_profile ? &vector->profile.badge : NULL, badge);
            wrong += is_as_wanted(vector, status, badge, "as it is") ? 0 : 1;
        }
        drop(bytes);
        free(badge);
    }
    assert_int_equal(wrong, 0);
    assert_true(vector_count >= VECTORS_MIN);
}

/* Gives the frame two pieces, the second 10 ms later, and then silence; reads the first payload that comes of them. */
static enr_status_t read_framed(const vector_t *vector, const enr_frame_settings_t *settings, enr_span_t first,
                                enr_span_t second, enr_badge_t *badge)
{
    static uint8_t room[ENR_BADGE_MAX + 16];
    enr_frame_t frame;
    enr_span_t payload = {NULL, 0};
    enr_frame_start(&frame, settings, room, sizeof room);
    uint32_t now = UINT32_MAX - 5; /* across the wrap (behaviours 25) */
    enr_status_t status = enr_frame_take(&frame, &first, now, &payload);
    if (status == ENR_AGAIN) {
        now += 10;
        status = enr_frame_take(&frame, &second, now, &payload);
    }
    if (status == ENR_AGAIN) {
        status = enr_frame_take(&frame, &second, now + settings->idle_ms, &payload);
    }
    if (status != ENR_OK) {
        return status;
    }
    enr_badge_profile_t profile = vector->profile.badge;
    profile.charset = frame.aim.has_eci ? enr_charset_of_eci(frame.aim.eci) : profile.charset;
    return enr_badge_read(payload, vector->has_profile ? &profile : NULL, badge);
}

/* Whether a module that ends payloads with a line end can hand this one over: it has none, or is a card. */
static bool survives_line_ends(const vector_t *vector)
{
    enr_span_t payload = {vector->payload, vector->len};
    bool is_card = enr_span_begins(payload, "BEGIN:VCARD") || enr_span_begins(payload, "MECARD:");
    return is_card ||
           (memchr(payload.ptr, '\r', payload.len) == NULL && memchr(payload.ptr, '\n', payload.len) == NULL);
}

static void cut_at_every_place(void **state)
{
    (void)state;
    static const enr_span_t LINE_ENDS[] = {{(const uint8_t *)"\r\n", 2}, {(const uint8_t *)"\n", 1}};
    static enr_badge_t badge;
    size_t wrong = 0;
    size_t cuts = 0;
    for (size_t i = 0; i < vector_count; i++) {
        vector_t *vector = vectors[i];
        if (vector->kind != PAYLOAD || vector->profile.aim_given.len > 0) {
            continue;
        }
        const size_t len = vector->len;
        memcpy(vector->payload + len, "\r\n", 2);
        enr_frame_settings_t silence = {.idle_ms = 50, .aim = vector->profile.has_aim};
        enr_frame_settings_t lines = silence;
        lines.terminators = LINE_ENDS;
        lines.terminator_count = 2;
        lines.answer = ENR_FRAME_ANSWER_GM65;
        bool good = true;
        for (size_t cut = 0; cut <= len && good; cut++) {
            enr_span_t all = {vector->payload, len};
            enr_status_t status =
                read_framed(vector, &silence, enr_span_slice(all, 0, cut), enr_span_slice(all, cut, len), &badge);
            good = is_as_wanted(vector, status, &badge, "in two pieces, ended by silence");
            if (good && survives_line_ends(vector)) {
                all.len = len + 2;
                status =
                    read_framed(vector, &lines, enr_span_slice(all, 0, cut), enr_span_slice(all, cut, all.len), &badge);
                good = is_as_wanted(vector, status, &badge, "in two pieces, ended by a line end");
            }
            cuts++;
        }
        wrong += good ? 0 : 1;
    }
    assert_int_equal(wrong, 0);
    assert_true(cuts > 10000);
}

static int release(void **state)
{
    (void)state;
    for (size_t i = 0; i < vector_count; i++) {
        free(vectors[i]->name);
        free(vectors[i]->profile_text);
        free(vectors[i]);
    }
    return 0;
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(read_as_they_are),
        cmocka_unit_test(cut_at_every_place),
    };
    return cmocka_run_group_tests(tests, load, release);
}
