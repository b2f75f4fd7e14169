/* Arrow types and arrays by chance, from a seed, and what their elements say in words, to compare arrays by what they mean. */
#ifndef RT_TESTS_UNIT_ARRAY_KIT_H
#define RT_TESTS_UNIT_ARRAY_KIT_H

#include <stdarg.h>

#include "encode/array.h"
#include "encode/bits.h"
#include "tests/harness/test.h"

static uint64_t kit_seed = 88172645463325252u;

static inline uint32_t kit_random(uint32_t below)
{
    kit_seed ^= kit_seed << 13;
    kit_seed ^= kit_seed >> 7;
    kit_seed ^= kit_seed << 17;
    return (uint32_t)((kit_seed >> 16) % below);
}

/* ---------------------------------------------------------------- types; never freed: a test is a process */

/* All are kept, so that a leak that is found is one of the library. */
static void **volatile kit_kept;

static inline void *kit_alloc(size_t n)
{
    void **p = calloc(1, 16 + n);
    CHECK(p);
    p[0] = kit_kept;
    kit_kept = p;
    return p + 2;
}

static inline const struct rt_datatype *kit_type(const char *name, enum rt_kind kind, int32_t size, bool nullable, uint32_t n, ...)
{
    struct rt_datatype *t = kit_alloc(sizeof *t);
    const struct rt_datatype **children = kit_alloc(n * sizeof *children);
    va_list ap;
    va_start(ap, n);
    for (uint32_t i = 0; i < n; i++)
        children[i] = va_arg(ap, const struct rt_datatype *);
    va_end(ap);
    *t = (struct rt_datatype){name, n ? children : NULL, n, size, (uint8_t)kind, nullable};
    return t;
}

/* Any type, nested at most @depth. */
static inline const struct rt_datatype *kit_random_type(const char *name, unsigned depth)
{
    static const char *const names[] = {"a", "b", "c", "d"};
    enum rt_kind kind = (enum rt_kind)kit_random(depth ? RT_KIND_COUNT : RT_KIND_LIST);
    struct rt_datatype *t = kit_alloc(sizeof *t);
    const struct rt_datatype **children = kit_alloc(4 * sizeof *children);
    *t = (struct rt_datatype){.name = name, .kind = (uint8_t)kind, .nullable = true, .children = children};
    if (kind == RT_KIND_FIXED_BINARY || kind == RT_KIND_FIXED_LIST)
        t->size = 1 + (int32_t)kit_random(5);
    if (kind == RT_KIND_TIMESTAMP || kind == RT_KIND_DURATION)
        t->size = (int32_t)kit_random(4);
    if (kind >= RT_KIND_LIST)
        t->n_children = kind >= RT_KIND_STRUCT ? 1 + kit_random(4) : 1;
    for (uint32_t i = 0; i < t->n_children; i++)
        children[i] = kit_random_type(kind >= RT_KIND_STRUCT ? names[i] : "item", depth - 1);
    return t;
}

/* ---------------------------------------------------------------- arrays: exact buffers, so that ASan sees a step outside */

static inline struct ArrowArray *kit_random_array(const struct rt_datatype *t, uint64_t n);

static uint32_t kit_bytes_below = 256; /* values; with 64 no float is a NaN */

static inline void *kit_random_bytes(size_t n)
{
    uint8_t *p = kit_alloc(n);
    for (size_t i = 0; i < n; i++)
        p[i] = (uint8_t)kit_random(kit_bytes_below);
    return p;
}

static inline void *kit_offsets(uint64_t n, bool wide, uint64_t *ret_last)
{
    uint8_t *p = kit_alloc((n + 1) * (wide ? 8 : 4));
    int64_t at = kit_random(5);
    for (uint64_t i = 0; i <= n; i++, at += kit_random(4)) {
        int32_t small = (int32_t)at;
        *ret_last = (uint64_t)at;
        memcpy(p + i * (wide ? 8 : 4), wide ? (void *)&at : (void *)&small, wide ? 8 : 4);
    }
    return p;
}

static inline void kit_union(const struct rt_datatype *t, struct ArrowArray *a, uint64_t n)
{
    bool dense = t->kind == RT_KIND_DENSE_UNION;
    int8_t *ids = kit_alloc(n);
    int32_t *offsets = kit_alloc(4 * n), next[4] = {0};
    for (uint32_t i = 0; i < t->n_children; i++)
        next[i] = (int32_t)kit_random(3);
    for (uint64_t i = 0; i < n; i++) {
        ids[i] = (int8_t)kit_random(t->n_children);
        offsets[i] = next[ids[i]]++;
    }
    a->buffers[0] = ids;
    if (dense)
        a->buffers[1] = offsets;
    for (uint32_t i = 0; i < t->n_children; i++)
        a->children[i] = kit_random_array(t->children[i], dense ? (uint64_t)next[i] + kit_random(2) : n + kit_random(2));
}

