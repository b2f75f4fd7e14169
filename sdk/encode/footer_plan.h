/* What is worked out once for a manifest: the components and timelines that its chunks use, in the order of its columns, which chunks carry
 * which, and which components are carried by the same chunks. */
#ifndef RT_ENCODE_FOOTER_PLAN_H
#define RT_ENCODE_FOOTER_PLAN_H

#include "encode/footer.h"

#define RT_PLAN_NONE UINT32_MAX

/* Readers find columns by name, and refuse a manifest with two of one name, or without those of a name that its schema has (the official SDK
 * then writes no footer). So of names that make equal columns (a.b, a_b) the first stands for all, and the others are not in the manifest. */
struct rt_plan_name {
    uint32_t number; /* in the names: of the first with this name */
    uint32_t as;     /* itself, or the first whose columns have the same names */
    bool merged;     /* stands for others */
};

struct rt_plan {
    const struct rt_footer_store *in;
    size_t n_shapes;
    struct rt_plan_name *components, *timelines; /* sorted by (archetype, component) and by name */
    uint32_t n_components, n_timelines;
    bool *used;           /* by shape: has chunks */
    uint8_t *has;         /* [shape * n_components + component] */
    uint8_t *runs;        /* [shape * n_timelines + timeline] */
    uint32_t *component_of, *timeline_of; /* by number in the names, those with columns; RT_PLAN_NONE: not used */
    bool *partial;        /* by component: some chunk has null cells of it */
    uint32_t *temporal_as, *static_as; /* first component with the same temporal, static chunks */
    bool any_temporal;
};

int rt_plan_init(struct rt_plan *p, const struct rt_footer_store *in);
void rt_plan_deinit(struct rt_plan *p);

static inline const struct rt_chunk_facts *rt_plan_chunk(const struct rt_plan *p, size_t i)
{
    return p->in->chunks[i].facts;
}
static inline const struct rt_shape *rt_plan_shape(const struct rt_plan *p, size_t i)
{
    return rt_manifest_shape(p->in->names, rt_plan_chunk(p, i)->shape);
}
static inline const struct rt_descriptor *rt_plan_descriptor(const struct rt_plan *p, uint32_t component)
{
    return rt_manifest_descriptor(p->in->names, p->components[component].number);
}
static inline const struct rt_timeline *rt_plan_timeline(const struct rt_plan *p, uint32_t timeline)
{
    return rt_manifest_timeline(p->in->names, p->timelines[timeline].number);
}
/* Are there columns for it? All else is asked of those only. */
static inline bool rt_plan_has_time(const struct rt_plan *p, uint32_t timeline)
{
    return p->timelines[timeline].as == timeline;
}
static inline bool rt_plan_has_component(const struct rt_plan *p, uint32_t component)
{
    return p->components[component].as == component;
}
const struct rt_datatype *rt_plan_time_type(const struct rt_plan *p, uint32_t timeline);
/* Does shape @s, which is static or not, carry @component? */
static inline bool rt_plan_carries(const struct rt_plan *p, size_t s, uint32_t component, bool is_static)
{
    return p->used[s] && rt_manifest_shape(p->in->names, s)->is_static == is_static && p->has[s * p->n_components + component];
}
/* Is there a chunk with both? */
bool rt_plan_meet(const struct rt_plan *p, uint32_t timeline, uint32_t component);
/* Times of chunk @i on @timeline: of its rows, or of those where @component (unless RT_PLAN_NONE) is not null. Return: how many rows; 0 = none,
 * *ret untouched. */
uint32_t rt_plan_span(const struct rt_plan *p, size_t i, uint32_t timeline, uint32_t component, struct rt_span *ret);

/* A growing list of fields with names of their own. */
struct rt_plan_fields {
    struct rt_buf list; /* of struct rt_ipc_field */
    int error;
};
void rt_plan_fields_deinit(struct rt_plan_fields *f);
static inline size_t rt_plan_fields_n(const struct rt_plan_fields *f)
{
    return f->list.len / sizeof(struct rt_ipc_field);
}
/* Takes @name. Return: the new field, whose meta the caller fills; NULL after a failure. */
struct rt_ipc_field *rt_plan_fields_add(struct rt_plan_fields *f, char *name, const struct rt_datatype *type, bool nullable);
/* Appends the schema message. */
int rt_plan_fields_write(const struct rt_plan_fields *f, struct rt_fb *fb, bool repeat, struct rt_buf *out);

/* "timeline:archetype:field:suffix" with @timeline and @component where they are not RT_PLAN_NONE. gives it; NULL without memory. */
char *rt_plan_column_name(const struct rt_plan *p, uint32_t timeline, uint32_t component, const char *suffix);

/* The two parts of a manifest. @digest: of the schema. */
int rt_footer_table(const struct rt_plan *p, struct rt_fb *fb, struct rt_buf *out);
int rt_footer_schema(const struct rt_plan *p, struct rt_fb *fb, struct rt_buf *out, uint8_t digest[32]);

#endif
