/* Formatted log lines. */
#include <retap/text.h>

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/atomic.h"
#include "recording/format.h"
#include "recording/line.h"

#undef rr_logf
#undef rr_logf_to

#define FORMAT_FIXED 4096 /* bytes of a formatted line that need no heap */

static bool templates_off_mt;

RR_API void rr_set_log_templates(bool enabled)
{
    rt_store_relaxed(&templates_off_mt, !enabled);
}

/* The rest of a line longer than @fixed, into *heap. */
static __attribute__((noinline)) struct rt_slice format_long(char *fixed, size_t len, char **heap, const char *format, va_list args)
{
    static uint32_t site;
    *heap = malloc(len + 1);
    if (*heap)
        return rt_slice(*heap, (size_t)vsnprintf(*heap, len + 1, format, args));
    rt_warn(&site, "a log line of %zu bytes is cut at %d: no memory", len, FORMAT_FIXED - 1);
    return rt_slice(fixed, FORMAT_FIXED - 1);
}

/* @error: errno for %m. A line that can't be formatted (a wide character that the locale lacks) is its format. */
static struct rt_slice format_line(char *fixed, char **heap, int error, const char *format, size_t format_len, bool *ret_ascii, va_list args)
{
    va_list again;
    int n = rt_format(fixed, FORMAT_FIXED, format, format_len, ret_ascii, args);
    if (n >= 0)
        return rt_slice(fixed, (size_t)n);
    *ret_ascii = false;
    va_copy(again, args);
    errno = error;
    n = vsnprintf(fixed, FORMAT_FIXED, format, args);
    struct rt_slice text = n < 0 ? rt_slice(format, format_len) : rt_slice(fixed, (size_t)n);
    if (n >= FORMAT_FIXED) {
        errno = error;
        text = format_long(fixed, (size_t)n, heap, format, again);
    }
    va_end(again);
    return text;
}

static __attribute__((noinline, cold)) void warn_null(const char *what)
{
    static uint32_t site;
    rt_warn(&site, "rr_logf: %s is NULL: nothing is logged", what);
}

RR_API void rr_vlogf(rr_recording_stream rec, const char *entity_path, const char *level, const rr_log_site *site, const char *format,
                     va_list args)
{
    char fixed[FORMAT_FIXED], *heap = NULL;
    int saved = errno;
    bool ascii;
    if (!entity_path || !format) {
        warn_null(entity_path ? "the format" : "the path");
        return;
    }
    if (!rt_log_wanted(rec))
        return;
    size_t format_len = strlen(format);
    struct rt_slice text = format_line(fixed, &heap, saved, format, format_len, &ascii, args);
    bool bare = rt_load_relaxed(&templates_off_mt) || (format_len == 2 && !memcmp(format, "%s", 2));
    const struct rt_line line = { /* every member: clearing the rest at once would cost more than all of them */
        .path = entity_path,
        .path_len = strlen(entity_path),
        .level = rt_slice(level, level ? strlen(level) : 0),
        .text = text,
        .text_is_ascii = ascii,
        .template = rt_slice(format, bare ? 0 : format_len),
        .file = rt_slice(site ? site->file : NULL, site && site->file ? site->file_len : 0),
        .function = rt_slice(site ? site->function : NULL, site && site->function ? site->function_len : 0),
        .line_number = site ? site->line : 0,
        .tid = 0,
        .color = 0,
        .flags = 0,
        .time_ns = 0,
        .fields = NULL,
        .n_fields = 0,
    };
    rt_log_line_or_warn(rec, &line, "rr_logf");
    free(heap);
    errno = saved;
}

RR_API void rr_logf_at(rr_recording_stream rec, const char *entity_path, const char *level, const rr_log_site *site, const char *format, ...)
{
    va_list args;
    va_start(args, format);
    rr_vlogf(rec, entity_path, level, site, format, args);
    va_end(args);
}

RR_API void rr_logf(const char *entity_path, const char *level, const char *format, ...)
{
    va_list args;
    va_start(args, format);
    rr_vlogf(RR_CURRENT, entity_path, level, NULL, format, args);
    va_end(args);
}

RR_API void rr_logf_to(rr_recording_stream rec, const char *entity_path, const char *level, const char *format, ...)
{
    va_list args;
    va_start(args, format);
    rr_vlogf(rec, entity_path, level, NULL, format, args);
    va_end(args);
}
