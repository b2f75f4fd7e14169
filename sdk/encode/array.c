#include "encode/array.h"

#include "encode/bits.h"

enum { KEPT_BYTES = 64 << 10 }; /* a cleared buffer keeps this much memory, and more if it was well used */

int rt_array_init(struct rt_array *a, const struct rt_datatype *type)
{
    *a = (struct rt_array){.type = type, .flat_width = rt_datatype_flat_width(type)};
    if (!type->n_children)
        return 0;
    a->children = calloc(type->n_children, sizeof *a->children);
    int r = a->children ? 0 : -ENOMEM;
    for (uint32_t i = 0; !r && i < type->n_children; i++)
        r = rt_array_init(&a->children[i], type->children[i]);
    if (r)
        rt_array_deinit(a);
    return r;
}

void rt_array_deinit(struct rt_array *a)
{
    for (uint32_t i = 0; a->children && i < a->type->n_children; i++)
        rt_array_deinit(&a->children[i]);
    free(a->children);
    rt_buf_deinit(&a->validity);
    rt_buf_deinit(&a->offsets);
    rt_buf_deinit(&a->values);
    *a = (struct rt_array){.type = a->type, .flat_width = a->flat_width};
}

static void buf_recycle(struct rt_buf *buf)
{
    if (buf->cap > KEPT_BYTES && buf->len < buf->cap / 8)
        rt_buf_deinit(buf);
    buf->len = 0;
}

void rt_array_clear(struct rt_array *a)
{
    buf_recycle(&a->validity);
    buf_recycle(&a->offsets);
    buf_recycle(&a->values);
    a->length = a->n_nulls = 0;
    for (uint32_t i = 0; a->children && i < a->type->n_children; i++)
        rt_array_clear(&a->children[i]);
}

uint64_t rt_array_bytes(const struct rt_array *a)
{
    uint64_t n = a->validity.len + a->offsets.len + a->values.len;
    for (uint32_t i = 0; a->children && i < a->type->n_children; i++)
        n += rt_array_bytes(&a->children[i]);
    return n;
}

/* ---------------------------------------------------------------- parts of an array */

/* Room for bits up to @n in all. */
static int bits_reserve(struct rt_buf *bits, uint64_t n)
{
    uint64_t want = (n + 7) / 8;
    return want > bits->len ? rt_buf_reserve(bits, want - bits->len) : 0;
}

/* Up to @n bits in all, the new bytes zero; room was reserved. */
static void bits_extend(struct rt_buf *bits, uint64_t n)
{
    size_t len = (n + 7) / 8;
    if (len <= bits->len)
        return;
    memset(bits->data + bits->len, 0, len - bits->len);
    bits->len = len;
}

static int offsets_reserve(struct rt_array *a, uint64_t n)
{
    unsigned width = rt_kind_is_wide(a->type->kind) ? 8 : 4;
    return rt_buf_reserve(&a->offsets, (n + !a->offsets.len) * width);
}

/* The number that the next element begins at. */
static uint64_t offsets_base(const struct rt_array *a)
{
    return rt_kind_is_bytes(a->type->kind) ? a->values.len : a->children[0].length;
}

/* Where @n more offsets go; the leading 0 is there. */
static void *offsets_room(struct rt_array *a, uint64_t n)
{
    unsigned width = rt_kind_is_wide(a->type->kind) ? 8 : 4;
    if (!a->offsets.len) {
        memset(a->offsets.data, 0, width);
        a->offsets.len = width;
    }
    void *p = a->offsets.data + a->offsets.len;
    a->offsets.len += n * width;
    return p;
}

/* Writes @n offsets: those after @first of @from, counted from @base. */
static void offsets_rebase(struct rt_array *a, const void *from, uint64_t first, uint64_t n, uint64_t base)
{
    rt_view_ends(offsets_room(a, n), rt_kind_is_wide(a->type->kind), from, first, n, base);
}

static void offsets_repeat(struct rt_array *a, uint64_t n)
{
    uint64_t base = offsets_base(a);
    void *p = offsets_room(a, n);
    for (uint64_t i = 0; i < n; i++)
        if (rt_kind_is_wide(a->type->kind))
            ((int64_t *)p)[i] = (int64_t)base;
        else
            ((int32_t *)p)[i] = (int32_t)base;
}

