#include <stdlib.h>
#include <string.h>

#include "encode/array.h"
#include "encode/decode_column.h"

#define DEPTH_MAX 32

const char rt_decode_bad_schema[] = "a schema that can't be read", rt_decode_no_memory[] = "out of memory";
static const char bad_batch[] = "a record batch with fewer nodes or buffers than its schema needs";

/* Arrow's type numbers, Schema.fbs. */
enum {
    A_NULL = 1, A_INT, A_FLOAT, A_BINARY, A_UTF8, A_BOOL, A_DECIMAL, A_DATE, A_TIME, A_TIMESTAMP, A_INTERVAL, A_LIST,
    A_STRUCT, A_UNION, A_FIXED_BINARY, A_FIXED_LIST, A_MAP, A_DURATION, A_LARGE_BINARY, A_LARGE_UTF8, A_LARGE_LIST,
    A_RUN_END, A_BINARY_VIEW, A_UTF8_VIEW, A_LIST_VIEW, A_LARGE_LIST_VIEW, A_END,
};

#define NO RT_KIND_COUNT
/* Buffers of one node, without its children's; the kind, where the number alone tells it. */
static const struct {
    uint8_t n_buffers, kind;
} arrow[] = {
    [A_NULL] = {0, RT_KIND_NULL}, [A_INT] = {2, NO}, [A_FLOAT] = {2, NO}, [A_BINARY] = {3, RT_KIND_BINARY}, [A_UTF8] = {3, RT_KIND_UTF8},
    [A_BOOL] = {2, RT_KIND_BOOL}, [A_DECIMAL] = {2, NO}, [A_DATE] = {2, NO}, [A_TIME] = {2, NO}, [A_TIMESTAMP] = {2, RT_KIND_TIMESTAMP},
    [A_INTERVAL] = {2, NO}, [A_LIST] = {2, RT_KIND_LIST}, [A_STRUCT] = {1, RT_KIND_STRUCT}, [A_UNION] = {1, RT_KIND_SPARSE_UNION},
    [A_FIXED_BINARY] = {2, RT_KIND_FIXED_BINARY}, [A_FIXED_LIST] = {1, RT_KIND_FIXED_LIST}, [A_MAP] = {2, NO},
    [A_DURATION] = {2, RT_KIND_DURATION}, [A_LARGE_BINARY] = {3, RT_KIND_LARGE_BINARY}, [A_LARGE_UTF8] = {3, RT_KIND_LARGE_UTF8},
    [A_LARGE_LIST] = {2, RT_KIND_LARGE_LIST}, [A_RUN_END] = {0, NO}, [A_BINARY_VIEW] = {2, NO}, [A_UTF8_VIEW] = {2, NO},
    [A_LIST_VIEW] = {3, NO}, [A_LARGE_LIST_VIEW] = {3, NO},
};
_Static_assert(sizeof arrow / sizeof *arrow == A_END, "a row for every type");

/* ---------------------------------------------------------------- types */

static const char *int_type(struct rt_arrow_field *f)
{
    static const struct {
        enum rt_type type;
        uint8_t kind;
    } types[2][4] = {{{RT_TYPE_U8, RT_KIND_U8}, {RT_TYPE_U16, RT_KIND_U16}, {RT_TYPE_U32, RT_KIND_U32}, {RT_TYPE_U64, RT_KIND_U64}},
                     {{RT_TYPE_I8, RT_KIND_I8}, {RT_TYPE_I16, RT_KIND_I16}, {RT_TYPE_I32, RT_KIND_I32}, {RT_TYPE_I64, RT_KIND_I64}}};
    uint64_t bits, is_signed;
    if (!rt_flat_scalar(&f->params, 0, 4, 0, &bits) || !rt_flat_scalar(&f->params, 1, 1, 0, &is_signed))
        return rt_decode_bad_schema;
    for (unsigned i = 0; i < 4; i++)
        if (bits == 8u << i) {
            f->type = types[is_signed != 0][i].type;
            f->kind = types[is_signed != 0][i].kind;
        }
    f->bits = (uint32_t)bits;
    return f->type == RT_TYPE_OTHER ? "an integer of an unknown width" : NULL;
}

