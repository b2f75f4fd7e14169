#include "encode/footer_plan.h"

#include <stdio.h>

/* ---------------------------------------------------------------- names of columns */

/* "rerun.archetypes.TextLog" → "TextLog"; others stay. */
static const char *short_archetype(const char *archetype)
{
    static const char *const prefixes[] = {"rerun.archetypes.", "rerun.blueprint.archetypes.", "rerun."};
    for (size_t i = 0; i < sizeof prefixes / sizeof *prefixes; i++)
        if (!strncmp(archetype, prefixes[i], strlen(prefixes[i])))
            return archetype + strlen(prefixes[i]);
    return archetype;
}

/* Characters that column names may not have are replaced. */
static char *sanitize(char *name)
{
    for (char *c = name; *c; c++)
        *c = rt_descriptor_column_char(*c);
    size_t lead = strspn(name, "_");
    memmove(name, name + lead, strlen(name + lead) + 1);
    return name;
}

static int put_part(struct rt_buf *out, const char *text)
{
    int r = rt_buf_append(out, text, strlen(text));
    return r ? r : rt_buf_append(out, ":", 1);
}

static int put_component(struct rt_buf *out, const struct rt_descriptor *d)
{
    const char *arch = d->archetype ? short_archetype(d->archetype) : "", *field = d->component;
    int r = 0;
    if (arch[0] && !strncmp(field, arch, strlen(arch)) && field[strlen(arch)] == ':')
        field += strlen(arch) + 1;
    if (arch[0])
        r = put_part(out, arch);
    return r || !field[0] ? r : put_part(out, field);
}

char *rt_plan_column_name(const struct rt_plan *p, uint32_t timeline, uint32_t component, const char *suffix)
{
    struct rt_buf name = {0};
    int r = 0;
    if (timeline != RT_PLAN_NONE)
        r = put_part(&name, rt_plan_timeline(p, timeline)->name);
    if (!r && component != RT_PLAN_NONE)
        r = put_component(&name, rt_plan_descriptor(p, component));
    if (!r)
        r = rt_buf_append(&name, suffix, strlen(suffix) + 1);
    if (r) {
        rt_buf_deinit(&name);
        return NULL;
    }
    return sanitize((char *)name.data);
}

const struct rt_datatype *rt_plan_time_type(const struct rt_plan *p, uint32_t timeline)
{
    static const struct rt_datatype *const types[] = {
        [RR_TIME_TYPE_SEQUENCE] = &rt_datatype_i64, [RR_TIME_TYPE_DURATION] = &rt_datatype_duration, [RR_TIME_TYPE_TIMESTAMP] = &rt_datatype_timestamp};
    return types[rt_plan_timeline(p, timeline)->type];
}

/* ---------------------------------------------------------------- fields */

void rt_plan_fields_deinit(struct rt_plan_fields *f)
{
    struct rt_ipc_field *p = (struct rt_ipc_field *)(void *)f->list.data;
    for (size_t i = 0; i < rt_plan_fields_n(f); i++)
        free((void *)(uintptr_t)p[i].name);
    rt_buf_deinit(&f->list);
}

struct rt_ipc_field *rt_plan_fields_add(struct rt_plan_fields *f, char *name, const struct rt_datatype *type, bool nullable)
{
    struct rt_ipc_field field = {.name = name, .type = type, .nullable = nullable};
    if (f->error || !name || rt_buf_append(&f->list, &field, sizeof field) < 0) {
        f->error = -ENOMEM;
        free(name);
        return NULL;
    }
    return (struct rt_ipc_field *)(void *)(f->list.data + f->list.len) - 1;
}

int rt_plan_fields_write(const struct rt_plan_fields *f, struct rt_fb *fb, bool repeat, struct rt_buf *out)
{
    if (f->error)
        return f->error;
    return rt_ipc_schema(fb, (const struct rt_ipc_field *)(const void *)f->list.data, rt_plan_fields_n(f), NULL, repeat, out);
}

/* ---------------------------------------------------------------- which names are used */

