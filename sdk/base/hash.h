/* FNV-1a, 64 bit, of bytes: for tables in memory, not against those who choose keys that collide. */
#ifndef RT_BASE_HASH_H
#define RT_BASE_HASH_H

#include <stddef.h>
#include <stdint.h>

#define RT_HASH_START 0xcbf29ce484222325u

/* Goes on from @h, RT_HASH_START at first. */
static inline uint64_t rt_hash(uint64_t h, const void *p, size_t n)
{
    for (const uint8_t *b = p; n-- > 0; b++)
        h = (h ^ *b) * 0x100000001b3u;
    return h;
}

#endif
