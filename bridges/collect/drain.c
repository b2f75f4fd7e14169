#include "collect/drain.h"

#include <errno.h>
#include <limits.h>
#include <linux/futex.h>
#include <signal.h>
#include <string.h>
#include <sys/prctl.h>
#include <unistd.h>

#include "base/atomic.h"
#include "base/clock.h"
#include "base/guest.h"
#include "base/testpoint.h"
#include "collect/ticks.h"

#define SLICE_NS     100000u   /* the least that the kernel takes */
#define BUSY_NS      1000000u  /* next pass when lanes fill fast */
#define CALM_NS      5000000u
#define BACKOFF_NS   8000000u
#define IDLE_NS      1000000000u
#define SLEEP_NS     1000000000u
#define SLEEP_NO_SYSCALL_NS 100000000u /* a program that may not ring the bell is live */
#define CALL_BYTES_MOST 0x7ffff000u /* Linux: what one call writes */
#define STOP_NS      1000000000u /* the last passes: who writes on, against the panic byte, gets no more */

static void tell_interpreter(struct rt_drain *d)
{
    rt_add_acq_rel(&d->staged_mt, 1);
    if (rt_load_seq_cst(&d->interpreter_waits_mt))
        rt_syscall(SYS_futex, &d->staged_mt, FUTEX_WAKE, INT_MAX, 0, 0, 0);
}

void rt_drain_wait(struct rt_drain *d, uint32_t seen, int timeout_ms)
{
    rt_store_seq_cst(&d->interpreter_waits_mt, 1);
    if (rt_load_seq_cst(&d->staged_mt) == seen)
        rt_futex_wait(&d->staged_mt, seen, (uint64_t)timeout_ms * 1000000u);
    rt_store_seq_cst(&d->interpreter_waits_mt, 0);
}

void rt_drain_hurry(struct rt_drain *d)
{
    rt_add_acq_rel(&d->asked_mt, 1);
    rt_syscall(SYS_futex, &d->asked_mt, FUTEX_WAKE, 1, 0, 0, 0);
}

static void want_keeper(struct rt_drain *d)
{
    uint64_t one = 1;
    if (write(d->keeper_fd, &one, sizeof one) < 0)
        return; /* EAGAIN: it is awake already */
}

static bool stage_event(struct rt_drain *d, const struct rt_event *e)
{
    uint8_t *to = rt_staging_reserve(d->staging, sizeof *e);
    if (!to)
        return false;
    memcpy(to, e, sizeof *e);
    rt_staging_commit(d->staging, (struct rt_block){
        .type = RT_BLOCK_EVENT, .payload = sizeof *e, .mono_ns = rt_mono_ns(),
        .pass_mono_ns = rt_load_relaxed(&d->pass_mono_mt)});
    rt_staging_show(d->staging);
    return true;
}

/* Return: true when something was staged. */
static bool stage_events(struct rt_drain *d)
{
    uint32_t done = 0;
    pthread_mutex_lock(&d->lock);
    while (done < d->n_events && stage_event(d, &d->event[done]))
        done++;
    memmove(d->event, d->event + done, (d->n_events - done) * sizeof *d->event);
    d->n_events -= done;
    pthread_mutex_unlock(&d->lock);
    return done > 0;
}

void rt_drain_ring(struct rt_drain *d)
{
    rt_store_seq_cst(&d->dir->bell->sleeping_mt, 0);
    rt_add_acq_rel(&d->dir->bell->bell_mt, 1);
    rt_syscall(SYS_futex, &d->dir->bell->bell_mt, FUTEX_WAKE, 1, 0, 0, 0);
}

void rt_drain_event(struct rt_drain *d, const struct rt_event *e)
{
    for (;;) {
        pthread_mutex_lock(&d->lock);
        bool room = d->n_events < RT_EVENTS_QUEUED;
        struct rt_event *last = d->n_events ? &d->event[d->n_events - 1] : NULL;
        bool newer = last && e->kind == RT_EVENT_CLOCK && last->kind == RT_EVENT_CLOCK;
        if (newer)
            *last = *e; /* while staging is full they would fill the queue */
        else if (room)
            d->event[d->n_events++] = *e;
        pthread_mutex_unlock(&d->lock);
        rt_drain_ring(d);
        if (room || newer || rt_load_acquire(&d->interpreter_gone_mt))
            return;
        usleep(1000);
    }
}

