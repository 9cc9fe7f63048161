#include "console.h"

#include "board.h"

#include <assert.h>
#include <stdarg.h>

/* A setting's name and the longest value that is not a certificate: a base URL. */
#define COMMAND_MAX 320

static void put(console_line_t *line, const char *format, va_list values)
{
    for (; *format != '\0'; format++) {
        if (*format != '%') {
            enr_buffer_append_byte(&line->text, (uint8_t)*format);
        } else if (*++format == 's') {
            enr_buffer_append(&line->text, enr_span_from_str(va_arg(values, const char *)));
        } else {
            assert(format[0] == 'l' && format[1] == 'u');
            format++;
            enr_buffer_append_decimal(&line->text, va_arg(values, uint32_t));
        }
    }
}

void console_put(console_line_t *line, const char *format, ...)
{
    va_list values;
    va_start(values, format);
    put(line, format, values);
    va_end(values);
}

void console_begin(console_line_t *line, const char *room)
{
    /* Two bytes are kept for the end. */
    line->text = enr_buffer_over(line->memory, sizeof line->memory - 2);
    console_put(line, "%s: ", room);
}

void console_put_status(console_line_t *line, enr_status_t status)
{
    console_put(line, "%s, %s", enr_status_name(status), enr_status_meaning(status));
}

void console_put_type(console_line_t *line, enr_type_t type)
{
    enr_buffer_append(&line->text, enr_type_name(type));
}

void console_put_foreign(console_line_t *line, enr_span_t text)
{
    for (size_t i = 0; i < text.len; i++) {
        uint8_t byte = text.ptr[i];
        enr_buffer_append_byte(&line->text, byte < 0x20 || byte == 0x7F ? '?' : byte);
    }
}

void console_end(console_line_t *line)
{
    line->memory[line->text.len] = '\r';
    line->memory[line->text.len + 1] = '\n';
    board_console_write((enr_span_t){line->memory, line->text.len + 2});
}

void console_say(const char *room, const char *format, ...)
{
    console_line_t line;
    va_list values;
    console_begin(&line, room);
    va_start(values, format);
    put(&line, format, values);
    va_end(values);
    console_end(&line);
}

void console_say_status(const char *room, const char *text, enr_status_t status)
{
    console_say(room, "%s%s, %s", text, enr_status_name(status), enr_status_meaning(status));
}

enr_span_t console_command(void)
{
    static uint8_t typed[COMMAND_MAX];
    static size_t len;
    static bool too_long, was_given;
    uint8_t byte;
    if (was_given) {
        enr_wipe(typed, sizeof typed);
        was_given = false;
    }
    while (board_console_read(&byte, 1) == 1) {
        if (byte == '\r' || byte == '\n') {
            enr_span_t command = {typed, too_long ? 0 : len};
            if (too_long) {
                console_say("console", "a command is shorter than that");
            }
            len = 0;
            too_long = false;
            if (command.len > 0) {
                was_given = true;
                return command;
            }
        } else if (len < sizeof typed) {
            typed[len++] = byte;
        } else {
            too_long = true;
        }
    }
    return (enr_span_t){0};
}
