/* Batches of rows, and streams of one owner, whose work is done in the calling thread: the collector's way. */
#include <string.h>

#include "recording/api.h"
#include "recording/staged.h"
#include "recording/worker.h"

/* The stream, when batches may go into it. */
static rr_error_code stream_for(rr_recording_stream rec, const char *path, struct rt_stream **ret, rr_error *err)
{
    if (!path)
        return rt_fail(err, RR_ERROR_CODE_UNEXPECTED_NULL_ARGUMENT, "entity_path is NULL");
    return rt_stream_get(rec, ret, err);
}

struct batch {
    const char *path;
    const rr_text_batch *rows;
    bool is_static;
};

static int append(struct rt_stream *s, void *arg, uint64_t deadline_ns, struct rt_error *err)
{
    const struct batch *b = arg;
    struct rt_recording *rec = rt_stream_recording(s);
    (void)deadline_ns;
    if (!rec)
        return -ENOMEM;
    s->n_rows += b->rows->n_rows;
    return b->is_static ? rt_recording_append_static(rec, b->path, b->rows, err) : rt_recording_append(rec, b->path, b->rows, err);
}

static rr_error_code translate(int r, const struct rt_error *e, rr_error *err)
{
    rr_error_code code = r == -ENOMEM ? RR_ERROR_CODE_OUT_OF_MEMORY
        : r == -EINVAL ? RR_ERROR_CODE_INVALID_STRING_ARGUMENT
                       : RR_ERROR_CODE_RECORDING_STREAM_SAVE_FAILURE;
    return rt_fail(err, code, "%s", e->message[0] ? e->message : strerror(-r));
}

static rr_error_code log_batch(rr_recording_stream rec, const struct batch *b, rr_error *err)
{
    struct rt_error e = {0};
    struct rt_stream *s;
    rr_error_code code = stream_for(rec, b->path, &s, err);
    if (code || !s)
        return code;
    int r = 0;
    if (rt_is_staged(s)) {
        rt_stream_unref(s, true, NULL);
        return rt_staged_refuse("a batch of text rows", err);
    }
    if (s->owner)
        r = append(s, (void *)(uintptr_t)b, UINT64_MAX, &e);
    else if (s->enabled)
        r = rt_worker_do(append, s, (void *)(uintptr_t)b, RT_FOREVER, &e);
    rt_stream_unref(s, true, NULL);
    if (!r && b->rows->n_rows)
        rt_worker_ring(RT_RING_ROW);
    return r ? translate(r, &e, err) : RR_ERROR_CODE_OK;
}

RR_API rr_error_code rr_text_columns(rr_recording_stream rec, const char *entity_path, const rr_text_batch *batch, rr_error *err)
{
    if (!batch || batch->struct_size != sizeof *batch)
        return rt_fail(err, RR_ERROR_CODE_UNEXPECTED_NULL_ARGUMENT, "batch is NULL, or struct_size is not that of rr_text_batch");
    if (batch->n_rows && (!batch->text_offsets || !batch->log_time_ns ||
                          (!batch->text && batch->text_offsets[batch->n_rows] != batch->text_offsets[0]))) /* all empty: no text */
        return rt_fail(err, RR_ERROR_CODE_UNEXPECTED_NULL_ARGUMENT, "text, text_offsets and log_time_ns must be given");
    return log_batch(rec, &(struct batch){entity_path, batch, false}, err);
}

RR_API rr_error_code rr_log_columns(rr_recording_stream rec, const char *entity_path, uint32_t n_rows, const int64_t *log_time_ns,
                                    const rr_column *columns, uint32_t n_columns, rr_error *err)
{
    if (n_columns && !columns)
        return rt_fail(err, RR_ERROR_CODE_UNEXPECTED_NULL_ARGUMENT, "columns is NULL");
    const rr_text_batch batch = {.struct_size = sizeof batch, .n_rows = n_rows, .log_time_ns = log_time_ns, .columns = columns,
                                 .n_columns = n_columns};
    return log_batch(rec, &(struct batch){entity_path, &batch, !log_time_ns}, err);
}

/* ---------------------------------------------------------------- the owner's */

void rt_stream_abandon(struct rt_stream *s)
{
    rt_stream_forget_sinks(s);
    s->recording = rt_recording_free(s->recording);
    s->enabled = false;
    rr_recording_stream_free(s->handle);
}

static struct rt_stream *owned(rr_recording_stream rec)
{
    struct rt_stream *s = NULL;
    if (rt_stream_get(rec, &s, NULL) || !s)
        return NULL;
    bool ok = s->owner && s->recording;
    rt_stream_unref(s, true, NULL);
    return ok ? s : NULL;
}

RR_API void rr_recording_stream_abandon(rr_recording_stream rec)
{
    struct rt_stream *s = owned(rec);
    if (s)
        rt_stream_abandon(s);
}

struct figures {
    uint64_t written, rows, bytes;
};

static int ask(struct rt_stream *s, void *arg, uint64_t deadline_ns, struct rt_error *err)
{
    struct figures *f = arg;
    (void)deadline_ns;
    (void)err;
    if (s->recording) {
        f->written = rt_recording_written(s->recording);
        f->rows = rt_recording_pending(s->recording, &f->bytes);
    }
    return 0;
}

static struct figures figures(rr_recording_stream rec)
{
    struct figures f = {0};
    struct rt_stream *s;
    if (rt_stream_get(rec, &s, NULL) || !s)
        return f;
    if (s->owner)
        ask(s, &f, UINT64_MAX, NULL);
    else if (s->enabled)
        rt_worker_do(ask, s, &f, RT_FOREVER, NULL);
    rt_stream_unref(s, true, NULL);
    return f;
}

RR_API uint64_t rr_recording_stream_durable_bytes(rr_recording_stream rec)
{
    return figures(rec).written;
}

RR_API uint64_t rr_recording_stream_pending_rows(rr_recording_stream rec, uint64_t *ret_bytes)
{
    struct figures f = figures(rec);
    if (ret_bytes)
        *ret_bytes = f.bytes;
    return f.rows;
}
