/* One page that shows a recording: the .rrd in base64 inside, a frame with a web viewer, and a script that brings both together.
 *
 *   page: frame with APP_URL?url=web_event://…  ──▶ the viewer says that it is ready (any message from the frame)
 *         bytes of the .rrd, by postMessage     ──▶ the viewer shows them */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/fd.h"
#include "base/utf8.h"
#include "recording/blueprint.h"
#include "recording/log.h"
#include "recording/memory.h"

#define APP_URL "https://app.rerun.io/version/0.41.0"

RR_API rr_html_options rr_html_options_default(void)
{
    return (rr_html_options){.struct_size = sizeof(rr_html_options), .width = 950, .height = 712, .timeout_ms = 2000};
}

/* ---------------------------------------------------------------- pieces; a failed one leaves the rest out, and is told at the end */

struct page {
    struct rt_buf out;
    int r;
};

static void put(struct page *p, const char *text, size_t n)
{
    p->r = p->r ? p->r : rt_buf_append(&p->out, text, n);
}

static void put_text(struct page *p, const char *text)
{
    put(p, text, strlen(text));
}

/* For element text and attributes in double quotes. */
static void put_escaped(struct page *p, const char *text)
{
    static const struct {
        char c;
        const char *entity;
    } entities[] = {{'&', "&amp;"}, {'<', "&lt;"}, {'>', "&gt;"}, {'"', "&quot;"}};
    for (; *text; text++) {
        const char *entity = NULL;
        for (size_t i = 0; i < sizeof entities / sizeof *entities; i++)
            if (entities[i].c == *text)
                entity = entities[i].entity;
        put(p, entity ? entity : text, entity ? strlen(entity) : 1);
    }
}

