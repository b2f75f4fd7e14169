#include "encode/arrowpack.h"

#include "encode/bits.h"

struct head {
    uint32_t length, nulls;
};

static size_t padded(size_t n)
{
    return (n + 7) & ~(size_t)7;
}

static bool is_union(uint8_t kind)
{
    return kind == RT_KIND_DENSE_UNION || kind == RT_KIND_SPARSE_UNION;
}

static bool is_list(uint8_t kind)
{
    return kind == RT_KIND_LIST || kind == RT_KIND_LARGE_LIST;
}

/* ---------------------------------------------------------------- packing: with @out NULL only the size */

struct part {
    uint8_t *out;
    size_t len; /* so far */
};

/* Room for @n bytes, the padding zero. Return: NULL when only the size is asked for. */
static uint8_t *room(struct part *p, size_t n)
{
    size_t all = padded(n);
    uint8_t *at = p->out ? p->out + p->len : NULL;
    if (at && all)
        memset(at + all - 8, 0, 8);
    p->len += all;
    return at;
}

static void put(struct part *p, const uint8_t *bytes, size_t n)
{
    uint8_t *at = room(p, n);
    if (at && n)
        memcpy(at, bytes, n);
}

static void put_bits(struct part *p, const uint8_t *bits, uint64_t first, uint64_t n)
{
    uint8_t *at = room(p, (n + 7) / 8);
    if (at && n)
        rt_bits_copy(at, 0, bits, first, n);
}

static void put_offsets(struct part *p, bool wide, const void *offsets, uint64_t first, uint64_t n)
{
    unsigned width = wide ? 8 : 4;
    uint8_t *at = n ? room(p, (n + 1) * width) : NULL;
    if (!at)
        return;
    memset(at, 0, width);
    rt_view_ends(at + width, wide, offsets, first, n, 0);
}

static void put_union(struct part *p, const struct rt_datatype *t, const struct ArrowArray *a, uint64_t first, uint64_t n)
{
    put(p, n ? (const uint8_t *)a->buffers[0] + first : NULL, n);
    if (t->kind != RT_KIND_DENSE_UNION)
        return;
    int32_t *places = (int32_t *)(void *)room(p, 4 * n);
    for (uint32_t i = 0; places && n && i < t->n_children; i++)
        rt_view_places(places, a, first, n, i, -(int64_t)rt_view_child(t, a, first, n, i).first);
}

static void put_values(struct part *p, const struct rt_datatype *t, const struct ArrowArray *a, uint64_t first, uint64_t n)
{
    unsigned width = rt_datatype_width(t);
    if (is_union(t->kind))
        put_union(p, t, a, first, n);
    else if (t->kind == RT_KIND_BOOL)
        put_bits(p, a->buffers[1], first, n);
    else if (width)
        put(p, n ? (const uint8_t *)a->buffers[1] + first * width : NULL, n * width);
    else if (is_list(t->kind))
        put_offsets(p, rt_kind_is_wide(t->kind), a->buffers[1], first, n);
    if (!rt_kind_is_bytes(t->kind) || !n)
        return;
    bool wide = rt_kind_is_wide(t->kind);
    int64_t from = rt_view_offset(a->buffers[1], wide, first), to = rt_view_offset(a->buffers[1], wide, first + n);
    put_offsets(p, wide, a->buffers[1], first, n);
    put(p, to > from ? (const uint8_t *)a->buffers[2] + from : NULL, (size_t)(to - from));
}

/* Elements from @first on, which counts the offset in. */
static void pack(struct part *p, const struct rt_datatype *t, const struct ArrowArray *a, uint64_t first, uint64_t n)
{
    bool nulls = t->kind != RT_KIND_NULL && rt_view_nulls(t, a, first, n) > 0;
    struct head *head = (struct head *)(void *)room(p, sizeof *head);
    if (head)
        *head = (struct head){(uint32_t)n, nulls};
    if (nulls)
        put_bits(p, rt_view_validity(t, a), first, n);
    put_values(p, t, a, first, n);
    for (uint32_t i = 0; i < t->n_children; i++) {
        struct rt_range below = rt_view_child(t, a, first, n, i);
        pack(p, t->children[i], a->children[i], (uint64_t)a->children[i]->offset + below.first, below.n);
    }
}

