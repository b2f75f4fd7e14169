/* Opening streams with all their options; init. */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/utf8.h"
#include "recording/api.h"
#include "recording/appid.h"
#include "recording/blueprint.h"
#include "recording/worker.h"
#include "version.h"

RR_API const char *rr_retap_version(void)
{
    return RETAP_VERSION;
}

RR_API const char *rr_version_string(void)
{
    return RERUN_SDK_HEADER_VERSION;
}

RR_API rr_stream_options rr_stream_options_default(const char *application_id)
{
    return (rr_stream_options){.struct_size = sizeof(rr_stream_options), .application_id = application_id,
                               .store_kind = RR_STORE_KIND_RECORDING, .flush_timeout_sec = -1};
}

RR_API rr_init_options rr_init_options_default(const char *application_id)
{
    return (rr_init_options){.stream = rr_stream_options_default(application_id)};
}

RR_API size_t rr_sanitize_application_id(const char *id, char *buf, size_t len)
{
    char *fine = id && *id ? rt_appid_rewrite(id) : NULL;
    size_t n = fine ? strlen(fine) : 0;
    if (len) {
        size_t k = n < len ? n : len - 1;
        if (k)
            memcpy(buf, fine, k);
        buf[k] = 0;
    }
    free(fine);
    return n;
}

/* ---------------------------------------------------------------- open */

static rr_error_code text_check(const char *text, const char *what, bool required, rr_error *err)
{
    size_t n = text ? strlen(text) : 0;
    if (required && !text)
        return rt_fail(err, RR_ERROR_CODE_UNEXPECTED_NULL_ARGUMENT, "%s is NULL", what);
    if (required && !n)
        return rt_fail(err, RR_ERROR_CODE_INVALID_STRING_ARGUMENT, "%s is empty", what);
    if (n && !rt_utf8_ok(text, n))
        return rt_fail(err, RR_ERROR_CODE_INVALID_STRING_ARGUMENT, "%s is not UTF-8", what);
    return RR_ERROR_CODE_OK;
}

static rr_error_code options_check(const rr_stream_options *o, rr_error *err)
{
    rr_error_code code;
    if (!o)
        return rt_fail(err, RR_ERROR_CODE_UNEXPECTED_NULL_ARGUMENT, "options is NULL");
    if (o->struct_size != sizeof *o)
        return rt_fail(err, RR_ERROR_CODE_RECORDING_STREAM_CREATION_FAILURE, "options: struct_size is %u, not %zu; use rr_stream_options_default()",
                       o->struct_size, sizeof *o);
    if ((code = text_check(o->application_id, "application_id", true, err)) || (code = text_check(o->recording_id, "recording_id", false, err)) ||
        (code = text_check(o->recording_name, "recording_name", false, err)))
        return code;
    if (o->store_kind > RR_STORE_KIND_BLUEPRINT)
        return rt_fail(err, RR_ERROR_CODE_INVALID_ENUM_VALUE, "store_kind: no such kind: %u", o->store_kind);
    if (o->full_policy > RR_FULL_DROP_NEWEST)
        return rt_fail(err, RR_ERROR_CODE_INVALID_ENUM_VALUE, "full_policy: no such policy: %u", o->full_policy);
    if (isnan(o->flush_timeout_sec))
        return rt_fail(err, RR_ERROR_CODE_INVALID_TIME_ARGUMENT, "flush_timeout_sec is not a number");
    if (o->batcher && (o->batcher->struct_size != sizeof *o->batcher || isnan(o->batcher->flush_tick_secs) || o->batcher->flush_tick_secs < 0))
        return rt_fail(err, RR_ERROR_CODE_RECORDING_STREAM_CREATION_FAILURE, "batcher: %s",
                       o->batcher->struct_size != sizeof *o->batcher ? "struct_size is not that of rr_chunk_batcher_config"
                                                                     : "flush_tick_secs is no time");
    if (o->default_blueprint && (code = rr_blueprint_error(o->default_blueprint, err)))
        return code;
    if (o->resume && o->owner != 1)
        return rt_fail(err, RR_ERROR_CODE_RECORDING_STREAM_CREATION_FAILURE, "resume: only an owner stream continues a file");
    if (o->owner == 1 && (!o->save || o->connect || o->to_stdout))
        return rt_fail(err, RR_ERROR_CODE_RECORDING_STREAM_CREATION_FAILURE, "an owner stream has a file (save) and nothing else");
    return RR_ERROR_CODE_OK;
}

