#include "encode/footer.h"

#include <stdio.h>

#include "encode/lz4.h"
#include "encode/pack.h"
#include "encode/sha256.h"

enum { HARD_BYTES = 1 << 20 }; /* larger tables are compressed the fast way */

/* What is worked out once: which shapes carry which descriptor, and which descriptors are carried by the
 * same chunks. */
struct plan {
    const struct rt_manifest *m;
    size_t n_chunks, n_shapes, n_desc;
    uint8_t *used;                    /* shape → has chunks */
    uint8_t *has;                     /* [shape * n_desc + descriptor] */
    uint32_t *order, *rank;           /* descriptors sorted by archetype, component, type; and back */
    uint32_t *temporal_as, *static_as; /* first descriptor with the same chunks; n_desc: none at all */
    bool any_temporal;
};

/* A growing list of fields with names of their own. */
struct fields {
    struct rt_buf list; /* of struct rt_ipc_field */
    int error;
};

static void fields_deinit(struct fields *f)
{
    struct rt_ipc_field *p = (struct rt_ipc_field *)(void *)f->list.data;
    for (size_t i = 0; i < f->list.len / sizeof *p; i++)
        free((void *)(uintptr_t)p[i].name);
    rt_buf_deinit(&f->list);
}

static size_t fields_n(const struct fields *f)
{
    return f->list.len / sizeof(struct rt_ipc_field);
}

/* Takes @name. Return: the new field, whose meta the caller fills; NULL after a failure. */
static struct rt_ipc_field *fields_add(struct fields *f, char *name, enum rt_ipc_type type, bool nullable)
{
    struct rt_ipc_field field = {.name = name, .type = type, .nullable = nullable};
    if (f->error || !name || rt_buf_append(&f->list, &field, sizeof field) < 0) {
        f->error = -ENOMEM;
        free(name);
        return NULL;
    }
    return (struct rt_ipc_field *)(void *)(f->list.data + f->list.len) - 1;
}

/* ---------------------------------------------------------------- names */

/* "rerun.archetypes.TextLog" → "TextLog"; others stay. */
static const char *short_archetype(const char *archetype)
{
    static const char *const prefixes[] = {"rerun.archetypes.", "rerun.blueprint.archetypes.", "rerun."};
    for (size_t i = 0; i < sizeof prefixes / sizeof *prefixes; i++)
        if (!strncmp(archetype, prefixes[i], strlen(prefixes[i])))
            return archetype + strlen(prefixes[i]);
    return archetype;
}

/* Joins @prefix (may be NULL), the descriptor's part (may be NULL) and @suffix by ':'; characters that
 * column names may not have are replaced. */
static char *column_name(const char *prefix, const struct rt_descriptor *d, const char *suffix)
{
    const char *arch = d && d->archetype ? short_archetype(d->archetype) : "", *field = d ? d->component : "";
    char *name = NULL;
    if (arch[0] && !strncmp(field, arch, strlen(arch)) && field[strlen(arch)] == ':')
        field += strlen(arch) + 1;
    if (asprintf(&name, "%s%s%s%s%s%s%s", prefix ? prefix : "", prefix ? ":" : "", arch, arch[0] ? ":" : "",
                 field, field[0] ? ":" : "",
                 suffix) < 0)
        return NULL;
    for (char *c = name; *c; c++)
        *c = rt_descriptor_column_char(*c);
    size_t lead = strspn(name, "_");
    memmove(name, name + lead, strlen(name + lead) + 1);
    return name;
}

/* ---------------------------------------------------------------- plan */

static int compare_or_null(const char *a, const char *b)
{
    return strcmp(a ? a : "", b ? b : "");
}

static int compare_descriptors(const void *a, const void *b, void *ctx)
{
    const struct rt_manifest *m = ctx;
    const struct rt_descriptor *x = rt_manifest_descriptor(m, *(const uint32_t *)a),
        *y = rt_manifest_descriptor(m, *(const uint32_t *)b);
    int c = compare_or_null(x->archetype, y->archetype);
    c = c ? c : strcmp(x->component, y->component);
    return c ? c : compare_or_null(x->component_type, y->component_type);
}

static bool carries(const struct plan *p, size_t shape, size_t d, bool is_static)
{
    return p->used[shape] && rt_manifest_shape(p->m, shape)->is_static == is_static &&
        p->has[shape * p->n_desc + d];
}

