/* retap/sinks.h but for memory recordings: what is said more of a sink than the official functions can. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "recording/api.h"
#include "recording/blueprint.h"
#include "recording/sink_args.h"
#include "recording/staged.h"

RR_API rr_sink_options rr_sink_options_default(void)
{
    return (rr_sink_options){.struct_size = sizeof(rr_sink_options)};
}

RR_API rr_log_sink rr_sink_file(const char *path)
{
    return (rr_log_sink){.kind = RR_LOG_SINK_KIND_FILE, .file = {rr_make_string(path)}};
}

RR_API rr_log_sink rr_sink_grpc(const char *url)
{
    return (rr_log_sink){.kind = RR_LOG_SINK_KIND_GRPC, .grpc = {rr_make_string(url ? url : RR_DEFAULT_URL), RR_DEFAULT_FLUSH_TIMEOUT_SEC}};
}

RR_API rr_log_sink rr_sink_grpc_server(const char *bind_ip, uint16_t port, const char *server_memory_limit)
{
    return (rr_log_sink){.kind = RR_LOG_SINK_KIND_GRPC_SERVER,
                         .grpc_server = {.bind_ip = rr_make_string(bind_ip ? bind_ip : "0.0.0.0"),
                                         .port = port ? port : RR_DEFAULT_PORT,
                                         .server_memory_limit = rr_make_string(server_memory_limit ? server_memory_limit : "1GiB")}};
}

/* ---------------------------------------------------------------- sinks with a default blueprint */

static rr_error_code options_check(const rr_sink_options *o, rr_error *err)
{
    if (o && o->struct_size != sizeof *o)
        return rt_fail(err, RR_ERROR_CODE_INVALID_ENUM_VALUE, "options: struct_size is %u, not %zu; use rr_sink_options_default()", o->struct_size,
                       sizeof *o);
    return o && o->default_blueprint ? rr_blueprint_error(o->default_blueprint, err) : RR_ERROR_CODE_OK;
}

/* The stream, counted, when sinks are to be made for it: it exists and is enabled. */
static struct rt_stream *wanting(rr_recording_stream rec, rr_error *err)
{
    struct rt_stream *s;
    if (rt_stream_get(rec, &s, err) || !s)
        return NULL;
    if (s->enabled)
        return s;
    rt_stream_unref(s, true, NULL);
    return NULL;
}

/* Takes @sinks: the blueprint goes into each, then they replace those of the stream, whose count is given back. */
static void set(struct rt_stream *s, struct rt_sink *const *sinks, uint32_t n, const rr_sink_options *o, rr_error *err)
{
    rr_error_code code = o && o->default_blueprint && rt_is_staged(s) ? rt_staged_refuse("a default blueprint", err) : RR_ERROR_CODE_OK;
    for (uint32_t i = 0; !code && o && o->default_blueprint && i < n; i++)
        code = rt_blueprint_into_sink(o->default_blueprint, s->config.application_id, sinks[i], err);
    if (code)
        rt_sinks_drop(sinks, n);
    else
        rt_stream_set_sinks(s, sinks, n, err);
    rt_stream_unref(s, true, NULL);
}

RR_API void rr_recording_stream_set_sinks_ex(rr_recording_stream rec, rr_log_sink *sinks, uint32_t num_sinks, const rr_sink_options *options,
                                             rr_error *err)
{
    struct rt_sink *list[RT_SINKS_MOST];
    uint32_t n;
    if (options_check(options, err) || rt_args_sinks(sinks, num_sinks, err))
        return;
    struct rt_stream *s = wanting(rec, err);
    if (s && !rt_sinks_make(sinks, num_sinks, true, list, &n, err))
        set(s, list, n, options, err);
    else if (s)
        rt_stream_unref(s, true, NULL);
}

RR_API void rr_recording_stream_save_ex(rr_recording_stream rec, const char *path, const rr_sink_options *options, rr_error *err)
{
    rr_log_sink sink = rr_sink_file(path);
    if (!path)
        rt_fail(err, RR_ERROR_CODE_UNEXPECTED_NULL_ARGUMENT, "path is NULL");
    else
        rr_recording_stream_set_sinks_ex(rec, &sink, 1, options, err);
}

RR_API void rr_recording_stream_stdout_ex(rr_recording_stream rec, const rr_sink_options *options, rr_error *err)
{
    struct rt_error e = {0};
    struct rt_sink *sink;
    if (options_check(options, err))
        return;
    struct rt_stream *s = wanting(rec, err);
    if (!s)
        return;
    int r = rt_sink_stdout(s->buffer_limit, &sink, &e);
    if (!r) {
        set(s, &sink, 1, options, err);
        return;
    }
    rt_fail(err, r == -ENOMEM ? RR_ERROR_CODE_OUT_OF_MEMORY : RR_ERROR_CODE_RECORDING_STREAM_STDOUT_FAILURE, "%s", e.message);
    rt_stream_unref(s, true, NULL);
}

