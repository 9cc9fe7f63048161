/* Memory of exactly the size of what lies in it, so that the sanitizers see every read beyond. */
#ifndef TEST_EXACT_H
#define TEST_EXACT_H

#include "enrich/span.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

static inline enr_span_t exact(const void *bytes, size_t len)
{
    uint8_t *memory = malloc(len);
    assert_true(memory != NULL || len == 0);
    if (len > 0) {
        memcpy(memory, bytes, len);
    }
    return (enr_span_t){memory, len};
}

static inline void drop(enr_span_t span)
{
    free((void *)(uintptr_t)span.ptr);
}

#endif
