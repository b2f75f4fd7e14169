/* Whom messages belong to: the ids of a recording or a blueprint, and the names that its chunks use. Each message holds its store, so that a
 * sink can write a footer after the recording is gone. Names are only added, by one thread at a time, the one that gives messages to sinks. */
#ifndef RT_RECORDING_STORE_H
#define RT_RECORDING_STORE_H

#include "archetype/types.h"
#include "encode/manifest.h"

struct rt_store {
    uint32_t refs_mt;
    int kind;                 /* RR_STORE_KIND_* */
    struct rt_store_id id;    /* strings owned */
    struct rt_manifest names;
    uint32_t *index, n_index; /* open addressing of entities by path: number + 1 */
    uint32_t *shapes, n_shapes; /* … of shapes by all that they are */
    struct rt_buf of_type;    /* of uint32_t: by number of a component type, its descriptor + 1 */
    struct rt_buf type_of;    /* of uint32_t: by descriptor, number of the type that it was made for; 0 = none */
};

/* One reference; copies. NULL without memory. */
struct rt_store *rt_store_new(const char *application_id, const char *recording_id, int kind);
/* Threads: any. */
struct rt_store *rt_store_ref(struct rt_store *s);
/* Return: NULL. Threads: any. */
struct rt_store *rt_store_unref(struct rt_store *s);

/* Numbers of names, made when new. Return: the number, -ENOMEM. */
int64_t rt_store_entity(struct rt_store *s, const char *path, size_t len);
/* Under which descriptor a component is written: its own, but a field whose name differs from another's only in characters that a manifest
 * cannot tell apart (a.b, a_b) is written as a.b_2. */
int64_t rt_store_descriptor(struct rt_store *s, const struct rt_component_type *type);
/* The other way: what a descriptor was made for; its own component where that is not known. NULL without memory. */
const struct rt_component_type *rt_store_type(struct rt_store *s, uint32_t descriptor);
/* Timelines sorted by name; none = static. */
int64_t rt_store_shape(struct rt_store *s, uint32_t entity, const uint32_t *timelines, uint32_t n_timelines, const uint32_t *descriptors,
                       uint32_t n);

#endif