static int validity_reserve(struct rt_array *a, uint64_t n, bool nulls)
{
    return nulls || a->n_nulls ? bits_reserve(&a->validity, a->length + n) : 0;
}

/* Bits for @n elements behind the present ones, all ones; those of the present ones too when there were none. */
static void validity_extend(struct rt_array *a, uint64_t n, bool nulls)
{
    if (!nulls && !a->n_nulls)
        return;
    if (!a->n_nulls) {
        a->validity.len = 0;
        bits_extend(&a->validity, a->length);
        rt_bits_fill(a->validity.data, 0, a->length, true);
    }
    bits_extend(&a->validity, a->length + n);
    rt_bits_fill(a->validity.data, a->length, n, true);
}

/* ---------------------------------------------------------------- appending: room first, then nothing fails */

static int node_reserve(struct rt_array *a, const struct ArrowArray *view, uint64_t first, uint64_t n)
{
    const struct rt_datatype *t = a->type;
    uint8_t kind = t->kind;
    int r = kind == RT_KIND_NULL ? 0 : validity_reserve(a, n, rt_view_nulls(t, view, first, n) > 0);
    if (a->length + n > INT32_MAX)
        return -EOVERFLOW;
    if (r || kind == RT_KIND_NULL || kind == RT_KIND_STRUCT || kind == RT_KIND_FIXED_LIST)
        return r;
    if (kind == RT_KIND_BOOL)
        return bits_reserve(&a->values, a->length + n);
    if (kind == RT_KIND_DENSE_UNION || kind == RT_KIND_SPARSE_UNION) {
        r = rt_buf_reserve(&a->values, n);
        return r || kind == RT_KIND_SPARSE_UNION ? r : rt_buf_reserve(&a->offsets, 4 * n);
    }
    if (rt_kind_has_offsets(kind))
        r = offsets_reserve(a, n);
    if (r || kind == RT_KIND_LIST || kind == RT_KIND_LARGE_LIST)
        return r;
    uint64_t bytes = n * rt_datatype_width(t);
    if (rt_kind_is_bytes(kind) && n)
        bytes = (uint64_t)(rt_view_offset(view->buffers[1], rt_kind_is_wide(kind), first + n) -
                           rt_view_offset(view->buffers[1], rt_kind_is_wide(kind), first));
    return a->values.len + bytes > INT32_MAX ? -EOVERFLOW : rt_buf_reserve(&a->values, bytes);
}

static int tree_reserve(struct rt_array *a, const struct ArrowArray *view, uint64_t first, uint64_t n)
{
    int r = node_reserve(a, view, first, n);
    for (uint32_t i = 0; !r && i < a->type->n_children; i++) {
        struct rt_range below = rt_view_child(a->type, view, first, n, i);
        const struct ArrowArray *child = view->children[i];
        r = tree_reserve(&a->children[i], child, (uint64_t)child->offset + below.first, below.n);
    }
    return r;
}

static void copy_validity(struct rt_array *a, const struct ArrowArray *view, uint64_t first, uint64_t n)
{
    uint64_t nulls = rt_view_nulls(a->type, view, first, n);
    validity_extend(a, n, nulls > 0);
    if (nulls)
        rt_bits_copy(a->validity.data, a->length, rt_view_validity(a->type, view), first, n);
    a->n_nulls += nulls;
}

static void copy_bytes(struct rt_array *a, const struct ArrowArray *view, uint64_t first, uint64_t n)
{
    bool wide = rt_kind_is_wide(a->type->kind);
    if (!n)
        return;
    int64_t start = rt_view_offset(view->buffers[1], wide, first), end = rt_view_offset(view->buffers[1], wide, first + n);
    offsets_rebase(a, view->buffers[1], first, n, a->values.len);
    rt_buf_append(&a->values, (const uint8_t *)view->buffers[2] + start, (size_t)(end - start));
}

