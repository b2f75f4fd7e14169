/* retap/handler.h: a handler for logging frameworks, as the LoggingHandler of the Python SDK: one record in, one TextLog row out.
 *
 *   framework ─▶ adapter ─▶ rr_log_record ─▶ level, filter ─▶ path: prefix/logger ─▶ body: the message, or a formatter's text ─▶ recording
 *
 *   rr_logging_handler *h = rr_logging_handler_new("/logs");
 *   rr_logging_handler_set_filter(h, "warn,net=debug,net::tls=off", NULL);
 *   rr_logging_handler_emit(h, &record);            logger "net.http" goes to /logs/net/http
 *
 * A logger's name is taken apart at "." and "/" and "::"; its parts are escaped. Without a prefix the root logger is /root, and names that
 * Rerun reserves ("__main__") stand under /logs.
 *
 * Rows go to the current recording of the thread that emits, unless rr_logging_handler_set_recording() names one. The setters may be called
 * while other threads emit: each record is judged by the one or the other setting, whole.
 * A record that is emitted while the same thread is inside the same handler (a formatter that logs) or by the library's own worker (a sink
 * that logs) is cut and counted: it would never end.
 * Threads: any. Signals: not safe. Fork: fine, also in children. */
#ifndef RETAP_HANDLER_H
#define RETAP_HANDLER_H

#include <rerun.h>
#include <retap/fields.h>
#include <retap/text.h>

#ifdef __cplusplus
extern "C" {
#endif

typedef struct rr_logging_handler rr_logging_handler;

/** Severities as Python numbers them; numbers between them are allowed. */
enum {
    RR_LEVELNO_NOTSET = 0,
    RR_LEVELNO_TRACE = 5,
    RR_LEVELNO_DEBUG = 10,
    RR_LEVELNO_INFO = 20,
    RR_LEVELNO_WARN = 30,
    RR_LEVELNO_ERROR = 40,
    RR_LEVELNO_CRITICAL = 50,
    RR_LEVELNO_OFF = INT32_MAX, /* as a threshold: nothing */
};

/** What a framework knows of a line; everything is borrowed during the call, 0 and NULL mean unknown. */
typedef struct rr_log_record {
    uint32_t struct_size;
    int32_t levelno;        /* RR_LEVELNO_*; 0: follows from levelname, INFO for an unknown one */
    const char *levelname;  /* written as it is, WARNING as WARN; NULL: follows from levelno, "Level 25" for one without a name */
    const char *logger;     /* "net.http": becomes the path behind the prefix; NULL or "" = the root logger */
    const char *message;
    const char *file, *function;
    uint32_t line;
    uint64_t thread;        /* the system's id (gettid); component retap.Log:tid */
    int64_t time_ns;        /* since the epoch; 0 = now */
    const rr_field *fields; /* further components */
    uint32_t n_fields;
} rr_log_record;

static inline rr_log_record rr_log_record_default(void)
{
    rr_log_record r; /* one by one: this is part of every emit */
    r.struct_size = (uint32_t)sizeof r;
    r.levelno = RR_LEVELNO_NOTSET;
    r.levelname = r.logger = r.message = r.file = r.function = NULL;
    r.line = 0;
    r.thread = 0;
    r.time_ns = 0;
    r.fields = NULL;
    r.n_fields = 0;
    return r;
}

/** @path_prefix: an entity path, copied; NULL or "" = none: the path is the logger's name. gives a handler without filter that takes every
 * level. Return: NULL without memory. */
rr_logging_handler *rr_logging_handler_new(const char *path_prefix);
/** No call with @handler may run or follow. NULL is allowed. */
void rr_logging_handler_free(rr_logging_handler *handler);

/** Logs the record. A record with a @message NULL has the empty text. Blocks: while the thread's lane is full. */
void rr_logging_handler_emit(rr_logging_handler *handler, const rr_log_record *record);
/** Would a record of this logger (NULL = root) and level be taken, whatever its text? For adapters that format in vain otherwise. */
bool rr_logging_handler_enabled(rr_logging_handler *handler, const char *logger, int32_t levelno);
/** Hands all that was emitted before to the operating system, as rr_recording_stream_flush_blocking(). */
void rr_logging_handler_flush(rr_logging_handler *handler, float timeout_sec, rr_error *err);
/** Records that were cut because they came out of the handling of another. */
uint64_t rr_logging_handler_recursions(const rr_logging_handler *handler);

/* ---------------------------------------------------------------- settings. Each blocks for a grace period: some milliseconds at most. */

/** Least severity: a level's name in any case ("warn", "warning"), "off", or a number; NULL = everything.
 * Return: 0, or 0x12 with nothing changed. */
rr_error_code rr_logging_handler_set_level(rr_logging_handler *handler, const char *level, rr_error *err);

/**
 * As env_logger reads RUST_LOG: directives with commas between, then perhaps a slash and a pattern.
 *   warn              this and what is worse, from every logger without a directive of its own
 *   net=debug         loggers whose name begins so; the longest such directive rules. off, error, warn, info, debug, trace, any case
 *   net::tls          every level
 *   …/pattern         only texts that match: a POSIX extended regular expression
 * A logger without a directive is silent; no directive at all ("", "/pattern") means error. "::" and "." in names are the same, as long as both
 * are separators. NULL = no filter. A level set by rr_logging_handler_set_level() rules as well.
 * Return: 0, or 0x12 with nothing changed; the message names the directive.
 */
rr_error_code rr_logging_handler_set_filter(rr_logging_handler *handler, const char *filter, rr_error *err);

/** Writes the body of @record to @buf as snprintf does, always NUL-terminated when @size > 0. Return: the whole length in bytes without NUL; when
 * that is @size or more it is called again with more room. */
typedef size_t (*rr_log_formatter)(void *ctx, const rr_log_record *record, char *buf, size_t size);
#define RR_FORMATTER_WAIT_SECS 10
/** The body is what @formatter makes of the record instead of its message; NULL = the message. When the call returns no thread is inside the
 * old one any more, unless that one itself made the call, or a thread stayed in it for RR_FORMATTER_WAIT_SECS. */
void rr_logging_handler_set_formatter(rr_logging_handler *handler, rr_log_formatter formatter, void *ctx);

/** What separates the parts of a logger's name; NULL = "." and "/" and "::" alike, "" = nothing does: the name is one part. Copied.
 * Return: 0, or 0x12 for one of more than 15 bytes. */
rr_error_code rr_logging_handler_set_separator(rr_logging_handler *handler, const char *separator, rr_error *err);
/** Where the rows go: a stream, or RR_CURRENT (as at first) for the current one of the emitting thread. */
void rr_logging_handler_set_recording(rr_logging_handler *handler, rr_recording_stream rec);

#ifdef __cplusplus
}
#endif

#endif
