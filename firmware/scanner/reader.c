#include "reader.h"

#include "board.h"
#include "console.h"

#define PAUSE_MS 100u

static struct {
    uint8_t payload[ENR_BADGE_MAX];
    size_t len;
    bool too_long;
    uint32_t last_ms; /* when the last byte was taken */
    enr_badge_t badge;
} reader;

static void take_bytes(uint32_t now_ms)
{
    uint8_t bytes[64];
    size_t count;
    while ((count = board_scanner_read(bytes, sizeof bytes)) > 0) {
        reader.last_ms = now_ms;
        for (size_t i = 0; i < count; i++) {
            if (reader.len == sizeof reader.payload) {
                reader.too_long = true;
                break;
            }
            reader.payload[reader.len++] = bytes[i];
        }
    }
}

bool reader_step(uint32_t now_ms, const enr_badge_t **out_badge)
{
    take_bytes(now_ms);
    if (reader.len == 0 || now_ms - reader.last_ms < PAUSE_MS) {
        return false;
    }
    enr_status_t status =
        reader.too_long ? ENR_E_LIMIT : enr_badge_read((enr_span_t){reader.payload, reader.len}, &reader.badge);
    reader.len = 0;
    reader.too_long = false;
    if (status != ENR_OK) {
        console_line_t line;
        console_begin(&line, "scan");
        console_status(&line, status);
        console_end(&line);
        board_signal(BOARD_UNREADABLE);
        return false;
    }
    *out_badge = &reader.badge;
    return true;
}
