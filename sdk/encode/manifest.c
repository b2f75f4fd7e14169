#include "encode/manifest.h"

#include "base/atomic.h"

static void descriptor_deinit(struct rt_descriptor *d)
{
    free(d->component);
    free(d->archetype);
    free(d->component_type);
}

void rt_manifest_deinit(struct rt_manifest *m)
{
    for (size_t i = 0; i < RT_MANIFEST_N(m, entities, char *); i++)
        free(*RT_MANIFEST_AT(m, entities, char *, i));
    for (size_t i = 0; i < RT_MANIFEST_N(m, descriptors, struct rt_descriptor); i++)
        descriptor_deinit(RT_MANIFEST_AT(m, descriptors, struct rt_descriptor, i));
    for (size_t i = 0; i < RT_MANIFEST_N(m, timelines, struct rt_timeline); i++)
        free(RT_MANIFEST_AT(m, timelines, struct rt_timeline, i)->name);
    for (size_t i = 0; i < RT_MANIFEST_N(m, types, struct rt_datatype *); i++)
        rt_datatype_free(*RT_MANIFEST_AT(m, types, struct rt_datatype *, i));
    rt_buf_deinit(&m->types);
    rt_buf_deinit(&m->entities);
    rt_buf_deinit(&m->timelines);
    rt_buf_deinit(&m->descriptors);
    rt_buf_deinit(&m->shapes);
    rt_buf_deinit(&m->shape_descriptors);
    rt_buf_deinit(&m->shape_timelines);
}

int64_t rt_manifest_add_entity(struct rt_manifest *m, const char *path)
{
    char *copy = strdup(path);
    if (!copy || rt_buf_append(&m->entities, &copy, sizeof copy) < 0) {
        free(copy);
        return -ENOMEM;
    }
    return (int64_t)RT_MANIFEST_N(m, entities, char *) - 1;
}

int64_t rt_manifest_intern_timeline(struct rt_manifest *m, const char *name, size_t len, uint8_t type)
{
    size_t n = RT_MANIFEST_N(m, timelines, struct rt_timeline);
    for (size_t i = 0; i < n; i++) {
        const struct rt_timeline *t = rt_manifest_timeline(m, i);
        if (t->type == type && strlen(t->name) == len && !memcmp(t->name, name, len))
            return (int64_t)i;
    }
    struct rt_timeline t = {strndup(name, len), type};
    if (!t.name || rt_buf_append(&m->timelines, &t, sizeof t) < 0) {
        free(t.name);
        return -ENOMEM;
    }
    return (int64_t)n;
}

static bool same_string(const char *a, const char *b)
{
    return a == b || (a && b && !strcmp(a, b));
}

static bool same_descriptor(const struct rt_descriptor *a, const struct rt_descriptor *b)
{
    return same_string(a->component, b->component) && same_string(a->archetype, b->archetype) &&
        same_string(a->component_type, b->component_type) && rt_datatype_equal(a->datatype, b->datatype);
}

/* Return: NULL without memory. */
static const struct rt_datatype *intern_type(struct rt_manifest *m, const struct rt_datatype *t)
{
    struct rt_datatype *copy;
    for (size_t i = 0; i < RT_MANIFEST_N(m, types, struct rt_datatype *); i++)
        if (rt_datatype_equal(*RT_MANIFEST_AT(m, types, struct rt_datatype *, i), t))
            return *RT_MANIFEST_AT(m, types, struct rt_datatype *, i);
    if (rt_datatype_copy(t, &copy) < 0)
        return NULL;
    if (rt_buf_append(&m->types, &copy, sizeof copy) < 0)
        return rt_datatype_free(copy);
    return copy;
}

int64_t rt_manifest_intern_descriptor(struct rt_manifest *m, const struct rt_descriptor *d)
{
    size_t n = RT_MANIFEST_N(m, descriptors, struct rt_descriptor);
    for (size_t i = 0; i < n; i++)
        if (same_descriptor(rt_manifest_descriptor(m, i), d))
            return (int64_t)i;
    struct rt_descriptor copy = {
        .component = strdup(d->component),
        .archetype = d->archetype ? strdup(d->archetype) : NULL,
        .component_type = d->component_type ? strdup(d->component_type) : NULL,
        .datatype = intern_type(m, d->datatype),
    };
    if (!copy.datatype || !copy.component || !copy.archetype != !d->archetype || !copy.component_type != !d->component_type ||
        rt_buf_append(&m->descriptors, &copy, sizeof copy) < 0) {
        descriptor_deinit(&copy);
        return -ENOMEM;
    }
    return (int64_t)n;
}

