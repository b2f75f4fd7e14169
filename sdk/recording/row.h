/* One row on its way from a lane into a builder. */
#ifndef RT_RECORDING_ROW_H
#define RT_RECORDING_ROW_H

#include <stdbool.h>
#include <stddef.h>

#include "archetype/types.h"
#include "encode/rrd_write.h"

/* The instances of one component in a row: flat (values in their Arrow form, no nulls) or any Arrow array. */
struct rt_cell {
    const struct rt_component_type *type;
    uint32_t n;                   /* instances */
    const uint32_t *ends;         /* Utf8, Binary: n ends in values, the first instance begins at 0; else NULL */
    const void *values;           /* n * width bytes, or the bytes of all instances; Bool: a byte each, 0 or 1 */
    size_t n_bytes;               /* of values */
    const struct ArrowArray *array; /* instead, when not NULL: checked, its length is n */
};

struct rt_row_time {
    const char *timeline;  /* len bytes, not NUL-terminated */
    uint8_t len;
    uint8_t type;          /* RR_TIME_TYPE_* */
    int64_t value;
};

enum {
    RT_ROW_STATIC = 1 << 0, /* no times */
    RT_ROW_TEXT = 1 << 1,   /* a log line: components that other rows of the entity have and this one lacks are empty lists here, never
                               null or another chunk: viewers would show the previous row's */
};

struct rt_row {
    struct rt_tuid id;
    const char *path;     /* absolute, escaped: "/logs/arm"; path_len bytes, not NUL-terminated */
    uint32_t path_len;
    uint32_t flags;       /* RT_ROW_* */
    uint32_t n_times, n_cells;
    const struct rt_row_time *times; /* sorted by name, unique */
    const struct rt_cell *cells;     /* no type twice */
};

#endif
