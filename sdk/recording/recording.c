#include "recording/recording.h"

#include <stdio.h>
#include <uuid/uuid.h>
#include <xxhash.h>

#include "base/clock.h"
#include "encode/footer.h"
#include "recording/appid.h"
#include "recording/compact.h"
#include "recording/resume.h"

/* ---------------------------------------------------------------- builders by path */

static uint32_t index_slot(const struct rt_recording *rec, const char *path)
{
    uint32_t i = (uint32_t)XXH64(path, strlen(path), 0) & (rec->n_index - 1);
    while (rec->index[i] && strcmp(rec->builders[rec->index[i] - 1]->path, path))
        i = (i + 1) & (rec->n_index - 1);
    return i;
}

static int index_grow(struct rt_recording *rec)
{
    uint32_t n = rec->n_index ? rec->n_index * 2 : 32;
    uint32_t *index = calloc(n, sizeof *index);
    struct rt_builder **builders = index ? realloc(rec->builders, n / 2 * sizeof *builders) : NULL;
    if (!builders) {
        free(index);
        return -ENOMEM;
    }
    free(rec->index);
    rec->builders = builders;
    rec->index = index;
    rec->n_index = n;
    for (uint32_t i = 0; i < rec->n_builders; i++)
        rec->index[index_slot(rec, rec->builders[i]->path)] = i + 1;
    return 0;
}

int rt_recording_builder(struct rt_recording *rec, const char *path, struct rt_builder **ret)
{
    if (rec->n_builders >= rec->n_index / 2 && index_grow(rec) < 0)
        return -ENOMEM;
    uint32_t at = index_slot(rec, path);
    if (rec->index[at]) {
        *ret = rec->builders[rec->index[at] - 1];
        return 0;
    }
    struct rt_builder *b = malloc(sizeof *b);
    int64_t entity = b ? rt_manifest_add_entity(&rec->manifest, path) : -ENOMEM;
    if (entity < 0) {
        free(b);
        return -ENOMEM;
    }
    rt_builder_init(b, &rec->manifest, (uint32_t)entity, false);
    rec->builders[rec->n_builders++] = b;
    rec->index[at] = rec->n_builders;
    *ret = b;
    return 0;
}

/* ---------------------------------------------------------------- chunks */

int rt_recording_cut(struct rt_recording *rec, struct rt_builder *b, struct rt_error *err)
{
    struct rt_manifest_chunk c;
    int r = 0;
    if (b->n_rows && b->n_columns) {
        rt_buf_clear(&rec->frame);
        r = rt_builder_seal(b, rec->bump);
        r = r ? r : rt_chunk_encode(&rec->encoder, b, &rec->store, rec->sink->written, &rec->frame, &c);
        if (r)
            rt_error_set(err, r, "%s: %s: cannot encode %u rows: %s", rec->sink->path, b->path, b->n_rows,
                         strerror(-r));
        else
            r = rec->sink->ops->write(rec->sink, rec->frame.data, rec->frame.len, err);
        if (!r)
            r = rt_manifest_add_chunk(&rec->manifest, &c);
        else
            rec->dropped += b->n_rows;
    }
    rt_builder_clear(b);
    return r;
}

static bool is_full(const struct rt_recording *rec, const struct rt_builder *b)
{
    const struct rt_settings *s = &rec->settings;
    return b->n_rows >= s->max_rows || (b->unsorted && b->n_rows >= s->max_rows_unsorted) ||
        rt_builder_bytes(b) >= s->max_bytes;
}

/* How many rows from @from on fit the builder: at least one, and no more than fills it. */
static uint32_t slice_end(const struct rt_recording *rec, const struct rt_builder *b,
                          const rr_text_batch *batch, uint32_t from)
{
    uint64_t room = rec->settings.max_rows > b->n_rows ? rec->settings.max_rows - b->n_rows : 1;
    uint32_t to = batch->n_rows - from > room ? from + (uint32_t)room : batch->n_rows;
    uint64_t held = rt_builder_bytes(b), bytes = rec->settings.max_bytes > held
        ? rec->settings.max_bytes - held : 0;
    if (batch->text_offsets && (uint64_t)(batch->text_offsets[to] - batch->text_offsets[from]) > bytes) {
        uint32_t low = from + 1;
        while (low < to) { /* the first end that reaches the limit */
            uint32_t mid = low + (to - low) / 2;
            if ((uint64_t)(batch->text_offsets[mid] - batch->text_offsets[from]) >= bytes)
                to = mid;
            else
                low = mid + 1;
        }
    }
    return to;
}

int rt_recording_append(struct rt_recording *rec, const char *path, const rr_text_batch *batch,
                        struct rt_error *err)
{
    struct rt_builder *b;
    int first = rt_recording_builder(rec, path, &b);
    if (first < 0)
        return rt_error_set(err, first, "%s: out of memory", path);
    for (uint32_t from = 0, to; from < batch->n_rows; from = to) {
        to = slice_end(rec, b, batch, from);
        int r = rt_builder_append(b, batch, from, to, err);
        if (r < 0)
            return r;
        if (is_full(rec, b) && (r = rt_recording_cut(rec, b, first ? NULL : err)) < 0 && !first)
            first = r; /* the rest of the batch still gets its chance */
    }
    return first;
}

int rt_recording_append_static(struct rt_recording *rec, const char *path, const rr_text_batch *batch,
                               struct rt_error *err)
{
    struct rt_builder b, *temporal;
    int r = rt_recording_builder(rec, path, &temporal); /* for the entity's number */
    if (r < 0)
        return rt_error_set(err, r, "%s: out of memory", path);
    rt_builder_init(&b, &rec->manifest, temporal->entity, true);
    if (batch->n_rows)
        r = rt_builder_append(&b, batch, 0, batch->n_rows, err);
    r = r ? r : rt_recording_cut(rec, &b, err);
    rt_builder_deinit(&b);
    return r;
}

