#include "encode/decode_column.h"

#include <string.h>

#define DEPTH_MAX 32
#define ROW_ID_BYTES 16
#define METADATA_MAX 1024 /* pairs a field; ours have 4. Tables can be shared, so a small file could ask for endless searches */

static const char bad_schema[] = "a schema that can't be read";
static const char bad_batch[] = "a record batch with fewer nodes or buffers than its schema needs";

/* Arrow's type numbers, Schema.fbs. */
enum {
    A_NULL = 1, A_INT, A_FLOAT, A_BINARY, A_UTF8, A_BOOL, A_DECIMAL, A_DATE, A_TIME, A_TIMESTAMP, A_INTERVAL, A_LIST,
    A_STRUCT, A_UNION, A_FIXED_BINARY, A_FIXED_LIST, A_MAP, A_DURATION, A_LARGE_BINARY, A_LARGE_UTF8, A_LARGE_LIST,
    A_RUN_END, A_BINARY_VIEW, A_UTF8_VIEW, A_LIST_VIEW, A_LARGE_LIST_VIEW, A_END,
};

/* Buffers of one node, without its children's. */
static const uint8_t n_buffers[] = {
    [A_NULL] = 0, [A_INT] = 2, [A_FLOAT] = 2, [A_BINARY] = 3, [A_UTF8] = 3, [A_BOOL] = 2, [A_DECIMAL] = 2, [A_DATE] = 2,
    [A_TIME] = 2, [A_TIMESTAMP] = 2, [A_INTERVAL] = 2, [A_LIST] = 2, [A_STRUCT] = 1, [A_UNION] = 1, [A_FIXED_BINARY] = 2,
    [A_FIXED_LIST] = 1, [A_MAP] = 2, [A_DURATION] = 2, [A_LARGE_BINARY] = 3, [A_LARGE_UTF8] = 3, [A_LARGE_LIST] = 2,
    [A_RUN_END] = 0, [A_BINARY_VIEW] = 2, [A_UTF8_VIEW] = 2, [A_LIST_VIEW] = 3, [A_LARGE_LIST_VIEW] = 3,
};
_Static_assert(sizeof n_buffers == A_END, "a row for every type");

struct arrow_type {
    uint8_t id;
    bool dictionary;
    uint32_t bits; /* of a fixed-width value that the cells can give; else 0 */
    enum rt_type type;
    struct rt_flat_table params;
    struct rt_flat_vector children;
};

static const char *int_type(struct arrow_type *t)
{
    static const enum rt_type types[2][4] = {{RT_TYPE_U8, RT_TYPE_U16, RT_TYPE_U32, RT_TYPE_U64},
                                             {RT_TYPE_I8, RT_TYPE_I16, RT_TYPE_I32, RT_TYPE_I64}};
    uint64_t bits, is_signed;
    if (!rt_flat_scalar(&t->params, 0, 4, 0, &bits) || !rt_flat_scalar(&t->params, 1, 1, 0, &is_signed))
        return bad_schema;
    for (unsigned i = 0; i < 4; i++)
        if (bits == 8u << i)
            t->type = types[is_signed != 0][i];
    t->bits = (uint32_t)bits;
    return t->type == RT_TYPE_OTHER ? "an integer of an unknown width" : NULL;
}

static const char *float_type(struct arrow_type *t)
{
    static const enum rt_type types[] = {RT_TYPE_OTHER, RT_TYPE_F32, RT_TYPE_F64};
    uint64_t precision;
    if (!rt_flat_scalar(&t->params, 0, 2, 0, &precision) || precision > 2)
        return bad_schema;
    t->type = types[precision];
    t->bits = 16u << precision;
    return NULL;
}

/* Reads type, children and dictionary of a Field. */
static const char *field_type(const struct rt_flat_table *field, struct arrow_type *ret)
{
    struct rt_flat_table dictionary;
    uint64_t id, width;
    *ret = (struct arrow_type){.type = RT_TYPE_OTHER};
    if (!rt_flat_scalar(field, 2, 1, 0, &id) || id == 0 || id >= A_END || !rt_flat_table(field, 3, &ret->params) ||
        !rt_flat_table(field, 4, &dictionary) || !rt_flat_vector(field, 5, 4, &ret->children))
        return bad_schema;
    ret->id = (uint8_t)id;
    ret->dictionary = dictionary.data != NULL;
    if (ret->dictionary)
        return NULL;
    switch (id) {
    case A_INT: return int_type(ret);
    case A_FLOAT: return float_type(ret);
    case A_BOOL: ret->type = RT_TYPE_BOOL; ret->bits = 1; break;
    case A_UTF8: ret->type = RT_TYPE_UTF8; break;
    case A_BINARY: ret->type = RT_TYPE_BINARY; break;
    case A_TIMESTAMP:
    case A_DURATION: ret->type = RT_TYPE_I64; ret->bits = 64; break;
    case A_FIXED_BINARY:
        if (!rt_flat_scalar(&ret->params, 0, 4, 0, &width) || width > INT32_MAX / 8)
            return bad_schema;
        ret->bits = (uint32_t)width * 8;
        break;
    }
    return NULL;
}

