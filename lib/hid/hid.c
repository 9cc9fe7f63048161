#include "enrich/hid.h"

#include "enrich/charset.h"
#include "enrich/utf8.h"

#include <assert.h>
#include <string.h>

enum { CTRL = 0x11, SHIFT = 0x22, LEFT_ALT = 0x04, RIGHT_ALT = 0x40, GUI = 0x88 };

/* Keys (HID Usage Tables, page 07). */
enum {
    KEY_A = 0x04,
    KEY_1 = 0x1E,
    KEY_Z = 0x1D,
    KEY_SLASH = 0x38,
    KEY_CAPS = 0x39,
    KEYPAD = 0x54,
    KEYPAD_1 = 0x59,
    KEYPAD_0 = 0x62,
    KEYPAD_DOT = 0x63,
    KEY_102ND = 0x64
};

/* Accents that wait for a letter. */
enum { GRAVE = 1, ACUTE, CIRCUMFLEX, TILDE, DIAERESIS };

/* What keys type, in ISO 8859-1 with the accents above; 0: nothing. Row by row: the digits and what follows them up to
   '/', then the key beside the left shift. */
#define KEYS (KEY_SLASH - KEY_1 + 2)

typedef struct {
    char letters[KEY_Z - KEY_A + 2];
    char plain[KEYS + 1];
    char shifted[KEYS + 1];
    uint8_t third[13][2]; /* with AltGr: key, what it types */
} keymap_t;

/* Enter, Escape, Backspace, Tab and space stand between '0' and '-'. '?' for the euro sign would be wrong: it is 80
   here, which ISO 8859-1 has no use for. */
#define EURO 0x80
#define CONTROLS "\n\0\0\t "

static const keymap_t keymaps[] = {
    [ENR_HID_US] = {"abcdefghijklmnopqrstuvwxyz",
                    "1234567890" CONTROLS "-=[]\\\\;'`,./\\",
                    "!@#$%^&*()" CONTROLS "_+{}||:\"~<>?|",
                    {{0}}},
    [ENR_HID_DE] = {"abcdefghijklmnopqrstuvwxzy",
                    "1234567890" CONTROLS "\xDF\x02\xFC+##\xF6\xE4\x03,.-<",
                    "!\"\xA7$%&/()=" CONTROLS "?\x01\xDC*''\xD6\xC4\xB0;:_>",
                    {{0x14, '@'},
                     {0x08, EURO},
                     {0x10, 0xB5},
                     {0x1F, 0xB2},
                     {0x20, 0xB3},
                     {0x24, '{'},
                     {0x25, '['},
                     {0x26, ']'},
                     {0x27, '}'},
                     {0x2D, '\\'},
                     {0x30, '~'},
                     {KEY_102ND, '|'}}},
    [ENR_HID_FR] = {"qbcdefghijkl,noparstuvzxyw",
                    "&\xE9\"'(-\xE8_\xE7\xE0" CONTROLS ")=\x03$**m\xF9\xB2;:!<",
                    "1234567890" CONTROLS "\xB0+\x05\xA3\xB5\xB5M%\0./\xA7>",
                    {{0x1F, TILDE},
                     {0x20, '#'},
                     {0x21, '{'},
                     {0x22, '['},
                     {0x23, '|'},
                     {0x24, GRAVE},
                     {0x25, '\\'},
                     {0x26, '^'},
                     {0x27, '@'},
                     {0x2D, ']'},
                     {0x2E, '}'},
                     {0x08, EURO},
                     {0x30, 0xA4}}},
};

void enr_hid_start(enr_hid_t *hid, enr_hid_layout_t layout)
{
    assert(hid != NULL && (size_t)layout < sizeof keymaps / sizeof keymaps[0]);
    *hid = (enr_hid_t){.layout = layout};
}

static void put(enr_buffer_t *out, uint32_t point)
{
    uint8_t utf8[4];
    enr_buffer_append(out, (enr_span_t){utf8, enr_utf8_encode(point == EURO ? 0x20AC : point, utf8)});
}

static bool is_lower(uint8_t letter)
{
    return (letter >= 'a' && letter <= 'z') || (letter >= 0xE0 && letter != 0xF7 && letter != 0xFF);
}

/* What a key types by itself: a character of ISO 8859-1, an accent, or 0. */
static uint8_t character_of(const enr_hid_t *hid, uint8_t key)
{
    const keymap_t *map = &keymaps[hid->layout];
    const bool is_shifted = (hid->modifiers & SHIFT) != 0;
    if ((hid->modifiers & RIGHT_ALT) != 0) {
        for (size_t i = 0; i < sizeof map->third / sizeof map->third[0]; i++) {
            if (map->third[i][0] == key) {
                return map->third[i][1];
            }
        }
        return 0;
    }
    if (key >= KEYPAD && key <= KEYPAD_DOT) {
        return (uint8_t) "/*-+\n1234567890."[key - KEYPAD];
    }
    if (key >= KEY_A && key <= KEY_Z) {
        const uint8_t letter = (uint8_t)map->letters[key - KEY_A];
        if (is_lower(letter)) {
            return is_shifted != hid->has_caps ? letter - 0x20 : letter;
        }
        return is_shifted ? '?' : letter; /* FR has ",?" there */
    }
    const size_t place = key == KEY_102ND ? KEYS - 1 : (size_t)key - KEY_1;
    if (key < KEY_1 || place >= KEYS || (key > KEY_SLASH && key != KEY_102ND)) {
        return 0;
    }
    const uint8_t plain = (uint8_t)map->plain[place];
    const uint8_t shifted = (uint8_t)map->shifted[place];
    const bool is_letter = is_lower(plain) && shifted == plain - 0x20;
    return is_shifted != (hid->has_caps && is_letter) ? shifted : plain;
}

