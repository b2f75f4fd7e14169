#include "archetype/region.h"

#include <stdlib.h>

enum { BLOCK_BYTES = 4096 };

void rt_region_init(struct rt_region *p, void *first, size_t n)
{
    *p = (struct rt_region){NULL, first, first ? (uint8_t *)first + n : NULL};
}

void rt_region_deinit(struct rt_region *p)
{
    while (p->blocks) {
        struct rt_region_block *next = p->blocks->next;
        free(p->blocks);
        p->blocks = next;
    }
    p->at = p->end = NULL;
}

void *rt_region_take(struct rt_region *p, size_t n)
{
    size_t room = n ? (n + 15) & ~(size_t)15 : 16;
    if (room < n)
        return NULL;
    if (room > (size_t)(p->end - p->at)) {
        size_t size = room > BLOCK_BYTES / 4 ? room : BLOCK_BYTES;
        struct rt_region_block *b = size > SIZE_MAX - sizeof *b ? NULL : malloc(sizeof *b + size);
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
