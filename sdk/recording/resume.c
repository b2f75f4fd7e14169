/* Going on with a file that a recording left without a footer: its frames are read once, to know again what the names, the columns of each
 * entity and its last time were. The file is not touched when it does not fit. */
#include "recording/decoded.h"
#include "recording/inside.h"

enum { MAX_COLUMNS = 1024 };

/* The descriptor of a decoded column, whose component becomes a column of the builder of batches when the chunk could be of one. */
static int64_t column_descriptor(struct rt_recording *rec, const struct rt_chunk_column *col, struct rt_builder *b)
{
    const struct rt_datatype *item = rt_decoded_item(col->type);
    const struct rt_component_type *type = item ? rt_type_intern(col->name, col->archetype, col->component_type, item) : NULL;
    const struct rt_descriptor d = {(char *)(uintptr_t)col->name, (char *)(uintptr_t)col->archetype,
                                    (char *)(uintptr_t)col->component_type, item};
    if (!type)
        return -EBADMSG;
    if (b && rt_builder_component(col->name) == type && !rt_builder_has(b, type) && rt_builder_column(b, type) < 0)
        return -ENOMEM;
    return rt_manifest_intern_descriptor(&rec->store->names, &d);
}

static int64_t chunk_shape(struct rt_recording *rec, const struct rt_chunk *c, uint32_t entity, struct rt_builder *b)
{
    uint32_t list[MAX_COLUMNS], n = 0;
    for (uint32_t i = 0; i < c->n_columns; i++) {
        if (c->columns[i].kind != RT_COLUMN_COMPONENT)
            continue;
        int64_t number = n == MAX_COLUMNS ? -EBADMSG : column_descriptor(rec, &c->columns[i], b);
        if (number < 0)
            return number;
        list[n++] = (uint32_t)number;
    }
    int64_t time = rt_manifest_intern_timeline(&rec->store->names, RT_TIMELINE, strlen(RT_TIMELINE), RR_TIME_TYPE_TIMESTAMP);
    uint32_t timelines[1] = {(uint32_t)time};
    return time < 0 ? time : rt_store_shape(rec->store, entity, timelines, !c->is_static, list, n);
}

static int note_chunk(struct rt_recording *rec, const struct rt_frame *frame, const struct rt_chunk *c, struct rt_buf *chunks)
{
    struct rt_builder *b = NULL;
    const struct rt_chunk_column *time = rt_decoded_time(c);
    if (!c->is_static && !time)
        return -EBADMSG;
    int64_t entity = rt_store_entity(rec->store, c->entity_path, strlen(c->entity_path));
    int r = entity < 0 ? -ENOMEM : c->is_static ? 0 : rt_recording_builder(rec, c->entity_path, &b);
    int64_t shape = r < 0 ? r : chunk_shape(rec, c, (uint32_t)entity, b);
    if (shape < 0)
        return (int)shape;
    struct rt_placed_chunk now = {rt_chunk_facts_new(time != NULL, 0), frame->offset + RT_RRD_FRAME_HEADER_BYTES};
    if (!now.facts)
        return -ENOMEM;
    now.facts->shape = (uint32_t)shape;
    now.facts->n_rows = c->n_rows;
    now.facts->size = frame->payload_len;
    now.facts->raw_size = c->memory.len;
    memcpy(now.facts->id, c->id, sizeof now.facts->id);
    if (time && c->n_rows) { /* sorted */
        struct rt_span span = {rt_time_value(time, 0), rt_time_value(time, c->n_rows - 1)};
        now.facts->spans[0] = span;
        b->last_time = b->has_last && b->last_time > span.end ? b->last_time : span.end;
        b->has_last = true;
    }
    r = rt_buf_append(chunks, &now, sizeof now);
    if (r)
        rt_chunk_facts_unref(now.facts);
    return r;
}

