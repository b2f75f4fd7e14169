#include "encode/bits.h"
#include "encode/footer_plan.h"

/* ---------------------------------------------------------------- fields */

static void meta_index(struct rt_ipc_field *f, const char *index, const struct rt_descriptor *d)
{
    if (!f)
        return;
    f->meta[0] = (struct rt_ipc_kv){"rerun:index", index};
    if (!d)
        return;
    f->meta[1] = (struct rt_ipc_kv){"rerun:archetype", d->archetype};
    f->meta[2] = (struct rt_ipc_kv){"rerun:component_type", d->component_type};
    f->meta[3] = (struct rt_ipc_kv){"rerun:component", d->component};
}

static void add_column(const struct rt_plan *p, struct rt_plan_fields *f, uint32_t timeline, uint32_t component, const char *suffix,
                       const struct rt_datatype *type)
{
    bool is_static = timeline == RT_PLAN_NONE;
    struct rt_ipc_field *field = rt_plan_fields_add(f, rt_plan_column_name(p, timeline, component, suffix), type, !is_static);
    meta_index(field, is_static ? "rerun:static" : rt_plan_timeline(p, timeline)->name,
               component == RT_PLAN_NONE ? NULL : rt_plan_descriptor(p, component));
}

static void time_fields(const struct rt_plan *p, struct rt_plan_fields *f, uint32_t timeline)
{
    for (uint32_t c = 0; c < p->n_components; c++) {
        if (!rt_plan_has_component(p, c) || !rt_plan_meet(p, timeline, c))
            continue;
        add_column(p, f, timeline, c, "start", rt_plan_time_type(p, timeline));
        add_column(p, f, timeline, c, "end", rt_plan_time_type(p, timeline));
        add_column(p, f, timeline, c, "num_rows", &rt_datatype_u64);
    }
}

static void table_fields(const struct rt_plan *p, struct rt_plan_fields *f)
{
    static const struct {
        const char *name;
        const struct rt_datatype *type;
    } fixed[] = {
        {"chunk_entity_path", &rt_datatype_utf8},
        {"chunk_id", &rt_datatype_tuid},
        {"chunk_is_static", &rt_datatype_bool},
        {"chunk_num_rows", &rt_datatype_u64},
        {"chunk_byte_offset", &rt_datatype_u64},
        {"chunk_byte_size", &rt_datatype_u64},
        {"chunk_byte_size_uncompressed", &rt_datatype_u64},
    };
    for (size_t i = 0; i < sizeof fixed / sizeof *fixed; i++)
        rt_plan_fields_add(f, strdup(fixed[i].name), fixed[i].type, false);
    for (uint32_t c = 0; c < p->n_components; c++)
        if (rt_plan_has_component(p, c))
            add_column(p, f, RT_PLAN_NONE, c, "has_static_data", &rt_datatype_bool);
    for (uint32_t t = 0; t < p->n_timelines; t++) {
        if (!rt_plan_has_time(p, t))
            continue;
        add_column(p, f, t, RT_PLAN_NONE, "start", rt_plan_time_type(p, t));
        add_column(p, f, t, RT_PLAN_NONE, "end", rt_plan_time_type(p, t));
    }
    for (uint32_t t = 0; t < p->n_timelines; t++)
        if (rt_plan_has_time(p, t))
            time_fields(p, f, t);
}

/* ---------------------------------------------------------------- columns that every chunk has */

static const char *chunk_path(const struct rt_plan *p, size_t i)
{
    return rt_manifest_entity(p->in->names, rt_plan_shape(p, i)->entity);
}

static void begin_column(const struct rt_plan *p, struct rt_ipc_batch *b)
{
    rt_ipc_node(b, p->in->n, 0);
    rt_ipc_buffer_add(b, NULL, 0);
}

