/* The event's roster, in a region of its own at the end of the flash part: brought over the console, checked, and given
   to the reader. */
#ifndef ROSTER_H
#define ROSTER_H

#include "enrich/span.h"

/* Opens what lies there. roster_step checks it. */
void roster_start(void);

/* The command `roster`, without its first word:
   - nothing: says what there is.
   - begin: erases the region; lines of base64 are then taken for the list, as `enrich roster build` has made it.
   - end: the list is whole. It counts when it is good. */
void roster_command(enr_span_t words);

/* A line while a list is being brought: true, and it was taken; false: it is something else. */
bool roster_take_line(enr_span_t line);

/* Goes on with erasing or checking. */
void roster_step(void);

#endif