static bool is_enabled(const rr_stream_options *o)
{
    int env = rt_env_enabled();
    return env >= 0 ? env : o->default_enabled != 2;
}

/* The sinks that the options name, a buffer when they name none. Return: how many, < 0 with *err. */
static int make_sinks(const rr_stream_options *o, struct rt_sink *sinks[3], rr_error *err)
{
    struct rt_error e = {0};
    rr_error_code code = RR_ERROR_CODE_RECORDING_STREAM_SAVE_FAILURE;
    int n = 0, r = 0;
    if (o->connect) {
        rt_fail(err, RR_ERROR_CODE_NOT_IMPLEMENTED, "connect %s: network sinks are not implemented yet", o->connect);
        return -1;
    }
    if (o->save && !o->resume) {
        r = *o->save ? rt_sink_file(o->save, RT_SINK_CREATE, o->compact_at_close != 2, &sinks[n], &e) : -EINVAL;
        if (r == -EINVAL && !*o->save)
            code = (rr_error_code)RR_ERROR_CODE_INVALID_STRING_ARGUMENT, rt_error_set(&e, r, "save is empty");
        n += !r;
    }
    if (!r && o->to_stdout == 1) {
        code = RR_ERROR_CODE_RECORDING_STREAM_STDOUT_FAILURE;
        r = rt_sink_stdout(o->buffer_limit_bytes, &sinks[n], &e);
        n += !r;
    }
    if (!r && !n && !o->resume)
        n += !(r = rt_sink_buffered(o->buffer_limit_bytes, &sinks[n], &e));
    if (!r)
        return n;
    while (n > 0)
        rt_sink_abandon(sinks[--n]);
    rt_fail(err, r == -ENOMEM ? RR_ERROR_CODE_OUT_OF_MEMORY : code, "%s", e.message[0] ? e.message : strerror(-r));
    return -1;
}

/* The default blueprint, before anything else. On failure the sinks are gone. */
static rr_error_code put_blueprint(const rr_stream_options *o, struct rt_sink *const *sinks, int n, rr_error *err)
{
    char *id = o->default_blueprint ? rt_appid_rewrite(o->application_id) : NULL;
    rr_error_code code = RR_ERROR_CODE_OK;
    if (o->default_blueprint && !id)
        code = rt_fail(err, RR_ERROR_CODE_OUT_OF_MEMORY, "out of memory");
    for (int i = 0; id && !code && i < n; i++)
        code = rt_blueprint_into_sink(o->default_blueprint, id, sinks[i], err);
    free(id);
    while (code && n > 0)
        rt_sink_abandon(sinks[--n]);
    return code;
}

static void put_into_scope(struct rt_stream *s, const rr_stream_options *o)
{
    if (o->make_default == 1)
        rr_recording_stream_set_global(s->handle, s->kind);
    if (o->make_thread_default == 1)
        rr_recording_stream_set_thread_local(s->handle, s->kind);
}

static struct rt_stream *open_stream(const rr_stream_options *o, rr_error *err)
{
    struct rt_sink *sinks[3];
    struct rt_error e = {0};
    rt_core_init();
    if (options_check(o, err))
        return NULL;
    bool enabled = is_enabled(o);
    int n = enabled ? make_sinks(o, sinks, err) : 0;
    if (n < 0 || put_blueprint(o, sinks, n, err))
        return NULL;
    const char *id = o->recording_id && *o->recording_id ? o->recording_id : rt_default_recording_id();
    struct rt_stream *s = rt_stream_new(o, id, enabled, sinks, (uint32_t)n, err);
    if (s && enabled && o->resume && rt_recording_resume(s->recording, o->save, o->resume_bytes, o->compact_at_close != 2, &e) < 0) {
        rt_fail(err, RR_ERROR_CODE_RECORDING_STREAM_SAVE_FAILURE, "%s", e.message);
        rt_stream_abandon(s);
        return NULL;
    }
    return s;
}

