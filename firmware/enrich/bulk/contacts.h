/* The contacts that a file names: CSV under a header, or JSON lines. */
#ifndef CLI_BULK_CONTACTS_H
#define CLI_BULK_CONTACTS_H

#include "rows.h"

#define CONTACTS_FILE_MAX 33554432 /* bytes */
#define CONTACTS_COLUMNS_MAX (5 + ENR_CUSTOM_MAX)

/* Reads all rows of a file, "-" being standard input. A row whose form is wrong is there with its refusal; its contact
   is not complete. EXIT_DONE; EXIT_SETTING with the problem: the file as a whole cannot be understood, or holds no
   contact. Free with rows_free in either case. */
exit_code_t contacts_read(const char *path, rows_t *out_rows, problem_t *out_problem);

#endif
