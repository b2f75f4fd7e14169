/* From decoded chunks (encode/decode.h) back to what a recording writes. */
#ifndef RT_RECORDING_DECODED_H
#define RT_RECORDING_DECODED_H

#include <retap.h>

#include "encode/decode.h"
#include "encode/manifest.h"

/* Item type of a column that this library can write; -1 for others. */
static inline int rt_decoded_item(enum rt_type type)
{
    switch (type) {
    case RT_TYPE_BOOL: return RT_IPC_BOOL;
    case RT_TYPE_U32: return RT_IPC_U32;
    case RT_TYPE_U64: return RT_IPC_U64;
    case RT_TYPE_I64: return RT_IPC_I64;
    case RT_TYPE_F64: return RT_IPC_F64;
    case RT_TYPE_UTF8: return RT_IPC_UTF8;
    case RT_TYPE_BINARY: return RT_IPC_BINARY;
    default: return -1;
    }
}

/* The log_time column; NULL in a static chunk. */
static inline const struct rt_chunk_column *rt_decoded_time(const struct rt_chunk *c)
{
    return rt_chunk_find(c, RT_COLUMN_TIMELINE, RT_TIMELINE);
}

#endif