struct node {
    uint64_t length, nulls;
};

static const char *take_node(struct rt_batch_walk *w, struct node *ret)
{
    if (w->i_node >= w->nodes.n)
        return bad_batch;
    const uint8_t *p = w->nodes.data + w->nodes.pos + (size_t)16 * w->i_node++;
    *ret = (struct node){rt_flat_le(p, 8), rt_flat_le(p + 8, 8)};
    return ret->length > INT32_MAX || ret->nulls > ret->length ? "a column with an impossible length" : NULL;
}

static const char *take_buffer(struct rt_batch_walk *w, const uint8_t **ret, uint64_t *ret_len)
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
static const char *take_validity(struct rt_batch_walk *w, const struct node *node, const uint8_t **ret)
{
    const uint8_t *bits;
    uint64_t len;
    const char *why = take_buffer(w, &bits, &len);
    if (why)
        return why;
    *ret = node->nulls ? bits : NULL;
    return node->nulls && len < (node->length + 7) / 8 ? "a validity bitmap that is too short" : NULL;
}

/* @n + 1 ascending positions, the last at most @limit (checked by the caller through *ret_last). */
static const char *take_offsets(struct rt_batch_walk *w, uint64_t n, const int32_t **ret, uint64_t *ret_last)
{
    const uint8_t *p;
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
    const int32_t *offsets = (const void *)p;
    int32_t down = offsets[0] < 0;
    for (uint64_t i = 0; i < n; i++)
        down |= offsets[i + 1] < offsets[i];
    if (down)
        return "offsets that run backwards";
    *ret = offsets;
    *ret_last = (uint64_t)offsets[n];
    return NULL;
}

static const char *skip_field(struct rt_batch_walk *w, const struct rt_flat_table *field, unsigned depth);

static const char *skip_buffers(struct rt_batch_walk *w, uint64_t n)
{
    const uint8_t *p;
    uint64_t len;
    const char *why = NULL;
    while (n-- && !why)
        why = take_buffer(w, &p, &len);
    return why;
}

/* Number of buffers of this node alone. */
static const char *count_buffers(struct rt_batch_walk *w, const struct arrow_type *t, uint64_t *ret)
{
    uint64_t mode = 0;
    *ret = t->dictionary ? 2 : n_buffers[t->id];
    if (t->dictionary)
        return NULL;
    if (t->id == A_UNION) {
        if (!rt_flat_scalar(&t->params, 0, 2, 0, &mode))
            return bad_schema;
        *ret += (mode == 1) + w->old_unions;
    } else if (t->id == A_BINARY_VIEW || t->id == A_UTF8_VIEW) {
        if (w->i_variadic >= w->variadic.n)
            return bad_batch;
        *ret += rt_flat_le(w->variadic.data + w->variadic.pos + (size_t)8 * w->i_variadic++, 8);
    }
    return NULL;
}

static const char *skip_children(struct rt_batch_walk *w, const struct arrow_type *t, unsigned depth)
{
    const char *why = NULL;
    struct rt_flat_table child;
    for (uint32_t i = 0; i < t->children.n && !t->dictionary && !why; i++)
        why = rt_flat_vector_table(&t->children, i, &child) ? skip_field(w, &child, depth + 1) : bad_schema;
    return why;
}

static const char *skip_field(struct rt_batch_walk *w, const struct rt_flat_table *field, unsigned depth)
{
    struct arrow_type t;
    struct node node;
    uint64_t n = 0;
    const char *why = depth > DEPTH_MAX ? "a type nested too deeply" : field_type(field, &t);
    if (!why)
        why = take_node(w, &node);
    if (!why)
        why = count_buffers(w, &t, &n);
    if (!why)
        why = skip_buffers(w, n);
    return why ? why : skip_children(w, &t, depth);
}

/* The instances: a type that the cells can give, or anything else, which is only stepped over. */
static const char *take_items(struct rt_batch_walk *w, const struct rt_flat_table *field, struct arrow_type *t,
                              struct rt_chunk_column *col)
{
    struct node node;
    uint64_t len, last = 0;
    const char *why = field_type(field, t);
    if (why)
        return why;
    col->type = t->type;
    if (!t->bits && t->type == RT_TYPE_OTHER) {
        uint32_t first = w->i_node;
        why = skip_field(w, field, 0);
        if (!why && first < w->nodes.n)
            col->n_items = (uint32_t)rt_flat_le(w->nodes.data + w->nodes.pos + (size_t)16 * first, 8);
        return why;
    }
    if ((why = take_node(w, &node)) || (why = take_validity(w, &node, &col->item_validity)))
        return why;
    if (!t->bits && (why = take_offsets(w, node.length, &col->value_offsets, &last)))
        return why;
    if ((why = take_buffer(w, &col->values, &len)))
        return why;
    col->n_items = (uint32_t)node.length;
    return len < (t->bits ? (node.length * t->bits + 7) / 8 : last) ? "a value buffer that is too short" : NULL;
}