/* The lane is getting full: ask for the next size before it is needed. */
static void want_growth(struct rt_drain *d, struct rt_pool_segment *s, uint32_t lane, uint64_t bytes)
{
    uint32_t usable = rt_load_relaxed(&s->map->usable_lanes_mt);
    uint32_t size = rt_lane_size(lane);
    uint32_t want = bytes > size / 2 ? RT_SEGMENT_LANES : bytes > size / 4 ? usable + 1 : 0;
    if (want > RT_SEGMENT_LANES)
        want = RT_SEGMENT_LANES;
    if (want > usable && want > rt_load_relaxed(&s->grow_mt)) {
        rt_store_relaxed(&s->grow_mt, want);
        want_keeper(d);
    }
}

/* A span may be as long as the largest lane, and staging small: takes as many whole records as fit. */
static int cut_span(struct rt_lane_span *span, uint32_t most)
{
    uint64_t end = span->from;
    if (span->to - span->from <= most)
        return 0;
    for (uint64_t stamp; end < span->to; end += RT_STAMP_BYTES(stamp)) {
        stamp = rt_load_acquire((const uint64_t *)(const void *)(span->data + (end - span->from)));
        uint32_t n = RT_STAMP_BYTES(stamp);
        if (n < 8 || n % 8 || n > span->to - end)
            return -EBADMSG; /* changed since it was checked */
        if (end + n - span->from > most)
            break;
    }
    span->to = end;
    return end > span->from ? 0 : -EBADMSG; /* no record of ours is that long */
}

static uint16_t place_of(const struct rt_lane_reader *l, const struct rt_lane_span *span)
{
    return span->late ? RT_BLOCK_LATE : l->n_holes ? RT_BLOCK_BEHIND : RT_BLOCK_IN_ORDER;
}

static void stage_span(struct rt_drain *d, const struct rt_pool_segment *s, uint32_t lane,
                       const struct rt_lane_span *span, uint8_t *to, uint64_t now)
{
    uint32_t n = (uint32_t)(span->to - span->from);
    memcpy(to, span->data, n);
    rt_staging_commit(d->staging, (struct rt_block){
        .type = RT_BLOCK_LANE, .payload = n, .segment = s->number, .lane = (uint16_t)lane,
        .late = place_of(&s->reader[lane], span), .from = span->from, .to = span->to, .mono_ns = now,
        .pass_mono_ns = rt_load_relaxed(&d->pass_mono_mt)});
    RT_TESTPOINT("drain.staged");
}

/* Copies what the lane holds. *ret_behind: something reserved before the pass is not copied, because a record before it
 * is not complete. Return: bytes, -ENOBUFS = staging is full, -EBADMSG. */
static int64_t drain_lane(struct rt_drain *d, struct rt_pool_segment *s, uint32_t lane, bool dead, uint64_t now,
                          bool *ret_behind)
{
    struct rt_lane_reader *l = &s->reader[lane];
    struct rt_lane_span span;
    uint64_t head = rt_load_acquire(&s->map->lane[lane].head_mt);
    int64_t bytes = 0;
    int r;

    while ((r = rt_lane_next(l, now, dead, &span)) > 0) {
        r = cut_span(&span, rt_staging_most(d->staging));
        if (r < 0)
            break;
        uint32_t n = (uint32_t)(span.to - span.from);
        uint8_t *to = rt_staging_reserve(d->staging, n);
        if (!to)
            return -ENOBUFS;
        bool holes = l->n_holes > 0;
        stage_span(d, s, lane, &span, to, now);
        if (!span.late && !holes)
            rt_staging_note(d->staging, s->number, lane, span.to);
        else
            rt_staging_show(d->staging);
        rt_lane_done(l, &span);
        if (holes && !l->n_holes)
            rt_staging_note(d->staging, s->number, lane, l->pos);
        RT_TESTPOINT("drain.freed");
        bytes += n;
        if (!dead && l->scan >= head)
            break; /* what came during the pass is for the next: the other lanes want their turn */
    }
    /* A writer that was preempted inside the copy. After the time of retirement it no longer counts, or a stopped
     * process would stop all. */
    *ret_behind = l->scan < head && l->stuck_ns && !l->n_holes && now - l->stuck_ns < 2 * (uint64_t)RT_RETIRE_NS;
    return r < 0 ? r : bytes;
}

