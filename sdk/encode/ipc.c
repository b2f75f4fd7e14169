#include "encode/ipc.h"

#include <string.h>

/* Numbers of Arrow's Schema.fbs and Message.fbs. */
enum { METADATA_V5 = 4, HEADER_SCHEMA = 1, HEADER_BATCH = 3, TYPE_LIST = 12, TIME_UNIT_NS = 3 };
enum { MEMO_KV = 1, MEMO_TYPE, MEMO_CHILDREN, MEMO_EMPTY };

static const struct {
    uint8_t type_type; /* Schema.fbs union Type */
    uint8_t width;     /* bytes */
    int16_t i16;       /* slot 0 as i16 (precision, unit); -1 = none */
    int32_t i32;       /* slot 0 as i32 (bitWidth, byteWidth); 0 = none */
    int8_t is_signed;  /* slot 1; -1 = none */
} types[] = {
    [RT_IPC_BOOL]   = {6, 0, -1, 0, -1},
    [RT_IPC_U32]    = {2, 4, -1, 32, 0},
    [RT_IPC_U64]    = {2, 8, -1, 64, 0},
    [RT_IPC_I64]    = {2, 8, -1, 64, 1},
    [RT_IPC_F64]    = {3, 8, 2, 0, -1},
    [RT_IPC_UTF8]   = {5, 0, -1, 0, -1},
    [RT_IPC_BINARY] = {4, 0, -1, 0, -1},
    [RT_IPC_TIME]   = {10, 8, TIME_UNIT_NS, 0, -1},
    [RT_IPC_TUID]   = {15, 16, -1, 16, -1},
};
_Static_assert(sizeof types / sizeof *types == RT_IPC_TYPE_COUNT, "one row a type");

unsigned rt_ipc_width(enum rt_ipc_type type)
{
    return types[type].width;
}

/* ---------------------------------------------------------------- schema */

static uint32_t kv_ref(struct rt_fb *fb, uint32_t key, uint32_t value)
{
    uint64_t memo = (uint64_t)key << 32 | value;
    uint32_t ref = rt_fb_memo_get(fb, MEMO_KV, memo);
    if (ref)
        return ref;
    rt_fb_begin(fb);
    rt_fb_ref(fb, 0, key);
    rt_fb_ref(fb, 1, value);
    ref = rt_fb_end(fb);
    rt_fb_memo_put(fb, MEMO_KV, memo, ref);
    return ref;
}

/* Values, then keys, then pairs, from the last to the first: what differs from field to field lies behind
 * all that is alike, so the offsets of the latter are alike too. A value that equals the field's @name is
 * that string. Return: 0 when there is no pair. */
static uint32_t kvs_ref(struct rt_fb *fb, const struct rt_ipc_kv *kvs, const char *name, uint32_t name_ref)
{
    uint32_t keys[RT_IPC_MAX_KV], values[RT_IPC_MAX_KV], refs[RT_IPC_MAX_KV];
    const struct rt_ipc_kv *list[RT_IPC_MAX_KV];
    size_t n = 0;
    for (size_t i = 0; i < RT_IPC_MAX_KV && kvs[i].key; i++)
        if (kvs[i].value)
            list[n++] = &kvs[i];
    for (size_t i = n; i-- > 0;)
        values[i] = name && !strcmp(list[i]->value, name) ? name_ref
            : rt_fb_string(fb, list[i]->value, strlen(list[i]->value));
    for (size_t i = n; i-- > 0;)
        keys[i] = rt_fb_string(fb, list[i]->key, strlen(list[i]->key));
    for (size_t i = n; i-- > 0;)
        refs[i] = kv_ref(fb, keys[i], values[i]);
    return n ? rt_fb_vector_refs(fb, refs, n) : 0;
}

