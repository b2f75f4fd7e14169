/* Rows become a chunk: Arrow IPC, then a message. What all chunks have in common is the head; their columns come from a builder or from a
 * caller's arrays.
 *
 *   rt_chunk_begin   schema, row ids, times
 *   …                columns, in the order of the shape's descriptors
 *   rt_chunk_end     compressed, framed, as a message
 */
#ifndef RT_RECORDING_CHUNK_H
#define RT_RECORDING_CHUNK_H

#include "recording/builder.h"
#include "recording/message.h"

/* The schema message of the last chunk of a shape: chunks of one shape differ in their id alone, unless the order of their times does. */
struct rt_schema {
    struct rt_buf bytes; /* empty: none yet */
    uint32_t shape;
    uint64_t sorted;     /* by timeline: a bit */
    size_t id_at;        /* of the id's 32 digits in bytes */
};
enum { RT_ENCODER_SCHEMAS = 32, RT_SCHEMA_TIMELINES = 64 };

/* What encoding needs again and again; kept, so that a chunk costs no allocation once the buffers have
 * grown. */
struct rt_encoder {
    struct rt_fb fb;
    struct rt_buf ipc, packed, frame;
    bool hard;        /* compress hard */
    struct rt_schema schemas[RT_ENCODER_SCHEMAS]; /* by shape, modulo */
    /* random; row and chunk ids of a recording are {time of the first row, base + counter} */
    uint64_t id_base;
    uint64_t id_next;
};

int rt_encoder_init(struct rt_encoder *e);
void rt_encoder_deinit(struct rt_encoder *e);
/* The next @n ids; all share @time_ns. Return: the first. */
struct rt_tuid rt_encoder_ids(struct rt_encoder *e, uint64_t time_ns, uint32_t n);

struct rt_chunk_time {
    const int64_t *values;
    bool sorted;
};

/* All is borrowed. */
struct rt_chunk_head {
    struct rt_store *store;
    uint32_t shape, n_rows;
    struct rt_tuid id;
    const uint8_t *row_ids;             /* 16 bytes each; NULL: those behind @id */
    const struct rt_chunk_time *times;  /* of the shape's timelines, in its order */
    bool urgent;
    uint8_t rows;                       /* enum rt_chunk_rows */
};

/* @n_nodes, @n_buffers: what the columns will take. Return: 0, -ENOMEM; then no end follows. */
int rt_chunk_begin(struct rt_encoder *e, const struct rt_chunk_head *head, size_t n_nodes, size_t n_buffers, struct rt_ipc_batch *batch);
/* @facts, which it takes, has what columns with nulls say; the rest is filled in here. gives *ret. Return: 0, -ENOMEM, -EOVERFLOW. */
int rt_chunk_end(struct rt_encoder *e, const struct rt_chunk_head *head, struct rt_ipc_batch *batch, struct rt_chunk_facts *facts,
                 struct rt_log_message **ret);
/* List offsets 0, 1, 2 … @n: written once a chunk. *shared: number of that buffer, 0 = not yet (buffer 0 is a validity). */
void rt_chunk_counting(struct rt_ipc_batch *batch, uint32_t n, size_t *shared);

/* gives the message of a sealed builder with rows. Return: 0, -ENOMEM, -EOVERFLOW. */
int rt_chunk_encode(struct rt_encoder *e, struct rt_builder *b, struct rt_log_message **ret);

#endif
