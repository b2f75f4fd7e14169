/* Rows on their way into the recording: per entity a small batch of columns, handed on by one rr_text_columns() call when it is full.
 * Numbers what programs said (seq is dense per recording, in the order of rt_rows_add; a cell stands only where it jumps within the entity)
 * and counts what is stored. */
#ifndef RT_COLLECT_ROWS_H
#define RT_COLLECT_ROWS_H

#include <retap.h>

#include "base/buf.h"
#include "base/level.h"
#include "collect/fields.h"

#define RT_ENTITIES_MAX  1000u /* paths under /logs; what comes after goes to /logs/other/<source> */

struct rt_row_arg;

/* Cells that only some rows have; NULL, 0 or -1 = absent, as said. Borrowed. */
struct rt_log_row {
    int64_t time_ns; /* since the epoch */
    uint64_t mono_ns; /* 0 absent: a row of the collector's own, which is not numbered */
    uint32_t pid, tid; /* 0 absent; tid is written only where it is not the pid */
    enum rt_level level;
    const char *text;
    size_t text_len;
    const void *raw;
    size_t raw_len;
    int64_t pri;    /* -1 absent */
    int64_t errnum; /* 0 absent */
    uint32_t line;  /* 0 absent */
    uint32_t flags; /* 0 absent; RT_ROW_* */
    struct { const char *p; size_t n; } ident, file, function, facility, host, module, template;
    struct { const uint8_t *p; size_t n; } build_id;
    int64_t offset; /* in the module; 0 absent */
    const struct rt_row_arg *args;
    uint32_t n_args;
    const struct rt_row_field *fields;
    uint32_t n_fields;
};

struct rt_row_arg { /* what a call was given; its numbers stand beside the texts, NAN where there is none */
    const char *text;
    uint32_t len;
    double number;
};

struct rt_entity;
struct rt_rows {
    rr_recording_stream rec;
    struct rt_entity **table; /* open addressing, by hash of path */
    uint32_t n_entities, n_slots;
    uint64_t next_seq;
    size_t kept; /* bytes that the batches have had since memory was last given back */
    bool resumed; /* after a dead collector: what each entity's last seq was is not known, so its first row tells */
    uint64_t n_stored, n_failed; /* handed on; refused, and not counted by the recording */
};

int rt_rows_init(struct rt_rows *r, rr_recording_stream rec);
void rt_rows_deinit(struct rt_rows *r);

/* The entity of a path (valid as long as @r), made at first use. NULL: no memory, or RT_ENTITIES_MAX reached. */
struct rt_entity *rt_rows_entity(struct rt_rows *r, const char *path);

/* Copies the row. Return: 0, or -EIO when the recording could not write (the rows are then counted there), -ENOMEM. */
int rt_rows_add(struct rt_rows *r, struct rt_entity *e, const struct rt_log_row *row);

/* Hands all batches to the recording. */
int rt_rows_flush(struct rt_rows *r);

#endif
