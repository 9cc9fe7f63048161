/* Requests and reads on up to five connections, driven from one loop (api-contract 12). */
#ifndef CLI_BULK_DISPATCH_H
#define CLI_BULK_DISPATCH_H

#include "bulk.h"

#define DISPATCH_GRACE_S 10 /* after a signal, for the answers to what was sent */

/* Sends the rows that are to be sent, and under --wait reads the results of the accepted ones. At its end every row has
   its outcome and was said. A POST leaves only when the record has its rows; it is sent again only when it surely was
   not accepted. EXIT_DONE; or the problem, and nothing was sent. */
exit_code_t dispatch_run(bulk_t *bulk, problem_t *out_problem);

#endif
