#include "recording/store.h"

#include <stdio.h>
#include "base/xxh.h"

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
    free(s->shapes);
    rt_buf_deinit(&s->of_type);
    rt_buf_deinit(&s->type_of);
    free(s->id.application_id);
    free(s->id.recording_id);
    free(s);
    return NULL;
}

/* ---------------------------------------------------------------- names */

static uint32_t index_slot(const struct rt_store *s, const char *path, size_t len)
{
    uint32_t i = (uint32_t)rt_xxh64(path, len, 0) & (s->n_index - 1);
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

/* ---------------------------------------------------------------- descriptors */

/* Number @i of a table of uint32_t, 0 behind its end. */
static uint32_t table_get(const struct rt_buf *table, size_t i)
{
    return i < table->len / 4 ? ((const uint32_t *)(const void *)table->data)[i] : 0;
}

static int table_put(struct rt_buf *table, size_t i, uint32_t v)
{
    if (i >= table->len / 4) {
        size_t more = 4 * (i + 1) - table->len;
        if (rt_buf_reserve(table, more) < 0)
            return -ENOMEM;
        memset(table->data + table->len, 0, more);
        table->len += more;
    }
    ((uint32_t *)(void *)table->data)[i] = v;
    return 0;
}

/* A descriptor that no other type has and no other column of a manifest looks like. */
static int64_t descriptor_free(struct rt_store *s, const struct rt_component_type *type)
{
    struct rt_descriptor d = {(char *)(uintptr_t)type->component, (char *)(uintptr_t)type->archetype,
                              (char *)(uintptr_t)type->component_type, type->datatype};
    char *name = NULL;
    int64_t number = -1;
    for (unsigned k = 2; number < 0; k++) {
        if (!rt_manifest_name_clashes(&s->names, &d)) {
            number = rt_manifest_intern_descriptor(&s->names, &d);
            if (number < 0 || !table_get(&s->type_of, (size_t)number))
                break;
            number = -1;
        }
        free(name);
        if (asprintf(&name, "%s_%u", type->component, k) < 0)
            return -ENOMEM;
        d.component = name;
    }
    free(name);
    return number;
}

int64_t rt_store_descriptor(struct rt_store *s, const struct rt_component_type *type)
{
    uint32_t known = table_get(&s->of_type, type->number);
    if (known)
        return known - 1;
    int64_t number = descriptor_free(s, type);
    if (number >= 0 && (table_put(&s->type_of, (size_t)number, type->number) < 0 || table_put(&s->of_type, type->number, (uint32_t)number + 1) < 0))
        return -ENOMEM;
    return number;
}

const struct rt_component_type *rt_store_type(struct rt_store *s, uint32_t descriptor)
{
    uint32_t known = table_get(&s->type_of, descriptor);
    if (known)
        return rt_type_at(known);
    const struct rt_descriptor *d = rt_manifest_descriptor(&s->names, descriptor);
    const struct rt_component_type *type = rt_type_intern(d->component, d->archetype, d->component_type, d->datatype);
    if (!type || table_put(&s->type_of, descriptor, type->number) < 0 || table_put(&s->of_type, type->number, descriptor + 1) < 0)
        return NULL;
    return type;
}

/* ---------------------------------------------------------------- shapes */

struct shape_key {
    uint32_t entity, n_timelines, n;
    const uint32_t *timelines, *descriptors;
};

static uint64_t shape_hash(const struct shape_key *k)
{
    return rt_xxh64(k->descriptors, 4 * (size_t)k->n, rt_xxh64(k->timelines, 4 * (size_t)k->n_timelines, k->entity));
}

static struct shape_key shape_at(const struct rt_store *s, uint32_t i)
{
    const struct rt_shape *shape = rt_manifest_shape(&s->names, i);
    return (struct shape_key){shape->entity, shape->n_timelines, shape->n, rt_manifest_timelines_of(&s->names, shape),
                              rt_manifest_descriptors_of(&s->names, shape)};
}

static bool same_numbers(const uint32_t *a, const uint32_t *b, uint32_t n)
{
    return !n || !memcmp(a, b, n * sizeof *a);
}

static uint32_t shape_slot(const struct rt_store *s, const struct shape_key *k)
{
    uint32_t i = (uint32_t)shape_hash(k) & (s->n_shapes - 1);
    for (; s->shapes[i]; i = (i + 1) & (s->n_shapes - 1)) {
        struct shape_key have = shape_at(s, s->shapes[i] - 1);
        if (have.entity == k->entity && have.n == k->n && have.n_timelines == k->n_timelines &&
            same_numbers(have.descriptors, k->descriptors, k->n) && same_numbers(have.timelines, k->timelines, k->n_timelines))
            break;
    }
    return i;
}

static int shapes_grow(struct rt_store *s)
{
    uint32_t n = s->n_shapes ? s->n_shapes * 2 : 32, *shapes = calloc(n, sizeof *shapes);
    if (!shapes)
        return -ENOMEM;
    free(s->shapes);
    s->shapes = shapes;
    s->n_shapes = n;
    for (uint32_t i = 0; i < RT_MANIFEST_N(&s->names, shapes, struct rt_shape); i++) {
        struct shape_key k = shape_at(s, i);
        s->shapes[shape_slot(s, &k)] = i + 1;
    }
    return 0;
}

int64_t rt_store_shape(struct rt_store *s, uint32_t entity, const uint32_t *timelines, uint32_t n_timelines, const uint32_t *descriptors,
                       uint32_t n)
{
    const struct shape_key k = {entity, n_timelines, n, timelines, descriptors};
    if (RT_MANIFEST_N(&s->names, shapes, struct rt_shape) >= s->n_shapes / 2 && shapes_grow(s) < 0)
        return -ENOMEM;
    uint32_t at = shape_slot(s, &k);
    if (s->shapes[at])
        return s->shapes[at] - 1;
    int64_t number = rt_manifest_add_shape(&s->names, entity, timelines, n_timelines, descriptors, n);
    if (number >= 0)
        s->shapes[at] = (uint32_t)number + 1;
    return number;
}
