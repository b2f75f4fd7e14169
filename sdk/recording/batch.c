/* Batches of log lines into their builder: column by column, room first, then nothing fails. */
#include "base/level.h"
#include "recording/builder.h"

#include "archetype/table.h"

/* Times are made unique against the entity's last one only when that is so near. */
#define SAME_BURST_NS 10000000

enum { LEVEL_ROOM = 8 };    /* longest level text */
enum { MANY_SOURCES = 96 }; /* columns of a batch that need no allocation */

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

static bool is_text(const struct rt_builder_column *c)
{
    return rt_kind_is_bytes(c->type->datatype->kind);
}

/* Bytes of text; 0 for other kinds. */
static size_t text_bytes(const struct source *s, const struct rt_builder_column *c)
{
    if (s->levels)
        return (size_t)s->n_items * LEVEL_ROOM;
    return is_text(c) && s->n_items ? (size_t)s->value_offsets[s->first + s->n_items] - s->value_offsets[s->first] : 0;
}

static int source_check(struct rt_builder *b, const struct source *s, struct rt_error *err)
{
    struct rt_builder_column *c = &b->columns[s->column];
    const char *name = c->type->component;
    if (c->mark == b->mark)
        return rt_error_set(err, -EINVAL, "%s: component given twice: %s", b->path, name);
    c->mark = b->mark;
    if (is_text(c) && !s->levels && !s->value_offsets && s->n_items)
        return rt_error_set(err, -EINVAL, "%s: component without value_offsets: %s", b->path, name);
    return 0;
}

static int source_reserve(struct rt_builder *b, const struct source *s, uint32_t from, uint32_t to, struct rt_error *err)
{
    int r = source_check(b, s, err);
    if (r)
        return r;
    struct rt_builder_column *c = &b->columns[s->column];
    r = rt_builder_pad(b, c);
    if (!r && (c->ragged || needs_list(s, from, to))) {
        r = rt_builder_make_ragged(c);
        r = r ? r : rt_buf_reserve(&c->list, 4 * (size_t)(to - from));
    }
    r = r ? r : rt_array_reserve(&c->items, s->n_items, text_bytes(s, c));
    return r == -EOVERFLOW ? rt_error_set(err, -EINVAL, "%s: rows of more than 2 GiB: %s", b->path, c->type->component) : r;
}

static void append_list(struct rt_builder_column *c, const struct source *s, uint32_t from, uint32_t to)
{
    if (!c->ragged)
        return;
    int32_t *list = (int32_t *)(void *)(c->list.data + c->list.len), n = (int32_t)c->items.length;
    for (uint32_t i = from; i < to; i++)
        *list++ = s->levels ? (n += s->levels[i] != RR_LEVEL_NONE)
                            : n + (int32_t)(s->list ? s->list[i + 1] - s->first : i + 1 - from);
    c->list.len += 4 * (size_t)(to - from);
}

static void append_values(struct rt_builder_column *c, const struct source *s)
{
    const void *buffers[3] = {NULL, s->value_offsets, s->values ? s->values : (const uint8_t *)""};
    const struct ArrowArray view = {.length = (int64_t)s->first + s->n_items, .n_buffers = 3, .buffers = buffers};
    unsigned width = rt_datatype_flat_width(c->type->datatype);
    if (is_text(c))
        rt_array_append(&c->items, &view, s->first, s->n_items);
    else if (s->n_items)
        rt_array_append_flat(&c->items, s->n_items, NULL, s->values + (size_t)s->first * width, (size_t)s->n_items * width);
}

