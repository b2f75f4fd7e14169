/* A chunk of one store becomes a chunk of another: only the ids change, the rest of the message stays as it is. */
#ifndef RT_ENCODE_READDRESS_H
#define RT_ENCODE_READDRESS_H

#include "encode/decode.h"
#include "encode/rrd_write.h"

/* Appends the frame of an RT_FRAME_ARROW @frame with the ids of @store. Return: 0, -EBADMSG (no such message), -ENOMEM. */
int rt_rrd_readdress(struct rt_buf *out, const struct rt_frame *frame, const struct rt_store_id *store);

#endif
