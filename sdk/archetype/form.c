#include "archetype/form.h"

#include <errno.h>
#include <string.h>

#include "base/utf8.h"

/* ---------------------------------------------------------------- layout */

static size_t align_up(size_t n, size_t align)
{
    return (n + align - 1) / align * align;
}

/* Size and alignment of a struct of the children, or of a union of them. */
static size_t children_size(const struct rt_datatype *t, bool is_union, size_t *ret_align)
{
    size_t size = 0, align = 1;
    for (uint32_t i = 0; i < t->n_children; i++) {
        size_t a = rt_form_align(t->children[i]), s = rt_form_size(t->children[i]);
        size = is_union ? (s > size ? s : size) : align_up(size, a) + s;
        align = a > align ? a : align;
    }
    *ret_align = align;
    return align_up(size, align);
}

/* Where the value of a union begins. */
static size_t union_at(const struct rt_datatype *t)
{
    size_t align;
    children_size(t, true, &align);
    return align_up(sizeof(uint32_t), align);
}

size_t rt_form_align(const struct rt_datatype *t)
{
    size_t align;
    switch ((enum rt_kind)t->kind) {
    case RT_KIND_NULL:
    case RT_KIND_BOOL: return 1;
    case RT_KIND_UTF8: return _Alignof(const char *);
    case RT_KIND_BINARY:
    case RT_KIND_LIST: return _Alignof(struct rt_form_list);
    case RT_KIND_FIXED_LIST: return rt_form_align(t->children[0]);
    case RT_KIND_STRUCT: children_size(t, false, &align); return align;
    case RT_KIND_DENSE_UNION: children_size(t, true, &align); return align > 4 ? align : 4;
    default: return rt_kind_width((enum rt_kind)t->kind);
    }
}

size_t rt_form_size(const struct rt_datatype *t)
{
    size_t align;
    switch ((enum rt_kind)t->kind) {
    case RT_KIND_NULL: return 0;
    case RT_KIND_BOOL: return sizeof(bool);
    case RT_KIND_UTF8: return sizeof(const char *);
    case RT_KIND_BINARY:
    case RT_KIND_LIST: return sizeof(struct rt_form_list);
    case RT_KIND_FIXED_LIST: return (size_t)t->size * rt_form_size(t->children[0]);
    case RT_KIND_STRUCT: return children_size(t, false, &align);
    case RT_KIND_DENSE_UNION: return align_up(union_at(t) + children_size(t, true, &align), rt_form_align(t));
    default: return rt_kind_width((enum rt_kind)t->kind);
    }
}

/* ---------------------------------------------------------------- packing */

struct packer {
    struct rt_region *region;
    struct rt_error *err;
    bool copy;
};

/* Values on their way: number i is at base + i * stride. */
struct values {
    const uint8_t *base;
    size_t stride, n;
    bool zero_is_null;
};

static const uint64_t nothing[2]; /* what an empty buffer points to; offsets of no list */

static int pack(struct packer *p, const struct rt_datatype *t, struct values v, struct ArrowArray *ret);

static int place_error(struct packer *p, const struct rt_datatype *t, int code, const char *text)
{
    return rt_error_set(p->err, code, "%s%s%s", t->name ? t->name : "", t->name ? ": " : "", text);
}

static int array_begin(struct packer *p, const struct rt_datatype *t, size_t n, unsigned n_buffers, struct ArrowArray *ret)
{
    const void **buffers = rt_region_take(p->region, (n_buffers + 1) * sizeof *buffers);
    struct ArrowArray **children = rt_region_take(p->region, (t->n_children + 1) * sizeof *children);
    struct ArrowArray *child = rt_region_take(p->region, t->n_children * sizeof *child);
    if (!buffers || !children || !child)
        return -ENOMEM;
    for (uint32_t i = 0; i < t->n_children; i++)
        children[i] = &child[i];
    memset(child, 0, t->n_children * sizeof *child);
    for (unsigned i = 0; i < n_buffers; i++)
        buffers[i] = NULL;
    *ret = (struct ArrowArray){.length = (int64_t)n, .n_buffers = n_buffers, .n_children = t->n_children, .buffers = buffers,
                               .children = t->n_children ? children : NULL};
    return 0;
}

