#include "progress.h"

#include <stdio.h>
#include <unistd.h>

#define WIDTH 64 /* of the line at its longest, and less than a terminal's */

static bool shown;

bool progress_is_seen(void)
{
    return isatty(STDERR_FILENO) == 1;
}

void progress_show(uint32_t elapsed_s, uint32_t deadline_s, unsigned reads)
{
    char line[WIDTH + 1];
    (void)snprintf(line, sizeof line, "enrich: waiting, %u s of %u s, read %u time%s", (unsigned)elapsed_s,
                   (unsigned)deadline_s, reads, reads == 1 ? "" : "s");
    (void)fprintf(stderr, "\r%-*s", WIDTH, line);
    (void)fflush(stderr);
    shown = true;
}

void progress_clear(void)
{
    if (shown) {
        (void)fprintf(stderr, "\r%*s\r", WIDTH, "");
        (void)fflush(stderr);
        shown = false;
    }
}
