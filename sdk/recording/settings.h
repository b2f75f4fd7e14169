/* When a builder is cut into a chunk: defaults, the official variables that change them, a caller's rr_chunk_batcher_config that replaces both. */
#ifndef RT_RECORDING_SETTINGS_H
#define RT_RECORDING_SETTINGS_H

#include <retap/recording.h>
#include <stdint.h>

#include "base/error.h"

struct rt_settings {
    uint64_t max_rows;          /* RERUN_FLUSH_NUM_ROWS */
    uint64_t max_bytes;         /* RERUN_FLUSH_NUM_BYTES: a number, or with a suffix as 10MB, 2MiB */
    uint64_t max_rows_unsorted; /* RERUN_CHUNK_MAX_ROWS_IF_UNSORTED */
    int64_t tick_ns;            /* RERUN_FLUSH_TICK_SECS; 0 = as the sinks say, INT64_MAX = never by time */
};

/* The defaults, as the environment changes them; a value that does not parse leaves the default, with a warning (once a variable). */
struct rt_settings rt_settings_read(void);
/* What @config says; the environment does not matter. Return: 0, -EINVAL: a size that is not that of the struct, a tick that is no time. */
int rt_settings_of_config(const rr_chunk_batcher_config *config, struct rt_settings *ret, struct rt_error *err);

/* "384KiB" → 393216. Return: 0, -EINVAL, -ERANGE. */
int rt_settings_parse_bytes(const char *text, uint64_t *ret);
/* "0.2" → 200000000; "inf" → INT64_MAX. Return: 0, -EINVAL. */
int rt_settings_parse_tick(const char *text, int64_t *ret);

#endif
