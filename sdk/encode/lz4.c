#include "encode/lz4.h"

#include <limits.h>
#include <lz4.h>
#include <lz4hc.h>

int rt_lz4_block(const void *src, size_t n, bool hard, struct rt_buf *out)
{
    if (n > LZ4_MAX_INPUT_SIZE)
        return -EOVERFLOW;
    int bound = LZ4_compressBound((int)n);
    int r = rt_buf_reserve(out, (size_t)bound);
    if (r < 0)
        return r;
    char *to = (char *)out->data + out->len;
    int len = hard ? LZ4_compress_HC(src, to, (int)n, bound, LZ4HC_CLEVEL_DEFAULT)
        : LZ4_compress_default(src, to, (int)n, bound);
    if (len <= 0)
        return -EOVERFLOW;
    out->len += (size_t)len;
    return 0;
}
