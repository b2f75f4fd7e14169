#include "recording/store.h"

#include <xxhash.h>

#include "base/atomic.h"

struct rt_store *rt_store_new(const char *application_id, const char *recording_id, int kind)
{
    struct rt_store *s = calloc(1, sizeof *s);
    if (!s)
        return NULL;
    *s = (struct rt_store){.refs_mt = 1, .kind = kind, .id = {strdup(application_id), strdup(recording_id), kind}};
    return s->id.application_id && s->id.recording_id ? s : rt_store_unref(s);
}

struct rt_store *rt_store_ref(struct rt_store *s)
{
    rt_add_relaxed(&s->refs_mt, 1); /* the caller has one already */
    return s;
}

struct rt_store *rt_store_unref(struct rt_store *s)
{
    /* acq_rel: what other holders did happens before the last one frees */
    if (!s || rt_add_acq_rel(&s->refs_mt, -1u) != 1)
        return NULL;
    rt_manifest_deinit(&s->names);
    free(s->index);
    free(s->id.application_id);
    free(s->id.recording_id);
    free(s);
    return NULL;
}

/* ---------------------------------------------------------------- names */

static uint32_t index_slot(const struct rt_store *s, const char *path, size_t len)
{
    uint32_t i = (uint32_t)XXH64(path, len, 0) & (s->n_index - 1);
    for (; s->index[i]; i = (i + 1) & (s->n_index - 1)) {
        const char *have = rt_manifest_entity(&s->names, s->index[i] - 1);
        if (!strncmp(have, path, len) && !have[len])
            break;
    }
    return i;
}

static int index_grow(struct rt_store *s)
{
    uint32_t n = s->n_index ? s->n_index * 2 : 32, *index = calloc(n, sizeof *index);
    if (!index)
        return -ENOMEM;
    free(s->index);
    s->index = index;
    s->n_index = n;
    for (uint32_t i = 0; i < RT_MANIFEST_N(&s->names, entities, char *); i++) {
        const char *path = rt_manifest_entity(&s->names, i);
        s->index[index_slot(s, path, strlen(path))] = i + 1;
    }
    return 0;
}

int64_t rt_store_entity(struct rt_store *s, const char *path, size_t len)
{
    if (RT_MANIFEST_N(&s->names, entities, char *) >= s->n_index / 2 && index_grow(s) < 0)
        return -ENOMEM;
    uint32_t at = index_slot(s, path, len);
    if (s->index[at])
        return s->index[at] - 1;
    char *copy = strndup(path, len);
    int64_t number = copy ? rt_manifest_add_entity(&s->names, copy) : -ENOMEM;
    free(copy);
    if (number >= 0)
        s->index[at] = (uint32_t)number + 1;
    return number;
}

int64_t rt_store_shape(struct rt_store *s, uint32_t entity, const uint32_t *timelines, uint32_t n_timelines, const uint32_t *descriptors,
                       uint32_t n)
{
    int64_t number = rt_manifest_find_shape(&s->names, entity, timelines, n_timelines, descriptors, n);
    return number >= 0 ? number : rt_manifest_add_shape(&s->names, entity, timelines, n_timelines, descriptors, n);
}
