/* Whole payloads out of the bytes of a scanner: a line each, and a card of several lines from its BEGIN:VCARD to its
   END:VCARD. */
#ifndef CLI_RUN_SCANS_H
#define CLI_RUN_SCANS_H

#include "enrich/badge.h"

/* A payload ends so long after its last byte, whatever is missing of it: it does not swallow the next one. */
#define SCANS_IDLE_MS 1000u

/* All zero but for fd is a start. Private but for `ended`. */
typedef struct {
    int fd;
    bool ended;       /* no more bytes will come */
    bool is_large;    /* the payload under way is being thrown away */
    unsigned cards;   /* BEGINs less ENDs in it */
    size_t len;       /* bytes of it: whole lines, or all of it once it was handed out */
    bool is_out;      /* it was */
    size_t held;      /* bytes that were read */
    uint32_t last_ms; /* when */
    uint8_t bytes[2 * ENR_BADGE_MAX];
} scans_t;

typedef enum {
    SCAN_NONE,     /* no whole one is there now */
    SCAN_PAYLOAD,  /* *out_payload is one, until the next call */
    SCAN_TOO_LARGE /* one was thrown away, to its end: it was longer than ENR_BADGE_MAX */
} scan_t;

/* The next payload, without the line end behind it; an empty one is none. Reads when there is none in what was read
   before, and then only if `readable`, which is to say that a read will not wait. Call it until it says SCAN_NONE,
   when there are bytes, and when the time of scans_wait has come. */
scan_t scans_next(scans_t *scans, bool readable, uint32_t now_ms, enr_span_t *out_payload);

/* True while bytes are held that silence will end: *out_until_ms is when. */
bool scans_wait(const scans_t *scans, uint32_t *out_until_ms);

#endif
