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
};

/* Fills @col, which is zeroed; *ret_row_ids is set when it is the row-id column. Return: NULL or the reason of failure. */
const char *rt_column_decode(struct rt_batch_walk *w, const struct rt_flat_table *field, struct rt_chunk_column *col,
                             const uint8_t **ret_row_ids);

/* Value of @key in a KeyValue vector (@slot of @t). Return: false when malformed; *ret NULL when absent. */
bool rt_metadata_find(const struct rt_flat_table *t, unsigned slot, const char *key, const char **ret);

#endif
