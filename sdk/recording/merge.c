/* Decoded chunks back into builders. */
#include "recording/builder.h"

static uint8_t time_type_of(char unit)
{
    return unit == 's' ? RR_TIME_TYPE_SEQUENCE : unit == 'd' ? RR_TIME_TYPE_DURATION : RR_TIME_TYPE_TIMESTAMP;
}

static void append_ids(struct rt_builder *b, const struct rt_chunk *c, uint32_t from, uint32_t to)
{
    const uint8_t *ids = b->ids.data + b->ids.len;
    rt_buf_append(&b->ids, c->row_ids + 16 * (size_t)from, 16 * (size_t)(to - from)); /* reserved */
    for (uint32_t i = b->n_rows ? 0 : 1; i < to - from; i++)
        b->ids_unsorted |= memcmp(ids + 16 * (int64_t)i - 16, ids + 16 * (size_t)i, 16) > 0;
}

static void append_times(struct rt_builder_time *t, const struct rt_chunk_column *col, uint32_t n_before, uint32_t from, uint32_t to)
{
    const int64_t *v = (const int64_t *)(const void *)t->values.data;
    rt_buf_append(&t->values, col->values + 8 * (size_t)from, 8 * (size_t)(to - from));
    for (uint32_t i = n_before ? n_before : 1; i < n_before + to - from; i++)
        t->unsorted |= v[i] < v[i - 1];
}

/* Ends of the rows' instances, where some row has not exactly one. */
static int append_list(struct rt_builder_column *b, const struct rt_chunk_column *col, uint32_t from, uint32_t to)
{
    const int32_t *ends = col->is_list ? col->list_offsets : NULL;
    bool one_each = true;
    for (uint32_t i = from; ends && i < to; i++)
        one_each &= ends[i + 1] - ends[i] == 1;
    int r = one_each && !b->ragged ? 0 : rt_builder_make_ragged(b);
    if (r || !b->ragged)
        return r;
    if (rt_buf_reserve(&b->list, 4 * (size_t)(to - from)) < 0)
        return -ENOMEM;
    int32_t *list = (int32_t *)(void *)(b->list.data + b->list.len), base = (int32_t)b->items.length, first = ends ? ends[from] : (int32_t)from;
    for (uint32_t i = from; i < to; i++)
        *list++ = base + (ends ? ends[i + 1] : (int32_t)i + 1) - first;
    b->list.len += 4 * (size_t)(to - from);
    return 0;
}

static int append_column(struct rt_builder *b, struct rt_builder_column *c, const struct rt_chunk_column *col, uint32_t from, uint32_t to)
{
    uint64_t first = col->is_list ? (uint64_t)col->list_offsets[from] : from, end = col->is_list ? (uint64_t)col->list_offsets[to] : to;
    int r = rt_builder_pad(b, c);
    b->n_bytes -= rt_array_bytes(&c->items) + c->list.len;
    r = r ? r : append_list(c, col, from, to);
    r = r ? r : rt_array_append(&c->items, rt_chunk_items(col), first, end - first);
    b->n_bytes += rt_array_bytes(&c->items) + c->list.len;
    c->n_rows += to - from;
    return r;
}

static bool is_descriptor(const struct rt_chunk_column *col, const struct rt_descriptor *d)
{
    return col->kind == RT_COLUMN_COMPONENT && !strcmp(col->name, d->component) && col->datatype && rt_datatype_equal(col->datatype, d->datatype);
}

/* Column @col of the chunk, of descriptor @number. */
static int append_component(struct rt_builder *b, const struct rt_chunk_column *col, uint32_t number, uint32_t from, uint32_t to)
{
    const struct rt_component_type *type = rt_store_type(b->store, number);
    if (!type || !is_descriptor(col, rt_manifest_descriptor(&b->store->names, number)))
        return type ? -EBADMSG : -ENOMEM;
    if (col->validity)
        return -ENOTSUP;
    int64_t at = rt_builder_find(b, type);
    if (at == b->n_columns)
        at = rt_builder_column(b, type);
    return at < 0 ? (int)at : append_column(b, &b->columns[at], col, from, to);
}

static int room(struct rt_builder *b, uint32_t n)
{
    int r = b->flags & RT_BUILDER_BATCH ? 0 : rt_buf_reserve(&b->ids, 16 * (size_t)n);
    for (uint32_t i = 0; !r && i < b->n_times; i++)
        r = rt_buf_reserve(&b->times[i].values, 8 * (size_t)n);
    return r;
}

/* The chunk's columns: row ids anywhere, then timelines and components as the shape has them. */
static int append_columns(struct rt_builder *b, const struct rt_shape *shape, const struct rt_chunk *c, uint32_t from, uint32_t to)
{
    uint32_t n_times = 0, n = 0;
    int r = 0;
    for (uint32_t i = 0; !r && i < c->n_columns; i++) {
        const struct rt_chunk_column *col = &c->columns[i];
        if (col->kind == RT_COLUMN_TIMELINE) {
            struct rt_builder_time *t = n_times < b->n_times ? &b->times[n_times++] : NULL;
            if (!t || strcmp(t->name, col->name) || t->type != time_type_of(col->time_unit))
                return -EBADMSG;
            append_times(t, col, b->n_rows, from, to);
        } else if (col->kind == RT_COLUMN_COMPONENT) {
            r = n < shape->n ? append_component(b, col, rt_manifest_descriptors_of(&b->store->names, shape)[n], from, to) : -EBADMSG;
            n++;
        }
    }
    return r ? r : n_times == b->n_times && n == shape->n ? 0 : -EBADMSG;
}

int rt_builder_append_chunk(struct rt_builder *b, const struct rt_shape *shape, const struct rt_chunk *c, uint32_t from, uint32_t to)
{
    int r = room(b, to - from);
    r = r ? r : append_columns(b, shape, c, from, to);
    if (r)
        return r;
    if (!(b->flags & RT_BUILDER_BATCH))
        append_ids(b, c, from, to);
    b->n_rows += to - from;
    b->n_bytes += (uint64_t)(to - from) * (8 * b->n_times + (b->flags & RT_BUILDER_BATCH ? 0 : 16));
    return 0;
}