/* The letter with its accent in ISO 8859-1, or 0. */
static uint8_t accented(uint8_t accent, uint8_t letter)
{
    /* The first of each letter's row; grave, acute, circumflex, tilde and diaeresis stand in this order. */
    static const struct {
        char letter;
        uint8_t first;
        bool has_tilde;
    } rows[] = {{'a', 0xE0, true}, {'e', 0xE8, false}, {'i', 0xEC, false}, {'o', 0xF2, true}, {'u', 0xF9, false}};
    const uint8_t lower = enr_to_lower(letter);
    uint8_t found = 0;
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        if (lower == (uint8_t)rows[i].letter && (accent != TILDE || rows[i].has_tilde)) {
            found = (uint8_t)(rows[i].first + accent - GRAVE - (accent == DIAERESIS && !rows[i].has_tilde ? 1 : 0));
        }
    }
    found = lower == 'n' && accent == TILDE ? 0xF1 : lower == 'y' && accent == ACUTE ? 0xFD : found;
    return found != 0 && letter != lower ? found - 0x20 : found;
}

/* Types a character or keeps an accent for the next one. An accent before a space is itself. */
static void type(enr_hid_t *hid, uint8_t character, enr_buffer_t *out)
{
    static const uint8_t accents[] = {0, '`', 0xB4, '^', '~', 0xA8};
    const uint8_t dead = hid->dead;
    hid->dead = 0;
    if (dead == 0 && character <= DIAERESIS) {
        hid->dead = character;
        return;
    }
    const uint8_t joined = dead != 0 ? accented(dead, character) : character;
    if (joined != 0) {
        put(out, joined);
        return;
    }
    put(out, accents[dead]);
    if (character != ' ') {
        put(out, character <= DIAERESIS ? accents[character] : character);
    }
}

static void press(enr_hid_t *hid, uint8_t key, enr_buffer_t *out)
{
    if (key == KEY_CAPS) {
        hid->has_caps = !hid->has_caps;
        return;
    }
    if ((hid->modifiers & LEFT_ALT) != 0 && key >= KEYPAD_1 && key <= KEYPAD_0) {
        const uint16_t digit = (uint16_t)((key - KEYPAD_1 + 1) % 10);
        hid->code_is_ansi = hid->code_digits == 0 ? digit == 0 : hid->code_is_ansi;
        hid->code = (uint16_t)(hid->code * 10u + digit);
        hid->code_digits = (uint8_t)(hid->code_digits < 5 ? hid->code_digits + 1 : 5);
        return;
    }
    const bool is_us_alt = hid->layout == ENR_HID_US && (hid->modifiers & RIGHT_ALT) != 0;
    const uint8_t character = character_of(hid, key);
    if ((hid->modifiers & (CTRL | LEFT_ALT | GUI)) == 0 && !is_us_alt && character != 0) {
        type(hid, character, out);
    }
}

/* Alt went up: types the character whose number was given. */
static void type_code(enr_hid_t *hid, enr_buffer_t *out)
{
    const enr_charset_t charset = hid->code_is_ansi ? ENR_CHARSET_WESTERN : ENR_CHARSET_CP437;
    const uint32_t point = hid->code <= UINT8_MAX ? enr_charset_decode(charset, (uint8_t)hid->code) : 0;
    if (point >= ' ' && point != 0x7F) {
        put(out, point);
    }
    hid->code = 0;
    hid->code_digits = 0;
}

void enr_hid_take(enr_hid_t *hid, const uint8_t report[ENR_HID_REPORT_LEN], enr_buffer_t *out)
{
    enum { ROLL_OVER = 0x01, UNDEFINED = 0x03 };
    assert(hid != NULL && report != NULL && out != NULL);
    const uint8_t *keys = report + 2;
    hid->modifiers = report[0];
    if (hid->code_digits > 0 && (hid->modifiers & LEFT_ALT) == 0) {
        type_code(hid, out);
    }
    if (keys[0] >= ROLL_OVER && keys[0] <= UNDEFINED) { /* too many keys, or a fault: says nothing of which */
        return;
    }
    for (size_t i = 0; i < sizeof hid->held; i++) {
        if (keys[i] > UNDEFINED && memchr(hid->held, keys[i], sizeof hid->held) == NULL) {
            press(hid, keys[i], out);
        }
    }
    memcpy(hid->held, keys, sizeof hid->held);
}