static int compare_or_null(const char *a, const char *b)
{
    return strcmp(a ? a : "", b ? b : "");
}

static int compare_components(const struct rt_manifest *m, uint32_t a, uint32_t b)
{
    const struct rt_descriptor *x = rt_manifest_descriptor(m, a), *y = rt_manifest_descriptor(m, b);
    int c = compare_or_null(x->archetype, y->archetype);
    return c ? c : strcmp(x->component, y->component);
}

static int sort_components(const void *a, const void *b, void *ctx)
{
    uint32_t x = ((const struct rt_plan_name *)a)->number, y = ((const struct rt_plan_name *)b)->number;
    int c = compare_components(ctx, x, y);
    return c ? c : x < y ? -1 : x > y;
}

static int sort_timelines(const void *a, const void *b, void *ctx)
{
    uint32_t x = ((const struct rt_plan_name *)a)->number, y = ((const struct rt_plan_name *)b)->number;
    int c = strcmp(rt_manifest_timeline(ctx, x)->name, rt_manifest_timeline(ctx, y)->name);
    return c ? c : x < y ? -1 : x > y;
}

/* Numbers that @marks says are used, sorted; equal ones (of another type only) become one. Return: how many. */
static uint32_t pick(struct rt_plan_name *list, uint32_t *back, const bool *marks, uint32_t n, bool timelines, const struct rt_manifest *m)
{
    uint32_t n_used = 0, n_kept = 0;
    void *ctx = (void *)(uintptr_t)m;
    for (uint32_t i = 0; i < n; i++) {
        back[i] = RT_PLAN_NONE;
        if (marks[i])
            list[n_used++] = (struct rt_plan_name){.number = i};
    }
    qsort_r(list, n_used, sizeof *list, timelines ? sort_timelines : sort_components, ctx);
    for (uint32_t i = 0; i < n_used; i++) {
        uint32_t number = list[i].number, last = n_kept ? list[n_kept - 1].number : 0;
        bool same = n_kept && (timelines ? !strcmp(rt_manifest_timeline(m, last)->name, rt_manifest_timeline(m, number)->name)
                                         : !compare_components(m, last, number));
        if (!same)
            list[n_kept++] = list[i];
        back[number] = n_kept - 1;
    }
    return n_kept;
}

static int mark_used(struct rt_plan *p, bool *components, bool *timelines)
{
    const struct rt_manifest *m = p->in->names;
    for (size_t i = 0; i < p->in->n; i++)
        p->used[rt_plan_chunk(p, i)->shape] = true;
    for (size_t s = 0; s < p->n_shapes; s++) {
        const struct rt_shape *shape = rt_manifest_shape(m, s);
        p->any_temporal |= p->used[s] && !shape->is_static;
        for (uint32_t i = 0; p->used[s] && i < shape->n; i++)
            components[rt_manifest_descriptors_of(m, shape)[i]] = true;
        for (uint32_t i = 0; p->used[s] && i < shape->n_timelines; i++)
            timelines[rt_manifest_timelines_of(m, shape)[i]] = true;
    }
    return 0;
}

/* Finds those whose columns would have equal names; @back then leads to the first of them. */
static int merge_alike(struct rt_plan *p, struct rt_plan_name *list, uint32_t n, bool timelines, uint32_t *back, uint32_t n_back)
{
    char **names = calloc(n ? n : 1, sizeof *names);
    int r = names ? 0 : -ENOMEM;
    for (uint32_t i = 0; !r && i < n; i++) {
        names[i] = timelines ? rt_plan_column_name(p, i, RT_PLAN_NONE, "") : rt_plan_column_name(p, RT_PLAN_NONE, i, "");
        r = names[i] ? 0 : -ENOMEM;
        list[i].as = i;
        for (uint32_t k = 0; !r && k < i && list[i].as == i; k++)
            if (!strcmp(names[i], names[k]))
                list[i].as = k;
        list[list[i].as].merged |= list[i].as != i;
    }
    for (uint32_t i = 0; names && i < n; i++)
        free(names[i]);
    free(names);
    for (uint32_t i = 0; !r && i < n_back; i++)
        if (back[i] != RT_PLAN_NONE)
            back[i] = list[back[i]].as;
    return r;
}

