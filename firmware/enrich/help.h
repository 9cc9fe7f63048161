/* What --help and --version print. */
#ifndef CLI_HELP_H
#define CLI_HELP_H

#include "options.h"

const char *help_of(command_t command);

/* Where a person finds that, as the last words of a refusal. */
const char *help_hint(command_t command);

#define HELP_VERSION "enrich 0.1\n"

#endif
