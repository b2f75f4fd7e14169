#include "base/xxh.h"

#define XXH_INLINE_ALL
#include <xxhash.h>

uint32_t rt_xxh32(const void *p, size_t n, uint32_t seed)
{
    return XXH32(p, n, seed);
}

uint64_t rt_xxh64(const void *p, size_t n, uint64_t seed)
{
    return XXH64(p, n, seed);
}

uint64_t rt_xxh3(const void *p, size_t n)
{
    return XXH3_64bits(p, n);
}
