#include "recording/builder.h"

#include <stdlib.h>

enum { ID_BYTES = 16, TIME_BYTES = 8 };
/* a cleared buffer keeps this much memory, and more if it was well used */
enum { KEPT_BYTES = 64 << 10 };

int rt_builder_init(struct rt_builder *b, struct rt_store *store, uint32_t entity, uint8_t flags, const struct rt_row_time *times,
                    uint32_t n_times)
{
    const char *path = rt_manifest_entity(&store->names, entity);
    *b = (struct rt_builder){.store = store, .path = path, .path_len = (uint32_t)strlen(path), .entity = entity, .flags = flags,
                             .shape = -1};
    b->times = n_times ? calloc(n_times, sizeof *b->times) : NULL;
    if (n_times && !b->times)
        return -ENOMEM;
    for (; b->n_times < n_times; b->n_times++) {
        struct rt_builder_time *t = &b->times[b->n_times];
        *t = (struct rt_builder_time){.name = strndup(times->timeline, times->len), .type = times->type, .len = times->len};
        if (!t->name) {
            rt_builder_deinit(b);
            return -ENOMEM;
        }
        times++;
    }
    return 0;
}

void rt_builder_deinit(struct rt_builder *b)
{
    for (uint32_t i = 0; i < b->n_columns; i++) {
        rt_buf_deinit(&b->columns[i].list);
        rt_array_deinit(&b->columns[i].items);
    }
    for (uint32_t i = 0; i < b->n_times; i++) {
        free(b->times[i].name);
        rt_buf_deinit(&b->times[i].values);
    }
    free(b->columns);
    free(b->times);
    rt_buf_deinit(&b->ids);
    *b = (struct rt_builder){.shape = -1};
}

/* ---------------------------------------------------------------- columns */

int rt_builder_compare_types(const struct rt_component_type *a, const struct rt_component_type *b)
{
    int c = strcmp(a->archetype ? a->archetype : "", b->archetype ? b->archetype : "");
    c = c ? c : strcmp(a->component, b->component);
    return c ? c : strcmp(a->component_type ? a->component_type : "", b->component_type ? b->component_type : "");
}

int64_t rt_builder_column(struct rt_builder *b, const struct rt_component_type *type)
{
    int64_t number = rt_store_descriptor(b->store, type);
    struct rt_builder_column *columns = number < 0 ? NULL : realloc(b->columns, (b->n_columns + 1) * sizeof *columns);
    uint8_t kind = type->datatype->kind;
    struct rt_builder_column column = {.type = type, .descriptor = (uint32_t)number, .width = rt_datatype_width(type->datatype),
                                       .is_text = kind == RT_KIND_UTF8 || kind == RT_KIND_BINARY};
    if (!columns)
        return -ENOMEM;
    b->columns = columns;
    if (rt_array_init(&column.items, type->datatype) < 0)
        return -ENOMEM;
    uint32_t at = 0;
    while (at < b->n_columns && rt_builder_compare_types(columns[at].type, type) < 0)
        at++;
    memmove(columns + at + 1, columns + at, (b->n_columns - at) * sizeof *columns);
    columns[at] = column;
    b->n_columns++;
    b->shape = -1;
    return at;
}

/* Where the column of @type is, looked for from @hint on. Return: n_columns when there is none. */
static uint32_t column_find(const struct rt_builder *b, const struct rt_component_type *type, uint32_t hint)
{
    for (uint32_t i = 0; i < b->n_columns; i++) {
        uint32_t at = hint + i < b->n_columns ? hint + i : hint + i - b->n_columns;
        if (b->columns[at].type == type)
            return at;
    }
    return b->n_columns;
}

uint32_t rt_builder_find(const struct rt_builder *b, const struct rt_component_type *type)
{
    return column_find(b, type, 0);
}

int rt_builder_make_ragged(struct rt_builder_column *c)
{
    if (c->ragged)
        return 0;
    int r = rt_buf_reserve(&c->list, 4 * (size_t)c->n_rows);
    if (r < 0)
        return r;
    int32_t *list = (int32_t *)(void *)c->list.data;
    for (uint32_t i = 0; i < c->n_rows; i++)
        list[i] = (int32_t)i + 1;
    c->list.len = 4 * (size_t)c->n_rows;
    c->ragged = true;
    return 0;
}

int rt_builder_pad(struct rt_builder *b, struct rt_builder_column *c)
{
    if (c->n_rows >= b->n_rows)
        return 0;
    size_t n = 4 * (size_t)(b->n_rows - c->n_rows);
    int r = rt_builder_make_ragged(c);
    if (r < 0 || (r = rt_buf_reserve(&c->list, n)) < 0)
        return r;
    int32_t *list = (int32_t *)(void *)(c->list.data + c->list.len);
    for (uint32_t i = c->n_rows; i < b->n_rows; i++)
        *list++ = (int32_t)c->items.length;
    c->list.len += n;
    c->n_rows = b->n_rows;
    b->n_bytes += n;
    return 0;
}

/* ---------------------------------------------------------------- a row */

