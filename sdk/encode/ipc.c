#include "encode/ipc.h"

#include <stdlib.h>
#include <string.h>

#include "encode/bits.h"

/* Numbers of Arrow's Schema.fbs and Message.fbs. */
enum { METADATA_V5 = 4, HEADER_SCHEMA = 1, HEADER_BATCH = 3 };
enum { MEMO_KV = 1, MEMO_TYPE, MEMO_CHILDREN, MEMO_ITEM, MEMO_EMPTY };
enum { NONE = -1, SIZE = -2 }; /* no such slot; the datatype's size */

static const struct {
    uint8_t type_type; /* Schema.fbs union Type */
    int8_t i16;        /* slot 0 as i16 (precision, unit, mode) */
    int8_t i32;        /* slot 0 as i32 (bitWidth, byteWidth, listSize) */
    int8_t is_signed;  /* slot 1 */
} types[] = {
    [RT_KIND_NULL] = {1, NONE, NONE, NONE},
    [RT_KIND_BOOL] = {6, NONE, NONE, NONE},
    [RT_KIND_I8] = {2, NONE, 8, 1},
    [RT_KIND_U8] = {2, NONE, 8, 0},
    [RT_KIND_I16] = {2, NONE, 16, 1},
    [RT_KIND_U16] = {2, NONE, 16, 0},
    [RT_KIND_I32] = {2, NONE, 32, 1},
    [RT_KIND_U32] = {2, NONE, 32, 0},
    [RT_KIND_I64] = {2, NONE, 64, 1},
    [RT_KIND_U64] = {2, NONE, 64, 0},
    [RT_KIND_F16] = {3, 0, NONE, NONE},
    [RT_KIND_F32] = {3, 1, NONE, NONE},
    [RT_KIND_F64] = {3, 2, NONE, NONE},
    [RT_KIND_UTF8] = {5, NONE, NONE, NONE},
    [RT_KIND_BINARY] = {4, NONE, NONE, NONE},
    [RT_KIND_LARGE_UTF8] = {20, NONE, NONE, NONE},
    [RT_KIND_LARGE_BINARY] = {19, NONE, NONE, NONE},
    [RT_KIND_FIXED_BINARY] = {15, NONE, SIZE, NONE},
    [RT_KIND_TIMESTAMP] = {10, SIZE, NONE, NONE},
    [RT_KIND_DURATION] = {18, SIZE, NONE, NONE},
    [RT_KIND_LIST] = {12, NONE, NONE, NONE},
    [RT_KIND_LARGE_LIST] = {21, NONE, NONE, NONE},
    [RT_KIND_FIXED_LIST] = {16, NONE, SIZE, NONE},
    [RT_KIND_STRUCT] = {13, NONE, NONE, NONE},
    [RT_KIND_DENSE_UNION] = {14, 1, NONE, NONE},
    [RT_KIND_SPARSE_UNION] = {14, 0, NONE, NONE},
};
_Static_assert(sizeof types / sizeof *types == RT_KIND_COUNT, "one row a kind");

static const struct rt_datatype plain_list = {.kind = RT_KIND_LIST};

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