static bool same_chunks(const struct plan *p, size_t a, size_t b, bool is_static)
{
    for (size_t s = 0; s < p->n_shapes; s++)
        if (carries(p, s, a, is_static) != carries(p, s, b, is_static))
            return false;
    return true;
}

static bool any_chunk(const struct plan *p, size_t d, bool is_static)
{
    for (size_t s = 0; s < p->n_shapes; s++)
        if (carries(p, s, d, is_static))
            return true;
    return false;
}

static uint32_t first_alike(const struct plan *p, size_t rank, bool is_static)
{
    uint32_t d = p->order[rank];
    for (size_t i = 0; i < rank; i++)
        if (same_chunks(p, p->order[i], d, is_static))
            return p->order[i];
    return d;
}

static void plan_deinit(struct plan *p)
{
    free(p->used);
    free(p->has);
    free(p->order);
}

static void plan_fill(struct plan *p)
{
    const uint32_t *lists = (const uint32_t *)(const void *)p->m->shape_descriptors.data;
    for (size_t s = 0; s < p->n_shapes; s++) {
        const struct rt_shape *shape = rt_manifest_shape(p->m, s);
        for (uint32_t i = 0; i < shape->n; i++)
            p->has[s * p->n_desc + lists[shape->first + i]] = 1;
    }
    for (size_t i = 0; i < p->n_chunks; i++) {
        uint32_t s = rt_manifest_chunk(p->m, i)->shape;
        p->used[s] = 1;
        p->any_temporal |= !rt_manifest_shape(p->m, s)->is_static;
    }
    for (size_t d = 0; d < p->n_desc; d++)
        p->order[d] = (uint32_t)d;
    qsort_r(p->order, p->n_desc, sizeof *p->order, compare_descriptors, (void *)(uintptr_t)p->m);
    for (size_t i = 0; i < p->n_desc; i++) {
        uint32_t d = p->order[i];
        p->rank[d] = (uint32_t)i;
        p->static_as[d] = first_alike(p, i, true);
        p->temporal_as[d] = any_chunk(p, d, false) ? first_alike(p, i, false) : (uint32_t)p->n_desc;
    }
}

static int plan_init(struct plan *p, const struct rt_manifest *m)
{
    *p = (struct plan){.m = m, .n_chunks = rt_manifest_n_chunks(m),
                       .n_shapes = RT_MANIFEST_N(m, shapes, struct rt_shape),
                       .n_desc = RT_MANIFEST_N(m, descriptors, struct rt_descriptor)};
    p->used = calloc(p->n_shapes, 1);
    p->has = calloc(p->n_shapes, p->n_desc);
    p->order = calloc(p->n_desc, 4 * sizeof *p->order);
    if (!p->used || !p->has || !p->order) {
        plan_deinit(p);
        return -ENOMEM;
    }
    p->rank = p->order + p->n_desc;
    p->temporal_as = p->rank + p->n_desc;
    p->static_as = p->temporal_as + p->n_desc;
    plan_fill(p);
    return 0;
}

/* ---------------------------------------------------------------- the manifest's own table */

static void meta_index(struct rt_ipc_field *f, const char *index, const struct rt_descriptor *d)
{
    if (!f)
        return;
    f->meta[0] = (struct rt_ipc_kv){"rerun:index", index};
    if (!d)
        return;
    f->meta[1] = (struct rt_ipc_kv){"rerun:archetype", d->archetype};
    f->meta[2] = (struct rt_ipc_kv){"rerun:component_type", d->component_type};
    f->meta[3] = (struct rt_ipc_kv){"rerun:component", d->component};
}

