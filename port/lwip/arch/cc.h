/* The compiler and the processor, for lwIP. */
#ifndef ENRICH_LWIP_CC_H
#define ENRICH_LWIP_CC_H

#include <assert.h>

#define LWIP_NO_INTTYPES_H 1
#define LWIP_NO_CTYPE_H 1
#define LWIP_NO_UNISTD_H 1

/* Nothing is printed: the text of a message is not even in the image. */
#define LWIP_PLATFORM_DIAG(message)                                                                                    \
    do {                                                                                                               \
    } while (0)

/* One place for all of lwIP's assertions, without their texts. */
void enr_lwip_broken(void);
#define LWIP_PLATFORM_ASSERT(message) enr_lwip_broken()

#endif
