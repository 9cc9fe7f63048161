/* The bytes of the scanner, from a descriptor. What they make is the station's affair. */
#ifndef CLI_RUN_SCANS_H
#define CLI_RUN_SCANS_H

#include "enrich/span.h"

/* All zero but for fd is a start. */
typedef struct {
    int fd;
    bool ended;      /* no more bytes will come */
    enr_span_t rest; /* what was read and not taken yet: the taker moves it on */
    uint8_t bytes[4096];
} scans_t;

/* Reads what there is, once the rest was taken, and then only if `readable`, which is to say that a read will not wait.
 */
void scans_read(scans_t *scans, bool readable);

#endif
