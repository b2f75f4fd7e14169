/* retap/text.h: log lines: archetype TextLog, with named fields beside the text.
 *
 *   rr_log_text(RR_CURRENT, "/logs/arm", RR_LOG_LEVEL_WARN, "torque high", RR_FIELDS(rr_i64("joint", 3)));
 *   rr_logf("/logs/arm", RR_LOG_LEVEL_INFO, "joint %d reached", 3);     with file, line, function and format beside the text
 *
 * A log call that went wrong is not worth a failing program, so these calls have no error parameter: a line is recorded whatever its bytes
 * (what is not UTF-8 becomes U+FFFD, rr_log_repaired() counts such lines), misuse is warned of once a kind, and what was lost is counted
 * by rr_recording_stream_dropped(). Only rr_log_text_ex() and rr_log_text_entry() report.
 *
 * Everything is borrowed during the call. Without a current recording, or with logging off, nothing happens.
 * Threads: any. Signals: not safe, see rr_log_signal_safe(). Blocks: while the thread's lane is full (RR_FULL_BLOCK). Allocates: nothing
 * after the thread's first row, except for lines above 4 KiB that are formatted or repaired. Fork: fine, also in children. */
#ifndef RETAP_TEXT_H
#define RETAP_TEXT_H

#include <stdarg.h>
#include <rerun.h>
#include <retap/fields.h>

