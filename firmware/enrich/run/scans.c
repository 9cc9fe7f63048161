#include "scans.h"

#include <errno.h>
#include <unistd.h>

void scans_read(scans_t *scans, bool readable)
{
    if (scans->rest.len > 0 || scans->ended || !readable) {
        return;
    }
    ssize_t got = read(scans->fd, scans->bytes, sizeof scans->bytes);
    if (got > 0) {
        scans->rest = (enr_span_t){scans->bytes, (size_t)got};
    } else if (got == 0 || (errno != EINTR && errno != EAGAIN)) {
        scans->ended = true;
    }
}