/* An array of exactly @n elements, with offsets, nulls and unused parts. */
static inline struct ArrowArray *kit_random_array(const struct rt_datatype *t, uint64_t n)
{
    struct ArrowArray *a = kit_alloc(sizeof *a);
    unsigned n_buffers = rt_kind_buffers((enum rt_kind)t->kind);
    uint64_t offset = kit_random(2) ? kit_random(11) : 0, all = n + offset, last = 0;
    *a = (struct ArrowArray){.length = (int64_t)n, .offset = (int64_t)offset, .n_buffers = n_buffers, .n_children = t->n_children,
                             .buffers = kit_alloc(n_buffers * sizeof(void *)), .children = kit_alloc(t->n_children * sizeof(void *))};
    bool is_union = t->kind == RT_KIND_DENSE_UNION || t->kind == RT_KIND_SPARSE_UNION, wide = rt_kind_is_wide(t->kind);
    if (n_buffers && !is_union && t->nullable && kit_random(2)) {
        a->buffers[0] = kit_random_bytes((all + 7) / 8);
        a->null_count = kit_random(2) ? -1 : (int64_t)rt_bits_zeros(a->buffers[0], offset, n);
    }
    if (rt_kind_is_bytes(t->kind)) {
        a->buffers[1] = kit_offsets(all, wide, &last);
        uint8_t *text = kit_random_bytes(last);
        for (uint64_t i = 0; i < last; i++)
            text[i] = (uint8_t)('a' + text[i] % 26);
        a->buffers[2] = text;
    } else if (rt_datatype_width(t)) {
        a->buffers[1] = kit_random_bytes(all * rt_datatype_width(t));
    } else if (t->kind == RT_KIND_BOOL) {
        a->buffers[1] = kit_random_bytes((all + 7) / 8);
    } else if (t->kind == RT_KIND_LIST || t->kind == RT_KIND_LARGE_LIST) {
        a->buffers[1] = kit_offsets(all, wide, &last);
        a->children[0] = kit_random_array(t->children[0], last + kit_random(3));
    } else if (t->kind == RT_KIND_FIXED_LIST) {
        a->children[0] = kit_random_array(t->children[0], all * (uint64_t)t->size + kit_random(2));
    } else if (t->kind == RT_KIND_STRUCT) {
        for (uint32_t i = 0; i < t->n_children; i++)
            a->children[i] = kit_random_array(t->children[i], all + kit_random(2));
    } else if (is_union) {
        kit_union(t, a, all);
    }
    return a;
}

/* ---------------------------------------------------------------- words */

struct kit_text {
    char *p;
    size_t len, cap;
};

static inline void kit_put(struct kit_text *t, const char *fmt, ...) __attribute__((format(printf, 2, 3)));
static inline void kit_put(struct kit_text *t, const char *fmt, ...)
{
    char piece[64];
    va_list ap;
    va_start(ap, fmt);
    size_t n = (size_t)vsnprintf(piece, sizeof piece, fmt, ap);
    va_end(ap);
    if (t->len + n + 1 > t->cap) {
        char *more = kit_alloc(t->cap = (t->len + n + 1) * 2);
        if (t->len)
            memcpy(more, t->p, t->len);
        t->p = more;
    }
    memcpy(t->p + t->len, piece, n + 1);
    t->len += n;
}

static inline void kit_element(struct kit_text *out, const struct rt_datatype *t, const struct ArrowArray *a, uint64_t i)
{
    uint64_t at = (uint64_t)a->offset + i;
    const uint8_t *validity = rt_view_validity(t, a), *p;
    bool wide = rt_kind_is_wide(t->kind);
    unsigned width = rt_datatype_width(t);
    if (t->kind == RT_KIND_NULL || (validity && !rt_bit(validity, at))) {
        kit_put(out, "~");
        return;
    }
    if (width) {
        p = (const uint8_t *)a->buffers[1] + at * width;
        for (unsigned k = 0; k < width; k++)
            kit_put(out, "%02x", p[k]);
    } else if (t->kind == RT_KIND_BOOL) {
        kit_put(out, "%c", rt_bit(a->buffers[1], at) ? 'T' : 'F');
    } else if (rt_kind_is_bytes(t->kind)) {
        int64_t from = rt_view_offset(a->buffers[1], wide, at), to = rt_view_offset(a->buffers[1], wide, at + 1);
        kit_put(out, "\"");
        for (; from < to; from++)
            kit_put(out, "%c", ((const char *)a->buffers[2])[from]);
        kit_put(out, "\"");
    } else if (t->kind == RT_KIND_STRUCT) {
        kit_put(out, "{");
        for (uint32_t k = 0; k < t->n_children; k++, kit_put(out, ","))
            kit_element(out, t->children[k], a->children[k], at);
        kit_put(out, "}");
    } else if (t->kind == RT_KIND_DENSE_UNION || t->kind == RT_KIND_SPARSE_UNION) {
        int8_t id = ((const int8_t *)a->buffers[0])[at];
        kit_put(out, "%d:", id);
        kit_element(out, t->children[id], a->children[id],
                    t->kind == RT_KIND_SPARSE_UNION ? at : (uint64_t)rt_view_offset(a->buffers[1], false, at));
    } else {
        uint64_t from = at * (uint64_t)t->size, to = from + (uint64_t)t->size;
        if (t->kind != RT_KIND_FIXED_LIST) {
            from = (uint64_t)rt_view_offset(a->buffers[1], wide, at);
            to = (uint64_t)rt_view_offset(a->buffers[1], wide, at + 1);
        }
        kit_put(out, "[");
        for (; from < to; from++, kit_put(out, ","))
            kit_element(out, t->children[0], a->children[0], from);
        kit_put(out, "]");
    }
}

/* Elements [from, from + n), a line each, behind what is there. */
static inline void kit_elements(struct kit_text *out, const struct rt_datatype *t, const struct ArrowArray *a, uint64_t from, uint64_t n)
{
    for (uint64_t i = from; i < from + n; i++, kit_put(out, "\n"))
        kit_element(out, t, a, i);
}

/* A view of @a that lives until the process ends. */
static inline struct ArrowArray *kit_view(const struct rt_array *a)
{
    size_t size = rt_datatype_nodes(a->type) * RT_VIEW_FIELD_BYTES;
    struct rt_arena arena = {kit_alloc(size), size};
    struct ArrowArray *view = kit_alloc(sizeof *view);
    CHECK_INT(rt_array_view(a, &arena, view), 0);
    return view;
}

#endif
