/* A short list of sentences that say what is wrong with a request. */
#ifndef SERVICE_FAULTS_H
#define SERVICE_FAULTS_H

#include <stddef.h>

#define SIM_FAULTS_MAX 16u  /* sentences that are kept; further ones are counted in the last */
#define SIM_FAULT_SIZE 128u /* bytes of a sentence with its NUL; they hold no text of the request */

typedef struct {
    size_t total; /* sentences added, kept or not */
    char text[SIM_FAULTS_MAX][SIM_FAULT_SIZE];
} sim_faults_t;

/* Adds a sentence. When the list is full, the last one says how many more there are. */
void sim_faults_add(sim_faults_t *faults, const char *format, ...) __attribute__((format(printf, 2, 3)));

/* Number of sentences in text. */
size_t sim_faults_kept(const sim_faults_t *faults);

#endif
