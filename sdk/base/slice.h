/* Bytes that somebody else owns; no NUL behind them. Zero-initialised is empty. */
#ifndef RT_BASE_SLICE_H
#define RT_BASE_SLICE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

struct rt_slice {
    const char *p;
    size_t n;
};

static inline struct rt_slice rt_slice(const void *p, size_t n)
{
    return (struct rt_slice){p, n};
}
static inline bool rt_slice_is(struct rt_slice s, const char *text)
{
    return s.n == strlen(text) && (!s.n || !memcmp(s.p, text, s.n));
}

/* The whole slice as a decimal number of at most @most. Return: false when it is none (empty, a sign, a blank, too large). */
static inline bool rt_slice_number(struct rt_slice s, uint64_t most, uint64_t *ret)
{
    uint64_t v = 0;
    for (size_t i = 0; i < s.n; i++) {
        unsigned d = (unsigned)(uint8_t)s.p[i] - '0';
        if (d > 9 || v > (most - d) / 10 || d > most)
            return false;
        v = v * 10 + d;
    }
    if (s.n)
        *ret = v;
    return s.n > 0;
}

#endif