/* The texts of levels, each padded so that one store of LEVEL_ROOM bytes writes it. */
static void append_levels(struct rt_array *a, const rr_level *levels, uint32_t from, uint32_t to)
{
    static const struct {
        char text[LEVEL_ROOM];
        uint32_t len;
    } texts[RT_LEVEL_COUNT] = {
#define RT_LEVEL(name, text, severity, rgba) [RT_LEVEL_##name] = {text, sizeof text - 1},
#include "config/levels.def"
    };
    if (!a->offsets.len) { /* reserved */
        memset(a->offsets.data, 0, 4);
        a->offsets.len = 4;
    }
    uint8_t *p = a->values.data + a->values.len;
    int32_t *ends = (int32_t *)(void *)(a->offsets.data + a->offsets.len), *end = ends;
    for (uint32_t i = from; i < to; i++) {
        rr_level level = levels[i];
        if (level == RR_LEVEL_NONE)
            continue;
        memcpy(p, texts[level].text, LEVEL_ROOM);
        p += texts[level].len;
        *end++ = (int32_t)(p - a->values.data);
    }
    a->values.len = (size_t)(p - a->values.data);
    a->offsets.len += (size_t)(end - ends) * sizeof *ends;
    a->length += (uint64_t)(end - ends);
}

static void source_append(struct rt_builder *b, const struct source *s, uint32_t from, uint32_t to)
{
    struct rt_builder_column *c = &b->columns[s->column];
    size_t before = c->items.values.len + c->items.offsets.len + c->list.len;
    append_list(c, s, from, to);
    if (s->levels && s->n_items)
        append_levels(&c->items, s->levels, from, to);
    else if (!s->levels)
        append_values(c, s);
    c->n_rows += to - from;
    b->n_bytes += c->items.values.len + c->items.offsets.len + c->list.len - before;
}

/* ---------------------------------------------------------------- a batch as sources */

static void source_from_column(const rr_column *col, uint32_t from, uint32_t to, struct source *s)
{
    s->list = col->list_offsets;
    s->value_offsets = col->value_offsets;
    s->values = col->values;
    s->first = col->list_offsets ? col->list_offsets[from] : from;
    s->n_items = (col->list_offsets ? col->list_offsets[to] : to) - s->first;
}

static int source_from_levels(struct rt_builder *b, const rr_level *levels, uint32_t from, uint32_t to, struct source *s)
{
    s->levels = levels;
    for (uint32_t i = from; i < to; i++) {
        if (levels[i] > RR_LEVEL_TRACE)
            return -EINVAL;
        s->n_items += levels[i] != RR_LEVEL_NONE;
        b->urgent |= levels[i] == RR_LEVEL_ERROR || levels[i] == RR_LEVEL_CRITICAL;
    }
    return 0;
}

/* Source @i of the batch: text, levels, then its columns. Return: 1 with its component, 0 when the batch
 * has no such source. */
static int source_at(struct rt_builder *b, const rr_text_batch *batch, uint32_t i, uint32_t from, uint32_t to, struct source *s,
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
        source_from_column(&text, from, to, s);
    return i && source_from_levels(b, batch->levels, from, to, s) < 0 ? -EINVAL : 1;
}

const struct rt_component_type *rt_builder_component(const char *identifier)
{
    const struct rt_component_type *type;
    if (!strncmp(identifier, RT_FIELD_PREFIX, strlen(RT_FIELD_PREFIX)) && identifier[strlen(RT_FIELD_PREFIX)])
        return rt_type_intern(identifier, "retap.Field", NULL, &rt_datatype_utf8);
    for (unsigned i = 0; (type = rt_type_of_table(i)); i++)
        if (!strcmp(type->component, identifier))
            return type;
    return NULL;
}

/* Finds or makes the column. @hint: where it was last time. */
static int64_t column_get(struct rt_builder *b, const char *identifier, uint32_t hint, struct rt_error *err)
{
    for (uint32_t i = 0; i < b->n_columns; i++) {
        uint32_t at = hint + i < b->n_columns ? hint + i : hint + i - b->n_columns;
        if (!strcmp(b->columns[at].type->component, identifier))
            return at;
    }
    const struct rt_component_type *type = rt_builder_component(identifier);
    if (!type)
        return rt_error_set(err, -EINVAL, "%s: no such component: %s", b->path, identifier);
    if (!rt_kind_is_bytes(type->datatype->kind) && !rt_datatype_flat_width(type->datatype))
        return rt_error_set(err, -EINVAL, "%s: a component that batches can't bring: %s", b->path, identifier);
    return rt_builder_column(b, type);
}

