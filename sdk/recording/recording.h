/* A recording: builders by entity, one encoder, the manifest of what was written, one sink.
 *
 *   rows → builder, one an entity → chunk → sink
 *   close: all builders → footer → compaction of the closed file
 *
 * Public functions in stream.c look up the handle and translate errors; the work is here. One thread at a
 * time. */
#ifndef RT_RECORDING_RECORDING_H
#define RT_RECORDING_RECORDING_H

#include "recording/chunk.h"
#include "recording/settings.h"
#include "recording/sink.h"

#define RT_PROPERTIES_PATH "/__properties"

struct rt_recording {
    struct rt_store_id store; /* strings owned */
    struct rt_settings settings;
    struct rt_manifest manifest;
    struct rt_encoder encoder;
    struct rt_sink *sink;
    struct rt_buf frame;
    struct rt_builder **builders; /* in order of appearance */
    uint32_t n_builders;
    uint32_t *index, n_index; /* open addressing by path: number + 1 */
    uint64_t dropped;         /* rows of chunks that could not be written */
    bool bump, compact;
};

int rt_recording_open(const rr_stream_options *options, struct rt_recording **ret, struct rt_error *err);
/* Frees all; closes the sink without a footer. Return: NULL. */
struct rt_recording *rt_recording_free(struct rt_recording *rec);
void rt_recording_deinit(struct rt_recording *rec);

int rt_recording_append(struct rt_recording *rec, const char *path, const rr_text_batch *batch,
                        struct rt_error *err);
int rt_recording_append_static(struct rt_recording *rec, const char *path, const rr_text_batch *batch,
                               struct rt_error *err);
/* All builders into chunks. The first error is reported, the others are tried. */
int rt_recording_flush(struct rt_recording *rec, struct rt_error *err);
/* Flush, footer, close, compaction; frees. */
int rt_recording_close(struct rt_recording *rec, struct rt_error *err);

/* The builder of @path, made when new. */
int rt_recording_builder(struct rt_recording *rec, const char *path, struct rt_builder **ret);
/* Cuts what @b holds into a chunk and writes it. */
int rt_recording_cut(struct rt_recording *rec, struct rt_builder *b, struct rt_error *err);
/* Writes the End frame with the footer. */
int rt_recording_finish(struct rt_recording *rec, struct rt_error *err);

#endif
