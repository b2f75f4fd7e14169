/* The manifest: what a recording remembers of each chunk it wrote, so that a clean close can add the index that lets readers load single
 * chunks. In two parts: names, which all files of a recording share, and the facts of each chunk, which do not depend on the file it is in.
 *
 *   entity        path, numbered
 *   timeline      (name, type), numbered
 *   descriptor    (component, archetype, component type, Arrow type), numbered; shared by all entities
 *   shape         (entity, timelines, descriptors): what chunks of one entity have in common, numbered; static without timelines
 *   facts         of a chunk: shape, id, rows, sizes, span of each timeline; and of columns with null cells how many are not null and
 *                 what times those have
 *   placed        facts and the place in a file
 */
#ifndef RT_ENCODE_MANIFEST_H
#define RT_ENCODE_MANIFEST_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/buf.h"
#include "encode/ipc.h"
#include "encode/rrd_write.h"

#define RT_TIMELINE "log_time"

struct rt_timeline {
    char *name;
    uint8_t type; /* RR_TIME_TYPE_* */
};

struct rt_descriptor {
    char *component, *archetype, *component_type; /* archetype and component_type may be NULL */
    const struct rt_datatype *datatype;           /* of an instance */
};

struct rt_shape {
    uint32_t entity;
    bool is_static;
    uint32_t first, n;                     /* in rt_manifest.shape_descriptors */
    uint32_t first_timeline, n_timelines;  /* in rt_manifest.shape_timelines */
};

/* Names. Only added; strings and types are copied, equal types once: schemas share what they say of them. */
struct rt_manifest {
    struct rt_buf entities, timelines, descriptors, shapes; /* of char *, rt_timeline, rt_descriptor, rt_shape */
    struct rt_buf shape_descriptors, shape_timelines;       /* of uint32_t */
    struct rt_buf types;                                    /* of struct rt_datatype * */
};

#define RT_MANIFEST_N(m, what, type)     ((m)->what.len / sizeof(type))
#define RT_MANIFEST_AT(m, what, type, i) ((type *)(void *)(m)->what.data + (i))

static inline const struct rt_shape *rt_manifest_shape(const struct rt_manifest *m, size_t i)
{
    return RT_MANIFEST_AT(m, shapes, struct rt_shape, i);
}
static inline const char *rt_manifest_entity(const struct rt_manifest *m, size_t i)
{
    return *RT_MANIFEST_AT(m, entities, char *, i);
}
static inline const struct rt_timeline *rt_manifest_timeline(const struct rt_manifest *m, size_t i)
{
    return RT_MANIFEST_AT(m, timelines, struct rt_timeline, i);
}
static inline const struct rt_descriptor *rt_manifest_descriptor(const struct rt_manifest *m, size_t i)
{
    return RT_MANIFEST_AT(m, descriptors, struct rt_descriptor, i);
}
/* Numbers of a shape's descriptors and timelines. */
static inline const uint32_t *rt_manifest_descriptors_of(const struct rt_manifest *m, const struct rt_shape *s)
{
    return m->shape_descriptors.len ? RT_MANIFEST_AT(m, shape_descriptors, uint32_t, s->first) : &s->first; /* none: never read */
}
static inline const uint32_t *rt_manifest_timelines_of(const struct rt_manifest *m, const struct rt_shape *s)
{
    return m->shape_timelines.len ? RT_MANIFEST_AT(m, shape_timelines, uint32_t, s->first_timeline) : &s->first_timeline;
}

void rt_manifest_deinit(struct rt_manifest *m);

/* Numbers; new ones are made as needed. Return: the number, -ENOMEM.
 * add_entity and add_shape do not look for an equal one: the caller keeps the number. */
int64_t rt_manifest_add_entity(struct rt_manifest *m, const char *path);
int64_t rt_manifest_intern_timeline(struct rt_manifest *m, const char *name, size_t len, uint8_t type);
int64_t rt_manifest_intern_descriptor(struct rt_manifest *m, const struct rt_descriptor *d);
/* Is there a descriptor whose columns in the manifest would have the names of @d's, though it is another?
 * Readers refuse such a manifest. */
bool rt_manifest_name_clashes(const struct rt_manifest *m, const struct rt_descriptor *d);
/* What a character of an identifier becomes in a column name. */
static inline char rt_descriptor_column_char(char c)
{
    return c && strchr(", -.\\", c) ? '_' : c;
}
/* Timelines sorted by name; none = static. */
int64_t rt_manifest_add_shape(struct rt_manifest *m, uint32_t entity, const uint32_t *timelines, uint32_t n_timelines,
                              const uint32_t *descriptors, uint32_t n);
/* The newest equal shape. Return: its number, -1 = none. */
int64_t rt_manifest_find_shape(const struct rt_manifest *m, uint32_t entity, const uint32_t *timelines, uint32_t n_timelines,
                               const uint32_t *descriptors, uint32_t n);

/* ---------------------------------------------------------------- facts of chunks */

struct rt_span {
    int64_t start, end; /* least and greatest time */
};

struct rt_partial {
    uint32_t column; /* in the shape's descriptors */
    uint32_t n_rows; /* cells that are not null */
};

/* What rows of a chunk may be merged with. */
enum rt_chunk_rows {
    RT_CHUNK_ROWS_ANY,   /* rows of the same shape only: a component that a row lacks says nothing */
    RT_CHUNK_ROWS_TEXT,  /* log lines: one that a row lacks is an empty list */
    RT_CHUNK_ROWS_BATCH, /* log lines whose row ids only count, in the order of log_time */
    RT_CHUNK_ROWS_COLUMNS, /* as any, but the caller made the chunk: its size was a choice */
};

/* Counted, and not changed once others can see it. */
struct rt_chunk_facts {
    uint32_t refs_mt;
    uint32_t shape, n_rows;
    uint8_t rows;            /* enum rt_chunk_rows */
    uint8_t id[16];
    uint64_t size, raw_size; /* bytes: protobuf message, Arrow IPC */
    uint32_t n_timelines, n_partial;
    struct rt_partial *partial; /* columns with null cells, by column */
    struct rt_span spans[];     /* of the chunk, one a timeline in the shape's order; then of each partial column */
};

/* One reference; all but the counts is zero. NULL without memory. */
struct rt_chunk_facts *rt_chunk_facts_new(uint32_t n_timelines, uint32_t n_partial);
/* Threads: any. */
struct rt_chunk_facts *rt_chunk_facts_ref(struct rt_chunk_facts *f);
/* NULL is fine. Return: NULL. Threads: any. */
struct rt_chunk_facts *rt_chunk_facts_unref(struct rt_chunk_facts *f);
/* The spans of partial column @k. */
static inline struct rt_span *rt_chunk_facts_partial(struct rt_chunk_facts *f, uint32_t k)
{
    return f->spans + (size_t)(1 + k) * f->n_timelines;
}

struct rt_placed_chunk {
    struct rt_chunk_facts *facts; /* counted */
    uint64_t offset;              /* of the payload in the stream: frame header excluded */
};

#endif
