/* From decoded chunks (encode/decode.h) back to what a recording writes. */
#ifndef RT_RECORDING_DECODED_H
#define RT_RECORDING_DECODED_H

#include <retap.h>

#include "encode/decode.h"
#include "encode/manifest.h"

/* Item type of a column that this library can write; NULL for others. */
static inline const struct rt_datatype *rt_decoded_item(enum rt_type type)
{
    switch (type) {
    case RT_TYPE_U32: return &rt_datatype_u32;
    case RT_TYPE_U64: return &rt_datatype_u64;
    case RT_TYPE_I64: return &rt_datatype_i64;
    case RT_TYPE_F64: return &rt_datatype_f64;
    case RT_TYPE_UTF8: return &rt_datatype_utf8;
    case RT_TYPE_BINARY: return &rt_datatype_binary;
    default: return NULL;
    }
}

/* The log_time column; NULL in a static chunk. */
static inline const struct rt_chunk_column *rt_decoded_time(const struct rt_chunk *c)
{
    return rt_chunk_find(c, RT_COLUMN_TIMELINE, RT_TIMELINE);
}

#endif
