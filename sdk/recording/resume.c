/* Going on with a file that a recording left without a footer: its frames are read once, to know again what the names, the columns of each
 * entity and its last time were. The file is not touched when it does not fit. */
#include "encode/bits.h"
#include "recording/inside.h"

enum { MOST_COLUMNS = 1024, MOST_TIMELINES = 64 };

struct names {
    uint32_t timelines[MOST_TIMELINES], descriptors[MOST_COLUMNS];
    const struct rt_chunk_column *times[MOST_TIMELINES], *columns[MOST_COLUMNS];
    uint32_t n_timelines, n;
};

static int name_timeline(struct rt_store *store, const struct rt_chunk_column *col, struct names *names)
{
    uint8_t type = col->time_unit == 's' ? RR_TIME_TYPE_SEQUENCE : col->time_unit == 'd' ? RR_TIME_TYPE_DURATION : RR_TIME_TYPE_TIMESTAMP;
    int64_t number = names->n_timelines == MOST_TIMELINES ? -EBADMSG
        : rt_manifest_intern_timeline(&store->names, col->name, strlen(col->name), type);
    if (number < 0)
        return (int)number;
    names->times[names->n_timelines] = col;
    names->timelines[names->n_timelines++] = (uint32_t)number;
    return 0;
}

static int name_column(struct rt_store *store, const struct rt_chunk_column *col, struct names *names)
{
    const struct rt_descriptor d = {(char *)(uintptr_t)col->name, (char *)(uintptr_t)col->archetype,
                                    (char *)(uintptr_t)col->component_type, col->datatype};
    int64_t number = names->n == MOST_COLUMNS || !col->datatype ? -EBADMSG : rt_manifest_intern_descriptor(&store->names, &d);
    if (number < 0)
        return (int)number;
    names->columns[names->n] = col;
    names->descriptors[names->n++] = (uint32_t)number;
    return 0;
}

static int name_all(struct rt_store *store, const struct rt_chunk *c, struct names *names)
{
    int r = 0;
    names->n = names->n_timelines = 0;
    for (uint32_t i = 0; !r && i < c->n_columns; i++)
        if (c->columns[i].kind == RT_COLUMN_TIMELINE)
            r = name_timeline(store, &c->columns[i], names);
        else if (c->columns[i].kind == RT_COLUMN_COMPONENT)
            r = name_column(store, &c->columns[i], names);
    return r;
}

/* ---------------------------------------------------------------- facts */

static struct rt_span span_of(const struct rt_chunk_column *time, const struct rt_chunk_column *col, uint32_t n)
{
    struct rt_span s = {INT64_MAX, INT64_MIN};
    for (uint32_t i = 0; i < n; i++) {
        int64_t t = rt_time_value(time, i);
        if (col && col->validity && !rt_bit(col->validity, i))
            continue;
        s.start = t < s.start ? t : s.start;
        s.end = t > s.end ? t : s.end;
    }
    return s;
}

static struct rt_chunk_facts *facts_of(const struct rt_chunk *c, const struct names *names)
{
    uint32_t n_partial = 0, k = 0;
    for (uint32_t i = 0; i < names->n; i++)
        n_partial += names->columns[i]->validity != NULL;
    struct rt_chunk_facts *f = rt_chunk_facts_new(names->n_timelines, n_partial);
    for (uint32_t t = 0; f && t < names->n_timelines; t++)
        f->spans[t] = span_of(names->times[t], NULL, c->n_rows);
    for (uint32_t i = 0; f && i < names->n; i++) {
        const struct rt_chunk_column *col = names->columns[i];
        if (!col->validity)
            continue;
        f->partial[k] = (struct rt_partial){i, c->n_rows - (uint32_t)rt_bits_zeros(col->validity, 0, c->n_rows)};
        for (uint32_t t = 0; t < names->n_timelines; t++)
            rt_chunk_facts_partial(f, k)[t] = span_of(names->times[t], col, c->n_rows);
        k++;
    }
    return f;
}

/* ---------------------------------------------------------------- batches go on with their columns */

static bool ids_count(const struct rt_chunk *c)
{
    for (uint32_t i = 0; i < c->n_rows; i++) {
        uint64_t have, base;
        memcpy(&have, c->row_ids + 16 * (size_t)i + 8, 8);
        memcpy(&base, c->id + 8, 8);
        if (memcmp(c->row_ids + 16 * (size_t)i, c->id, 8) || __builtin_bswap64(have) != __builtin_bswap64(base) + 1 + i)
            return false;
    }
    return true;
}

/* Was the chunk made of batches of log lines? */
static bool is_batch(const struct rt_chunk *c, const struct names *names)
{
    bool yes = names->n_timelines == 1 && !strcmp(names->times[0]->name, RT_TIMELINE) && names->times[0]->time_unit == 't' && ids_count(c);
    for (uint32_t i = 0; yes && i < names->n; i++) {
        const struct rt_component_type *type = rt_builder_component(names->columns[i]->name);
        yes = type && rt_datatype_equal(type->datatype, names->columns[i]->datatype) && !names->columns[i]->validity;
    }
    return yes;
}

static int note_batch(struct rt_recording *rec, const struct rt_chunk *c, const struct names *names, const struct rt_chunk_facts *f)
{
    struct rt_builder *b;
    int r = rt_recording_builder(rec, c->entity_path, &b);
    for (uint32_t i = 0; !r && i < names->n; i++) {
        const struct rt_component_type *type = rt_builder_component(names->columns[i]->name);
        if (rt_builder_find(b, type) == b->n_columns && rt_builder_column(b, type) < 0)
            r = -ENOMEM;
    }
    if (r || !c->n_rows)
        return r;
    b->last_time = b->has_last && b->last_time > f->spans[0].end ? b->last_time : f->spans[0].end;
    b->has_last = true;
    return 0;
}

/* ---------------------------------------------------------------- frames */

static int note_chunk(struct rt_recording *rec, const struct rt_frame *frame, const struct rt_chunk *c, struct rt_buf *chunks)
{
    struct names *names = malloc(sizeof *names);
    struct rt_placed_chunk now = {NULL, frame->offset + RT_RRD_FRAME_HEADER_BYTES};
    int64_t entity = rt_store_entity(rec->store, c->entity_path, strlen(c->entity_path)), shape = 0;
    int r = names && entity >= 0 ? name_all(rec->store, c, names) : -ENOMEM;
    if (!r)
        shape = rt_store_shape(rec->store, (uint32_t)entity, names->timelines, names->n_timelines, names->descriptors, names->n);
    if (!r && (shape < 0 || !(now.facts = facts_of(c, names))))
        r = -ENOMEM;
    if (!r) {
        now.facts->shape = (uint32_t)shape;
        now.facts->n_rows = c->n_rows;
        now.facts->size = frame->payload_len;
        now.facts->raw_size = c->memory.len;
        memcpy(now.facts->id, c->id, sizeof now.facts->id);
        if (is_batch(c, names)) {
            now.facts->rows = RT_CHUNK_ROWS_BATCH;
            r = note_batch(rec, c, names, now.facts);
        }
    }
    r = r ? r : rt_buf_append(chunks, &now, sizeof now);
    if (r)
        rt_chunk_facts_unref(now.facts);
    free(names);
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
