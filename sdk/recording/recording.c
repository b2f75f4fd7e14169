#include "recording/inside.h"

#include <string.h>

/* Largest chunk whatever the settings: readers take less than 2 GiB, and so does LZ4. */
#define MOST_BYTES (512u << 20)

/* ---------------------------------------------------------------- chunks */

int rt_recording_cut(struct rt_recording *rec, struct rt_builder *b, struct rt_error *err)
{
    struct rt_log_message *m;
    int r = 0;
    if (b->n_rows && b->n_columns) {
        r = rt_builder_seal(b, rec->bump);
        r = r ? r : rt_chunk_encode(&rec->encoder, b, &m);
        if (r) {
            rec->dropped += b->n_rows;
            rt_error_set(err, r, "%s: cannot encode %u rows: %s", b->path, b->n_rows, strerror(-r));
        } else {
            r = rt_recording_deliver(rec, m, err);
        }
    }
    rt_builder_clear(b);
    return r;
}

static bool has_unsorted_time(const struct rt_builder *b)
{
    for (uint32_t i = 0; i < b->n_times; i++)
        if (b->times[i].unsorted)
            return true;
    return false;
}

static bool is_full(const struct rt_recording *rec, const struct rt_builder *b)
{
    const struct rt_settings *s = &rec->settings;
    return b->n_rows >= s->max_rows || b->n_bytes >= s->max_bytes || b->n_bytes >= MOST_BYTES ||
        (b->n_rows >= s->max_rows_unsorted && has_unsorted_time(b));
}

int rt_recording_flush(struct rt_recording *rec, struct rt_error *err)
{
    int first = 0;
    for (struct rt_builder *b = rec->dirty; b; b = b->next) {
        int r = rt_recording_cut(rec, b, first ? NULL : err);
        first = first ? first : r;
        b->dirty = false;
    }
    rec->dirty = NULL;
    rec->dirty_end = &rec->dirty;
    rt_recording_sweep(rec);
    return first;
}

uint64_t rt_recording_pending(const struct rt_recording *rec, uint64_t *ret_bytes)
{
    uint64_t rows = 0, bytes = 0;
    for (const struct rt_builder *b = rec->dirty; b; b = b->next) {
        rows += b->n_rows;
        bytes += b->n_bytes;
    }
    if (ret_bytes)
        *ret_bytes = bytes;
    return rows;
}

/* ---------------------------------------------------------------- rows */

int rt_recording_row(struct rt_recording *rec, const struct rt_row *row, struct rt_error *err)
{
    struct rt_builder *b;
    int r = rt_recording_builder_of(rec, row, &b);
    if (r) {
        rec->dropped++;
        return rt_error_set(err, r, "%.*s: out of memory", (int)row->path_len, row->path);
    }
    uint32_t before = b->n_rows;
    r = rt_builder_add(b, row, err);
    if (r == -EOVERFLOW && before) { /* a chunk of what was there, and once more */
        r = rt_recording_cut(rec, b, err);
        before = 0;
        r = r ? r : rt_builder_add(b, row, err);
    }
    if (r) {
        rec->dropped += 1 + before - b->n_rows;
        return r;
    }
    rt_recording_touch(rec, b);
    return is_full(rec, b) ? rt_recording_cut(rec, b, err) : 0;
}

/* ---------------------------------------------------------------- batches */

/* How many rows from @from on fit the builder: at least one, and no more than fills it. */
static uint32_t slice_end(const struct rt_recording *rec, const struct rt_builder *b,
                          const rr_text_batch *batch, uint32_t from)
{
    uint64_t room = rec->settings.max_rows > b->n_rows ? rec->settings.max_rows - b->n_rows : 1;
    uint32_t to = batch->n_rows - from > room ? from + (uint32_t)room : batch->n_rows;
    uint64_t bytes = rec->settings.max_bytes > b->n_bytes ? rec->settings.max_bytes - b->n_bytes : 0;
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
        rt_recording_touch(rec, b);
        if (is_full(rec, b) && (r = rt_recording_cut(rec, b, first ? NULL : err)) < 0 && !first)
            first = r; /* the rest of the batch still gets its chance */
    }
    return first;
}

int rt_recording_append_static(struct rt_recording *rec, const char *path, const rr_text_batch *batch,
                               struct rt_error *err)
{
    struct rt_builder b;
    int64_t entity = rt_store_entity(rec->store, path, strlen(path));
    if (entity < 0)
        return rt_error_set(err, (int)entity, "%s: out of memory", path);
    rt_builder_init(&b, rec->store, (uint32_t)entity, RT_BUILDER_STATIC | RT_BUILDER_BATCH, NULL, 0); /* can't fail without timelines */
    int r = batch->n_rows ? rt_builder_append(&b, batch, 0, batch->n_rows, err) : 0;
    r = r ? r : rt_recording_cut(rec, &b, err);
    rt_builder_deinit(&b);
    return r;
}

int rt_recording_properties(struct rt_recording *rec, int64_t start_time_ns, const char *name, struct rt_error *err)
{
    uint32_t offsets[2] = {0, name ? (uint32_t)strlen(name) : 0};
    const rr_column columns[2] = {{"RecordingInfo:start_time", &start_time_ns, NULL, NULL}, {"RecordingInfo:name", name, offsets, NULL}};
    const rr_text_batch row = {.struct_size = sizeof row, .n_rows = 1, .columns = columns, .n_columns = offsets[1] ? 2 : 1};
    return rt_recording_append_static(rec, RT_PROPERTIES_PATH, &row, err);
}

/* ---------------------------------------------------------------- new */

int rt_recording_of_store(struct rt_store *store, const struct rt_settings *settings, struct rt_recording **ret)
{
    struct rt_recording *rec = calloc(1, sizeof *rec);
    int r = rec ? rt_encoder_init(&rec->encoder) : -ENOMEM;
    if (r) {
        free(rec);
        return r;
    }
    rec->store = rt_store_ref(store);
    rec->settings = *settings;
    rec->dirty_end = &rec->dirty;
    *ret = rec;
    return 0;
}

int rt_recording_new(const struct rt_recording_config *config, struct rt_recording **ret, struct rt_error *err)
{
    struct rt_store *store = rt_store_new(config->application_id, config->recording_id,
                                          config->kind ? config->kind : RR_STORE_KIND_RECORDING);
    int r = store ? rt_recording_of_store(store, &config->settings, ret) : -ENOMEM;
    rt_store_unref(store);
    if (r)
        return rt_error_set(err, r, "cannot prepare a recording: %s", strerror(-r));
    (*ret)->bump = config->bump;
    return 0;
}
