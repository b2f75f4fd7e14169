/* Which chunks of a file may be merged: rows that say the same by being together as they did apart.
 *
 *   log lines     all of an entity with the same timelines: what a row lacks is an empty list
 *   other rows    those of one shape
 *   columns       those of one shape, and it pays only where they are very small: the caller chose the size
 *   null cells    none: such a chunk stays as it is
 */
#ifndef RT_RECORDING_GROUPS_H
#define RT_RECORDING_GROUPS_H

#include "recording/compact.h"

#define RT_GROUP_NONE UINT32_MAX

struct rt_group {
    uint32_t first, n_chunks; /* the first chunk stands for their entity, timelines and rows */
    uint64_t small_bytes;     /* in chunks of few rows */
    bool done;                /* written: the caller's */
};

struct rt_groups {
    struct rt_group *list;
    uint32_t n;
    uint32_t *of;             /* by chunk: its group, RT_GROUP_NONE */
    uint64_t small_bytes;     /* of all that are worth it */
};

/* Return: 0, -ENOMEM. */
int rt_groups_init(struct rt_groups *g, const struct rt_file_part *part);
void rt_groups_deinit(struct rt_groups *g);
/* Does merging make it smaller? */
static inline bool rt_group_pays(const struct rt_group *g)
{
    return g->n_chunks > 1 && g->small_bytes;
}

static inline size_t rt_part_n(const struct rt_file_part *part)
{
    return part->chunks.len / sizeof(struct rt_placed_chunk);
}
static inline const struct rt_placed_chunk *rt_part_chunk(const struct rt_file_part *part, size_t i)
{
    return (const struct rt_placed_chunk *)(const void *)part->chunks.data + i;
}
static inline const struct rt_shape *rt_part_shape(const struct rt_file_part *part, size_t i)
{
    return rt_manifest_shape(&part->store->names, rt_part_chunk(part, i)->facts->shape);
}

#endif
