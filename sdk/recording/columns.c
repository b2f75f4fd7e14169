/* send_columns: a caller's arrays become one chunk, encoded as they are, without a builder between.
 *
 *   checks ─▶ names ─▶ order (by times, where they have none) ─▶ head, then each column: list offsets, instances
 *
 * Whether times are sorted is looked at here, whatever the caller says of them: readers believe what the chunk says. */
#include <stdlib.h>
#include <string.h>

#include "encode/bits.h"
#include "recording/inside.h"

struct column {
    const struct rt_component_type *type;
    const struct ArrowArray *array;   /* List<type> */
    struct rt_datatype list;          /* its type */
    struct rt_array sorted;           /* its elements in another order, when that has a type */
    uint32_t n_valid;
};

struct work {
    struct rt_recording *rec;
    const char *path;
    uint32_t path_len, n_rows, n_times, n_columns;
    struct rt_tuid id;
    struct column *columns;           /* sorted as chunks want them */
    struct rt_time_column *times;     /* sorted by name */
    struct rt_chunk_time *values;     /* of times */
    uint32_t *numbers;                /* of timelines, then of descriptors */
    int64_t *aligned, *moved;         /* copies of times: aligned; in another order */
    void *room;                       /* of the four above */
};

/* ---------------------------------------------------------------- checks */

static int check_time(const struct work *w, const struct rt_time_column *t, struct rt_error *err)
{
    const struct ArrowArray *a = t->array;
    int len = (int)(t->len < 100 ? t->len : 100);
    if (a->length != w->n_rows)
        return rt_error_set(err, -EINVAL, "timeline %.*s has %lld times, other columns have %u rows", len, t->name, (long long)a->length, w->n_rows);
    if (a->n_buffers != 2 || a->n_children || a->offset < 0 || !a->buffers || !a->buffers[1])
        return rt_error_set(err, -EINVAL, "timeline %.*s: not an array of int64", len, t->name);
    if (a->null_count && a->buffers[0] && rt_bits_zeros(a->buffers[0], (uint64_t)a->offset, w->n_rows))
        return rt_error_set(err, -EINVAL, "timeline %.*s has nulls", len, t->name);
    return 0;
}

static int check_column(const struct work *w, struct column *c, struct rt_error *err)
{
    struct rt_error why = {0};
    if (c->array->length != w->n_rows)
        return rt_error_set(err, -EINVAL, "component %s has %lld rows, other columns have %u", c->type->component,
                            (long long)c->array->length, w->n_rows);
    if (rt_array_check_shape(&c->list, c->array, &why))
        return rt_error_set(err, -EINVAL, "component %s: %.300s", c->type->component, why.message);
    c->n_valid = w->n_rows - (uint32_t)rt_view_nulls(&c->list, c->array, (uint64_t)c->array->offset, w->n_rows);
    return 0;
}

static int check_all(const struct work *w, struct rt_error *err)
{
    int r = 0;
    for (uint32_t i = 0; !r && i < w->n_times; i++)
        r = check_time(w, &w->times[i], err);
    for (uint32_t i = 0; !r && i < w->n_columns; i++)
        r = check_column(w, &w->columns[i], err);
    return r;
}

/* ---------------------------------------------------------------- order of columns */

static int compare_bytes(const char *a, uint32_t n, const char *b, uint32_t m)
{
    int c = memcmp(a, b, n < m ? n : m);
    return c ? c : n < m ? -1 : n > m;
}

static int compare_times(const void *a, const void *b)
{
    const struct rt_time_column *x = a, *y = b;
    return compare_bytes(x->name, x->len, y->name, y->len);
}

static int compare_columns(const void *a, const void *b)
{
    return rt_builder_compare_types(((const struct column *)a)->type, ((const struct column *)b)->type);
}

