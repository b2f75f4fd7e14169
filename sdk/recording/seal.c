/* A builder's last step before it becomes a chunk: columns as long as the rows, rows in order. */
#include <stdlib.h>

#include "recording/builder.h"

enum { ID_BYTES = 16, TIME_BYTES = 8 };

struct key {
    int64_t time;
    const uint8_t *id;
    uint32_t row;
};

static int compare_keys(const void *a, const void *b)
{
    const struct key *x = a, *y = b;
    int c = x->id ? memcmp(x->id, y->id, ID_BYTES) : 0;
    if (c)
        return c;
    if (x->time != y->time)
        return x->time < y->time ? -1 : 1;
    return x->row < y->row ? -1 : 1; /* stable */
}

/* Numbers of the rows in the order they should have; caller frees. */
static uint32_t *sorted_rows(const struct rt_builder *b)
{
    bool by_time = b->flags & RT_BUILDER_BATCH;
    struct key *keys = malloc(b->n_rows * sizeof *keys);
    uint32_t *order = malloc(b->n_rows * sizeof *order);
    for (uint32_t i = 0; keys && i < b->n_rows; i++)
        keys[i] = (struct key){by_time ? rt_builder_times(b, 0)[i] : 0, by_time ? NULL : b->ids.data + ID_BYTES * (size_t)i, i};
    if (keys)
        qsort(keys, b->n_rows, sizeof *keys, compare_keys);
    for (uint32_t i = 0; keys && order && i < b->n_rows; i++)
        order[i] = keys[i].row;
    if (!keys) {
        free(order);
        order = NULL;
    }
    free(keys);
    return order;
}

/* Elements of @width bytes in the order @order. */
static int buf_permute(struct rt_buf *buf, const uint32_t *order, uint32_t n, size_t width)
{
    struct rt_buf out = {0};
    if (rt_buf_reserve(&out, n * width) < 0)
        return -ENOMEM;
    for (uint32_t i = 0; i < n; i++)
        rt_buf_append(&out, buf->data + order[i] * width, width);
    rt_buf_deinit(buf);
    *buf = out;
    return 0;
}

static int ragged_permute(struct rt_builder_column *c, const uint32_t *order, uint32_t n)
{
    const int32_t *list = (const int32_t *)(const void *)c->list.data;
    uint32_t n_items = (uint32_t)c->items.length, at = 0, *items = malloc((n_items ? n_items : 1) * sizeof *items);
    struct rt_buf ends = {0};
    if (!items || rt_buf_reserve(&ends, 4 * (size_t)n) < 0) {
        free(items);
        return -ENOMEM;
    }
    for (uint32_t i = 0; i < n; i++) {
        for (int32_t k = order[i] ? list[order[i] - 1] : 0; k < list[order[i]]; k++)
            items[at++] = (uint32_t)k;
        rt_buf_append(&ends, &at, sizeof at);
    }
    int r = rt_array_take(&c->items, items, n_items);
    free(items);
    rt_buf_deinit(r ? &ends : &c->list);
    if (!r)
        c->list = ends;
    return r;
}

static int rows_permute(struct rt_builder *b, const uint32_t *order)
{
    int r = 0;
    for (uint32_t i = 0; !r && i < b->n_columns; i++) {
        struct rt_builder_column *c = &b->columns[i];
        r = c->ragged ? ragged_permute(c, order, b->n_rows) : rt_array_take(&c->items, order, b->n_rows);
    }
    for (uint32_t i = 0; !r && i < b->n_times; i++)
        r = buf_permute(&b->times[i].values, order, b->n_rows, TIME_BYTES);
    return !r && b->ids.len ? buf_permute(&b->ids, order, b->n_rows, ID_BYTES) : r;
}

static void look_at_times(struct rt_builder *b)
{
    for (uint32_t i = 0; i < b->n_times; i++) {
        const int64_t *t = rt_builder_times(b, i);
        b->times[i].unsorted = false;
        for (uint32_t k = 1; k < b->n_rows; k++)
            b->times[i].unsorted |= t[k] < t[k - 1];
    }
}

static int sort_rows(struct rt_builder *b)
{
    uint32_t *order = sorted_rows(b);
    int r = order ? rows_permute(b, order) : -ENOMEM;
    free(order);
    look_at_times(b);
    b->ids_unsorted = false;
    return r;
}

int rt_builder_seal(struct rt_builder *b, bool bump)
{
    int r = 0;
    for (uint32_t i = 0; !r && i < b->n_columns; i++)
        r = rt_builder_pad(b, &b->columns[i]);
    if (!r && (b->ids_unsorted || (b->flags & RT_BUILDER_BATCH && b->n_times && b->times[0].unsorted)))
        r = sort_rows(b);
    if (!r && b->flags & RT_BUILDER_BATCH && b->n_times && b->n_rows)
        rt_builder_note_times(b, bump);
    return r;
}
