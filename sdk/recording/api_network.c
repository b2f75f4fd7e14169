/* The official functions that need the network, and spawn: arguments are checked as they will be; what they ask for is not built yet. */
#include "recording/api.h"
#include "recording/sink_args.h"

/* Does the stream exist? A disabled one does, and *ret_enabled is false. */
static bool find(rr_recording_stream rec, bool *ret_enabled, rr_error *err)
{
    rr_error e = {0};
    *ret_enabled = rr_recording_stream_is_enabled(rec, &e);
    return !e.code || rt_fail(err, e.code, "%s", e.description) == RR_ERROR_CODE_OK;
}

RR_API void rr_recording_stream_connect_grpc(rr_recording_stream rec, rr_string url, float flush_timeout_sec, rr_error *err)
{
    struct rt_proxy_url parsed;
    bool enabled;
    if (find(rec, &enabled, err) && !rt_args_grpc(url, flush_timeout_sec, &parsed, err) && enabled)
        rt_not_yet("connect_grpc", err);
}

RR_API void rr_recording_stream_serve_grpc(rr_recording_stream rec, rr_string bind_ip, uint16_t port, rr_string server_memory_limit,
                                           bool newest_first, const rr_string *cors_allow_origins, uint32_t num_cors_allow_origins,
                                           rr_error *err)
{
    struct rt_server_args args;
    bool enabled;
    (void)newest_first;
    if (find(rec, &enabled, err) && !rt_args_server(bind_ip, port, server_memory_limit, cors_allow_origins, num_cors_allow_origins, &args, err) &&
        enabled)
        rt_not_yet("serve_grpc", err);
}

RR_API void rr_spawn(const rr_spawn_options *spawn_opts, rr_error *err)
{
    if (!rt_args_spawn(spawn_opts, err))
        rt_not_yet("spawn", err);
}

RR_API void rr_recording_stream_spawn(rr_recording_stream rec, const rr_spawn_options *spawn_opts, rr_error *err)
{
    bool enabled;
    if (find(rec, &enabled, err) && !rt_args_spawn(spawn_opts, err) && enabled)
        rt_not_yet("spawn", err);
}
