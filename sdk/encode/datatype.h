/* An Arrow type as a tree of fields. Of a schema only what Rerun keeps: formats, nullability of children, names of children, type ids.
 *
 *   Utf8                     one node
 *   FSL[3]<item: Float32!>   FIXED_LIST size 3, one child "item" F32, not nullable
 *
 * Trees are made once and never changed; static ones (rt_datatype_utf8 …) and imported ones look alike. */
#ifndef RT_ENCODE_DATATYPE_H
#define RT_ENCODE_DATATYPE_H

#include <stdbool.h>
#include <stdint.h>

#include <rerun.h> /* struct ArrowSchema, struct ArrowArray */

#include "base/error.h"

enum rt_kind {
    RT_KIND_NULL,
    RT_KIND_BOOL,
    RT_KIND_I8, RT_KIND_U8, RT_KIND_I16, RT_KIND_U16, RT_KIND_I32, RT_KIND_U32, RT_KIND_I64, RT_KIND_U64,
    RT_KIND_F16, RT_KIND_F32, RT_KIND_F64,
    RT_KIND_UTF8, RT_KIND_BINARY, RT_KIND_LARGE_UTF8, RT_KIND_LARGE_BINARY,
    RT_KIND_FIXED_BINARY,          /* size: bytes */
    RT_KIND_TIMESTAMP, RT_KIND_DURATION, /* size: 0 s, 1 ms, 2 us, 3 ns */
    RT_KIND_LIST, RT_KIND_LARGE_LIST,
    RT_KIND_FIXED_LIST,            /* size: items */
    RT_KIND_STRUCT,
    RT_KIND_DENSE_UNION, RT_KIND_SPARSE_UNION, /* type id of child i is i, else import refuses it */
    RT_KIND_COUNT,
};

struct rt_datatype {
    const char *name;     /* as a child: "item", "angle"; NULL = none */
    const struct rt_datatype *const *children;
    uint32_t n_children;
    int32_t size;
    uint8_t kind;         /* enum rt_kind */
    bool nullable;        /* as a child */
};

#define RT_DATATYPE_DEPTH 16    /* deepest nesting that import takes */
#define RT_DATATYPE_NODES 4096u /* most fields in a type that import takes */

/* Types of one field, nullable, named "item". */
extern const struct rt_datatype rt_datatype_null, rt_datatype_bool, rt_datatype_i8, rt_datatype_u8, rt_datatype_i16, rt_datatype_u16,
    rt_datatype_i32, rt_datatype_u32, rt_datatype_i64, rt_datatype_u64, rt_datatype_f16, rt_datatype_f32, rt_datatype_f64,
    rt_datatype_utf8, rt_datatype_binary, rt_datatype_large_utf8, rt_datatype_large_binary,
    rt_datatype_timestamp, rt_datatype_duration, /* ns */
    rt_datatype_tuid;                            /* FixedSizeBinary(16) */

/* Width in bytes of one value of a flat fixed-width kind; 0 for others (Bool is one bit; of FixedSizeBinary it is the type's size). */
unsigned rt_kind_width(enum rt_kind kind);
static inline unsigned rt_datatype_width(const struct rt_datatype *t)
{
    return t->kind == RT_KIND_FIXED_BINARY ? (unsigned)t->size : rt_kind_width((enum rt_kind)t->kind);
}
/* Buffers of an array of this kind, those of its children not counted. */
unsigned rt_kind_buffers(enum rt_kind kind);
/* Fields of the whole tree. */
uint32_t rt_datatype_nodes(const struct rt_datatype *t);

/* Copies the type of a C data schema; it stays the caller's. Dictionaries, unions with other ids and unknown formats are refused by name.
 * gives *ret (rt_datatype_free()). Return: 0, -EINVAL, -ENOMEM. */
int rt_datatype_import(const struct ArrowSchema *schema, struct rt_datatype **ret, struct rt_error *err);
/* gives *ret. Return: 0, -ENOMEM. */
int rt_datatype_copy(const struct rt_datatype *t, struct rt_datatype **ret);
/* Of imported and copied ones only. Return: NULL. */
struct rt_datatype *rt_datatype_free(struct rt_datatype *t);
/* Equal kinds, sizes and children; children with equal names and nullability. The names of @a and @b themselves do not matter. */
bool rt_datatype_equal(const struct rt_datatype *a, const struct rt_datatype *b);
/* The format of a C data schema, "+w:3"; cut to @n. Return: its length. */
size_t rt_datatype_format(const struct rt_datatype *t, char *buf, size_t n);
/* "FSL[3]<item: Float32!>", for messages and docs; cut to @n. */
void rt_datatype_name(const struct rt_datatype *t, char *buf, size_t n);

/* Is @array a well-formed array of this type? Buffers present, offsets ascending, children long enough, lengths of buffers below 2 GiB, texts
 * UTF-8, no nulls where the type has none. (What lies behind the pointers' lengths can't be checked; whether it was released is the
 * caller's matter, as views inside the library have no release.) Return: 0, -EINVAL with the place in @err. */
int rt_array_check(const struct rt_datatype *t, const struct ArrowArray *array, struct rt_error *err);
/* The same without a look at texts and nulls: all that the functions of array.h and ipc.h need to stay inside the buffers. */
int rt_array_check_shape(const struct rt_datatype *t, const struct ArrowArray *array, struct rt_error *err);

#endif
