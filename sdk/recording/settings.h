/* When a builder is cut into a chunk; defaults, and the official variables that change them. */
#ifndef RT_RECORDING_SETTINGS_H
#define RT_RECORDING_SETTINGS_H

#include <stdint.h>

struct rt_settings {
    uint64_t max_rows;          /* RERUN_FLUSH_NUM_ROWS */
    uint64_t max_bytes;         /* RERUN_FLUSH_NUM_BYTES: a number, or with a suffix as 10MB, 2MiB */
    uint64_t max_rows_unsorted; /* RERUN_CHUNK_MAX_ROWS_IF_UNSORTED */
    int64_t tick_ns;            /* RERUN_FLUSH_TICK_SECS; 0 = as the sinks say, INT64_MAX = never by time */
};

/* Values that do not parse leave the default. */
struct rt_settings rt_settings_read(void);
/* "384KiB" → 393216. Return: 0, -EINVAL, -ERANGE. */
int rt_settings_parse_bytes(const char *text, uint64_t *ret);

#endif
