/* The way in for everything that logs rows: one call that finds the stream, copies the row into the calling thread's lane and returns.
 * Public log functions are thin layers over this. */
#ifndef RT_RECORDING_LOG_H
#define RT_RECORDING_LOG_H

#include <retap/recording.h>

#include "archetype/types.h"
#include "base/slice.h"

/* One component, its instances in the form that callers have them. */
struct rt_value {
    const struct rt_component_type *type;
    uint32_t n;                  /* instances */
    const void *values;          /* fixed width: n * width bytes. Bool: n bool. Utf8, Binary: n struct rt_slice */
    const struct ArrowArray *array; /* instead, when not NULL: of type->datatype; already checked (rt_array_check()). Borrowed and copied;
                                       a large one that has a release may be moved out instead */
};

enum {
    RT_LOG_STATIC = 1 << 0,
    RT_LOG_TEXT = 1 << 1,   /* RT_ROW_TEXT */
    RT_LOG_URGENT = 1 << 2, /* level ERROR or above: written within 10 ms */
    RT_LOG_NO_TIME = 1 << 3, /* temporal, without log_time and log_tick */
    RT_LOG_RESERVED = 1 << 4, /* the path may begin with "__" */
};

/* Logs one row. @path: any form the user may write; made absolute and checked ("__" parts are refused). @time_ns: 0 = now, else log_time and
 * row id of the row. A disabled or missing current stream: nothing happens. A full lane: waits or drops as the stream says.
 * Return: 0 or a code with *err filled. Threads: any. Signals: not safe. Blocks: while the lane is full. Allocates: not after the thread's first row.
 * Fork: fine, also in children. */
rr_error_code rt_log_row(rr_recording_stream rec, const char *path, size_t path_len, uint32_t flags, int64_t time_ns,
                         const struct rt_value *values, uint32_t n, rr_error *err);
/* Would a row be taken? For callers that would do work in vain: false when logging is off or there is no current stream. */
bool rt_log_wanted(rr_recording_stream rec);

/* The library's own warnings, once a @site (a static uint32_t, 0 at first); NULL = always. Threads: any. Signals: not safe. */
void rt_warn(uint32_t *site_mt, const char *fmt, ...) __attribute__((format(printf, 2, 3)));
/* Fills *err (may be NULL) and returns @code. The text is cut at a character's boundary. */
rr_error_code rt_fail(rr_error *err, rr_error_code code, const char *fmt, ...) __attribute__((format(printf, 3, 4)));
/* For functions of retap.h: strict mode (@strict: tri-state of the call, 0 = the process') reports, else warns once at @site and returns 0. */
rr_error_code rt_misuse(uint32_t *site_mt, uint8_t strict, rr_error *err, rr_error_code code, const char *fmt, ...)
    __attribute__((format(printf, 5, 6)));

#define RR_API __attribute__((visibility("default")))

#endif