int rt_recording_flush(struct rt_recording *rec, struct rt_error *err)
{
    int first = 0;
    for (uint32_t i = 0; i < rec->n_builders; i++) {
        int r = rt_recording_cut(rec, rec->builders[i], first ? NULL : err);
        first = first ? first : r;
    }
    return first;
}

/* ---------------------------------------------------------------- open */

static int take_ids(struct rt_recording *rec, const rr_stream_options *o)
{
    rec->store.application_id = rt_appid_rewrite(o->application_id);
    if (o->recording_id && o->recording_id[0]) {
        rec->store.recording_id = strdup(o->recording_id);
    } else {
        uuid_t id;
        char *p = rec->store.recording_id = malloc(4 + 32 + 1);
        uuid_generate_random(id);
        for (int i = 0; p && i < 16; i++)
            sprintf(p + 4 + 2 * i, "%02x", id[i]);
        if (p)
            memcpy(p, "rec_", 4);
    }
    return rec->store.application_id && rec->store.recording_id ? 0 : -ENOMEM;
}

static int send_properties(struct rt_recording *rec, const rr_stream_options *o, struct rt_error *err)
{
    int64_t start = o->start_time_ns ? o->start_time_ns : (int64_t)rt_real_ns();
    const char *name = o->recording_name ? o->recording_name : "";
    uint32_t offsets[2] = {0, (uint32_t)strlen(name)};
    const rr_column columns[2] = {{"RecordingInfo:start_time", &start, NULL, NULL},
                                  {"RecordingInfo:name", name, offsets, NULL}};
    const rr_text_batch row = {.struct_size = sizeof row, .n_rows = 1, .columns = columns,
                               .n_columns = name[0] ? 2 : 1};
    return rt_recording_append_static(rec, RT_PROPERTIES_PATH, &row, err);
}

static int begin_file(struct rt_recording *rec, const rr_stream_options *o, struct rt_error *err)
{
    rt_buf_clear(&rec->frame);
    if (rt_rrd_stream_header(&rec->frame) < 0 ||
        rt_rrd_store_info(&rec->frame, &rec->store, rt_encoder_ids(&rec->encoder, rt_real_ns(), 1)) < 0)
        return rt_error_set(err, -ENOMEM, "%s: out of memory", o->save);
    int r = rt_sink_file_open(o->save, RT_SINK_CREATE, &rec->sink, err);
    r = r ? r : rec->sink->ops->write(rec->sink, rec->frame.data, rec->frame.len, err);
    return r || o->send_properties == 2 ? r : send_properties(rec, o, err);
}

int rt_recording_open(const rr_stream_options *o, struct rt_recording **ret, struct rt_error *err)
{
    struct rt_recording *rec = calloc(1, sizeof *rec);
    int r = rec ? rt_encoder_init(&rec->encoder) : -ENOMEM;
    r = r ? r : take_ids(rec, o);
    if (r) {
        rt_recording_free(rec);
        return rt_error_set(err, r, "%s: cannot prepare a recording: %s", o->save, strerror(-r));
    }
    rec->settings = rt_settings_read();
    rec->bump = true;
    rec->compact = o->compact_at_close != 2;
    r = o->resume ? rt_recording_resume(rec, o->save, o->resume_bytes, err) : begin_file(rec, o, err);
    if (r) {
        rt_recording_free(rec);
        return r;
    }
    *ret = rec;
    return 0;
}

/* ---------------------------------------------------------------- close */

int rt_recording_finish(struct rt_recording *rec, struct rt_error *err)
{
    struct rt_buf footer = {0};
    rt_buf_clear(&rec->frame);
    int r = rt_footer_build(&rec->manifest, &rec->store, &footer);
    r = r ? r : rt_rrd_end(&rec->frame, rec->sink->written, footer.data, footer.len);
    rt_buf_deinit(&footer);
    if (r)
        return rt_error_set(err, r, "%s: cannot make the footer: %s", rec->sink->path, strerror(-r));
    return rec->sink->ops->write(rec->sink, rec->frame.data, rec->frame.len, err);
}

int rt_recording_close(struct rt_recording *rec, struct rt_error *err)
{
    int first = rt_recording_flush(rec, err);
    int r = rt_recording_finish(rec, first ? NULL : err);
    first = first ? first : r;
    if (!r && rec->compact)
        rt_recording_compact(rec); /* a failure leaves the file as it is */
    r = rec->sink->ops->close(rec->sink, first ? NULL : err);
    rec->sink = NULL;
    rt_recording_free(rec);
    return first ? first : r;
}

void rt_recording_deinit(struct rt_recording *rec)
{
    if (rec->sink)
        rec->sink->ops->close(rec->sink, NULL);
    for (uint32_t i = 0; i < rec->n_builders; i++) {
        rt_builder_deinit(rec->builders[i]);
        free(rec->builders[i]);
    }
    free(rec->builders);
    free(rec->index);
    rt_manifest_deinit(&rec->manifest);
    rt_encoder_deinit(&rec->encoder);
    rt_buf_deinit(&rec->frame);
    free(rec->store.application_id);
    free(rec->store.recording_id);
}

struct rt_recording *rt_recording_free(struct rt_recording *rec)
{
    if (rec)
        rt_recording_deinit(rec);
    free(rec);
    return NULL;
}