static int sort_columns(const struct work *w, struct rt_error *err)
{
    qsort(w->times, w->n_times, sizeof *w->times, compare_times);
    qsort(w->columns, w->n_columns, sizeof *w->columns, compare_columns);
    for (uint32_t i = 1; i < w->n_times; i++)
        if (!compare_times(&w->times[i - 1], &w->times[i]))
            return rt_error_set(err, -EINVAL, "timeline %.*s comes twice", (int)w->times[i].len, w->times[i].name);
    for (uint32_t i = 1; i < w->n_columns; i++)
        if (w->columns[i].type == w->columns[i - 1].type)
            return rt_error_set(err, -EINVAL, "component %s comes twice", w->columns[i].type->component);
    return 0;
}

/* Columns that are null in every row are none. */
static void drop_empty(struct work *w)
{
    uint32_t n = 0;
    for (uint32_t i = 0; i < w->n_columns; i++)
        if (w->columns[i].n_valid)
            w->columns[n++] = w->columns[i];
    w->n_columns = n;
}

/* ---------------------------------------------------------------- order of rows */

static bool is_sorted(const int64_t *v, uint32_t n)
{
    int down = 0;
    for (uint32_t i = 1; i < n; i++)
        down |= v[i] < v[i - 1];
    return !down;
}

/* Times as they are, but in a place of their own where the caller's is not aligned. */
static int read_times(struct work *w)
{
    for (uint32_t i = 0; i < w->n_times; i++) {
        const struct ArrowArray *a = w->times[i].array;
        const uint8_t *from = (const uint8_t *)a->buffers[1] + 8 * a->offset;
        const int64_t *v = (const int64_t *)(const void *)from;
        if ((uintptr_t)from % 8) {
            if (!w->aligned && !(w->aligned = malloc((size_t)w->n_rows * w->n_times * 8)))
                return -ENOMEM;
            v = memcpy(w->aligned + (size_t)i * w->n_rows, from, 8 * (size_t)w->n_rows);
        }
        w->values[i] = (struct rt_chunk_time){v, is_sorted(v, w->n_rows)};
    }
    return 0;
}

/* Rows @i and @k by their times, in the order of the names. */
static int compare_rows(const struct work *w, uint32_t i, uint32_t k)
{
    for (uint32_t t = 0; t < w->n_times; t++) {
        const int64_t *v = w->values[t].values;
        if (v[i] != v[k])
            return v[i] < v[k] ? -1 : 1;
    }
    return 0;
}

static bool rows_in_order(const struct work *w)
{
    if (!w->n_times || (w->n_times == 1 && w->values[0].sorted))
        return true;
    for (uint32_t i = 1; w->values[0].sorted && i < w->n_rows; i++)
        if (compare_rows(w, i - 1, i) > 0)
            return false;
    return w->values[0].sorted;
}

static int compare_row_numbers(const void *a, const void *b, void *ctx)
{
    uint32_t i = *(const uint32_t *)a, k = *(const uint32_t *)b;
    int c = compare_rows(ctx, i, k);
    return c ? c : i < k ? -1 : 1; /* stable */
}

static void move_times(struct work *w, const uint32_t *order)
{
    for (uint32_t t = 0; t < w->n_times; t++) {
        int64_t *to = w->moved + (size_t)t * w->n_rows;
        for (uint32_t i = 0; i < w->n_rows; i++)
            to[i] = w->values[t].values[order[i]];
        w->values[t] = (struct rt_chunk_time){to, is_sorted(to, w->n_rows)};
    }
}

static int move_columns(struct work *w, const uint32_t *order)
{
    int r = 0;
    for (uint32_t i = 0; !r && i < w->n_columns; i++) {
        struct column *c = &w->columns[i];
        r = rt_array_init(&c->sorted, &c->list);
        r = r ? r : rt_array_append(&c->sorted, c->array, 0, w->n_rows);
        r = r ? r : rt_array_take(&c->sorted, order, w->n_rows);
    }
    return r;
}

static int sort_rows(struct work *w)
{
    uint32_t *order = malloc(w->n_rows * sizeof *order);
    w->moved = malloc((size_t)w->n_rows * w->n_times * sizeof *w->moved);
    int r = order && w->moved ? 0 : -ENOMEM;
    for (uint32_t i = 0; !r && i < w->n_rows; i++)
        order[i] = i;
    if (!r) {
        qsort_r(order, w->n_rows, sizeof *order, compare_row_numbers, w);
        move_times(w, order);
        r = move_columns(w, order);
    }
    free(order);
    return r;
}

