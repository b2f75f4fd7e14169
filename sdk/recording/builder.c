#include "recording/builder.h"

#include <stdio.h>

#include "base/level.h"

enum { ROW_BYTES = 16 + 8 };               /* row id, time */
/* a cleared column keeps this much memory, and more if it was well used */
enum { KEPT_BYTES = 64 << 10 };
/* Times are made unique against the entity's last one only when that is so near. */
#define SAME_BURST_NS 10000000

static int64_t *times_of(const struct rt_builder *b)
{
    return (int64_t *)(void *)b->times.data;
}

void rt_builder_init(struct rt_builder *b, struct rt_store *store, uint32_t entity, bool is_static)
{
    *b = (struct rt_builder){.path = rt_manifest_entity(&store->names, entity), .entity = entity, .shape = -1,
                             .is_static = is_static, .store = store};
}

static void column_deinit(struct rt_builder_column *c)
{
    free((void *)(uintptr_t)c->component.identifier);
    rt_buf_deinit(&c->list);
    rt_buf_deinit(&c->ends);
    rt_buf_deinit(&c->values);
}

void rt_builder_deinit(struct rt_builder *b)
{
    for (uint32_t i = 0; i < b->n_columns; i++)
        column_deinit(&b->columns[i]);
    free(b->columns);
    rt_buf_deinit(&b->times);
    *b = (struct rt_builder){.shape = -1};
}

/* ---------------------------------------------------------------- columns */

static int compare_columns(const struct rt_component *a, const struct rt_component *b)
{
    int c = strcmp(a->archetype, b->archetype);
    return c ? c : strcmp(a->identifier, b->identifier);
}

static bool has_descriptor(const struct rt_builder *b, int64_t descriptor)
{
    for (uint32_t i = 0; i < b->n_columns; i++)
        if (b->columns[i].descriptor == descriptor)
            return true;
    return false;
}

/* The number of the descriptor under which a component is written: a field whose name differs from
 * another's only in characters that a manifest cannot tell apart (a.b, a_b) is written as a.b_2. */
static int64_t descriptor_for(struct rt_builder *b, const struct rt_component *c)
{
    struct rt_descriptor d = {(char *)(uintptr_t)c->identifier, (char *)(uintptr_t)c->archetype,
                              (char *)(uintptr_t)c->component_type, c->item};
    char *name = NULL;
    int64_t number = -1;
    for (unsigned k = 2; number < 0; k++) {
        if (!rt_manifest_name_clashes(&b->store->names, &d)) {
            number = rt_manifest_intern_descriptor(&b->store->names, &d);
            if (number < 0 || !has_descriptor(b, number))
                break;
            number = -1;
        }
        free(name);
        if (asprintf(&name, "%s_%u", c->identifier, k) < 0)
            return -ENOMEM;
        d.component = name;
    }
    free(name);
    return number;
}

static int column_insert(struct rt_builder *b, const struct rt_component *component, uint32_t *ret)
{
    int64_t number = descriptor_for(b, component);
    char *name = number < 0 ? NULL : strdup(component->identifier);
    struct rt_builder_column *columns = name ? realloc(b->columns, (b->n_columns + 1) * sizeof *columns)
        : NULL;
    if (!columns) {
        free(name);
        return -ENOMEM;
    }
    uint32_t at = 0;
    while (at < b->n_columns && compare_columns(&columns[at].component, component) < 0)
        at++;
    memmove(columns + at + 1, columns + at, (b->n_columns - at) * sizeof *columns);
    columns[at] = (struct rt_builder_column){.component = *component, .descriptor = (uint32_t)number,
                                            .width = rt_datatype_width(component->item)};
    columns[at].component.identifier = name;
    b->columns = columns;
    b->n_columns++;
    b->shape = -1;
    *ret = at;
    return 0;
}

