/* Memory that is given back as a whole. May begin with a piece of the caller's (a local array), so that small things cost no allocation. */
#ifndef RT_ARCHETYPE_POOL_H
#define RT_ARCHETYPE_POOL_H

#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

struct rt_pool_block {
    struct rt_pool_block *next;
    _Alignas(16) uint8_t bytes[];
};

struct rt_pool {
    struct rt_pool_block *blocks;
    uint8_t *at, *end;
};

/* @first: @n bytes of the caller's, aligned to 16, borrowed until deinit; NULL = none. */
static inline void rt_pool_init(struct rt_pool *p, void *first, size_t n)
{
    *p = (struct rt_pool){NULL, first, first ? (uint8_t *)first + n : NULL};
}

static inline void rt_pool_deinit(struct rt_pool *p)
{
    while (p->blocks) {
        struct rt_pool_block *next = p->blocks->next;
        free(p->blocks);
        p->blocks = next;
    }
    p->at = p->end = NULL;
}

#define RT_POOL_BLOCK 4096

/* @n bytes, aligned to 16, not cleared; @n = 0 gives a pointer, too. Return: NULL without memory. */
static inline void *rt_pool_take(struct rt_pool *p, size_t n)
{
    size_t room = n ? (n + 15) & ~(size_t)15 : 16;
    if (room < n)
        return NULL;
    if (room > (size_t)(p->end - p->at)) {
        size_t size = room > RT_POOL_BLOCK / 4 ? room : RT_POOL_BLOCK;
        struct rt_pool_block *b = size > SIZE_MAX - sizeof *b ? NULL : malloc(sizeof *b + size);
        if (!b)
            return NULL;
        b->next = p->blocks;
        p->blocks = b;
        if (size == room) /* a large one: the block in use goes on */
            return b->bytes;
        p->at = b->bytes;
        p->end = b->bytes + size;
    }
    void *at = p->at;
    p->at += room;
    return at;
}

#endif
