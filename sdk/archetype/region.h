/* Memory that is given back as a whole. May begin with a piece of the caller's (a local array), so that small things cost no allocation. */
#ifndef RT_ARCHETYPE_REGION_H
#define RT_ARCHETYPE_REGION_H

#include <stddef.h>
#include <stdint.h>

struct rt_region_block {
    struct rt_region_block *next;
    _Alignas(16) uint8_t bytes[];
};

struct rt_region {
    struct rt_region_block *blocks;
    uint8_t *at, *end;
};

/* @first: @n bytes of the caller's, aligned to 16, borrowed until deinit; NULL = none. */
void rt_region_init(struct rt_region *p, void *first, size_t n);
void rt_region_deinit(struct rt_region *p);
/* @n bytes, aligned to 16, not cleared; @n = 0 gives a pointer, too. Return: NULL without memory. */
void *rt_region_take(struct rt_region *p, size_t n);

#endif
