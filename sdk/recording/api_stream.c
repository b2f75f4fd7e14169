/* The official functions for streams and time. */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <uuid/uuid.h>

#include "base/clock.h"
#include "base/utf8.h"
#include "recording/api.h"
#include "recording/record.h"
#include "recording/thread.h"
#include "recording/worker.h"

/* ---------------------------------------------------------------- arguments */

rr_error_code rt_string_check(rr_string s, const char *what, bool required, rr_error *err)
{
    if (!s.length_in_bytes)
        return required ? rt_fail(err, RR_ERROR_CODE_INVALID_STRING_ARGUMENT, "%s is empty", what) : RR_ERROR_CODE_OK;
    if (!s.utf8)
        return rt_fail(err, RR_ERROR_CODE_UNEXPECTED_NULL_ARGUMENT, "%s is NULL", what);
    if (memchr(s.utf8, 0, s.length_in_bytes) || !rt_utf8_ok(s.utf8, s.length_in_bytes))
        return rt_fail(err, RR_ERROR_CODE_INVALID_STRING_ARGUMENT, "%s is not UTF-8 or holds a NUL", what);
    return RR_ERROR_CODE_OK;
}

char *rt_string_copy(rr_string s)
{
    char *p = malloc((size_t)s.length_in_bytes + 1);
    if (p) {
        if (s.length_in_bytes)
            memcpy(p, s.utf8, s.length_in_bytes);
        p[s.length_in_bytes] = 0;
    }
    return p;
}

/* ---------------------------------------------------------------- making and freeing */

void rt_fresh_recording_id(char out[37])
{
    uuid_t id;
    uuid_generate_random(id);
    memcpy(out, "rec_", 4);
    for (int i = 0; i < 16; i++)
        sprintf(out + 4 + 2 * i, "%02x", id[i]);
}

RR_API rr_recording_stream rr_recording_stream_new(const rr_store_info *info, bool default_enabled, bool send_properties, rr_error *err)
{
    char fresh[37], *application = NULL, *id = NULL;
    rr_recording_stream handle = 0;
    if (!info) {
        rt_fail(err, RR_ERROR_CODE_UNEXPECTED_NULL_ARGUMENT, "store_info is NULL");
        return 0;
    }
    if (info->store_kind != RR_STORE_KIND_RECORDING && info->store_kind != RR_STORE_KIND_BLUEPRINT) {
        rt_fail(err, RR_ERROR_CODE_INVALID_ENUM_VALUE, "store_kind: no such kind: %u", info->store_kind);
        return 0;
    }
    if (rt_string_check(info->application_id, "application_id", true, err) || rt_string_check(info->recording_id, "recording_id", false, err))
        return 0;
    rt_fresh_recording_id(fresh);
    application = rt_string_copy(info->application_id);
    id = info->recording_id.length_in_bytes ? rt_string_copy(info->recording_id) : strdup(fresh);
    if (application && id) {
        rr_stream_options o = rr_stream_options_default(application);
        o.recording_id = id;
        o.store_kind = info->store_kind;
        o.default_enabled = default_enabled ? 1 : 2;
        o.send_properties = send_properties ? 1 : 2;
        handle = rr_recording_stream_open(&o, err);
    } else {
        rt_fail(err, RR_ERROR_CODE_OUT_OF_MEMORY, "out of memory");
    }
    free(application);
    free(id);
    return handle;
}

/* The stream of a handle that counts, with that count handed over. NULL: no such stream, or the handle does not own it. */
static struct rt_stream *take_handle(rr_recording_stream handle)
{
    struct rt_stream *s = NULL;
    if (handle >= RR_REC_STREAM_CURRENT_BLUEPRINT || rt_stream_get(handle, &s, NULL) || !s)
        return NULL;
    pthread_mutex_lock(&rt_core.registry);
    bool mine = s->handle_counts;
    s->handle_counts = false;
    if (mine)
        rt_stream_forget(s);
    pthread_mutex_unlock(&rt_core.registry);
    rt_stream_unref(s, true, NULL); /* not the last: the handle's is there, or another's */
    return mine ? s : NULL;
}

RR_API void rr_recording_stream_free(rr_recording_stream handle)
{
    struct rt_stream *s = take_handle(handle);
    if (!s)
        return;
    rt_stream_flush_await(s); /* or the worker closes the file, later */
    rt_stream_unref(s, true, NULL);
}

/* Of @timeout_sec since @begun_ns; below 0 it stays what it is: as long as bytes move. */
static float time_left(float timeout_sec, uint64_t begun_ns)
{
    float gone = (float)(rt_mono_ns() - begun_ns) / 1e9f;
    return timeout_sec < 0 ? timeout_sec : gone < timeout_sec ? timeout_sec - gone : 0;
}