static const char *take_list(struct rt_batch_walk *w, const struct arrow_type *list, struct rt_chunk_column *col)
{
    struct rt_flat_table item;
    struct arrow_type t;
    struct node node;
    uint64_t last;
    const char *why = take_node(w, &node);
    if (why || (why = take_validity(w, &node, &col->validity)) ||
        (why = take_offsets(w, node.length, &col->list_offsets, &last)))
        return why;
    if (node.length != w->n_rows)
        return "columns of different lengths";
    if (list->children.n != 1 || !rt_flat_vector_table(&list->children, 0, &item))
        return bad_schema;
    why = take_items(w, &item, &t, col);
    return why ? why : last > col->n_items ? "a list that ends outside its items" : NULL;
}

/* A column that is no list: one instance a row; its nulls are the cells'. */
static const char *take_plain(struct rt_batch_walk *w, const struct rt_flat_table *field, struct arrow_type *t,
                              struct rt_chunk_column *col)
{
    const char *why = take_items(w, field, t, col);
    if (why)
        return why;
    col->validity = col->item_validity;
    col->item_validity = NULL;
    return col->n_items != w->n_rows ? "columns of different lengths" : NULL;
}

bool rt_metadata_find(const struct rt_flat_table *t, unsigned slot, const char *key, const char **ret)
{
    struct rt_flat_vector pairs;
    struct rt_flat_table pair;
    const char *k;
    *ret = NULL;
    if (!rt_flat_vector(t, slot, 4, &pairs) || pairs.n > METADATA_MAX)
        return false;
    for (uint32_t i = 0; i < pairs.n; i++) {
        if (!rt_flat_vector_table(&pairs, i, &pair) || !rt_flat_string(&pair, 0, &k))
            return false;
        if (k && !strcmp(k, key))
            return rt_flat_string(&pair, 1, ret);
    }
    return true;
}

static const char *column_kind(const struct rt_flat_table *field, struct rt_chunk_column *col)
{
    static const struct {
        const char *text;
        enum rt_column_kind kind;
    } kinds[] = {{"control", RT_COLUMN_ROW_ID}, {"row_id", RT_COLUMN_ROW_ID}, {"index", RT_COLUMN_TIMELINE},
                 {"time", RT_COLUMN_TIMELINE},  {"data", RT_COLUMN_COMPONENT}, {"component", RT_COLUMN_COMPONENT}};
    const char *text;
    if (!rt_metadata_find(field, 6, "rerun:kind", &text))
        return bad_schema;
    col->kind = RT_COLUMN_COMPONENT;
    if (!text)
        return NULL;
    for (unsigned i = 0; i < sizeof kinds / sizeof *kinds; i++)
        if (!strcmp(kinds[i].text, text)) {
            col->kind = kinds[i].kind;
            return NULL;
        }
    return "a column of an unknown kind";
}

static const char *column_names(const struct rt_flat_table *field, struct rt_chunk_column *col)
{
    const char *key = col->kind == RT_COLUMN_TIMELINE ? "rerun:index_name" : "rerun:component";
    const char *field_name, *name;
    if (!rt_flat_string(field, 0, &field_name) || !rt_metadata_find(field, 6, key, &name) ||
        !rt_metadata_find(field, 6, "rerun:archetype", &col->archetype) ||
        !rt_metadata_find(field, 6, "rerun:component_type", &col->component_type))
        return bad_schema;
    col->name = name ? name : field_name;
    return !col->name || (col->kind != RT_COLUMN_ROW_ID && !*col->name) ? "a column without a name" : NULL;
}

/* Int64 is a sequence, Timestamp and Duration must be in nanoseconds; no row may lack its time. */
static const char *check_timeline(const struct arrow_type *t, struct rt_chunk_column *col)
{
    uint64_t unit = 3;
    col->time_unit = t->id == A_TIMESTAMP ? 't' : t->id == A_DURATION ? 'd' : 's';
    if (t->type != RT_TYPE_I64)
        return "a timeline of a type that is no time";
    if (t->id != A_INT && !rt_flat_scalar(&t->params, 0, 2, t->id == A_DURATION ? 1 : 0, &unit))
        return bad_schema;
    return unit != 3 ? "a timeline that is not in nanoseconds" : col->validity ? "a timeline with nulls" : NULL;
}

const char *rt_column_decode(struct rt_batch_walk *w, const struct rt_flat_table *field, struct rt_chunk_column *col,
                             const uint8_t **ret_row_ids)
{
    struct arrow_type t;
    const char *why = column_kind(field, col);
    if (why || (why = column_names(field, col)) || (why = field_type(field, &t)))
        return why;
    if (t.id == A_LIST && !t.dictionary && col->kind == RT_COLUMN_COMPONENT)
        return take_list(w, &t, col);
    if ((why = take_plain(w, field, &t, col)))
        return why;
    if (col->kind == RT_COLUMN_TIMELINE)
        return check_timeline(&t, col);
    if (col->kind != RT_COLUMN_ROW_ID)
        return NULL;
    if (t.id != A_FIXED_BINARY || t.bits != ROW_ID_BYTES * 8 || col->validity)
        return "row ids that are no row ids";
    *ret_row_ids = col->values;
    return NULL;
}