size_t rt_arrow_packed_size(const struct rt_datatype *t, const struct ArrowArray *array)
{
    struct part p = {NULL, 0};
    pack(&p, t, array, (uint64_t)array->offset, (uint64_t)array->length);
    return p.len;
}

void rt_arrow_pack(const struct rt_datatype *t, const struct ArrowArray *array, uint8_t *out)
{
    struct part p = {out, 0};
    pack(&p, t, array, (uint64_t)array->offset, (uint64_t)array->length);
}

/* ---------------------------------------------------------------- unpacking */

struct rest {
    const uint8_t *at;
    size_t len;
};

/* The next @n bytes; NULL when there are fewer. */
static const void *take(struct rest *r, uint64_t n)
{
    const uint8_t *p = r->at;
    if (n > r->len || padded(n) > r->len)
        return NULL;
    r->at += padded(n);
    r->len -= padded(n);
    return p;
}

static bool unpack_union(struct rest *r, const struct rt_datatype *t, uint64_t n, const void **buffers)
{
    if (!(buffers[0] = take(r, n)))
        return false;
    return t->kind == RT_KIND_SPARSE_UNION || (buffers[1] = take(r, 4 * n));
}

static bool unpack_offsets(struct rest *r, const struct rt_datatype *t, uint64_t n, const void **buffers)
{
    bool wide = rt_kind_is_wide(t->kind);
    if (!(buffers[1] = take(r, n ? (n + 1) * (wide ? 8 : 4) : 0)))
        return false;
    int64_t end = n ? rt_view_offset(buffers[1], wide, n) : 0; /* whether those before it are less is looked at later */
    return is_list(t->kind) || (end >= 0 && (buffers[2] = take(r, (uint64_t)end)));
}

/* Values and offsets of a node of @n elements. Return: false when the bytes end too early. */
static bool unpack_values(struct rest *r, const struct rt_datatype *t, uint64_t n, const void **buffers)
{
    unsigned width = rt_datatype_width(t);
    if (is_union(t->kind))
        return unpack_union(r, t, n, buffers);
    if (rt_kind_is_bytes(t->kind) || is_list(t->kind))
        return unpack_offsets(r, t, n, buffers);
    if (!width && t->kind != RT_KIND_BOOL)
        return true;
    return (buffers[1] = take(r, width ? n * width : (n + 7) / 8)) != NULL;
}

static int unpack(struct rest *r, const struct rt_datatype *t, struct rt_arena *arena, struct ArrowArray *ret)
{
    const struct head *head = take(r, sizeof *head);
    if (!head || head->length > INT32_MAX || head->nulls > 1)
        return -EBADMSG;
    if (head->nulls && (t->kind == RT_KIND_NULL || is_union(t->kind)))
        return -EBADMSG;
    uint64_t n = head->length;
    int e = rt_view_node(t, arena, ret);
    if (e)
        return e;
    ret->length = (int64_t)n;
    if (head->nulls) {
        if (!(ret->buffers[0] = take(r, (n + 7) / 8)))
            return -EBADMSG;
        ret->null_count = (int64_t)rt_bits_zeros(ret->buffers[0], 0, n);
    }
    if (!unpack_values(r, t, n, ret->buffers))
        return -EBADMSG;
    for (uint32_t i = 0; !e && i < t->n_children; i++)
        e = unpack(r, t->children[i], arena, ret->children[i]);
    return e;
}

size_t rt_arrow_arena_size(const struct rt_datatype *t)
{
    return rt_datatype_nodes(t) * RT_VIEW_FIELD_BYTES;
}

int rt_arrow_unpack(const struct rt_datatype *t, const void *bytes, size_t len, struct rt_arena *arena, struct ArrowArray *ret)
{
    struct rest r = {bytes, len};
    return unpack(&r, t, arena, ret);
}