/* ---------------------------------------------------------------- encoding */

/* Do the offsets count 1, 2, 3 … from the first? */
static bool one_a_row(const uint8_t *offsets, uint32_t n)
{
    uint32_t other = 0, before, now;
    memcpy(&before, offsets, 4);
    for (uint32_t i = 1; i <= n; i++, before = now) {
        memcpy(&now, offsets + 4 * (size_t)i, 4); /* any alignment */
        other |= now - before - 1;
    }
    return !other;
}

static void put_view(struct rt_ipc_batch *batch, const struct column *c, uint32_t n, size_t *shared)
{
    const struct ArrowArray *a = c->array, *items = a->children[0];
    uint64_t first = (uint64_t)a->offset;
    struct rt_range below = rt_view_child(&c->list, a, first, n, 0);
    rt_ipc_node(batch, n, n - c->n_valid);
    uint8_t *bits = rt_ipc_buffer_room(batch, c->n_valid < n ? (n + 7) / 8 : 0);
    if (bits && c->n_valid < n)
        rt_bits_copy(bits, 0, a->buffers[0], first, n);
    if (one_a_row((const uint8_t *)a->buffers[1] + 4 * first, n)) {
        rt_chunk_counting(batch, n, shared);
    } else {
        int32_t *ends = rt_ipc_buffer_room(batch, 4 * ((size_t)n + 1));
        if (ends) {
            ends[0] = 0;
            rt_view_ends(ends + 1, false, a->buffers[1], first, n, 0);
        }
    }
    rt_ipc_view(batch, c->type->datatype, items, below.first, below.n);
}

/* What the footer says of a column with nulls. */
static void note_partial(const struct work *w, struct rt_chunk_facts *facts, uint32_t k, uint32_t column)
{
    const struct column *c = &w->columns[column];
    struct rt_span *spans = rt_chunk_facts_partial(facts, k);
    const uint8_t *bits = c->sorted.type ? c->sorted.validity.data : c->array->buffers[0];
    uint64_t first = c->sorted.type ? 0 : (uint64_t)c->array->offset;
    facts->partial[k] = (struct rt_partial){column, c->n_valid};
    for (uint32_t t = 0; t < w->n_times; t++) {
        struct rt_span s = {INT64_MAX, INT64_MIN};
        for (uint32_t i = 0; i < w->n_rows; i++) {
            int64_t v = w->values[t].values[i];
            if (!rt_bit(bits, first + i))
                continue;
            s.start = v < s.start ? v : s.start;
            s.end = v > s.end ? v : s.end;
        }
        spans[t] = s;
    }
}

static struct rt_chunk_facts *facts_of(const struct work *w)
{
    uint32_t n = 0, k = 0;
    for (uint32_t i = 0; i < w->n_columns; i++)
        n += w->columns[i].n_valid < w->n_rows;
    struct rt_chunk_facts *facts = rt_chunk_facts_new(w->n_times, n);
    for (uint32_t i = 0; facts && i < w->n_columns; i++)
        if (w->columns[i].n_valid < w->n_rows)
            note_partial(w, facts, k++, i);
    return facts;
}

static int64_t shape_of(struct work *w)
{
    struct rt_store *store = w->rec->store;
    int64_t entity = rt_store_entity(store, w->path, w->path_len), r = entity;
    for (uint32_t i = 0; r >= 0 && i < w->n_times; i++) {
        r = rt_manifest_intern_timeline(&store->names, w->times[i].name, w->times[i].len, w->times[i].type);
        w->numbers[i] = (uint32_t)r;
    }
    for (uint32_t i = 0; r >= 0 && i < w->n_columns; i++) {
        r = rt_store_descriptor(store, w->columns[i].type);
        w->numbers[w->n_times + i] = (uint32_t)r;
    }
    return r < 0 ? r : rt_store_shape(store, (uint32_t)entity, w->numbers, w->n_times, w->numbers + w->n_times, w->n_columns);
}

