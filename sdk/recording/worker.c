#include "recording/worker.h"

#include <errno.h>
#include <linux/membarrier.h>
#include <limits.h>
#include <math.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/futex.h"
#include "recording/moved.h"
#include "recording/path.h"
#include "recording/record.h"
#include "recording/safe.h"
#include "recording/staged.h"

enum { STACK_BYTES = 256 << 10, AHEAD_BYTES = 256 };
#define BUSY_EIGHTHS  2           /* a ring that was found so full is filled again before a nap is over: no nap, and nobody has to wake it */
#define BUSY_NAP_NS   1000000u    /* under load */
#define URGENT_NAP_NS 10000000u   /* a row of level ERROR waits at most this long */
#define IDLE_NAP_NS   200000000u
#define IDLE_NS       1000000000u /* without a row, then it sleeps until one comes */
#define STUCK_NS      2000000000u /* "as long as bytes move": none for so long */

static __thread bool working __attribute__((tls_model("initial-exec")));
static struct rt_row_room room; /* work */
static uint64_t last_row_ns;    /* work; CLOCK_MONOTONIC of the last drain that found something */
static uint64_t safe_rows;      /* work; numbers of row ids of no lane */
static bool asymmetric;         /* membarrier works: sleeping needs no fence in those who log */

/* ---------------------------------------------------------------- draining */

static void tell_failure(struct rt_stream *s, const struct rt_error *e)
{
    if (!s->failed_told)
        rt_warn(NULL, "%s: rows are lost: %s", s->config.application_id, e->message);
    s->failed_told = true;
    memcpy(s->failure, e->message, sizeof s->failure);
}

static void take_row(struct rt_stream *s, const struct rt_row_rec *rec)
{
    struct rt_error e = {0};
    struct rt_recording *r = rt_stream_recording(s);
    if (!r) {
        rt_add_relaxed(&s->dropped_mt, 1);
        return;
    }
    int unread = rt_record_read(rec, false, &room, &e);
    if (unread) {
        rt_add_relaxed(&s->dropped_mt, 1);
        rt_error_set(&e, unread, "%s", strerror(-unread));
    }
    if (unread || rt_recording_row(r, &room.row, &e) < 0)
        tell_failure(s, &e);
    s->n_rows++;
    s->n_all++;
    s->urgent |= rec->flags & RT_REC_URGENT;
}

static void take_columns(struct rt_stream *s, struct rt_moved *m)
{
    struct rt_error e = {0};
    struct rt_recording *r = rt_stream_recording(s);
    if (!r)
        rt_add_relaxed(&s->dropped_mt, m->n_rows);
    else if (rt_moved_send(m, r, &e) < 0)
        tell_failure(s, &e);
    s->n_all += m->n_rows;
}

static struct rt_stream *stream_at(uint32_t handle)
{
    struct rt_stream *s = rt_load_acquire(&rt_core.streams_mt[handle & RT_STREAMS_MOST]);
    return s && s->handle == handle ? s : NULL;
}

/* Return: false when the record belongs to sinks that are not set yet: it waits, and so does its lane. */
static bool take(const struct rt_rec *rec)
{
    const struct rt_rec_outside *o = (const void *)rec;
    const struct rt_row_rec *row = rec->type == RT_REC_ROW ? (const void *)rec : rec->type == RT_REC_OUTSIDE ? rt_moved_row(o->moved) : NULL;
    uint32_t handle = row ? row->stream : o->moved->stream, generation = row ? row->generation : o->moved->generation;
    struct rt_stream *s = stream_at(handle);
    if (s && (int32_t)(generation - s->active) > 0)
        return false;
    if (s && row)
        take_row(s, row);
    else if (s)
        take_columns(s, o->moved);
    if (rec->type != RT_REC_ROW)
        rt_moved_free(o->moved);
    return true;
}

/* Return: bytes that were read. */
static uint64_t drain_lane(struct rt_lane *l)
{
    const struct rt_lane_mark end = rt_lane_mark(l);
    const struct rt_rec *rec;
    uint64_t n = 0;
    while ((rec = rt_lane_peek(l, &rt_core.lanes, end))) {
        for (unsigned i = 0; i < AHEAD_BYTES; i += 64) /* another CPU wrote it: fetch the next record while this one is worked on */
            __builtin_prefetch((const uint8_t *)rec + rec->bytes + i);
        if (!take(rec))
            break;
        n += rec->bytes;
        rt_lane_advance(l, rec);
    }
    rt_lane_after(l, &rt_core.lanes, n);
    return n;
}

