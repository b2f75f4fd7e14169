#include "recording/foreign.h"

#include <rerun.h>
#include <stdlib.h>

#include "encode/readdress.h"

/* ---------------------------------------------------------------- names */

static int64_t descriptor(struct rt_store *store, const struct rt_chunk *c, const struct rt_chunk_column *col, struct rt_error *err)
{
    const struct rt_descriptor d = {(char *)(uintptr_t)col->name, (char *)(uintptr_t)col->archetype, (char *)(uintptr_t)col->component_type,
                                    col->datatype};
    if (!col->datatype)
        return rt_error_set(err, -ENOTSUP, "%s: %s has a type that this library does not know", c->entity_path, col->name);
    if (rt_manifest_name_clashes(&store->names, &d))
        return rt_error_set(err, -ENOTSUP, "%s: %s cannot be told from another component in a footer", c->entity_path, col->name);
    return rt_manifest_intern_descriptor(&store->names, &d);
}

static uint8_t time_type(const struct rt_chunk_column *col)
{
    return col->time_unit == 't' ? RR_TIME_TYPE_TIMESTAMP : col->time_unit == 'd' ? RR_TIME_TYPE_DURATION : RR_TIME_TYPE_SEQUENCE;
}

/* A chunk's columns by kind. */
struct columns {
    const struct rt_chunk_column **times, **data; /* times sorted by name */
    uint32_t n_times, n_data;
};

static int by_name(const void *a, const void *b)
{
    const struct rt_chunk_column *const *x = a, *const *y = b;
    return strcmp((*x)->name, (*y)->name);
}

static bool sort_columns(const struct rt_chunk *c, struct columns *ret)
{
    *ret = (struct columns){.times = malloc((c->n_columns + 1) * sizeof(void *)), .data = malloc((c->n_columns + 1) * sizeof(void *))};
    if (!ret->times || !ret->data)
        return false;
    for (uint32_t i = 0; i < c->n_columns; i++)
        if (c->columns[i].kind == RT_COLUMN_TIMELINE)
            ret->times[ret->n_times++] = &c->columns[i];
        else if (c->columns[i].kind == RT_COLUMN_COMPONENT)
            ret->data[ret->n_data++] = &c->columns[i];
    qsort(ret->times, ret->n_times, sizeof(void *), by_name);
    return true;
}

static int64_t shape_of(struct rt_store *store, const struct rt_chunk *c, const struct columns *cols, struct rt_error *err)
{
    uint32_t *numbers = malloc((cols->n_times + cols->n_data + 1) * sizeof *numbers), n = 0;
    int64_t number = numbers ? rt_store_entity(store, c->entity_path, strlen(c->entity_path)) : -ENOMEM, entity = number;
    for (uint32_t i = 0; number >= 0 && i < cols->n_times; i++) {
        const char *name = cols->times[i]->name;
        number = i && !strcmp(name, cols->times[i - 1]->name) ? rt_error_set(err, -EBADMSG, "%s: timeline %s is there twice", c->entity_path, name)
                                                              : rt_manifest_intern_timeline(&store->names, name, strlen(name), time_type(cols->times[i]));
        numbers[n++] = (uint32_t)number;
    }
    for (uint32_t i = 0; number >= 0 && i < cols->n_data; i++) {
        number = descriptor(store, c, cols->data[i], err);
        numbers[n++] = (uint32_t)number;
    }
    if (number >= 0)
        number = rt_store_shape(store, (uint32_t)entity, numbers, cols->n_times, numbers + cols->n_times, cols->n_data);
    free(numbers);
    return number;
}

/* ---------------------------------------------------------------- facts */

static bool is_null(const struct rt_chunk_column *col, uint32_t row)
{
    return col->validity && !(col->validity[row / 8] >> row % 8 & 1);
}

static uint32_t count_partial(const struct rt_chunk *c, const struct columns *cols)
{
    uint32_t n = 0;
    for (uint32_t i = 0; i < cols->n_data; i++)
        for (uint32_t row = 0; row < c->n_rows; row++)
            if (is_null(cols->data[i], row)) {
                n++;
                break;
            }
    return n;
}

/* The span of a timeline over all rows, or those where @col is not null. Return: how many rows that are. */
static uint32_t span_of(const struct rt_chunk *c, const struct rt_chunk_column *time, const struct rt_chunk_column *col, struct rt_span *ret)
{
    uint32_t n = 0;
    *ret = (struct rt_span){0};
    for (uint32_t row = 0; row < c->n_rows; row++) {
        if (col && is_null(col, row))
            continue;
        int64_t t = time ? rt_time_value(time, row) : 0;
        if (!n || t < ret->start)
            ret->start = t;
        if (!n || t > ret->end)
            ret->end = t;
        n++;
    }
    return n;
}

static void fill_partial(const struct rt_chunk *c, const struct columns *cols, struct rt_chunk_facts *f)
{
    struct rt_span unused;
    for (uint32_t i = 0, k = 0; i < cols->n_data && k < f->n_partial; i++) {
        uint32_t n = span_of(c, NULL, cols->data[i], &unused);
        if (n == c->n_rows)
            continue;
        f->partial[k] = (struct rt_partial){i, n};
        for (uint32_t t = 0; t < cols->n_times; t++)
            span_of(c, cols->times[t], cols->data[i], rt_chunk_facts_partial(f, k) + t);
        k++;
    }
}

static struct rt_chunk_facts *facts_of(const struct rt_chunk *c, const struct columns *cols, uint32_t shape, uint64_t size)
{
    struct rt_chunk_facts *f = rt_chunk_facts_new(cols->n_times, count_partial(c, cols));
    if (!f)
        return NULL;
    f->shape = shape;
    f->n_rows = c->n_rows;
    f->size = size;
    f->raw_size = c->memory.len;
    memcpy(f->id, c->id, sizeof f->id);
    for (uint32_t t = 0; t < cols->n_times; t++)
        span_of(c, cols->times[t], NULL, &f->spans[t]);
    fill_partial(c, cols, f);
    return f;
}

/* ---------------------------------------------------------------- message */

static int make(struct rt_store *store, const struct rt_frame *frame, const struct rt_chunk *c, const struct columns *cols,
                struct rt_log_message **ret, struct rt_error *err)
{
    struct rt_buf out = {0};
    int64_t shape = shape_of(store, c, cols, err);
    int r = shape < 0 ? (int)shape : rt_rrd_readdress(&out, frame, &store->id);
    struct rt_log_message *m = r ? NULL : rt_message_new(store, RT_MESSAGE_CHUNK, out.len);
    if (m) {
        memcpy(m->frame, out.data, out.len);
        m->is_static = c->is_static;
        m->foreign = true;
        m->n_rows = c->n_rows;
        m->facts = facts_of(c, cols, (uint32_t)shape, out.len - RT_RRD_FRAME_HEADER_BYTES);
    }
    rt_buf_deinit(&out);
    if (r || !m || !m->facts) {
        rt_message_unref(m);
        return r ? r : -ENOMEM;
    }
    *ret = m;
    return 0;
}

int rt_foreign_chunk(struct rt_store *store, const struct rt_frame *frame, struct rt_log_message **ret, struct rt_error *err)
{
    struct rt_chunk c;
    struct columns cols = {0};
    int r = rt_chunk_decode(frame, &c, err);
    if (r)
        return r < 0 ? r : -EBADMSG;
    r = sort_columns(&c, &cols) ? make(store, frame, &c, &cols, ret, err) : -ENOMEM;
    free(cols.times);
    free(cols.data);
    rt_chunk_deinit(&c);
    return r;
}