RR_API rr_error_code rr_recording_stream_close(rr_recording_stream handle, float timeout_sec, rr_error *err)
{
    rr_error e = {0};
    uint64_t lost;
    struct rt_stream *s = take_handle(handle);
    if (!s)
        return rt_fail(err, RR_ERROR_CODE_INVALID_RECORDING_STREAM_HANDLE, "no such recording stream: handle %u", handle);
    if (isnan(timeout_sec))
        timeout_sec = 0;
    uint64_t begun = rt_mono_ns();
    rt_stream_flush(s, timeout_sec, 0, &e);
    lost = rt_load_relaxed(&s->dropped_mt);
    s->flush_timeout = time_left(timeout_sec, begun);
    rt_stream_flush_await(s);
    s->flush_timeout = time_left(timeout_sec, begun);
    rt_stream_unref(s, true, e.code ? NULL : &e);
    if (!e.code && lost)
        rt_fail(&e, RR_ERROR_CODE_RECORDING_STREAM_RUNTIME_FAILURE, "%llu rows found no room and were dropped", (unsigned long long)lost);
    return e.code ? rt_fail(err, e.code, "%s", e.description) : RR_ERROR_CODE_OK;
}

RR_API bool rr_recording_stream_is_enabled(rr_recording_stream handle, rr_error *err)
{
    struct rt_stream *s;
    if (rt_stream_get(handle, &s, err) || !s)
        return false;
    bool enabled = s->enabled && !rt_load_relaxed(&rt_core.off_mt);
    rt_stream_unref(s, true, NULL);
    return enabled;
}

RR_API void rr_recording_stream_flush_blocking(rr_recording_stream handle, float timeout_sec, rr_error *err)
{
    struct rt_stream *s;
    if (rt_stream_get(handle, &s, NULL) || !s)
        return;
    if (isnan(timeout_sec) || timeout_sec < 0) {
        rt_fail(err, RR_ERROR_CODE_INVALID_TIME_ARGUMENT, "timeout_sec is %g, must be 0 or above", (double)timeout_sec);
        timeout_sec = 0;
    }
    rt_stream_flush(s, timeout_sec, 0, err);
    rt_stream_unref(s, true, NULL);
}

RR_API void rr_recording_stream_sync(rr_recording_stream handle, float timeout_sec, rr_error *err)
{
    struct rt_stream *s;
    if (rt_stream_get(handle, &s, err) || !s)
        return;
    if (isnan(timeout_sec) || timeout_sec < 0)
        rt_fail(err, RR_ERROR_CODE_INVALID_TIME_ARGUMENT, "timeout_sec is %g, must be 0 or above", (double)timeout_sec);
    else
        rt_stream_flush(s, timeout_sec, RT_FLUSH_SYNC, err);
    rt_stream_unref(s, true, NULL);
}

/* ---------------------------------------------------------------- time */

static void type_changed(uint8_t from, rr_time_type to, const char *name, size_t len)
{
    static const char *const names[] = {"", "sequence", "duration", "timestamp"};
    static uint32_t site;
    rt_warn(&site, "timeline %.*s was a %s, is a %s now: viewers read all its values as one of the two", (int)len, name, names[from & 3],
            names[to & 3]);
}

rr_error_code rt_set_time(rr_recording_stream handle, const char *name, size_t len, rr_time_type type, int64_t value, bool checks_type,
                          rr_error *err)
{
    struct rt_stream *s;
    uint8_t old = 0;
    int r = 0;
    rr_error_code code = rt_string_check((rr_string){name, (uint32_t)len}, "timeline_name", true, err);
    if (!code && len > RT_TIMELINE_NAME_MOST)
        code = rt_fail(err, RR_ERROR_CODE_INVALID_STRING_ARGUMENT, "timeline_name has more than %u bytes", RT_TIMELINE_NAME_MOST);
    if (!code && (type < RR_TIME_TYPE_SEQUENCE || type > RR_TIME_TYPE_TIMESTAMP))
        code = rt_fail(err, RR_ERROR_CODE_INVALID_ENUM_VALUE, "time_type: no such type: %u", type);
    if (code || (code = rt_stream_get(handle, &s, err)) || !s)
        return code;
    if (value == INT64_MIN) /* that one means static */
        value++;
    if (checks_type && rr_strict_mode() && rt_thread_time_type(rt_thread(), s->key, name, len, &old) && old != type)
        code = rt_fail(err, RR_ERROR_CODE_INVALID_STRING_ARGUMENT, "timeline %.*s has another type already", (int)len, name);
    else
        r = rt_thread_set_time(rt_thread(), s->key, name, len, type, value, &old);
    if (r == -E2BIG)
        code = rt_fail(err, RR_ERROR_CODE_INVALID_STRING_ARGUMENT, "timeline %.*s: the thread has %u timelines, more are not possible",
                       (int)len, name, RT_TIMELINES_MOST);
    else if (r)
        code = rt_fail(err, RR_ERROR_CODE_OUT_OF_MEMORY, "out of memory");
    else if (!code && old && old != type)
        type_changed(old, type, name, len);
    rt_stream_unref(s, true, NULL);
    return code;
}

