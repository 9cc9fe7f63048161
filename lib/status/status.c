#include "enrich/status.h"

#include "enrich/span.h"

#define VALUE(name, value, meaning) (value),
#define TEXTS(name, value, meaning) #name "\0" meaning "\0"
static const int8_t values[] = {ENR_STATUS_LIST(VALUE)};
static const char texts[] = ENR_STATUS_LIST(TEXTS); /* in the same order: the name, then the meaning */

static const char *text_of(enr_status_t status, unsigned which)
{
    for (unsigned i = 0; i < sizeof values; i++) {
        if (values[i] == status) {
            return enr_text_of(texts, 2 * i + which);
        }
    }
    return "?";
}

const char *enr_status_name(enr_status_t status)
{
    return text_of(status, 0);
}

const char *enr_status_meaning(enr_status_t status)
{
    return text_of(status, 1);
}
