/* Which recording is the current one. */
#include <string.h>

#include "recording/api.h"
#include "recording/thread.h"
#include "recording/worker.h"

/* Return: -1 for a kind that is none, with a warning. */
static int slot_of_kind(rr_store_kind kind)
{
    static uint32_t site_mt;
    if (kind == RR_STORE_KIND_RECORDING || kind == RR_STORE_KIND_BLUEPRINT)
        return kind == RR_STORE_KIND_BLUEPRINT;
    rt_warn(&site_mt, "store_kind: no such kind: %u", kind);
    return -1;
}

/* A handle for a stream that leaves a slot: who held the slot's count may use it, and has to free it. */
static rr_recording_stream give_handle(struct rt_stream *s)
{
    if (!s)
        return 0;
    pthread_mutex_lock(&rt_core.registry);
    bool had = s->handle_counts;
    s->handle_counts = true;
    rt_stream_remember(s);
    pthread_mutex_unlock(&rt_core.registry);
    if (had)
        rt_stream_unref(s, true, NULL); /* not the last */
    return s->handle;
}

void rt_stream_disown(struct rt_stream *s)
{
    pthread_mutex_lock(&rt_core.registry);
    s->handle_counts = false;
    pthread_mutex_unlock(&rt_core.registry);
    rt_stream_unref(s, true, NULL);
}

/* Counted, NULL for 0 and unknown handles. */
static struct rt_stream *counted(rr_recording_stream rec)
{
    struct rt_stream *s = NULL;
    if (rec)
        rt_stream_get(rec, &s, NULL);
    return s;
}

static struct rt_stream *swap_global(rr_recording_stream rec, rr_store_kind kind)
{
    int slot = slot_of_kind(kind);
    rt_core_init();
    return slot < 0 ? NULL : rt_rcu_exchange(&rt_core.global_mt[slot], counted(rec));
}

/* @s counted; takes it. */
static struct rt_stream *swap_local(struct rt_stream *s, int slot)
{
    struct rt_thread *t = rt_thread();
    struct rt_stream *before = NULL;
    if (t) {
        before = t->local[slot];
        t->local[slot] = s;
    } else if (s) {
        rt_stream_unref(s, true, NULL);
    }
    return before;
}

RR_API void rr_recording_stream_set_global(rr_recording_stream rec, rr_store_kind kind)
{
    struct rt_stream *before = swap_global(rec, kind);
    if (before)
        rt_stream_unref(before, true, NULL);
}

RR_API void rr_recording_stream_set_thread_local(rr_recording_stream rec, rr_store_kind kind)
{
    int slot = slot_of_kind(kind);
    struct rt_stream *before = slot < 0 ? NULL : swap_local(counted(rec), slot);
    if (before)
        rt_stream_unref(before, true, NULL);
}

RR_API rr_recording_stream rr_swap_global(rr_recording_stream rec, rr_store_kind kind)
{
    return give_handle(swap_global(rec, kind));
}

RR_API rr_recording_stream rr_swap_thread_local(rr_recording_stream rec, rr_store_kind kind)
{
    int slot = slot_of_kind(kind);
    return slot < 0 ? 0 : give_handle(swap_local(counted(rec), slot));
}

/* ---------------------------------------------------------------- asking */

/* The handle by which calls find @s; 0 when there is none. Inside a read section. */
static rr_recording_stream handle_of(const struct rt_stream *s)
{
    return s && rt_stream_find(s->handle) == s ? s->handle : 0;
}

RR_API rr_recording_stream rr_get_global(rr_store_kind kind)
{
    int slot = slot_of_kind(kind);
    rt_core_init();
    if (slot < 0 || !rt_thread())
        return 0;
    rt_rcu_read_lock();
    rr_recording_stream handle = handle_of(rt_rcu_load(&rt_core.global_mt[slot]));
    rt_rcu_read_unlock();
    return handle;
}

RR_API rr_recording_stream rr_get_thread_local(rr_store_kind kind)
{
    const int slot = slot_of_kind(kind);
    const struct rt_thread *t = rt_thread();
    if (slot < 0 || !t)
        return 0;
    rt_rcu_read_lock();
    rr_recording_stream handle = handle_of(t->local[slot]);
    rt_rcu_read_unlock();
    return handle;
}

RR_API rr_recording_stream rr_get_data_recording(rr_recording_stream rec)
{
    struct rt_stream *s = NULL;
    rr_recording_stream handle = 0;
    if (!rec || rt_stream_get(rec, &s, NULL) || !s)
        return 0;
    rt_rcu_read_lock();
    handle = handle_of(s);
    rt_rcu_read_unlock();
    rt_stream_unref(s, true, NULL);
    return handle;
}

/* ---------------------------------------------------------------- scopes */

RR_API rr_scope rr_recording_push(rr_recording_stream rec)
{
    struct rt_stream *s = counted(rec);
    rr_scope scope = {.rec = rec};
    if (rt_thread()) {
        scope.previous = swap_local(s, 0);
        scope.entered = 1;
    } else if (s) {
        rt_stream_unref(s, true, NULL);
    }
    return scope;
}

RR_API void rr_recording_pop(rr_scope *scope)
{
    if (!scope || !scope->entered)
        return;
    scope->entered = 0;
    scope->done = 1;
    struct rt_stream *mine = swap_local(scope->previous, 0);
    if (!mine)
        return;
    rt_stream_flush_start(mine);
    rt_stream_unref(mine, true, NULL);
}

RR_API rr_scope rr_thread_local_stream_begin(const char *application_id)
{
    char id[37];
    rr_error err = {0};
    static uint32_t site;
    rr_stream_options o = rr_stream_options_default(application_id);
    rr_new_recording_id(id);
    o.recording_id = id;
    rr_recording_stream rec = rr_recording_stream_open(&o, &err);
    if (!rec)
        rt_warn(&site, "thread-local stream: %s", err.description);
    return rr_recording_push(rec);
}

RR_API void rr_thread_local_stream_end(rr_scope *scope)
{
    if (!scope || !scope->entered)
        return;
    rr_recording_stream rec = scope->rec;
    rr_recording_pop(scope);
    if (rec)
        rr_recording_stream_free(rec);
}

RR_API rr_context rr_context_suspend(void)
{
    return (rr_context){swap_local(NULL, 0), swap_local(NULL, 1)};
}

RR_API void rr_context_resume(rr_context context)
{
    struct rt_stream *before[2] = {swap_local(context.rec, 0), swap_local(context.blueprint, 1)};
    for (int i = 0; i < 2; i++)
        if (before[i])
            rt_stream_unref(before[i], true, NULL);
}
