/* Memory recordings: the user's handle beside the sink. Whatever reads the sink is done by the worker, in order with what it writes. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "recording/api.h"
#include "recording/memory.h"
#include "recording/worker.h"

struct rr_memory_recording {
    struct rt_sink *sink;
    rr_recording_stream rec; /* may have ended: then there is nothing to flush */
    char *application_id;
};

static rr_memory_recording *new_handle(const struct rt_stream *s, struct rt_sink **ret_sink, rr_error *err)
{
    struct rt_error e = {0};
    rr_memory_recording *mem = calloc(1, sizeof *mem);
    char *application_id = mem ? strdup(s->config.application_id) : NULL;
    if (!application_id || rt_sink_memory(ret_sink, &e) < 0) {
        rt_fail(err, RR_ERROR_CODE_OUT_OF_MEMORY, "no memory for a memory recording");
        free(application_id);
        free(mem);
        return NULL;
    }
    *mem = (rr_memory_recording){.sink = *ret_sink, .rec = s->handle, .application_id = application_id};
    return mem;
}

RR_API rr_memory_recording *rr_recording_stream_memory(rr_recording_stream rec, rr_error *err)
{
    struct rt_stream *s;
    struct rt_sink *sink;
    if (rt_stream_get(rec, &s, err) || !s)
        return NULL;
    rr_memory_recording *mem = new_handle(s, &sink, err);
    if (mem && !s->enabled) {
        rt_sink_memory_unref(sink); /* nobody will ever log into it */
    } else if (mem && rt_stream_set_sinks(s, &sink, 1, err)) {
        rr_memory_recording_free(mem);
        mem = NULL;
    }
    rt_stream_unref(s, true, NULL);
    return mem;
}

RR_API void rr_memory_recording_free(rr_memory_recording *mem)
{
    if (!mem)
        return;
    rt_sink_memory_unref(mem->sink);
    free(mem->application_id);
    free(mem);
}

/* ---------------------------------------------------------------- reading */

struct reading {
    struct rt_sink *sink;
    const struct rt_backlog *before;
    bool empty;
    size_t n_msgs;
    struct rt_buf *out; /* NULL: only count */
};

static int read_work(struct rt_stream *s, void *arg, uint64_t deadline_ns, struct rt_error *err)
{
    struct reading *r = arg;
    (void)s;
    (void)deadline_ns;
    r->n_msgs = rt_sink_memory_count(r->sink);
    int code = r->out ? rt_sink_memory_read(r->sink, r->before, r->out) : 0;
    if (!code && r->out && r->out->len > UINT32_MAX)
        return rt_error_set(err, -EFBIG, "the recording has %zu bytes, more than rr_bytes can hold", r->out->len);
    if (!code && r->empty)
        rt_sink_memory_empty(r->sink);
    return code ? rt_error_set(err, code, "cannot read the memory recording: %s", strerror(-code)) : 0;
}

/* Flushes, then reads. Return: 0 or a code with *err. */
static rr_error_code read_memory(rr_memory_recording *mem, struct reading *r, rr_error *err)
{
    struct rt_error e = {0};
    rr_error flush = {0};
    struct rt_stream *s = NULL;
    r->sink = mem->sink;
    if (!rt_stream_get(mem->rec, &s, NULL) && s) {
        rt_stream_flush(s, RT_FOREVER, RT_FLUSH_REST, &flush);
        rt_stream_unref(s, true, NULL);
    }
    if (flush.code && r->out)
        return rt_fail(err, flush.code, "%s", flush.description);
    int code = rt_worker_do(read_work, NULL, r, RT_FOREVER, &e);
    if (!code)
        return RR_ERROR_CODE_OK;
    return rt_fail(err, code == -ENOMEM ? RR_ERROR_CODE_OUT_OF_MEMORY : code == -EDEADLK ? RR_ERROR_CODE_RECORDING_STREAM_FLUSH_FAILURE
                        : RR_ERROR_CODE_RECORDING_STREAM_RUNTIME_FAILURE, "%s", e.message[0] ? e.message : strerror(-code));
}

RR_API uint64_t rr_memory_recording_num_msgs(rr_memory_recording *mem)
{
    struct reading r = {0};
    return mem && !read_memory(mem, &r, NULL) ? r.n_msgs : 0;
}

RR_API rr_error_code rr_memory_recording_drain(rr_memory_recording *mem, rr_bytes *out, rr_error *err)
{
    struct rt_buf bytes = {0};
    struct reading r = {.empty = true, .out = &bytes};
    if (!mem || !out)
        return rt_fail(err, RR_ERROR_CODE_UNEXPECTED_NULL_ARGUMENT, "%s is NULL", mem ? "out" : "mem");
    rr_error_code code = read_memory(mem, &r, err);
    if (code)
        rt_buf_deinit(&bytes);
    else
        *out = (rr_bytes){bytes.data, (uint32_t)bytes.len};
    return code;
}

RR_API void rr_bytes_free(rr_bytes *bytes)
{
    if (!bytes)
        return;
    free((void *)(uintptr_t)bytes->bytes);
    *bytes = (rr_bytes){0};
}

rr_error_code rt_memory_copy(rr_memory_recording *mem, const struct rt_backlog *before, struct rt_buf *out, rr_error *err)
{
    struct reading r = {.before = before, .out = out};
    return read_memory(mem, &r, err);
}

const char *rt_memory_application(const rr_memory_recording *mem)
{
    return mem->application_id;
}