static const char *float_type(struct rt_arrow_field *f)
{
    static const enum rt_type types[] = {RT_TYPE_OTHER, RT_TYPE_F32, RT_TYPE_F64};
    static const uint8_t of[] = {RT_KIND_F16, RT_KIND_F32, RT_KIND_F64};
    uint64_t precision;
    if (!rt_flat_scalar(&f->params, 0, 2, 0, &precision) || precision > 2)
        return rt_decode_bad_schema;
    f->type = types[precision];
    f->kind = of[precision];
    f->bits = 16u << precision;
    return NULL;
}

/* Timestamps with a time zone can be read, but not be held: the zone would be lost. */
static const char *time_type(struct rt_arrow_field *f)
{
    uint64_t unit;
    const char *zone = NULL;
    if (!rt_flat_scalar(&f->params, 0, 2, f->id == A_DURATION ? 1 : 0, &unit) ||
        (f->id == A_TIMESTAMP && !rt_flat_string(&f->params, 1, &zone)))
        return rt_decode_bad_schema;
    if (unit > 3)
        return rt_decode_bad_schema;
    f->lossy = zone != NULL;
    f->size = (int32_t)unit;
    f->type = RT_TYPE_I64;
    f->bits = 64;
    return NULL;
}

/* Type ids other than 0, 1, 2 … are known, but not held. */
static const char *union_type(struct rt_arrow_field *f)
{
    uint64_t mode;
    struct rt_flat_vector ids;
    if (!rt_flat_scalar(&f->params, 0, 2, 0, &mode) || !rt_flat_vector(&f->params, 1, 4, &ids))
        return rt_decode_bad_schema;
    if (mode == 1)
        f->kind = RT_KIND_DENSE_UNION;
    if (mode > 1 || f->children.n > 127 || (ids.data && ids.n != f->children.n))
        f->kind = NO;
    for (uint32_t i = 0; ids.data && i < ids.n; i++)
        if (rt_flat_le(ids.data + ids.pos + 4 * i, 4) != i)
            f->kind = NO;
    return NULL;
}

static const char *sized_type(struct rt_arrow_field *f)
{
    uint64_t size;
    if (!rt_flat_scalar(&f->params, 0, 4, 0, &size) || size > INT32_MAX / 8)
        return rt_decode_bad_schema;
    f->size = (int32_t)size;
    if (!size)
        f->kind = NO;
    if (f->id == A_FIXED_BINARY)
        f->bits = (uint32_t)size * 8;
    return NULL;
}

static bool has_one_child(uint8_t id)
{
    return id == A_LIST || id == A_LARGE_LIST || id == A_FIXED_LIST;
}

const char *rt_arrow_field(const struct rt_flat_table *field, struct rt_arrow_field *ret)
{
    struct rt_flat_table dictionary;
    uint64_t id, nullable;
    *ret = (struct rt_arrow_field){.type = RT_TYPE_OTHER, .kind = NO};
    if (!rt_flat_string(field, 0, &ret->name) || !rt_flat_scalar(field, 1, 1, 0, &nullable) || !rt_flat_scalar(field, 2, 1, 0, &id) || id == 0 ||
        id >= A_END || !rt_flat_table(field, 3, &ret->params) || !rt_flat_table(field, 4, &dictionary) ||
        !rt_flat_vector(field, 5, 4, &ret->children))
        return rt_decode_bad_schema;
    ret->id = (uint8_t)id;
    ret->nullable = nullable != 0;
    ret->dictionary = dictionary.data != NULL;
    if (ret->dictionary)
        return NULL;
    ret->kind = arrow[id].kind;
    if (has_one_child(ret->id) && ret->children.n != 1)
        return rt_decode_bad_schema;
    switch (id) {
    case A_INT: return int_type(ret);
    case A_FLOAT: return float_type(ret);
    case A_BOOL: ret->type = RT_TYPE_BOOL; ret->bits = 1; break;
    case A_UTF8: ret->type = RT_TYPE_UTF8; break;
    case A_BINARY: ret->type = RT_TYPE_BINARY; break;
    case A_TIMESTAMP:
    case A_DURATION: return time_type(ret);
    case A_UNION: return union_type(ret);
    case A_FIXED_LIST:
    case A_FIXED_BINARY: return sized_type(ret);
    }
    return NULL;
}

