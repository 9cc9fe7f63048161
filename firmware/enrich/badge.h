/* A badge's payload from a file. */
#ifndef CLI_BADGE_H
#define CLI_BADGE_H

#include "outcome.h"
#include "profile.h"

/* The profile in a file; *out_profile, valid until the next call, is NULL without one (path NULL). EXIT_DONE;
   EXIT_SETTING with the problem. */
exit_code_t badge_load_profile(const char *path, const profile_t **out_profile, problem_t *out_problem);

/* Reads and understands the payload in a file, "-" being standard input, by the profile in another, or NULL. *out_badge
   stays valid until the next call. EXIT_DONE; EXIT_SETTING with the problem. */
exit_code_t badge_load(const char *path, const char *profile_path, const enr_badge_t **out_badge,
                       problem_t *out_problem);

/* What a reason for which no type is enrichable (ENR_REASON_...) means to a person. README.md lists them, too. */
const char *badge_phrase(const char *reason);

#endif
