#include "encode/arrowpack.h"

#include "encode/bits.h"

struct head {
    uint64_t length, n_nulls;
};

/* Where packed bytes go; without out they are only counted. */
struct packer {
    uint8_t *out;
    uint64_t n;
};

static uint64_t pad8(uint64_t n)
{
    return (n + 7) & ~(uint64_t)7;
}

/* @n bytes, padded with zeros. Return: where they are to be written, NULL while counting. */
static uint8_t *place(struct packer *p, uint64_t n)
{
    uint8_t *at = p->out ? p->out + p->n : NULL;
    if (at && n)
        memset(at + pad8(n) - 8, 0, 8);
    p->n += pad8(n);
    return at;
}

static void put(struct packer *p, const void *data, uint64_t n)
{
    uint8_t *at = place(p, n);
    if (at && n)
        memcpy(at, data, n);
}

static void put_bits(struct packer *p, const uint8_t *bits, uint64_t from, uint64_t n)
{
    uint8_t *at = place(p, (n + 7) / 8);
    if (at && n)
        rt_bits_copy(at, 0, bits, from, n);
}

static void put_offsets(struct packer *p, const void *offsets, bool wide, uint64_t first, uint64_t n)
{
    uint8_t *at = place(p, (n + 1) * (wide ? 8 : 4));
    int64_t base = n ? rt_view_offset(offsets, wide, first) : 0;
    for (uint64_t i = 0; at && i <= n; i++) {
        int64_t v = n ? rt_view_offset(offsets, wide, first + i) - base : 0;
        int32_t small = (int32_t)v;
        memcpy(at + i * (wide ? 8 : 4), wide ? (const void *)&v : &small, wide ? 8 : 4);
    }
}

static void pack_bytes(struct packer *p, const struct rt_datatype *t, const struct ArrowArray *a, uint64_t first, uint64_t n)
{
    bool wide = rt_kind_is_wide(t->kind);
    put_offsets(p, a->buffers[1], wide, first, n);
    if (n) {
        int64_t from = rt_view_offset(a->buffers[1], wide, first), to = rt_view_offset(a->buffers[1], wide, first + n);
        put(p, (const uint8_t *)a->buffers[2] + from, (uint64_t)(to - from));
    }
}

static void pack_own(struct packer *p, const struct rt_datatype *t, const struct ArrowArray *a, uint64_t first, uint64_t n)
{
    unsigned width = t->kind == RT_KIND_FIXED_BINARY ? (unsigned)t->size : rt_kind_width(t->kind);
    if (rt_kind_is_bytes(t->kind))
        pack_bytes(p, t, a, first, n);
    else if (t->kind == RT_KIND_LIST || t->kind == RT_KIND_LARGE_LIST)
        put_offsets(p, a->buffers[1], rt_kind_is_wide(t->kind), first, n);
    else if (t->kind == RT_KIND_BOOL)
        put_bits(p, a->buffers[1], first, n);
    else if (t->kind == RT_KIND_DENSE_UNION || t->kind == RT_KIND_SPARSE_UNION)
        put(p, (const uint8_t *)a->buffers[0] + first, n);
    else if (width)
        put(p, (const uint8_t *)a->buffers[1] + first * width, n * width);
    if (t->kind == RT_KIND_DENSE_UNION)
        put(p, (const uint8_t *)a->buffers[1] + 4 * first, 4 * n);
}

/* Elements [first, first + n); first counts the offset in. */
static void pack(struct packer *p, const struct rt_datatype *t, const struct ArrowArray *a, uint64_t first, uint64_t n)
{
    const uint8_t *validity = rt_view_validity(t, a);
    struct head head = {n, validity ? rt_bits_zeros(validity, first, n) : 0};
    put(p, &head, sizeof head);
    if (head.n_nulls)
        put_bits(p, validity, first, n);
    pack_own(p, t, a, first, n);
    for (uint32_t i = 0; i < t->n_children; i++) {
        const struct ArrowArray *child = a->children[i];
        struct rt_range r = {0, (uint64_t)child->length};
        if (t->kind != RT_KIND_DENSE_UNION)
            r = rt_view_child(t, a, first, n, i);
        pack(p, t->children[i], child, r.first + (uint64_t)child->offset, r.n);
    }
}