/* Finds or makes the column. @hint: where it was last time. */
static int column_get(struct rt_builder *b, const char *identifier, uint32_t *hint, struct rt_error *err)
{
    struct rt_component component;
    for (uint32_t i = 0; i < b->n_columns; i++) {
        uint32_t at = *hint + i < b->n_columns ? *hint + i : *hint + i - b->n_columns;
        if (!strcmp(b->columns[at].component.identifier, identifier)) {
            *hint = at;
            return 0;
        }
    }
    if (!rt_component_find(identifier, &component))
        return rt_error_set(err, -EINVAL, "%s: no such component: %s", b->path, identifier);
    return column_insert(b, &component, hint);
}

int rt_builder_add_column(struct rt_builder *b, const char *identifier, struct rt_error *err)
{
    uint32_t at = 0;
    return column_get(b, identifier, &at, err);
}

static bool is_variable(const struct rt_builder_column *c)
{
    return c->width == 0;
}

/* From now on the column has its own list offsets; rows so far had one instance each. */
static int column_make_ragged(struct rt_builder_column *c)
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

/* Rows that lack the column, up to @n_rows: empty lists. */
static int column_pad(struct rt_builder_column *c, uint32_t n_rows)
{
    if (c->n_rows >= n_rows)
        return 0;
    int r = column_make_ragged(c);
    if (r < 0 || (r = rt_buf_reserve(&c->list, 4 * (size_t)(n_rows - c->n_rows))) < 0)
        return r;
    int32_t *list = (int32_t *)(void *)(c->list.data + c->list.len);
    for (uint32_t i = c->n_rows; i < n_rows; i++)
        *list++ = (int32_t)c->n_items;
    c->list.len += 4 * (size_t)(n_rows - c->n_rows);
    c->n_rows = n_rows;
    return 0;
}

/* ---------------------------------------------------------------- appending: room first, then nothing fails */

/* One column of a batch, whatever it came from. */
struct source {
    uint32_t column;
    uint32_t first, n_items; /* instances of the rows asked for */
    const uint32_t *list;    /* NULL: one a row */
    const uint32_t *value_offsets;
    const uint8_t *values;
    const rr_level *levels; /* instead of values: texts by their number */
};

static bool needs_list(const struct source *s, uint32_t from, uint32_t to)
{
    if (s->levels)
        return memchr(s->levels + from, RR_LEVEL_NONE, to - from) != NULL;
    return s->list != NULL;
}

enum { LEVEL_ROOM = 8 }; /* longest level text */

static size_t source_bytes(const struct source *s, unsigned width)
{
    if (s->levels)
        return (size_t)s->n_items * LEVEL_ROOM;
    if (!s->n_items)
        return 0;
    return width ? (size_t)s->n_items * width
        : (size_t)s->value_offsets[s->first + s->n_items] - s->value_offsets[s->first];
}

static int source_reserve(struct rt_builder *b, const struct source *s, uint32_t from, uint32_t to,
                          struct rt_error *err)
{
    struct rt_builder_column *c = &b->columns[s->column];
    size_t bytes;
    if (c->mark == b->mark)
        return rt_error_set(err, -EINVAL, "%s: component given twice: %s", b->path, c->component.identifier);
    c->mark = b->mark;
    if (is_variable(c) && !s->levels && !s->value_offsets && s->n_items)
        return rt_error_set(err, -EINVAL, "%s: component without value_offsets: %s", b->path,
                            c->component.identifier);
    bytes = source_bytes(s, c->width);
    if (c->values.len + bytes > INT32_MAX || (uint64_t)c->n_items + s->n_items > INT32_MAX)
        return rt_error_set(err, -EINVAL, "%s: rows of more than 2 GiB: %s", b->path,
                            c->component.identifier);
    int r = column_pad(c, b->n_rows);
    if (!r && (c->ragged || needs_list(s, from, to))) {
        r = column_make_ragged(c);
        r = r ? r : rt_buf_reserve(&c->list, 4 * (size_t)(to - from));
    }
    r = r ? r : rt_buf_reserve(&c->values, bytes);
    return r || !is_variable(c) ? r : rt_buf_reserve(&c->ends, 4 * (size_t)s->n_items);
}

