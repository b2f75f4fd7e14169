#include <xxhash.h>

#include "recording/inside.h"

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
    int64_t entity = b ? rt_store_entity(rec->store, path, strlen(path)) : -ENOMEM;
    if (entity < 0) {
        free(b);
        return -ENOMEM;
    }
    rt_builder_init(b, rec->store, (uint32_t)entity, false);
    rec->builders[rec->n_builders++] = b;
    rec->index[at] = rec->n_builders;
    *ret = b;
    return 0;
}

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
    struct rt_builder b;
    int64_t entity = rt_store_entity(rec->store, path, strlen(path));
    if (entity < 0)
        return rt_error_set(err, (int)entity, "%s: out of memory", path);
    rt_builder_init(&b, rec->store, (uint32_t)entity, true);
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

int rt_recording_flush(struct rt_recording *rec, struct rt_error *err)
{
    int first = 0;
    for (uint32_t i = 0; i < rec->n_builders; i++) {
        int r = rt_recording_cut(rec, rec->builders[i], first ? NULL : err);
        first = first ? first : r;
    }
    return first;
}

uint64_t rt_recording_pending(const struct rt_recording *rec, uint64_t *ret_bytes)
{
    uint64_t rows = 0, bytes = 0;
    for (uint32_t i = 0; i < rec->n_builders; i++) {
        rows += rec->builders[i]->n_rows;
        bytes += rec->builders[i]->n_rows ? rt_builder_bytes(rec->builders[i]) : 0;
    }
    if (ret_bytes)
        *ret_bytes = bytes;
    return rows;
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