static void copy_union(struct rt_array *a, const struct ArrowArray *view, uint64_t first, uint64_t n)
{
    rt_buf_append(&a->values, (const int8_t *)view->buffers[0] + first, n);
    if (a->type->kind != RT_KIND_DENSE_UNION)
        return;
    int32_t *out = (int32_t *)(void *)(a->offsets.data + a->offsets.len);
    for (uint32_t c = 0; c < a->type->n_children; c++) {
        int64_t shift = (int64_t)a->children[c].length - (int64_t)rt_view_child(a->type, view, first, n, c).first;
        rt_view_places(out, view, first, n, c, shift);
    }
    a->offsets.len += 4 * n;
}

static void node_copy(struct rt_array *a, const struct ArrowArray *view, uint64_t first, uint64_t n)
{
    uint8_t kind = a->type->kind;
    unsigned width = rt_datatype_width(a->type);
    if (rt_kind_is_bytes(kind))
        copy_bytes(a, view, first, n);
    else if (width)
        rt_buf_append(&a->values, n ? (const uint8_t *)view->buffers[1] + first * width : NULL, n * width);
    else if ((kind == RT_KIND_LIST || kind == RT_KIND_LARGE_LIST) && n)
        offsets_rebase(a, view->buffers[1], first, n, a->children[0].length);
    else if (kind == RT_KIND_BOOL && n) {
        bits_extend(&a->values, a->length + n);
        rt_bits_copy(a->values.data, a->length, view->buffers[1], first, n);
    } else if ((kind == RT_KIND_DENSE_UNION || kind == RT_KIND_SPARSE_UNION) && n)
        copy_union(a, view, first, n);
}

static void tree_copy(struct rt_array *a, const struct ArrowArray *view, uint64_t first, uint64_t n)
{
    if (a->type->kind == RT_KIND_NULL)
        a->n_nulls += n;
    else
        copy_validity(a, view, first, n);
    node_copy(a, view, first, n); /* before its children grow: it counts from their ends */
    for (uint32_t i = 0; i < a->type->n_children; i++) {
        struct rt_range below = rt_view_child(a->type, view, first, n, i);
        const struct ArrowArray *child = view->children[i];
        tree_copy(&a->children[i], child, (uint64_t)child->offset + below.first, below.n);
    }
    a->length += n;
}

int rt_array_append(struct rt_array *a, const struct ArrowArray *view, uint64_t from, uint64_t n)
{
    uint64_t first = (uint64_t)view->offset + from;
    int r = tree_reserve(a, view, first, n);
    if (!r)
        tree_copy(a, view, first, n);
    return r;
}

int rt_array_reserve(struct rt_array *a, uint64_t n, uint64_t n_bytes)
{
    uint8_t kind = a->type->kind;
    int r = a->length + n > INT32_MAX ? -EOVERFLOW : validity_reserve(a, n, false);
    if (!r && rt_kind_has_offsets(kind))
        r = offsets_reserve(a, n);
    if (!r && kind == RT_KIND_BOOL)
        return bits_reserve(&a->values, a->length + n);
    uint64_t bytes = rt_kind_is_bytes(kind) ? n_bytes : n * rt_datatype_width(a->type);
    if (r || a->values.len + bytes > INT32_MAX)
        return r ? r : -EOVERFLOW;
    return rt_buf_reserve(&a->values, bytes);
}

/* ---------------------------------------------------------------- flat */

unsigned rt_datatype_flat_width(const struct rt_datatype *t)
{
    if (t->kind == RT_KIND_BOOL)
        return 1;
    if (t->kind != RT_KIND_FIXED_LIST)
        return rt_datatype_width(t);
    uint64_t width = t->children[0]->kind == RT_KIND_BOOL ? 0 : rt_datatype_flat_width(t->children[0]) * (uint64_t)t->size;
    return width > INT32_MAX ? 0 : (unsigned)width;
}

/* Is there room for @n more, of @n_bytes, without a look at anything? Else it is made, the slow way. */
static inline bool has_room(const struct rt_array *a, uint64_t n, uint64_t n_bytes)
{
    return !a->n_nulls && a->values.cap - a->values.len >= n_bytes && a->values.len + n_bytes <= INT32_MAX && a->length + n <= INT32_MAX;
}