/* ---------------------------------------------------------------- who carries what */

static void fill_matrices(struct rt_plan *p)
{
    const struct rt_manifest *m = p->in->names;
    for (size_t s = 0; s < p->n_shapes; s++) {
        const struct rt_shape *shape = rt_manifest_shape(m, s);
        for (uint32_t i = 0; p->used[s] && i < shape->n; i++)
            p->has[s * p->n_components + p->component_of[rt_manifest_descriptors_of(m, shape)[i]]] = 1;
        for (uint32_t i = 0; p->used[s] && i < shape->n_timelines; i++)
            p->runs[s * p->n_timelines + p->timeline_of[rt_manifest_timelines_of(m, shape)[i]]] = 1;
    }
    for (size_t i = 0; i < p->in->n; i++) {
        const struct rt_chunk_facts *f = rt_plan_chunk(p, i);
        for (uint32_t k = 0; k < f->n_partial; k++)
            p->partial[p->component_of[rt_manifest_descriptors_of(m, rt_plan_shape(p, i))[f->partial[k].column]]] = true;
    }
}

static bool same_chunks(const struct rt_plan *p, uint32_t a, uint32_t b, bool is_static)
{
    for (size_t s = 0; s < p->n_shapes; s++)
        if (rt_plan_carries(p, s, a, is_static) != rt_plan_carries(p, s, b, is_static))
            return false;
    return true;
}

/* A number that components with the same chunks have in common. */
static uint64_t chunks_hash(const struct rt_plan *p, uint32_t component, bool is_static)
{
    uint64_t h = 0;
    for (size_t s = 0; s < p->n_shapes; s++)
        if (rt_plan_carries(p, s, component, is_static))
            h = (h ^ (s + 1)) * 0x9E3779B97F4A7C15u;
    return h;
}

/* May the columns of @c be those of @k, which comes before it? */
static bool alike(const struct rt_plan *p, uint32_t k, uint32_t c, bool is_static)
{
    return rt_plan_has_component(p, k) && same_chunks(p, k, c, is_static) && (is_static || !(p->partial[k] || p->partial[c]));
}

static void find_alike(const struct rt_plan *p, bool is_static, uint32_t *as, uint64_t *hashes)
{
    for (uint32_t c = 0; c < p->n_components; c++) {
        hashes[c] = chunks_hash(p, c, is_static);
        as[c] = c;
        for (uint32_t k = 0; k < c && as[c] == c; k++)
            if (as[k] == k && hashes[k] == hashes[c] && alike(p, k, c, is_static))
                as[c] = k;
    }
}

bool rt_plan_meet(const struct rt_plan *p, uint32_t timeline, uint32_t component)
{
    for (size_t s = 0; s < p->n_shapes; s++)
        if (rt_plan_carries(p, s, component, false) && p->runs[s * p->n_timelines + timeline])
            return true;
    return false;
}

/* The span on a timeline out of those that a chunk of the shape has. */
static struct rt_span span_of(const struct rt_plan *p, const struct rt_shape *shape, uint32_t timeline, const struct rt_span *spans)
{
    const uint32_t *list = rt_manifest_timelines_of(p->in->names, shape);
    struct rt_span all = {INT64_MAX, INT64_MIN};
    for (uint32_t i = 0; i < shape->n_timelines; i++) {
        if (p->timeline_of[list[i]] != timeline)
            continue;
        all.start = spans[i].start < all.start ? spans[i].start : all.start;
        all.end = spans[i].end > all.end ? spans[i].end : all.end;
    }
    return all;
}

