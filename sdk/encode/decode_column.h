/* One column of a record batch: its Field (type, names) and its share of the batch's nodes and buffers, which are listed
 * depth first in field order. Every column must take exactly its share, also one that nobody will read. */
#ifndef RT_ENCODE_DECODE_COLUMN_H
#define RT_ENCODE_DECODE_COLUMN_H

#include "encode/decode.h"
#include "encode/decode_flat.h"

struct rt_batch_walk {
    struct rt_flat_vector nodes, buffers, variadic; /* of the RecordBatch; elements of 16, 16 and 8 bytes */
    uint32_t i_node, i_buffer, i_variadic;          /* next to take */
    const uint8_t *body;
    uint64_t body_len;
    uint32_t n_rows;
    bool old_unions; /* metadata version V4: unions still had a validity buffer */
    struct rt_chunk *chunk; /* whose memory the types and views are in */
};

/* Fills @col, which is zeroed; *ret_row_ids is set when it is the row-id column. Return: NULL or the reason of failure. */
const char *rt_column_decode(struct rt_batch_walk *w, const struct rt_flat_table *field, struct rt_chunk_column *col,
                             const uint8_t **ret_row_ids);

/* Value of @key in a KeyValue vector (@slot of @t). Return: false when malformed; *ret NULL when absent. */
bool rt_metadata_find(const struct rt_flat_table *t, unsigned slot, const char *key, const char **ret);

/* @n bytes of zeros that live as long as the chunk; NULL without memory. */
void *rt_chunk_alloc(struct rt_chunk *c, size_t n);

/* ---------------------------------------------------------------- fields (decode_field.c) */

struct rt_arrow_field {
    uint8_t id;          /* Schema.fbs union Type */
    bool dictionary, nullable;
    bool lossy;          /* struct rt_datatype can't hold all of it */
    uint8_t kind;        /* enum rt_kind; RT_KIND_COUNT: this library has none for it */
    int32_t size;        /* as struct rt_datatype has it */
    uint32_t bits;       /* of a fixed-width value; else 0 */
    enum rt_type type;   /* that the cells can give */
    const char *name;    /* may be NULL */
    struct rt_flat_table params;
    struct rt_flat_vector children;
};

enum { RT_ARROW_LIST = 12, RT_ARROW_TIMESTAMP = 10, RT_ARROW_DURATION = 18, RT_ARROW_INT = 2 };

extern const char rt_decode_bad_schema[], rt_decode_no_memory[];

/* Reads type, children and dictionary of a Field. Return: NULL or the reason of failure. */
const char *rt_arrow_field(const struct rt_flat_table *field, struct rt_arrow_field *ret);
/* Takes nodes and buffers of a field and what is below it. *ret_type: NULL when it holds what this library has no kind for, or more than it can
 * hold. *ret (zeroed by the caller): a view, unless the field itself is of no kind; its buffers are long enough for what the nodes say (whether
 * offsets and type ids lead to children is for rt_array_check_shape()). *ret_n: elements. */
const char *rt_arrow_take(struct rt_batch_walk *w, const struct rt_flat_table *field, const struct rt_datatype **ret_type, struct ArrowArray *ret,
                          uint64_t *ret_n);
/* Parts of that, for the list of a column. */
struct rt_arrow_node {
    uint64_t length, nulls;
};
const char *rt_arrow_take_node(struct rt_batch_walk *w, struct rt_arrow_node *ret);
const char *rt_arrow_take_validity(struct rt_batch_walk *w, const struct rt_arrow_node *node, const void **ret);
/* Ascending; NULL when there is no element. */
const char *rt_arrow_take_offsets(struct rt_batch_walk *w, uint64_t n, const void **ret, uint64_t *ret_last);

#endif
