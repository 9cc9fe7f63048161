/* What the fuzz targets share. A target is one file: a function over hostile bytes that ends the program when a
   property does not hold. */
#ifndef FUZZ_H
#define FUZZ_H

#include "enrich/span.h"

/* A property of every input. Unlike assert it is there in every build. */
#define MUST(property) fuzz_must((property), #property, __FILE__, __LINE__)
void fuzz_must(bool holds, const char *property, const char *file, int line);

/* Memory of exactly len bytes, so that the sanitizer sees every access beyond them. For free(). */
void *fuzz_allocate(size_t len);

/* A copy in memory of exactly its length, and its end. */
enr_span_t fuzz_copy(enr_span_t bytes);
void fuzz_free(enr_span_t copy);

/* True when every byte of the part is one of whole's. An empty part lies anywhere. */
bool fuzz_lies_in(enr_span_t part, enr_span_t whole);

/* Takes the first byte off an input, 0 when it is empty: a choice that the fuzzer makes. */
uint8_t fuzz_choice(enr_span_t *input);

/* True when the text is well-formed UTF-8 without control characters (C0, DEL, C1): what may be shown to a person. */
bool fuzz_is_printable(enr_span_t text);

/* libFuzzer's entry: one input. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#endif
