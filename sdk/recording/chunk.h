/* A sealed builder becomes a chunk: Arrow IPC, then a frame. */
#ifndef RT_RECORDING_CHUNK_H
#define RT_RECORDING_CHUNK_H

#include "recording/builder.h"

/* What encoding needs again and again; kept, so that a chunk costs no allocation once the buffers have
 * grown. */
struct rt_encoder {
    struct rt_fb fb;
    struct rt_buf ipc, packed;
    bool hard;        /* compress hard */
    /* random; row and chunk ids of a recording are {time of the first row, base + counter} */
    uint64_t id_base;
    uint64_t id_next;
};

int rt_encoder_init(struct rt_encoder *e);
void rt_encoder_deinit(struct rt_encoder *e);
/* The next @n ids; all share @time_ns. Return: the first. */
struct rt_tuid rt_encoder_ids(struct rt_encoder *e, uint64_t time_ns, uint32_t n);

/* Appends the frame of a sealed builder with rows to @out and fills *ret for the manifest, with its offset
 * counted from @at, the stream's position of out's first byte. Return: 0, -ENOMEM, -EOVERFLOW. */
int rt_chunk_encode(struct rt_encoder *e, struct rt_builder *b, const struct rt_store_id *store, uint64_t at,
                    struct rt_buf *out,
                    struct rt_manifest_chunk *ret);

#endif