static void manifest_fields(const struct plan *p, struct fields *f)
{
    static const struct {
        const char *name;
        enum rt_ipc_type type;
    } fixed[] = {
        {"chunk_entity_path", RT_IPC_UTF8},
        {"chunk_id", RT_IPC_TUID},
        {"chunk_is_static", RT_IPC_BOOL},
        {"chunk_num_rows", RT_IPC_U64},
        {"chunk_byte_offset", RT_IPC_U64},
        {"chunk_byte_size", RT_IPC_U64},
        {"chunk_byte_size_uncompressed", RT_IPC_U64},
    };
    for (size_t i = 0; i < sizeof fixed / sizeof *fixed; i++)
        fields_add(f, strdup(fixed[i].name), fixed[i].type, false);
    for (size_t i = 0; i < p->n_desc; i++) {
        const struct rt_descriptor *d = rt_manifest_descriptor(p->m, p->order[i]);
        meta_index(fields_add(f, column_name(NULL, d, "has_static_data"), RT_IPC_BOOL, false), "rerun:static",
                   d);
    }
    if (!p->any_temporal)
        return;
    meta_index(fields_add(f, column_name(RT_TIMELINE, NULL, "start"), RT_IPC_TIME, true), RT_TIMELINE, NULL);
    meta_index(fields_add(f, column_name(RT_TIMELINE, NULL, "end"), RT_IPC_TIME, true), RT_TIMELINE, NULL);
    for (size_t i = 0; i < p->n_desc; i++) {
        const struct rt_descriptor *d = rt_manifest_descriptor(p->m, p->order[i]);
        if (p->temporal_as[p->order[i]] == p->n_desc)
            continue;
        meta_index(fields_add(f, column_name(RT_TIMELINE, d, "start"), RT_IPC_TIME, true), RT_TIMELINE, d);
        meta_index(fields_add(f, column_name(RT_TIMELINE, d, "end"), RT_IPC_TIME, true), RT_TIMELINE, d);
        meta_index(fields_add(f, column_name(RT_TIMELINE, d, "num_rows"), RT_IPC_U64, true), RT_TIMELINE, d);
    }
}

static const char *chunk_path(const struct plan *p, size_t i)
{
    return rt_manifest_entity(p->m, rt_manifest_shape(p->m, rt_manifest_chunk(p->m, i)->shape)->entity);
}

static void entity_column(const struct plan *p, struct rt_ipc_batch *b)
{
    size_t bytes = 0;
    rt_ipc_node(b, p->n_chunks, 0);
    rt_ipc_buffer_add(b, NULL, 0);
    int32_t *ends = rt_ipc_buffer_room(b, 4 * (p->n_chunks + 1));
    if (!ends)
        return;
    ends[0] = 0;
    for (size_t i = 0; i < p->n_chunks; i++) {
        bytes += strlen(chunk_path(p, i));
        ends[i + 1] = (int32_t)bytes;
    }
    char *text = rt_ipc_buffer_room(b, bytes);
    for (size_t i = 0; text && i < p->n_chunks; i++) {
        const char *path = chunk_path(p, i);
        memcpy(text, path, strlen(path));
        text += strlen(path);
    }
}

static void id_column(const struct plan *p, struct rt_ipc_batch *b)
{
    rt_ipc_node(b, p->n_chunks, 0);
    rt_ipc_buffer_add(b, NULL, 0);
    uint8_t *ids = rt_ipc_buffer_room(b, 16 * p->n_chunks);
    for (size_t i = 0; ids && i < p->n_chunks; i++)
        memcpy(ids + 16 * i, rt_manifest_chunk(p->m, i)->id, 16);
}

/* Bits of the chunks that carry @d (n_desc: any component) and are static or temporal. Return: how many. */
static size_t chunk_bits(const struct plan *p, size_t d, bool is_static, uint8_t *bits)
{
    size_t n = 0;
    memset(bits, 0, (p->n_chunks + 7) / 8);
    for (size_t i = 0; i < p->n_chunks; i++) {
        uint32_t s = rt_manifest_chunk(p->m, i)->shape;
        bool yes = d == p->n_desc ? rt_manifest_shape(p->m, s)->is_static == is_static
            : carries(p, s, d, is_static);
        bits[i / 8] = (uint8_t)(bits[i / 8] | yes << i % 8);
        n += yes;
    }
    return n;
}

static size_t bool_column(const struct plan *p, struct rt_ipc_batch *b, size_t d)
{
    rt_ipc_node(b, p->n_chunks, 0);
    rt_ipc_buffer_add(b, NULL, 0);
    uint8_t *bits = rt_ipc_buffer_room(b, (p->n_chunks + 7) / 8);
    if (bits)
        chunk_bits(p, d, true, bits);
    return b->n_buffers - 1;
}

