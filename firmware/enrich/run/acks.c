#include "acks.h"

#include <errno.h>
#include <string.h>
#include <unistd.h>

#define DIGITS_LEN ((size_t)2 * ENR_SEAL_DIGEST_LEN)

static bool read_digest(const char *digits, uint8_t out_digest[ENR_SEAL_DIGEST_LEN])
{
    static const char DIGITS[] = "0123456789abcdef";
    for (size_t i = 0; i < DIGITS_LEN; i++) {
        const char *at = digits[i] != '\0' ? strchr(DIGITS, digits[i]) : NULL;
        if (at == NULL) {
            return false;
        }
        out_digest[i / 2] = (uint8_t)(out_digest[i / 2] << 4 | (at - DIGITS));
    }
    return digits[DIGITS_LEN] == '\0';
}

static ack_t understand(const char *line, uint8_t out_digest[ENR_SEAL_DIGEST_LEN])
{
    if (strcmp(line, "retry") == 0) {
        return ACK_RETRY;
    }
    return strncmp(line, "ack ", 4) == 0 && read_digest(line + 4, out_digest) ? ACK_BATCH : ACK_INVALID;
}

/* Takes the first line, if it is whole. */
static ack_t take(acks_t *acks, uint8_t out_digest[ENR_SEAL_DIGEST_LEN])
{
    char *end = memchr(acks->line, '\n', acks->held);
    if (end == NULL) {
        if (acks->held == sizeof acks->line) {
            acks->is_long = true;
            acks->held = 0;
        }
        return ACK_NONE;
    }
    *end = '\0';
    ack_t ack = acks->is_long ? ACK_INVALID : understand(acks->line, out_digest);
    size_t len = (size_t)(end - acks->line) + 1;
    acks->is_long = false;
    acks->held -= len;
    memmove(acks->line, acks->line + len, acks->held);
    return ack;
}

ack_t acks_next(acks_t *acks, bool readable, uint8_t out_digest[ENR_SEAL_DIGEST_LEN])
{
    ack_t ack = take(acks, out_digest);
    if (ack != ACK_NONE || !readable || acks->fd < 0) {
        return ack;
    }
    ssize_t got = read(acks->fd, acks->line + acks->held, sizeof acks->line - acks->held);
    if (got > 0) {
        acks->held += (size_t)got;
        return take(acks, out_digest);
    }
    if (got == 0 || (errno != EINTR && errno != EAGAIN)) {
        acks->fd = -1;
    }
    return ACK_NONE;
}
