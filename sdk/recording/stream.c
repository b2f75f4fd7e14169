/* Streams: their slots, their counts, their sinks. */
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "recording/appid.h"
#include "recording/staged.h"
#include "recording/thread.h"
#include "recording/worker.h"

/* ---------------------------------------------------------------- store keys */

static struct rt_store_key *keys; /* registry */

struct rt_store_key *rt_store_key_get(rr_store_kind kind, const char *application_id, const char *recording_id)
{
    pthread_mutex_lock(&rt_core.registry);
    struct rt_store_key *k = keys;
    while (k && (k->kind != kind || strcmp(k->recording_id, recording_id) || strcmp(k->application_id, application_id)))
        k = k->next;
    if (k) {
        rt_add_relaxed(&k->refs_mt, 1);
    } else if ((k = calloc(1, sizeof *k))) {
        *k = (struct rt_store_key){keys, 1, 0, kind, strdup(application_id), strdup(recording_id)};
        if (k->application_id && k->recording_id) {
            keys = k;
        } else {
            free(k->application_id);
            free(k->recording_id);
            free(k);
            k = NULL;
        }
    }
    pthread_mutex_unlock(&rt_core.registry);
    return k;
}

struct rt_store_key *rt_store_key_ref(struct rt_store_key *key)
{
    rt_add_relaxed(&key->refs_mt, 1);
    return key;
}

/* The last count goes under the lock, so that get never finds a key that is being freed; others without. */
void rt_store_key_unref(struct rt_store_key *key)
{
    uint32_t n = rt_load_relaxed(&key->refs_mt);
    struct rt_store_key *gone = NULL;
    while (n > 1)
        if (rt_cas_seq_cst(&key->refs_mt, &n, n - 1))
            return;
    pthread_mutex_lock(&rt_core.registry);
    if (rt_add_acq_rel(&key->refs_mt, (uint32_t)-1) == 1) {
        struct rt_store_key **at = &keys;
        while (*at != key)
            at = &(*at)->next;
        *at = key->next;
        gone = key;
    }
    pthread_mutex_unlock(&rt_core.registry);
    if (gone) {
        free(gone->application_id);
        free(gone->recording_id);
        free(gone);
    }
}

/* ---------------------------------------------------------------- slots */

static uint32_t slot_of(rr_recording_stream handle)
{
    return handle & RT_STREAMS_MOST;
}

/* Slots in turn, so that a handle's number comes back as late as possible. Registry. Return: false when all are taken. */
static bool insert(struct rt_stream *s)
{
    for (uint32_t i = 0; i < RT_STREAMS_MOST; i++) {
        uint32_t slot = rt_core.last_slot = rt_core.last_slot % RT_STREAMS_MOST + 1;
        if (rt_load_relaxed(&rt_core.streams_mt[slot]))
            continue;
        uint32_t generation = rt_core.handle_generation[slot]++ % (UINT32_MAX >> (RT_STREAM_BITS + 1));
        s->handle = generation << RT_STREAM_BITS | slot; /* the top bit stays clear: no CURRENT */
        rt_store_release(&rt_core.streams_mt[slot], s); /* pairs with the acquire of the worker */
        rt_add_relaxed(&rt_core.n_streams_mt, 1);
        rt_store_release(&rt_core.handles_mt[slot], s);
        return true;
    }
    return false;
}

struct rt_stream *rt_stream_find(rr_recording_stream handle)
{
    struct rt_stream *s = rt_rcu_load(&rt_core.handles_mt[slot_of(handle)]);
    return s && s->handle == handle ? s : NULL;
}

void rt_stream_forget(struct rt_stream *s)
{
    if (rt_stream_find(s->handle) == s)
        (void)rt_rcu_exchange(&rt_core.handles_mt[slot_of(s->handle)], (struct rt_stream *)NULL);
}

void rt_stream_remember(struct rt_stream *s)
{
    rt_store_release(&rt_core.handles_mt[slot_of(s->handle)], s);
}

/* ---------------------------------------------------------------- counts */

