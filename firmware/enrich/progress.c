#include "progress.h"

#include <stdio.h>
#include <unistd.h>

#define WIDTH (PROGRESS_MAX - 1)

static bool shown;

bool progress_is_seen(void)
{
    return isatty(STDERR_FILENO) == 1;
}

void progress_show(const char *line)
{
    if (progress_is_seen()) {
        (void)fprintf(stderr, "\renrich: %-*s", WIDTH, line);
        (void)fflush(stderr);
        shown = true;
    }
}

void progress_clear(void)
{
    if (shown) {
        (void)fprintf(stderr, "\r        %*s\r", WIDTH, "");
        (void)fflush(stderr);
        shown = false;
    }
}
