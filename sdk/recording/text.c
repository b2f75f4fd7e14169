/* Ready log lines. The usual one, ASCII without fields, goes straight into the lane: three lengths, one look at the bytes. */
#include <retap/text.h>

#include <errno.h>

#include "base/utf8.h"
#include "recording/line.h"
#include "recording/plain.h"

#undef rr_log_text

#define RT_UNLIKELY(x) __builtin_expect(!!(x), 0)

static __attribute__((noinline, cold)) void warn_null(const char *what)
{
    static uint32_t site;
    rt_warn(&site, "rr_log_text: %s is NULL: nothing is logged", what);
}

static __attribute__((noinline)) void log_any(rr_recording_stream rec, struct rt_slice path, struct rt_slice level, struct rt_slice text,
                                              const rr_field *fields, uint32_t n_fields)
{
    if (!path.p || !text.p) {
        warn_null(path.p ? "the text" : "the path");
        return;
    }
    struct rt_line line = {.path = path.p, .path_len = path.n, .level = level, .text = text, .fields = fields, .n_fields = n_fields};
    rt_log_line_or_warn(rec, &line, "rr_log_text");
}

static inline void log_text(rr_recording_stream rec, struct rt_slice path, struct rt_slice level, struct rt_slice text, const rr_field *fields,
                            uint32_t n_fields)
{
    if (RT_UNLIKELY(n_fields || !path.p || !text.p || !rt_utf8_is_ascii(text.p, text.n) || !rt_utf8_is_ascii(level.p, level.n))) {
        log_any(rec, path, level, text, fields, n_fields);
        return;
    }
    uint32_t flags = RT_LOG_TEXT | rt_urgency(level);
    if (RT_UNLIKELY(rt_log_plain_text(rec, path.p, path.n, flags, text, level) == RT_PLAIN_NOT))
        log_any(rec, path, level, text, NULL, 0);
}

RR_API void rr_log_text_n(rr_recording_stream rec, const char *entity_path, size_t path_len, const char *level, size_t level_len,
                          const char *text, size_t text_len, const rr_field *fields, uint32_t n_fields)
{
    int saved = errno;
    log_text(rec, rt_slice(entity_path, path_len), rt_slice(level, level ? level_len : 0), rt_slice(text_len ? text : "", text_len), fields,
             n_fields);
    errno = saved;
}

RR_API void rr_log_text(rr_recording_stream rec, const char *entity_path, const char *level, const char *text, const rr_field *fields,
                        uint32_t n_fields)
{
    int saved = errno;
    if (RT_UNLIKELY(!entity_path || !text))
        warn_null(entity_path ? "the text" : "the path");
    else
        log_text(rec, rt_slice(entity_path, strlen(entity_path)), rt_slice(level, level ? strlen(level) : 0), rt_slice(text, strlen(text)),
                 fields, n_fields);
    errno = saved;
}

/* ---------------------------------------------------------------- with an error */

/* The argument that is NULL and must not be; NULL = none. */
static const char *null_argument(const char *entity_path, const char *text, const rr_text_log_options *o)
{
    return !entity_path ? "entity_path" : !text ? "text" : o->n_fields && !o->fields ? "options->fields" : NULL;
}

static rr_error_code log_with(rr_recording_stream rec, const char *entity_path, const char *text, const rr_text_log_options *o,
                              const char *level, rr_error *err)
{
    static uint32_t null_site, failed_site;
    rr_error why;
    const char *null = null_argument(entity_path, text, o);
    if (null)
        return rt_misuse(&null_site, o->strict, err, RR_ERROR_CODE_UNEXPECTED_NULL_ARGUMENT, "a log line's argument '%s' is NULL", null);
    struct rt_line line = {
        .path = entity_path,
        .path_len = strlen(entity_path),
        .level = rt_slice(level, level ? strlen(level) : 0),
        .text = rt_slice(text, strlen(text)),
        .color = o->color,
        .flags = o->is_static ? RT_LOG_STATIC : 0,
        .fields = o->fields,
        .n_fields = o->n_fields,
    };
    rr_error_code code = rt_log_line(rec, &line, &why);
    return code ? rt_misuse(&failed_site, o->strict, err, code, "%s", why.description) : code;
}

/* The caller's options; what its header does not know is zero. Return: in strict mode the code of a struct that was not begun with …_default();
 * *ret is the default then. */
static rr_error_code options_of(const rr_text_log_options *given, rr_text_log_options *ret, rr_error *err)
{
    static uint32_t site_mt;
    *ret = rr_text_log_options_default();
    if (given && given->struct_size < offsetof(rr_text_log_options, level) + sizeof given->level)
        return rt_misuse(&site_mt, 0, err, RR_ERROR_CODE_INVALID_ENUM_VALUE,
                         "%s: struct_size is %u, not %u: start from …_default()", "options", given->struct_size,
                         (unsigned)sizeof *ret);
    if (given)
        memcpy(ret, given, given->struct_size < sizeof *ret ? given->struct_size : sizeof *ret);
    return RR_ERROR_CODE_OK;
}

RR_API rr_error_code rr_log_text_ex(rr_recording_stream rec, const char *entity_path, const char *text, const rr_text_log_options *options,
                                    rr_error *err)
{
    rr_text_log_options o;
    rr_error_code code = options_of(options, &o, err);
    return code ? code : log_with(rec, entity_path, text, &o, o.level, err);
}

RR_API rr_error_code rr_log_text_entry(rr_recording_stream rec, const char *entity_path, const char *text,
                                       const rr_text_log_options *options, rr_error *err)
{
    rr_text_log_options o;
    rr_error_code code = options_of(options, &o, err);
    return code ? code : log_with(rec, entity_path, text, &o, o.level ? o.level : RR_LOG_LEVEL_INFO, err);
}