/* ---------------------------------------------------------------- nodes and buffers */

const char *rt_arrow_take_node(struct rt_batch_walk *w, struct rt_arrow_node *ret)
{
    if (w->i_node >= w->nodes.n)
        return bad_batch;
    const uint8_t *p = w->nodes.data + w->nodes.pos + (size_t)16 * w->i_node++;
    *ret = (struct rt_arrow_node){rt_flat_le(p, 8), rt_flat_le(p + 8, 8)};
    return ret->length > INT32_MAX || ret->nulls > ret->length ? "a column with an impossible length" : NULL;
}

static const char *take_buffer(struct rt_batch_walk *w, const void **ret, uint64_t *ret_len)
{
    if (w->i_buffer >= w->buffers.n)
        return bad_batch;
    const uint8_t *p = w->buffers.data + w->buffers.pos + (size_t)16 * w->i_buffer++;
    uint64_t offset = rt_flat_le(p, 8), len = rt_flat_le(p + 8, 8);
    if (offset > w->body_len || len > w->body_len - offset)
        return "a buffer outside the record batch";
    *ret = w->body + offset;
    *ret_len = len;
    return NULL;
}

/* A validity bitmap counts only when the node says that there are nulls: writers leave it out or fill it with ones. */
const char *rt_arrow_take_validity(struct rt_batch_walk *w, const struct rt_arrow_node *node, const void **ret)
{
    const void *bits;
    uint64_t len;
    const char *why = take_buffer(w, &bits, &len);
    if (why)
        return why;
    *ret = node->nulls ? bits : NULL;
    return node->nulls && len < (node->length + 7) / 8 ? "a validity bitmap that is too short" : NULL;
}

const char *rt_arrow_take_offsets(struct rt_batch_walk *w, uint64_t n, const void **ret, uint64_t *ret_last)
{
    const void *p;
    uint64_t len;
    const char *why = take_buffer(w, &p, &len);
    *ret = NULL;
    *ret_last = 0;
    if (why || n == 0)
        return why;
    if (len < (n + 1) * 4)
        return "an offset buffer that is too short";
    if ((uintptr_t)p % 4)
        return "an offset buffer that is not aligned";
    const int32_t *offsets = p;
    int32_t down = offsets[0] < 0;
    for (uint64_t i = 0; i < n; i++)
        down |= offsets[i + 1] < offsets[i];
    if (down)
        return "offsets that run backwards";
    *ret = offsets;
    *ret_last = (uint64_t)offsets[n];
    return NULL;
}

/* The same, 64 bits wide. */
static const char *take_wide_offsets(struct rt_batch_walk *w, uint64_t n, const void **ret, uint64_t *ret_last)
{
    uint64_t len;
    const char *why = take_buffer(w, ret, &len);
    *ret_last = 0;
    if (why || n == 0)
        return why;
    if (len < (n + 1) * 8)
        return "an offset buffer that is too short";
    int64_t last = rt_view_offset(*ret, true, n);
    if (last < 0) /* whether those before it are less is looked at later */
        return "offsets that run backwards";
    *ret_last = (uint64_t)last;
    return NULL;
}