static bool is_zero(const uint8_t *at, size_t n)
{
    for (size_t i = 0; i < n; i++)
        if (at[i])
            return false;
    return true;
}

/* Validity of values of which a zero is a null; @bytes of each decide. */
static int put_nulls(struct packer *p, struct values v, size_t bytes, struct ArrowArray *ret)
{
    if (!v.zero_is_null)
        return 0;
    uint8_t *bits = rt_region_take(p->region, v.n / 8 + 1);
    if (!bits)
        return -ENOMEM;
    memset(bits, 0, v.n / 8 + 1);
    for (size_t i = 0; i < v.n; i++)
        if (is_zero(v.base + i * v.stride, bytes))
            ret->null_count++;
        else
            bits[i / 8] |= (uint8_t)(1u << i % 8);
    ret->buffers[0] = ret->null_count ? bits : NULL;
    return 0;
}

/* The values without what lies between them, in the region; those that lie so already are borrowed when @may_borrow. */
static const uint8_t *contiguous(struct packer *p, struct values v, size_t size, bool may_borrow)
{
    if (!v.n || !size)
        return (const uint8_t *)nothing;
    if (v.stride == size && may_borrow)
        return v.base;
    uint8_t *to = v.n > SIZE_MAX / size ? NULL : rt_region_take(p->region, v.n * size);
    if (to && v.stride == size)
        memcpy(to, v.base, v.n * size);
    for (size_t i = 0; to && v.stride != size && i < v.n; i++)
        memcpy(to + i * size, v.base + i * v.stride, size);
    return to;
}

static int pack_flat(struct packer *p, const struct rt_datatype *t, struct values v, struct ArrowArray *ret)
{
    size_t width = rt_form_size(t);
    int r = array_begin(p, t, v.n, 2, ret);
    if (r || (r = put_nulls(p, v, width, ret)))
        return r;
    ret->buffers[1] = contiguous(p, v, width, !p->copy);
    return ret->buffers[1] ? 0 : -ENOMEM;
}

static int pack_bool(struct packer *p, const struct rt_datatype *t, struct values v, struct ArrowArray *ret)
{
    int r = array_begin(p, t, v.n, 2, ret);
    uint8_t *bits = r ? NULL : rt_region_take(p->region, v.n / 8 + 1);
    if (!bits)
        return -ENOMEM;
    memset(bits, 0, v.n / 8 + 1);
    for (size_t i = 0; i < v.n; i++)
        if (v.base[i * v.stride])
            bits[i / 8] |= (uint8_t)(1u << i % 8);
    ret->buffers[1] = bits;
    return 0;
}

/* Text or bytes number @i. Return: false when there are none although there should be. */
static bool piece_at(const struct rt_datatype *t, struct values v, size_t i, struct rt_form_list *ret)
{
    const uint8_t *at = v.base + i * v.stride;
    if (t->kind != RT_KIND_UTF8) {
        memcpy(&ret->data, at + offsetof(struct rt_form_list, data), sizeof ret->data);
        memcpy(&ret->n, at + offsetof(struct rt_form_list, n), sizeof ret->n);
        return ret->data || !ret->n;
    }
    memcpy(&ret->data, at, sizeof ret->data);
    size_t n = ret->data ? strlen(ret->data) : 0;
    ret->n = (uint32_t)n;
    return n <= INT32_MAX;
}