bool rt_stream_ref(struct rt_stream *s)
{
    uint32_t n = rt_load_relaxed(&s->refs_mt);
    while (n)
        if (rt_cas_seq_cst(&s->refs_mt, &n, n + 1))
            return true;
    return false;
}

rr_error_code rt_stream_get(rr_recording_stream handle, struct rt_stream **ret, rr_error *err)
{
    struct rt_stream *s = NULL;
    struct rt_thread *t = rt_thread();
    bool current = handle >= RR_REC_STREAM_CURRENT_BLUEPRINT;
    int kind = handle == RR_REC_STREAM_CURRENT_BLUEPRINT;
    *ret = NULL;
    if (!t)
        return rt_fail(err, RR_ERROR_CODE_RECORDING_STREAM_RUNTIME_FAILURE,
                       rt_load_relaxed(rt_epoch) ? "out of memory" : "recordings are off in this child process until it executes a program");
    rt_rcu_read_lock();
    s = !current ? rt_stream_find(handle) : t->local[kind] ? t->local[kind] : rt_rcu_load(&rt_core.global_mt[kind]);
    if (s && !rt_stream_ref(s))
        s = NULL;
    rt_rcu_read_unlock();
    if (!s && !current)
        return rt_fail(err, RR_ERROR_CODE_INVALID_RECORDING_STREAM_HANDLE, "no such recording stream: handle %u", handle);
    *ret = s;
    return RR_ERROR_CODE_OK;
}

static int end_work(struct rt_stream *s, void *arg, uint64_t deadline_ns, struct rt_error *err)
{
    (void)arg;
    return rt_stream_end(s, deadline_ns, err);
}

void rt_stream_unref(struct rt_stream *s, bool wait, rr_error *err)
{
    struct rt_error e = {0};
    if (rt_add_acq_rel(&s->refs_mt, (uint32_t)-1) != 1)
        return;
    rt_stream_forget(s);
    if (!wait && rt_load_acquire(&rt_core.worker.started_mt) == 1) {
        rt_worker_retire(s);
        return;
    }
    int r = rt_worker_do(end_work, s, NULL, s->flush_timeout, &e);
    if (r == -EDEADLK)
        rt_worker_retire(s);
    else if (r)
        rt_stream_fail(r, &e, err);
}

/* ---------------------------------------------------------------- making */

static void stream_free(struct rt_stream *s)
{
    rt_recording_free(s->recording);
    if (s->key)
        rt_store_key_unref(s->key);
    free((char *)(uintptr_t)s->config.application_id);
    free((char *)(uintptr_t)s->config.recording_id);
    free(s->recording_name);
    rt_staged_free(s->staged_mt);
    free(s);
}

static void fill(struct rt_stream *s, const rr_stream_options *o, bool enabled)
{
    const struct rt_env *env = rt_env();
    s->enabled = enabled;
    s->owner = o->owner == 1;
    s->full_policy = o->full_policy;
    s->log_time_mt = env->log_time;
    s->log_tick_mt = env->log_tick;
    s->kind = o->store_kind ? o->store_kind : RR_STORE_KIND_RECORDING;
    s->refs_mt = 1;
    s->handle_counts = true;
    s->flush_timeout = o->flush_timeout_sec;
    s->buffer_limit = o->buffer_limit_bytes;
    s->start_time_ns = o->start_time_ns ? o->start_time_ns : (int64_t)rt_real_ns();
    s->recording_name = o->recording_name ? strdup(o->recording_name) : NULL;
    s->compact = o->compact_at_close != 2;
    s->properties = o->send_properties != 2 && s->kind == RR_STORE_KIND_RECORDING && !o->resume;
    s->config.kind = (int)s->kind;
    s->config.bump = s->owner;
    if (!o->batcher || rt_settings_of_config(o->batcher, &s->config.settings, NULL) < 0)
        s->config.settings = rt_settings_read();
}

static void keep_sinks(struct rt_stream *s, struct rt_sink *const *sinks, uint32_t n)
{
    pthread_mutex_lock(&rt_core.registry);
    s->n_sinks = n;
    if (n)
        memcpy(s->sinks, sinks, n * sizeof *sinks);
    s->swapping = false;
    pthread_mutex_unlock(&rt_core.registry);
}

