/* The official functions that set sinks. Those of the network are in api_network.c. */
#include <stdlib.h>
#include <string.h>

#include "recording/api.h"
#include "recording/sink_args.h"

static struct rt_stream *stream_for(rr_recording_stream handle, rr_error *err)
{
    struct rt_stream *s;
    return rt_stream_get(handle, &s, err) ? NULL : s;
}

static void set_one(rr_recording_stream handle, struct rt_sink *sink, rr_error *err)
{
    struct rt_stream *s = stream_for(handle, err);
    if (!s) {
        rt_sink_abandon(sink);
        return;
    }
    rt_stream_set_sinks(s, &sink, 1, err);
    rt_stream_unref(s, true, NULL);
}

/* May sinks be made for this stream? A disabled one makes none: no file appears. */
static bool wants_sinks(rr_recording_stream handle, rr_error *err)
{
    struct rt_stream *s = stream_for(handle, err);
    bool wants = s && s->enabled;
    if (s)
        rt_stream_unref(s, true, NULL);
    return wants;
}

static struct rt_sink *file_sink(rr_string path, const char *what, rr_error *err)
{
    struct rt_error e = {0};
    struct rt_sink *sink = NULL;
    if (rt_string_check(path, what, true, err))
        return NULL;
    char *text = rt_string_copy(path);
    int r = text ? rt_sink_file(text, RT_SINK_CREATE, true, &sink, &e) : -ENOMEM;
    free(text);
    if (r)
        rt_fail(err, r == -ENOMEM ? RR_ERROR_CODE_OUT_OF_MEMORY : RR_ERROR_CODE_RECORDING_STREAM_SAVE_FAILURE, "%s",
                e.message[0] ? e.message : strerror(-r));
    return r ? NULL : sink;
}

RR_API void rr_recording_stream_save(rr_recording_stream handle, rr_string path, rr_error *err)
{
    if (rt_string_check(path, "path", true, err) || !wants_sinks(handle, err))
        return;
    struct rt_sink *sink = file_sink(path, "path", err);
    if (sink)
        set_one(handle, sink, err);
}

static uint64_t buffer_limit(rr_recording_stream handle)
{
    struct rt_stream *s = stream_for(handle, NULL);
    uint64_t n = s ? s->buffer_limit : 0;
    if (s)
        rt_stream_unref(s, true, NULL);
    return n;
}

static void set_made(rr_recording_stream handle, int r, struct rt_sink *sink, const struct rt_error *e, rr_error_code code, rr_error *err)
{
    if (r)
        rt_fail(err, r == -ENOMEM ? RR_ERROR_CODE_OUT_OF_MEMORY : code, "%s", e->message[0] ? e->message : strerror(-r));
    else
        set_one(handle, sink, err);
}

RR_API void rr_recording_stream_stdout(rr_recording_stream handle, rr_error *err)
{
    struct rt_error e = {0};
    struct rt_sink *sink = NULL;
    if (wants_sinks(handle, err)) {
        int r = rt_sink_stdout(buffer_limit(handle), &sink, &e);
        set_made(handle, r, sink, &e, RR_ERROR_CODE_RECORDING_STREAM_STDOUT_FAILURE, err);
    }
}

RR_API void rr_recording_stream_disconnect(rr_recording_stream handle, rr_error *err)
{
    struct rt_error e = {0};
    struct rt_sink *sink = NULL;
    if (wants_sinks(handle, err)) {
        int r = rt_sink_buffered(buffer_limit(handle), &sink, &e);
        set_made(handle, r, sink, &e, RR_ERROR_CODE_RECORDING_STREAM_RUNTIME_FAILURE, err);
    }
}

/* ---------------------------------------------------------------- several */

RR_API void rr_recording_stream_set_sinks(rr_recording_stream handle, rr_log_sink *sinks, uint32_t num_sinks, rr_error *err)
{
    struct rt_sink *list[RT_SINKS_MOST];
    uint32_t n;
    if (rt_args_sinks(sinks, num_sinks, err) || !wants_sinks(handle, err) || rt_sinks_make(sinks, num_sinks, true, list, &n, err))
        return;
    struct rt_stream *s = stream_for(handle, err);
    if (!s) {
        rt_sinks_drop(list, n);
        return;
    }
    rt_stream_set_sinks(s, list, n, err);
    rt_stream_unref(s, true, NULL);
}