RR_API void rr_recording_stream_set_time(rr_recording_stream handle, rr_string name, rr_time_type type, int64_t value, rr_error *err)
{
    rt_set_time(handle, name.utf8, name.length_in_bytes, type, value, true, err);
}

RR_API void rr_recording_stream_disable_timeline(rr_recording_stream handle, rr_string name, rr_error *err)
{
    struct rt_stream *s;
    if (rt_string_check(name, "timeline_name", true, err) || rt_stream_get(handle, &s, err) || !s)
        return;
    rt_thread_clear_time(rt_thread(), s->key, name.utf8, name.length_in_bytes);
    rt_stream_unref(s, true, NULL);
}

RR_API void rr_recording_stream_reset_time(rr_recording_stream handle)
{
    struct rt_stream *s;
    if (rt_stream_get(handle, &s, NULL) || !s)
        return;
    rt_thread_reset_time(rt_thread(), s->key);
    rt_stream_unref(s, true, NULL);
}

static void set_switch(rr_recording_stream handle, size_t offset, bool on)
{
    struct rt_stream *s;
    if (rt_stream_get(handle, &s, NULL) || !s)
        return;
    rt_store_relaxed((uint8_t *)s + offset, on);
    rt_stream_unref(s, true, NULL);
}

RR_API void rr_recording_stream_set_log_tick_enabled(rr_recording_stream handle, bool enabled)
{
    set_switch(handle, offsetof(struct rt_stream, log_tick_mt), enabled);
}

RR_API void rr_recording_stream_set_log_time_enabled(rr_recording_stream handle, bool enabled)
{
    set_switch(handle, offsetof(struct rt_stream, log_time_mt), enabled);
}

/* ---------------------------------------------------------------- time, the convenient forms */

#define YEAR_1971_NS 31536000000000000ll

/* @value in ns; NaN and what does not fit is a mistake. */
static void set_seconds(rr_recording_stream rec, const char *timeline, double seconds, rr_time_type type, const char *function)
{
    static uint32_t site;
    double ns = seconds * 1e9;
    ns += ns < 0 ? -0.5 : 0.5; /* rounded when it becomes an integer */
    if (!(ns > -9.2e18 && ns < 9.2e18)) {
        rt_misuse(&site, 0, NULL, RR_ERROR_CODE_INVALID_TIME_ARGUMENT, "%s(%s): %g seconds are no time", function, timeline ? timeline : "NULL",
                  seconds);
        return;
    }
    if (!type)
        type = ns >= YEAR_1971_NS ? RR_TIME_TYPE_TIMESTAMP : RR_TIME_TYPE_DURATION;
    rr_error err = {0};
    if (rt_set_time(rec, timeline, timeline ? strlen(timeline) : 0, type, (int64_t)ns, true, &err))
        rt_misuse(&site, 2, NULL, err.code, "%s: %s", function, err.description);
}

static void set_value(rr_recording_stream rec, const char *timeline, int64_t value, rr_time_type type, const char *function)
{
    static uint32_t site;
    rr_error err = {0};
    if (rt_set_time(rec, timeline, timeline ? strlen(timeline) : 0, type, value, true, &err))
        rt_misuse(&site, 2, NULL, err.code, "%s: %s", function, err.description);
}

RR_API void rr_set_time_sequence(rr_recording_stream rec, const char *timeline, int64_t value)
{
    set_value(rec, timeline, value, RR_TIME_TYPE_SEQUENCE, __func__);
}

RR_API void rr_set_time_duration_ns(rr_recording_stream rec, const char *timeline, int64_t ns)
{
    set_value(rec, timeline, ns, RR_TIME_TYPE_DURATION, __func__);
}

RR_API void rr_set_time_timestamp_ns(rr_recording_stream rec, const char *timeline, int64_t ns)
{
    set_value(rec, timeline, ns, RR_TIME_TYPE_TIMESTAMP, __func__);
}

RR_API void rr_set_time_duration_secs(rr_recording_stream rec, const char *timeline, double seconds)
{
    set_seconds(rec, timeline, seconds, RR_TIME_TYPE_DURATION, __func__);
}

RR_API void rr_set_time_timestamp_secs(rr_recording_stream rec, const char *timeline, double seconds)
{
    set_seconds(rec, timeline, seconds, RR_TIME_TYPE_TIMESTAMP, __func__);
}

RR_API void rr_set_time_seconds(rr_recording_stream rec, const char *timeline, double seconds)
{
    set_seconds(rec, timeline, seconds, 0, __func__);
}

RR_API void rr_set_time_nanos(rr_recording_stream rec, const char *timeline, int64_t ns)
{
    set_value(rec, timeline, ns, ns >= YEAR_1971_NS ? RR_TIME_TYPE_TIMESTAMP : RR_TIME_TYPE_DURATION, __func__);
}