void rt_stream_forget_sinks(struct rt_stream *s)
{
    keep_sinks(s, NULL, 0);
}

/* The recording and its first messages. */
static int make_recording(struct rt_stream *s, struct rt_sink *const *sinks, uint32_t n, bool properties, struct rt_error *err)
{
    int r = rt_recording_new(&s->config, &s->recording, err);
    if (r)
        return r;
    r = rt_recording_set_sinks(s->recording, sinks, n, UINT64_MAX, err);
    if (!r && properties)
        r = rt_recording_properties(s->recording, s->start_time_ns, s->recording_name, err);
    return r;
}

struct rt_stream *rt_stream_new(const rr_stream_options *o, const char *recording_id, bool enabled, struct rt_sink *const *sinks,
                                uint32_t n, rr_error *err)
{
    struct rt_error e = {0};
    struct rt_stream *s = aligned_alloc(64, sizeof *s);
    if (s) {
        memset(s, 0, sizeof *s);
        fill(s, o, enabled);
        s->config.application_id = rt_appid_rewrite(o->application_id);
        s->config.recording_id = strdup(recording_id);
    }
    if (s && s->config.application_id && s->config.recording_id)
        s->key = rt_store_key_get(s->kind, s->config.application_id, s->config.recording_id);
    int r = s && s->key ? 0 : -ENOMEM;
    bool taken = false;
    if (!r && enabled) {
        r = make_recording(s, sinks, n, s->properties, &e);
        taken = s->recording != NULL;
    }
    if (!r) {
        keep_sinks(s, sinks, enabled ? n : 0);
        rt_add_relaxed(&s->key->live_mt, 1);
        pthread_mutex_lock(&rt_core.registry);
        bool ok = insert(s);
        pthread_mutex_unlock(&rt_core.registry);
        if (ok)
            return s;
        rt_add_relaxed(&s->key->live_mt, (uint32_t)-1);
        rt_fail(err, RR_ERROR_CODE_RECORDING_STREAM_CREATION_FAILURE, "%u recording streams are open, no more are possible", RT_STREAMS_MOST);
    } else {
        rt_fail(err, r == -ENOMEM ? RR_ERROR_CODE_OUT_OF_MEMORY : RR_ERROR_CODE_RECORDING_STREAM_SAVE_FAILURE, "%s",
                e.message[0] ? e.message : strerror(-r));
    }
    for (uint32_t i = 0; !taken && i < n; i++)
        rt_sink_abandon(sinks[i]);
    if (s)
        stream_free(s);
    return NULL;
}

struct rt_recording *rt_stream_recording_slow(struct rt_stream *s)
{
    struct rt_error e = {0};
    int r = !s->recording && s->enabled && !rt_is_staged(s) ? make_recording(s, s->sinks, s->n_sinks, false, &e) : 0;
    if (r)
        rt_warn(NULL, "%s: no recording in this process: %s", s->config.application_id, e.message);
    if (r == -ENOMEM && s->recording)
        rt_stream_forget_sinks(s);
    return s->recording;
}

static double seconds_until(uint64_t deadline_ns)
{
    uint64_t now = rt_mono_ns();
    return deadline_ns == UINT64_MAX ? -1 : deadline_ns > now ? (double)(deadline_ns - now) / 1e9 : 0;
}

int rt_stream_end(struct rt_stream *s, uint64_t deadline_ns, struct rt_error *err)
{
    int r = 0;
    rt_rcu_synchronize(); /* nobody reserves for it any more */
    rt_worker_drain();
    pthread_mutex_lock(&rt_core.registry);
    s->n_sinks = 0;
    rt_store_release(&rt_core.streams_mt[slot_of(s->handle)], (struct rt_stream *)NULL);
    pthread_mutex_unlock(&rt_core.registry);
    rt_add_relaxed(&s->key->live_mt, (uint32_t)-1);
    if (s->recording)
        r = rt_recording_close(s->recording, deadline_ns, err);
    s->recording = NULL;
    if (rt_is_staged(s))
        r = rt_staged_close(s, seconds_until(deadline_ns), err);
    rt_add_relaxed(&rt_core.n_streams_mt, (uint32_t)-1); /* not before: an exit() meanwhile waits for the work only while there are streams */
    stream_free(s);
    return r;
}

