/* Memory for the length of one log call: 4 KiB on the stack, then the heap. Zero pieces to free in the usual case. */
#ifndef RT_RECORDING_SCRATCH_H
#define RT_RECORDING_SCRATCH_H

#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#define RT_SCRATCH_FIXED 4096u /* bytes */

struct rt_scratch_piece {
    struct rt_scratch_piece *next;
    _Alignas(16) char data[];
};

struct rt_scratch {
    size_t used; /* of fixed */
    struct rt_scratch_piece *heap;
    _Alignas(16) char fixed[RT_SCRATCH_FIXED];
};

/* fixed stays as it is: a log call clears no 4 KiB. */
static inline void rt_scratch_init(struct rt_scratch *s)
{
    s->used = 0;
    s->heap = NULL;
}

/* @n bytes at a multiple of 16, until deinit. Return: NULL without memory. */
static inline void *rt_scratch_get(struct rt_scratch *s, size_t n)
{
    if (n <= RT_SCRATCH_FIXED - s->used) {
        void *p = s->fixed + s->used;
        size_t up = (n + 15) & ~(size_t)15;
        s->used = up < RT_SCRATCH_FIXED - s->used ? s->used + up : RT_SCRATCH_FIXED;
        return p;
    }
    struct rt_scratch_piece *piece = n <= SIZE_MAX - sizeof *piece ? malloc(sizeof *piece + n) : NULL;
    if (!piece)
        return NULL;
    piece->next = s->heap;
    s->heap = piece;
    return piece->data;
}

static inline void rt_scratch_deinit(struct rt_scratch *s)
{
    while (s->heap) {
        struct rt_scratch_piece *p = s->heap;
        s->heap = p->next;
        free(p);
    }
}

#endif
