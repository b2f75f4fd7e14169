#include "encode/decode_column.h"

#include <string.h>

#include "encode/array.h"

#define ROW_ID_BYTES 16
#define METADATA_MAX 1024 /* pairs a field; ours have 4. Tables can be shared, so a small file could ask for endless searches */

/* Plain pointers to the instances, for types that the cells can give. */
static void note_flat(const struct rt_arrow_field *f, const struct ArrowArray *items, struct rt_chunk_column *col)
{
    col->type = f->type;
    if (!f->bits && f->type == RT_TYPE_OTHER)
        return;
    col->item_validity = items->null_count ? items->buffers[0] : NULL;
    col->value_offsets = f->bits ? NULL : items->buffers[1];
    col->values = items->buffers[f->bits ? 1 : 2];
}

/* The instances: *ret is a view of them when col->datatype is set. */
static const char *take_items(struct rt_batch_walk *w, const struct rt_flat_table *field, struct rt_arrow_field *f, struct rt_chunk_column *col,
                              struct ArrowArray *ret)
{
    uint64_t n;
    const char *why = rt_arrow_field(field, f);
    if (why)
        return why;
    why = rt_arrow_take(w, field, &col->datatype, ret, &n);
    if (why)
        return why;
    col->n_items = (uint32_t)n;
    if (ret->buffers)
        note_flat(f, ret, col);
    return NULL;
}

/* What was taken piece by piece: do the parts fit together? */
static const char *check_view(const struct rt_datatype *t, const struct ArrowArray *view)
{
    bool seen_whole = !t || (!t->n_children && !rt_kind_is_wide(t->kind));
    return !seen_whole && rt_array_check_shape(t, view, NULL) < 0 ? "a nested column whose parts do not fit together" : NULL;
}

/* The column's own view, over that of its items. */
static const char *list_view(struct rt_batch_walk *w, const struct rt_arrow_node *node, struct rt_chunk_column *col, struct ArrowArray *items)
{
    const void **buffers = rt_chunk_alloc(w->chunk, 2 * sizeof *buffers + sizeof items);
    if (!buffers)
        return rt_decode_no_memory;
    struct ArrowArray **children = (struct ArrowArray **)(void *)(buffers + 2);
    buffers[0] = col->validity;
    buffers[1] = col->list_offsets;
    children[0] = items;
    col->array = (struct ArrowArray){.length = (int64_t)node->length, .null_count = (int64_t)node->nulls, .n_buffers = 2, .n_children = 1,
                                     .buffers = buffers, .children = children};
    return NULL;
}

static const char *take_list(struct rt_batch_walk *w, const struct rt_arrow_field *list, struct rt_chunk_column *col)
{
    struct rt_flat_table item;
    struct rt_arrow_field f;
    struct rt_arrow_node node;
    const void *validity, *offsets;
    uint64_t last;
    struct ArrowArray *items = rt_chunk_alloc(w->chunk, sizeof *items);
    const char *why = items ? rt_arrow_take_node(w, &node) : rt_decode_no_memory;
    if (why || (why = rt_arrow_take_validity(w, &node, &validity)) || (why = rt_arrow_take_offsets(w, node.length, &offsets, &last)))
        return why;
    if (node.length != w->n_rows)
        return "columns of different lengths";
    col->is_list = true;
    col->validity = validity;
    col->list_offsets = offsets;
    if (!rt_flat_vector_table(&list->children, 0, &item))
        return rt_decode_bad_schema;
    if ((why = take_items(w, &item, &f, col, items)))
        return why;
    if (last > col->n_items)
        return "a list that ends outside its items";
    why = check_view(col->datatype, items);
    return why ? why : list_view(w, &node, col, items);
}

/* A column that is no list: one instance a row; its nulls are the cells'. */
static const char *take_plain(struct rt_batch_walk *w, const struct rt_flat_table *field, struct rt_arrow_field *f, struct rt_chunk_column *col)
{
    const char *why = take_items(w, field, f, col, &col->array);
    if (why)
        return why;
    if (col->array.buffers && f->kind != RT_KIND_NULL && f->kind != RT_KIND_DENSE_UNION && f->kind != RT_KIND_SPARSE_UNION)
        col->validity = col->array.null_count ? col->array.buffers[0] : NULL;
    col->item_validity = NULL;
    if (col->n_items != w->n_rows)
        return "columns of different lengths";
    return check_view(col->datatype, &col->array);
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
        return rt_decode_bad_schema;
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
        return rt_decode_bad_schema;
    col->name = name ? name : field_name;
    return !col->name || (col->kind != RT_COLUMN_ROW_ID && !*col->name) ? "a column without a name" : NULL;
}

/* Int64 is a sequence, Timestamp and Duration must be in nanoseconds; no row may lack its time. */
static const char *check_timeline(const struct rt_arrow_field *f, struct rt_chunk_column *col)
{
    bool plain = f->id == RT_ARROW_INT;
    col->time_unit = f->id == RT_ARROW_TIMESTAMP ? 't' : f->id == RT_ARROW_DURATION ? 'd' : 's';
    if (f->type != RT_TYPE_I64)
        return "a timeline of a type that is no time";
    return !plain && f->size != 3 ? "a timeline that is not in nanoseconds" : col->validity ? "a timeline with nulls" : NULL;
}

const char *rt_column_decode(struct rt_batch_walk *w, const struct rt_flat_table *field, struct rt_chunk_column *col,
                             const uint8_t **ret_row_ids)
{
    struct rt_arrow_field f;
    const char *why = column_kind(field, col);
    if (why || (why = column_names(field, col)) || (why = rt_arrow_field(field, &f)))
        return why;
    if (f.id == RT_ARROW_LIST && !f.dictionary && col->kind == RT_COLUMN_COMPONENT)
        return take_list(w, &f, col);
    if ((why = take_plain(w, field, &f, col)))
        return why;
    if (col->kind == RT_COLUMN_TIMELINE)
        return check_timeline(&f, col);
    if (col->kind != RT_COLUMN_ROW_ID)
        return NULL;
    if (f.kind != RT_KIND_FIXED_BINARY || f.bits != ROW_ID_BYTES * 8 || col->validity)
        return "row ids that are no row ids";
    *ret_row_ids = col->values;
    return NULL;
}