static void u64_column(const struct plan *p, struct rt_ipc_batch *b, size_t member)
{
    rt_ipc_node(b, p->n_chunks, 0);
    rt_ipc_buffer_add(b, NULL, 0);
    uint64_t *v = rt_ipc_buffer_room(b, 8 * p->n_chunks);
    for (size_t i = 0; v && i < p->n_chunks; i++)
        memcpy(&v[i], (const uint8_t *)rt_manifest_chunk(p->m, i) + member, 8);
}

/* Numbers of the buffers of one span, for those who share it. */
struct span {
    size_t n_valid, validity, start, end, rows;
};

static void span_values(const struct plan *p, struct rt_ipc_batch *b, size_t d, struct span *ret)
{
    uint8_t *bits = rt_ipc_buffer_room(b, (p->n_chunks + 7) / 8);
    ret->validity = b->n_buffers - 1;
    if (bits)
        ret->n_valid = chunk_bits(p, d, false, bits);
    int64_t *start = rt_ipc_buffer_room(b, 8 * p->n_chunks);
    ret->start = b->n_buffers - 1;
    for (size_t i = 0; start && i < p->n_chunks; i++) {
        uint32_t s = rt_manifest_chunk(p->m, i)->shape;
        bool yes = d == p->n_desc ? !rt_manifest_shape(p->m, s)->is_static : carries(p, s, d, false);
        start[i] = yes ? rt_manifest_chunk(p->m, i)->t_min : 0;
    }
}

static void span_ends(const struct plan *p, struct rt_ipc_batch *b, size_t d, struct span *ret)
{
    rt_ipc_buffer_same(b, ret->validity);
    int64_t *end = rt_ipc_buffer_room(b, 8 * p->n_chunks);
    ret->end = b->n_buffers - 1;
    for (size_t i = 0; end && i < p->n_chunks; i++) {
        uint32_t s = rt_manifest_chunk(p->m, i)->shape;
        bool yes = d == p->n_desc ? !rt_manifest_shape(p->m, s)->is_static : carries(p, s, d, false);
        end[i] = yes ? rt_manifest_chunk(p->m, i)->t_max : 0;
    }
}

static void span_rows(const struct plan *p, struct rt_ipc_batch *b, size_t d, struct span *ret)
{
    rt_ipc_node(b, p->n_chunks, 0);
    rt_ipc_buffer_add(b, NULL, 0);
    uint64_t *rows = rt_ipc_buffer_room(b, 8 * p->n_chunks);
    ret->rows = b->n_buffers - 1;
    for (size_t i = 0; rows && i < p->n_chunks; i++) {
        const struct rt_manifest_chunk *c = rt_manifest_chunk(p->m, i);
        rows[i] = carries(p, c->shape, d, false) ? c->n_rows : 0;
    }
}

/* Start and end, and the rows unless @d is n_desc (the timeline itself). */
static void span_columns(const struct plan *p, struct rt_ipc_batch *b, size_t d, struct span *ret)
{
    rt_ipc_node(b, p->n_chunks, 0);
    span_values(p, b, d, ret);
    b->nodes[b->n_nodes - 1][1] = (int64_t)(p->n_chunks - ret->n_valid);
    rt_ipc_node(b, p->n_chunks, p->n_chunks - ret->n_valid);
    span_ends(p, b, d, ret);
    if (d < p->n_desc)
        span_rows(p, b, d, ret);
}

static void span_again(const struct plan *p, struct rt_ipc_batch *b, const struct span *s)
{
    const size_t buffers[] = {s->validity, s->start, s->validity, s->end};
    for (size_t i = 0; i < 4; i++) {
        if (i % 2 == 0)
            rt_ipc_node(b, p->n_chunks, p->n_chunks - s->n_valid);
        rt_ipc_buffer_same(b, buffers[i]);
    }
    rt_ipc_node(b, p->n_chunks, 0);
    rt_ipc_buffer_add(b, NULL, 0);
    rt_ipc_buffer_same(b, s->rows);
}

static void static_columns(const struct plan *p, struct rt_ipc_batch *b, size_t *numbers)
{
    for (size_t i = 0; i < p->n_desc; i++) {
        uint32_t d = p->order[i];
        if (p->static_as[d] == d) {
            numbers[d] = bool_column(p, b, d);
            continue;
        }
        rt_ipc_node(b, p->n_chunks, 0);
        rt_ipc_buffer_add(b, NULL, 0);
        rt_ipc_buffer_same(b, numbers[p->static_as[d]]);
    }
}

