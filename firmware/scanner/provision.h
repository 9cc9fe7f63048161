/* New settings, typed on the console: a draft beside those in force, taken over as a whole or not at all. While there
   is a draft nothing is sent (it lies in the api's memory); badges are captured as always, and no lead is lost by it.
 */
#ifndef PROVISION_H
#define PROVISION_H

#include "enrich/span.h"

/* The command `set`, without its first word:
   - nothing: shows the draft, else what is in force; the key's length only.
   - NAME VALUE: begins a draft if there is none, and gives a field a value; without a value it loses it. NAME `anchor`
     takes no value: it removes all anchors. New ones are pasted as PEM, see provision_take_line.
   - apply: checks the draft as a whole and, if it is good, stores it sealed and starts the device again.
   - cancel: drops the draft and starts the device again. */
void provision_set(enr_span_t words);

/* The command `secret`: makes a new secret for provisioning codes (enr_provision_new_secret) and shows it this once. */
void provision_new_secret(void);

/* A line that is part of a certificate in PEM (RFC 7468): true, and it was taken; false: it is something else. */
bool provision_take_line(enr_span_t line);

#endif
