#include "recording/sink_args.h"

#include <arpa/inet.h>
#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "recording/api.h"

rr_error_code rt_args_grpc(rr_string url, float flush_timeout_sec, struct rt_proxy_url *ret, rr_error *err)
{
    struct rt_error e = {0};
    rr_error_code code = rt_string_check(url, "url", true, err);
    if (code)
        return code;
    if (rt_proxy_url_parse(url.utf8, url.length_in_bytes, ret, &e) < 0)
        return rt_fail(err, RR_ERROR_CODE_INVALID_SERVER_URL, "url: %s", e.message);
    if (!isfinite(flush_timeout_sec) || flush_timeout_sec < 0)
        return rt_fail(err, RR_ERROR_CODE_INVALID_TIME_ARGUMENT, "flush_timeout_sec is %g, must be finite and not negative",
                       (double)flush_timeout_sec);
    return RR_ERROR_CODE_OK;
}

static bool is_ip(const char *text)
{
    unsigned char bytes[16];
    return inet_pton(AF_INET, text, bytes) == 1 || inet_pton(AF_INET6, text, bytes) == 1;
}

/* An IPv6 address may be in brackets. */
static bool copy_ip(rr_string ip, char out[64])
{
    const char *p = ip.utf8;
    size_t n = ip.length_in_bytes;
    bool brackets = n >= 2 && p[0] == '[' && p[n - 1] == ']';
    if (brackets) {
        p++;
        n -= 2;
    }
    if (n >= 64)
        return false;
    memcpy(out, p, n);
    out[n] = 0;
    return is_ip(out) && (!brackets || strchr(out, ':'));
}

rr_error_code rt_args_server(rr_string bind_ip, uint16_t port, rr_string server_memory_limit, const rr_string *cors, uint32_t n_cors,
                             struct rt_server_args *ret, rr_error *err)
{
    struct rt_error e = {0};
    rr_error_code code = rt_string_check(bind_ip, "bind_ip", true, err);
    if (code)
        return code;
    if (!copy_ip(bind_ip, ret->address))
        return rt_fail(err, RR_ERROR_CODE_RECORDING_STREAM_SERVE_GRPC_FAILURE, "bind_ip \"%.*s\" is not an IP address",
                       (int)(bind_ip.length_in_bytes < 100 ? bind_ip.length_in_bytes : 100), bind_ip.utf8);
    ret->port = port;
    if ((code = rt_string_check(server_memory_limit, "server_memory_limit", false, err)))
        return code;
    if (rt_limit_parse(server_memory_limit.utf8 ? server_memory_limit.utf8 : "", server_memory_limit.length_in_bytes, &ret->limit_bytes, &e))
        return rt_fail(err, RR_ERROR_CODE_INVALID_MEMORY_LIMIT, "server_memory_limit: %s", e.message);
    for (uint32_t i = 0; !code && cors && i < n_cors; i++)
        code = rt_string_check(cors[i], "a pattern of cors_allow_origins", true, err);
    return code;
}

rr_error_code rt_args_spawn(const rr_spawn_options *o, rr_error *err)
{
    rr_error_code code;
    if (!o)
        return RR_ERROR_CODE_OK;
    if ((code = rt_string_check(o->memory_limit, "memory_limit", false, err)) ||
        (code = rt_string_check(o->server_memory_limit, "server_memory_limit", false, err)) ||
        (code = rt_string_check(o->executable_name, "executable_name", false, err)))
        return code;
    return rt_string_check(o->executable_path, "executable_path", false, err);
}

/* ---------------------------------------------------------------- lists */

static rr_error_code check_one(const rr_log_sink *s, rr_error *err)
{
    struct rt_proxy_url url;
    struct rt_server_args server;
    switch (s->kind) {
    case RR_LOG_SINK_KIND_GRPC:
        return rt_args_grpc(s->grpc.url, s->grpc.flush_timeout_sec, &url, err);
    case RR_LOG_SINK_KIND_FILE:
        return rt_string_check(s->file.path, "path", true, err);
    case RR_LOG_SINK_KIND_GRPC_SERVER:
        return rt_args_server(s->grpc_server.bind_ip, s->grpc_server.port, s->grpc_server.server_memory_limit,
                              s->grpc_server.cors_allow_origins, s->grpc_server.num_cors_allow_origins, &server, err);
    default:
        return rt_fail(err, RR_ERROR_CODE_INVALID_ENUM_VALUE, "sinks: no such kind: %u", s->kind);
    }
}

static bool equal(rr_string a, rr_string b)
{
    return a.length_in_bytes == b.length_in_bytes && !memcmp(a.utf8, b.utf8, a.length_in_bytes);
}

