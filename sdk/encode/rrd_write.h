/* Frames of an RRD stream (magic RRF2), each appended whole to a buffer:
 *
 *   stream header, 12 bytes | { u64 kind, u64 length, message }* | End frame with the footer | stream footer, 32 bytes
 *
 * Stamped version 0.31.0, the newest that every reader from 0.31 on takes without a warning; the frames
 * have not changed since. */
#ifndef RT_ENCODE_RRD_WRITE_H
#define RT_ENCODE_RRD_WRITE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/buf.h"

#define RT_SORBET_VERSION   "0.1.3" /* of the chunk schema, for the same reason */
#define RT_RRD_HEADER_BYTES 12
#define RT_RRD_FRAME_HEADER_BYTES 16

struct rt_tuid {
    uint64_t time_ns, inc;
};
/* Arrow form: big-endian, so that bytewise order is time order. */
static inline void rt_tuid_bytes(struct rt_tuid id, uint8_t out[16])
{
    uint64_t be[2] = {__builtin_bswap64(id.time_ns), __builtin_bswap64(id.inc)};
    memcpy(out, be, 16);
}

struct rt_store_id {
    char *application_id, *recording_id; /* borrowed */
    int kind;                            /* RR_STORE_KIND_*; 0 is a recording, too */
};

int rt_rrd_stream_header(struct rt_buf *out);
int rt_rrd_store_info(struct rt_buf *out, const struct rt_store_id *store, struct rt_tuid row_id);

/* A chunk: @ipc compressed, @hard or fast. @scratch is for the compressed bytes, reused. gives the
 * payload's length in *ret_size. */
int rt_rrd_arrow(struct rt_buf *out, const struct rt_store_id *store, struct rt_tuid chunk_id, bool is_static,
                 const struct rt_buf *ipc,
                 bool hard, struct rt_buf *scratch, uint64_t *ret_size);

/* Blueprints: makes the store @id the active one of its application, or its default. */
int rt_rrd_activation(struct rt_buf *out, const struct rt_store_id *store, bool make_active, bool make_default);

/* The End frame around @footer and the stream footer behind it. @at: position in the stream where it will
 * be written. */
int rt_rrd_end(struct rt_buf *out, uint64_t at, const void *footer, size_t len);

#endif