static void entity_column(const struct rt_plan *p, struct rt_ipc_batch *b)
{
    size_t bytes = 0;
    begin_column(p, b);
    int32_t *ends = rt_ipc_buffer_room(b, 4 * (p->in->n + 1));
    if (!ends)
        return;
    ends[0] = 0;
    for (size_t i = 0; i < p->in->n; i++) {
        bytes += strlen(chunk_path(p, i));
        ends[i + 1] = (int32_t)bytes;
    }
    if (bytes > INT32_MAX) {
        b->error = -EOVERFLOW;
        return;
    }
    char *text = rt_ipc_buffer_room(b, bytes);
    for (size_t i = 0; text && i < p->in->n; i++) {
        const char *path = chunk_path(p, i);
        memcpy(text, path, strlen(path));
        text += strlen(path);
    }
}

static void id_column(const struct rt_plan *p, struct rt_ipc_batch *b)
{
    begin_column(p, b);
    uint8_t *ids = rt_ipc_buffer_room(b, 16 * p->in->n);
    for (size_t i = 0; ids && i < p->in->n; i++)
        memcpy(ids + 16 * i, rt_plan_chunk(p, i)->id, 16);
}

/* Is the chunk static and carries @component (RT_PLAN_NONE: any)? Return: the buffer's number. */
static size_t static_column(const struct rt_plan *p, struct rt_ipc_batch *b, uint32_t component)
{
    begin_column(p, b);
    uint8_t *bits = rt_ipc_buffer_room(b, (p->in->n + 7) / 8);
    for (size_t i = 0; bits && i < p->in->n; i++) {
        bool yes = component == RT_PLAN_NONE ? rt_plan_shape(p, i)->is_static : rt_plan_carries(p, rt_plan_chunk(p, i)->shape, component, true);
        rt_bit_put(bits, i, yes);
    }
    return b->n_buffers - 1;
}

static void number_columns(const struct rt_plan *p, struct rt_ipc_batch *b)
{
    for (int column = 0; column < 4; column++) {
        begin_column(p, b);
        uint64_t *v = rt_ipc_buffer_room(b, 8 * p->in->n);
        for (size_t i = 0; v && i < p->in->n; i++) {
            const struct rt_chunk_facts *f = rt_plan_chunk(p, i);
            const uint64_t numbers[] = {f->n_rows, p->in->chunks[i].offset, f->size, f->raw_size};
            v[i] = numbers[column];
        }
    }
}

/* ---------------------------------------------------------------- columns of times */

/* Numbers of the buffers of one span, for those who share it. */
struct span {
    size_t n_valid, validity, start, end, rows;
};

/* Room for a column of each kind. */
struct scratch {
    int64_t *start, *end;
    uint64_t *rows;
    uint8_t *bits;
};

static void span_collect(const struct rt_plan *p, uint32_t timeline, uint32_t component, struct scratch *x, struct span *ret)
{
    ret->n_valid = 0;
    memset(x->bits, 0, (p->in->n + 7) / 8);
    for (size_t i = 0; i < p->in->n; i++) {
        struct rt_span s = {0, 0};
        x->rows[i] = rt_plan_span(p, i, timeline, component, &s);
        x->start[i] = s.start;
        x->end[i] = s.end;
        rt_bit_put(x->bits, i, x->rows[i] > 0);
        ret->n_valid += x->rows[i] > 0;
    }
}

/* Start and end, and the rows unless @component is RT_PLAN_NONE. */
static void span_columns(const struct rt_plan *p, struct rt_ipc_batch *b, uint32_t timeline, uint32_t component, struct scratch *x, struct span *ret)
{
    size_t n = p->in->n;
    span_collect(p, timeline, component, x, ret);
    rt_ipc_node(b, n, n - ret->n_valid);
    ret->validity = rt_ipc_buffer_add(b, x->bits, (n + 7) / 8);
    ret->start = rt_ipc_buffer_add(b, x->start, 8 * n);
    rt_ipc_node(b, n, n - ret->n_valid);
    rt_ipc_buffer_same(b, ret->validity);
    ret->end = rt_ipc_buffer_add(b, x->end, 8 * n);
    if (component == RT_PLAN_NONE)
        return;
    begin_column(p, b);
    ret->rows = rt_ipc_buffer_add(b, x->rows, 8 * n);
}