static void put_base64(struct page *p, const uint8_t *in, size_t n)
{
    static const char digits[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    size_t len = (n + 2) / 3 * 4;
    p->r = p->r ? p->r : rt_buf_reserve(&p->out, len);
    if (p->r)
        return;
    uint8_t *out = p->out.data + p->out.len;
    for (size_t i = 0; i < n; i += 3) {
        uint32_t v = (uint32_t)in[i] << 16 | (i + 1 < n ? (uint32_t)in[i + 1] << 8 : 0) | (i + 2 < n ? in[i + 2] : 0);
        *out++ = (uint8_t)digits[v >> 18];
        *out++ = (uint8_t)digits[v >> 12 & 63];
        *out++ = (uint8_t)(i + 1 < n ? digits[v >> 6 & 63] : '=');
        *out++ = (uint8_t)(i + 2 < n ? digits[v & 63] : '=');
    }
    p->out.len += len;
}

static void put_frame(struct page *p, const rr_html_options *o, const char *app_url)
{
    char size[64];
    snprintf(size, sizeof size, "\" width=\"%u\" height=\"%u\"", o->width, o->height);
    put_text(p, "<iframe id=\"viewer\" allowfullscreen data-src=\"");
    put_escaped(p, app_url);
    put_text(p, "?url=web_event://&amp;persist=0&amp;notebook=1");
    put_text(p, size);
    put_text(p, "></iframe>\n<p id=\"late\" hidden>The viewer at <a href=\"");
    put_escaped(p, app_url);
    put_text(p, "\">");
    put_escaped(p, app_url);
    put_text(p, "</a> did not load. Save this recording as a file to open it with `rerun`: <a id=\"file\">recording.rrd</a></p>\n");
}

/* The frame is loaded last: its message must find a listener. */
static void put_script(struct page *p, const rr_html_options *o)
{
    char timeout[64];
    snprintf(timeout, sizeof timeout, "const patience = %u;\n", o->timeout_ms);
    put_text(p, "<script>\n(() => {\n");
    put_text(p, timeout);
    put_text(p, "const viewer = document.getElementById(\"viewer\"), late = document.getElementById(\"late\");\n"
                "const text = atob(document.getElementById(\"rrd\").textContent.trim());\n"
                "const bytes = new Uint8Array(text.length);\n"
                "for (let i = 0; i < text.length; i++) bytes[i] = text.charCodeAt(i);\n"
                "const file = document.getElementById(\"file\");\n"
                "file.href = URL.createObjectURL(new Blob([bytes]));\n"
                "file.download = \"recording.rrd\";\n"
                "const timer = setTimeout(() => { late.hidden = false; }, patience);\n"
                "addEventListener(\"message\", function ready(event) {\n"
                "    if (event.source !== viewer.contentWindow) return;\n"
                "    removeEventListener(\"message\", ready);\n"
                "    clearTimeout(timer);\n"
                "    late.hidden = true;\n"
                "    viewer.contentWindow.postMessage(bytes, event.origin === \"null\" ? \"*\" : event.origin);\n"
                "});\n"
                "viewer.src = viewer.dataset.src;\n})();\n</script>\n");
}

static void put_page(struct page *p, const char *title, const rr_html_options *o, const struct rt_buf *rrd)
{
    put_text(p, "<!DOCTYPE html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n<title>");
    put_escaped(p, title);
    put_text(p, "</title>\n<style>body { margin: 0; font-family: sans-serif; } iframe { border: 0; }</style>\n</head>\n<body>\n"
                "<script id=\"rrd\" type=\"application/octet-stream;base64\">\n");
    put_base64(p, rrd->data, rrd->len);
    put_text(p, "\n</script>\n");
    put_frame(p, o, o->app_url ? o->app_url : APP_URL);
    put_script(p, o);
    put_text(p, "</body>\n</html>\n");
}

/* ---------------------------------------------------------------- the call */

static rr_error_code options_check(const rr_html_options *o, rr_error *err)
{
    if (o->struct_size != sizeof *o)
        return rt_fail(err, RR_ERROR_CODE_INVALID_ENUM_VALUE, "options: struct_size is %u, not %zu; use rr_html_options_default()", o->struct_size,
                       sizeof *o);
    if (o->app_url && !rt_utf8_ok(o->app_url, strlen(o->app_url)))
        return rt_fail(err, RR_ERROR_CODE_INVALID_STRING_ARGUMENT, "app_url is not UTF-8");
    return RR_ERROR_CODE_OK;
}

static rr_error_code write_file(const char *path, const struct rt_buf *b, rr_error *err)
{
    int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC | O_NOCTTY, 0666);
    int r = fd < 0 ? -errno : rt_write_all(fd, b->data, b->len, NULL);
    if (fd >= 0 && close(fd) < 0 && !r && errno != EINTR)
        r = -errno;
    return r ? rt_fail(err, RR_ERROR_CODE_RECORDING_STREAM_SAVE_FAILURE, "%s: %s", path, strerror(-r)) : RR_ERROR_CODE_OK;
}

static rr_error_code write_page(rr_memory_recording *mem, const char *path, const rr_html_options *o, const struct rt_backlog *blueprint,
                                rr_error *err)
{
    struct rt_buf rrd = {0};
    struct page page = {0};
    rr_error_code code = rt_memory_copy(mem, blueprint, &rrd, err);
    if (!code)
        put_page(&page, rt_memory_application(mem), o, &rrd);
    if (!code && page.r)
        code = rt_fail(err, RR_ERROR_CODE_OUT_OF_MEMORY, "%s: no memory for the page", path);
    code = code ? code : write_file(path, &page.out, err);
    rt_buf_deinit(&rrd);
    rt_buf_deinit(&page.out);
    return code;
}

RR_API rr_error_code rr_memory_recording_write_html(rr_memory_recording *mem, const char *path, const rr_html_options *options, rr_error *err)
{
    const rr_html_options defaults = rr_html_options_default(), *o = options ? options : &defaults;
    struct rt_backlog blueprint = {0};
    if (!mem || !path)
        return rt_fail(err, RR_ERROR_CODE_UNEXPECTED_NULL_ARGUMENT, "%s is NULL", mem ? "path" : "mem");
    rr_error_code code = options_check(o, err);
    if (!code && o->blueprint)
        code = rt_blueprint_messages(o->blueprint, rt_memory_application(mem), true, true, &blueprint, err);
    code = code ? code : write_page(mem, path, o, &blueprint, err);
    rt_backlog_deinit(&blueprint);
    return code;
}