/* @type < 0: List, whose table is as empty as that of Utf8. */
static uint32_t type_ref(struct rt_fb *fb, int type)
{
    int t = type < 0 ? (int)RT_IPC_UTF8 : type;
    bool empty = types[t].i16 < 0 && !types[t].i32;
    uint64_t key = empty ? (uint64_t)RT_IPC_UTF8 : (uint64_t)t;
    uint32_t ref = rt_fb_memo_get(fb, MEMO_TYPE, key);
    if (ref)
        return ref;
    rt_fb_begin(fb);
    if (types[t].i32)
        rt_fb_i32(fb, 0, types[t].i32);
    if (types[t].i16 >= 0)
        rt_fb_i16(fb, 0, types[t].i16);
    if (types[t].is_signed >= 0)
        rt_fb_u8(fb, 1, (uint8_t)types[t].is_signed);
    ref = rt_fb_end(fb);
    rt_fb_memo_put(fb, MEMO_TYPE, key, ref);
    return ref;
}

static uint32_t no_children_ref(struct rt_fb *fb)
{
    uint32_t ref = rt_fb_memo_get(fb, MEMO_EMPTY, 0);
    if (!ref) {
        ref = rt_fb_vector_refs(fb, NULL, 0);
        rt_fb_memo_put(fb, MEMO_EMPTY, 0, ref);
    }
    return ref;
}

static uint32_t field_table(struct rt_fb *fb, uint32_t name, bool nullable, int type, uint32_t children,
                            uint32_t meta)
{
    uint32_t type_table = type_ref(fb, type);
    rt_fb_begin(fb);
    rt_fb_ref(fb, 0, name);
    rt_fb_ref(fb, 3, type_table);
    rt_fb_ref(fb, 5, children);
    if (meta)
        rt_fb_ref(fb, 6, meta);
    rt_fb_u8(fb, 1, nullable);
    rt_fb_u8(fb, 2, type < 0 ? TYPE_LIST : types[type].type_type);
    return rt_fb_end(fb);
}

/* The vector with the one child `item` of a List, shared by all lists of that type. */
static uint32_t item_ref(struct rt_fb *fb, enum rt_ipc_type type)
{
    uint32_t ref = rt_fb_memo_get(fb, MEMO_CHILDREN, type);
    if (ref)
        return ref;
    uint32_t item = field_table(fb, rt_fb_string(fb, "item", 4), true, (int)type, no_children_ref(fb), 0);
    ref = rt_fb_vector_refs(fb, &item, 1);
    rt_fb_memo_put(fb, MEMO_CHILDREN, type, ref);
    return ref;
}

static uint32_t field_ref(struct rt_fb *fb, const struct rt_ipc_field *f)
{
    uint32_t name = rt_fb_string(fb, f->name, strlen(f->name)), meta = kvs_ref(fb, f->meta, f->name, name);
    uint32_t children = f->list ? item_ref(fb, f->type) : no_children_ref(fb);
    return field_table(fb, name, f->nullable, f->list ? -1 : (int)f->type, children, meta);
}

static uint32_t message_ref(struct rt_fb *fb, uint8_t header_type, uint32_t header, int64_t body_len)
{
    rt_fb_begin(fb);
    rt_fb_i64(fb, 3, body_len);
    rt_fb_ref(fb, 2, header);
    rt_fb_i16(fb, 0, METADATA_V5);
    rt_fb_u8(fb, 1, header_type);
    return rt_fb_end(fb);
}

static int message_append(struct rt_fb *fb, uint32_t message, struct rt_buf *out)
{
    const uint8_t *p;
    size_t n;
    int r = rt_fb_finish(fb, message, &p, &n);
    uint32_t head[2] = {0xFFFFFFFFu, (uint32_t)n};
    if (r < 0 || (r = rt_buf_append(out, head, sizeof head)) < 0)
        return r;
    return rt_buf_append(out, p, n);
}

int rt_ipc_schema(struct rt_fb *fb, const struct rt_ipc_field *fields, size_t n_fields,
                  const struct rt_ipc_kv *meta,
                  bool repeat, struct rt_buf *out)
{
    uint32_t small[32], *refs = n_fields <= 32 ? small : malloc(n_fields * sizeof *refs);
    if (!refs)
        return -ENOMEM;
    rt_fb_reset(fb);
    fb->repeat = repeat;
    for (size_t i = 0; i < n_fields; i++)
        refs[i] = field_ref(fb, &fields[i]);
    uint32_t vector = rt_fb_vector_refs(fb, refs, n_fields), kvs = meta ? kvs_ref(fb, meta, NULL, 0) : 0;
    if (refs != small)
        free(refs);
    rt_fb_begin(fb);
    rt_fb_ref(fb, 1, vector);
    if (kvs)
        rt_fb_ref(fb, 2, kvs);
    rt_fb_i16(fb, 0, 0); /* little-endian */
    uint32_t schema = rt_fb_end(fb);
    return message_append(fb, message_ref(fb, HEADER_SCHEMA, schema, 0), out);
}

