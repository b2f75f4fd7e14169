#include "recording/groups.h"

#include "base/xxh.h"

enum { SMALL_ROWS = 1000, SMALL_COLUMNS = 64 };
#define SMALL_BYTES (192u << 10) /* half of what a chunk grows to: few large rows are no small chunk */

static bool is_line(uint8_t rows)
{
    return rows == RT_CHUNK_ROWS_TEXT || rows == RT_CHUNK_ROWS_BATCH;
}

static bool is_small(const struct rt_chunk_facts *f)
{
    return f->raw_size < SMALL_BYTES && f->n_rows < (f->rows == RT_CHUNK_ROWS_COLUMNS ? SMALL_COLUMNS : SMALL_ROWS);
}

static uint64_t hash_chunk(const struct rt_file_part *part, size_t i)
{
    const struct rt_chunk_facts *f = rt_part_chunk(part, i)->facts;
    const struct rt_shape *shape = rt_part_shape(part, i);
    uint32_t key[2] = {f->rows, is_line(f->rows) ? shape->entity : f->shape};
    uint64_t h = rt_xxh64(key, sizeof key, 0);
    return rt_xxh64(rt_manifest_timelines_of(&part->store->names, shape), 4 * (size_t)shape->n_timelines, h);
}

static bool same_timelines(const struct rt_manifest *m, const struct rt_shape *a, const struct rt_shape *b)
{
    return a->n_timelines == b->n_timelines &&
        (!a->n_timelines || !memcmp(rt_manifest_timelines_of(m, a), rt_manifest_timelines_of(m, b), 4 * (size_t)a->n_timelines));
}

static bool go_together(const struct rt_file_part *part, size_t a, size_t b)
{
    const struct rt_chunk_facts *x = rt_part_chunk(part, a)->facts, *y = rt_part_chunk(part, b)->facts;
    const struct rt_shape *s = rt_part_shape(part, a), *t = rt_part_shape(part, b);
    if (x->rows != y->rows || x->shape == y->shape)
        return x->rows == y->rows;
    return is_line(x->rows) && s->entity == t->entity && same_timelines(&part->store->names, s, t);
}

/* Puts chunk @i into its group, which is found by @index, an open addressing of @size places: group + 1. */
static void put(struct rt_groups *g, const struct rt_file_part *part, uint32_t i, uint32_t *index, uint32_t size)
{
    const struct rt_chunk_facts *f = rt_part_chunk(part, i)->facts;
    uint32_t at = (uint32_t)hash_chunk(part, i) & (size - 1);
    while (index[at] && !go_together(part, g->list[index[at] - 1].first, i))
        at = (at + 1) & (size - 1);
    if (!index[at]) {
        g->list[g->n++] = (struct rt_group){.first = i};
        index[at] = g->n;
    }
    struct rt_group *group = &g->list[index[at] - 1];
    group->n_chunks++;
    group->small_bytes += is_small(f) ? f->size : 0;
    g->of[i] = index[at] - 1;
}

int rt_groups_init(struct rt_groups *g, const struct rt_file_part *part)
{
    uint32_t n = (uint32_t)rt_part_n(part), size = 16;
    while (size < 2 * n)
        size *= 2;
    uint32_t *index = calloc(size, sizeof *index);
    *g = (struct rt_groups){.list = malloc((n ? n : 1) * sizeof *g->list), .of = malloc((n ? n : 1) * sizeof *g->of)};
    if (!index || !g->list || !g->of) {
        free(index);
        rt_groups_deinit(g);
        return -ENOMEM;
    }
    for (uint32_t i = 0; i < n; i++) {
        g->of[i] = RT_GROUP_NONE;
        if (!rt_part_chunk(part, i)->facts->n_partial)
            put(g, part, i, index, size);
    }
    for (uint32_t i = 0; i < g->n; i++)
        g->small_bytes += rt_group_pays(&g->list[i]) ? g->list[i].small_bytes : 0;
    free(index);
    return 0;
}

void rt_groups_deinit(struct rt_groups *g)
{
    free(g->list);
    free(g->of);
    *g = (struct rt_groups){0};
}