/* Without "./" and doubled slashes. */
static bool same_path(rr_string a, rr_string b)
{
    char *x = rt_string_copy(a), *y = rt_string_copy(b), *full_x = x ? realpath(x, NULL) : NULL, *full_y = y ? realpath(y, NULL) : NULL;
    bool same = equal(a, b) || (full_x && full_y && !strcmp(full_x, full_y));
    free(x);
    free(y);
    free(full_x);
    free(full_y);
    return same;
}

static bool same_url(rr_string a, rr_string b)
{
    struct rt_proxy_url x, y;
    return !rt_proxy_url_parse(a.utf8, a.length_in_bytes, &x, NULL) && !rt_proxy_url_parse(b.utf8, b.length_in_bytes, &y, NULL) &&
        !strcmp(x.host, y.host) && x.port == y.port && x.tls == y.tls;
}

static bool same_sink(const rr_log_sink *a, const rr_log_sink *b)
{
    if (a->kind != b->kind)
        return false;
    return a->kind == RR_LOG_SINK_KIND_FILE ? same_path(a->file.path, b->file.path)
        : a->kind == RR_LOG_SINK_KIND_GRPC ? same_url(a->grpc.url, b->grpc.url)
                                           : a->grpc_server.port == b->grpc_server.port;
}

rr_error_code rt_args_sinks(const rr_log_sink *sinks, uint32_t n, rr_error *err)
{
    rr_error_code code = RR_ERROR_CODE_OK;
    if (n && !sinks)
        return rt_fail(err, RR_ERROR_CODE_UNEXPECTED_NULL_ARGUMENT, "sinks is NULL");
    if (n > RT_SINKS_MOST)
        return rt_fail(err, RR_ERROR_CODE_INVALID_STRING_ARGUMENT, "sinks: %u of them, at most %u are possible", n, RT_SINKS_MOST);
    for (uint32_t i = 0; !code && i < n; i++) {
        code = check_one(&sinks[i], err);
        for (uint32_t k = 0; !code && k < i; k++)
            if (same_sink(&sinks[i], &sinks[k]))
                code = rt_fail(err, RR_ERROR_CODE_INVALID_STRING_ARGUMENT, "sinks: number %u is the same as number %u", i, k);
    }
    return code;
}

static rr_error_code make_file(rr_string path, bool compact, struct rt_sink **ret, rr_error *err)
{
    struct rt_error e = {0};
    char *copy = rt_string_copy(path);
    int r = copy ? rt_sink_file(copy, RT_SINK_CREATE, compact, ret, &e) : -ENOMEM;
    free(copy);
    if (!r)
        return RR_ERROR_CODE_OK;
    return rt_fail(err, r == -ENOMEM ? RR_ERROR_CODE_OUT_OF_MEMORY : RR_ERROR_CODE_RECORDING_STREAM_SAVE_FAILURE, "%s",
                   r == -ENOMEM ? "out of memory" : e.message);
}

static rr_error_code make_one(const rr_log_sink *s, bool compact, struct rt_sink **ret, rr_error *err)
{
    if (s->kind == RR_LOG_SINK_KIND_FILE)
        return make_file(s->file.path, compact, ret, err);
    return rt_fail(err, RR_ERROR_CODE_NOT_IMPLEMENTED, "%s sinks are not implemented yet",
                   s->kind == RR_LOG_SINK_KIND_GRPC ? "gRPC" : "gRPC server");
}

void rt_sinks_drop(struct rt_sink *const *sinks, uint32_t n)
{
    for (uint32_t i = 0; i < n; i++)
        rt_sink_abandon(sinks[i]);
}

rr_error_code rt_sinks_make(const rr_log_sink *sinks, uint32_t n, bool compact, struct rt_sink **ret, uint32_t *ret_n, rr_error *err)
{
    rr_error_code code = rt_args_sinks(sinks, n, err);
    for (uint32_t i = 0; !code && i < n; i++) /* those that can't be made, before a file is emptied for one that can */
        if (sinks[i].kind != RR_LOG_SINK_KIND_FILE)
            code = make_one(&sinks[i], compact, NULL, err);
    if (code)
        return code;
    if (!n && rt_sink_nothing(&ret[0], NULL) < 0)
        return rt_fail(err, RR_ERROR_CODE_OUT_OF_MEMORY, "out of memory");
    for (uint32_t i = 0; i < n; i++)
        if ((code = make_one(&sinks[i], compact, &ret[i], err))) {
            rt_sinks_drop(ret, i);
            return code;
        }
    *ret_n = n ? n : 1;
    return RR_ERROR_CODE_OK;
}