static void append_list(struct rt_builder_column *c, const struct source *s, uint32_t from, uint32_t to)
{
    if (!c->ragged)
        return;
    int32_t *list = (int32_t *)(void *)(c->list.data + c->list.len), n = (int32_t)c->n_items;
    for (uint32_t i = from; i < to; i++)
        *list++ = s->levels ? (n += s->levels[i] != RR_LEVEL_NONE)
                            : n + (int32_t)(s->list ? s->list[i + 1] - s->first : i + 1 - from);
    c->list.len += 4 * (size_t)(to - from);
}

static void append_values(struct rt_builder_column *c, const struct source *s)
{
    unsigned width = c->width;
    if (!s->n_items)
        return;
    size_t first = width ? (size_t)s->first * width : s->value_offsets[s->first], n = source_bytes(s, width);
    uint32_t base = (uint32_t)(c->values.len - first);
    if (n)
        memcpy(c->values.data + c->values.len, s->values + first, n);
    c->values.len += n;
    if (width)
        return;
    int32_t *ends = (int32_t *)(void *)(c->ends.data + c->ends.len); /* reserved: not null */
    for (uint32_t i = 1; i <= s->n_items; i++)
        *ends++ = (int32_t)(base + s->value_offsets[s->first + i]);
    c->ends.len += 4 * (size_t)s->n_items;
}

/* The texts of levels, each padded so that one store of LEVEL_ROOM bytes writes it. */
static void append_levels(struct rt_builder_column *c, const struct source *s, uint32_t from, uint32_t to)
{
    static const struct {
        char text[LEVEL_ROOM];
        uint32_t len;
    } texts[RT_LEVEL_COUNT] = {
#define RT_LEVEL(name, text, severity, rgba) [RT_LEVEL_##name] = {text, sizeof text - 1},
#include "config/levels.def"
    };
    uint8_t *p = c->values.data + c->values.len;
    int32_t *ends = (int32_t *)(void *)(c->ends.data + c->ends.len), *end = ends;
    for (uint32_t i = from; i < to; i++) {
        rr_level level = s->levels[i];
        if (level == RR_LEVEL_NONE)
            continue;
        memcpy(p, texts[level].text, LEVEL_ROOM);
        p += texts[level].len;
        *end++ = (int32_t)(p - c->values.data);
    }
    c->values.len = (size_t)(p - c->values.data);
    c->ends.len += (size_t)(end - ends) * sizeof *ends;
}

static void source_append(struct rt_builder *b, const struct source *s, uint32_t from, uint32_t to)
{
    struct rt_builder_column *c = &b->columns[s->column];
    append_list(c, s, from, to);
    if (s->levels)
        append_levels(c, s, from, to);
    else
        append_values(c, s);
    c->n_items = is_variable(c) ? (uint32_t)(c->ends.len / 4) : c->n_items + s->n_items;
    c->n_rows += to - from;
}

/* ---------------------------------------------------------------- a batch as sources */

static int source_from_column(const rr_column *col, uint32_t from, uint32_t to, struct source *s)
{
    s->list = col->list_offsets;
    s->value_offsets = col->value_offsets;
    s->values = col->values;
    s->first = col->list_offsets ? col->list_offsets[from] : from;
    s->n_items = (col->list_offsets ? col->list_offsets[to] : to) - s->first;
    return 0;
}

static int source_from_levels(const rr_level *levels, uint32_t from, uint32_t to, struct source *s)
{
    s->levels = levels;
    for (uint32_t i = from; i < to; i++) {
        if (levels[i] > RR_LEVEL_TRACE)
            return -EINVAL;
        s->n_items += levels[i] != RR_LEVEL_NONE;
    }
    return 0;
}

/* Source @i of the batch: text, levels, then its columns. Return: 1 with its component, 0 when the batch
 * has no such source. */
static int source_at(const rr_text_batch *batch, uint32_t i, uint32_t from, uint32_t to, struct source *s,
                     const char **ret_component)
{
    const rr_column text = {"TextLog:text", batch->text, batch->text_offsets, NULL};
    *s = (struct source){0};
    if (i >= 2) {
        *ret_component = batch->columns[i - 2].component;
        source_from_column(&batch->columns[i - 2], from, to, s);
        return 1;
    }
    *ret_component = i ? "TextLog:level" : "TextLog:text";
    if (i ? !batch->levels : !batch->text_offsets)
        return 0;
    if (!i)
        return source_from_column(&text, from, to, s) + 1;
    return source_from_levels(batch->levels, from, to, s) < 0 ? -EINVAL : 1;
}

