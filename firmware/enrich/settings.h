/* The settings of a connection to the service, from options, variables and files; each checked here. */
#ifndef CLI_SETTINGS_H
#define CLI_SETTINGS_H

#include "options.h"

typedef struct {
    enr_span_t key;
    enr_span_t async_base;
    enr_span_t sync_base;
    enr_timeouts_t timeouts;
    const char *ca; /* NULL: the system's trust store */
    bool allow_private;
    char where[ENR_HOST_MAX + sizeof ":65535"]; /* host:port of the base in use, for a person */
    uint8_t key_memory[ENR_API_KEY_MAX + 3];    /* with a line end, and one byte more to see that it is longer */
} settings_t;

/* Takes the settings together. They must not be moved. From now on nothing prints the key. EXIT_DONE, or EXIT_SETTING
   with the problem. A key file that others may read is warned of on standard error. */
exit_code_t settings_load(const options_t *options, settings_t *out_settings, problem_t *out_problem);

/* Forgets the key. */
void settings_wipe(settings_t *settings);

#endif
