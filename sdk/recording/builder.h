/* A builder: rows of one kind on their way into a chunk, as columns from the start.
 *
 *   kind     entity, static or not, timelines, components. Log lines (text, batch) have no set of components: a column that comes later begins
 *            with empty lists for the rows before it, and stays: a row (and a later chunk) without it would otherwise show the value of the
 *            row before, as viewers carry values forward over nulls and gaps
 *   ids      [ id0 id1 … ] as the chunk has them; a batch's are counted from the chunk's id instead
 *   time     [ t0 t1 … ] of each timeline
 *   column   list    end of each row's instances, once a row had not exactly one ("ragged"); before, row i has instance i
 *            items   the instances
 */
#ifndef RT_RECORDING_BUILDER_H
#define RT_RECORDING_BUILDER_H

#include <retap/columns.h>

#include "archetype/types.h"
#include "encode/array.h"
#include "encode/decode.h"
#include "recording/row.h"
#include "recording/store.h"

enum {
    RT_BUILDER_STATIC = 1 << 0,
    RT_BUILDER_TEXT = 1 << 1,  /* of log lines */
    RT_BUILDER_BATCH = 1 << 2, /* of log lines that come as batches: timeline log_time, sorted by it, without row ids */
};

struct rt_builder_time {
    char *name;
    uint8_t type;          /* RR_TIME_TYPE_* */
    uint8_t len;           /* of the name */
    bool unsorted;         /* some time is smaller than the one before */
    struct rt_buf values;  /* of int64_t */
};

struct rt_builder_column {
    const struct rt_component_type *type;
    uint32_t descriptor;   /* in the store */
    uint32_t n_rows;
    uint32_t mark;         /* last batch that brought it */
    uint32_t width;        /* bytes of an instance; 0 = not one run of them */
    bool is_text;          /* Utf8, Binary */
    bool ragged;
    struct rt_buf list;    /* of int32_t */
    struct rt_array items;
};

#define RT_BUILDER_HINTS 32

struct rt_builder {
    struct rt_store *store;      /* borrowed */
    const char *path;            /* borrowed from the store */
    uint32_t entity, path_len;
    uint8_t flags;               /* RT_BUILDER_* */
    bool ids_unsorted, urgent;
    bool has_last;               /* last_time is valid */
    bool dirty;                  /* in the recording's list of those with rows */
    uint32_t n_rows, n_columns, n_times, mark;
    uint32_t idle;               /* looks of the recording at it without a row */
    int64_t shape;               /* of the present columns; -1 = not made yet */
    struct rt_tuid last_id;      /* of the last row */
    int64_t last_time;           /* batches: ns; greatest time written */
    uint64_t n_bytes;            /* of the rows */
    uint64_t hash;               /* of the kind */
    struct rt_builder_time *times;
    struct rt_builder_column *columns; /* sorted as chunks want them: archetype, identifier */
    struct rt_buf ids;           /* of 16 bytes */
    struct rt_builder *next;     /* of those with rows */
    struct rt_builder *follower; /* that of the row after the last of this one; borrowed */
    uint16_t hints[RT_BUILDER_HINTS]; /* where source number n of the last row or batch had its column */
};

/* @entity: a number of @store, which must outlive the builder. The timelines are copied. Return: 0, -ENOMEM. */
int rt_builder_init(struct rt_builder *b, struct rt_store *store, uint32_t entity, uint8_t flags, const struct rt_row_time *times,
                    uint32_t n_times);
void rt_builder_deinit(struct rt_builder *b);

/* Is @row of the builder's kind? */
bool rt_builder_takes(struct rt_builder *b, const struct rt_row *row);
/* Appends a row of its kind. All or nothing; where not even that can be had, the builder's rows are gone, too: then n_rows is 0.
 * Return: 0, -ENOMEM, -EOVERFLOW. */
int rt_builder_add(struct rt_builder *b, const struct rt_row *row, struct rt_error *err);
/* Appends rows [from, to) of @batch (a builder of batches). All or nothing. Return: 0, -EINVAL (unknown or repeated component), -ENOMEM. */
int rt_builder_append(struct rt_builder *b, const rr_text_batch *batch, uint32_t from, uint32_t to, struct rt_error *err);
/* Appends rows [from, to) of a decoded chunk of @shape, which has no null cells; a builder of batches takes no row ids. After a failure the
 * builder is of no use. Return: 0, -EBADMSG: the chunk is not of that shape, -ENOTSUP, -ENOMEM, -EOVERFLOW. */
int rt_builder_append_chunk(struct rt_builder *b, const struct rt_shape *shape, const struct rt_chunk *c, uint32_t from, uint32_t to);
/* Adds a column without rows, where there is none. Return: its place, -ENOMEM. */
int64_t rt_builder_column(struct rt_builder *b, const struct rt_component_type *type);
/* Where the column of @type is. Return: n_columns when there is none. */
uint32_t rt_builder_find(const struct rt_builder *b, const struct rt_component_type *type);
/* The order of columns in a chunk: archetype, component, component type. */
int rt_builder_compare_types(const struct rt_component_type *a, const struct rt_component_type *b);
/* The type of a component that batches name. Return: NULL when there is no such component. */
const struct rt_component_type *rt_builder_component(const char *identifier);

/* From now on the column has its own list offsets; rows so far had one instance each. Return: 0, -ENOMEM. */
int rt_builder_make_ragged(struct rt_builder_column *c);
/* Rows that lack the column, up to the builder's: empty lists. Return: 0, -ENOMEM. */
int rt_builder_pad(struct rt_builder *b, struct rt_builder_column *c);
/* Of sorted batches: remembers the last time; before that, times are made unique in the entity when @bump. */
void rt_builder_note_times(struct rt_builder *b, bool bump);

/* Before encoding: all columns as long as the rows; rows sorted by id, those of batches by time (stable), and times then made unique in the
 * entity when @bump. Return: 0, -ENOMEM. */
int rt_builder_seal(struct rt_builder *b, bool bump);
/* Forgets the rows, keeps the columns and memory that was well used. */
void rt_builder_clear(struct rt_builder *b);
/* Gives all memory for rows back; there are none. */
void rt_builder_trim(struct rt_builder *b);

static inline const int64_t *rt_builder_times(const struct rt_builder *b, uint32_t i)
{
    return (const int64_t *)(const void *)b->times[i].values.data;
}

#endif