void rt_stream_hand_over(struct rt_stream *s, struct rt_staged *g)
{
    rt_stream_forget_sinks(s);
    s->recording = rt_recording_free(s->recording);
    rt_store_release(&s->staged_mt, g); /* pairs with the acquire in rt_is_staged() */
}

void rt_stream_unstage(struct rt_stream *s, struct rt_staged *g)
{
    struct rt_sink *sinks[RT_STAGED_SINKS];
    struct rt_error e = {0};
    uint32_t n = 0;
    for (uint32_t i = 0; i < g->n; i++)
        if (!rt_sink_file(g->paths[i], RT_SINK_CREATE, s->compact, &sinks[n], &e))
            n++;
        else
            rt_warn(NULL, "%s", e.message);
    s->active = s->generation_mt;
    keep_sinks(s, sinks, n);
    rt_store_release(&s->staged_mt, (struct rt_staged *)NULL);
    rt_rcu_synchronize();
    rt_staged_free(g);
}

/* ---------------------------------------------------------------- sinks */

static void abandon_sinks(struct rt_sink *const *sinks, uint32_t n)
{
    for (uint32_t i = 0; i < n; i++)
        rt_sink_abandon(sinks[i]);
}

struct swap {
    uint32_t n;
    struct rt_sink *sinks[RT_SINKS_MOST];
};

static void set_swapping(struct rt_stream *s, bool swapping)
{
    pthread_mutex_lock(&rt_core.registry);
    s->swapping = swapping;
    pthread_mutex_unlock(&rt_core.registry);
}

static int swap_work(struct rt_stream *s, void *arg, uint64_t deadline_ns, struct rt_error *err)
{
    struct swap *swap = arg;
    struct rt_recording *rec = rt_stream_recording(s);
    if (!rec) {
        abandon_sinks(swap->sinks, swap->n);
        return -ENOMEM;
    }
    rt_store_release(&s->generation_mt, s->active + 1);
    rt_rcu_synchronize(); /* rows of the present generation are all in lanes now … */
    rt_worker_drain();    /* … and here; a lane stops before the first one of the next */
    rt_recording_flush(rec, NULL);
    set_swapping(s, true); /* a child that is forked meanwhile has no sinks */
    int r = rt_recording_set_sinks(rec, swap->sinks, swap->n, deadline_ns, err);
    if (r == -ENOMEM) /* those before are still in place */
        set_swapping(s, false);
    else
        keep_sinks(s, swap->sinks, swap->n);
    s->active++;
    s->n_rows = 0;
    s->failure[0] = 0;
    return r;
}

rr_error_code rt_stream_set_sinks(struct rt_stream *s, struct rt_sink *const *sinks, uint32_t n, rr_error *err)
{
    struct rt_error e = {0};
    struct swap swap = {.n = n};
    int r = -EINVAL;
    if (rt_is_staged(s))
        return rt_staged_set_sinks(s, sinks, n, err);
    if (s->owner)
        rt_error_set(&e, r, "sinks of an owner stream can't be replaced");
    else if (n > RT_SINKS_MOST)
        rt_error_set(&e, r, "%u sinks, at most %u are possible", n, RT_SINKS_MOST);
    else if (s->enabled) {
        memcpy(swap.sinks, sinks, n * sizeof *sinks);
        r = rt_worker_do(swap_work, s, &swap, RT_FOREVER, &e);
        if (r != -EDEADLK)
            return r ? rt_fail(err, RR_ERROR_CODE_RECORDING_STREAM_RUNTIME_FAILURE, "%s", e.message[0] ? e.message : strerror(-r)) : 0;
    } else {
        r = 0;
    }
    abandon_sinks(sinks, n);
    if (r == -EDEADLK)
        return rt_fail(err, RR_ERROR_CODE_RECORDING_STREAM_FLUSH_FAILURE, "sinks can't be replaced from a callback of the library");
    return r ? rt_fail(err, RR_ERROR_CODE_RECORDING_STREAM_RUNTIME_FAILURE, "%s", e.message[0] ? e.message : strerror(-r)) : 0;
}