#ifdef __cplusplus
extern "C" {
#endif

/** The levels that viewers colour; the spelling matters. Any other text is a level as well. ERROR and CRITICAL are written within 10 ms. */
#define RR_LOG_LEVEL_CRITICAL "CRITICAL"
#define RR_LOG_LEVEL_ERROR    "ERROR"
#define RR_LOG_LEVEL_WARN     "WARN"
#define RR_LOG_LEVEL_INFO     "INFO"
#define RR_LOG_LEVEL_DEBUG    "DEBUG"
#define RR_LOG_LEVEL_TRACE    "TRACE"

#define RR_TEXT_FIELDS_MOST 64 /* fields of one line; more are left out with a warning */

/* ---------------------------------------------------------------- ready lines */

/** @level NULL or "": none. Fields: RR_FIELDS(…) or RR_NO_FIELDS. A macro, too, that counts the bytes of literals at compile time. */
void rr_log_text(rr_recording_stream rec, const char *entity_path, const char *level, const char *text, const rr_field *fields,
                 uint32_t n_fields);
/** The same with lengths in bytes, nothing NUL-terminated. */
void rr_log_text_n(rr_recording_stream rec, const char *entity_path, size_t path_len, const char *level, size_t level_len, const char *text,
                   size_t text_len, const rr_field *fields, uint32_t n_fields);

/* The lengths of literals are known to the compiler. */
static inline void rr_log_text_known(rr_recording_stream rec, const char *entity_path, const char *level, const char *text,
                                     const rr_field *fields, uint32_t n_fields)
{
    rr_log_text_n(rec, entity_path, entity_path ? strlen(entity_path) : 0, level, level ? strlen(level) : 0, text, text ? strlen(text) : 1,
                  fields, n_fields);
}
#define rr_log_text(rec_, entity_path_, level_, text_, ...) rr_log_text_known(rec_, entity_path_, level_, text_, __VA_ARGS__)

/** Start from rr_text_log_options_default(). */
typedef struct rr_text_log_options {
    uint32_t struct_size;
    const char *level;      /* NULL = none; for rr_log_text_entry() INFO */
    uint32_t color;         /* 0xRRGGBBAA; 0 = none */
    const rr_field *fields; /* n_fields */
    uint32_t n_fields;
    uint8_t is_static;      /* 1: without time ("timeless"), shadows the entity's temporal lines; viewers' text views do not show it */
    uint8_t strict;         /* tri-state, default: rr_strict_mode() */
} rr_text_log_options;

static inline rr_text_log_options rr_text_log_options_default(void)
{
    rr_text_log_options o;
    memset(&o, 0, sizeof o);
    o.struct_size = (uint32_t)sizeof o;
    return o;
}

/** With all there is; @options NULL = defaults. Return: 0, or in strict mode the code also put in *err: 0x11 for a NULL path or text or fields,
 * 0x12 for a path that cannot be. */
rr_error_code rr_log_text_ex(rr_recording_stream rec, const char *entity_path, const char *text, const rr_text_log_options *options,
                             rr_error *err);
/** The oldest call of the SDK: as rr_log_text_ex(), but level INFO when the options name none. */
rr_error_code rr_log_text_entry(rr_recording_stream rec, const char *entity_path, const char *text, const rr_text_log_options *options,
                                rr_error *err);

/** Lines of this process in which bytes were replaced by U+FFFD. */
uint64_t rr_log_repaired(void);

/* ---------------------------------------------------------------- formatted lines */

/** Where a line comes from: components retap.Log:file, line, function. */
typedef struct rr_log_site {
    const char *file, *function;
    uint32_t file_len, function_len; /* bytes */
    uint32_t line;                   /* 0 = unknown */
} rr_log_site;

/** As printf; longer than 4 KiB too. @site may be NULL; the format becomes retap.Log:template, unless it is "%s" alone. */
void rr_logf_at(rr_recording_stream rec, const char *entity_path, const char *level, const rr_log_site *site, const char *format, ...)
    __attribute__((format(printf, 5, 6)));
void rr_vlogf(rr_recording_stream rec, const char *entity_path, const char *level, const rr_log_site *site, const char *format, va_list args)
    __attribute__((format(printf, 5, 0)));
/** Into the current recording, into @rec. In C and C++ both are macros, too, which add the call's file, line and function. */
void rr_logf(const char *entity_path, const char *level, const char *format, ...) __attribute__((format(printf, 3, 4)));
void rr_logf_to(rr_recording_stream rec, const char *entity_path, const char *level, const char *format, ...)
    __attribute__((format(printf, 4, 5)));
/** Process-wide, on at first: does a formatted line carry its format as retap.Log:template? */
void rr_set_log_templates(bool enabled);

#ifdef __cplusplus
static inline const rr_log_site *rr_log_site_of(const rr_log_site &site) { return &site; }
#define RR_LOG_SITE                                                                                                              \
    rr_log_site_of(rr_log_site{__FILE__, __func__, (uint32_t)sizeof __FILE__ - 1, (uint32_t)sizeof __func__ - 1, (uint32_t)__LINE__})
#else
#define RR_LOG_SITE                                                                                                                \
    (&(const rr_log_site){__FILE__, __func__, (uint32_t)sizeof __FILE__ - 1, (uint32_t)sizeof __func__ - 1, (uint32_t)__LINE__})
#endif
#define rr_logf(entity_path_, level_, ...) rr_logf_at(RR_REC_STREAM_CURRENT_RECORDING, entity_path_, level_, RR_LOG_SITE, __VA_ARGS__)
#define rr_logf_to(rec_, entity_path_, level_, ...) rr_logf_at(rec_, entity_path_, level_, RR_LOG_SITE, __VA_ARGS__)

/* ---------------------------------------------------------------- from signal handlers */

#define RR_SIGNAL_TEXT_MOST 900 /* bytes of path, level and text together; the text is cut there */
#define RR_SIGNAL_ROWS_MOST 256 /* lines of the process that wait for the worker; beyond it a line is dropped and counted */

/**
 * A line from a signal handler, also one that interrupted a log call of the same thread. RR_CURRENT means the global recording here.
 * The worker takes it over within its tick (at most 0.2 s). A cut text ends in "…".
 * Return: false when it was dropped: no stream was made yet, RR_SIGNAL_ROWS_MOST are waiting, or no path or text was given.
 * Threads: any. Signals: safe. Blocks: never. Fork: the child loses what waits; the parent writes it.
 */
bool rr_log_signal_safe(rr_recording_stream rec, const char *entity_path, const char *level, const char *text);
/** Lines of signal handlers that were dropped. */
uint64_t rr_log_signal_dropped(void);

#ifdef __cplusplus
}
#endif

#endif