static int note_frame(struct rt_recording *rec, const struct rt_frame *frame, struct rt_buf *chunks, struct rt_error *err)
{
    struct rt_store_info info;
    struct rt_chunk chunk = {0};
    int r;
    if (frame->kind == RT_FRAME_SET_STORE_INFO) {
        if (rt_store_info_decode(frame, &info, err))
            return -EBADMSG;
        return strcmp(info.recording_id, rec->store->id.recording_id) ||
            strcmp(info.application_id, rec->store->id.application_id)
                   ? rt_error_set(err, -EINVAL, "the file is recording %s of %s", info.recording_id,
                                  info.application_id) : 0;
    }
    if (frame->kind != RT_FRAME_ARROW)
        return rt_error_set(err, -EINVAL, "byte %llu: the file was closed",
                            (unsigned long long)frame->offset);
    if (rt_chunk_decode(frame, &chunk, err))
        return -EBADMSG;
    r = note_chunk(rec, frame, &chunk, chunks);
    rt_chunk_deinit(&chunk);
    return r ? rt_error_set(err, r, "byte %llu: a chunk that cannot be continued",
                            (unsigned long long)frame->offset) : 0;
}

static int note_frames(struct rt_recording *rec, struct rt_rrd_reader *reader, uint64_t keep, struct rt_buf *chunks,
                       struct rt_error *err)
{
    uint64_t end = RT_RRD_HEADER_BYTES;
    struct rt_frame frame;
    while (end < keep) {
        int r = rt_rrd_reader_next(reader, &frame, err);
        if (r)
            return r < 0 ? r : rt_error_set(err, -EBADMSG, "the file has no frame at byte %llu",
                                            (unsigned long long)end);
        end = frame.offset + RT_RRD_FRAME_HEADER_BYTES + frame.payload_len;
        if ((r = note_frame(rec, &frame, chunks, err)) < 0)
            return r;
    }
    return end == keep ? 0 : rt_error_set(err, -EINVAL, "byte %llu is not the end of a frame",
                                          (unsigned long long)keep);
}

/* Opens the sink behind what was read; what follows is cut off. */
static int go_on(struct rt_recording *rec, const char *path, uint64_t keep, bool compact, const struct rt_buf *chunks, struct rt_error *err)
{
    const struct rt_placed_chunk *list = (const struct rt_placed_chunk *)(const void *)chunks->data;
    struct rt_sink *sink;
    int r = rt_sink_file(path, keep, compact, &sink, err);
    if (r)
        return r;
    for (size_t i = 0; !r && i < chunks->len / sizeof *list; i++)
        r = rt_sink_file_note(sink, rec->store, &list[i]);
    r = r ? r : rt_recording_add_sink(rec, sink);
    if (r) {
        sink->ops->abandon(sink);
        return rt_error_set(err, r, "%s: out of memory", path);
    }
    return 0;
}

/* Reads the first @keep bytes of @path, which must end at a frame's end and belong to the recording's ids.
 * Return: 0, -EINVAL, -EBADMSG, -errno. */
int rt_recording_resume(struct rt_recording *rec, const char *path, uint64_t keep, bool compact, struct rt_error *err)
{
    struct rt_rrd_reader *reader = NULL;
    struct rt_buf chunks = {0};
    struct rt_error why = {0};
    int r = rt_rrd_reader_open(path, &reader, &why);
    r = r > 0 ? -EBADMSG : r;
    r = r ? r : note_frames(rec, reader, keep, &chunks, &why);
    if (reader)
        rt_rrd_reader_free(reader);
    if (r)
        rt_error_set(err, r, "%s: cannot be continued: %.400s", path, why.message[0] ? why.message : strerror(-r));
    else
        r = go_on(rec, path, keep, compact, &chunks, err);
    const struct rt_placed_chunk *list = (const struct rt_placed_chunk *)(const void *)chunks.data;
    for (size_t i = 0; i < chunks.len / sizeof *list; i++)
        rt_chunk_facts_unref(list[i].facts);
    rt_buf_deinit(&chunks);
    return r;
}