/* A line of a signal handler. It has a thread's times no more than a thread. */
static void take_safe(void *ctx, const struct rt_safe_row *line)
{
    static uint32_t site;
    struct rt_error e = {0};
    char path[RT_PATH_MOST + 1];
    size_t path_len;
    struct rt_stream *s = line->rec >= RR_REC_STREAM_CURRENT_BLUEPRINT ? rt_load_acquire(&rt_core.global_mt[0]) : stream_at(line->rec);
    bool staged = s && s->enabled && rt_is_staged(s);
    struct rt_recording *r = s && s->enabled ? rt_stream_recording(s) : NULL;
    const struct rt_row_time time = {"log_time", 8, RR_TIME_TYPE_TIMESTAMP, line->time_ns};
    const uint32_t ends[2] = {(uint32_t)line->text.n, (uint32_t)line->level.n};
    const struct rt_cell cells[2] = {
        {.type = rt_type_of_table(RT_C_TextLog_text), .n = 1, .ends = &ends[0], .values = line->text.p, .n_bytes = line->text.n},
        {.type = rt_type_of_table(RT_C_TextLog_level), .n = 1, .ends = &ends[1], .values = line->level.p, .n_bytes = line->level.n}};
    (void)ctx;
    if (staged) {
        rt_staged_text(s, line->path, line->level, line->text, line->time_ns);
        return;
    }
    if (!r || rt_path_parse(line->path.p, line->path.n, path, sizeof path, &path_len) || path_len > RT_PATH_MOST) {
        rt_warn(&site, "a line of a signal handler is lost: %s", r ? "its entity path is none" : "there is no such recording, or it is off");
        return;
    }
    const struct rt_row row = {.id = {(uint64_t)line->time_ns, (rt_core.id_base + safe_rows++) & INT64_MAX}, .path = path,
                               .path_len = (uint32_t)path_len, .flags = RT_ROW_TEXT, .n_times = rt_load_relaxed(&s->log_time_mt),
                               .times = &time, .cells = cells, .n_cells = line->level.n ? 2 : 1};
    if (rt_recording_row(r, &row, &e) < 0)
        tell_failure(s, &e);
    s->n_rows++;
    s->urgent = true;
}

/* Return: the largest share of a ring that was found full, in eighths. */
static unsigned drain(void)
{
    unsigned most = 0;
    for (struct rt_lane *l = rt_load_acquire(&rt_core.lanes.first_mt); l; l = l->next) {
        uint32_t size = l->read->size;
        uint64_t n = drain_lane(l);
        if (n) {
            rt_add_relaxed(&rt_core.worker.progress_mt, 1);
            last_row_ns = rt_mono_ns();
        }
        most = n / (size / 8 + 1) > most ? (unsigned)(n / (size / 8 + 1)) : most;
    }
    if (rt_safe_pending())
        rt_safe_drain(take_safe, NULL);
    return most;
}

void rt_worker_drain(void)
{
    drain();
}

/* ---------------------------------------------------------------- ticks */

/* How long until rows of @s become chunks; UINT64_MAX: it has none. */
static uint64_t due_in(const struct rt_stream *s, uint64_t now)
{
    int64_t tick = s->recording ? rt_recording_tick_ns(s->recording) : 0;
    uint64_t wait = tick < 0 ? UINT64_MAX : (uint64_t)tick, since = now - s->flushed_ns;
    if (!s->n_rows || !s->recording)
        return UINT64_MAX;
    if (s->urgent && wait > URGENT_NAP_NS)
        wait = URGENT_NAP_NS;
    return wait == UINT64_MAX ? wait : since >= wait ? 0 : wait - since;
}

static void tick(struct rt_stream *s, uint64_t now)
{
    struct rt_error e = {0};
    if (rt_recording_flush(s->recording, &e) < 0)
        tell_failure(s, &e);
    s->n_rows = 0;
    s->urgent = false;
    s->flushed_ns = now;
    rt_add_relaxed(&rt_core.worker.progress_mt, 1);
}

