#include "encode/lz4.h"

#include <limits.h>
#include <lz4.h>

int rt_lz4_block(const void *src, size_t n, struct rt_buf *out)
{
    if (n > LZ4_MAX_INPUT_SIZE)
        return -EOVERFLOW;
    int bound = LZ4_compressBound((int)n);
    int r = rt_buf_reserve(out, (size_t)bound);
    if (r < 0)
        return r;
    int len = LZ4_compress_default(src, (char *)out->data + out->len, (int)n, bound);
    if (len <= 0)
        return -EOVERFLOW;
    out->len += (size_t)len;
    return 0;
}