static __attribute__((noinline)) int make_room_slow(struct rt_array *a, uint64_t n, uint64_t n_bytes)
{
    int r = rt_array_reserve(a, n, n_bytes);
    if (!r)
        validity_extend(a, n, false);
    return r;
}

static int flat_fixed(struct rt_array *a, uint64_t n, const void *values)
{
    uint64_t size = n * a->flat_width;
    int r = has_room(a, n, size) ? 0 : make_room_slow(a, n, 0);
    if (r)
        return r;
    uint8_t *p = a->values.data + a->values.len;
    if (size == 8)
        memcpy(p, values, 8);
    else if (size == 4)
        memcpy(p, values, 4);
    else
        memcpy(p, values, size);
    a->values.len += size;
    a->length += n;
    return 0;
}

static int flat_bytes(struct rt_array *a, uint32_t n, const uint32_t *ends, const void *values)
{
    bool wide = rt_kind_is_wide(a->type->kind), room = has_room(a, n, ends[n - 1]) && a->offsets.len;
    int r = room && a->offsets.cap - a->offsets.len >= n * (wide ? 8ull : 4ull) ? 0 : make_room_slow(a, n, ends[n - 1]);
    if (r)
        return r;
    uint64_t base = a->values.len;
    void *p = offsets_room(a, n);
    for (uint32_t i = 0; i < n; i++)
        if (wide)
            ((int64_t *)p)[i] = (int64_t)(base + ends[i]);
        else
            ((int32_t *)p)[i] = (int32_t)(base + ends[i]);
    if (ends[n - 1])
        memcpy(a->values.data + base, values, ends[n - 1]);
    a->values.len += ends[n - 1];
    a->length += n;
    return 0;
}

static int flat_bools(struct rt_array *a, uint32_t n, const uint8_t *values)
{
    int r = make_room_slow(a, n, 0);
    if (r)
        return r;
    bits_extend(&a->values, a->length + n);
    for (uint32_t i = 0; i < n; i++)
        rt_bit_put(a->values.data, a->length + i, values[i]);
    a->length += n;
    return 0;
}

/* A fixed list of numbers: each level has its length, the innermost the values. */
static int flat_nested(struct rt_array *a, uint64_t n, const void *values)
{
    struct rt_array *item = &a->children[0];
    uint64_t below = n * (uint64_t)a->type->size;
    int r = a->length + n > INT32_MAX ? -EOVERFLOW : validity_reserve(a, n, false);
    if (!r)
        r = item->type->kind == RT_KIND_FIXED_LIST ? flat_nested(item, below, values) : flat_fixed(item, below, values);
    if (r)
        return r;
    validity_extend(a, n, false);
    a->length += n;
    return 0;
}

int rt_array_append_flat(struct rt_array *a, uint32_t n, const uint32_t *ends, const void *values, size_t n_bytes)
{
    uint8_t kind = a->type->kind;
    if (!n)
        return 0;
    if (rt_kind_is_bytes(kind))
        return ends && ends[n - 1] <= n_bytes ? flat_bytes(a, n, ends, values) : -EINVAL;
    if (!a->flat_width || n_bytes < (uint64_t)n * a->flat_width)
        return -EINVAL;
    if (kind == RT_KIND_BOOL)
        return flat_bools(a, n, values);
    return kind == RT_KIND_FIXED_LIST ? flat_nested(a, n, values) : flat_fixed(a, n, values);
}

/* ---------------------------------------------------------------- nulls and empties */

static int fill_reserve(struct rt_array *a, uint64_t n, bool nulls)
{
    uint8_t kind = a->type->kind;
    bool is_union = kind == RT_KIND_DENSE_UNION || kind == RT_KIND_SPARSE_UNION;
    int r = is_union || kind == RT_KIND_NULL ? 0 : validity_reserve(a, n, nulls);
    r = r ? r : rt_array_reserve(a, n, 0);
    if (!r && is_union)
        r = rt_buf_reserve(&a->values, n);
    if (!r && kind == RT_KIND_DENSE_UNION)
        r = rt_buf_reserve(&a->offsets, 4 * n);
    if (rt_kind_has_offsets(kind))
        return r;
    uint64_t below = kind == RT_KIND_FIXED_LIST ? n * (uint64_t)a->type->size : n;
    for (uint32_t i = 0; !r && i < a->type->n_children; i++)
        if (kind != RT_KIND_DENSE_UNION || i == 0)
            r = fill_reserve(&a->children[i], below, false);
    return r;
}

