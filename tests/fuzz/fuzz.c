#include "fuzz.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "enrich/utf8.h"

void fuzz_must(bool holds, const char *property, const char *file, int line)
{
    if (!holds) {
        (void)fprintf(stderr, "%s:%d: does not hold: %s\n", file, line, property);
        abort();
    }
}

void *fuzz_allocate(size_t len)
{
    void *memory = malloc(len > 0 ? len : 1);
    if (memory == NULL) {
        abort();
    }
    return memory;
}

enr_span_t fuzz_copy(enr_span_t bytes)
{
    uint8_t *copy = fuzz_allocate(bytes.len);
    if (bytes.len > 0) {
        memcpy(copy, bytes.ptr, bytes.len);
    }
    return (enr_span_t){copy, bytes.len};
}

void fuzz_free(enr_span_t copy)
{
    free((void *)(uintptr_t)copy.ptr);
}

bool fuzz_lies_in(enr_span_t part, enr_span_t whole)
{
    uintptr_t part_from = (uintptr_t)part.ptr;
    uintptr_t whole_from = (uintptr_t)whole.ptr;
    return part.len == 0 ||
           (part_from >= whole_from && part.len <= whole.len && part_from - whole_from <= whole.len - part.len);
}

uint8_t fuzz_choice(enr_span_t *input)
{
    if (input->len == 0) {
        return 0;
    }
    uint8_t choice = input->ptr[0];
    *input = enr_span_slice(*input, 1, input->len);
    return choice;
}

bool fuzz_is_printable(enr_span_t text)
{
    for (size_t i = 0; i < text.len; i++) {
        bool is_c1 = i > 0 && text.ptr[i - 1] == 0xC2 && text.ptr[i] < 0xA0;
        if (text.ptr[i] < 0x20 || text.ptr[i] == 0x7F || is_c1) {
            return false;
        }
    }
    return enr_utf8_valid(text);
}