/* Types without parameters are one empty table. */
static uint32_t type_ref(struct rt_fb *fb, const struct rt_datatype *t)
{
    int32_t i16 = types[t->kind].i16 == SIZE ? t->size : types[t->kind].i16, i32 = types[t->kind].i32 == SIZE ? t->size : types[t->kind].i32;
    bool empty = i16 == NONE && i32 == NONE;
    uint64_t key = empty ? 0 : (uint64_t)t->kind << 32 | (uint32_t)t->size;
    uint32_t ref = rt_fb_memo_get(fb, MEMO_TYPE, key);
    if (ref)
        return ref;
    rt_fb_begin(fb);
    if (i32 != NONE)
        rt_fb_i32(fb, 0, i32);
    if (i16 != NONE)
        rt_fb_i16(fb, 0, (int16_t)i16);
    if (types[t->kind].is_signed != NONE)
        rt_fb_u8(fb, 1, (uint8_t)types[t->kind].is_signed);
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

static uint32_t field_table(struct rt_fb *fb, uint32_t name, bool nullable, const struct rt_datatype *t, uint32_t children, uint32_t meta)
{
    uint32_t type_table = type_ref(fb, t);
    rt_fb_begin(fb);
    rt_fb_ref(fb, 0, name);
    rt_fb_ref(fb, 3, type_table);
    rt_fb_ref(fb, 5, children);
    if (meta)
        rt_fb_ref(fb, 6, meta);
    rt_fb_u8(fb, 1, nullable);
    rt_fb_u8(fb, 2, types[t->kind].type_type);
    return rt_fb_end(fb);
}

static uint32_t children_ref(struct rt_fb *fb, const struct rt_datatype *t);

static uint32_t child_ref(struct rt_fb *fb, const struct rt_datatype *t, const char *name, bool nullable)
{
    uint32_t children = children_ref(fb, t);
    return field_table(fb, rt_fb_string(fb, name, strlen(name)), nullable, t, children, 0);
}

/* The vector of a type's children, shared by all fields of that type. */
static uint32_t children_ref(struct rt_fb *fb, const struct rt_datatype *t)
{
    uint32_t small[8], *refs = small, ref;
    if (!t->n_children)
        return no_children_ref(fb);
    if ((ref = rt_fb_memo_get(fb, MEMO_CHILDREN, (uintptr_t)t)))
        return ref;
    if (t->n_children > 8 && !(refs = malloc(t->n_children * sizeof *refs))) {
        fb->error = -ENOMEM;
        return 0;
    }
    for (uint32_t i = 0; i < t->n_children; i++)
        refs[i] = child_ref(fb, t->children[i], t->children[i]->name ? t->children[i]->name : "", t->children[i]->nullable);
    ref = rt_fb_vector_refs(fb, refs, t->n_children);
    rt_fb_memo_put(fb, MEMO_CHILDREN, (uintptr_t)t, ref);
    if (refs != small)
        free(refs);
    return ref;
}

/* The vector with the one child `item` of a List, shared by all lists of that type. */
static uint32_t item_ref(struct rt_fb *fb, const struct rt_datatype *t)
{
    uint32_t ref = rt_fb_memo_get(fb, MEMO_ITEM, (uintptr_t)t);
    if (ref)
        return ref;
    uint32_t item = child_ref(fb, t, "item", true);
    ref = rt_fb_vector_refs(fb, &item, 1);
    rt_fb_memo_put(fb, MEMO_ITEM, (uintptr_t)t, ref);
    return ref;
}

static uint32_t field_ref(struct rt_fb *fb, const struct rt_ipc_field *f)
{
    uint32_t name = rt_fb_string(fb, f->name, strlen(f->name)), meta = kvs_ref(fb, f->meta, f->name, name);
    uint32_t children = f->list ? item_ref(fb, f->type) : children_ref(fb, f->type);
    return field_table(fb, name, f->nullable, f->list ? &plain_list : f->type, children, meta);
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

/* ---------------------------------------------------------------- arrays */

void rt_ipc_count(const struct rt_datatype *t, size_t *nodes, size_t *buffers)
{
    *nodes += 1;
    *buffers += rt_kind_buffers((enum rt_kind)t->kind);
    for (uint32_t i = 0; i < t->n_children; i++)
        rt_ipc_count(t->children[i], nodes, buffers);
}

/* What each kind has beside validity: offsets of n + 1 entries, type ids, places, values. */
static void put_array_buffers(struct rt_ipc_batch *b, const struct rt_array *a)
{
    uint8_t kind = a->type->kind;
    static const uint64_t zero;
    if (kind == RT_KIND_DENSE_UNION || kind == RT_KIND_SPARSE_UNION) {
        rt_ipc_buffer_add(b, a->values.data, a->values.len);
        if (kind == RT_KIND_DENSE_UNION)
            rt_ipc_buffer_add(b, a->offsets.data, a->offsets.len);
        return;
    }
    if (rt_kind_has_offsets(kind))
        rt_ipc_buffer_add(b, a->length ? a->offsets.data : (const void *)&zero,
                          a->length ? a->offsets.len : rt_kind_is_wide(kind) ? 8 : 4);
    if (rt_kind_is_bytes(kind) || kind == RT_KIND_BOOL || rt_datatype_width(a->type))
        rt_ipc_buffer_add(b, a->values.data, a->values.len);
}

void rt_ipc_array(struct rt_ipc_batch *b, const struct rt_array *a)
{
    bool has_validity = rt_kind_buffers((enum rt_kind)a->type->kind) && a->type->kind != RT_KIND_DENSE_UNION && a->type->kind != RT_KIND_SPARSE_UNION;
    rt_ipc_node(b, a->length, a->n_nulls);
    if (has_validity)
        rt_ipc_buffer_add(b, a->validity.data, a->n_nulls ? a->validity.len : 0);
    put_array_buffers(b, a);
    for (uint32_t i = 0; i < a->type->n_children; i++)
        rt_ipc_array(b, &a->children[i]);
}

/* ---------------------------------------------------------------- slices of views */

static void put_bits(struct rt_ipc_batch *b, const uint8_t *bits, uint64_t first, uint64_t n)
{
    uint8_t *p = rt_ipc_buffer_room(b, (n + 7) / 8);
    if (p)
        rt_bits_copy(p, 0, bits, first, n);
}

static void put_ends(struct rt_ipc_batch *b, bool wide, const void *offsets, uint64_t first, uint64_t n)
{
    unsigned width = wide ? 8 : 4;
    uint8_t *p = rt_ipc_buffer_room(b, (n + 1) * width);
    if (!p)
        return;
    memset(p, 0, width);
    if (n)
        rt_view_ends(p + width, wide, offsets, first, n, 0);
}

static void put_union(struct rt_ipc_batch *b, const struct rt_datatype *t, const struct ArrowArray *a, uint64_t first, uint64_t n)
{
    rt_ipc_buffer_add(b, n ? (const int8_t *)a->buffers[0] + first : NULL, n);
    int32_t *places = t->kind == RT_KIND_DENSE_UNION ? rt_ipc_buffer_room(b, 4 * n) : NULL;
    for (uint32_t i = 0; places && n && i < t->n_children; i++)
        rt_view_places(places, a, first, n, i, -(int64_t)rt_view_child(t, a, first, n, i).first);
}

static void put_view_buffers(struct rt_ipc_batch *b, const struct rt_datatype *t, const struct ArrowArray *a, uint64_t first, uint64_t n)
{
    uint8_t kind = t->kind;
    bool wide = rt_kind_is_wide(kind);
    unsigned width = rt_datatype_width(t);
    if (kind == RT_KIND_DENSE_UNION || kind == RT_KIND_SPARSE_UNION)
        put_union(b, t, a, first, n);
    else if (kind == RT_KIND_BOOL)
        put_bits(b, a->buffers[1], first, n);
    else if (width)
        rt_ipc_buffer_add(b, n ? (const uint8_t *)a->buffers[1] + first * width : NULL, n * width);
    if (rt_kind_has_offsets(kind))
        put_ends(b, wide, a->buffers[1], first, n);
    if (rt_kind_is_bytes(kind)) {
        int64_t from = n ? rt_view_offset(a->buffers[1], wide, first) : 0, to = n ? rt_view_offset(a->buffers[1], wide, first + n) : 0;
        rt_ipc_buffer_add(b, to > from ? (const uint8_t *)a->buffers[2] + from : NULL, (size_t)(to - from));
    }
}

/* Elements from @first on, which counts the offset in. */
static void put_view(struct rt_ipc_batch *b, const struct rt_datatype *t, const struct ArrowArray *a, uint64_t first, uint64_t n)
{
    uint64_t nulls = rt_view_nulls(t, a, first, n);
    rt_ipc_node(b, n, nulls);
    if (t->kind != RT_KIND_NULL && t->kind != RT_KIND_DENSE_UNION && t->kind != RT_KIND_SPARSE_UNION) {
        if (nulls)
            put_bits(b, rt_view_validity(t, a), first, n);
        else
            rt_ipc_buffer_add(b, NULL, 0);
    }
    put_view_buffers(b, t, a, first, n);
    for (uint32_t i = 0; i < t->n_children; i++) {
        struct rt_range below = rt_view_child(t, a, first, n, i);
        put_view(b, t->children[i], a->children[i], (uint64_t)a->children[i]->offset + below.first, below.n);
    }
}

void rt_ipc_view(struct rt_ipc_batch *b, const struct rt_datatype *t, const struct ArrowArray *a, uint64_t from, uint64_t n)
{
    put_view(b, t, a, (uint64_t)a->offset + from, n);
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
