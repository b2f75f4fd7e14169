/* Chunks that somebody else made, read from an .rrd: as messages of a store of ours, with the same chunk and row ids. */
#ifndef RT_RECORDING_FOREIGN_H
#define RT_RECORDING_FOREIGN_H

#include "encode/decode.h"
#include "recording/message.h"
#include "recording/store.h"

/* The message of an RT_FRAME_ARROW frame for @store, whose names grow: by one thread at a time, as store.h says. gives *ret.
 * Return: 0; -EBADMSG damaged, -ENOTSUP a type that this library can't describe in a footer, -ENOMEM; mostly with words in @err. */
int rt_foreign_chunk(struct rt_store *store, const struct rt_frame *frame, struct rt_log_message **ret, struct rt_error *err);

#endif
