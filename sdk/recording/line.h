/* A log line on its way to rt_log_row(): what rr_log_text(), rr_logf() and the logging handler have in common. */
#ifndef RT_RECORDING_LINE_H
#define RT_RECORDING_LINE_H

#include <retap/text.h>

#include "recording/log.h"

struct rt_line {
    const char *path;      /* path_len bytes */
    size_t path_len;
    struct rt_slice level; /* empty: none */
    struct rt_slice text;  /* any bytes */
    bool text_is_ascii;    /* that is known already; false: it is looked at */
    struct rt_slice file, function, template; /* empty: none */
    uint32_t line_number, tid, color;         /* 0: none */
    uint32_t flags;        /* RT_LOG_* beside those that follow from the line */
    int64_t time_ns;       /* 0 = now */
    const rr_field *fields;
    uint32_t n_fields;
};

/* Repairs what is not UTF-8 and logs the row. Return: as rt_log_row(). */
rr_error_code rt_log_line(rr_recording_stream rec, const struct rt_line *line, rr_error *err);
/* The same for callers without an error: what went wrong is warned of once, beginning with @call. */
void rt_log_line_or_warn(rr_recording_stream rec, const struct rt_line *line, const char *call);

/* A row of this level is written at once. */
static inline uint32_t rt_urgency(struct rt_slice level)
{
    return (level.n == 5 && !memcmp(level.p, RR_LOG_LEVEL_ERROR, 5)) || (level.n == 8 && !memcmp(level.p, RR_LOG_LEVEL_CRITICAL, 8))
               ? RT_LOG_URGENT
               : 0;
}

#endif
