#include "text.h"

#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

void *sim_alloc(size_t count, size_t size)
{
    void *memory = calloc(count > 0 ? count : 1, size);
    if (memory == NULL) {
        abort();
    }
    return memory;
}

void *sim_resize(void *memory, size_t count, size_t size)
{
    if (count > SIZE_MAX / size) {
        abort();
    }
    void *resized = realloc(memory, count * size);
    if (resized == NULL) {
        abort();
    }
    return resized;
}

char *sim_copy(const char *text)
{
    if (text == NULL) {
        return NULL;
    }
    size_t size = strlen(text) + 1;
    return memcpy(sim_alloc(size, 1), text, size);
}

char *sim_format(const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    va_list again;
    va_copy(again, arguments);
    int length = vsnprintf(NULL, 0, format, arguments);
    va_end(arguments);
    if (length < 0) {
        abort();
    }
    char *text = sim_alloc((size_t)length + 1, 1);
    (void)vsnprintf(text, (size_t)length + 1, format, again);
    va_end(again);
    return text;
}

char sim_lower(char byte)
{
    return byte >= 'A' && byte <= 'Z' ? (char)(byte - 'A' + 'a') : byte;
}

bool sim_same(const char *left, const char *right)
{
    while (*left != '\0' && sim_lower(*left) == sim_lower(*right)) {
        left++;
        right++;
    }
    return *left == *right;
}

bool sim_blank(const char *text)
{
    return text == NULL || text[strspn(text, " \t\r\n")] == '\0';
}
