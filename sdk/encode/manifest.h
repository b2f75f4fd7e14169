/* The manifest: what a recording remembers of each chunk it wrote, so that a clean close can add the index
 * that lets readers load single chunks.
 *
 *   entity        path, numbered
 *   descriptor    (component, archetype, component type, Arrow type), numbered; shared by all entities
 *   shape         (entity, static?, descriptors): what chunks of one entity have in common, numbered
 *   chunk         shape, id, rows, place in the file, span of log_time
 *
 * Chunks here have no null cells, and one timeline, log_time, or none (static). So a component's span and
 * count within a chunk are those of the chunk. */
#ifndef RT_ENCODE_MANIFEST_H
#define RT_ENCODE_MANIFEST_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/buf.h"
#include "encode/ipc.h"
#include "encode/rrd_write.h"

#define RT_TIMELINE "log_time"

struct rt_descriptor {
    char *component, *archetype, *component_type; /* archetype and component_type may be NULL */
    enum rt_ipc_type item;
};

struct rt_shape {
    uint32_t entity;
    bool is_static;
    uint32_t first, n; /* in rt_manifest.shape_descriptors */
};

struct rt_manifest_chunk {
    uint32_t shape, n_rows;
    uint8_t id[16];
    uint64_t offset; /* of the payload: frame header excluded */
    uint64_t size, raw_size; /* bytes: protobuf message, Arrow IPC */
    int64_t t_min, t_max; /* ns; temporal chunks */
};

struct rt_manifest {
    /* of char *, rt_descriptor, rt_shape, rt_manifest_chunk */
    struct rt_buf entities, descriptors, shapes, chunks;
    struct rt_buf shape_descriptors;                     /* of uint32_t */
};

#define RT_MANIFEST_N(m, what, type)     ((m)->what.len / sizeof(type))
#define RT_MANIFEST_AT(m, what, type, i) ((type *)(void *)(m)->what.data + (i))

static inline size_t rt_manifest_n_chunks(const struct rt_manifest *m)
{
    return RT_MANIFEST_N(m, chunks, struct rt_manifest_chunk);
}
static inline struct rt_manifest_chunk *rt_manifest_chunk(const struct rt_manifest *m, size_t i)
{
    return RT_MANIFEST_AT(m, chunks, struct rt_manifest_chunk, i);
}
static inline const struct rt_shape *rt_manifest_shape(const struct rt_manifest *m, size_t i)
{
    return RT_MANIFEST_AT(m, shapes, struct rt_shape, i);
}
static inline const char *rt_manifest_entity(const struct rt_manifest *m, size_t i)
{
    return *RT_MANIFEST_AT(m, entities, char *, i);
}
static inline const struct rt_descriptor *rt_manifest_descriptor(const struct rt_manifest *m, size_t i)
{
    return RT_MANIFEST_AT(m, descriptors, struct rt_descriptor, i);
}

void rt_manifest_deinit(struct rt_manifest *m);

/* Numbers; new ones are made as needed, strings are copied. Return: the number, -ENOMEM.
 * add_entity and add_shape do not look for an equal one: the caller keeps the number. */
int64_t rt_manifest_add_entity(struct rt_manifest *m, const char *path);
int64_t rt_manifest_intern_descriptor(struct rt_manifest *m, const struct rt_descriptor *d);
/* Is there a descriptor whose columns in the manifest would have the names of @d's, though it is another?
 * Readers refuse such a manifest. */
bool rt_manifest_name_clashes(const struct rt_manifest *m, const struct rt_descriptor *d);
/* What a character of an identifier becomes in a column name. */
static inline char rt_descriptor_column_char(char c)
{
    return c && strchr(", -.\\", c) ? '_' : c;
}
int64_t rt_manifest_add_shape(struct rt_manifest *m, uint32_t entity, bool is_static,
                              const uint32_t *descriptors, uint32_t n);
int rt_manifest_add_chunk(struct rt_manifest *m, const struct rt_manifest_chunk *c);

#endif
