/* What callers say of sinks, checked as the official library checks it, before anything is opened or replaced. */
#ifndef RT_RECORDING_SINK_ARGS_H
#define RT_RECORDING_SINK_ARGS_H

#include <retap.h>

#include "recording/core.h"
#include "recording/limit.h"
#include "recording/sink.h"
#include "recording/url.h"

struct rt_server_args {
    char address[64]; /* of bind_ip: an IP literal without brackets */
    uint16_t port;
    uint64_t limit_bytes; /* RT_LIMIT_NONE = none, 0 = no history */
};

/* Each: 0 or a code with *err, naming the argument. */
rr_error_code rt_args_grpc(rr_string url, float flush_timeout_sec, struct rt_proxy_url *ret, rr_error *err);
rr_error_code rt_args_server(rr_string bind_ip, uint16_t port, rr_string server_memory_limit, const rr_string *cors, uint32_t n_cors,
                             struct rt_server_args *ret, rr_error *err);
/* NULL is fine: the defaults. */
rr_error_code rt_args_spawn(const rr_spawn_options *options, rr_error *err);
/* All of a list; two that are the same are refused. */
rr_error_code rt_args_sinks(const rr_log_sink *sinks, uint32_t n, rr_error *err);

/* Checks, then makes @n sinks (at least one: none means a sink that drops everything, and *ret_n is 1). @compact as rt_sink_file().
 * gives @ret, room for RT_SINKS_MOST. On failure none is left. */
rr_error_code rt_sinks_make(const rr_log_sink *sinks, uint32_t n, bool compact, struct rt_sink **ret, uint32_t *ret_n, rr_error *err);
/* Closes sinks that were made and are not used after all. */
void rt_sinks_drop(struct rt_sink *const *sinks, uint32_t n);

#endif
