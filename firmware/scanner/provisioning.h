/* What this device was told before it went out: from the memory that the board gives (board_provisioning), as
   boards/host_page writes it. A stand-in until settings come over the console into sealed flash; this file and its .c
   are all that knows it. */
#ifndef PROVISIONING_H
#define PROVISIONING_H

#include "enrich/tls.h"

/* Roots that a device trusts at most. */
#define ANCHORS_MAX 4

/* Views of the board's memory. */
typedef struct {
    enr_span_t base; /* of the asynchronous calls */
    enr_span_t api_key;
    char time_server[ENR_HOST_MAX + 1]; /* empty: nobody is asked */
    enr_span_t anchors[ANCHORS_MAX];    /* DER */
    size_t anchor_count;
    bool allow_private; /* private addresses of public names are tried: for a test rig */
} settings_t;

/* Reads the format: "ENRP", then fields of a type and a length, 16 bits each, least significant byte first, and so many
   bytes; a field of type 0 ends it. ENR_OK; ENR_E_SETTING: it is not there, cut, has an unknown field or one that is
   too long, or lacks base, key or anchor. Whether the values themselves are good is the library's to say. */
ENR_NODISCARD enr_status_t provisioning_read(enr_span_t memory, settings_t *out);

#endif