/* ---------------------------------------------------------------- flush */

rr_error_code rt_stream_fail(int r, const struct rt_error *e, rr_error *err)
{
    rr_error_code code = r == -ETIMEDOUT ? RR_ERROR_CODE_RECORDING_STREAM_FLUSH_TIMEOUT
        : r == -ENOMEM ? RR_ERROR_CODE_OUT_OF_MEMORY : RR_ERROR_CODE_RECORDING_STREAM_FLUSH_FAILURE;
    return rt_fail(err, code, "%s", e->message[0] ? e->message : strerror(-r));
}

static int flush_now(struct rt_stream *s, bool sync, uint64_t deadline_ns, struct rt_error *err)
{
    struct rt_recording *rec = rt_stream_recording(s);
    if (!rec)
        return 0;
    int first = rt_recording_flush(rec, err);
    int r = rt_recording_flush_sinks(rec, deadline_ns, sync, first ? NULL : err);
    s->n_rows = 0;
    s->urgent = false;
    return first ? first : r;
}

/* Rows that were refused before never get where a flush says that they are. @arg: RT_FLUSH_* */
static int flush_work(struct rt_stream *s, void *arg, uint64_t deadline_ns, struct rt_error *err)
{
    uintptr_t how = (uintptr_t)arg;
    int r = flush_now(s, how & RT_FLUSH_SYNC, deadline_ns, err);
    if (!r && s->failure[0] && !(how & RT_FLUSH_REST))
        r = rt_error_set(err, -EIO, "rows are lost: %s", s->failure);
    rt_stream_unref(s, false, NULL);
    return r;
}

void rt_stream_flush_start(struct rt_stream *s)
{
    if (rt_is_staged(s))
        rt_stream_flush(s, 0, 0, NULL);
    if (s->owner || rt_is_staged(s) || !s->enabled || !rt_stream_ref(s))
        return;
    rt_store_relaxed(&s->flush_started_mt, (uint8_t)1);
    if (!rt_worker_begin(flush_work, s))
        rt_stream_unref(s, false, NULL);
}

static int no_work(struct rt_stream *s, void *arg, uint64_t deadline_ns, struct rt_error *err)
{
    (void)s, (void)arg, (void)deadline_ns, (void)err;
    return 0;
}

void rt_stream_flush_await(struct rt_stream *s)
{
    if (rt_load_relaxed(&s->flush_started_mt))
        rt_worker_do(no_work, NULL, NULL, s->flush_timeout, NULL); /* queues behind it */
}

#define LEAST_WAIT 0.005 /* seconds: a flush "without waiting" is done where the worker is only about to nap, as officially */

rr_error_code rt_stream_flush(struct rt_stream *s, double timeout_sec, unsigned how, rr_error *err)
{
    struct rt_error e = {0};
    int r;
    if (s->owner) {
        r = flush_now(s, how & RT_FLUSH_SYNC, UINT64_MAX, &e);
    } else if (rt_is_staged(s)) {
        r = s->enabled ? rt_staged_flush(s, timeout_sec, how & RT_FLUSH_SYNC, &e) : 0;
    } else if (!s->enabled || !rt_stream_ref(s)) {
        return RR_ERROR_CODE_OK;
    } else {
        if (timeout_sec >= 0 && timeout_sec < LEAST_WAIT)
            timeout_sec = LEAST_WAIT;
        r = rt_worker_do(flush_work, s, (void *)(uintptr_t)how, timeout_sec, &e);
        if (r)
            rt_store_relaxed(&s->flush_started_mt, (uint8_t)1);
        if (r == -EDEADLK)
            rt_stream_unref(s, false, NULL);
    }
    return r ? rt_stream_fail(r, &e, err) : RR_ERROR_CODE_OK;
}
