/* The commands. Each prints what it came to and gives the exit code. */
#ifndef CLI_COMMANDS_H
#define CLI_COMMANDS_H

#include "options.h"

int submit_run(const options_t *options);
int get_run(const options_t *options);
int bulk_run(const options_t *options);
int run_run(const options_t *options);
int leads_run(const options_t *options);
int credits_run(const options_t *options);
int badge_run(const options_t *options);
int roster_run(const options_t *options);
int provision_run(const options_t *options);
int webhook_run(const options_t *options);

#endif