/* Offsets of lists, texts or bytes; *ret_total: items of all. */
static int put_offsets(struct packer *p, const struct rt_datatype *t, struct values v, struct ArrowArray *ret, size_t *ret_total)
{
    int32_t *offsets = rt_region_take(p->region, (v.n + 1) * sizeof *offsets);
    uint64_t total = 0;
    struct rt_form_list piece;
    if (!offsets)
        return -ENOMEM;
    offsets[0] = 0;
    for (size_t i = 0; i < v.n; i++) {
        if (!piece_at(t, v, i, &piece))
            return t->kind == RT_KIND_UTF8 ? place_error(p, t, -EOVERFLOW, "a text of more than 2147483647 bytes")
                                           : place_error(p, t, -EFAULT, "a list without data");
        total += piece.n;
        if (total > INT32_MAX)
            return place_error(p, t, -EOVERFLOW, "more than 2147483647 items");
        offsets[i + 1] = (int32_t)total;
    }
    ret->buffers[1] = offsets;
    *ret_total = total;
    return 0;
}

static int pack_text(struct packer *p, const struct rt_datatype *t, struct values v, struct ArrowArray *ret)
{
    size_t total = 0;
    int r = array_begin(p, t, v.n, 3, ret);
    r = r ? r : put_nulls(p, v, sizeof(const char *), ret);
    r = r ? r : put_offsets(p, t, v, ret, &total);
    uint8_t *to = r ? NULL : rt_region_take(p->region, total + 1), *at = to;
    if (!to)
        return r ? r : -ENOMEM;
    for (size_t i = 0; i < v.n; i++) {
        struct rt_form_list piece;
        piece_at(t, v, i, &piece);
        if (t->kind == RT_KIND_UTF8 && !rt_utf8_ok(piece.data, piece.n))
            return place_error(p, t, -EILSEQ, "a text that is not UTF-8");
        if (piece.n)
            memcpy(at, piece.data, piece.n);
        at += piece.n;
    }
    ret->buffers[2] = to;
    return 0;
}

/* The items of all lists, one after the other. */
static const uint8_t *items_of(struct packer *p, const struct rt_datatype *t, struct values v, size_t total)
{
    size_t size = rt_form_size(t->children[0]);
    struct rt_form_list piece;
    if (v.n == 1 && total) {
        piece_at(t, v, 0, &piece);
        return piece.data;
    }
    uint8_t *to = rt_region_take(p->region, total * size), *at = to;
    for (size_t i = 0; to && i < v.n; i++) {
        piece_at(t, v, i, &piece);
        if (piece.n)
            memcpy(at, piece.data, piece.n * size);
        at += piece.n * size;
    }
    return to;
}

static int pack_list(struct packer *p, const struct rt_datatype *t, struct values v, struct ArrowArray *ret)
{
    size_t total = 0;
    int r = array_begin(p, t, v.n, 2, ret);
    r = r ? r : put_nulls(p, v, sizeof(const void *), ret);
    r = r ? r : put_offsets(p, t, v, ret, &total);
    if (r)
        return r;
    struct values items = {items_of(p, t, v, total), rt_form_size(t->children[0]), total, false};
    return items.base ? pack(p, t->children[0], items, ret->children[0]) : -ENOMEM;
}

static int pack_fixed_list(struct packer *p, const struct rt_datatype *t, struct values v, struct ArrowArray *ret)
{
    int r = array_begin(p, t, v.n, 1, ret);
    const uint8_t *base = r ? NULL : contiguous(p, v, rt_form_size(t), true);
    if (!base)
        return -ENOMEM;
    return pack(p, t->children[0], (struct values){base, rt_form_size(t->children[0]), v.n * (size_t)t->size, false}, ret->children[0]);
}

static int pack_struct(struct packer *p, const struct rt_datatype *t, struct values v, struct ArrowArray *ret)
{
    int r = array_begin(p, t, v.n, 1, ret);
    size_t at = 0;
    for (uint32_t i = 0; !r && i < t->n_children; i++) {
        const struct rt_datatype *child = t->children[i];
        at = align_up(at, rt_form_align(child));
        r = pack(p, child, (struct values){v.base + at, v.stride, v.n, child->nullable && child->kind != RT_KIND_DENSE_UNION}, ret->children[i]);
        at += rt_form_size(child);
    }
    return r;
}

