/* Which builder a row belongs to. Programs log in loops: what followed the last row's kind the time before most often follows it again, so that
 * one comparison finds the builder; else a hash does. */
#include "base/xxh.h"

#include "recording/inside.h"

enum { SWEPT_LEAST = 16, IDLE_LOOKS = 2 };

/* What is looked for: the kind of a row, or batches of a path. */
struct kind {
    const struct rt_row *row; /* NULL: batches */
    const char *path;
    uint32_t path_len;
    uint64_t hash;
};

static uint64_t mix(uint64_t h, uint64_t v)
{
    return (h ^ v) * 0x9e3779b97f4a7c15u;
}

static uint64_t hash_row(const struct rt_row *row)
{
    uint64_t h = mix(rt_xxh3(row->path, row->path_len), row->flags & (RT_ROW_STATIC | RT_ROW_TEXT)), sum = 0;
    for (uint32_t i = 0; !(row->flags & RT_ROW_STATIC) && i < row->n_times; i++)
        h = mix(h, rt_xxh3(row->times[i].timeline, row->times[i].len) + row->times[i].type);
    for (uint32_t i = 0; !(row->flags & RT_ROW_TEXT) && i < row->n_cells; i++) /* in any order */
        sum += mix(row->cells[i].type->number, 1);
    return mix(h, sum);
}

static bool is_kind(struct rt_builder *b, const struct kind *k)
{
    if (b->hash != k->hash)
        return false;
    if (k->row)
        return rt_builder_takes(b, k->row);
    return b->flags == RT_BUILDER_BATCH && b->path_len == k->path_len && !memcmp(b->path, k->path, k->path_len);
}

static uint32_t index_slot(const struct rt_recording *rec, const struct kind *k)
{
    uint32_t i = (uint32_t)(k->hash >> 32) & (rec->n_index - 1);
    while (rec->index[i] && !is_kind(rec->builders[rec->index[i] - 1], k))
        i = (i + 1) & (rec->n_index - 1);
    return i;
}

static void index_put(struct rt_recording *rec, uint32_t number)
{
    uint32_t i = (uint32_t)(rec->builders[number]->hash >> 32) & (rec->n_index - 1);
    while (rec->index[i])
        i = (i + 1) & (rec->n_index - 1);
    rec->index[i] = number + 1;
}

static int index_grow(struct rt_recording *rec)
{
    uint32_t n = rec->n_index ? rec->n_index * 2 : 32, *index = calloc(n, sizeof *index);
    struct rt_builder **builders = index ? realloc(rec->builders, n / 2 * sizeof *builders) : NULL;
    if (!builders) {
        free(index);
        return -ENOMEM;
    }
    free(rec->index);
    rec->builders = builders;
    rec->index = index;
    rec->n_index = n;
    for (uint32_t i = 0; i < rec->n_builders; i++)
        index_put(rec, i);
    return 0;
}

static int columns_of_row(struct rt_builder *b, const struct rt_row *row)
{
    int64_t r = 0;
    for (uint32_t i = 0; r >= 0 && i < row->n_cells; i++)
        r = rt_builder_column(b, row->cells[i].type);
    return r < 0 ? -ENOMEM : 0;
}

static int builder_new(struct rt_recording *rec, const struct kind *k, struct rt_builder **ret)
{
    static const struct rt_row_time log_time = {RT_TIMELINE, sizeof RT_TIMELINE - 1, RR_TIME_TYPE_TIMESTAMP, 0};
    uint8_t flags = RT_BUILDER_BATCH;
    const struct rt_row_time *times = &log_time;
    uint32_t n_times = 1;
    if (k->row) {
        bool is_static = k->row->flags & RT_ROW_STATIC;
        flags = (uint8_t)((is_static ? RT_BUILDER_STATIC : 0) | (k->row->flags & RT_ROW_TEXT ? RT_BUILDER_TEXT : 0));
        times = k->row->times;
        n_times = is_static ? 0 : k->row->n_times;
    }
    struct rt_builder *b = malloc(sizeof *b);
    int64_t entity = b ? rt_store_entity(rec->store, k->path, k->path_len) : -ENOMEM;
    int r = entity < 0 ? -ENOMEM : rt_builder_init(b, rec->store, (uint32_t)entity, flags, times, n_times);
    if (!r && k->row && (r = columns_of_row(b, k->row)))
        rt_builder_deinit(b);
    if (r) {
        free(b);
        return r;
    }
    b->hash = k->hash;
    *ret = b;
    return 0;
}

static int find_or_make(struct rt_recording *rec, const struct kind *k, struct rt_builder **ret)
{
    if (rec->n_builders >= rec->n_index / 2 && index_grow(rec) < 0)
        return -ENOMEM;
    uint32_t at = index_slot(rec, k);
    if (rec->index[at]) {
        *ret = rec->builders[rec->index[at] - 1];
        return 0;
    }
    int r = builder_new(rec, k, ret);
    if (r)
        return r;
    rec->builders[rec->n_builders++] = *ret;
    rec->index[at] = rec->n_builders;
    return 0;
}

int rt_recording_builder_of(struct rt_recording *rec, const struct rt_row *row, struct rt_builder **ret)
{
    struct rt_builder *last = rec->last, *b = last ? last->follower : NULL;
    if (!b || !rt_builder_takes(b, row)) {
        const struct kind k = {row, row->path, row->path_len, hash_row(row)};
        int r = find_or_make(rec, &k, &b);
        if (r)
            return r;
        if (last)
            last->follower = b;
    }
    *ret = rec->last = b;
    return 0;
}

int rt_recording_builder(struct rt_recording *rec, const char *path, struct rt_builder **ret)
{
    struct kind k = {NULL, path, (uint32_t)strlen(path), 0};
    k.hash = mix(rt_xxh3(path, k.path_len), UINT64_MAX);
    return find_or_make(rec, &k, ret);
}

void rt_recording_sweep(struct rt_recording *rec)
{
    for (uint32_t n = SWEPT_LEAST + rec->n_builders / 32; n-- > 0 && rec->n_builders;) {
        rec->sweep = rec->sweep + 1 < rec->n_builders ? rec->sweep + 1 : 0;
        struct rt_builder *b = rec->builders[rec->sweep];
        if (!b->n_rows && b->idle < IDLE_LOOKS && ++b->idle == IDLE_LOOKS)
            rt_builder_trim(b);
    }
}

void rt_recording_free_builders(struct rt_recording *rec)
{
    for (uint32_t i = 0; i < rec->n_builders; i++) {
        rt_builder_deinit(rec->builders[i]);
        free(rec->builders[i]);
    }
    free(rec->builders);
    free(rec->index);
}