/* For names: memcmp() of so few bytes costs more than they do. */
static bool same_bytes(const char *a, const char *b, uint32_t n)
{
    uint64_t x, y;
    if (n < 8)
        return !memcmp(a, b, n);
    memcpy(&x, a + n - 8, 8); /* paths differ at their ends */
    memcpy(&y, b + n - 8, 8);
    if (x != y)
        return false;
    for (uint32_t i = 0; i < n - 8; i += 8) {
        memcpy(&x, a + i, 8);
        memcpy(&y, b + i, 8);
        if (x != y)
            return false;
    }
    return true;
}

static uint32_t hint_of(const struct rt_builder *b, uint32_t source)
{
    return source < RT_BUILDER_HINTS ? b->hints[source] : 0;
}

static void hint_set(struct rt_builder *b, uint32_t source, uint32_t column)
{
    if (source < RT_BUILDER_HINTS && column <= UINT16_MAX)
        b->hints[source] = (uint16_t)column;
}

static bool same_times(const struct rt_builder *b, const struct rt_row *row)
{
    for (uint32_t i = 0; i < b->n_times; i++) {
        const struct rt_builder_time *t = &b->times[i];
        const struct rt_row_time *r = &row->times[i];
        if (t->len != r->len || t->type != r->type || !same_bytes(t->name, r->timeline, t->len))
            return false;
    }
    return true;
}

/* No type comes twice, so as many of them that are all there are the same set. */
static bool same_columns(struct rt_builder *b, const struct rt_row *row)
{
    if (b->n_columns != row->n_cells)
        return false;
    for (uint32_t i = 0; i < row->n_cells; i++) {
        uint32_t at = hint_of(b, i);
        if (at < b->n_columns && b->columns[at].type == row->cells[i].type)
            continue;
        if ((at = column_find(b, row->cells[i].type, 0)) == b->n_columns)
            return false;
        hint_set(b, i, at);
    }
    return true;
}

bool rt_builder_takes(struct rt_builder *b, const struct rt_row *row)
{
    uint32_t n_times = row->flags & RT_ROW_STATIC ? 0 : row->n_times;
    bool is_static = row->flags & RT_ROW_STATIC, text = row->flags & RT_ROW_TEXT;
    return b->path_len == row->path_len && b->n_times == n_times && b->flags == (is_static * RT_BUILDER_STATIC | text * RT_BUILDER_TEXT) &&
        same_bytes(b->path, row->path, b->path_len) && same_times(b, row) && (text || same_columns(b, row));
}

/* The place of the cell's column, which may be new in a row of text. */
static int64_t cell_column(struct rt_builder *b, const struct rt_row *row, uint32_t i)
{
    uint32_t at = hint_of(b, i);
    if (at < b->n_columns && b->columns[at].type == row->cells[i].type)
        return at;
    at = column_find(b, row->cells[i].type, 0);
    int64_t r = at < b->n_columns ? at : rt_builder_column(b, row->cells[i].type);
    if (r >= 0)
        hint_set(b, i, (uint32_t)r);
    return r;
}

static bool is_urgent(const struct rt_cell *c)
{
    return c->n == 1 && !c->array &&
        ((c->n_bytes == 5 && !memcmp(c->values, "ERROR", 5)) || (c->n_bytes == 8 && !memcmp(c->values, "CRITICAL", 8)));
}

/* The usual cell: one text or one number, where there is room. Return: false when it is another. */
static inline bool cell_append_fast(struct rt_builder_column *c, const struct rt_cell *cell)
{
    struct rt_array *a = &c->items;
    size_t n = cell->n_bytes;
    if (c->ragged || cell->n != 1 || cell->array || a->n_nulls || a->values.cap - a->values.len < n)
        return false;
    if (c->width ? n != c->width : !c->is_text || !a->offsets.len || a->offsets.cap - a->offsets.len < 4 || a->values.len + n > INT32_MAX)
        return false;
    if (n) /* an empty text may come before there is any room */
        memcpy(a->values.data + a->values.len, cell->values, n);
    a->values.len += n;
    a->length++;
    c->n_rows++;
    if (c->width)
        return true;
    *(int32_t *)(void *)(a->offsets.data + a->offsets.len) = (int32_t)a->values.len;
    a->offsets.len += 4;
    return true;
}

static int cell_append(struct rt_builder *b, struct rt_builder_column *c, const struct rt_cell *cell)
{
    int r = rt_builder_pad(b, c);
    if (!r && cell_append_fast(c, cell)) {
        b->n_bytes += cell->n_bytes + 4;
        return 0;
    }
    if (!r && cell->n != 1)
        r = rt_builder_make_ragged(c);
    if (!r && c->ragged)
        r = rt_buf_reserve(&c->list, 4);
    if (r)
        return r;
    if (!cell->array) {
        r = rt_array_append_flat(&c->items, cell->n, cell->ends, cell->values, cell->n_bytes);
        b->n_bytes += cell->n_bytes + 4 * (size_t)cell->n;
    } else {
        b->n_bytes -= rt_array_bytes(&c->items);
        r = rt_array_append(&c->items, cell->array, 0, cell->n);
        b->n_bytes += rt_array_bytes(&c->items);
    }
    if (r)
        return r;
    if (c->ragged) {
        int32_t end = (int32_t)c->items.length;
        rt_buf_append(&c->list, &end, sizeof end);
    }
    c->n_rows++;
    return 0;
}

