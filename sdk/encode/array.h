/* A growing Arrow array of any type: what builders keep their columns in.
 *
 *   validity  bits, made when the first null comes
 *   offsets   Utf8, Binary, lists: 0, then the end of each element (int32_t; Large: int64_t); nothing while the array is empty.
 *             Dense union: the place of each element in its child
 *   values    fixed width: the values; Bool: bits; Utf8, Binary: bytes; unions: type ids
 *   children  of lists, structs and unions
 *
 * Nothing here looks for hostile views: they have passed rt_array_check_shape() or come from rt_array_view(). Failures (-ENOMEM, or
 * -EOVERFLOW where a buffer would pass 2 GiB) leave the array as it was. One thread at a time. */
#ifndef RT_ENCODE_ARRAY_H
#define RT_ENCODE_ARRAY_H

#include "base/buf.h"
#include "encode/datatype.h"

struct rt_array {
    const struct rt_datatype *type; /* borrowed */
    uint64_t length, n_nulls;
    struct rt_buf validity, offsets, values;
    struct rt_array *children; /* type->n_children of them */
    unsigned flat_width;       /* of the type */
};

/* Empty; deinit is fine after a failure. Return: 0, -ENOMEM. */
int rt_array_init(struct rt_array *a, const struct rt_datatype *type);
void rt_array_deinit(struct rt_array *a);
/* Forgets the elements, keeps memory that was well used. */
void rt_array_clear(struct rt_array *a);
/* Bytes that the elements hold, over the whole tree. */
uint64_t rt_array_bytes(const struct rt_array *a);

/* Room for @n more elements, and @n_bytes of text in all where they have bytes (children: not counted). */
int rt_array_reserve(struct rt_array *a, uint64_t n, uint64_t n_bytes);
/* Copies elements [from, from + n) of @view, an array of the same type. */
int rt_array_append(struct rt_array *a, const struct ArrowArray *view, uint64_t from, uint64_t n);
/* Copies @n elements without nulls out of plain memory. Utf8, Binary: @ends of each in @values, the first begins at 0. Bool: a byte each.
 * Others: n * rt_datatype_flat_width() bytes. Return also -EINVAL: no flat type. */
int rt_array_append_flat(struct rt_array *a, uint32_t n, const uint32_t *ends, const void *values, size_t n_bytes);
/* Bytes of an element of a type that is one run of fixed width: numbers, FixedSizeBinary, times, and fixed lists of them
 * ("FSL[3]<Float32>": 12). Bool: 1. 0 = another type (of these Utf8, Binary are flat, too). */
unsigned rt_datatype_flat_width(const struct rt_datatype *t);
/* @n nulls; of a union, which has none, elements of its first child. */
int rt_array_append_nulls(struct rt_array *a, uint64_t n);
/* @n empty lists or texts; zeros; structs and fixed lists of such. */
int rt_array_append_empty(struct rt_array *a, uint64_t n);
/* Of a list: ends an element, whose items were appended to its child. Cannot fail where room was reserved. */
int rt_array_end_list(struct rt_array *a);
/* The elements order[0], order[1] … become the array's. Return also -EINVAL: a number behind the last. */
int rt_array_take(struct rt_array *a, const uint32_t *order, uint32_t n);

/* ---------------------------------------------------------------- views */

/* Memory that is given out from its start; nothing is given back. */
struct rt_arena {
    uint8_t *at; /* aligned to 8 */
    size_t left;
};

/* Return: NULL when it is used up. */
static inline void *rt_arena_take(struct rt_arena *m, size_t n)
{
    void *p = m->at;
    n = (n + 7) & ~(size_t)7;
    if (n > m->left)
        return NULL;
    m->at += n;
    m->left -= n;
    return p;
}

/* Bytes of an arena that views use for each field of a type: 16 fields are 1792 bytes. */
#define RT_VIEW_FIELD_BYTES (sizeof(struct ArrowArray) + 4 * sizeof(void *))

/* The array as an ArrowArray without release, borrowed until the array is changed or the arena ends. Return: 0, -ENOBUFS. */
int rt_array_view(const struct rt_array *a, struct rt_arena *arena, struct ArrowArray *ret);
/* Fills *ret but its buffers' contents: pointers to buffers and children, of the arena. For views of other things than rt_array. */
int rt_view_node(const struct rt_datatype *t, struct rt_arena *arena, struct ArrowArray *ret);

/* ---------------------------------------------------------------- reading views */

/* Validity of @a, NULL when it has no nulls. */
static inline const uint8_t *rt_view_validity(const struct rt_datatype *t, const struct ArrowArray *a)
{
    bool none = t->kind == RT_KIND_NULL || t->kind == RT_KIND_DENSE_UNION || t->kind == RT_KIND_SPARSE_UNION;
    return none || !a->null_count ? NULL : a->buffers[0];
}
/* Offset @i of a buffer of them, which may lie unaligned. */
static inline int64_t rt_view_offset(const void *offsets, bool wide, uint64_t i)
{
    int64_t v;
    int32_t small;
    if (!wide) {
        memcpy(&small, (const uint8_t *)offsets + 4 * i, 4);
        return small;
    }
    memcpy(&v, (const uint8_t *)offsets + 8 * i, 8);
    return v;
}
static inline bool rt_kind_is_bytes(uint8_t kind)
{
    return kind >= RT_KIND_UTF8 && kind <= RT_KIND_LARGE_BINARY;
}
static inline bool rt_kind_has_offsets(uint8_t kind)
{
    return rt_kind_is_bytes(kind) || kind == RT_KIND_LIST || kind == RT_KIND_LARGE_LIST;
}
static inline bool rt_kind_is_wide(uint8_t kind)
{
    return kind == RT_KIND_LARGE_UTF8 || kind == RT_KIND_LARGE_BINARY || kind == RT_KIND_LARGE_LIST;
}
/* Which part of child @i the elements [first, first + n) use; first counts @a's offset in, the result does not count the child's. */
struct rt_range {
    uint64_t first, n;
};
struct rt_range rt_view_child(const struct rt_datatype *t, const struct ArrowArray *a, uint64_t first, uint64_t n, uint32_t i);
/* Writes the ends of elements [first, first + n), counted from @base, into @out (int32_t, int64_t when @wide). */
void rt_view_ends(void *out, bool wide, const void *offsets, uint64_t first, uint64_t n, uint64_t base);
/* Of a dense union: writes the places of those of the elements that are in child @i, moved by @shift, into out[0 … n - 1]. */
void rt_view_places(int32_t *out, const struct ArrowArray *a, uint64_t first, uint64_t n, uint32_t i, int64_t shift);
/* Nulls of elements [first, first + n); first counts the offset in. */
uint64_t rt_view_nulls(const struct rt_datatype *t, const struct ArrowArray *a, uint64_t first, uint64_t n);

#endif
