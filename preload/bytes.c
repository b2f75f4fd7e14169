/* The compiler and the ring need these by name; libc's may be another preload's, or absent. Hidden: nobody else sees them. */
#include <stddef.h>
#include <stdint.h>
#include <string.h>

typedef uint64_t word2 __attribute__((vector_size(16), aligned(1), may_alias));
typedef uint64_t word1 __attribute__((aligned(1), may_alias));
typedef uint32_t half __attribute__((aligned(1), may_alias));

/* A loop that copies bytes must not be turned into a call of itself. */
#define PLAIN_LOOPS __attribute__((optimize("no-tree-loop-distribute-patterns")))
#define COPY_STRING 1024 /* bytes from which the processor's own copy is faster than the loop */

static PLAIN_LOOPS void copy_small(uint8_t *t, const uint8_t *f, size_t n)
{
    if (n >= 8) {
        word1 a = *(const word1 *)(const void *)f, b = *(const word1 *)(const void *)(f + n - 8);
        *(word1 *)(void *)t = a;
        *(word1 *)(void *)(t + n - 8) = b;
    } else if (n >= 4) {
        half a = *(const half *)(const void *)f, b = *(const half *)(const void *)(f + n - 4);
        *(half *)(void *)t = a;
        *(half *)(void *)(t + n - 4) = b;
    } else {
        while (n--)
            *t++ = *f++;
    }
}

PLAIN_LOOPS void *memcpy(void *restrict to, const void *restrict from, size_t n)
{
    uint8_t *t = to;
    const uint8_t *f = from;
    if (n < 16) {
        copy_small(t, f, n);
        return to;
    }
#if defined(__x86_64__)
    if (n >= COPY_STRING) {
        __asm__ volatile("rep movsb" : "+D"(t), "+S"(f), "+c"(n) : : "memory");
        return to;
    }
#endif
    word2 last = *(const word2 *)(const void *)(f + n - 16);
    uint8_t *end = t + n - 16;
    for (; t < end; t += 16, f += 16)
        *(word2 *)(void *)t = *(const word2 *)(const void *)f;
    *(word2 *)(void *)end = last;
    return to;
}

PLAIN_LOOPS void *memset(void *to, int value, size_t n)
{
    uint8_t *t = to;
    while (n--)
        *t++ = (uint8_t)value;
    return to;
}