static void fill_zeros(struct rt_array *a, uint64_t n)
{
    uint8_t kind = a->type->kind;
    unsigned width = rt_datatype_width(a->type);
    if (rt_kind_has_offsets(kind)) {
        offsets_repeat(a, n);
    } else if (width) {
        memset(a->values.data + a->values.len, 0, n * width);
        a->values.len += n * width;
    } else if (kind == RT_KIND_BOOL) {
        bits_extend(&a->values, a->length + n);
        rt_bits_fill(a->values.data, a->length, n, false);
    } else if (kind == RT_KIND_DENSE_UNION || kind == RT_KIND_SPARSE_UNION) {
        memset(a->values.data + a->values.len, 0, n);
        a->values.len += n;
    }
    for (uint64_t i = 0; kind == RT_KIND_DENSE_UNION && i < n; i++) {
        int32_t at = (int32_t)(a->children[0].length + i);
        rt_buf_append(&a->offsets, &at, sizeof at);
    }
}

static void fill(struct rt_array *a, uint64_t n, bool nulls)
{
    uint8_t kind = a->type->kind;
    if (!n)
        return;
    if (kind == RT_KIND_NULL)
        a->n_nulls += n;
    else if (kind != RT_KIND_DENSE_UNION && kind != RT_KIND_SPARSE_UNION) {
        validity_extend(a, n, nulls);
        if (nulls)
            rt_bits_fill(a->validity.data, a->length, n, false);
        a->n_nulls += nulls ? n : 0;
    }
    fill_zeros(a, n);
    uint64_t below = kind == RT_KIND_FIXED_LIST ? n * (uint64_t)a->type->size : n;
    for (uint32_t i = 0; i < a->type->n_children && !rt_kind_has_offsets(kind); i++)
        if (kind != RT_KIND_DENSE_UNION || i == 0)
            fill(&a->children[i], below, false);
    a->length += n;
}

int rt_array_append_nulls(struct rt_array *a, uint64_t n)
{
    int r = fill_reserve(a, n, true);
    if (!r)
        fill(a, n, true);
    return r;
}

int rt_array_append_empty(struct rt_array *a, uint64_t n)
{
    int r = fill_reserve(a, n, false);
    if (!r)
        fill(a, n, false);
    return r;
}

int rt_array_end_list(struct rt_array *a)
{
    int r = rt_array_reserve(a, 1, 0);
    if (r)
        return r;
    validity_extend(a, 1, false);
    offsets_repeat(a, 1);
    a->length++;
    return 0;
}

/* ---------------------------------------------------------------- taking */

static int take_runs(struct rt_array *to, const struct ArrowArray *view, const uint32_t *order, uint32_t n)
{
    int r = 0;
    for (uint32_t i = 0, end; !r && i < n; i = end) {
        for (end = i + 1; end < n && order[end] == order[end - 1] + 1; end++)
            ;
        r = order[end - 1] >= view->length ? -EINVAL : rt_array_append(to, view, order[i], end - i);
    }
    return r;
}

int rt_array_take(struct rt_array *a, const uint32_t *order, uint32_t n)
{
    struct rt_array taken = {0};
    struct ArrowArray view;
    size_t size = rt_datatype_nodes(a->type) * RT_VIEW_FIELD_BYTES;
    void *mem = malloc(size);
    struct rt_arena arena = {mem, size};
    int r = mem ? rt_array_init(&taken, a->type) : -ENOMEM;
    if (!r)
        r = rt_array_view(a, &arena, &view);
    if (!r)
        r = rt_array_reserve(&taken, n, a->values.len);
    if (!r)
        r = take_runs(&taken, &view, order, n);
    free(mem);
    if (r) {
        if (taken.type)
            rt_array_deinit(&taken);
        return r;
    }
    rt_array_deinit(a);
    *a = taken;
    return 0;
}