static int encode(struct work *w, struct rt_log_message **ret)
{
    int64_t shape = shape_of(w);
    const struct rt_chunk_head head = {w->rec->store, (uint32_t)shape, w->n_rows, w->id, NULL, w->values, false, RT_CHUNK_ROWS_COLUMNS};
    struct rt_ipc_batch batch;
    size_t n_nodes = 0, n_buffers = 0, shared = 0;
    for (uint32_t i = 0; i < w->n_columns; i++)
        rt_ipc_count(&w->columns[i].list, &n_nodes, &n_buffers);
    int r = shape < 0 ? (int)shape : rt_chunk_begin(&w->rec->encoder, &head, n_nodes, n_buffers, &batch);
    if (r)
        return r;
    for (uint32_t i = 0; i < w->n_columns; i++)
        if (w->columns[i].sorted.type)
            rt_ipc_array(&batch, &w->columns[i].sorted);
        else
            put_view(&batch, &w->columns[i], w->n_rows, &shared);
    return rt_chunk_end(&w->rec->encoder, &head, &batch, facts_of(w), ret);
}

/* ---------------------------------------------------------------- the call */

static int work_init(struct work *w, const struct rt_time_column *times, const struct rt_list_column *columns)
{
    size_t n = w->n_times, m = w->n_columns;
    w->room = calloc(1, m * sizeof *w->columns + n * (sizeof *w->times + sizeof *w->values) + (n + m) * sizeof *w->numbers);
    if (!w->room)
        return -ENOMEM;
    w->columns = w->room;
    w->times = (struct rt_time_column *)(void *)(w->columns + m);
    w->values = (struct rt_chunk_time *)(void *)(w->times + n);
    w->numbers = (uint32_t *)(void *)(w->values + n);
    for (size_t i = 0; i < n; i++)
        w->times[i] = times[i];
    for (size_t i = 0; i < m; i++) {
        const struct rt_component_type *type = columns[i].type;
        w->columns[i] = (struct column){.type = type, .array = columns[i].array,
                                        .list = {.children = &type->datatype, .n_children = 1, .kind = RT_KIND_LIST, .nullable = true}};
    }
    return 0;
}

static void work_deinit(struct work *w)
{
    for (uint32_t i = 0; w->room && i < w->n_columns; i++)
        if (w->columns[i].sorted.type)
            rt_array_deinit(&w->columns[i].sorted);
    free(w->aligned);
    free(w->moved);
    free(w->room);
}

/* Everything up to the message; *ret NULL: there is nothing to say. */
static int make_chunk(struct work *w, struct rt_log_message **ret, struct rt_error *err)
{
    int r = check_all(w, err);
    r = r ? r : sort_columns(w, err);
    if (r)
        return r;
    drop_empty(w);
    if (!w->n_columns || !w->n_rows)
        return 0;
    r = read_times(w);
    if (!r && !rows_in_order(w))
        r = sort_rows(w);
    r = r ? r : encode(w, ret);
    return r ? rt_error_set(err, r, "%.*s: cannot encode %u rows: %s", (int)w->path_len, w->path, w->n_rows, strerror(-r)) : 0;
}

int rt_recording_columns(struct rt_recording *rec, const char *path, uint32_t path_len, struct rt_tuid id, const struct rt_time_column *times,
                         uint32_t n_times, const struct rt_list_column *columns, uint32_t n_columns, struct rt_error *err)
{
    const struct ArrowArray *any = n_times ? times->array : n_columns ? columns->array : NULL;
    struct work w = {.rec = rec, .path = path, .path_len = path_len, .n_times = n_times, .n_columns = n_columns, .id = id};
    struct rt_log_message *m = NULL;
    if (any && (any->length < 0 || any->length > INT32_MAX))
        return rt_error_set(err, -EINVAL, "columns of %lld rows", (long long)any->length);
    w.n_rows = any ? (uint32_t)any->length : 0;
    int r = work_init(&w, times, columns);
    r = r ? r : make_chunk(&w, &m, err);
    if (r && r != -EINVAL)
        rec->dropped += w.n_rows;
    work_deinit(&w);
    return r || !m ? r : rt_recording_deliver(rec, m, err);
}
