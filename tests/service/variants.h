/* The ways in which the service's answers have been seen to differ (api-contract 10, 11, 13). Pure. */
#ifndef SERVICE_VARIANTS_H
#define SERVICE_VARIANTS_H

#include <stdbool.h>

#define SIM_WORD_SIZE 24u /* bytes of a word with its NUL */

typedef enum { SIM_PHONES_STRINGS, SIM_PHONES_OBJECTS, SIM_PHONES_LONE } sim_phones_shape_t;
typedef enum { SIM_ID_PLAIN, SIM_ID_SHORT, SIM_ID_CONTACT } sim_id_key_t;
typedef enum { SIM_NOTHING_EMPTY, SIM_NOTHING_NULL, SIM_NOTHING_ABSENT, SIM_NOTHING_WORD } sim_nothing_t;
typedef enum { SIM_SYNC_PATH_CURRENT, SIM_SYNC_PATH_OLDER, SIM_SYNC_PATH_BOTH } sim_sync_path_t;
typedef enum {
    SIM_ERRORS_MIXED, /* for each kind its likeliest */
    SIM_ERRORS_NUMBER,
    SIM_ERRORS_TEXT,
    SIM_ERRORS_LIST,
    SIM_ERRORS_OBJECT,
    SIM_ERRORS_MESSAGE
} sim_errors_shape_t;

typedef struct {
    bool read_plural;          /* read-phones=phone|phones: the key on a read and in a callback (10.3) */
    bool sync_singular;        /* sync-phones=phones|phone: the key in a synchronous answer */
    sim_phones_shape_t phones; /* phones=strings|objects|lone: [“+…”], [{"number","type"}], or a string for one and null
                                  for none */
    sim_id_key_t id;           /* id=enrichment_id|id|contact.id (10.8) */
    sim_nothing_t nothing;           /* nothing=empty|null|absent|N/A: an address that was not found (4, 13) */
    bool no_message;                 /* message=yes|no: in a synchronous answer when nothing was found (8) */
    sim_sync_path_t sync_path;       /* sync-path=current|older|both (10.2) */
    sim_errors_shape_t errors;       /* errors=mixed|number|text|list|object|message (11) */
    bool reads_batches;              /* batch-read=unknown|job: of the id of a batch, 404 or its job (7) */
    bool calls_back_batch;           /* callback-id=contact|batch: the id in the callback of a batch's contact (7) */
    bool strict_hosts;               /* hosts=any|strict: the Host must begin with app. or api. as its path wants (1) */
    int accepted;                    /* accepted=200|201|202: to an asynchronous single call (3) */
    char pending[SIM_WORD_SIZE];     /* pending=WORD, of a read and of what was accepted (10.5) */
    char finished[SIM_WORD_SIZE];    /* finished=WORD, of a read and of a callback */
    char sync_status[SIM_WORD_SIZE]; /* sync-status=WORD (8) */
    char bulk_status[SIM_WORD_SIZE]; /* bulk-status=WORD; empty: none (7) */
    char phone_status[SIM_WORD_SIZE]; /* phone-status=WORD, of a synchronous answer with numbers (8) */
} sim_variants_t;

sim_variants_t sim_variants_default(void);

/* Takes one KEY=VALUE. False: no such key, or no such value. */
bool sim_variants_take(sim_variants_t *variants, const char *text);

#endif