enum { MANY_SOURCES = 96 }; /* columns of a batch that need no allocation */

/* Finds the columns of all sources. Return: 0, or as column_get(). */
static int sources_prepare(struct rt_builder *b, const rr_text_batch *batch, uint32_t from, uint32_t to,
                           struct source *list,
                           uint32_t *ret_n, struct rt_error *err)
{
    uint32_t n = 0;
    for (uint32_t i = 0; i < batch->n_columns + 2; i++) {
        const char *component;
        int r = source_at(batch, i, from, to, &list[n], &component);
        if (r < 0)
            return rt_error_set(err, r, "%s: a level above %d", b->path, RR_LEVEL_TRACE);
        if (!r)
            continue;
        uint32_t at = i < RT_BUILDER_HINTS && b->hints[i] < b->n_columns ? b->hints[i] : 0;
        if ((r = column_get(b, component, &at, err)) < 0)
            return r;
        if (i < RT_BUILDER_HINTS)
            b->hints[i] = (uint16_t)at;
        list[n++].column = at;
    }
    *ret_n = n;
    return 0;
}

static int append_times(struct rt_builder *b, const rr_text_batch *batch, uint32_t from, uint32_t to)
{
    if (b->is_static)
        return 0;
    int r = rt_buf_append(&b->times, batch->log_time_ns + from, 8 * (size_t)(to - from));
    const int64_t *t = r ? NULL : times_of(b);
    for (uint32_t i = b->n_rows ? b->n_rows : 1; !r && i < b->n_rows + (to - from); i++)
        b->unsorted |= t[i] < t[i - 1];
    return r;
}

int rt_builder_append(struct rt_builder *b, const rr_text_batch *batch, uint32_t from, uint32_t to,
                      struct rt_error *err)
{
    struct source few[MANY_SOURCES], *list = few;
    uint32_t n = 0;
    if (batch->n_columns + 2 > MANY_SOURCES && !(list = calloc(batch->n_columns + 2u, sizeof *list)))
        return -ENOMEM;
    b->mark++;
    uint32_t n_before = b->n_columns;
    int r = sources_prepare(b, batch, from, to, list, &n, err);
    if (!r && b->n_columns != n_before) /* new columns moved the others */
        r = sources_prepare(b, batch, from, to, list, &n, err);
    for (uint32_t i = 0; !r && i < n; i++)
        r = source_reserve(b, &list[i], from, to, err);
    r = r ? r : append_times(b, batch, from, to);
    for (uint32_t i = 0; !r && i < n; i++)
        source_append(b, &list[i], from, to);
    if (!r)
        b->n_rows += to - from;
    if (list != few)
        free(list);
    return r == -ENOMEM ? rt_error_set(err, r, "%s: out of memory", b->path) : r;
}

uint64_t rt_builder_bytes(const struct rt_builder *b)
{
    uint64_t n = (uint64_t)b->n_rows * ROW_BYTES;
    for (uint32_t i = 0; i < b->n_columns; i++)
        n += b->columns[i].values.len + b->columns[i].ends.len + b->columns[i].list.len;
    return n;
}

/* ---------------------------------------------------------------- sealing */

struct key {
    int64_t time;
    uint32_t row;
};

static int compare_keys(const void *a, const void *b)
{
    const struct key *x = a, *y = b;
    if (x->time != y->time)
        return x->time < y->time ? -1 : 1;
    return x->row < y->row ? -1 : 1; /* stable */
}

/* Instances [*ret_first, return) of a row. */
static uint32_t row_items(const struct rt_builder_column *c, uint32_t row, uint32_t *ret_first)
{
    const int32_t *list = (const int32_t *)(const void *)c->list.data;
    if (!c->ragged) {
        *ret_first = row;
        return row + 1;
    }
    *ret_first = row ? (uint32_t)list[row - 1] : 0;
    return (uint32_t)list[row];
}