int rt_ipc_end(struct rt_buf *out)
{
    static const uint32_t end[2] = {0xFFFFFFFFu, 0};
    return rt_buf_append(out, end, sizeof end);
}

/* ---------------------------------------------------------------- record batch */

/* Writes the metadata message; its length depends on the counts alone, so it is written first with zeros
 * and then for good. */
static int batch_meta(struct rt_ipc_batch *b, int64_t body_len, struct rt_buf *out)
{
    rt_fb_reset(b->fb);
    uint32_t buffers = rt_fb_vector_pairs(b->fb, (const int64_t (*)[2])b->buffers, b->cap_buffers);
    uint32_t nodes = rt_fb_vector_pairs(b->fb, (const int64_t (*)[2])b->nodes, b->cap_nodes);
    rt_fb_begin(b->fb);
    rt_fb_i64(b->fb, 0, b->n_rows);
    rt_fb_ref(b->fb, 1, nodes);
    rt_fb_ref(b->fb, 2, buffers);
    uint32_t batch = rt_fb_end(b->fb);
    return message_append(b->fb, message_ref(b->fb, HEADER_BATCH, batch, body_len), out);
}

int rt_ipc_batch_begin(struct rt_ipc_batch *b, struct rt_fb *fb, struct rt_buf *out, uint64_t n_rows,
                       size_t n_nodes, size_t n_buffers)
{
    *b = (struct rt_ipc_batch){.fb = fb, .out = out, .meta_at = out->len, .n_rows = (int64_t)n_rows,
                               .cap_nodes = n_nodes, .cap_buffers = n_buffers};
    b->nodes = calloc(n_nodes + n_buffers, sizeof *b->nodes);
    if (!b->nodes)
        return b->error = -ENOMEM;
    b->buffers = b->nodes + n_nodes;
    b->error = batch_meta(b, 0, out);
    b->body_at = out->len;
    return b->error;
}

void rt_ipc_node(struct rt_ipc_batch *b, uint64_t length, uint64_t n_nulls)
{
    b->nodes[b->n_nodes][0] = (int64_t)length;
    b->nodes[b->n_nodes++][1] = (int64_t)n_nulls;
}

void *rt_ipc_buffer_room(struct rt_ipc_batch *b, size_t len)
{
    size_t padded = (len + 7) & ~(size_t)7;
    if (b->error || (b->error = rt_buf_reserve(b->out, padded)) < 0)
        return NULL;
    uint8_t *p = b->out->data + b->out->len;
    if (padded)
        memset(p + padded - 8, 0, 8);
    b->buffers[b->n_buffers][0] = (int64_t)(b->out->len - b->body_at);
    b->buffers[b->n_buffers++][1] = (int64_t)len;
    b->out->len += padded;
    return p;
}

size_t rt_ipc_buffer_add(struct rt_ipc_batch *b, const void *data, size_t len)
{
    void *p = rt_ipc_buffer_room(b, len);
    if (p && len)
        memcpy(p, data, len);
    return b->n_buffers - 1;
}

void rt_ipc_buffer_same(struct rt_ipc_batch *b, size_t number)
{
    if (b->error)
        return;
    memcpy(b->buffers[b->n_buffers], b->buffers[number], sizeof *b->buffers);
    b->n_buffers++;
}

int rt_ipc_batch_end(struct rt_ipc_batch *b)
{
    int r = b->error;
    size_t end = b->out->len;
    if (!r) {
        b->out->len = b->meta_at;
        r = batch_meta(b, (int64_t)(end - b->body_at), b->out); /* fits: same length as before, no growth */
        b->out->len = end;
    }
    free(b->nodes);
    b->nodes = NULL;
    return r;
}