static bool same_column_name(const char *a, const char *b)
{
    while (*a && rt_descriptor_column_char(*a) == rt_descriptor_column_char(*b))
        a++, b++;
    return *a == *b;
}

bool rt_manifest_name_clashes(const struct rt_manifest *m, const struct rt_descriptor *d)
{
    for (size_t i = 0; i < RT_MANIFEST_N(m, descriptors, struct rt_descriptor); i++) {
        const struct rt_descriptor *other = rt_manifest_descriptor(m, i);
        if (same_string(other->archetype, d->archetype) && strcmp(other->component, d->component) &&
            same_column_name(other->component, d->component))
            return true;
    }
    return false;
}

int64_t rt_manifest_add_shape(struct rt_manifest *m, uint32_t entity, const uint32_t *timelines, uint32_t n_timelines,
                              const uint32_t *descriptors, uint32_t n)
{
    struct rt_shape s = {entity, n_timelines == 0, (uint32_t)RT_MANIFEST_N(m, shape_descriptors, uint32_t), n,
                         (uint32_t)RT_MANIFEST_N(m, shape_timelines, uint32_t), n_timelines};
    if (rt_buf_reserve(&m->shape_descriptors, n * sizeof *descriptors) < 0 || rt_buf_reserve(&m->shape_timelines, n_timelines * sizeof *timelines) < 0 ||
        rt_buf_append(&m->shapes, &s, sizeof s) < 0)
        return -ENOMEM;
    rt_buf_append(&m->shape_descriptors, descriptors, n * sizeof *descriptors);
    rt_buf_append(&m->shape_timelines, timelines, n_timelines * sizeof *timelines);
    return (int64_t)RT_MANIFEST_N(m, shapes, struct rt_shape) - 1;
}

static bool same_numbers(const uint32_t *a, const uint32_t *b, uint32_t n)
{
    return !n || !memcmp(a, b, n * sizeof *a);
}

int64_t rt_manifest_find_shape(const struct rt_manifest *m, uint32_t entity, const uint32_t *timelines, uint32_t n_timelines,
                               const uint32_t *descriptors, uint32_t n)
{
    for (size_t i = RT_MANIFEST_N(m, shapes, struct rt_shape); i-- > 0;) {
        const struct rt_shape *s = rt_manifest_shape(m, i);
        if (s->entity == entity && s->n == n && s->n_timelines == n_timelines && same_numbers(rt_manifest_descriptors_of(m, s), descriptors, n) &&
            same_numbers(rt_manifest_timelines_of(m, s), timelines, n_timelines))
            return (int64_t)i;
    }
    return -1;
}

/* ---------------------------------------------------------------- facts of chunks */

struct rt_chunk_facts *rt_chunk_facts_new(uint32_t n_timelines, uint32_t n_partial)
{
    size_t spans = (1 + (size_t)n_partial) * n_timelines * sizeof(struct rt_span);
    struct rt_chunk_facts *f = calloc(1, sizeof *f + spans + n_partial * sizeof *f->partial);
    if (!f)
        return NULL;
    f->refs_mt = 1;
    f->n_timelines = n_timelines;
    f->n_partial = n_partial;
    f->partial = (struct rt_partial *)(void *)((uint8_t *)f->spans + spans);
    return f;
}

struct rt_chunk_facts *rt_chunk_facts_ref(struct rt_chunk_facts *f)
{
    rt_add_relaxed(&f->refs_mt, 1); /* the caller has one already */
    return f;
}

struct rt_chunk_facts *rt_chunk_facts_unref(struct rt_chunk_facts *f)
{
    /* acq_rel: what other holders read happens before the last one frees */
    if (f && rt_add_acq_rel(&f->refs_mt, -1u) == 1)
        free(f);
    return NULL;
}
