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
    for (uint32_t i = 0; i < RT_ENCODER_SCHEMAS; i++)
        rt_buf_deinit(&e->schemas[i].bytes);
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

static void time_field(struct rt_ipc_field *f, const struct rt_timeline *t, bool sorted)
{
    static const struct rt_datatype *const types[] = {
        [RR_TIME_TYPE_SEQUENCE] = &rt_datatype_i64,
        [RR_TIME_TYPE_DURATION] = &rt_datatype_duration,
        [RR_TIME_TYPE_TIMESTAMP] = &rt_datatype_timestamp,
    };
    *f = (struct rt_ipc_field){.name = t->name, .type = types[t->type], .nullable = true, .meta = {
        {"rerun:kind", "index"},
        {"rerun:index_name", t->name},
        {"rerun:is_sorted", sorted ? "true" : NULL},
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

static void fill_fields(const struct rt_chunk_head *head, const struct rt_shape *shape, struct rt_ipc_field *fields)
{
    const struct rt_manifest *m = &head->store->names;
    id_field(fields++);
    for (uint32_t i = 0; i < shape->n_timelines; i++)
        time_field(fields++, rt_manifest_timeline(m, rt_manifest_timelines_of(m, shape)[i]), head->times[i].sorted);
    for (uint32_t i = 0; i < shape->n; i++)
        column_field(fields++, rt_manifest_descriptor(m, rt_manifest_descriptors_of(m, shape)[i]));
}

enum { ID_DIGITS = 32 };

static void id_text(struct rt_tuid id, char text[ID_DIGITS + 1])
{
    snprintf(text, ID_DIGITS + 1, "%016llX%016llx", (unsigned long long)id.time_ns, (unsigned long long)id.inc);
}

static int make_schema(struct rt_encoder *e, const struct rt_chunk_head *head, const char *digits)
{
    const struct rt_shape *shape = rt_manifest_shape(&head->store->names, head->shape);
    char id[6 + ID_DIGITS + 1];
    snprintf(id, sizeof id, "chunk_%s", digits);
    const struct rt_ipc_kv meta[RT_IPC_MAX_KV] = {{"rerun:entity_path", rt_manifest_entity(&head->store->names, shape->entity)},
                                                  {"rerun:id", id}, {"sorbet:version", RT_SORBET_VERSION}};
    uint32_t n = 1 + shape->n_timelines + shape->n;
    struct rt_ipc_field few[32], *fields = n <= 32 ? few : malloc(n * sizeof *fields);
    if (!fields)
        return -ENOMEM;
    fill_fields(head, shape, fields);
    int r = rt_ipc_schema(&e->fb, fields, n, meta, true, &e->ipc);
    if (fields != few)
        free(fields);
    return r;
}

static uint64_t sorted_bits(const struct rt_chunk_head *head, uint32_t n_timelines)
{
    uint64_t bits = 0;
    for (uint32_t i = 0; i < n_timelines; i++)
        bits |= (uint64_t)head->times[i].sorted << i;
    return bits;
}

/* Keeps what e->ipc holds, a schema and nothing else, unless the id's digits come twice in it. Without memory nothing is kept. */
static void keep_schema(struct rt_encoder *e, const struct rt_chunk_head *head, uint64_t sorted, const char *digits)
{
    struct rt_schema *s = &e->schemas[head->shape % RT_ENCODER_SCHEMAS];
    const uint8_t *at = memmem(e->ipc.data, e->ipc.len, digits, ID_DIGITS), *end = e->ipc.data + e->ipc.len;
    rt_buf_clear(&s->bytes);
    if (!at || memmem(at + 1, (size_t)(end - at) - 1, digits, ID_DIGITS) || rt_buf_append(&s->bytes, e->ipc.data, e->ipc.len) < 0)
        return;
    s->shape = head->shape;
    s->sorted = sorted;
    s->id_at = (size_t)(at - e->ipc.data);
}

static int encode_schema(struct rt_encoder *e, const struct rt_chunk_head *head)
{
    struct rt_schema *s = &e->schemas[head->shape % RT_ENCODER_SCHEMAS];
    uint32_t n_timelines = rt_manifest_shape(&head->store->names, head->shape)->n_timelines;
    char digits[ID_DIGITS + 1];
    id_text(head->id, digits);
    if (n_timelines > RT_SCHEMA_TIMELINES)
        return make_schema(e, head, digits);
    uint64_t sorted = sorted_bits(head, n_timelines);
    if (s->bytes.len && s->shape == head->shape && s->sorted == sorted) {
        int r = rt_buf_append(&e->ipc, s->bytes.data, s->bytes.len);
        if (!r)
            memcpy(e->ipc.data + s->id_at, digits, ID_DIGITS);
        return r;
    }
    int r = make_schema(e, head, digits);
    if (!r)
        keep_schema(e, head, sorted, digits);
    return r;
}

/* ---------------------------------------------------------------- head */

static void put_ids(struct rt_ipc_batch *batch, const struct rt_chunk_head *head)
{
    rt_ipc_node(batch, head->n_rows, 0);
    rt_ipc_buffer_add(batch, NULL, 0);
    uint8_t *p = rt_ipc_buffer_room(batch, 16 * (size_t)head->n_rows);
    if (p && head->row_ids)
        memcpy(p, head->row_ids, 16 * (size_t)head->n_rows);
    for (uint32_t i = 0; p && !head->row_ids && i < head->n_rows; i++, p += 16)
        rt_tuid_bytes((struct rt_tuid){head->id.time_ns, head->id.inc + 1 + i}, p);
}

static void put_times(struct rt_ipc_batch *batch, const int64_t *values, uint32_t n)
{
    rt_ipc_node(batch, n, 0);
    rt_ipc_buffer_add(batch, NULL, 0);
    rt_ipc_buffer_add(batch, values, 8 * (size_t)n);
}

int rt_chunk_begin(struct rt_encoder *e, const struct rt_chunk_head *head, size_t n_nodes, size_t n_buffers, struct rt_ipc_batch *batch)
{
    uint32_t n_times = rt_manifest_shape(&head->store->names, head->shape)->n_timelines;
    rt_buf_clear(&e->ipc);
    int r = encode_schema(e, head);
    if (r)
        return r;
    r = rt_ipc_batch_begin(batch, &e->fb, &e->ipc, head->n_rows, 1 + n_times + n_nodes, 2 * (1 + n_times) + n_buffers);
    if (r) {
        rt_ipc_batch_end(batch);
        return r;
    }
    put_ids(batch, head);
    for (uint32_t i = 0; i < n_times; i++)
        put_times(batch, head->times[i].values, head->n_rows);
    return 0;
}

static struct rt_span span_of(const struct rt_chunk_time *t, uint32_t n)
{
    struct rt_span s = {t->values[0], t->values[n - 1]};
    for (uint32_t i = 1; !t->sorted && i < n; i++) {
        s.start = t->values[i] < s.start ? t->values[i] : s.start;
        s.end = t->values[i] > s.end ? t->values[i] : s.end;
    }
    if (!t->sorted)
        s.end = t->values[0] > s.end ? t->values[0] : s.end;
    return s;
}

static struct rt_log_message *chunk_message(struct rt_encoder *e, const struct rt_chunk_head *head, struct rt_chunk_facts *facts)
{
    struct rt_log_message *m = rt_message_new(head->store, RT_MESSAGE_CHUNK, e->frame.len);
    if (!m)
        return NULL;
    m->is_static = !facts->n_timelines;
    m->n_rows = head->n_rows;
    m->urgent = head->urgent;
    m->facts = facts;
    memcpy(m->frame, e->frame.data, e->frame.len);
    return m;
}

int rt_chunk_end(struct rt_encoder *e, const struct rt_chunk_head *head, struct rt_ipc_batch *batch, struct rt_chunk_facts *facts,
                 struct rt_log_message **ret)
{
    int r = rt_ipc_batch_end(batch);
    r = r ? r : facts ? rt_ipc_end(&e->ipc) : -ENOMEM;
    rt_buf_clear(&e->frame);
    if (!r)
        r = rt_rrd_arrow(&e->frame, &head->store->id, head->id, !facts->n_timelines, &e->ipc, e->hard, &e->packed, &facts->size);
    if (!r) {
        facts->shape = head->shape;
        facts->n_rows = head->n_rows;
        facts->rows = head->rows;
        facts->raw_size = e->ipc.len;
        rt_tuid_bytes(head->id, facts->id);
        for (uint32_t i = 0; i < facts->n_timelines; i++)
            facts->spans[i] = span_of(&head->times[i], head->n_rows);
        *ret = chunk_message(e, head, facts);
        r = *ret ? 0 : -ENOMEM;
    }
    if (r)
        rt_chunk_facts_unref(facts);
    return r;
}

/* ---------------------------------------------------------------- columns of a builder */

void rt_chunk_counting(struct rt_ipc_batch *batch, uint32_t n, size_t *shared)
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

static void put_column(struct rt_ipc_batch *batch, const struct rt_builder_column *c, size_t *shared)
{
    rt_ipc_node(batch, c->n_rows, 0);
    rt_ipc_buffer_add(batch, NULL, 0);
    if (c->ragged)
        put_offsets(batch, &c->list);
    else
        rt_chunk_counting(batch, c->n_rows, shared);
    rt_ipc_array(batch, &c->items);
}

static int shape_of(struct rt_builder *b)
{
    if (b->shape >= 0)
        return 0;
    uint32_t *list = malloc((b->n_columns + b->n_times) * sizeof *list);
    if (!list)
        return -ENOMEM;
    uint32_t *times = list + b->n_columns;
    int64_t r = 0;
    for (uint32_t i = 0; i < b->n_columns; i++)
        list[i] = b->columns[i].descriptor;
    for (uint32_t i = 0; r >= 0 && i < b->n_times; i++) {
        r = rt_manifest_intern_timeline(&b->store->names, b->times[i].name, b->times[i].len, b->times[i].type);
        times[i] = (uint32_t)r;
    }
    if (r >= 0)
        r = b->shape = rt_store_shape(b->store, b->entity, times, b->n_times, list, b->n_columns);
    free(list);
    return r < 0 ? -ENOMEM : 0;
}

/* The id of a chunk has the time of its first row. */
static uint64_t first_time(const struct rt_builder *b)
{
    uint64_t be;
    if (!b->ids.len)
        return b->n_times ? (uint64_t)rt_builder_times(b, 0)[0] : rt_real_ns();
    memcpy(&be, b->ids.data, sizeof be);
    return __builtin_bswap64(be);
}

static uint8_t rows_of(const struct rt_builder *b)
{
    if (b->flags & RT_BUILDER_STATIC)
        return RT_CHUNK_ROWS_ANY;
    return b->flags & RT_BUILDER_BATCH ? RT_CHUNK_ROWS_BATCH : b->flags & RT_BUILDER_TEXT ? RT_CHUNK_ROWS_TEXT : RT_CHUNK_ROWS_ANY;
}

static int encode_builder(struct rt_encoder *e, const struct rt_builder *b, struct rt_chunk_time *times, struct rt_log_message **ret)
{
    const struct rt_chunk_head head = {b->store, (uint32_t)b->shape, b->n_rows,
                                       rt_encoder_ids(e, first_time(b), b->ids.len ? 1 : b->n_rows + 1),
                                       b->ids.len ? b->ids.data : NULL, times, b->urgent, rows_of(b)};
    struct rt_ipc_batch batch;
    size_t n_nodes = b->n_columns, n_buffers = 2 * (size_t)b->n_columns, shared = 0;
    for (uint32_t i = 0; i < b->n_times; i++)
        times[i] = (struct rt_chunk_time){rt_builder_times(b, i), !b->times[i].unsorted};
    for (uint32_t i = 0; i < b->n_columns; i++)
        rt_ipc_count(b->columns[i].type->datatype, &n_nodes, &n_buffers);
    int r = rt_chunk_begin(e, &head, n_nodes, n_buffers, &batch);
    if (r)
        return r;
    for (uint32_t i = 0; i < b->n_columns; i++)
        put_column(&batch, &b->columns[i], &shared);
    return rt_chunk_end(e, &head, &batch, rt_chunk_facts_new(b->n_times, 0), ret);
}

int rt_chunk_encode(struct rt_encoder *e, struct rt_builder *b, struct rt_log_message **ret)
{
    struct rt_chunk_time few[8], *times = b->n_times <= 8 ? few : malloc(b->n_times * sizeof *times);
    int r = times ? shape_of(b) : -ENOMEM;
    r = r ? r : encode_builder(e, b, times, ret);
    if (times != few)
        free(times);
    return r;
}
