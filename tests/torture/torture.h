/* Hostile answers as rows of exact bytes with the verdict that each must have, however it is cut. */
#ifndef TORTURE_H
#define TORTURE_H

#include "enrich/http_response.h"

/* One answer. Its bytes are `head`, then `unit` `times` times, then `tail`: short rows have only a head. */
typedef struct {
    const char *rule; /* the rule that the row proves, and its case */
    enr_span_t head, unit, tail;
    size_t times;
    bool head_request;
    enr_status_t status; /* after all bytes, and after the close if they do not complete the response */
    unsigned code;       /* 0 where status is an error */
    const char *body;    /* also what is handed out before an error; NULL is none */
    bool reusable;
    bool to_close;           /* the close delimits the body */
    size_t unused;           /* bytes behind a complete response */
    bool json;               /* what Content-Type says, of a complete response */
    const char *retry_after; /* of a complete response; NULL is none */
} row_t;

extern const row_t http_response_rows[];
extern const size_t http_response_row_count;

#endif
