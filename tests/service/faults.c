#include "faults.h"

#include <assert.h>
#include <stdarg.h>
#include <stdio.h>

void sim_faults_add(sim_faults_t *faults, const char *format, ...)
{
    faults->total++;
    if (faults->total > SIM_FAULTS_MAX) {
        (void)snprintf(faults->text[SIM_FAULTS_MAX - 1], SIM_FAULT_SIZE, "and %zu more faults",
                       faults->total - SIM_FAULTS_MAX + 1);
        return;
    }
    va_list arguments;
    va_start(arguments, format);
    int length = vsnprintf(faults->text[faults->total - 1], SIM_FAULT_SIZE, format, arguments);
    va_end(arguments);
    assert(length >= 0 && (size_t)length < SIM_FAULT_SIZE);
    (void)length;
}

size_t sim_faults_kept(const sim_faults_t *faults)
{
    return faults->total < SIM_FAULTS_MAX ? faults->total : SIM_FAULTS_MAX;
}