/* From now on the segment only waits for the end of its processes. Return: false, staging is full: tried again with the next pass. */
static bool stage_bad(struct rt_drain *d, struct rt_pool_segment *s)
{
    struct rt_event e = {.kind = RT_EVENT_BAD, .segment = s->number, .mono_ns = rt_mono_ns()};
    if (!stage_event(d, &e))
        return false;
    rt_store_relaxed(&s->bad_mt, 1);
    return true;
}

/* Adds what a stream lost; read against the order in which producers count. Return: false, nobody can have lost that much in @ns. */
static bool add_loss(struct rt_loss *sum, const struct rt_loss_counter *c, uint64_t ns)
{
    uint64_t lines = rt_load_acquire(&c->lines_mt), bytes = rt_load_acquire(&c->bytes_mt), calls = rt_load_relaxed(&c->calls_mt);
    if (calls > ns || bytes / CALL_BYTES_MOST > calls || lines > bytes)
        return false;
    sum->calls += calls;
    sum->bytes += bytes;
    sum->lines += lines;
    return true;
}

/* All is read: the ledger gets the segment's loss counters. They are cleared with the owner, and not before. */
static bool stage_loss(struct rt_drain *d, struct rt_pool_segment *s)
{
    bool bad = rt_load_relaxed(&s->bad_mt);
    struct rt_event e = {.kind = RT_EVENT_DEAD, .segment = s->number, .mono_ns = rt_mono_ns(),
                         .owner = rt_load_relaxed(&s->map->owner_mt)};
    for (uint32_t i = 0; i < RT_STREAMS && !bad; i++)
        bad = !add_loss(&e.loss, &s->map->lost[i], e.mono_ns - s->live_ns);
    if (bad)
        e.loss = (struct rt_loss){0};
    if (bad && !rt_load_relaxed(&s->bad_mt) && !stage_bad(d, s))
        return false;
    for (uint32_t i = 0; i < RT_SEGMENT_LANES; i++)
        e.loss.truncated += s->reader[i].truncated;
    return stage_event(d, &e);
}

/* What a process printed and libc never wrote. It dies here: nobody reads it a second time. Return: false = no room now. */
static bool stage_backlog(struct rt_drain *d, const struct rt_pool_segment *s, struct rt_backlog *b)
{
    uint32_t owner = rt_load_relaxed(&b->owner_mt), len = rt_load_acquire(&b->len_mt);
    if (!owner || !len || len > RT_BACKLOG_DATA)
        return true;
    uint32_t bytes = (uint32_t)(sizeof(struct rt_record) + len + 7) & ~7u, flags = RT_FLAG_CALL | RT_FLAG_UNFLUSHED | RT_FLAG_AFTER;
    uint64_t now = rt_mono_ns();
    uint8_t *to = rt_staging_reserve(d->staging, bytes);
    if (!to)
        return false;
    bool ticks = b->ticks == 1;
    struct rt_record r = {.stamp_mt = RT_STAMP(bytes, RT_RECORD_DATA, RT_STREAM_STDOUT, flags | (ticks ? RT_FLAG_TICKS : 0)) | RT_STAMP_COMMIT,
                          .mono_ns = ticks ? rt_ticks_now() : now, .pid = owner, .tid = RT_TID_STDOUT | owner, .thread_seq = b->seq, .len = len};
    memset(to + bytes - 8, 0, 8);
    memcpy(to, &r, sizeof r);
    memcpy(to + sizeof r, b->data, len);
    rt_staging_commit(d->staging, (struct rt_block){.type = RT_BLOCK_BACKLOG, .payload = bytes, .segment = s->number, .mono_ns = now,
                                                    .pass_mono_ns = rt_load_relaxed(&d->pass_mono_mt)});
    rt_staging_show(d->staging);
    rt_store_relaxed(&b->len_mt, 0);
    return true;
}

static bool stage_backlogs(struct rt_drain *d, const struct rt_pool_segment *s)
{
    uint32_t n = rt_load_relaxed(&s->map->usable_backlogs_mt);
    for (uint32_t i = 0; i < n && i < RT_SEGMENT_BACKLOGS; i++)
        if (!stage_backlog(d, s, rt_pool_backlog(s, i)))
            return false;
    return true;
}

/* The segment goes back to the keeper. */
static void stage_dead(struct rt_drain *d, struct rt_pool_segment *s)
{
    bool bad = rt_load_relaxed(&s->bad_mt);
    if ((!bad && !stage_backlogs(d, s)) || !stage_loss(d, s))
        return;
    for (uint32_t i = 0; i < RT_SEGMENT_LANES; i++) {
        struct rt_lane_control *c = &s->map->lane[i];
        rt_store_relaxed(&c->retired_mt, 0);
        rt_store_relaxed(&c->timed_out_mt, 0);
        s->reader[i].truncated = 0;
        rt_lane_reader_init(&s->reader[i], s->map, i, 0);
    }
    rt_store_release(&s->state_mt, RT_SEGMENT_DRAINED);
    want_keeper(d);
}