/* The last row of a column goes again. */
static int column_drop_row(struct rt_builder_column *c)
{
    const int32_t *list = (const int32_t *)(const void *)c->list.data;
    uint32_t n = c->n_rows - 1, n_items = !c->ragged ? n : n ? (uint32_t)list[n - 1] : 0;
    uint32_t *order = malloc((n_items ? n_items : 1) * sizeof *order);
    for (uint32_t i = 0; order && i < n_items; i++)
        order[i] = i;
    int r = order ? rt_array_take(&c->items, order, n_items) : -ENOMEM;
    free(order);
    c->list.len -= c->ragged ? 4 : 0;
    c->n_rows = n;
    return r;
}

/* Undoes the cells of a row that failed; all rows go where there is no memory for that. */
static void row_undo(struct rt_builder *b)
{
    int r = 0;
    for (uint32_t i = 0; !r && i < b->n_columns; i++)
        if (b->columns[i].n_rows > b->n_rows)
            r = column_drop_row(&b->columns[i]);
    if (r)
        rt_builder_clear(b);
}

static void id_append(struct rt_builder *b, struct rt_tuid id)
{
    struct rt_tuid last = b->last_id;
    rt_tuid_bytes(id, b->ids.data + b->ids.len);
    if (b->n_rows && (last.time_ns > id.time_ns || (last.time_ns == id.time_ns && last.inc > id.inc)))
        b->ids_unsorted = true;
    b->last_id = id;
    b->ids.len += ID_BYTES;
}

static void time_append(struct rt_builder *b, struct rt_builder_time *t, int64_t value)
{
    int64_t *p = (int64_t *)(void *)(t->values.data + t->values.len);
    *p = value;
    if (b->n_rows && p[-1] > value)
        t->unsorted = true;
    t->values.len += TIME_BYTES;
}

static int row_room(struct rt_builder *b)
{
    int r = rt_buf_reserve(&b->ids, ID_BYTES);
    for (uint32_t i = 0; !r && i < b->n_times; i++)
        r = rt_buf_reserve(&b->times[i].values, TIME_BYTES);
    return r;
}

int rt_builder_add(struct rt_builder *b, const struct rt_row *row, struct rt_error *err)
{
    uint64_t bytes = b->n_bytes;
    int r = row_room(b);
    for (uint32_t i = 0; !r && i < row->n_cells; i++) {
        int64_t at = cell_column(b, row, i);
        r = at < 0 ? (int)at : cell_append(b, &b->columns[at], &row->cells[i]);
    }
    if (r) {
        b->n_bytes = bytes;
        row_undo(b);
        return rt_error_set(err, r, "%s: %s", b->path, r == -ENOMEM ? "out of memory" : "rows of more than 2 GiB");
    }
    if (b->flags & RT_BUILDER_TEXT)
        for (uint32_t i = 0; i < row->n_cells; i++)
            b->urgent |= row->cells[i].type->number == RT_C_TextLog_level + 1 && is_urgent(&row->cells[i]);
    id_append(b, row->id);
    for (uint32_t i = 0; i < b->n_times; i++)
        time_append(b, &b->times[i], row->times[i].value);
    b->n_bytes += ID_BYTES + TIME_BYTES * b->n_times;
    b->n_rows++;
    return 0;
}

/* ---------------------------------------------------------------- memory */

static void buf_recycle(struct rt_buf *buf)
{
    if (buf->cap > KEPT_BYTES && buf->len < buf->cap / 8)
        rt_buf_deinit(buf);
    buf->len = 0;
}

void rt_builder_clear(struct rt_builder *b)
{
    for (uint32_t i = 0; i < b->n_columns; i++) {
        struct rt_builder_column *c = &b->columns[i];
        buf_recycle(&c->list);
        rt_array_clear(&c->items);
        c->n_rows = 0;
        c->ragged = false;
    }
    for (uint32_t i = 0; i < b->n_times; i++) {
        buf_recycle(&b->times[i].values);
        b->times[i].unsorted = false;
    }
    buf_recycle(&b->ids);
    b->n_rows = 0;
    b->n_bytes = 0;
    b->ids_unsorted = b->urgent = false;
}

void rt_builder_trim(struct rt_builder *b)
{
    for (uint32_t i = 0; i < b->n_columns; i++) {
        struct rt_builder_column *c = &b->columns[i];
        rt_buf_deinit(&c->list);
        struct rt_array empty;
        if (rt_array_init(&empty, c->type->datatype) == 0) {
            rt_array_deinit(&c->items);
            c->items = empty;
        }
    }
    for (uint32_t i = 0; i < b->n_times; i++)
        rt_buf_deinit(&b->times[i].values);
    rt_buf_deinit(&b->ids);
}