/* Cuts what is due. Return: ns until the next one. */
static uint64_t ticks(void)
{
    uint64_t now = rt_mono_ns(), next = UINT64_MAX;
    uint32_t left = rt_load_relaxed(&rt_core.n_streams_mt);
    for (uint32_t i = 1; i <= RT_STREAMS_MOST && left; i++) {
        struct rt_stream *s = rt_load_acquire(&rt_core.streams_mt[i]);
        if (!s || s->owner)
            continue;
        left--;
        uint64_t wait = due_in(s, now);
        if (wait == 0)
            tick(s, now);
        else if (wait < next)
            next = wait;
    }
    return next;
}

/* ---------------------------------------------------------------- requests */

struct rt_request {
    struct rt_request *next;
    rt_work work;
    struct rt_stream *stream;
    void *arg;
    uint64_t deadline_ns;
    int result, refs; /* refs, done: requests_lock */
    bool done;
    struct rt_error error;
};

bool rt_worker_is_me(void)
{
    return working;
}

static void run(struct rt_request *q)
{
    drain();
    q->result = q->work(q->stream, q->arg, q->deadline_ns, &q->error);
    rt_add_relaxed(&rt_core.worker.progress_mt, 1);
}

static void answer_all(struct rt_worker *w)
{
    struct rt_request *q;
    pthread_mutex_lock(&w->requests_lock);
    while ((q = w->first)) {
        w->first = q->next;
        if (!w->first)
            w->last = &w->first;
        pthread_mutex_unlock(&w->requests_lock);
        run(q);
        pthread_mutex_lock(&w->requests_lock);
        q->done = true;
        bool last = --q->refs == 0;
        pthread_cond_broadcast(&w->answered);
        if (last)
            free(q);
    }
    pthread_mutex_unlock(&w->requests_lock);
}

static void end_retired(struct rt_worker *w)
{
    struct rt_stream *s = rt_load_relaxed(&w->retired_mt) ? rt_exchange_acq_rel(&w->retired_mt, (struct rt_stream *)NULL) : NULL;
    while (s) {
        struct rt_stream *next = s->retired;
        struct rt_error e = {0};
        if (rt_stream_end(s, UINT64_MAX, &e) < 0)
            rt_warn(NULL, "a recording could not be closed: %s", e.message);
        s = next;
    }
}

void rt_worker_ring_slow(void)
{
    if (rt_exchange_acq_rel(&rt_core.worker.bell_mt, RT_BELL_AWAKE) != RT_BELL_AWAKE)
        rt_futex_private(&rt_core.worker.bell_mt, FUTEX_WAKE, 1, NULL);
}

void rt_worker_retire(struct rt_stream *s)
{
    s->retired = rt_load_relaxed(&rt_core.worker.retired_mt);
    while (!rt_cas_seq_cst(&rt_core.worker.retired_mt, &s->retired, s))
        ;
    rt_worker_ring_slow();
}

/* Waits for the answer, under requests_lock. Return: false when time is over. */
static bool await(struct rt_worker *w, struct rt_request *q, double timeout_sec)
{
    uint64_t progress = rt_load_relaxed(&w->progress_mt), since = rt_mono_ns(), now;
    while (!q->done) {
        struct timespec t;
        now = rt_mono_ns();
        uint64_t p = rt_load_relaxed(&w->progress_mt);
        if (p != progress) {
            progress = p;
            since = now;
        }
        if (timeout_sec < 0 ? now - since > STUCK_NS : now >= q->deadline_ns)
            return false;
        uint64_t until = timeout_sec < 0 || q->deadline_ns - now > 100000000 ? now + 100000000 : q->deadline_ns;
        t.tv_sec = (time_t)(until / 1000000000);
        t.tv_nsec = (long)(until % 1000000000);
        pthread_cond_timedwait(&w->answered, &w->requests_lock, &t);
    }
    return true;
}

/* With the work lock held. */
static int do_locked(rt_work work, struct rt_stream *s, void *arg, uint64_t deadline_ns, struct rt_error *err)
{
    working = true;
    drain();
    int r = work(s, arg, deadline_ns, err);
    working = false;
    pthread_mutex_unlock(&rt_core.worker.work);
    return r;
}