static const struct rt_partial *partial_of(const struct rt_plan *p, const struct rt_chunk_facts *f, const struct rt_shape *shape, uint32_t component)
{
    const uint32_t *list = rt_manifest_descriptors_of(p->in->names, shape);
    for (uint32_t k = 0; k < f->n_partial; k++)
        if (p->component_of[list[f->partial[k].column]] == component)
            return &f->partial[k];
    return NULL;
}

uint32_t rt_plan_span(const struct rt_plan *p, size_t i, uint32_t timeline, uint32_t component, struct rt_span *ret)
{
    const struct rt_chunk_facts *f = rt_plan_chunk(p, i);
    const struct rt_shape *shape = rt_plan_shape(p, i);
    const struct rt_partial *partial = NULL;
    if (!p->runs[f->shape * p->n_timelines + timeline] || (component != RT_PLAN_NONE && !p->has[f->shape * p->n_components + component]))
        return 0;
    if (component != RT_PLAN_NONE && !p->components[component].merged)
        partial = partial_of(p, f, shape, component);
    uint32_t n = partial ? partial->n_rows : f->n_rows;
    size_t row = partial ? (size_t)(partial - f->partial) + 1 : 0;
    if (n)
        *ret = span_of(p, shape, timeline, f->spans + row * f->n_timelines);
    return n;
}

/* ---------------------------------------------------------------- begin and end */

void rt_plan_deinit(struct rt_plan *p)
{
    free(p->components);
    free(p->timelines);
    free(p->used);
    free(p->has);
    free(p->runs);
    free(p->component_of);
    free(p->timeline_of);
    free(p->partial);
    free(p->temporal_as);
    *p = (struct rt_plan){0};
}

static void *zeros(size_t n, size_t size)
{
    return calloc(n ? n : 1, size);
}

static int plan_names(struct rt_plan *p)
{
    const struct rt_manifest *m = p->in->names;
    uint32_t n_desc = (uint32_t)RT_MANIFEST_N(m, descriptors, struct rt_descriptor), n_time = (uint32_t)RT_MANIFEST_N(m, timelines, struct rt_timeline);
    bool *marks = zeros(n_desc + n_time, sizeof *marks);
    p->components = zeros(n_desc, sizeof *p->components);
    p->timelines = zeros(n_time, sizeof *p->timelines);
    p->component_of = zeros(n_desc, sizeof *p->component_of);
    p->timeline_of = zeros(n_time, sizeof *p->timeline_of);
    p->used = zeros(p->n_shapes, sizeof *p->used);
    int r = marks && p->components && p->timelines && p->component_of && p->timeline_of && p->used ? 0 : -ENOMEM;
    if (!r) {
        mark_used(p, marks, marks + n_desc);
        p->n_components = pick(p->components, p->component_of, marks, n_desc, false, m);
        p->n_timelines = pick(p->timelines, p->timeline_of, marks + n_desc, n_time, true, m);
    }
    free(marks);
    r = r ? r : merge_alike(p, p->components, p->n_components, false, p->component_of, n_desc);
    return r ? r : merge_alike(p, p->timelines, p->n_timelines, true, p->timeline_of, n_time);
}

int rt_plan_init(struct rt_plan *p, const struct rt_footer_store *in)
{
    *p = (struct rt_plan){.in = in, .n_shapes = RT_MANIFEST_N(in->names, shapes, struct rt_shape)};
    int r = plan_names(p);
    uint64_t *hashes = zeros(p->n_components, sizeof *hashes);
    p->has = zeros(p->n_shapes, p->n_components + 1);
    p->runs = zeros(p->n_shapes, p->n_timelines + 1);
    p->partial = zeros(p->n_components, sizeof *p->partial);
    p->temporal_as = zeros(p->n_components, 2 * sizeof *p->temporal_as);
    if (!r && p->has && p->runs && p->partial && p->temporal_as && hashes) {
        p->static_as = p->temporal_as + p->n_components;
        fill_matrices(p);
        find_alike(p, true, p->static_as, hashes);
        find_alike(p, false, p->temporal_as, hashes);
    } else {
        r = -ENOMEM;
        rt_plan_deinit(p);
    }
    free(hashes);
    return r;
}