RR_API rr_recording_stream rr_recording_stream_open(const rr_stream_options *o, rr_error *err)
{
    struct rt_stream *s = open_stream(o, err);
    if (!s)
        return 0;
    put_into_scope(s, o);
    if (rt_env()->collect && !s->owner && s->kind == RR_STORE_KIND_RECORDING)
        rr_recording_stream_collect(s->handle, err);
    return s->handle;
}

/* ---------------------------------------------------------------- init */

static void init_blueprint(const rr_init_options *o, rr_error *err)
{
    rr_stream_options b = rr_stream_options_default(o->stream.application_id);
    char id[37];
    rt_fresh_recording_id(id);
    b.recording_id = o->exp_add_to_app_default_blueprint == 2 ? id : o->stream.application_id; /* which is the id of an application's default */
    b.store_kind = RR_STORE_KIND_BLUEPRINT;
    struct rt_stream *s = open_stream(&b, err);
    if (s) {
        rr_recording_stream_set_global(s->handle, RR_STORE_KIND_BLUEPRINT);
        rt_stream_disown(s);
    }
}

RR_API rr_recording_stream rr_init(const rr_init_options *o, rr_error *err)
{
    rr_error e = {0};
    rt_core_init();
    if (!o || options_check(&o->stream, err)) {
        if (!o)
            rt_fail(err, RR_ERROR_CODE_UNEXPECTED_NULL_ARGUMENT, "options is NULL");
        return 0;
    }
    if (o->strict)
        rr_set_strict_mode(o->strict == 1);
    rt_worker_do(rt_streams_flush, NULL, NULL, RT_FOREVER, NULL);
    if (o->init_logging == 2)
        return 0;
    struct rt_stream *s = open_stream(&o->stream, err);
    if (!s)
        return 0;
    rr_recording_stream handle = s->handle;
    rr_recording_stream_set_global(handle, s->kind);
    if (o->stream.make_thread_default == 1)
        rr_recording_stream_set_thread_local(handle, s->kind);
    if (rt_env()->collect && s->kind == RR_STORE_KIND_RECORDING)
        rr_recording_stream_collect(handle, &e);
    if (o->exp_init_blueprint == 1)
        init_blueprint(o, &e);
    if (o->spawn == 1 && !e.code)
        rr_recording_stream_spawn(handle, NULL, &e);
    rt_stream_disown(s);
    if (e.code)
        rt_fail(err, e.code, "%s", e.description);
    return handle;
}

/* ---------------------------------------------------------------- what one asks of a stream */

static size_t copy_id(rr_recording_stream handle, bool application, char *buf, size_t len)
{
    struct rt_stream *s;
    size_t n = 0;
    if (len)
        buf[0] = 0;
    if (rt_stream_get(handle, &s, NULL) || !s)
        return 0;
    const char *id = application ? s->config.application_id : s->config.recording_id;
    n = strlen(id);
    if (len) {
        size_t k = n < len ? n : len - 1;
        memcpy(buf, id, k);
        buf[k] = 0;
    }
    rt_stream_unref(s, true, NULL);
    return n;
}

RR_API size_t rr_recording_stream_recording_id(rr_recording_stream rec, char *buf, size_t len)
{
    return copy_id(rec, false, buf, len);
}

RR_API size_t rr_recording_stream_application_id(rr_recording_stream rec, char *buf, size_t len)
{
    return copy_id(rec, true, buf, len);
}

static int dropped_work(struct rt_stream *s, void *arg, uint64_t deadline_ns, struct rt_error *err)
{
    (void)deadline_ns;
    (void)err;
    *(uint64_t *)arg = s->recording ? rt_recording_dropped(s->recording) : 0;
    return 0;
}

RR_API uint64_t rr_recording_stream_dropped(rr_recording_stream rec)
{
    struct rt_stream *s;
    uint64_t n = 0;
    if (rt_stream_get(rec, &s, NULL) || !s)
        return 0;
    if (s->owner)
        n = rt_recording_dropped(s->recording);
    else if (s->enabled)
        rt_worker_do(dropped_work, s, &n, RT_FOREVER, NULL);
    n += rt_load_relaxed(&s->dropped_mt);
    rt_stream_unref(s, true, NULL);
    return n;
}
