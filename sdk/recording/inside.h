/* What a recording is made of, for the files of this folder that do its work. */
#ifndef RT_RECORDING_INSIDE_H
#define RT_RECORDING_INSIDE_H

#include "recording/chunk.h"
#include "recording/recording.h"

struct rt_recording {
    struct rt_store *store;
    struct rt_settings settings;
    struct rt_encoder encoder;
    struct rt_sink **sinks; /* owned */
    uint32_t n_sinks;
    uint64_t seq;           /* of the last message */
    uint64_t dropped;       /* rows of chunks that could not be made, that no sink was there for, or that sinks lost which are closed */
    struct rt_builder **builders; /* in order of appearance */
    uint32_t n_builders;
    uint32_t *index, n_index;     /* open addressing by kind: number + 1 */
    uint32_t sweep;               /* builder that is looked at next for memory it does not need */
    struct rt_builder *last;      /* of the last row */
    struct rt_builder *dirty, **dirty_end; /* those with rows, in the order they got them */
    bool bump;
};

/* A recording of a store that exists, which gets one more reference. */
int rt_recording_of_store(struct rt_store *store, const struct rt_settings *settings, struct rt_recording **ret);
/* Gives @m, which it takes, to all sinks as the next of the sequence. Return: 0, or what the first sink said that refused it. */
int rt_recording_deliver(struct rt_recording *rec, struct rt_log_message *m, struct rt_error *err);
/* Puts @sink, which it takes, beside the others, without a StoreInfo. Return: 0, -ENOMEM. */
int rt_recording_add_sink(struct rt_recording *rec, struct rt_sink *sink);
/* What a message says when it is made: the ids of the store. NULL without memory. */
struct rt_log_message *rt_recording_store_info(struct rt_recording *rec);

/* ---------------------------------------------------------------- builders (lookup.c) */

/* The builder that takes @row, made when new. Return: 0, -ENOMEM. */
int rt_recording_builder_of(struct rt_recording *rec, const struct rt_row *row, struct rt_builder **ret);
/* That of batches of @path. */
int rt_recording_builder(struct rt_recording *rec, const char *path, struct rt_builder **ret);
/* @b has rows: flush will see it. */
static inline void rt_recording_touch(struct rt_recording *rec, struct rt_builder *b)
{
    if (b->dirty)
        return;
    b->dirty = true;
    b->idle = 0;
    b->next = NULL;
    *rec->dirty_end = b;
    rec->dirty_end = &b->next;
}
/* Takes memory from builders that get no rows any more, a few of them a call. */
void rt_recording_sweep(struct rt_recording *rec);
void rt_recording_free_builders(struct rt_recording *rec);

/* Cuts what @b holds into a chunk and delivers it. */
int rt_recording_cut(struct rt_recording *rec, struct rt_builder *b, struct rt_error *err);

#endif