/* Does the stream's work wait for nobody? Work lock held. */
static bool is_quick(const struct rt_stream *s)
{
    for (uint32_t i = 0; i < s->n_sinks; i++)
        if (!s->sinks[i]->quick)
            return false;
    return s->n_sinks > 0;
}

static int do_here(rt_work work, struct rt_stream *s, void *arg, uint64_t deadline_ns, struct rt_error *err)
{
    pthread_mutex_lock(&rt_core.worker.work);
    return do_locked(work, s, arg, deadline_ns, err);
}

static uint64_t deadline_of(double timeout_sec)
{
    uint64_t now = rt_mono_ns();
    return timeout_sec < 0 || timeout_sec > 1e9 ? UINT64_MAX : now + (uint64_t)(timeout_sec * 1e9);
}

/* Hands it to the worker. @refs: 2 when the caller waits, who drops one. NULL without memory. */
static struct rt_request *ask(rt_work work, struct rt_stream *s, void *arg, uint64_t deadline_ns, int refs)
{
    struct rt_worker *w = &rt_core.worker;
    struct rt_request *q = calloc(1, sizeof *q);
    if (!q)
        return NULL;
    *q = (struct rt_request){.work = work, .stream = s, .arg = arg, .deadline_ns = deadline_ns, .refs = refs};
    pthread_mutex_lock(&w->requests_lock);
    *w->last = q;
    w->last = &q->next;
    pthread_mutex_unlock(&w->requests_lock);
    rt_worker_ring_slow();
    return q;
}

static int do_work(rt_work work, struct rt_stream *s, void *arg, double timeout_sec, struct rt_error *err)
{
    struct rt_worker *w = &rt_core.worker;
    uint64_t deadline = deadline_of(timeout_sec);
    if (working)
        return rt_error_set(err, -EDEADLK, "not from a callback of the library");
    if (rt_load_acquire(&w->started_mt) != 1)
        return do_here(work, s, arg, deadline, err);
    if (s && pthread_mutex_trylock(&w->work) == 0) { /* it naps: to wake it would take longer than to do it */
        if (is_quick(s))
            return do_locked(work, s, arg, deadline, err);
        pthread_mutex_unlock(&w->work);
    }
    struct rt_request *q = ask(work, s, arg, deadline, 2);
    if (!q)
        return do_here(work, s, arg, deadline, err);
    pthread_mutex_lock(&w->requests_lock);
    int r = await(w, q, timeout_sec) ? q->result : rt_error_set(err, -ETIMEDOUT, "timed out");
    if (q->done && r && err)
        *err = q->error;
    bool last = --q->refs == 0;
    pthread_mutex_unlock(&w->requests_lock);
    if (last)
        free(q);
    return r;
}

/* A thread that is cancelled here would keep our locks for ever: it is cancelled afterwards. */
int rt_worker_do(rt_work work, struct rt_stream *s, void *arg, double timeout_sec, struct rt_error *err)
{
    int state;
    pthread_setcancelstate(PTHREAD_CANCEL_DISABLE, &state);
    int r = do_work(work, s, arg, timeout_sec, err);
    pthread_setcancelstate(state, NULL);
    return r;
}

bool rt_worker_begin(rt_work work, struct rt_stream *s)
{
    int state;
    pthread_setcancelstate(PTHREAD_CANCEL_DISABLE, &state);
    bool begun = rt_load_acquire(&rt_core.worker.started_mt) == 1 && ask(work, s, NULL, rt_mono_ns(), 1);
    pthread_setcancelstate(state, NULL);
    return begun;
}

static int nothing_more(struct rt_stream *s, void *arg, uint64_t deadline_ns, struct rt_error *err)
{
    (void)s, (void)arg, (void)deadline_ns, (void)err;
    return 0;
}

bool rt_worker_stand_in(void)
{
    if (rt_load_acquire(&rt_core.worker.started_mt) == 1)
        return false;
    rt_worker_do(nothing_more, NULL, NULL, RT_FOREVER, NULL);
    return true;
}

/* ---------------------------------------------------------------- the thread */

static bool has_requests(struct rt_worker *w)
{
    pthread_mutex_lock(&w->requests_lock);
    bool any = w->first != NULL;
    pthread_mutex_unlock(&w->requests_lock);
    return any || rt_load_acquire(&w->retired_mt);
}

