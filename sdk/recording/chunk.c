#include "recording/chunk.h"

#include <stdio.h>
#include <sys/random.h>

#include "base/clock.h"

int rt_encoder_init(struct rt_encoder *e)
{
    *e = (struct rt_encoder){0};
    if (getrandom(&e->id_base, sizeof e->id_base, 0) != sizeof e->id_base)
        return -EIO;
    e->id_base >>= 1;                   /* Rerun: top bit clear */
    e->id_base &= ~(uint64_t)0xFFFFFF; /* the low bytes count, so that they alone differ from row to row */
    return 0;
}

void rt_encoder_deinit(struct rt_encoder *e)
{
    rt_fb_deinit(&e->fb);
    rt_buf_deinit(&e->ipc);
    rt_buf_deinit(&e->packed);
    rt_buf_deinit(&e->frame);
}

struct rt_tuid rt_encoder_ids(struct rt_encoder *e, uint64_t time_ns, uint32_t n)
{
    struct rt_tuid id = {time_ns, e->id_base + e->id_next};
    e->id_next += n;
    return id;
}

/* ---------------------------------------------------------------- schema */

/* Readers add the Arrow extension of row ids themselves. */
static void id_field(struct rt_ipc_field *f)
{
    *f = (struct rt_ipc_field){.name = "rerun.controls.RowId", .type = &rt_datatype_tuid, .meta = {
        {"rerun:kind", "control"},
        {"rerun:is_sorted", "true"},
    }};
}

static void time_field(struct rt_ipc_field *f)
{
    *f = (struct rt_ipc_field){.name = RT_TIMELINE, .type = &rt_datatype_timestamp, .nullable = true, .meta = {
        {"rerun:kind", "index"},
        {"rerun:index_name", RT_TIMELINE},
        {"rerun:is_sorted", "true"},
    }};
}

static void column_field(struct rt_ipc_field *f, const struct rt_descriptor *c)
{
    *f = (struct rt_ipc_field){.name = c->component, .type = c->datatype, .list = true, .nullable = true,
                               .meta = {
        {"rerun:kind", "data"},
        {"rerun:archetype", c->archetype},
        {"rerun:component_type", c->component_type},
        {"rerun:component", c->component},
    }};
}

static int encode_schema(struct rt_encoder *e, const struct rt_builder *b, struct rt_tuid id)
{
    char text[6 + 32 + 1];
    snprintf(text, sizeof text, "chunk_%016llX%016llx", (unsigned long long)id.time_ns,
             (unsigned long long)id.inc);
    const struct rt_ipc_kv meta[RT_IPC_MAX_KV] = {
        {"rerun:entity_path", b->path}, {"rerun:id", text}, {"sorbet:version", RT_SORBET_VERSION}};
    struct rt_ipc_field few[32], *fields = b->n_columns + 2 <= 32 ? few
        : malloc((b->n_columns + 2u) * sizeof *fields);
    uint32_t n = 0;
    if (!fields)
        return -ENOMEM;
    id_field(&fields[n++]);
    if (!b->is_static)
        time_field(&fields[n++]);
    for (uint32_t i = 0; i < b->n_columns; i++)
        column_field(&fields[n++], rt_manifest_descriptor(&b->store->names, b->columns[i].descriptor));
    int r = rt_ipc_schema(&e->fb, fields, n, meta, true, &e->ipc);
    if (fields != few)
        free(fields);
    return r;
}

/* ---------------------------------------------------------------- batch */

static void put_ids(struct rt_ipc_batch *batch, struct rt_tuid first, uint32_t n)
{
    rt_ipc_node(batch, n, 0);
    rt_ipc_buffer_add(batch, NULL, 0);
    uint8_t *p = rt_ipc_buffer_room(batch, 16 * (size_t)n);
    for (uint32_t i = 0; p && i < n; i++, p += 16)
        rt_tuid_bytes((struct rt_tuid){first.time_ns, first.inc + i}, p);
}

static void put_flat(struct rt_ipc_batch *batch, const struct rt_buf *values, uint32_t n)
{
    rt_ipc_node(batch, n, 0);
    rt_ipc_buffer_add(batch, NULL, 0);
    rt_ipc_buffer_add(batch, values->data, values->len);
}

/* Offsets 0, then each end. */
static void put_offsets(struct rt_ipc_batch *batch, const struct rt_buf *ends)
{
    uint8_t *p = rt_ipc_buffer_room(batch, 4 + ends->len);
    if (!p)
        return;
    memset(p, 0, 4);
    if (ends->len)
        memcpy(p + 4, ends->data, ends->len);
}

/* Offsets 0, 1, 2 … n: written once a chunk. @shared: number of that buffer, 0 = not yet (buffer 0 is a
 * validity). */
