#include <stdio.h>

#include "encode/footer_plan.h"
#include "encode/sha256.h"

/* A component of an entity. */
struct pair {
    uint32_t entity, component, descriptor;
    bool is_static;
};

static int compare_pairs(const void *a, const void *b, void *ctx)
{
    const struct rt_plan *p = ctx;
    const struct pair *x = a, *y = b;
    int c = x->entity == y->entity ? 0
        : strcmp(rt_manifest_entity(p->in->names, x->entity), rt_manifest_entity(p->in->names, y->entity));
    if (c)
        return c;
    if (x->component != y->component)
        return x->component < y->component ? -1 : 1;
    if (x->is_static != y->is_static)
        return (int)y->is_static - (int)x->is_static;
    return x->descriptor < y->descriptor ? -1 : x->descriptor > y->descriptor;
}

static int pairs_collect(const struct rt_plan *p, struct rt_buf *out)
{
    const struct rt_manifest *m = p->in->names;
    for (size_t s = 0; s < p->n_shapes; s++) {
        const struct rt_shape *shape = rt_manifest_shape(m, s);
        for (uint32_t i = 0; p->used[s] && i < shape->n; i++) {
            uint32_t d = rt_manifest_descriptors_of(m, shape)[i];
            struct pair pair = {shape->entity, p->component_of[d], d, shape->is_static};
            if (strcmp(rt_manifest_descriptor(m, d)->component, rt_plan_descriptor(p, pair.component)->component))
                continue; /* not in the manifest */
            if (rt_buf_append(out, &pair, sizeof pair) < 0)
                return -ENOMEM;
        }
    }
    qsort_r(out->data, out->len / sizeof(struct pair), sizeof(struct pair), compare_pairs, (void *)(uintptr_t)p);
    return 0;
}

static char *data_column_name(const char *entity, const char *component)
{
    static const char properties[] = "/__properties";
    size_t n = strlen(properties);
    char *name = NULL;
    int r;
    if (!strncmp(entity, properties, n) && (!entity[n] || entity[n] == '/'))
        r = asprintf(&name, "property:%s%s%s", entity[n] ? entity + n + 1 : "", entity[n] ? ":" : "",
                     component);
    else
        r = asprintf(&name, "%s:%s", entity, component);
    return r < 0 ? NULL : name;
}

static void data_field(const struct rt_plan *p, struct rt_plan_fields *f, const struct pair *pair)
{
    const struct rt_descriptor *d = rt_manifest_descriptor(p->in->names, pair->descriptor);
    const char *entity = rt_manifest_entity(p->in->names, pair->entity);
    struct rt_ipc_field *field = rt_plan_fields_add(f, data_column_name(entity, d->component), d->datatype, true);
    if (!field)
        return;
    field->list = true;
    const struct rt_ipc_kv meta[RT_IPC_MAX_KV] = {
        {"rerun:kind", "data"},
        {"rerun:entity_path", entity},
        {"rerun:component", d->component},
        {"rerun:archetype", d->archetype},
        {"rerun:component_type", d->component_type},
        {"rerun:is_static", pair->is_static ? "true" : NULL},
    };
    memcpy(field->meta, meta, sizeof meta);
}

static void index_fields(const struct rt_plan *p, struct rt_plan_fields *f)
{
    struct rt_ipc_field *id = rt_plan_fields_add(f, strdup("rerun.controls.RowId"), &rt_datatype_tuid, false);
    if (id)
        id->meta[0] = (struct rt_ipc_kv){"rerun:kind", "control"};
    for (uint32_t t = 0; t < p->n_timelines; t++) {
        if (!rt_plan_has_time(p, t))
            continue;
        const char *name = rt_plan_timeline(p, t)->name;
        struct rt_ipc_field *time = rt_plan_fields_add(f, strdup(name), rt_plan_time_type(p, t), true);
        if (!time)
            return;
        time->meta[0] = (struct rt_ipc_kv){"rerun:kind", "index"};
        time->meta[1] = (struct rt_ipc_kv){"rerun:index_name", name};
    }
}

static bool same_entity(const struct rt_plan *p, const struct pair *a, const struct pair *b)
{
    return a->entity == b->entity || !strcmp(rt_manifest_entity(p->in->names, a->entity), rt_manifest_entity(p->in->names, b->entity));
}

static void schema_fields(const struct rt_plan *p, const struct rt_buf *pairs, struct rt_plan_fields *f)
{
    const struct pair *list = (const struct pair *)(const void *)pairs->data;
    index_fields(p, f);
    /* A static pair comes before its temporal twin, and stands for both. */
    for (size_t i = 0; i < pairs->len / sizeof *list; i++)
        if (!i || list[i].component != list[i - 1].component || !same_entity(p, &list[i], &list[i - 1]))
            data_field(p, f, &list[i]);
}

int rt_footer_schema(const struct rt_plan *p, struct rt_fb *fb, struct rt_buf *out, uint8_t digest[32])
{
    struct rt_plan_fields f = {0};
    struct rt_buf pairs = {0};
    int r = pairs_collect(p, &pairs);
    if (!r) {
        schema_fields(p, &pairs, &f);
        r = rt_plan_fields_write(&f, fb, false, out);
    }
    rt_plan_fields_deinit(&f);
    rt_buf_deinit(&pairs);
    if (r)
        return r;
    /* An identity for "same schema", so over our own sorted encoding; readers check the length alone. */
    rt_sha256(out->data, out->len, digest);
    return rt_ipc_end(out);
}