static bool has_rows(void)
{
    for (struct rt_lane *l = rt_load_acquire(&rt_core.lanes.first_mt); l; l = l->next)
        if (!rt_lane_is_empty(l))
            return true;
    return rt_safe_pending();
}

/* @ns UINT64_MAX: until the next row. */
static void nap(struct rt_worker *w, uint64_t ns)
{
    uint32_t state = ns == UINT64_MAX ? RT_BELL_SLEEP : ns > URGENT_NAP_NS ? RT_BELL_NAP : RT_BELL_SHORT;
    struct timespec t = {(time_t)(ns / 1000000000), (long)(ns % 1000000000)};
    rt_store_seq_cst(&w->bell_mt, state);
    /* Who logs stores head and then loads bell without a fence; this puts one into each of them. */
    if (state == RT_BELL_SLEEP)
        syscall(SYS_membarrier, MEMBARRIER_CMD_PRIVATE_EXPEDITED, 0, 0);
    if (!has_requests(w) && !(state == RT_BELL_SLEEP && has_rows()))
        rt_futex_private(&w->bell_mt, FUTEX_WAIT, state, state == RT_BELL_SLEEP ? NULL : &t);
    rt_store_relaxed(&w->bell_mt, RT_BELL_AWAKE);
}

static uint64_t how_long(unsigned eighths, uint64_t due)
{
    uint64_t ns = rt_mono_ns() - last_row_ns < IDLE_NS || !asymmetric ? IDLE_NAP_NS : UINT64_MAX;
    if (rt_moved_is_filling())
        return 0;
    if (eighths)
        return eighths < BUSY_EIGHTHS ? BUSY_NAP_NS : 0;
    return due < ns ? due : ns;
}

static void *work_loop(void *arg)
{
    struct rt_worker *w = arg;
    prctl(PR_SET_NAME, "retap-worker");
    pthread_mutex_lock(&w->work);
    working = true;
    last_row_ns = rt_mono_ns();
    for (;;) {
        unsigned eighths = drain();
        answer_all(w);
        end_retired(w);
        uint64_t ns = how_long(eighths, ticks());
        pthread_mutex_unlock(&w->work);
        if (ns)
            nap(w, ns);
        pthread_mutex_lock(&w->work);
    }
    return NULL;
}

void rt_worker_start_slow(void)
{
    static uint32_t site;
    struct rt_worker *w = &rt_core.worker;
    pthread_attr_t attr;
    sigset_t all, before;
    uint32_t none = 0;
    int saved = errno; /* of who logs */
    if (working || !rt_cas_seq_cst(&w->started_mt, &none, 2))
        return;
    asymmetric = syscall(SYS_membarrier, MEMBARRIER_CMD_REGISTER_PRIVATE_EXPEDITED, 0, 0) == 0;
    sigfillset(&all);
    pthread_sigmask(SIG_SETMASK, &all, &before);
    pthread_attr_init(&attr);
    pthread_attr_setdetachstate(&attr, PTHREAD_CREATE_DETACHED);
    pthread_attr_setstacksize(&attr, STACK_BYTES);
    int r = pthread_create(&w->thread, &attr, work_loop, w);
    pthread_attr_destroy(&attr);
    pthread_sigmask(SIG_SETMASK, &before, NULL);
    rt_store_release(&w->started_mt, r ? 0 : 1);
    if (r)
        rt_warn(&site, "no worker thread: %s; rows wait in memory until a flush", strerror(r));
    errno = saved;
}

static void locks_init(struct rt_worker *w)
{
    pthread_condattr_t attr;
    pthread_mutex_init(&w->work, NULL);
    pthread_condattr_init(&attr);
    pthread_condattr_setclock(&attr, CLOCK_MONOTONIC);
    pthread_cond_init(&w->answered, &attr);
    pthread_condattr_destroy(&attr);
    w->last = &w->first;
}

void rt_worker_init(void)
{
    pthread_mutex_init(&rt_core.worker.requests_lock, NULL);
    locks_init(&rt_core.worker);
}

void rt_worker_in_child(void)
{
    struct rt_worker *w = &rt_core.worker;
    w->first = NULL;
    w->retired_mt = NULL;
    w->started_mt = w->bell_mt = 0;
    room = (struct rt_row_room){0};
    working = false;
    locks_init(w);
}