static void put_counting(struct rt_ipc_batch *batch, uint32_t n, size_t *shared)
{
    if (*shared) {
        rt_ipc_buffer_same(batch, *shared);
        return;
    }
    int32_t *p = rt_ipc_buffer_room(batch, 4 * ((size_t)n + 1));
    *shared = batch->n_buffers - 1;
    for (uint32_t i = 0; p && i <= n; i++)
        p[i] = (int32_t)i;
}

static void put_column(struct rt_ipc_batch *batch, const struct rt_builder_column *c, size_t *shared)
{
    rt_ipc_node(batch, c->n_rows, 0);
    rt_ipc_buffer_add(batch, NULL, 0);
    if (c->ragged)
        put_offsets(batch, &c->list);
    else
        put_counting(batch, c->n_rows, shared);
    rt_ipc_node(batch, c->n_items, 0);
    rt_ipc_buffer_add(batch, NULL, 0);
    if (!c->width)
        put_offsets(batch, &c->ends);
    rt_ipc_buffer_add(batch, c->values.data, c->values.len);
}

static int encode_batch(struct rt_encoder *e, const struct rt_builder *b, struct rt_tuid first)
{
    struct rt_ipc_batch batch;
    size_t n_nodes = 1 + !b->is_static + 2 * (size_t)b->n_columns, n_buffers = 2 + 2 * (size_t)!b->is_static,
        shared = 0;
    for (uint32_t i = 0; i < b->n_columns; i++)
        n_buffers += b->columns[i].width ? 4 : 5;
    int r = rt_ipc_batch_begin(&batch, &e->fb, &e->ipc, b->n_rows, n_nodes, n_buffers);
    if (!r) {
        put_ids(&batch, first, b->n_rows);
        if (!b->is_static)
            put_flat(&batch, &b->times, b->n_rows);
        for (uint32_t i = 0; i < b->n_columns; i++)
            put_column(&batch, &b->columns[i], &shared);
    }
    r = rt_ipc_batch_end(&batch);
    return r ? r : rt_ipc_end(&e->ipc);
}

/* ---------------------------------------------------------------- chunk */

static int shape_of(struct rt_builder *b)
{
    if (b->shape >= 0)
        return 0;
    uint32_t *list = malloc(b->n_columns * sizeof *list);
    if (!list)
        return -ENOMEM;
    for (uint32_t i = 0; i < b->n_columns; i++)
        list[i] = b->columns[i].descriptor;
    int64_t time = rt_manifest_intern_timeline(&b->store->names, RT_TIMELINE, strlen(RT_TIMELINE), RR_TIME_TYPE_TIMESTAMP);
    uint32_t timelines[1] = {(uint32_t)time};
    b->shape = time < 0 ? time : rt_store_shape(b->store, b->entity, timelines, !b->is_static, list, b->n_columns);
    free(list);
    return b->shape < 0 ? -ENOMEM : 0;
}

/* The encoder's frame as a message. */
static struct rt_log_message *chunk_message(struct rt_encoder *e, const struct rt_builder *b, struct rt_tuid id, uint64_t size)
{
    const int64_t *t = (const int64_t *)(const void *)b->times.data;
    struct rt_log_message *m = rt_message_new(b->store, RT_MESSAGE_CHUNK, e->frame.len);
    if (!m)
        return NULL;
    m->is_static = b->is_static;
    m->n_rows = b->n_rows;
    m->facts = rt_chunk_facts_new(!b->is_static, 0);
    if (!m->facts)
        return rt_message_unref(m);
    m->facts->shape = (uint32_t)b->shape;
    m->facts->n_rows = b->n_rows;
    m->facts->raw_size = e->ipc.len;
    m->facts->size = size;
    rt_tuid_bytes(id, m->facts->id);
    if (!b->is_static)
        m->facts->spans[0] = (struct rt_span){t[0], t[b->n_rows - 1]};
    memcpy(m->frame, e->frame.data, e->frame.len);
    return m;
}

int rt_chunk_encode(struct rt_encoder *e, struct rt_builder *b, struct rt_log_message **ret)
{
    const int64_t *t = (const int64_t *)(const void *)b->times.data;
    uint64_t time_ns = b->is_static ? rt_real_ns() : (uint64_t)t[0], size;
    struct rt_tuid id = rt_encoder_ids(e, time_ns, b->n_rows + 1), first = {id.time_ns, id.inc + 1};
    int r = shape_of(b);

    rt_buf_clear(&e->ipc);
    rt_buf_clear(&e->frame);
    r = r ? r : encode_schema(e, b, id);
    r = r ? r : encode_batch(e, b, first);
    r = r ? r : rt_rrd_arrow(&e->frame, &b->store->id, id, b->is_static, &e->ipc, e->hard, &e->packed, &size);
    if (r)
        return r;
    *ret = chunk_message(e, b, id, size);
    return *ret ? 0 : -ENOMEM;
}