static void gather_items(const struct rt_builder_column *c, uint32_t first, uint32_t end, struct rt_buf *ends,
                         struct rt_buf *values)
{
    const int32_t *old = (const int32_t *)(const void *)c->ends.data;
    const uint8_t *from = c->values.len ? c->values.data : (const uint8_t *)"";
    unsigned width = c->width;
    if (width) {
        rt_buf_append(values, from + (size_t)first * width, (size_t)(end - first) * width);
        return;
    }
    for (uint32_t i = first; i < end; i++) {
        int32_t start = i ? old[i - 1] : 0, len = old[i] - start, now = (int32_t)values->len + len;
        rt_buf_append(values, from + start, (size_t)len);
        rt_buf_append(ends, &now, sizeof now);
    }
}

static int column_permute(struct rt_builder_column *c, const struct key *keys)
{
    struct rt_buf list = {0}, ends = {0}, values = {0};
    int32_t n = 0;
    if (rt_buf_reserve(&list, c->list.len) < 0 || rt_buf_reserve(&ends, c->ends.len) < 0 ||
        rt_buf_reserve(&values, c->values.len) < 0) {
        rt_buf_deinit(&list);
        rt_buf_deinit(&ends);
        rt_buf_deinit(&values);
        return -ENOMEM;
    }
    for (uint32_t i = 0; i < c->n_rows; i++) {
        uint32_t first, end = row_items(c, keys[i].row, &first);
        gather_items(c, first, end, &ends, &values);
        n += (int32_t)(end - first);
        if (c->ragged)
            rt_buf_append(&list, &n, sizeof n);
    }
    rt_buf_deinit(&c->list);
    rt_buf_deinit(&c->ends);
    rt_buf_deinit(&c->values);
    c->list = list;
    c->ends = ends;
    c->values = values;
    return 0;
}

static int sort_rows(struct rt_builder *b)
{
    int64_t *t = times_of(b);
    struct key *keys = malloc(b->n_rows * sizeof *keys);
    int r = keys ? 0 : -ENOMEM;
    for (uint32_t i = 0; !r && i < b->n_rows; i++)
        keys[i] = (struct key){t[i], i};
    if (!r)
        qsort(keys, b->n_rows, sizeof *keys, compare_keys);
    for (uint32_t i = 0; !r && i < b->n_columns; i++)
        r = column_permute(&b->columns[i], keys);
    for (uint32_t i = 0; !r && i < b->n_rows; i++)
        t[i] = keys[i].time;
    free(keys);
    b->unsorted = b->unsorted && r;
    return r;
}

static int64_t next_time(int64_t t)
{
    return t < INT64_MAX ? t + 1 : t;
}

static void make_unique(struct rt_builder *b)
{
    int64_t *t = times_of(b);
    if (b->has_last && b->last_time >= t[0] && (uint64_t)b->last_time - (uint64_t)t[0] < SAME_BURST_NS)
        t[0] = next_time(b->last_time);
    for (uint32_t i = 1; i < b->n_rows; i++)
        if (t[i] <= t[i - 1])
            t[i] = next_time(t[i - 1]);
}

int rt_builder_seal(struct rt_builder *b, bool bump)
{
    int r = 0;
    for (uint32_t i = 0; !r && i < b->n_columns; i++)
        r = column_pad(&b->columns[i], b->n_rows);
    if (!r && b->unsorted)
        r = sort_rows(b);
    if (r || b->is_static || !b->n_rows)
        return r;
    if (bump)
        make_unique(b);
    int64_t last = times_of(b)[b->n_rows - 1];
    b->last_time = b->has_last && b->last_time > last ? b->last_time : last;
    b->has_last = true;
    return 0;
}

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
        buf_recycle(&c->ends);
        buf_recycle(&c->values);
        c->n_rows = c->n_items = 0;
        c->ragged = false;
    }
    buf_recycle(&b->times);
    b->n_rows = 0;
    b->unsorted = false;
}
