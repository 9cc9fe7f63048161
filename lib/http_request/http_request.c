#include "enrich/http_request.h"

#include "enrich/url.h"

#include <assert.h>
#include <string.h>

/* The three parts together are origin-form: they begin with '/' and have no fragment (RFC 9112 3.2.1). */
static bool is_target(const enr_span_t *path, size_t count)
{
    bool begun = false;
    for (size_t i = 0; i < count; i++) {
        if (!enr_span_visible(path[i]) || (path[i].len > 0 && memchr(path[i].ptr, '#', path[i].len) != NULL)) {
            return false;
        }
        if (!begun && path[i].len > 0 && path[i].ptr[0] != '/') {
            return false;
        }
        begun = begun || path[i].len > 0;
    }
    return begun;
}

static enr_status_t check(const enr_http_request_t *request)
{
    if (!enr_host_is_name(request->host) || request->port == 0 || request->api_key.len == 0 ||
        !enr_span_visible(request->api_key)) {
        return ENR_E_SETTING;
    }
    return is_target(request->path, sizeof request->path / sizeof request->path[0]) ? ENR_OK : ENR_E_URL;
}

static void write_head(const enr_http_request_t *request, size_t body_len, enr_buffer_t *head)
{
    enr_buffer_append(head, request->method);
    enr_buffer_append_byte(head, ' ');
    for (size_t i = 0; i < sizeof request->path / sizeof request->path[0]; i++) {
        enr_buffer_append(head, request->path[i]);
    }
    enr_buffer_append(head, ENR_SPAN(" HTTP/1.1\r\nHost: "));
    enr_buffer_append(head, request->host);
    if (request->port != 443) {
        enr_buffer_append_byte(head, ':');
        enr_buffer_append_decimal(head, request->port);
    }
    enr_buffer_append(head, ENR_SPAN("\r\nUser-Agent: libenrich/" ENR_VERSION "\r\nAccept: application/json\r\n"
                                     "Accept-Encoding: identity\r\nX-API-KEY: "));
    enr_buffer_append(head, request->api_key);
    if (request->has_body) {
        enr_buffer_append(head, ENR_SPAN("\r\nContent-Type: application/json\r\nContent-Length: "));
        enr_buffer_append_decimal(head, body_len);
    }
    enr_buffer_append(head, ENR_SPAN("\r\n\r\n"));
}

/* Swaps two neighbours in place: reverses each, then the whole. */
static void reverse(uint8_t *bytes, size_t len)
{
    for (size_t i = 0; i < len / 2; i++) {
        uint8_t byte = bytes[i];
        bytes[i] = bytes[len - 1 - i];
        bytes[len - 1 - i] = byte;
    }
}

enr_status_t enr_http_request_render(const enr_http_request_t *request, enr_buffer_t *buffer)
{
    assert(request != NULL && buffer != NULL);
    assert(request->method.len > 0 && enr_span_visible(request->method));
    assert(request->has_body || buffer->len == 0); /* a body without its length would be the next request */
    enr_status_t status = check(request);
    if (status != ENR_OK) {
        return status;
    }
    size_t body_len = buffer->len;
    write_head(request, body_len, buffer);
    if (buffer->full) {
        return ENR_E_LIMIT;
    }
    reverse(buffer->ptr, body_len);
    reverse(buffer->ptr + body_len, buffer->len - body_len);
    reverse(buffer->ptr, buffer->len);
    return ENR_OK;
}