RR_API void rr_recording_stream_set_callback(rr_recording_stream rec, rr_frame_callback fn, void *ctx, rr_error *err)
{
    struct rt_error e = {0};
    struct rt_sink *sink;
    if (!fn) {
        rt_fail(err, RR_ERROR_CODE_UNEXPECTED_NULL_ARGUMENT, "fn is NULL");
        return;
    }
    struct rt_stream *s = wanting(rec, err);
    if (!s)
        return;
    if (!rt_sink_callback(fn, ctx, &sink, &e)) {
        set(s, &sink, 1, NULL, err);
        return;
    }
    rt_fail(err, RR_ERROR_CODE_OUT_OF_MEMORY, "%s", e.message);
    rt_stream_unref(s, true, NULL);
}

/* ---------------------------------------------------------------- network */

RR_API void rr_recording_stream_connect_grpc_ex(rr_recording_stream rec, const char *url, float flush_timeout_sec, const rr_sink_options *options,
                                                rr_error *err)
{
    if (!options_check(options, err))
        rr_recording_stream_connect_grpc(rec, rr_make_string(url ? url : RR_DEFAULT_URL),
                                         flush_timeout_sec < 0 ? RR_DEFAULT_FLUSH_TIMEOUT_SEC : flush_timeout_sec, err);
}

#define NO_TIMEOUT_SEC 1e9f /* the official form of "no limit": a huge number */

/* Of these characters, with something behind the last colon; the rest is for the parser of URLs. */
static bool is_ip_and_port(const char *addr)
{
    const char *colon = strrchr(addr, ':');
    return colon && colon[1] && strspn(addr, "0123456789abcdefABCDEF.:[]") == strlen(addr);
}

RR_API void rr_recording_stream_connect(rr_recording_stream rec, const char *addr, float flush_timeout_sec, rr_error *err)
{
    struct rt_proxy_url parsed;
    char *url = NULL;
    if (addr && !is_ip_and_port(addr)) {
        rt_fail(err, RR_ERROR_CODE_INVALID_SOCKET_ADDRESS, "addr \"%.100s\" is not ip:port", addr);
        return;
    }
    if (asprintf(&url, "rerun+http://%s/proxy", addr ? addr : "127.0.0.1:9876") < 0)
        rt_fail(err, RR_ERROR_CODE_OUT_OF_MEMORY, "out of memory");
    else if (rt_proxy_url_parse(url, strlen(url), &parsed, NULL))
        rt_fail(err, RR_ERROR_CODE_INVALID_SOCKET_ADDRESS, "addr \"%.100s\" is not ip:port", addr);
    else
        rr_recording_stream_connect_grpc(rec, rr_make_string(url), flush_timeout_sec < 0 ? NO_TIMEOUT_SEC : flush_timeout_sec, err);
    free(url);
}

RR_API rr_serve_grpc_options rr_serve_grpc_options_default(void)
{
    return (rr_serve_grpc_options){.struct_size = sizeof(rr_serve_grpc_options)};
}

/* What viewers on this machine open. */
static void put_uri(uint16_t port, char *uri, size_t n)
{
    if (uri && n)
        snprintf(uri, n, "rerun+http://127.0.0.1:%u/proxy", port);
}

RR_API void rr_recording_stream_serve_grpc_ex(rr_recording_stream rec, const rr_serve_grpc_options *o, char *uri, size_t n, rr_error *err)
{
    const rr_serve_grpc_options defaults = rr_serve_grpc_options_default();
    rr_error e = {0};
    o = o ? o : &defaults;
    if (o->struct_size != sizeof *o || (o->n_cors_allow_origins && !o->cors_allow_origins)) {
        rt_fail(err, o->struct_size != sizeof *o ? RR_ERROR_CODE_INVALID_ENUM_VALUE : RR_ERROR_CODE_UNEXPECTED_NULL_ARGUMENT, "options: %s",
                o->struct_size != sizeof *o ? "struct_size is not that of rr_serve_grpc_options" : "cors_allow_origins is NULL");
        return;
    }
    if (o->default_blueprint && rr_blueprint_error(o->default_blueprint, err))
        return;
    rr_string *cors = calloc(o->n_cors_allow_origins + 1, sizeof *cors);
    if (!cors) {
        rt_fail(err, RR_ERROR_CODE_OUT_OF_MEMORY, "out of memory");
        return;
    }
    for (uint32_t i = 0; i < o->n_cors_allow_origins; i++)
        cors[i] = rr_make_string(o->cors_allow_origins[i]);
    const rr_log_sink s = rr_sink_grpc_server(o->bind_ip, o->grpc_port, o->server_memory_limit);
    rr_recording_stream_serve_grpc(rec, s.grpc_server.bind_ip, s.grpc_server.port, s.grpc_server.server_memory_limit, o->newest_first == 1, cors,
                                   o->n_cors_allow_origins, &e);
    free(cors);
    if (e.code)
        rt_fail(err, e.code, "%s", e.description);
    else
        put_uri(s.grpc_server.port, uri, n);
}

RR_API void rr_recording_stream_spawn_ex(rr_recording_stream rec, const rr_spawn_options *spawn_opts, const rr_sink_options *options, rr_error *err)
{
    if (!options_check(options, err))
        rr_recording_stream_spawn(rec, spawn_opts, err);
}
