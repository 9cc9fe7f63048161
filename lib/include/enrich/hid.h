/* From a scanner that types to text: boot keyboard reports (USB HID 1.11 appendix B) to UTF-8 (domain 1.4). */
#ifndef ENRICH_HID_H
#define ENRICH_HID_H

#include "enrich/span.h"

/* The layout that the scanner is set to, as Windows has it. */
typedef enum { ENR_HID_US, ENR_HID_DE, ENR_HID_FR } enr_hid_layout_t;

/* Bytes of a boot report: modifiers, one that is reserved, six keys. */
#define ENR_HID_REPORT_LEN 8

/* What the scanner's keyboard is doing. All fields are private. */
typedef struct {
    enr_hid_layout_t layout;
    uint8_t held[6];
    uint8_t modifiers;
    bool has_caps;
    uint8_t dead;        /* an accent that waits for its letter, or 0 */
    uint8_t code_digits; /* typed on the keypad while Alt is held */
    bool code_is_ansi;   /* the first of them was 0 */
    uint16_t code;
} enr_hid_t;

/* Begins with no key held. */
void enr_hid_start(enr_hid_t *hid, enr_hid_layout_t layout);

/* Appends what one report types, at most ENR_HID_TEXT_MAX bytes: a key types when it goes down, not while it is held.
   Enter is a line feed. Accents of DE and FR join the letter that follows; Caps Lock turns the case of letters. Alt
   with a number on the keypad types that character: of Windows-1252 when it begins with 0, else of CP437. Everything
   else with Ctrl, Alt or GUI types nothing (domain 6b), nor does a report of too many keys. out->full says that there
   was no room. */
void enr_hid_take(enr_hid_t *hid, const uint8_t report[ENR_HID_REPORT_LEN], enr_buffer_t *out);

#define ENR_HID_TEXT_MAX 33

#endif
