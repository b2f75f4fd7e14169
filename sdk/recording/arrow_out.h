/* Decoded chunks as Arrow C data that outlives them. */
#ifndef RT_RECORDING_ARROW_OUT_H
#define RT_RECORDING_ARROW_OUT_H

#include <rerun.h>

#include "encode/decode.h"

/* A Struct array with the chunk's columns as children, and its schema. Takes what is in @c on success, and empties it: the arrays refer to its
 * memory. Every array and every schema is released by itself, in any thread. Return: 0; -ENOTSUP a column without a datatype, -EINVAL a column that is
 * malformed, with its name in @err; -ENOMEM. */
int rt_arrow_out(struct rt_chunk *c, struct ArrowSchema *ret_schema, struct ArrowArray *ret_array, struct rt_error *err);

#endif
