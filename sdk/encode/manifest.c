#include "encode/manifest.h"

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
    rt_buf_deinit(&m->entities);
    rt_buf_deinit(&m->descriptors);
    rt_buf_deinit(&m->shapes);
    rt_buf_deinit(&m->chunks);
    rt_buf_deinit(&m->shape_descriptors);
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

static bool same_string(const char *a, const char *b)
{
    return a == b || (a && b && !strcmp(a, b));
}

static bool same_descriptor(const struct rt_descriptor *a, const struct rt_descriptor *b)
{
    return a->item == b->item && same_string(a->component, b->component) &&
        same_string(a->archetype, b->archetype) &&
           same_string(a->component_type, b->component_type);
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
        .item = d->item,
    };
    if (!copy.component || !copy.archetype != !d->archetype || !copy.component_type != !d->component_type ||
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

int64_t rt_manifest_add_shape(struct rt_manifest *m, uint32_t entity, bool is_static,
                              const uint32_t *descriptors, uint32_t n)
{
    struct rt_shape s = {entity, is_static, (uint32_t)RT_MANIFEST_N(m, shape_descriptors, uint32_t), n};
    if (rt_buf_reserve(&m->shape_descriptors, n * sizeof *descriptors) < 0 ||
        rt_buf_append(&m->shapes, &s, sizeof s) < 0)
        return -ENOMEM;
    rt_buf_append(&m->shape_descriptors, descriptors, n * sizeof *descriptors);
    return (int64_t)RT_MANIFEST_N(m, shapes, struct rt_shape) - 1;
}

int rt_manifest_add_chunk(struct rt_manifest *m, const struct rt_manifest_chunk *c)
{
    return rt_buf_append(&m->chunks, c, sizeof *c);
}