static const char *take_values(struct rt_batch_walk *w, uint64_t n, const void **ret)
{
    uint64_t len;
    const char *why = take_buffer(w, ret, &len);
    return why ? why : len < n ? "a value buffer that is too short" : NULL;
}

/* The buffers of a node without its validity. */
static const char *take_own(struct rt_batch_walk *w, const struct rt_arrow_field *f, uint64_t n, const void **buffers)
{
    uint64_t last = 0;
    const char *why = NULL;
    bool wide = rt_kind_is_wide(f->kind);
    switch (f->kind) {
    case RT_KIND_DENSE_UNION:
    case RT_KIND_SPARSE_UNION:
        why = w->old_unions ? take_values(w, 0, &buffers[0]) : NULL;
        why = why ? why : take_values(w, n, &buffers[0]);
        return why || f->kind == RT_KIND_SPARSE_UNION ? why : take_values(w, 4 * n, &buffers[1]);
    case RT_KIND_UTF8:
    case RT_KIND_BINARY:
    case RT_KIND_LARGE_UTF8:
    case RT_KIND_LARGE_BINARY:
    case RT_KIND_LIST:
    case RT_KIND_LARGE_LIST:
        why = wide ? take_wide_offsets(w, n, &buffers[1], &last) : rt_arrow_take_offsets(w, n, &buffers[1], &last);
        return why || !rt_kind_is_bytes(f->kind) ? why : take_values(w, last, &buffers[2]);
    default:
        return f->bits ? take_values(w, (n * f->bits + 7) / 8, &buffers[1]) : NULL;
    }
}

/* ---------------------------------------------------------------- what nobody reads */

static const char *skip_field(struct rt_batch_walk *w, const struct rt_flat_table *field, unsigned depth);

static const char *skip_buffers(struct rt_batch_walk *w, uint64_t n)
{
    const void *p;
    uint64_t len;
    const char *why = NULL;
    while (n-- && !why)
        why = take_buffer(w, &p, &len);
    return why;
}

/* Number of buffers of this node alone. */
static const char *count_buffers(struct rt_batch_walk *w, const struct rt_arrow_field *f, uint64_t *ret)
{
    uint64_t mode = 0;
    *ret = f->dictionary ? 2 : arrow[f->id].n_buffers;
    if (f->dictionary)
        return NULL;
    if (f->id == A_UNION) {
        if (!rt_flat_scalar(&f->params, 0, 2, 0, &mode))
            return rt_decode_bad_schema;
        *ret += (mode == 1) + w->old_unions;
    } else if (f->id == A_BINARY_VIEW || f->id == A_UTF8_VIEW) {
        if (w->i_variadic >= w->variadic.n)
            return bad_batch;
        *ret += rt_flat_le(w->variadic.data + w->variadic.pos + (size_t)8 * w->i_variadic++, 8);
    }
    return NULL;
}

/* What belongs to a field whose node was taken. */
static const char *skip_rest(struct rt_batch_walk *w, const struct rt_arrow_field *f, unsigned depth)
{
    uint64_t n = 0;
    struct rt_flat_table child;
    const char *why = count_buffers(w, f, &n);
    if (!why)
        why = skip_buffers(w, n);
    for (uint32_t i = 0; i < f->children.n && !f->dictionary && !why; i++)
        why = rt_flat_vector_table(&f->children, i, &child) ? skip_field(w, &child, depth + 1) : rt_decode_bad_schema;
    return why;
}

static const char *skip_field(struct rt_batch_walk *w, const struct rt_flat_table *field, unsigned depth)
{
    struct rt_arrow_field f;
    struct rt_arrow_node node;
    const char *why = depth > DEPTH_MAX ? "a type nested too deeply" : rt_arrow_field(field, &f);
    if (!why)
        why = rt_arrow_take_node(w, &node);
    return why ? why : skip_rest(w, &f, depth);
}

/* ---------------------------------------------------------------- taking */

