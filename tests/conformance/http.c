/* The kinds of http_response, http_date and url. */
#include "conformance.h"

const kind_t http_kinds[] = {{NULL, 0, NULL}};
