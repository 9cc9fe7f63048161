/* Which country a phone number belongs to, by its calling code (ITU-T E.164). Pure. */
#ifndef SERVICE_COUNTRIES_H
#define SERVICE_COUNTRIES_H

#include <stdbool.h>

/* True when the number's calling code is one of that country. Countries that share a code are not told apart. */
bool sim_phone_is_of(const char *e164, const char *country);

#endif
