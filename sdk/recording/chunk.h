/* A sealed builder becomes a chunk: Arrow IPC, then a message. */
#ifndef RT_RECORDING_CHUNK_H
#define RT_RECORDING_CHUNK_H

#include "recording/builder.h"
#include "recording/message.h"

/* What encoding needs again and again; kept, so that a chunk costs no allocation once the buffers have
 * grown. */
struct rt_encoder {
    struct rt_fb fb;
    struct rt_buf ipc, packed, frame;
    bool hard;        /* compress hard */
    /* random; row and chunk ids of a recording are {time of the first row, base + counter} */
    uint64_t id_base;
    uint64_t id_next;
};

int rt_encoder_init(struct rt_encoder *e);
void rt_encoder_deinit(struct rt_encoder *e);
/* The next @n ids; all share @time_ns. Return: the first. */
struct rt_tuid rt_encoder_ids(struct rt_encoder *e, uint64_t time_ns, uint32_t n);

/* gives the message of a sealed builder with rows. Return: 0, -ENOMEM, -EOVERFLOW. */
int rt_chunk_encode(struct rt_encoder *e, struct rt_builder *b, struct rt_log_message **ret);

#endif
