/* A sink takes whole frames, in order. What is written is either all there or not at all. */
#ifndef RT_RECORDING_SINK_H
#define RT_RECORDING_SINK_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/stat.h>

#include "base/error.h"

struct rt_sink;
struct rt_sink_ops {
    /* @n bytes of whole frames. Return: 0, -errno; after a failure none of them is in the sink. */
    int (*write)(struct rt_sink *sink, const void *data, size_t n, struct rt_error *err);
    /* Closes and frees. Return: 0, -errno of the last chance to notice a failed write. */
    int (*close)(struct rt_sink *sink, struct rt_error *err);
};

struct rt_sink {
    const struct rt_sink_ops *ops;
    uint64_t written;  /* bytes of whole frames in the stream */
    char *path;        /* absolute */
    struct stat opened; /* what the path was when it was opened */
};

#define RT_SINK_CREATE UINT64_MAX /* for @keep: create or empty the file */

/* Opens @path for writing; an existing file is cut to @keep bytes, which go on counting as written. The fd
 * is close-on-exec and 64 or above, out of the way of hosts that close or reuse the small numbers. Before
 * each write it must still be the file that was opened. gives *ret. Return: 0, -errno. */
int rt_sink_file_open(const char *path, uint64_t keep, struct rt_sink **ret, struct rt_error *err);

#endif