static void temporal_columns(const struct plan *p, struct rt_ipc_batch *b, struct span *spans)
{
    if (!p->any_temporal)
        return;
    span_columns(p, b, p->n_desc, &spans[p->n_desc]);
    for (size_t i = 0; i < p->n_desc; i++) {
        uint32_t d = p->order[i];
        if (p->temporal_as[d] == p->n_desc)
            continue;
        if (p->temporal_as[d] == d)
            span_columns(p, b, d, &spans[d]);
        else
            span_again(p, b, &spans[p->temporal_as[d]]);
    }
}

static int manifest_batch(const struct plan *p, struct rt_fb *fb, size_t n_fields, struct rt_buf *out)
{
    struct rt_ipc_batch b;
    struct span *spans = calloc(p->n_desc + 1, sizeof *spans + sizeof(size_t));
    if (!spans)
        return -ENOMEM;
    size_t *numbers = (size_t *)(void *)(spans + p->n_desc + 1);
    /* + 1: Utf8 has three */
    int r = rt_ipc_batch_begin(&b, fb, out, p->n_chunks, n_fields, 2 * n_fields + 1);
    if (!r) {
        entity_column(p, &b);
        id_column(p, &b);
        bool_column(p, &b, p->n_desc);
        rt_ipc_node(&b, p->n_chunks, 0);
        rt_ipc_buffer_add(&b, NULL, 0);
        uint64_t *rows = rt_ipc_buffer_room(&b, 8 * p->n_chunks);
        for (size_t i = 0; rows && i < p->n_chunks; i++)
            rows[i] = rt_manifest_chunk(p->m, i)->n_rows;
        u64_column(p, &b, offsetof(struct rt_manifest_chunk, offset));
        u64_column(p, &b, offsetof(struct rt_manifest_chunk, size));
        u64_column(p, &b, offsetof(struct rt_manifest_chunk, raw_size));
        static_columns(p, &b, numbers);
        temporal_columns(p, &b, spans);
    }
    r = rt_ipc_batch_end(&b);
    free(spans);
    return r;
}

static int manifest_table(const struct plan *p, struct rt_fb *fb, struct rt_buf *out)
{
    struct fields f = {0};
    manifest_fields(p, &f);
    int r = f.error;
    if (!r)
        r = rt_ipc_schema(fb, (const struct rt_ipc_field *)(const void *)f.list.data, fields_n(&f), NULL,
                          true, out);
    if (!r)
        r = manifest_batch(p, fb, fields_n(&f), out);
    fields_deinit(&f);
    return r ? r : rt_ipc_end(out);
}

/* ---------------------------------------------------------------- the union of all schemas */

struct pair {
    uint32_t entity, descriptor;
    bool is_static;
};

static int compare_pairs(const void *a, const void *b, void *ctx)
{
    const struct plan *p = ctx;
    const struct pair *x = a, *y = b;
    int c = x->entity == y->entity ? 0
        : strcmp(rt_manifest_entity(p->m, x->entity), rt_manifest_entity(p->m, y->entity));
    if (c)
        return c;
    if (x->descriptor != y->descriptor)
        return p->rank[x->descriptor] < p->rank[y->descriptor] ? -1 : 1;
    return (int)y->is_static - (int)x->is_static;
}

