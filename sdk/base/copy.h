/* memcpy() where a call costs more than the bytes: names, numbers, paths. */
#ifndef RT_BASE_COPY_H
#define RT_BASE_COPY_H

#include <stddef.h>
#include <stdint.h>
#include <string.h>

/* Up to 32 bytes by blocks that overlap, more by memcpy(). */
static inline void rt_copy_short(void *to, const void *from, size_t n)
{
    uint8_t *out = to;
    const uint8_t *p = from;
    if (n > 32) {
        memcpy(out, p, n);
    } else if (n >= 16) {
        memcpy(out, p, 16);
        memcpy(out + n - 16, p + n - 16, 16);
    } else if (n >= 8) {
        memcpy(out, p, 8);
        memcpy(out + n - 8, p + n - 8, 8);
    } else if (n >= 4) {
        memcpy(out, p, 4);
        memcpy(out + n - 4, p + n - 4, 4);
    } else {
        for (size_t i = 0; i < n; i++)
            out[i] = p[i];
    }
}

#endif
