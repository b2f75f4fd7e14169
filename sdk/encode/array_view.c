#include "encode/array.h"
#include "encode/bits.h"

void rt_view_ends(void *out, bool wide, const void *offsets, uint64_t first, uint64_t n, uint64_t base)
{
    int64_t shift = n ? (int64_t)base - rt_view_offset(offsets, wide, first) : 0;
    if (wide) {
        for (uint64_t i = 0; i < n; i++)
            ((int64_t *)out)[i] = rt_view_offset(offsets, true, first + 1 + i) + shift;
        return;
    }
    int32_t *ends = out, small = (int32_t)shift;
    const uint8_t *in = (const uint8_t *)offsets + 4 * (first + 1);
    for (uint64_t i = 0; i < n; i++) {
        int32_t v;
        memcpy(&v, in + 4 * i, 4);
        ends[i] = v + small;
    }
}

void rt_view_places(int32_t *out, const struct ArrowArray *a, uint64_t first, uint64_t n, uint32_t i, int64_t shift)
{
    const int8_t *ids = a->buffers[0];
    for (uint64_t k = 0; k < n; k++)
        if ((uint32_t)ids[first + k] == i)
            out[k] = (int32_t)(rt_view_offset(a->buffers[1], false, first + k) + shift);
}

static struct rt_range union_range(const struct ArrowArray *a, uint64_t first, uint64_t n, uint32_t child)
{
    const int8_t *ids = a->buffers[0];
    int64_t low = INT64_MAX, high = -1;
    for (uint64_t i = first; i < first + n; i++) {
        int64_t at = (uint32_t)ids[i] == child ? rt_view_offset(a->buffers[1], false, i) : -1;
        if (at < 0)
            continue;
        low = at < low ? at : low;
        high = at > high ? at : high;
    }
    return high < 0 ? (struct rt_range){0, 0} : (struct rt_range){(uint64_t)low, (uint64_t)(high - low) + 1};
}

struct rt_range rt_view_child(const struct rt_datatype *t, const struct ArrowArray *a, uint64_t first, uint64_t n, uint32_t i)
{
    bool wide = t->kind == RT_KIND_LARGE_LIST;
    switch (t->kind) {
    case RT_KIND_LIST:
    case RT_KIND_LARGE_LIST: {
        int64_t start = n ? rt_view_offset(a->buffers[1], wide, first) : 0, end = n ? rt_view_offset(a->buffers[1], wide, first + n) : 0;
        return (struct rt_range){(uint64_t)start, (uint64_t)(end - start)};
    }
    case RT_KIND_FIXED_LIST:
        return (struct rt_range){first * (uint64_t)t->size, n * (uint64_t)t->size};
    case RT_KIND_DENSE_UNION:
        return union_range(a, first, n, i);
    default:
        return (struct rt_range){first, n};
    }
}

uint64_t rt_view_nulls(const struct rt_datatype *t, const struct ArrowArray *a, uint64_t first, uint64_t n)
{
    const uint8_t *validity = rt_view_validity(t, a);
    if (t->kind == RT_KIND_NULL)
        return n;
    return validity && n ? rt_bits_zeros(validity, first, n) : 0;
}

/* ---------------------------------------------------------------- views */

int rt_view_node(const struct rt_datatype *t, struct rt_arena *arena, struct ArrowArray *ret)
{
    unsigned n_buffers = rt_kind_buffers((enum rt_kind)t->kind);
    void **p = rt_arena_take(arena, (n_buffers + t->n_children) * sizeof *p + t->n_children * sizeof(struct ArrowArray));
    if (!p)
        return -ENOBUFS;
    struct ArrowArray *children = (struct ArrowArray *)(void *)(p + n_buffers + t->n_children);
    memset(p, 0, n_buffers * sizeof *p);
    *ret = (struct ArrowArray){.n_buffers = n_buffers, .n_children = t->n_children, .buffers = (const void **)(void *)p,
                               .children = t->n_children ? (struct ArrowArray **)(void *)(p + n_buffers) : NULL};
    for (uint32_t i = 0; i < t->n_children; i++)
        ret->children[i] = &children[i];
    return 0;
}

int rt_array_view(const struct rt_array *a, struct rt_arena *arena, struct ArrowArray *ret)
{
    uint8_t kind = a->type->kind;
    int r = rt_view_node(a->type, arena, ret);
    if (r)
        return r;
    ret->length = (int64_t)a->length;
    ret->null_count = (int64_t)a->n_nulls;
    if (kind == RT_KIND_DENSE_UNION || kind == RT_KIND_SPARSE_UNION) {
        ret->buffers[0] = a->values.data;
        if (kind == RT_KIND_DENSE_UNION)
            ret->buffers[1] = a->offsets.data;
    } else if (kind != RT_KIND_NULL) {
        ret->buffers[0] = a->n_nulls ? a->validity.data : NULL;
        if (ret->n_buffers > 1)
            ret->buffers[1] = rt_kind_has_offsets(kind) ? a->offsets.data : a->values.data;
        if (ret->n_buffers > 2)
            ret->buffers[2] = a->values.data;
    }
    for (uint32_t i = 0; !r && i < a->type->n_children; i++)
        r = rt_array_view(&a->children[i], arena, ret->children[i]);
    return r;
}