/* Finds the columns of all sources. Return: 0, or as column_get(). */
static int sources_prepare(struct rt_builder *b, const rr_text_batch *batch, uint32_t from, uint32_t to, struct source *list,
                           uint32_t *ret_n, struct rt_error *err)
{
    uint32_t n = 0;
    for (uint32_t i = 0; i < batch->n_columns + 2; i++) {
        const char *component;
        int r = source_at(b, batch, i, from, to, &list[n], &component);
        if (r < 0)
            return rt_error_set(err, r, "%s: a level above %d", b->path, RR_LEVEL_TRACE);
        if (!r)
            continue;
        int64_t at = column_get(b, component, i < RT_BUILDER_HINTS && b->hints[i] < b->n_columns ? b->hints[i] : 0, err);
        if (at < 0)
            return (int)at;
        if (i < RT_BUILDER_HINTS)
            b->hints[i] = (uint16_t)at;
        list[n++].column = (uint32_t)at;
    }
    *ret_n = n;
    return 0;
}

static int append_times(struct rt_builder *b, const rr_text_batch *batch, uint32_t from, uint32_t to)
{
    if (!b->n_times)
        return 0;
    int r = rt_buf_append(&b->times[0].values, batch->log_time_ns + from, 8 * (size_t)(to - from));
    const int64_t *t = r ? NULL : rt_builder_times(b, 0);
    for (uint32_t i = b->n_rows ? b->n_rows : 1; !r && i < b->n_rows + (to - from); i++)
        b->times[0].unsorted |= t[i] < t[i - 1];
    return r;
}

static int append_sources(struct rt_builder *b, const rr_text_batch *batch, uint32_t from, uint32_t to, struct source *list,
                          struct rt_error *err)
{
    uint32_t n = 0, n_before = b->n_columns;
    int r = sources_prepare(b, batch, from, to, list, &n, err);
    if (!r && b->n_columns != n_before) /* new columns moved the others */
        r = sources_prepare(b, batch, from, to, list, &n, err);
    for (uint32_t i = 0; !r && i < n; i++)
        r = source_reserve(b, &list[i], from, to, err);
    r = r ? r : append_times(b, batch, from, to);
    for (uint32_t i = 0; !r && i < n; i++)
        source_append(b, &list[i], from, to);
    return r;
}

int rt_builder_append(struct rt_builder *b, const rr_text_batch *batch, uint32_t from, uint32_t to, struct rt_error *err)
{
    struct source few[MANY_SOURCES], *list = few;
    if (batch->n_columns + 2 > MANY_SOURCES && !(list = calloc(batch->n_columns + 2u, sizeof *list)))
        return rt_error_set(err, -ENOMEM, "%s: out of memory", b->path);
    b->mark++;
    int r = append_sources(b, batch, from, to, list, err);
    if (!r) {
        b->n_rows += to - from;
        b->n_bytes += (uint64_t)(to - from) * 8 * b->n_times;
    }
    if (list != few)
        free(list);
    return r == -ENOMEM ? rt_error_set(err, r, "%s: out of memory", b->path) : r;
}

/* ---------------------------------------------------------------- times of a sealed batch */

static int64_t next_time(int64_t t)
{
    return t < INT64_MAX ? t + 1 : t;
}

void rt_builder_note_times(struct rt_builder *b, bool bump)
{
    int64_t *t = (int64_t *)(void *)b->times[0].values.data, last;
    if (bump && b->has_last && b->last_time >= t[0] && (uint64_t)b->last_time - (uint64_t)t[0] < SAME_BURST_NS)
        t[0] = next_time(b->last_time);
    for (uint32_t i = 1; bump && i < b->n_rows; i++)
        if (t[i] <= t[i - 1])
            t[i] = next_time(t[i - 1]);
    last = t[b->n_rows - 1];
    b->last_time = b->has_last && b->last_time > last ? b->last_time : last;
    b->has_last = true;
}
