/* The official functions that set sinks. Those of the network are with their arguments' checks in later.c. */
#include <stdlib.h>
#include <string.h>

#include "recording/api.h"

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

static rr_string name_of(const rr_log_sink *s)
{
    return s->kind == RR_LOG_SINK_KIND_FILE ? s->file.path : s->kind == RR_LOG_SINK_KIND_GRPC ? s->grpc.url : s->grpc_server.bind_ip;
}

static bool same(const rr_log_sink *a, const rr_log_sink *b)
{
    rr_string x = name_of(a), y = name_of(b);
    return a->kind == b->kind && x.length_in_bytes == y.length_in_bytes && !memcmp(x.utf8, y.utf8, x.length_in_bytes) &&
        (a->kind != RR_LOG_SINK_KIND_GRPC_SERVER || a->grpc_server.port == b->grpc_server.port);
}

static rr_error_code sinks_check(const rr_log_sink *sinks, uint32_t n, rr_error *err)
{
    static const char *const what[] = {"grpc.url", "file.path", "grpc_server.bind_ip"};
    if (n && !sinks)
        return rt_fail(err, RR_ERROR_CODE_UNEXPECTED_NULL_ARGUMENT, "sinks is NULL");
    if (n > RT_SINKS_MOST)
        return rt_fail(err, RR_ERROR_CODE_INVALID_STRING_ARGUMENT, "%u sinks, at most %u are possible", n, RT_SINKS_MOST);
    for (uint32_t i = 0; i < n; i++) {
        if (sinks[i].kind > RR_LOG_SINK_KIND_GRPC_SERVER)
            return rt_fail(err, RR_ERROR_CODE_INVALID_ENUM_VALUE, "sinks[%u].kind: no such kind: %u", i, sinks[i].kind);
        rr_error_code code = rt_string_check(name_of(&sinks[i]), what[sinks[i].kind], true, err);
        if (code)
            return code;
        for (uint32_t k = 0; k < i; k++)
            if (same(&sinks[i], &sinks[k]))
                return rt_fail(err, RR_ERROR_CODE_INVALID_STRING_ARGUMENT, "sinks[%u] is the same as sinks[%u]", i, k);
    }
    return RR_ERROR_CODE_OK;
}

static struct rt_sink *make_sink(const rr_log_sink *s, rr_error *err)
{
    if (s->kind == RR_LOG_SINK_KIND_FILE)
        return file_sink(s->file.path, "file.path", err);
    rt_fail(err, RR_ERROR_CODE_NOT_IMPLEMENTED, "network sinks are not implemented yet");
    return NULL;
}

/* Two paths of one file would write over each other. */
static bool twice(struct rt_sink *const *list, uint32_t n, rr_error *err)
{
    for (uint32_t i = 0; i < n; i++)
        for (uint32_t k = 0; k < i; k++)
            if (list[i]->name && list[k]->name && !strcmp(list[i]->name, list[k]->name)) {
                rt_fail(err, RR_ERROR_CODE_INVALID_STRING_ARGUMENT, "sinks[%u] is the same as sinks[%u]: %s", i, k, list[i]->name);
                return true;
            }
    return false;
}

RR_API void rr_recording_stream_set_sinks(rr_recording_stream handle, rr_log_sink *sinks, uint32_t num_sinks, rr_error *err)
{
    struct rt_sink *list[RT_SINKS_MOST];
    struct rt_error e = {0};
    uint32_t n = 0;
    if (sinks_check(sinks, num_sinks, err) || !wants_sinks(handle, err))
        return;
    while (n < num_sinks && (list[n] = make_sink(&sinks[n], err)))
        n++;
    if (!num_sinks && rt_sink_nothing(&list[n], &e) == 0)
        n++;
    struct rt_stream *s = n && n >= num_sinks && !twice(list, n, err) ? stream_for(handle, err) : NULL;
    if (s) {
        rt_stream_set_sinks(s, list, n, err);
        rt_stream_unref(s, true, NULL);
        return;
    }
    while (n > 0)
        rt_sink_abandon(list[--n]);
}