/* The values of kind @kind, one after the other. */
static int pack_union_child(struct packer *p, const struct rt_datatype *t, struct values v, uint32_t kind, size_t n, struct ArrowArray *ret)
{
    const struct rt_datatype *child = t->children[kind];
    size_t size = rt_form_size(child), from = union_at(t);
    uint8_t *to = rt_region_take(p->region, n * size), *at = to;
    uint32_t k;
    for (size_t i = 0; to && i < v.n; i++) {
        memcpy(&k, v.base + i * v.stride, sizeof k);
        if (k == kind) {
            memcpy(at, v.base + i * v.stride + from, size);
            at += size;
        }
    }
    return to ? pack(p, child, (struct values){to, size, n, false}, ret) : -ENOMEM;
}

static int pack_union(struct packer *p, const struct rt_datatype *t, struct values v, struct ArrowArray *ret)
{
    int r = array_begin(p, t, v.n, 2, ret);
    int8_t *ids = rt_region_take(p->region, v.n);
    int32_t *offsets = rt_region_take(p->region, v.n * sizeof *offsets);
    size_t *counts = rt_region_take(p->region, t->n_children * sizeof *counts);
    if (r || !ids || !offsets || !counts)
        return -ENOMEM;
    memset(counts, 0, t->n_children * sizeof *counts);
    for (size_t i = 0; i < v.n; i++) {
        uint32_t kind;
        memcpy(&kind, v.base + i * v.stride, sizeof kind);
        if (kind >= t->n_children)
            return place_error(p, t, -EINVAL, "an unknown kind");
        ids[i] = (int8_t)kind;
        offsets[i] = (int32_t)counts[kind]++;
    }
    ret->buffers[0] = ids;
    ret->buffers[1] = offsets;
    for (uint32_t i = 0; !r && i < t->n_children; i++)
        r = pack_union_child(p, t, v, i, counts[i], ret->children[i]);
    return r;
}

static int pack_null(struct packer *p, const struct rt_datatype *t, struct values v, struct ArrowArray *ret)
{
    int r = array_begin(p, t, v.n, 0, ret);
    ret->null_count = (int64_t)v.n;
    return r;
}

static int pack(struct packer *p, const struct rt_datatype *t, struct values v, struct ArrowArray *ret)
{
    switch ((enum rt_kind)t->kind) {
    case RT_KIND_NULL: return pack_null(p, t, v, ret);
    case RT_KIND_BOOL: return pack_bool(p, t, v, ret);
    case RT_KIND_UTF8:
    case RT_KIND_BINARY: return pack_text(p, t, v, ret);
    case RT_KIND_LIST: return pack_list(p, t, v, ret);
    case RT_KIND_FIXED_LIST: return pack_fixed_list(p, t, v, ret);
    case RT_KIND_STRUCT: return pack_struct(p, t, v, ret);
    case RT_KIND_DENSE_UNION: return pack_union(p, t, v, ret);
    default: return rt_kind_width((enum rt_kind)t->kind) ? pack_flat(p, t, v, ret) : place_error(p, t, -EINVAL, "a type without C form");
    }
}

int rt_form_pack(const struct rt_datatype *t, const void *values, uint32_t n, bool copy, struct rt_region *region, struct ArrowArray *ret,
                 struct rt_error *err)
{
    struct packer p = {region, err, copy};
    if (n && !values)
        return rt_error_set(err, -EFAULT, "NULL for %u values", n);
    if (n > INT32_MAX)
        return rt_error_set(err, -EOVERFLOW, "more than 2147483647 values");
    return pack(&p, t, (struct values){n ? values : (const void *)nothing, rt_form_size(t), n, false}, ret);
}