static void span_again(const struct rt_plan *p, struct rt_ipc_batch *b, const struct span *s)
{
    const size_t buffers[] = {s->validity, s->start, s->validity, s->end};
    for (size_t i = 0; i < 4; i++) {
        if (i % 2 == 0)
            rt_ipc_node(b, p->in->n, p->in->n - s->n_valid);
        rt_ipc_buffer_same(b, buffers[i]);
    }
    begin_column(p, b);
    rt_ipc_buffer_same(b, s->rows);
}

static void static_columns(const struct rt_plan *p, struct rt_ipc_batch *b, size_t *numbers)
{
    for (uint32_t c = 0; c < p->n_components; c++) {
        if (!rt_plan_has_component(p, c))
            continue;
        if (p->static_as[c] == c) {
            numbers[c] = static_column(p, b, c);
            continue;
        }
        begin_column(p, b);
        rt_ipc_buffer_same(b, numbers[p->static_as[c]]);
    }
}

static void time_columns(const struct rt_plan *p, struct rt_ipc_batch *b, uint32_t timeline, struct scratch *x, struct span *spans)
{
    for (uint32_t c = 0; c < p->n_components; c++) {
        if (!rt_plan_has_component(p, c) || !rt_plan_meet(p, timeline, c))
            continue;
        if (p->temporal_as[c] == c)
            span_columns(p, b, timeline, c, x, &spans[c]);
        else
            span_again(p, b, &spans[p->temporal_as[c]]);
    }
}

static void table_columns(const struct rt_plan *p, struct rt_ipc_batch *b, struct scratch *x, size_t *numbers, struct span *spans)
{
    entity_column(p, b);
    id_column(p, b);
    static_column(p, b, RT_PLAN_NONE);
    number_columns(p, b);
    static_columns(p, b, numbers);
    for (uint32_t t = 0; t < p->n_timelines; t++)
        if (rt_plan_has_time(p, t))
            span_columns(p, b, t, RT_PLAN_NONE, x, &spans[0]);
    for (uint32_t t = 0; t < p->n_timelines; t++)
        if (rt_plan_has_time(p, t))
            time_columns(p, b, t, x, spans);
}

static int table_batch(const struct rt_plan *p, struct rt_fb *fb, size_t n_fields, struct rt_buf *out)
{
    struct rt_ipc_batch b;
    size_t n = p->in->n;
    struct span *spans = calloc(p->n_components + 1, sizeof *spans + sizeof(size_t));
    int64_t *columns = calloc(4 * n, sizeof *columns);
    int r = spans && columns ? 0 : -ENOMEM;
    if (!r) {
        rt_ipc_batch_begin(&b, fb, out, n, n_fields, 2 * n_fields + 1); /* + 1: Utf8 has three */
        struct scratch x = {columns, columns + n, (uint64_t *)(columns + 2 * n), (uint8_t *)(columns + 3 * n)};
        if (!b.error)
            table_columns(p, &b, &x, (size_t *)(void *)(spans + p->n_components + 1), spans);
        r = rt_ipc_batch_end(&b);
    }
    free(spans);
    free(columns);
    return r;
}

int rt_footer_table(const struct rt_plan *p, struct rt_fb *fb, struct rt_buf *out)
{
    struct rt_plan_fields f = {0};
    table_fields(p, &f);
    int r = rt_plan_fields_write(&f, fb, true, out);
    r = r ? r : table_batch(p, fb, rt_plan_fields_n(&f), out);
    rt_plan_fields_deinit(&f);
    return r ? r : rt_ipc_end(out);
}
