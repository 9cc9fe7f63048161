/* The settings file of --config. README.md has its grammar. */
#ifndef CLI_CONFIG_H
#define CLI_CONFIG_H

#include "options.h"

/* Bytes of a settings file. */
#define CONFIG_MAX 16384

/* Reads a settings file and fills what neither an option nor a variable has given. Every line is checked, also of what
   is given elsewhere. Texts are views of static memory. Once per process. EXIT_DONE; EXIT_SETTING with the problem,
   which names file and line and repeats nothing of the line: somebody may have put the key there. */
exit_code_t config_read(const char *path, options_t *options, problem_t *out_problem);

#endif