uint64_t rt_arrow_packed_size(const struct rt_datatype *t, const struct ArrowArray *array)
{
    struct packer p = {0};
    pack(&p, t, array, (uint64_t)array->offset, (uint64_t)array->length);
    return p.n;
}

void rt_arrow_pack(const struct rt_datatype *t, const struct ArrowArray *array, uint8_t *out)
{
    struct packer p = {.out = out};
    pack(&p, t, array, (uint64_t)array->offset, (uint64_t)array->length);
}

/* ---------------------------------------------------------------- back */

struct unpacker {
    const uint8_t *p;
    uint64_t left;
    struct rt_arena *arena;
};

/* Return: NULL when there are not so many. */
static const uint8_t *take(struct unpacker *u, uint64_t n)
{
    const uint8_t *p = u->p;
    if (n > u->left || pad8(n) > u->left)
        return NULL;
    u->p += pad8(n);
    u->left -= pad8(n);
    return p;
}

static int take_bytes(struct unpacker *u, const struct rt_datatype *t, struct ArrowArray *a, uint64_t n)
{
    bool wide = rt_kind_is_wide(t->kind);
    const uint8_t *offsets = take(u, (n + 1) * (wide ? 8 : 4));
    int64_t last = offsets ? rt_view_offset(offsets, wide, n) : -1;
    a->buffers[1] = offsets;
    a->buffers[2] = last < 0 ? NULL : take(u, (uint64_t)last);
    return a->buffers[2] ? 0 : -EBADMSG;
}

static int take_own(struct unpacker *u, const struct rt_datatype *t, struct ArrowArray *a, uint64_t n)
{
    unsigned width = t->kind == RT_KIND_FIXED_BINARY ? (unsigned)t->size : rt_kind_width(t->kind);
    if (rt_kind_is_bytes(t->kind))
        return take_bytes(u, t, a, n);
    if (t->kind == RT_KIND_LIST || t->kind == RT_KIND_LARGE_LIST)
        return (a->buffers[1] = take(u, (n + 1) * (rt_kind_is_wide(t->kind) ? 8 : 4))) ? 0 : -EBADMSG;
    if (t->kind == RT_KIND_BOOL)
        return (a->buffers[1] = take(u, (n + 7) / 8)) ? 0 : -EBADMSG;
    if (t->kind == RT_KIND_DENSE_UNION || t->kind == RT_KIND_SPARSE_UNION) {
        if (!(a->buffers[0] = take(u, n)))
            return -EBADMSG;
        return t->kind == RT_KIND_SPARSE_UNION || (a->buffers[1] = take(u, 4 * n)) ? 0 : -EBADMSG;
    }
    return !width || (a->buffers[1] = take(u, n * width)) ? 0 : -EBADMSG;
}

static int unpack(struct unpacker *u, const struct rt_datatype *t, struct ArrowArray *ret)
{
    struct head head;
    const uint8_t *p = take(u, sizeof head);
    int r = rt_view_node(t, u->arena, ret);
    if (!p || r)
        return r ? r : -EBADMSG;
    memcpy(&head, p, sizeof head);
    if (head.length > INT32_MAX || head.n_nulls > head.length)
        return -EBADMSG;
    ret->length = (int64_t)head.length;
    ret->null_count = (int64_t)head.n_nulls;
    if (head.n_nulls) {
        if (t->kind == RT_KIND_NULL || t->kind == RT_KIND_DENSE_UNION || t->kind == RT_KIND_SPARSE_UNION)
            return -EBADMSG;
        if (!(ret->buffers[0] = take(u, (head.length + 7) / 8)))
            return -EBADMSG;
    }
    r = take_own(u, t, ret, head.length);
    for (uint32_t i = 0; !r && i < t->n_children; i++)
        r = unpack(u, t->children[i], ret->children[i]);
    return r;
}

size_t rt_arrow_arena_size(const struct rt_datatype *t)
{
    size_t n = RT_VIEW_FIELD_BYTES;
    for (uint32_t i = 0; i < t->n_children; i++)
        n += rt_arrow_arena_size(t->children[i]) + sizeof(void *);
    return n;
}

int rt_arrow_unpack(const struct rt_datatype *t, const uint8_t *p, size_t n, struct rt_arena *arena, struct ArrowArray *ret)
{
    struct unpacker u = {p, n, arena};
    return unpack(&u, t, ret);
}