static const char *take_field(struct rt_batch_walk *w, const struct rt_flat_table *field, unsigned depth, const struct rt_datatype **ret_type,
                              struct ArrowArray *ret, uint64_t *ret_n);

/* The type's node and the view's, with room for their children. */
static struct rt_datatype *field_alloc(struct rt_batch_walk *w, const struct rt_arrow_field *f, struct ArrowArray *ret)
{
    unsigned n_buffers = rt_kind_buffers((enum rt_kind)f->kind);
    uint32_t n = f->children.n;
    struct rt_datatype *t = rt_chunk_alloc(w->chunk, sizeof *t + n * sizeof(void *));
    void **p = t ? rt_chunk_alloc(w->chunk, (3 + n) * sizeof *p + n * sizeof(struct ArrowArray)) : NULL;
    if (!p)
        return NULL;
    struct ArrowArray *children = (struct ArrowArray *)(void *)(p + 3 + n);
    *t = (struct rt_datatype){f->name ? f->name : "", (const struct rt_datatype *const *)(const void *)(t + 1), n, f->size, f->kind, f->nullable};
    *ret = (struct ArrowArray){.n_buffers = n_buffers, .n_children = n, .buffers = (const void **)(void *)p,
                               .children = (struct ArrowArray **)(void *)(p + 3)};
    for (uint32_t i = 0; i < n; i++)
        ret->children[i] = &children[i];
    return t;
}

static const char *take_children(struct rt_batch_walk *w, const struct rt_arrow_field *f, unsigned depth, struct rt_datatype *t, struct ArrowArray *ret,
                                 bool *ret_held)
{
    const struct rt_datatype **types = (const struct rt_datatype **)(void *)(t + 1);
    const char *why = NULL;
    *ret_held = true;
    for (uint32_t i = 0; i < f->children.n && !why; i++) {
        struct rt_flat_table child;
        uint64_t n;
        why = rt_flat_vector_table(&f->children, i, &child) ? take_field(w, &child, depth + 1, &types[i], ret->children[i], &n) : rt_decode_bad_schema;
        *ret_held = *ret_held && !why && types[i];
    }
    return why;
}

static bool has_validity(uint8_t kind)
{
    return kind != RT_KIND_NULL && kind != RT_KIND_DENSE_UNION && kind != RT_KIND_SPARSE_UNION;
}

static const char *take_field(struct rt_batch_walk *w, const struct rt_flat_table *field, unsigned depth, const struct rt_datatype **ret_type,
                              struct ArrowArray *ret, uint64_t *ret_n)
{
    struct rt_arrow_field f;
    struct rt_arrow_node node;
    bool held;
    const char *why = depth > DEPTH_MAX ? "a type nested too deeply" : rt_arrow_field(field, &f);
    *ret_type = NULL;
    if (why || (why = rt_arrow_take_node(w, &node)))
        return why;
    *ret_n = node.length;
    if (f.kind == NO)
        return skip_rest(w, &f, depth);
    if (f.children.n > w->nodes.n - w->i_node) /* each takes one: a bound for what is allocated */
        return bad_batch;
    struct rt_datatype *t = field_alloc(w, &f, ret);
    if (!t)
        return rt_decode_no_memory;
    ret->length = (int64_t)node.length;
    ret->null_count = has_validity(f.kind) ? (int64_t)node.nulls : 0;
    if (has_validity(f.kind) && (why = rt_arrow_take_validity(w, &node, &ret->buffers[0])))
        return why;
    if ((why = take_own(w, &f, node.length, ret->buffers)) || (why = take_children(w, &f, depth, t, ret, &held)))
        return why;
    *ret_type = held && !f.lossy ? t : NULL;
    return NULL;
}

const char *rt_arrow_take(struct rt_batch_walk *w, const struct rt_flat_table *field, const struct rt_datatype **ret_type, struct ArrowArray *ret,
                          uint64_t *ret_n)
{
    return take_field(w, field, 0, ret_type, ret, ret_n);
}
