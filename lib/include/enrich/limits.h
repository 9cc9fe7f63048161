/* Every limit in one place. A build may override each by a definition; what is larger than a limit is an error that
 * names it, never cut. */
#ifndef ENRICH_LIMITS_H
#define ENRICH_LIMITS_H

/* Bytes of a host name without NUL (RFC 1035 2.3.4 allows 253 in text form). */
#ifndef ENR_HOST_MAX
#define ENR_HOST_MAX 253
#endif

/* Bytes of a first name, a last name or a company name (UTF-8). */
#ifndef ENR_NAME_MAX
#define ENR_NAME_MAX 128
#endif

/* Bytes of a URL in a request (LinkedIn, webhook) or of a base URL. */
#ifndef ENR_URL_MAX
#define ENR_URL_MAX 512
#endif

/* Bytes of an API key. */
#ifndef ENR_API_KEY_MAX
#define ENR_API_KEY_MAX 128
#endif

/* Characters of an enrichment id: 1 to 64 unreserved characters (DESIGN 6, RFC 3986 2.3). */
#ifndef ENR_ID_MAX
#define ENR_ID_MAX 64
#endif

/* Hexadecimal digits of the token that pairs an answer with its request: 128 random bits. */
#define ENR_TOKEN_LEN 32

/* Pairs of `custom` in one request, and bytes of one key and of one value. */
#ifndef ENR_CUSTOM_MAX
#define ENR_CUSTOM_MAX 8
#endif
#ifndef ENR_CUSTOM_TEXT_MAX
#define ENR_CUSTOM_TEXT_MAX 128
#endif

/* Country codes in one request. */
#ifndef ENR_COUNTRIES_MAX
#define ENR_COUNTRIES_MAX 16
#endif

/* Bytes that the largest single request takes, head and body, with every character of it escaped. */
#define ENR_REQUEST_MAX                                                                                                \
    (2 * (3 * ENR_NAME_MAX + ENR_HOST_MAX + 2 * ENR_URL_MAX + ENR_CUSTOM_MAX * 2 * ENR_CUSTOM_TEXT_MAX) +              \
     5 * ENR_COUNTRIES_MAX + 6 * ENR_CUSTOM_MAX + ENR_API_KEY_MAX + ENR_URL_MAX + ENR_HOST_MAX + 640)

/* Contacts in one batch: api-contract 7. */
#define ENR_BULK_MIN 2
#define ENR_BULK_MAX 100

/* Phone numbers handed over from one result; a result that holds more says how many (enr_result_t.phones_total). */
#ifndef ENR_PHONES_MAX
#define ENR_PHONES_MAX 8
#endif

/* Bytes for those texts of one result that were written with JSON escapes and had to be decoded. */
#ifndef ENR_RESULT_TEXT_MAX
#define ENR_RESULT_TEXT_MAX 512
#endif

/* Nesting of arrays and objects in a JSON text, and tokens (values and keys) in it. */
#ifndef ENR_JSON_DEPTH_MAX
#define ENR_JSON_DEPTH_MAX 32
#endif
#ifndef ENR_JSON_TOKENS_MAX
#define ENR_JSON_TOKENS_MAX 128
#endif

/* HTTP answer: bytes of the head with all its 1xx forerunners, number of field lines, number of 1xx answers before the
   final one (behaviours 5), bytes of framing around the chunks of one body, trailers included (behaviours 4). */
#ifndef ENR_HTTP_HEAD_MAX
#define ENR_HTTP_HEAD_MAX 32768
#endif
#ifndef ENR_HTTP_FIELDS_MAX
#define ENR_HTTP_FIELDS_MAX 100
#endif
#ifndef ENR_HTTP_INTERIM_MAX
#define ENR_HTTP_INTERIM_MAX 8
#endif
#ifndef ENR_HTTP_CHUNK_OVERHEAD_MAX
#define ENR_HTTP_CHUNK_OVERHEAD_MAX 16384
#endif

/* Bytes that exchange reads from its stream at once. */
#ifndef ENR_EXCHANGE_READ_MAX
#define ENR_EXCHANGE_READ_MAX 512
#endif

/* Bytes of a badge payload. */
#ifndef ENR_BADGE_MAX
#define ENR_BADGE_MAX 4096
#endif

/* Bytes for those fields of one badge that had to be decoded or put together. */
#ifndef ENR_BADGE_TEXT_MAX
#define ENR_BADGE_TEXT_MAX 1024
#endif

/* Bytes of one entry of a roster, its id and all its fields. */
#ifndef ENR_ROSTER_ENTRY_MAX
#define ENR_ROSTER_ENTRY_MAX 2048
#endif

/* Bytes of one session ticket with what belongs to it; a larger one is not kept. One of OpenSSL's or
 * nginx's takes 280 to 320. */
#ifndef ENR_TICKET_MAX
#define ENR_TICKET_MAX 1024
#endif

/* Bytes of a lead's content in the journal, and of the data of one register. */
#ifndef ENR_JOURNAL_CONTENT_MAX
#define ENR_JOURNAL_CONTENT_MAX 2048
#endif

/* Requests that the service is at work on at once, and leads that the agent holds for them (DESIGN 6). */
#ifndef ENR_PENDING_MAX
#define ENR_PENDING_MAX 16
#endif

/* Bytes of one item of the store (settings are the largest), and session tickets that it keeps, at most 8. */
#ifndef ENR_STORE_ITEM_MAX
#define ENR_STORE_ITEM_MAX 2048
#endif
#ifndef ENR_STORE_TICKETS
#define ENR_STORE_TICKETS 2
#endif

/* The build's own date, seconds since 1970: no earlier time is believed (behaviours 16). 2026-11-01T00:00:00Z. */
#ifndef ENR_CLOCK_FLOOR
#define ENR_CLOCK_FLOOR 1793491200
#endif

#endif