/* Return: bytes moved; sets *busy when a lane held more than an eighth, *full when staging is, *behind as drain_lane()
 * says. */
static int64_t drain_segment(struct rt_drain *d, struct rt_pool_segment *s, uint64_t now, bool *busy, bool *full,
                             bool *behind)
{
    uint32_t state = rt_segment_state(s);
    int64_t total = 0;

    if (state == RT_SEGMENT_DRAINED || state == RT_SEGMENT_BAD)
        return 0;
    if (state == RT_SEGMENT_POOL) {
        if (!rt_load_acquire(&s->map->owner_mt))
            return 0;
        s->live_ns = now;
        rt_store_release(&s->state_mt, RT_SEGMENT_LIVE);
        want_keeper(d);
    }
    bool dead = state == RT_SEGMENT_DEAD;
    uint32_t lanes = rt_load_relaxed(&s->bad_mt) ? 0 : rt_load_acquire(&s->lanes_mt);
    for (uint32_t lane = lanes; lane-- > 0;) { /* from the largest: there a process says who it is, before its threads say anything */
        bool lane_behind = false;
        int64_t n = drain_lane(d, s, lane, dead, now, &lane_behind);
        *behind |= lane_behind;
        if (n == -EBADMSG || rt_load_relaxed(&s->faulted_mt)) {
            stage_bad(d, s);
            return total;
        }
        if (n == -ENOBUFS) {
            *full = true;
            return total;
        }
        if (n > rt_lane_size(lane) / 8)
            *busy = true;
        want_growth(d, s, lane, (uint64_t)n);
        total += n;
    }
    if (dead)
        stage_dead(d, s);
    return total;
}

/* Return: bytes moved. */
static int64_t drain_pass(struct rt_drain *d, bool *busy, bool *full, bool *ret_events)
{
    uint32_t n = rt_load_acquire(&d->pool->n_mt);
    bool events = stage_events(d); /* first: the relation of the clocks lies before the records that need it */
    uint64_t now = rt_mono_ns();
    int64_t total = 0;
    bool behind = false;
    for (uint32_t i = 0; i < n; i++)
        if (d->pool->segment[i])
            total += drain_segment(d, d->pool->segment[i], now, busy, full, &behind);
    if (!*full && !behind)
        rt_store_release(&d->pass_mono_mt, now);
    if (total && rt_staging_is_short(d->staging))
        want_keeper(d);
    if (total || events)
        tell_interpreter(d);
    if (rt_load_relaxed(&d->dir->bell->asked_mt) != d->asked) {
        d->asked = rt_load_relaxed(&d->dir->bell->asked_mt);
        rt_drain_hurry(d);
    }
    *ret_events = events;
    return total;
}

/* Nothing anywhere? Looks at every head after `sleeping` is visible. */
static bool all_idle(struct rt_drain *d, uint64_t *ret_sleep_ns)
{
    uint32_t n = rt_load_acquire(&d->pool->n_mt);
    *ret_sleep_ns = SLEEP_NS;
    for (uint32_t i = 0; i < n; i++) {
        struct rt_pool_segment *s = d->pool->segment[i];
        uint32_t state = s ? rt_segment_state(s) : RT_SEGMENT_BAD;
        if (state == RT_SEGMENT_DEAD || (state == RT_SEGMENT_POOL && rt_load_seq_cst(&s->map->owner_mt)))
            return false;
        if (state != RT_SEGMENT_LIVE || rt_load_relaxed(&s->bad_mt))
            continue;
        if (rt_load_relaxed(&s->map->no_syscall_mt))
            *ret_sleep_ns = SLEEP_NO_SYSCALL_NS;
        for (uint32_t lane = 0; lane < rt_load_acquire(&s->lanes_mt); lane++)
            if (!rt_lane_idle(&s->reader[lane]) || s->reader[lane].n_holes)
                return false;
    }
    return true;
}

static bool has_events(struct rt_drain *d)
{
    pthread_mutex_lock(&d->lock);
    bool some = d->n_events > 0;
    pthread_mutex_unlock(&d->lock);
    return some;
}

