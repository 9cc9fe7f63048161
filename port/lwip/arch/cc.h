/* The compiler and the processor, for lwIP. */
#ifndef ENRICH_LWIP_CC_H
#define ENRICH_LWIP_CC_H

#include <assert.h>
#include <stdbool.h>

#define LWIP_NO_INTTYPES_H 1
#define LWIP_NO_CTYPE_H 1
#define LWIP_NO_UNISTD_H 1

/* One instruction each, where lwIP's own are calls. */
#define lwip_htons(x) __builtin_bswap16(x)
#define lwip_htonl(x) __builtin_bswap32(x)

/* Nothing is printed: the text of a message is not even in the image. */
#define LWIP_PLATFORM_DIAG(message)                                                                                    \
    do {                                                                                                               \
    } while (0)

/* Without their texts. */
#define LWIP_PLATFORM_ASSERT(message) assert(false)

#endif
