/* The kinds of json_reader, json_writer and utf8. */
#include "conformance.h"

const kind_t json_kinds[] = {{NULL, 0, NULL}};