static void drain_sleep(struct rt_drain *d, uint32_t bell)
{
    uint64_t ns;
    rt_store_seq_cst(&d->dir->bell->sleeping_mt, 1); /* pairs with the seq_cst load in ring_bell() */
    if (!all_idle(d, &ns) || has_events(d))
        ns = BACKOFF_NS; /* a stopped program's open record stays for long: no reason to hurry */
    rt_futex_wait(&d->dir->bell->bell_mt, bell, ns);
    rt_store_seq_cst(&d->dir->bell->sleeping_mt, 0);
}

/* The loss of processes that are left alone, then END. None of it when nobody reads on: the next collector would end. */
static void stage_end(struct rt_drain *d)
{
    struct rt_event end = {.kind = RT_EVENT_END, .mono_ns = rt_mono_ns(), .real_ns = rt_real_ns()};
    for (uint32_t i = 0; i < rt_load_acquire(&d->pool->n_mt); i++) {
        struct rt_pool_segment *s = d->pool->segment[i];
        bool lives = s && rt_segment_state(s) == RT_SEGMENT_LIVE && !rt_load_relaxed(&s->bad_mt);
        while (lives && !rt_load_acquire(&d->interpreter_gone_mt) && !stage_loss(d, s))
            usleep(1000);
    }
    while (!rt_load_acquire(&d->interpreter_gone_mt) && !stage_event(d, &end))
        usleep(1000);
}

/* Runs a tenth of a millisecond now and then, and programs wait when it comes late: a short slice lets it in before a long one has run out
 * (kernel 6.12; earlier ones ignore it). */
static void ask_for_promptness(void)
{
    struct {
        uint32_t size, policy;
        uint64_t flags;
        int32_t nice;
        uint32_t priority;
        uint64_t runtime_ns, deadline_ns, period_ns;
    } attr = {.size = sizeof attr, .policy = 0 /* SCHED_OTHER */, .runtime_ns = SLICE_NS};
    rt_syscall(SYS_sched_setattr, 0, &attr, 0, 0, 0, 0);
}

static void *drain_main(void *arg)
{
    struct rt_drain *d = arg;
    uint64_t last_ns = rt_mono_ns(), pause_ns = CALM_NS, stop_ns = 0;

    prctl(PR_SET_NAME, "retap-drain");
    ask_for_promptness();
    for (;;) {
        bool busy = false, full = false, events = false, stop = rt_load_acquire(&d->stop_mt);
        uint32_t bell = rt_load_acquire(&d->dir->bell->bell_mt);
        int64_t moved = drain_pass(d, &busy, &full, &events);
        uint64_t now = rt_mono_ns();
        if (stop && !stop_ns)
            stop_ns = now;
        bool empty = !full && ((!moved && !events) || (stop && now - stop_ns > STOP_NS));
        if (stop && (empty || rt_load_acquire(&d->interpreter_gone_mt)))
            break;
        if (moved)
            last_ns = now;
        if (stop || now - last_ns < IDLE_NS) {
            uint64_t slower_ns = pause_ns < BACKOFF_NS ? pause_ns + 1000000u : BACKOFF_NS;
            pause_ns = busy || full || stop ? BUSY_NS : moved ? CALM_NS : slower_ns;
            rt_futex_wait(&d->dir->bell->bell_mt, bell, pause_ns);
        } else {
            drain_sleep(d, bell);
        }
    }
    stage_end(d);
    tell_interpreter(d);
    return NULL;
}

void rt_drain_init(struct rt_drain *d, struct rt_pool *pool, struct rt_staging *staging, struct rt_rundir *dir,
                   int keeper_fd)
{
    *d = (struct rt_drain){.pool = pool, .staging = staging, .dir = dir, .keeper_fd = keeper_fd};
    pthread_mutex_init(&d->lock, NULL);
}

int rt_drain_start(struct rt_drain *d)
{
    sigset_t all, old;
    sigfillset(&all);
    sigdelset(&all, SIGBUS);
    pthread_sigmask(SIG_SETMASK, &all, &old);
    int r = pthread_create(&d->thread, NULL, drain_main, d);
    pthread_sigmask(SIG_SETMASK, &old, NULL);
    return -r;
}

void rt_drain_stop(struct rt_drain *d)
{
    rt_store_release(&d->stop_mt, 1);
    rt_drain_ring(d);
    pthread_join(d->thread, NULL);
    pthread_mutex_destroy(&d->lock);
}
