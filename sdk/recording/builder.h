/* A builder: rows of one entity on their way into a chunk, as columns from the start.
 *
 *   times    [ t0 t1 t2 … ]
 *   column   list    end of each row's instances, once a row had not exactly one ("ragged"); before, row i has
 *                    instance i
 *            ends    Utf8, Binary: end of each instance in values
 *            values  the instances' bytes
 *
 * A column that comes later begins with empty lists for the rows before it, and stays: a row (and a later
 * chunk) without it would otherwise show the value of the row before, as viewers carry values forward over
 * nulls and gaps. */
#ifndef RT_RECORDING_BUILDER_H
#define RT_RECORDING_BUILDER_H

#include <retap.h>

#include "archetype/table.h"
#include "base/buf.h"
#include "base/error.h"
#include "recording/store.h"

struct rt_builder_column {
    struct rt_component component; /* as the caller named it; its identifier is owned */
    uint32_t descriptor;           /* in the store; its component is the name that is written */
    uint32_t n_rows, n_items;
    unsigned width;                /* bytes of an instance; 0 = Utf8, Binary */
    uint32_t mark;                 /* last batch that brought it */
    bool ragged;
    struct rt_buf list, ends, values; /* of int32_t, int32_t, bytes */
};

#define RT_BUILDER_HINTS 32

struct rt_builder {
    const char *path;            /* borrowed from the store */
    uint32_t entity;             /* in the store */
    int64_t shape;               /* of the present columns; -1 = not made yet */
    bool is_static;
    bool unsorted;               /* some time is smaller than the one before */
    bool has_last;               /* last_time is valid */
    uint32_t n_rows, n_columns, mark;
    int64_t last_time;           /* ns; greatest time written */
    struct rt_buf times;         /* of int64_t */
    uint16_t hints[RT_BUILDER_HINTS]; /* where source number n of the last batch had its column */
    struct rt_builder_column *columns; /* sorted as chunks want them: archetype, identifier */
    struct rt_store *store;      /* borrowed */
};

/* @entity: the path's number in @store, which must outlive the builder. */
void rt_builder_init(struct rt_builder *b, struct rt_store *store, uint32_t entity, bool is_static);
void rt_builder_deinit(struct rt_builder *b);

/* Appends rows [from, to) of @batch. All or nothing. Return: 0, -EINVAL (unknown or repeated component),
 * -ENOMEM. */
int rt_builder_append(struct rt_builder *b, const rr_text_batch *batch, uint32_t from, uint32_t to,
                      struct rt_error *err);
/* Adds a column without rows (for the continuation of a file). Return: 0, -EINVAL, -ENOMEM. */
int rt_builder_add_column(struct rt_builder *b, const char *identifier, struct rt_error *err);
/* Bytes that the rows hold. */
uint64_t rt_builder_bytes(const struct rt_builder *b);

/* Before encoding: all columns as long as the rows, rows sorted by time (stable); times then made unique
 * in the entity when @bump. Return: 0, -ENOMEM. */
int rt_builder_seal(struct rt_builder *b, bool bump);
/* Forgets the rows, keeps the columns. */
void rt_builder_clear(struct rt_builder *b);

#endif