static int pairs_collect(const struct plan *p, struct rt_buf *out)
{
    const uint32_t *lists = (const uint32_t *)(const void *)p->m->shape_descriptors.data;
    for (size_t s = 0; s < p->n_shapes; s++) {
        const struct rt_shape *shape = rt_manifest_shape(p->m, s);
        for (uint32_t i = 0; p->used[s] && i < shape->n; i++) {
            struct pair pair = {shape->entity, lists[shape->first + i], shape->is_static};
            if (rt_buf_append(out, &pair, sizeof pair) < 0)
                return -ENOMEM;
        }
    }
    qsort_r(out->data, out->len / sizeof(struct pair), sizeof(struct pair), compare_pairs,
            (void *)(uintptr_t)p);
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

static void data_field(const struct plan *p, struct fields *f, const struct pair *pair)
{
    const struct rt_descriptor *d = rt_manifest_descriptor(p->m, pair->descriptor);
    const char *entity = rt_manifest_entity(p->m, pair->entity);
    struct rt_ipc_field *field = fields_add(f, data_column_name(entity, d->component), d->item, true);
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

static void schema_fields(const struct plan *p, const struct rt_buf *pairs, struct fields *f)
{
    const struct pair *list = (const struct pair *)(const void *)pairs->data;
    struct rt_ipc_field *id = fields_add(f, strdup("rerun.controls.RowId"), RT_IPC_TUID, false);
    if (id)
        id->meta[0] = (struct rt_ipc_kv){"rerun:kind", "control"};
    struct rt_ipc_field *time = p->any_temporal ? fields_add(f, strdup(RT_TIMELINE), RT_IPC_TIME, true)
        : NULL;
    if (time) {
        time->meta[0] = (struct rt_ipc_kv){"rerun:kind", "index"};
        time->meta[1] = (struct rt_ipc_kv){"rerun:index_name", RT_TIMELINE};
    }
    /* A static pair comes before its temporal twin, and stands for both. */
    for (size_t i = 0; i < pairs->len / sizeof *list; i++)
        if (!i || list[i].entity != list[i - 1].entity || list[i].descriptor != list[i - 1].descriptor)
            data_field(p, f, &list[i]);
}

static int schema_union(const struct plan *p, struct rt_fb *fb, struct rt_buf *out, uint8_t digest[32])
{
    struct fields f = {0};
    struct rt_buf pairs = {0};
    int r = pairs_collect(p, &pairs);
    if (!r) {
        schema_fields(p, &pairs, &f);
        r = f.error;
    }
    if (!r)
        r = rt_ipc_schema(fb, (const struct rt_ipc_field *)(const void *)f.list.data, fields_n(&f), NULL,
                          false, out);
    fields_deinit(&f);
    rt_buf_deinit(&pairs);
    if (r)
        return r;
    /* An identity for "same schema", so over our own sorted encoding; readers check the length alone. */
    rt_sha256(out->data, out->len, digest);
    return rt_ipc_end(out);
}

/* ---------------------------------------------------------------- the message */

static int footer_pack(const struct rt_store_id *store, const struct rt_buf *schema, uint8_t digest[32],
                       const struct rt_buf *packed,
                       size_t raw_size, struct rt_buf *out)
{
    struct rt_pack_store s;
    Rt__Schema sorbet = RT__SCHEMA__INIT;
    Rt__DataframePart part = RT__DATAFRAME_PART__INIT;
    Rt__RrdManifest manifest = RT__RRD_MANIFEST__INIT;
    Rt__RrdFooter footer = RT__RRD_FOOTER__INIT;
    Rt__RrdManifest *list[1] = {&manifest};

    sorbet.arrow_schema = (ProtobufCBinaryData){schema->len, schema->data};
    part.encoder_version = 1; /* V0 */
    part.payload = (ProtobufCBinaryData){packed->len, packed->data};
    part.compression = RT__COMPRESSION__COMPRESSION_LZ4;
    part.uncompressed_size = raw_size;
    manifest.store_id = rt_pack_store(&s, store);
    manifest.sorbet_schema = &sorbet;
    manifest.sorbet_schema_sha256 = (ProtobufCBinaryData){32, digest};
    manifest.data = &part;
    footer.n_manifests = 1;
    footer.manifests = list;
    size_t n = rt__rrd_footer__get_packed_size(&footer);
    if (rt_buf_reserve(out, n) < 0)
        return -ENOMEM;
    out->len += rt__rrd_footer__pack(&footer, out->data + out->len);
    return 0;
}

int rt_footer_build(const struct rt_manifest *m, const struct rt_store_id *store, struct rt_buf *out)
{
    struct plan p;
    struct rt_fb fb = {0};
    struct rt_buf schema = {0}, table = {0}, packed = {0};
    uint8_t digest[32];
    if (!rt_manifest_n_chunks(m))
        return 0;
    int r = plan_init(&p, m);
    if (r < 0)
        return r;
    r = schema_union(&p, &fb, &schema, digest);
    r = r ? r : manifest_table(&p, &fb, &table);
    r = r ? r : rt_lz4_block(table.data, table.len, table.len <= HARD_BYTES, &packed);
    r = r ? r : footer_pack(store, &schema, digest, &packed, table.len, out);
    rt_buf_deinit(&schema);
    rt_buf_deinit(&table);
    rt_buf_deinit(&packed);
    rt_fb_deinit(&fb);
    plan_deinit(&p);
    return r;
}
